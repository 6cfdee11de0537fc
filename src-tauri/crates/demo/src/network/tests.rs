//! Dials, and what becomes of connections when containers end.

use std::{io, sync::atomic::Ordering::SeqCst, time::Duration};

use futures::FutureExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::*;

const MOMENT: Duration = Duration::from_secs(1);

/// On port 1 it answers with its pod's name and how many connections are open, and waits; on port 2 it exits; by itself
/// it counts its runs.
#[derive(Debug, Default)]
struct Told(Arc<AtomicUsize>);

impl Program for Told {
    fn listens(&self, port: u16) -> bool {
        port <= 2
    }

    fn serve(&self, port: u16, mut socket: Socket, inside: Inside) -> BoxFuture<'static, ()> {
        async move {
            if port == 2 {
                return inside.exit(7);
            }
            let asked = inside.state::<AtomicUsize>().fetch_add(1, SeqCst) + 1;
            let told = format!("{} {} {asked}\n", inside.pod, inside.open.load(SeqCst));
            let _ = socket.write_all(told.as_bytes()).await;
            let _ = socket.read(&mut [0]).await;
        }
        .boxed()
    }

    fn run(&self, inside: Inside) -> Option<BoxFuture<'static, ()>> {
        let runs = self.0.clone();
        Some(
            async move {
                let _run = Serving::begin(&Inside { open: runs, ..inside });
                std::future::pending().await
            }
            .boxed(),
        )
    }
}

fn network() -> (Network, Running, Faults) {
    let faults = Faults::none();
    let network = Network::new(faults.clone());
    let running = network.start("u1", "shop", "web", "told:1", Arc::new(Told::default()));
    (network, running, faults)
}

async fn line(socket: &mut Socket) -> String {
    let mut line = String::new();
    while !line.ends_with('\n') {
        line.push(char::from(socket.read_u8().await.unwrap()));
    }
    line
}

#[tokio::test]
async fn a_dial_reaches_what_listens() {
    let (network, _running, _) = network();
    let mut first = network.dial("u1", 1).await.unwrap();
    assert_eq!(line(&mut first).await, "web 1 1\n");
    let mut second = network.dial("u1", 1).await.unwrap();
    assert_eq!(line(&mut second).await, "web 2 2\n");
    drop(first);
    // The program reads its end, and then it is counted no more.
    tokio::task::yield_now().await;
    let mut third = network.reach("u1", 1).unwrap();
    assert_eq!(line(&mut third).await, "web 2 3\n");
    assert_eq!(network.dial("u1", 3).await.unwrap_err(), Unreached::Refused);
    assert_eq!(network.dial("u2", 1).await.unwrap_err(), Unreached::NotRunning);
}

#[tokio::test(start_paused = true)]
async fn faults_of_dials_are_not_the_probes() {
    let (network, _running, faults) = network();
    faults.set(|faulty| faulty.dials = Dials::Refuse);
    assert_eq!(network.dial("u1", 1).await.unwrap_err(), Unreached::Refused);
    faults.set(|faulty| faulty.dials = Dials::Stall);
    assert!(timeout(MOMENT, network.dial("u1", 1)).await.is_err());
    faults.set(|faulty| faulty.dials = Dials::Reset);
    let mut socket = network.dial("u1", 1).await.unwrap();
    assert_eq!(socket.read(&mut [0]).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    line(&mut network.reach("u1", 1).unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_container_resets_its_connections_and_ends_what_it_runs() {
    let faults = Faults::none();
    let network = Network::new(faults);
    let told = Told::default();
    let runs = told.0.clone();
    let told: Arc<dyn Program> = Arc::new(told);
    let running = network.start("u1", "shop", "web", "told:1", told.clone());
    let mut socket = network.dial("u1", 1).await.unwrap();
    line(&mut socket).await;
    assert_eq!(runs.load(SeqCst), 1);
    drop(running);
    assert_eq!(socket.read(&mut [0]).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    tokio::time::sleep(MOMENT).await;
    assert_eq!(runs.load(SeqCst), 0);
    assert_eq!(network.dial("u1", 1).await.unwrap_err(), Unreached::NotRunning);
    // The next container remembers nothing of it; that another ends late is nothing to it.
    let late = network.start("u1", "shop", "web", "told:1", told.clone());
    let _running = network.start("u1", "shop", "web", "told:1", told);
    drop(late);
    assert_eq!(line(&mut network.dial("u1", 1).await.unwrap()).await, "web 1 1\n");
}

#[tokio::test(start_paused = true)]
async fn a_program_exits() {
    let (network, mut running, _) = network();
    assert!(timeout(MOMENT, running.exited()).await.is_err());
    let _socket = network.dial("u1", 2).await.unwrap();
    assert_eq!(timeout(MOMENT, running.exited()).await.unwrap(), 7);
}

#[tokio::test]
async fn a_sandbox_outlives_its_containers_and_ends_with_the_pod() {
    let (network, running, _) = network();
    let (one, same) = (network.sandbox("u1"), network.sandbox("u1"));
    drop(running);
    assert!(!one.is_gone());
    network.end_pod("u2");
    network.end_pod("u1");
    assert!(one.is_gone() && same.is_gone());
    drop((one, same));
    let _other = network.sandbox("u3");
    assert_eq!(network.sandboxes.lock().unwrap().len(), 1, "what nobody looks at is forgotten");
}
