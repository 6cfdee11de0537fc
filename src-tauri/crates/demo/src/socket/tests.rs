//! How connections end, and who learns of it.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::*;

#[tokio::test]
async fn bytes_go_both_ways_and_each_direction_ends_by_itself() {
    let (mut one, mut other) = Socket::pair();
    one.write_all(b"there").await.unwrap();
    one.shutdown().await.unwrap();
    let mut came = String::new();
    other.read_to_string(&mut came).await.unwrap();
    assert_eq!(came, "there");
    other.write_all(b"back").await.unwrap();
    drop(other);
    came.clear();
    one.read_to_string(&mut came).await.unwrap();
    assert_eq!(came, "back");
}

#[tokio::test]
async fn a_reset_is_an_error_after_what_came_before_it() {
    let (mut one, mut other) = Socket::pair();
    other.write_all(b"last").await.unwrap();
    other.reset();
    let mut came = Vec::new();
    let error = one.read_to_end(&mut came).await.unwrap_err();
    assert_eq!((came.as_slice(), error.kind()), (&b"last"[..], io::ErrorKind::ConnectionReset));
    assert!(one.write_all(b"x").await.is_err());
}

#[tokio::test]
async fn somebody_else_s_reset_is_seen_once_the_end_is_dropped() {
    let (mut one, other) = Socket::pair();
    other.resetter().reset();
    drop(other);
    assert_eq!(one.read(&mut [0]).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn an_end_is_known_before_what_it_follows_is_read() {
    const MOMENT: Duration = Duration::from_secs(1);
    let (mut one, other) = Socket::pair();
    let peer = other.peer();
    one.write_all(b"unread").await.unwrap();
    assert!(timeout(MOMENT, peer.done()).await.is_err());
    one.shutdown().await.unwrap();
    timeout(MOMENT, peer.done()).await.unwrap();
    let gone = tokio::spawn(async move { peer.gone().await });
    tokio::time::sleep(MOMENT).await;
    assert!(!gone.is_finished(), "it reads still");
    drop(one);
    timeout(MOMENT, gone).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_holds_up_who_writes() {
    let (mut one, mut other) = Socket::pair();
    let much = vec![1; BUFFER + 1];
    assert!(timeout(Duration::from_secs(1), one.write_all(&much)).await.is_err());
    other.read_exact(&mut vec![0; BUFFER]).await.unwrap();
    one.write_all(b"more").await.unwrap();
}
