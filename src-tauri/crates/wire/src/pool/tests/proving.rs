//! What is known of the way to a pod.

use super::*;

/// What is known now, in short.
fn known(proof: &watch::Receiver<Proof>) -> String {
    match &*proof.borrow() {
        Proof::Failed { failure, .. } => failure.text.clone(),
        other => format!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_is_proven_by_an_answered_ping_and_not_by_the_dial() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    servers.plan(Next::After(seconds(3)));
    let warm = pool.warm(&to);
    let proof = warm.proof();
    sleep(seconds(2)).await;
    assert_eq!(known(&proof), "Awaited");
    sleep(seconds(2)).await;
    assert_eq!(known(&proof), "Proven");
    // It stays so for as long as there are answers.
    sleep(seconds(3600)).await;
    assert_eq!((known(&proof).as_str(), servers.dials()), ("Proven", 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_proves_nothing() {
    let servers = Servers::mute();
    let pool = servers.pool();
    let warm = pool.warm(&pod("web"));
    let proof = warm.proof();
    sleep(seconds(9)).await;
    assert_eq!(known(&proof), "Awaited");
    sleep(seconds(17)).await;
    assert_eq!(known(&proof), "it has answered no PING for 10 s");
}

#[tokio::test(start_paused = true)]
async fn a_way_that_is_lost_says_why_and_when_it_is_tried_again() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let warm = pool.warm(&to);
    let proof = warm.proof();
    quiet().await;
    assert_eq!(known(&proof), "Proven");
    (0..100).for_each(|_| servers.plan(Next::Fails));
    servers.end(0);
    quiet().await;
    assert_eq!(known(&proof), "no upgrade today");
    sleep(seconds(30)).await;
    let Proof::Failed { retry_at, .. } = &*proof.borrow() else { panic!("{}", known(&proof)) };
    let wait = *retry_at - Instant::now();
    assert!(!wait.is_zero() && wait <= seconds(5), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_cut_short_by_who_asks_and_by_a_connection_that_finds_a_way() {
    for by_connection in [false, true] {
        let servers = Servers::new();
        let (pool, to) = (servers.pool(), pod("web"));
        (0..6).for_each(|_| servers.plan(Next::Fails));
        let warm = pool.warm(&to);
        let proof = warm.proof();
        while servers.dials() < 6 {
            sleep(Duration::from_millis(10)).await;
        }
        // The next is due in 2.5 s at least.
        assert_eq!(known(&proof), "no upgrade today");
        if by_connection {
            pool.take(&to).await.unwrap().well();
        } else {
            pool.retry_now();
        }
        quiet().await;
        assert_eq!(known(&proof), "Proven");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_renewed_is_proven_anew_and_what_is_in_use_stays() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let warm = pool.warm(&to);
    quiet().await;
    let taken = pool.take(&to).await.unwrap();
    quiet().await;
    assert_eq!((servers.dials(), servers.open()), (2, 2));
    pool.renew();
    assert!(!taken.mux().is_proven());
    quiet().await;
    assert_eq!((servers.dials(), servers.open()), (3, 2), "the idle one was replaced");
    assert!(taken.mux().is_proven() && !taken.mux().is_done_for());
    assert_eq!(known(&warm.proof()), "Proven");
}

#[tokio::test(start_paused = true)]
async fn where_none_is_kept_nothing_is_claimed() {
    let servers = Servers::new();
    servers.hopeless.store(true, Relaxed);
    let pool = servers.pool();
    let warm = pool.warm(&pod("web"));
    quiet().await;
    assert_eq!(known(&warm.proof()), "Untested");
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_refused_are_tried_rarely_and_at_once_when_somebody_asks() {
    let servers = Servers::new();
    let pool = servers.pool();
    (0..3).for_each(|_| servers.plan(Next::MayNot));
    let warm = pool.warm(&pod("web"));
    sleep(seconds(59)).await;
    assert_eq!((servers.dials(), known(&warm.proof()).as_str()), (2, "who are you?"));
    pool.retry_now();
    quiet().await;
    assert_eq!(servers.dials(), 3);
    pool.retry_now();
    quiet().await;
    assert_eq!((servers.dials(), known(&warm.proof()).as_str()), (4, "Proven"));
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_has_just_begun_is_not_believed_at_once() {
    let servers = Servers::new();
    let pool = servers.pool();
    for next in [Next::Fails, Next::MayNot, Next::MayNot] {
        servers.plan(next);
    }
    let warm = pool.warm(&pod("web"));
    sleep(Duration::from_millis(1_400)).await;
    assert_eq!((servers.dials(), known(&warm.proof()).as_str()), (4, "Proven"));
}

#[tokio::test(start_paused = true)]
async fn silence_is_told_although_another_is_being_dialled() {
    let servers = Servers::mute();
    let pool = servers.pool();
    let to = pod("web");
    let warm = pool.warm(&to);
    quiet().await;
    // It is in use, and the one in its place takes its time.
    servers.plan(Next::After(seconds(60)));
    let taken = pool.take(&to).await.unwrap();
    sleep(seconds(27)).await;
    assert_eq!((servers.dials(), known(&warm.proof()).as_str()), (2, "it has answered no PING for 10 s"));
    drop(taken);
}

#[tokio::test(start_paused = true)]
async fn each_is_asked_when_it_is_there_and_not_when_the_others_fall_silent() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let _warm = pool.warm(&to);
    quiet().await;
    let taken = pool.take(&to).await.unwrap();
    quiet().await;
    let all_proven = pool.inner.pods().values().flat_map(Pod::upgrades).all(Mux::is_proven);
    assert!(all_proven && pool.census().0 == 2);
    drop(taken);
}
