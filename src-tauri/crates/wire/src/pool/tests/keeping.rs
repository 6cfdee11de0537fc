//! How many idle upgrades are kept, and for how long.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_busy_pod_has_a_few_in_reserve_and_after_a_burst_the_surplus_goes() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let _warm = pool.warm(&to);
    let all = futures::future::join_all((0..20).map(|_| pool.take(&to))).await;
    let taken: Vec<Taken> = all.into_iter().map(Result::unwrap).collect();
    quiet().await;
    assert_eq!(pool.census().0, 20 + 3);
    for one in taken {
        one.well();
        quiet().await;
    }
    sleep(Duration::from_millis(9_900)).await;
    assert_eq!(pool.census().0, 23, "bursts come again");
    sleep(seconds(2)).await;
    assert_eq!((pool.census().0, servers.open()), (1, 1));
    sleep(seconds(3600)).await;
    assert_eq!((servers.open(), servers.dials()), (1, 23), "one stays, and is left alone");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_keeps_no_more_idle_ones_than_its_bound() {
    let servers = Servers::new();
    let pool = servers.pool();
    let _warm: Vec<Warm> = (0..50).map(|n| pool.warm(&pod(&format!("web-{n}")))).collect();
    sleep(seconds(5)).await;
    assert_eq!(pool.census().0, 32);
    // One that is not warm still works, and one that comes back when there are enough is not kept.
    let cold = pool.take(&pod("web-49")).await.unwrap();
    quiet().await;
    let before = pool.census().0;
    cold.well();
    assert_eq!(pool.census().0, before - 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_idle_one_is_replaced_at_once() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let _warm = pool.warm(&to);
    quiet().await;
    servers.end(0);
    quiet().await;
    assert_eq!((servers.dials(), pool.census().0), (2, 1));
    let taken = pool.take(&to).now_or_never().expect("it is there").unwrap();
    assert!(taken.mux().open(80, b"").is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_no_more_streams_is_replaced_too() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let _warm = pool.warm(&to);
    quiet().await;
    servers.server(0).go_away();
    quiet().await;
    assert_eq!((servers.dials(), pool.census().0), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_idle_one_that_never_becomes_fit_goes() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let _warm = pool.warm(&to);
    quiet().await;
    let taken = pool.take(&to).await.unwrap();
    // More than the server holds unread: its PONGs never come.
    let pair = taken.mux().open(80, &[0; 300_000]).unwrap();
    quiet().await;
    let mux = taken.mux().clone();
    assert!(!mux.is_fit());
    let is_kept = || pool.inner.pods().values().flat_map(Pod::upgrades).any(|kept| kept.is(&mux));
    drop(pair);
    taken.well();
    quiet().await;
    assert_eq!(pool.census().0, 2);
    sleep(seconds(9)).await;
    assert!(is_kept(), "it may yet become fit");
    sleep(seconds(3)).await;
    assert!(!is_kept());
    assert_eq!(pool.census().0, 1);
    assert!(pool.take(&to).now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn where_nobody_has_an_interest_any_more_nothing_idle_stays() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let (one, two) = (pool.warm(&to), pool.warm(&to));
    quiet().await;
    assert_eq!(pool.census().0, 1);
    drop(one);
    quiet().await;
    assert_eq!((pool.census().0, servers.open()), (1, 1));
    let taken = pool.take(&to).await.unwrap();
    quiet().await;
    drop(two);
    quiet().await;
    assert_eq!((pool.census().0, servers.open()), (1, 1), "only what is in use");
    taken.well();
    quiet().await;
    assert_eq!((pool.census().0, servers.open()), (0, 0));
    assert!(pool.inner.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_interest_that_ends_during_a_dial_ends_the_dial() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    servers.plan(Next::After(seconds(5)));
    let warm = pool.warm(&to);
    sleep(seconds(1)).await;
    drop(warm);
    sleep(seconds(10)).await;
    assert_eq!((servers.dials(), servers.open()), (1, 0));
    assert!(pool.inner.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_is_refused_tries_again_more_and_more_rarely() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    (0..100).for_each(|_| servers.plan(Next::Fails));
    let _warm = pool.warm(&to);
    let mut dials = Vec::new();
    for _ in 0..7 {
        quiet().await;
        dials.push(servers.dials());
        sleep(Duration::from_millis(999)).await;
    }
    // At 0, 1, 3 and 7 s, and so on, but every 30 s at least.
    assert_eq!(dials, [1, 2, 2, 3, 3, 3, 3]);
    sleep(seconds(60 - 7)).await;
    let by_then = servers.dials();
    assert_eq!(by_then, 6, "at 0, 1, 3, 7, 15 and 31 s");
    sleep(seconds(300)).await;
    assert_eq!(servers.dials(), by_then + 10);
    // A taker does not wait for that.
    servers.next.lock().unwrap().clear();
    assert!(timeout(seconds(1), pool.take(&to)).await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_hope_none_is_kept() {
    let servers = Servers::new();
    servers.hopeless.store(true, Relaxed);
    let pool = servers.pool();
    let _warm = pool.warm(&pod("web"));
    sleep(seconds(3600)).await;
    assert_eq!(servers.dials(), 0);
}
