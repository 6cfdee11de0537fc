//! Stands for kubectl where there is none: listens on the local ports that it is asked to forward, until it is ended.

use std::{env, io, net::TcpListener, thread};

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    let ports = words.iter().filter_map(|word| word.split_once(':')?.0.parse::<u16>().ok());
    let listeners = ports.map(|port| TcpListener::bind(("127.0.0.1", port))).collect::<io::Result<Vec<_>>>()?;
    for listener in &listeners {
        println!("Forwarding from {} -> 80", listener.local_addr()?);
    }
    loop {
        thread::park();
    }
}
