use futures::future::join_all;
use tokio::time::{advance, sleep};

use super::*;
use crate::credentials::login::tests::{Fake, fake};

const RUN: Duration = Duration::from_secs(1);

fn on(fake: &Fake, server: &str) -> Arc<ClusterLogin> {
    ClusterLogin::new(fake.login.clone(), server.into())
}

fn why(error: Box<dyn Error + Send + Sync>) -> Why {
    error.downcast_ref::<Failure>().unwrap().why.clone()
}

fn refused_by(server: &str) -> Why {
    Why::Refused { server: server.into() }
}

#[tokio::test(start_paused = true)]
async fn eight_whose_credential_is_refused_are_served_by_one_run() {
    let fake = fake(RUN, vec![]);
    let one = on(&fake, "one");
    let used = one.current().await.unwrap();
    let others = join_all((0..8).map(|_| one.refused(&used))).await;
    let other = others[0].as_ref().unwrap();
    assert!(!other.is(&used) && others.iter().all(|one| one.as_ref().unwrap().is(other)));
    // A late one, too.
    assert!(one.refused(&used).await.unwrap().is(other));
    assert_eq!(fake.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_plugin_whose_credentials_are_refused_is_run_once_more_and_then_left_alone() {
    let fake = fake(RUN, vec![]);
    let one = on(&fake, "one");
    let first = one.current().await.unwrap();
    let second = one.refused(&first).await.unwrap();
    assert_eq!(why(one.refused(&second).await.unwrap_err()), refused_by("one"));
    for _ in 0..5 {
        sleep(AGAIN).await;
        assert_eq!(why(one.current().await.unwrap_err()), refused_by("one"));
        assert_eq!(why(one.refused(&second).await.unwrap_err()), refused_by("one"));
    }
    assert_eq!(fake.runs(), 2);
    fake.login.sign_in().await.unwrap();
    let third = one.current().await.unwrap();
    assert!(!third.is(&second));
    assert_eq!(fake.runs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_changes_nothing_is_not_followed_by_another_run() {
    let fake = fake(RUN, vec![]);
    let one = on(&fake, "one");
    let first = one.current().await.unwrap();
    let second = one.refused(&first).await.unwrap();
    one.refused(&second).await.unwrap_err();
    fake.login.sign_in().await.unwrap();
    let third = one.current().await.unwrap();
    assert_eq!(why(one.refused(&third).await.unwrap_err()), refused_by("one"));
    assert_eq!(fake.runs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_was_good_for_long_is_made_anew_again() {
    let fake = fake(RUN, vec![]);
    let one = on(&fake, "one");
    let mut used = one.current().await.unwrap();
    for _ in 0..3 {
        used = one.refused(&used).await.unwrap();
        advance(AGAIN).await;
    }
    assert_eq!(fake.runs(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_one_cluster_refuses_the_others_go_on_with() {
    let fake = fake(RUN, vec![]);
    let (one, other) = (on(&fake, "one"), on(&fake, "other"));
    let first = one.current().await.unwrap();
    let second = other.refused(&first).await.unwrap();
    assert_eq!(why(other.refused(&second).await.unwrap_err()), refused_by("other"));
    assert!(one.current().await.unwrap().is(&second));
    assert_eq!(why(other.current().await.unwrap_err()), refused_by("other"));
    assert_eq!(fake.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_plugin_is_told_of_and_goes_on() {
    let fake = fake(PATIENCE * 5 / 2, vec![]);
    let one = on(&fake, "one");
    assert_eq!(why(one.current().await.unwrap_err()), Why::Running);
    assert_eq!(why(one.current().await.unwrap_err()), Why::Running);
    one.current().await.unwrap();
    assert_eq!(fake.runs(), 1);
}
