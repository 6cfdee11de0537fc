//! The bytes of tests/cluster/podserver.c.

use super::*;

const SOURCE: &str = include_str!("../../../../../../tests/cluster/podserver.c");

fn podserver() -> Pod {
    pod("docker.io/library/podserver:1")
}

/// The first bytes of a stream, which may have no end.
async fn first(socket: &mut Socket, length: usize) -> Vec<u8> {
    let mut came = vec![1; length];
    timeout(Duration::from_secs(60), socket.read_exact(&mut came)).await.unwrap().unwrap();
    came
}

#[tokio::test]
async fn every_port_of_the_real_one_is_served_and_no_other() {
    let table = SOURCE.split("} services[] = {").nth(1).unwrap().split("};").next().unwrap();
    let ports = table.split('{').skip(1).map(|entry| entry.split(',').next().unwrap().parse::<u16>().unwrap());
    let ports: Vec<_> = ports.collect();
    assert_eq!(ports.len(), 16, "{ports:?}");
    let pod = podserver();
    for port in 0..=u16::MAX {
        assert_eq!(pod.network.reach("u1", port).is_ok(), ports.contains(&port), "{port}");
    }
}

#[tokio::test]
async fn those_that_answer_what_they_get() {
    let pod = podserver();
    let much: Vec<u8> = (0..1_000_003_u32).map(|n| n.wrapping_mul(0x9e37_79b1).to_be_bytes()[0]).collect();
    assert!(pod.answer(7, &much).await == much);
    assert_eq!(pod.answer(9, &much).await, b"");
    assert_eq!(pod.says(2525, "abc").await, "220 web-1 ready\r\nabc");
    let counted = |announced: u64, bytes: &[u8]| [&announced.to_le_bytes()[..], bytes].concat();
    assert_eq!(pod.answer(7777, &counted(1_000_003, &much)).await, b"1000003\n");
    assert_eq!(pod.answer(7777, &counted(0, b"")).await, b"0\n");
    assert_eq!(pod.answer(7777, &counted(10, b"short")).await, b"");
    assert!(first(&mut pod.dial(19), 200_000).await.iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn users_are_the_others() {
    let pod = podserver();
    assert_eq!(pod.says(11, "").await, "0\n");
    let (mut one, _other) = (pod.dial(2525), pod.dial(6));
    first(&mut one, 5).await;
    assert_eq!(pod.says(11, "").await, "2\n");
}

#[tokio::test]
async fn noise_is_split_mix() {
    let pod = podserver();
    // The generator's first numbers of the seed 8, as the C program answers them.
    let of_eight = [0x36, 0x36, 0x95, 0xef, 0xb0, 0x51, 0x56, 0x9e];
    assert_eq!(pod.answer(1900, &8_u64.to_le_bytes()).await, of_eight);
    let long = pod.answer(1900, &200_001_u64.to_le_bytes()).await;
    assert_eq!(long.len(), 200_001);
    let mut socket = pod.dial(1901);
    socket.write_all(&[&8_u64.to_le_bytes()[..], b"!"].concat()).await.unwrap();
    assert_eq!(first(&mut socket, 8).await, of_eight);
    assert_eq!(socket.read(&mut [0]).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    // Without that byte it ends in good order.
    assert_eq!(pod.answer(1901, &8_u64.to_le_bytes()).await, of_eight);
}

#[tokio::test(start_paused = true)]
async fn the_slow_reader_checks_every_byte_and_takes_its_time() {
    const LENGTH: u64 = 30 * 64 * 1024 + 5;
    let pod = podserver();
    let mut asked = LENGTH.to_le_bytes().to_vec();
    asked.extend(pod.answer(1900, &LENGTH.to_le_bytes()).await);
    let begun = tokio::time::Instant::now();
    assert_eq!(pod.answer(7778, &asked).await, format!("{LENGTH}\n").as_bytes());
    assert_eq!(begun.elapsed().as_millis(), 3000);
    asked[8 + 70_000] ^= 1;
    assert_eq!(pod.answer(7778, &asked).await, b"wrong after 65536\n");
}

#[tokio::test(start_paused = true)]
async fn ten_pieces_in_a_second() {
    let pod = podserver();
    let begun = tokio::time::Instant::now();
    assert_eq!(pod.says(100, "abc").await, "x".repeat(100));
    assert_eq!(begun.elapsed().as_millis(), 1000);
    assert_eq!(pod.says(100, "abd").await, "");
    assert_eq!(pod.says(101, "").await, "x".repeat(100));
}

#[tokio::test]
async fn http_as_the_real_one_says_it() {
    let pod = podserver();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Pod: web-1\r\nContent-Length: 6\r\n";
    let (kept, last) = (format!("{head}\r\nweb-1\n"), format!("{head}Connection: close\r\n\r\nweb-1\n"));
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(pod.says(80, &get.repeat(3)).await, kept.repeat(3));
    let close = "GET / HTTP/1.1\r\nCONNECTION: Close\r\n\r\n";
    assert_eq!(pod.says(80, &format!("{get}{close}{get}")).await, format!("{kept}{last}"));
    assert_eq!(pod.says(80, "GET / HT").await, "");
    assert_eq!(pod.says(80, &"x".repeat(70_000)).await, "");
}

#[tokio::test(start_paused = true)]
async fn the_deaf_one_sees_its_client_go_and_reads_nothing() {
    const MOMENT: Duration = Duration::from_secs(1);
    let pod = podserver();
    let mut socket = pod.dial(6);
    let writing = timeout(MOMENT, socket.write_all(&vec![1; 1 << 20])).await;
    assert!(writing.is_err(), "all was taken");
    assert_eq!(pod.says(11, "").await, "1\n");
    socket.shutdown().await.unwrap();
    tokio::time::sleep(MOMENT).await;
    assert_eq!(pod.says(11, "").await, "0\n");
}

#[tokio::test]
async fn the_process_ends() {
    let Pod { network, mut running } = podserver();
    let mut socket = network.reach("u1", 86).unwrap();
    assert_eq!(timeout(Duration::from_secs(10), running.exited()).await.unwrap(), 1);
    drop(running);
    assert_eq!(socket.read(&mut [0]).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn numbers_are_noted_and_counted() {
    let pod = podserver();
    for (number, answer) in [(3_u64, "1\n"), (1, "1\n"), (3, "2\n"), (1 << 20, "")] {
        assert_eq!(pod.answer(4711, &number.to_le_bytes()).await, answer.as_bytes(), "{number}");
    }
    assert_eq!(pod.says(4712, "").await, "1 1\n3 2\n");
}

#[tokio::test]
async fn what_is_to_be_done_once_is_noted_elsewhere_before_it_is_answered() {
    const GET: &str = "GET /once/7 HTTP/1.1\r\nConnection: close\r\n\r\n";
    let notebook = podserver();
    let address = std::net::Ipv4Addr::new(10, 42, 0, 9);
    let worker = |pod: &str| {
        let environment = [("NOTES_AT", address.to_string()), ("SERVE_ON", "1500".into())];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        let surroundings = Surroundings { address: None, environment };
        let image = "docker.io/library/podserver:1";
        notebook.network.start_in(surroundings, ("u2", "shop", pod), image, of_image(image).unwrap())
    };
    let running = worker("web-2");
    assert_eq!(running.serves_on(), Duration::from_millis(1500));
    assert_eq!(notebook.running.serves_on(), Duration::ZERO);
    let worked = Pod { network: notebook.network.clone(), running };
    let ask = async || {
        let mut socket = worked.network.reach("u2", 80).unwrap();
        socket.write_all(GET.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert!(ask().await.starts_with("HTTP/1.1 503 Not Noted\r\n"), "nobody has that address");
    let surroundings = Surroundings { address: Some(address), environment: HashMap::new() };
    let image = "docker.io/library/podserver:1";
    let notes = notebook.network.start_in(surroundings, ("u1", "shop", "notes"), image, of_image(image).unwrap());
    assert!(ask().await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(ask().await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(notebook.says(4712, "").await, "7 2\n");
    drop(notes);
}
