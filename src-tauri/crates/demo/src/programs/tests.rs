//! Each program in a container, and what it answers byte for byte.

mod pages;
mod podserver;
mod postgres;
mod redis;

use std::{collections::HashMap, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::*;
use crate::{
    Faults,
    network::{Network, Running, Surroundings},
    socket::Socket,
};

/// A pod that runs one image.
struct Pod {
    network: Network,
    running: Running,
}

fn pod(image: &str) -> Pod {
    let network = Network::new(Faults::none());
    let running = network.start("u1", "shop", "web-1", image, of_image(image).expect("a program"));
    Pod { network, running }
}

impl Pod {
    fn dial(&self, port: u16) -> Socket {
        self.network.reach("u1", port).unwrap()
    }

    /// What is answered to `asked`, when nothing more is asked.
    async fn answer(&self, port: u16, asked: &[u8]) -> Vec<u8> {
        let mut socket = self.dial(port);
        let mut came = Vec::new();
        let (mut from, mut to) = tokio::io::split(&mut socket);
        let both = async {
            // What is not taken is not what is looked at.
            let asking = async {
                let _ = to.write_all(asked).await;
                let _ = to.shutdown().await;
            };
            let (_, read) = tokio::join!(asking, from.read_to_end(&mut came));
            read.unwrap();
        };
        timeout(Duration::from_secs(60), both).await.unwrap();
        came
    }

    async fn says(&self, port: u16, asked: &str) -> String {
        String::from_utf8(self.answer(port, asked.as_bytes()).await).unwrap()
    }
}

#[test]
fn images() {
    let known = [
        "docker.io/library/podserver:1",
        "podserver",
        "portolan-demo/web:2",
        "docker.io/portolan-demo/web",
        "portolan-demo/api:1",
        "portolan-demo/redis:7",
        "portolan-demo/postgres:16@sha256:0",
        "portolan-demo/metrics:1",
        "portolan-demo/job:1",
        "portolan-demo/never-ready:1",
        "portolan-demo/flaky:1",
        "portolan-demo/echo:1",
        "portolan-demo/idle:1",
    ];
    for image in known {
        assert!(of_image(image).is_some(), "{image}");
    }
    for image in
        ["", "nginx:1", "docker.io/library/nosuch:1", "portolan-demo/web2", "localhost:5000/podserver", "other/web:2"]
    {
        assert!(of_image(image).is_none(), "{image}");
    }
    let table = [("a/web:2", "2"), ("a/web", "latest"), ("a/web:v1@sha256:00", "v1"), ("host:5000/web", "latest")];
    for (image, version) in table {
        assert_eq!(parts(image).1, version, "{image}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_is_done_and_a_flaky_pod_fails_by_themselves() {
    for (image, code, between) in [("portolan-demo/job:1", 0, 4..=4), ("portolan-demo/flaky:1", 1, 20..=40)] {
        let begun = tokio::time::Instant::now();
        assert_eq!(timeout(Duration::from_secs(60), pod(image).running.exited()).await.unwrap(), code);
        assert!(between.contains(&begun.elapsed().as_secs()), "{image}: {:?}", begun.elapsed());
    }
    let mut web = pod("portolan-demo/web:1");
    assert!(timeout(Duration::from_secs(3600), web.running.exited()).await.is_err());
}

#[tokio::test]
async fn the_simple_ones() {
    let echo = pod("portolan-demo/echo:1");
    assert_eq!(echo.says(7, "there and back").await, "there and back");
    assert_eq!(echo.says(2525, "x").await, "220 web-1 ready\r\nx");
    let idle = pod("portolan-demo/idle:1");
    assert!(idle.says(80, "GET / HTTP/1.1\r\n\r\n").await.ends_with("\r\n\r\nweb-1\n"));
    assert!(idle.network.reach("u1", 7).is_err());
    assert!(pod("portolan-demo/job:1").network.reach("u1", 80).is_err());
}
