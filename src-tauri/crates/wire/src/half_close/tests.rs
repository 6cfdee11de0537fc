//! When a client's end is passed on. The clock is the tests'.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    time::sleep,
};

use super::*;

type Done = Box<dyn FnOnce() + Send + Unpin>;

/// Both directions, their pod, and whether `done` was called.
struct Ends {
    from_pod: FromPod<BufReader<ReadHalf<DuplexStream>>>,
    to_pod: ToPod<WriteHalf<DuplexStream>, Done>,
    pod: DuplexStream,
    done: Arc<AtomicBool>,
    held: std::sync::Weak<()>,
}

fn ends() -> Ends {
    let (near, pod) = duplex(1024);
    let (read, write) = split(near);
    let (done, held) = (Arc::new(AtomicBool::new(false)), Arc::new(()));
    let (told, holds) = (done.clone(), Arc::downgrade(&held));
    let call: Done = Box::new(move || {
        drop(held);
        told.store(true, Relaxed);
    });
    let (from_pod, to_pod) = half_close(BufReader::new(read), write, call);
    Ends { from_pod, to_pod, pod, done, held: holds }
}

impl Ends {
    /// The pod says something, and the client reads it.
    async fn answer(&mut self) {
        self.pod.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        self.from_pod.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
    }
}

#[tokio::test(start_paused = true)]
async fn right_after_a_request_the_end_is_passed_on_after_a_second_s_silence() {
    let mut ends = ends();
    ends.to_pod.write_all(b"request").await.unwrap();
    let began = Instant::now();
    ends.to_pod.shutdown().await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert!(ends.done.load(Relaxed));
    let mut received = String::new();
    ends.pod.read_to_string(&mut received).await.unwrap();
    assert_eq!(received, "request");
}

#[tokio::test(start_paused = true)]
async fn it_is_held_back_while_the_answer_flows() {
    let mut ends = ends();
    ends.to_pod.write_all(b"request").await.unwrap();
    let Ends { mut from_pod, mut to_pod, mut pod, done, held: _held } = ends;
    let began = Instant::now();
    let client = tokio::spawn(async move {
        to_pod.shutdown().await.unwrap();
        began.elapsed()
    });
    for _ in 0..10 {
        sleep(Duration::from_millis(900)).await;
        pod.write_all(b"x").await.unwrap();
        from_pod.read_u8().await.unwrap();
        assert!(!client.is_finished() && !done.load(Relaxed));
    }
    let ended = client.await.unwrap();
    // The last piece came at the ninth second; silence is looked for once a second.
    assert!((Duration::from_secs(10)..=Duration::from_secs(11)).contains(&ended), "{ended:?}");
    assert!(done.load(Relaxed));
}

#[tokio::test(start_paused = true)]
async fn after_an_answer_a_moment_is_enough_and_the_client_is_done_at_once() {
    let mut ends = ends();
    ends.to_pod.write_all(b"request").await.unwrap();
    ends.answer().await;
    let began = Instant::now();
    let to_pod = &mut ends.to_pod;
    assert!(tokio::time::timeout(Duration::from_millis(1), to_pod.shutdown()).await.is_err());
    assert!(ends.done.load(Relaxed), "what the connection held is free before its end is passed on");
    to_pod.shutdown().await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_goes_on_after_all_is_waited_for() {
    let mut ends = ends();
    ends.answer().await;
    let began = Instant::now();
    let shutting = tokio::time::timeout(Duration::from_millis(20), ends.to_pod.shutdown()).await;
    assert!(shutting.is_err());
    ends.answer().await;
    ends.to_pod.shutdown().await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_millis(1050));
}

#[tokio::test(start_paused = true)]
async fn who_speaks_last_counts_not_who_spoke() {
    let mut ends = ends();
    ends.answer().await;
    ends.to_pod.write_all(b"one more request").await.unwrap();
    let began = Instant::now();
    ends.to_pod.shutdown().await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_dropped_before_is_not_done() {
    let mut ends = ends();
    ends.to_pod.write_all(b"request").await.unwrap();
    let _ = tokio::time::timeout(Duration::from_millis(500), ends.to_pod.shutdown()).await;
    let Ends { to_pod, done, held, .. } = ends;
    assert!(held.upgrade().is_some());
    drop(to_pod);
    assert!(!done.load(Relaxed) && held.upgrade().is_none());
}
