//! What a PostgreSQL client gets.

use super::*;

fn startup(code: i32, parameters: &str) -> Vec<u8> {
    let length = 8 + i32::try_from(parameters.len()).unwrap();
    [&length.to_be_bytes()[..], &code.to_be_bytes(), parameters.as_bytes()].concat()
}

fn message(kind: u8, body: &str) -> Vec<u8> {
    let length = 4 + i32::try_from(body.len()).unwrap();
    [&[kind][..], &length.to_be_bytes(), body.as_bytes()].concat()
}

fn query(text: &str) -> Vec<u8> {
    message(b'Q', &format!("{text}\0"))
}

/// The messages of an answer: kinds, and bodies as text.
fn messages(mut bytes: &[u8]) -> Vec<(char, String)> {
    let mut messages = Vec::new();
    while let [kind, a, b, c, d, rest @ ..] = bytes {
        let (body, after) = rest.split_at(usize::try_from(i32::from_be_bytes([*a, *b, *c, *d])).unwrap() - 4);
        messages.push((char::from(*kind), String::from_utf8_lossy(body).into_owned()));
        bytes = after;
    }
    assert!(bytes.is_empty(), "{bytes:?}");
    messages
}

const USER: &str = "user\0shop\0database\0shop\0\0";

/// What is answered once a client is logged in.
async fn answers(asked: &[Vec<u8>]) -> Vec<(char, String)> {
    let login = startup(196_608, USER);
    let all = pod("portolan-demo/postgres:16").answer(5432, &[login, asked.concat()].concat()).await;
    let messages = messages(&all);
    let ready = messages.iter().position(|(kind, _)| *kind == 'Z').unwrap();
    messages[ready + 1..].to_vec()
}

fn kinds(messages: &[(char, String)]) -> String {
    messages.iter().map(|(kind, _)| *kind).collect()
}

#[tokio::test]
async fn a_client_logs_in() {
    let pod = pod("portolan-demo/postgres:16");
    let asked = [startup(80_877_103, ""), startup(80_877_104, ""), startup(196_608, USER)].concat();
    let all = pod.answer(5432, &asked).await;
    assert_eq!(&all[..2], b"NN");
    let all = messages(&all[2..]);
    assert_eq!(kinds(&all), "RSSSSSSSKZ");
    assert_eq!(all[0].1, "\0\0\0\0");
    assert!(all[1].1.starts_with("server_version\x0016."), "{all:?}");
    // A later minor version is answered with what there is.
    assert_eq!(kinds(&messages(&pod.answer(5432, &startup(196_610, USER)).await))[..2], *"vR");
    let refused = messages(&pod.answer(5432, &startup(131_072, USER)).await);
    assert!(refused[0].1.contains("unsupported frontend protocol 2.0"), "{refused:?}");
    let refused = messages(&pod.answer(5432, &startup(196_608, "database\0user\0\0")).await);
    assert!(refused[0].1.contains("C28000\0") && kinds(&refused) == "E", "{refused:?}");
    for nonsense in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &[0, 0, 0, 7, 0, 0, 0, 0], &startup(80_877_102, "12345678")]
    {
        assert_eq!(pod.answer(5432, nonsense).await, b"");
    }
}

#[tokio::test]
async fn queries() {
    let table = [
        ("select 1", "TDCZ", "1", "SELECT 1"),
        ("SELECT version();", "TDCZ", "PostgreSQL 16.4 (Portolan demo), on web-1", "SELECT 1"),
        ("select pg_postmaster_start_time()", "TDCZ", "web-1", "SELECT 1"),
        ("select * from orders", "TDCZ", "web-1", "SELECT 1"),
        ("show server_version", "TDCZ", "16.4 (Portolan demo)", "SHOW"),
    ];
    for (text, expected, value, tag) in table {
        let got = answers(&[query(text)]).await;
        assert_eq!(kinds(&got), expected, "{text}");
        assert_eq!(&got[1].1[6..], value, "{text}");
        assert_eq!(got[2].1, format!("{tag}\0"), "{text}");
    }
    assert_eq!(kinds(&answers(&[query(" ; ")]).await), "IZ");
    assert_eq!(kinds(&answers(&[query("begin; select 1; commit")]).await), "CTDCCZ");
    let failed = answers(&[query("drop table orders; select 1"), query("select 1")]).await;
    assert_eq!(kinds(&failed), "EZTDCZ");
    assert!(failed[0].1.starts_with("SERROR\0VERROR\0C42601\0Msyntax error at or near \"drop\""), "{failed:?}");
}

#[tokio::test]
async fn the_rest_of_the_protocol() {
    let extended =
        [message(b'P', "\0select 1\0\0\0"), message(b'B', ""), message(b'E', ""), message(b'S', ""), query("select 1")];
    assert_eq!(kinds(&answers(&extended).await), "EZTDCZ");
    assert_eq!(kinds(&answers(&[message(b'X', ""), query("select 1")]).await), "");
    let long = answers(&[[b"Q".as_slice(), &i32::MAX.to_be_bytes()].concat()]).await;
    assert!(kinds(&long) == "E" && long[0].1.contains("invalid message length"), "{long:?}");
}
