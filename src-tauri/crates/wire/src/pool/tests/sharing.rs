//! Past the bound: who shares with whom. And upgrades that have served long enough.

use super::*;

/// As many as there may be, each taken.
async fn all_taken(pool: &Pool, to: &PodPort) -> Vec<Taken> {
    let all = futures::future::join_all((0..EXCLUSIVE).map(|_| pool.take(to))).await;
    all.into_iter().map(Result::unwrap).collect()
}

/// How many have a share in the same upgrade as `one`.
fn sharers(taken: &[Taken], one: &Taken) -> usize {
    taken.iter().filter(|other| other.mux().is(one.mux())).count()
}

#[tokio::test(start_paused = true)]
async fn past_the_bound_connections_share_evenly_and_past_that_they_wait() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let mut taken = all_taken(&pool, &to).await;
    for share in 2..=8 {
        for _ in 0..EXCLUSIVE {
            taken.push(pool.take(&to).now_or_never().expect("nobody has to wait").unwrap());
        }
        assert!(taken.iter().step_by(97).all(|one| sharers(&taken, one) == share));
    }
    assert_eq!((servers.dials(), pool.census().0), (EXCLUSIVE, EXCLUSIVE));
    assert!(timeout(seconds(1), pool.take(&to)).await.is_err());
    // One that ends badly still carries seven others.
    let given_back = taken.swap_remove(1000);
    let mux = given_back.mux().clone();
    drop(given_back);
    let next = timeout(seconds(1), pool.take(&to)).await.unwrap().unwrap();
    assert!(next.mux().is(&mux));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_held_up_gets_no_new_connection_until_it_goes_on() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let mut taken = all_taken(&pool, &to).await;
    let slow = taken[0].mux().clone();
    let pair = slow.open(80, b"").unwrap();
    quiet().await;
    let server = (0..EXCLUSIVE).map(|at| servers.server(at)).find(|server| server.streams() == 2).unwrap();
    let (_, _error) = server.accept().await.unwrap();
    let (_, data) = server.accept().await.unwrap();
    let filling = tokio::spawn(async move { data.writer().write_all(&vec![0; 400 * 1024]).await });
    quiet().await;
    assert!(!slow.is_fit());
    for _ in 0..7 * (EXCLUSIVE - 1) {
        taken.push(pool.take(&to).now_or_never().expect("there is room in others").unwrap());
    }
    assert_eq!(sharers(&taken, &taken[0]), 1);
    let pool = Arc::new(pool);
    let (taking, asked) = (pool.clone(), to.clone());
    let waiting = tokio::spawn(async move { taking.take(&asked).await });
    quiet().await;
    assert!(!waiting.is_finished());
    // Once it is read, that is noticed.
    pair.data.reader().read_exact(&mut vec![0; 400 * 1024]).await.unwrap();
    let next = timeout(seconds(1), waiting).await.expect("it goes on").unwrap().unwrap();
    assert!(next.mux().is(&slow));
    filling.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_a_thousand_connections_comes_another_which_is_there_before() {
    let servers = Servers::new();
    let (pool, to) = (servers.pool(), pod("web"));
    let _warm = pool.warm(&to);
    quiet().await;
    let first = pool.take(&to).await.unwrap().mux().clone();
    quiet().await;
    // That one was not given back well; the next serves.
    let mux = {
        let taken = pool.take(&to).await.unwrap();
        let mux = taken.mux().clone();
        assert!(!mux.is(&first));
        taken.well();
        mux
    };
    for n in 1..999 {
        let taken = pool.take(&to).await.unwrap();
        assert!(taken.mux().is(&mux), "after {n}");
        taken.well();
    }
    let last = pool.take(&to).await.unwrap();
    assert!(last.mux().is(&mux));
    quiet().await;
    let next = pool.take(&to).now_or_never().expect("the replacement is there").unwrap();
    assert!(!next.mux().is(&mux));
    last.well();
    let after = pool.take(&to).await.unwrap();
    assert!(!after.mux().is(&mux));
    drop((mux, first));
    quiet().await;
    assert_eq!(servers.open(), 4, "the two in use, and two in reserve");
}
