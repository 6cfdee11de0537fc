//! Who gets which upgrade, and what becomes of it afterwards.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_connection_takes_the_warm_one_and_gives_it_back() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let _warm = pool.warm(&to);
    quiet().await;
    assert_eq!((servers.dials(), pool.census()), (1, (1, 0)));
    let first = pool.take(&to).now_or_never().expect("it is there").unwrap();
    let mux = first.mux().clone();
    let pair = mux.open(80, b"").unwrap();
    quiet().await;
    assert_eq!(pool.census(), (2, 2), "there is another in reserve while this one is in use");
    drop(pair);
    first.well();
    let second = pool.take(&to).await.unwrap();
    assert!(second.mux().is(&mux), "the one that was used last");
    // Of one whose connection did not end well nobody knows what is still on its way.
    drop(second);
    let third = pool.take(&to).await.unwrap();
    assert!(!third.mux().is(&mux));
    drop(mux);
    quiet().await;
    assert_eq!((servers.dials(), servers.open()), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn nobody_shares_as_long_as_there_is_room() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let all = futures::future::join_all((0..50).map(|_| pool.take(&to))).await;
    let taken: Vec<Taken> = all.into_iter().map(Result::unwrap).collect();
    for (at, one) in taken.iter().enumerate() {
        assert!(taken[..at].iter().all(|other| !other.mux().is(one.mux())));
    }
    assert_eq!(servers.dials(), 50);
}

#[tokio::test(start_paused = true)]
async fn pods_are_told_apart_by_their_uid() {
    let servers = Servers::new();
    let pool = servers.pool();
    let _warm = pool.warm(&pod("web"));
    quiet().await;
    let reborn = PodPort { uid: "another".into(), ..pod("web") };
    let _taken = pool.take(&reborn).await.unwrap();
    assert_eq!(pool.census().0, 2, "the other's idle one is not touched");
    let other_port = PodPort { port: 81, ..pod("web") };
    assert!(pool.take(&other_port).now_or_never().is_some(), "an upgrade is to a pod, not to a port of it");
}

#[tokio::test(start_paused = true)]
async fn a_taker_that_waits_for_a_dial_takes_one_that_is_given_back_meanwhile() {
    let servers = Servers::new();
    let (pool, to) = (Arc::new(servers.pool()), pod("web"));
    let first = pool.take(&to).await.unwrap();
    let mux = first.mux().clone();
    let warm = pool.warm(&to);
    servers.plan(Next::After(seconds(5)));
    servers.plan(Next::After(seconds(5)));
    let (taking, asked) = (pool.clone(), to.clone());
    let waiting = tokio::spawn(async move { taking.take(&asked).await });
    sleep(seconds(1)).await;
    assert!(!waiting.is_finished());
    first.well();
    let second = timeout(seconds(1), waiting).await.expect("it does not wait for the dial").unwrap().unwrap();
    assert!(second.mux().is(&mux));
    // What was dialled stays for the next.
    sleep(seconds(5)).await;
    let dials = servers.dials();
    let third = pool.take(&to).now_or_never().expect("it is there").unwrap();
    assert!(!third.mux().is(&mux));
    assert_eq!(servers.dials(), dials);
    drop(warm);
}

#[tokio::test(start_paused = true)]
async fn what_is_dialled_for_nobody_does_not_stay() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    servers.plan(Next::After(seconds(5)));
    assert!(timeout(seconds(1), pool.take(&to)).await.is_err(), "its client has left");
    sleep(seconds(5)).await;
    assert_eq!((servers.dials(), pool.census().0, servers.open()), (1, 0, 0));
    assert!(pool.inner.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_dial_is_the_taker_s_to_tell() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    servers.plan(Next::Fails);
    let refusal = pool.take(&to).await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Any(failure) if failure.text == "no upgrade today"), "{refusal:?}");
    assert!(pool.inner.pods().is_empty(), "nothing is left of it");
    assert!(pool.take(&to).await.is_ok(), "the next tries again");
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_wants_any_more_is_not_kept() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    pool.take(&to).await.unwrap().well();
    quiet().await;
    assert_eq!((pool.census().0, servers.open()), (0, 0));
    assert!(pool.inner.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_whose_pod_has_not_taken_what_was_sent_waits_until_it_has() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let _warm = pool.warm(&to);
    quiet().await;
    let taken = pool.take(&to).await.unwrap();
    let mux = taken.mux().clone();
    let pair = mux.open(80, &[0; 100_000]).unwrap();
    let server = servers.server(0);
    let (_, _error) = server.accept().await.unwrap();
    let (_, data) = server.accept().await.unwrap();
    quiet().await;
    drop(pair);
    taken.well();
    assert!(!mux.is_fit(), "the transport holds 16 KiB of it");
    let other = pool.take(&to).await.unwrap();
    assert!(!other.mux().is(&mux));
    data.reader().read_exact(&mut vec![0; 90_000]).await.unwrap();
    quiet().await;
    assert!(mux.is_fit());
    let (one, two) = (pool.take(&to).await.unwrap(), pool.take(&to).await.unwrap());
    assert!(one.mux().is(&mux) || two.mux().is(&mux));
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_dropped_leaves_nothing() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let servers = Servers::new();
    let (pool, to) = (Arc::new(servers.pool()), pod("web"));
    let warm = pool.warm(&to);
    quiet().await;
    let taken = pool.take(&to).await.unwrap();
    let pair = taken.mux().open(80, b"").unwrap();
    quiet().await;
    // Both of another pod's are still being dialled.
    servers.plan(Next::After(seconds(1000)));
    servers.plan(Next::After(seconds(1000)));
    let other = pod("other");
    assert!(timeout(seconds(1), pool.take(&other)).await.is_err());
    drop(pool);
    quiet().await;
    assert_eq!(servers.open(), 1, "the one that is in use");
    pair.data.writer().write_all(b"still works").await.unwrap();
    drop((pair, taken));
    quiet().await;
    assert_eq!(servers.open(), 0);
    servers.servers.lock().unwrap().clear();
    quiet().await;
    assert_eq!(tasks(), before, "the keeper has ended, too");
    drop(warm);
}
