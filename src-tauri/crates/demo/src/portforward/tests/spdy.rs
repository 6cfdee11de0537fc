//! An upgrade, frame by frame, over a transport in memory. The clock is the tests'.

use portolan_wire::spdy::{
    frame::{self, Frame},
    headers::Packer,
};
use tokio::io::{DuplexStream, ReadHalf, WriteHalf, duplex};

use super::*;
use crate::portforward::spdy::{Frames, serve};

/// A client whose frames are written by hand.
pub(super) struct Client {
    io: WriteHalf<DuplexStream>,
    frames: Frames<ReadHalf<DuplexStream>>,
    packer: Packer,
    pub(super) network: Network,
    _running: Running,
    serving: Task,
}

impl Client {
    pub(super) fn new(quirks: Quirks) -> Client {
        let network = Network::new(Faults::none());
        let running = network.start(UID, "shop", "web-1", "podserver", programs::of_image("podserver").unwrap());
        let (near, far) = duplex(64 * 1024);
        let (from_server, io) = tokio::io::split(near);
        let way = Arc::new(Way::new(network.clone(), &pod(), quirks));
        let serving = Task::new(tokio::spawn(serve(far, way, std::future::pending())));
        let frames = Frames::new(from_server);
        Client { io, frames, packer: Packer::default(), network, _running: running, serving }
    }

    pub(super) async fn send(&mut self, put: impl FnOnce(&mut bytes::BytesMut)) {
        let mut bytes = bytes::BytesMut::new();
        put(&mut bytes);
        timeout(LIMIT, self.io.write_all(&bytes)).await.expect("the upgrade is not read").unwrap();
    }

    pub(super) async fn syn(&mut self, id: u32, headers: &[(&str, &str)]) {
        let block = self.packer.pack(headers);
        self.send(|out| frame::put_syn_stream(out, id, &block)).await;
    }

    /// Opens both streams of a connection.
    pub(super) async fn open(&mut self, error: u32, data: u32, port: &str) {
        let request = error.to_string();
        self.syn(error, &[("streamtype", "error"), ("port", port), ("requestid", &request)]).await;
        self.send(|out| frame::put_data(out, error, b"", true)).await;
        self.syn(data, &[("streamtype", "data"), ("port", port), ("requestid", &request)]).await;
    }

    /// The next frame that is no reply; `None` if none comes within that time.
    pub(super) async fn within(&mut self, time: Duration) -> Option<Frame> {
        let next = async {
            loop {
                match self.frames.next().await.unwrap().expect("the upgrade ended") {
                    Frame::SynReply { .. } => {}
                    frame => return frame,
                }
            }
        };
        timeout(time, next).await.ok()
    }

    pub(super) async fn next(&mut self) -> Frame {
        self.within(LIMIT).await.expect("a frame")
    }

    pub(super) async fn users(&self) -> String {
        let mut told = String::new();
        self.network.reach(UID, 11).unwrap().read_to_string(&mut told).await.unwrap();
        told
    }
}

pub(super) fn data(id: u32, payload: &'static [u8]) -> Frame {
    Frame::Data { id, payload: payload.into(), fin: false }
}

pub(super) fn fin(id: u32) -> Frame {
    Frame::Data { id, payload: Bytes::new(), fin: true }
}

fn text(frame: Frame, stream: u32) -> String {
    let Frame::Data { id, payload, fin: false } = frame else { panic!("{frame:?}") };
    assert_eq!(id, stream);
    String::from_utf8(payload.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_refused_dial_is_told_on_the_error_stream() {
    let mut client = Client::new(Quirks::default());
    client.open(1, 11, "81").await;
    assert_eq!(client.next().await, fin(11));
    let said = text(client.next().await, 1);
    assert!(said.starts_with("error forwarding port 81 to pod 0e4a9b6c1d2f4c3b8a5e6f7081920a3b0e4a9b6c"), "{said}");
    assert!(said.contains("dial tcp4 127.0.0.1:81: connect: connection refused"), "{said}");
    assert_eq!(client.next().await, fin(1));
    client.network.end_pod(UID);
    client.open(21, 31, "80").await;
    let said = text(client.next().await, 21);
    assert!(said.contains("network namespace for sandbox") && said.ends_with("is closed"), "{said}");
    assert_eq!((client.next().await, client.next().await), (fin(21), fin(31)));
}

#[tokio::test(start_paused = true)]
async fn either_end_is_the_end_of_both_a_second_later() {
    let mut client = Client::new(Quirks::default());
    let begun = Instant::now();
    client.open(1, 11, "11").await;
    assert_eq!(client.next().await, data(11, b"0\n"));
    assert_eq!((client.next().await, client.next().await), (fin(11), fin(1)));
    assert_eq!(begun.elapsed().as_millis(), 1000);
    // The client's end; then its reset, after which there is nothing to say on that stream.
    client.open(21, 31, "7").await;
    client.send(|out| frame::put_data(out, 31, b"x", true)).await;
    assert_eq!(client.next().await, data(31, b"x"));
    assert_eq!((client.next().await, client.next().await), (fin(31), fin(21)));
    client.open(41, 51, "7").await;
    client.send(|out| frame::put_data(out, 51, b"x", false)).await;
    assert_eq!(client.next().await, data(51, b"x"));
    client.send(|out| frame::put_rst_stream(out, 51, frame::CANCEL)).await;
    assert_eq!(client.next().await, fin(41));
    assert_eq!(begun.elapsed().as_millis(), 3000);
    assert_eq!(client.users().await, "0\n");
}

#[tokio::test(start_paused = true)]
async fn a_reset_comes_after_what_the_pod_sent_before() {
    let mut client = Client::new(Quirks::default());
    client.open(1, 11, "1901").await;
    client.send(|out| frame::put_data(out, 11, &[&0_u64.to_le_bytes()[..], b"!"].concat(), false)).await;
    assert_eq!(client.next().await, fin(11));
    assert!(text(client.next().await, 1).ends_with("read: connection reset by peer"));
    assert_eq!(client.next().await, fin(1));
}

#[tokio::test(start_paused = true)]
async fn with_half_close_each_direction_ends_by_itself() {
    let mut client = Client::new(no_quirks());
    let begun = Instant::now();
    client.open(1, 11, "100").await;
    client.send(|out| frame::put_data(out, 11, b"abc", true)).await;
    for _ in 0..10 {
        assert_eq!(client.next().await, data(11, b"xxxxxxxxxx"));
    }
    assert_eq!((client.next().await, client.next().await), (fin(11), fin(1)));
    assert_eq!(begun.elapsed().as_millis(), 1000);
    client.open(21, 31, "7").await;
    client.send(|out| frame::put_rst_stream(out, 31, frame::CANCEL)).await;
    assert_eq!(client.next().await, fin(21));
    assert_eq!(client.users().await, "0\n");
}

#[tokio::test(start_paused = true)]
async fn streams_that_are_none() {
    let mut client = Client::new(Quirks::default());
    let table: [&[(&str, &str)]; 5] = [
        &[("port", "80"), ("requestid", "1")],
        &[("streamtype", "else"), ("port", "80")],
        &[("streamtype", "data")],
        &[("streamtype", "data"), ("port", "0")],
        &[("streamtype", "data"), ("port", "65536")],
    ];
    for (id, headers) in (1..).step_by(2).zip(table) {
        client.syn(id, headers).await;
        assert_eq!(client.next().await, Frame::RstStream { id, status: frame::CANCEL });
    }
}

#[tokio::test(start_paused = true)]
async fn pairs() {
    let mut client = Client::new(Quirks::default());
    // Without a request's name, the ids tell; and the data stream may come first.
    client.syn(1, &[("streamtype", "error"), ("port", "2525")]).await;
    client.syn(3, &[("streamtype", "data"), ("port", "2525")]).await;
    assert_eq!(client.next().await, data(3, b"220 web-1 ready\r\n"));
    client.syn(5, &[("streamtype", "data"), ("port", "2525"), ("requestid", "a")]).await;
    client.syn(7, &[("streamtype", "data"), ("port", "2525"), ("requestid", "a")]).await;
    let said = text(client.next().await, 7);
    assert_eq!(said, "error processing stream for request a: data stream already assigned");
    client.syn(9, &[("streamtype", "error"), ("port", "2525"), ("requestid", "a")]).await;
    assert_eq!(client.next().await, data(5, b"220 web-1 ready\r\n"));
    // One that stays alone.
    let begun = Instant::now();
    client.syn(11, &[("streamtype", "error"), ("port", "2525"), ("requestid", "b")]).await;
    assert!(client.within(Duration::from_secs(29)).await.is_none());
    assert!(text(client.next().await, 11).ends_with("request=b) timed out waiting for streams"));
    assert_eq!(client.next().await, Frame::RstStream { id: 11, status: frame::CANCEL });
    assert_eq!(begun.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_keeps_its_pod_a_second() {
    for (quirks, late) in [(Quirks::default(), "1\n"), (no_quirks(), "0\n")] {
        let mut client = Client::new(quirks);
        client.open(1, 11, "2525").await;
        client.next().await;
        client.io.shutdown().await.unwrap();
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert_eq!(client.users().await, late);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(client.users().await, "0\n");
        assert!(client.serving.is_finished());
    }
}
