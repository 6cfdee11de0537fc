//! One WebSocket for some connections, `v4.channel.k8s.io`: two channels for each port that the request named.
//!
//! All ports are dialled at once. A channel has no end of its own: the WebSocket is closed once all connections are over,
//! and where the client closes it they all are.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures::{SinkExt, StreamExt, future::join_all, stream::SplitSink};
use portolan_wire::Io;
use tokio::sync::mpsc;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;

use super::carry::{Failed, Label, ToClient, Way};

/// What waits to be sent, in messages.
const OUT: usize = 8;

/// What a pod has yet to take, in messages: the others wait for it.
const INBOX: usize = 1;

/// Serves an upgrade, until all its connections are over, the client leaves it, or `cut` is done.
pub(super) async fn serve<S: Io>(
    messages: WebSocketStream<S>,
    ports: &[u16],
    way: Arc<Way>,
    cut: impl Future<Output = ()>,
) {
    let (out, to_send) = mpsc::channel(OUT);
    let over = CancellationToken::new();
    let (mut inboxes, mut connections) = (Vec::new(), Vec::new());
    // More ports than channels have numbers cannot be.
    for (channel, port) in (0..=u8::MAX).step_by(2).zip(ports) {
        let (to_pod, inbox) = mpsc::channel(INBOX);
        inboxes.push(to_pod);
        let to_client = [channel, channel + 1].map(|label| ToClient::new(out.clone(), Label::Channel(label)));
        connections.push(connection(way.clone(), *port, inbox, to_client, over.clone()));
    }
    drop(out);
    let (to_client, from_client) = messages.split();
    // Once all connections are over nobody sends, and the WebSocket is closed. So it is where the client closes it: who
    // says so is answered.
    let left = async {
        let left = receive(from_client, inboxes).await;
        over.cancel();
        if left == Left::Lost {
            return;
        }
        std::future::pending().await
    };
    let transport = async {
        tokio::select! {
            () = cut => {}
            () = send(to_client, to_send) => {}
            () = left => {}
        }
        over.cancel();
    };
    tokio::join!(transport, join_all(connections));
}

async fn connection(
    way: Arc<Way>,
    port: u16,
    mut inbox: mpsc::Receiver<Bytes>,
    [data, error]: [ToClient; 2],
    over: CancellationToken,
) {
    for channel in [&data, &error] {
        channel.say_bytes(&port.to_le_bytes()).await;
    }
    let ended = way.carry(port, &mut inbox, &data, &over).await;
    if let Err(Failed::NoSandbox(text) | Failed::Inside(text)) = ended {
        error.say(&text).await;
    }
}

async fn send<S: Io>(mut to_client: SplitSink<WebSocketStream<S>, Message>, mut to_send: mpsc::Receiver<Bytes>) {
    while let Some(message) = to_send.recv().await {
        if to_client.feed(Message::Binary(message)).await.is_err()
            || (to_send.is_empty() && to_client.flush().await.is_err())
        {
            return;
        }
    }
    let goodbye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    // Where the client has closed first, this is refused, and its answer waits for the second. One that is gone needs none.
    let _ = to_client.send(Message::Close(Some(goodbye))).await;
    let _ = to_client.close().await;
}

/// How a client has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// It has closed the WebSocket.
    Closed,
    /// It is gone.
    Lost,
}

async fn receive(
    mut from_client: impl futures::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
    inboxes: Vec<mpsc::Sender<Bytes>>,
) -> Left {
    while let Some(Ok(message)) = from_client.next().await {
        let mut message = match message {
            Message::Binary(message) if !message.is_empty() => message,
            Message::Close(_) => return Left::Closed,
            _ => continue,
        };
        let channel = message.get_u8();
        // What comes on channels of errors is nobody's.
        if channel.is_multiple_of(2)
            && let Some(to_pod) = inboxes.get(usize::from(channel / 2))
        {
            // A connection that is over takes nothing.
            let _ = to_pod.send(message).await;
        }
    }
    Left::Lost
}
