//! The least program that forwards with kube: what `make bench` calls `kube-rs`.
//!
//! `kube-forward NAMESPACE POD PORT...` listens on a free local port for each, and says on which as kubectl does. Each accepted
//! connection is one `Api::portforward`, with the client that kube builds when it is asked for nothing in particular. It has
//! no retry, no pool and no end but a signal: it is there to be compared with.

use std::{env, error::Error, io};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, Config};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

type Result<T = (), E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result {
    let mut args = env::args().skip(1);
    let (Some(namespace), Some(pod)) = (args.next(), args.next()) else {
        return Err("usage: kube-forward NAMESPACE POD PORT...".into());
    };
    let client = Client::try_from(Config::infer().await?)?;
    let pods: Api<Pod> = Api::namespaced(client, &namespace);
    let mut listening = JoinSet::new();
    for port in args {
        let port: u16 = port.parse().map_err(|error| format!("“{port}” is no port: {error}"))?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("Forwarding from {} -> {port}", listener.local_addr()?);
        listening.spawn(serve(listener, pods.clone(), pod.clone(), port));
    }
    while let Some(ended) = listening.join_next().await {
        ended??;
    }
    Ok(())
}

async fn serve(listener: TcpListener, pods: Api<Pod>, pod: String, port: u16) -> io::Result<()> {
    loop {
        let (client, _) = listener.accept().await?;
        let (pods, pod) = (pods.clone(), pod.clone());
        tokio::spawn(async move {
            if let Err(error) = carry(client, &pods, &pod, port).await {
                eprintln!("a connection to port {port} failed: {error}");
            }
        });
    }
}

/// A listener's own Nagle delay would be charged to kube, hence the nodelay.
async fn carry(mut client: TcpStream, pods: &Api<Pod>, pod: &str, port: u16) -> Result {
    client.set_nodelay(true)?;
    let mut forwarder = pods.portforward(pod, &[port]).await?;
    let mut stream = forwarder.take_stream(port).ok_or("kube made no stream for the port")?;
    copy_bidirectional(&mut client, &mut stream).await?;
    Ok(())
}
