//! Programs for tests: the least that a probe can tell apart.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    network::{Inside, Program},
    socket::Socket,
};

/// The program of a test's image: `test/200:8080` answers every request with that status, `test/exit-1:8080` exits with
/// that code when it is dialled.
pub(in crate::controllers) fn of_image(image: &str) -> Option<Arc<dyn Program>> {
    let (does, port) = image.strip_prefix("test/")?.split_once(':')?;
    let does = match does.strip_prefix("exit-") {
        Some(code) => Does::Exits(code.parse().ok()?),
        None => Does::Answers(does.parse().ok()?),
    };
    Some(Arc::new(Test { port: port.parse().ok()?, does }))
}

#[derive(Clone, Copy, Debug)]
enum Does {
    Answers(u16),
    Exits(i32),
}

#[derive(Debug)]
struct Test {
    port: u16,
    does: Does,
}

impl Program for Test {
    fn listens(&self, port: u16) -> bool {
        port == self.port
    }

    fn serve(&self, _port: u16, mut socket: Socket, inside: Inside) -> BoxFuture<'static, ()> {
        let does = self.does;
        Box::pin(async move {
            match does {
                Does::Exits(code) => inside.exit(code),
                Does::Answers(status) => {
                    let mut asked = [0; 1024];
                    let _ = socket.read(&mut asked).await;
                    let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = socket.write_all(answer.as_bytes()).await;
                }
            }
        })
    }
}
