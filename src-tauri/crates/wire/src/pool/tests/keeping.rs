//! How many idle upgrades are kept, and for how long.

use std::collections::VecDeque;

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
    // One that is not warm still works, and one that comes back when there are enough is not kept for long.
    let cold = pool.take(&pod("web-49")).await.unwrap();
    assert_eq!(pool.census().0, 33);
    cold.well();
    sleep(seconds(12)).await;
    assert_eq!((pool.census().0, servers.open()), (32, 32));
    sleep(seconds(3600)).await;
    assert_eq!((servers.open(), servers.dials()), (32, 33), "the rest is left alone");
}

#[tokio::test(start_paused = true)]
async fn while_connections_come_and_go_as_many_stay_as_the_next_may_need() {
    let servers = Servers::new();
    let (pool, pods) = (servers.pool(), ["web-1", "web-2", "web-3"].map(pod));
    let _warm: Vec<Warm> = pods.iter().map(|to| pool.warm(to)).collect();
    // Twenty connections are open all the time: for each that ends at one pod, another begins at the next.
    let mut open: VecDeque<Taken> = VecDeque::new();
    let mut dials = Vec::new();
    for _ in 0..4 {
        for to in &pods {
            for _ in 0..20 {
                open.push_back(pool.take(to).await.unwrap());
                if open.len() > 20 {
                    open.pop_front().unwrap().well();
                }
                quiet().await;
            }
        }
        assert_eq!(pool.census().0, servers.dials(), "none is given up");
        dials.push(servers.dials());
    }
    assert!(dials[0] >= 60 && dials[1] == dials[3], "the second round has all it needs: {dials:?}");
    open.drain(..).for_each(Taken::well);
    sleep(seconds(12)).await;
    assert_eq!((pool.census().0, servers.open()), (3, 3));
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
    (0..1000).for_each(|_| servers.plan(Next::Fails));
    let _warm = pool.warm(&to);
    // After 0.1 to 0.2 s, 0.2 to 0.4 s and so on, 3.1 to 6.2 s in all; then every 2.5 to 5 s.
    sleep(Duration::from_millis(6_200)).await;
    let first = servers.dials();
    assert!((6..=8).contains(&first), "{first} dials");
    sleep(seconds(100)).await;
    let more = servers.dials() - first;
    assert!((20..=41).contains(&more), "{more} dials more");
    // A taker does not wait for that.
    servers.next.lock().unwrap().clear();
    assert!(timeout(Duration::from_millis(1), pool.take(&to)).await.unwrap().is_ok());
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
