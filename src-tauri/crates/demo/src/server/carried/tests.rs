use super::*;

/// A pump, and what is put in and comes out.
fn pumped(faults: &Faults) -> (DuplexStream, DuplexStream, AbortOnDropHandle<()>) {
    let ((near, from), (to, far)) = (tokio::io::duplex(1024), tokio::io::duplex(1024));
    let faults = faults.watch();
    let pump = tokio::spawn(async move { drop(pump(from, to, faults).await) });
    (near, far, AbortOnDropHandle::new(pump))
}

#[tokio::test(start_paused = true)]
async fn each_way_takes_half_the_latency() {
    let faults = Faults::none();
    faults.set(|faulty| faulty.latency = Duration::from_millis(100));
    let (mut near, mut far, _pump) = pumped(&faults);
    let began = Instant::now();
    near.write_all(b"a").await.unwrap();
    assert_eq!(far.read_u8().await.unwrap(), b'a');
    assert_eq!(began.elapsed(), Duration::from_millis(50));
    drop(near);
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(began.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn what_is_late_at_random_keeps_its_order() {
    let faults = Faults::none();
    faults.set(|faulty| faulty.jitter = Duration::from_millis(100));
    let (mut near, mut far, _pump) = pumped(&faults);
    let began = Instant::now();
    for byte in 0..50 {
        near.write_all(&[byte]).await.unwrap();
        // So that each is under way on its own.
        tokio::task::yield_now().await;
    }
    for byte in 0..50 {
        assert_eq!(far.read_u8().await.unwrap(), byte);
    }
    assert!(began.elapsed() <= Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn in_silence_nothing_arrives_and_nothing_is_lost() {
    let faults = Faults::none();
    faults.set(|faulty| faulty.silent = true);
    let (mut near, mut far, _pump) = pumped(&faults);
    near.write_all(b"a").await.unwrap();
    drop(near);
    assert!(tokio::time::timeout(Duration::from_secs(3600), far.read_u8()).await.is_err());
    faults.set(|faulty| faulty.silent = false);
    let mut all = Vec::new();
    far.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"a");
}
