//! What is carried, and at what cost.

use super::{
    super::{buffers::READ, session::WRITE},
    *,
};
use crate::connection::FRAME;

#[test]
fn every_byte_comes_once_and_in_order_both_ways_whatever_the_sizes() {
    for version in VERSIONS {
        for at_once in [1, 7, 1000, 1001, 16 * 1024 + 21, READ + 1, usize::MAX - 1] {
            let (peer, certificate) = Peer::new(version);
            peer.lock().at_once = at_once;
            let mut stream = connect(peer.transport(), trusting(&certificate, version)).unwrap();
            let bytes = pattern(if at_once < 100 { 60_000 } else { 1_000_000 });
            let (mut sent, mut said, mut got) = (0, 0, Vec::new());
            let mut dice = Dice(at_once as u64);
            while peer.lock().got.len() < bytes.len() || got.len() < bytes.len() {
                let more = dice.up_to(100_000).min(bytes.len() - said);
                peer.send(&bytes[said..said + more]);
                said += more;
                // So much that some records wait while something is written.
                for _ in 0..dice.up_to(4) {
                    match read(&mut stream, dice.up_to(150_000)) {
                        Some(part) => got.extend(part.unwrap()),
                        None => break,
                    }
                }
                let more = dice.up_to(100_000).min(bytes.len() - sent);
                let (first, second) = bytes[sent..sent + more].split_at(dice.up_to(20_000).min(more));
                if let Poll::Ready(taken) = write(&mut stream, &[first, &[], second]) {
                    sent += taken.unwrap();
                }
                let _ = flush(&mut stream);
            }
            assert!(got == bytes, "{version:?}, {at_once} at once: not what was sent");
            assert!(peer.lock().got == bytes, "{version:?}, {at_once} at once: not what was written");
        }
    }
}

#[test]
fn one_read_takes_all_the_records_that_are_there_and_fit() {
    let (mut stream, peer) = pair(&version::TLS13);
    peer.send(&[7; 3 * 16 * 1024]);
    let before = peer.lock().reads;
    assert_eq!(read(&mut stream, READ).unwrap().unwrap().len(), 3 * 16 * 1024);
    assert_eq!(peer.lock().reads, before + 1);
}

#[test]
fn a_download_takes_few_reads_however_small_its_reader_reads() {
    let (mut stream, peer) = pair(&version::TLS13);
    // What follows the handshake is not part of it.
    assert!(read(&mut stream, 2048).is_none());
    peer.send(&vec![7; 64 * 4 * 16 * 1024]);
    let before = peer.lock().reads;
    let mut got = 0;
    while got < 64 * 4 * 16 * 1024 {
        got += read(&mut stream, 2048).unwrap().unwrap().len();
    }
    // No more than if they were asked for as they are.
    assert_eq!(peer.lock().reads - before, 64);
}

#[test]
fn a_full_frame_is_one_write_of_full_records() {
    let (mut stream, peer) = pair(&version::TLS13);
    let before = peer.lock().writes.len();
    let (head, payload) = ([1; 8], pattern(FRAME));
    assert!(matches!(write(&mut stream, &[&head, &payload]), Poll::Ready(Ok(n)) if n == 8 + FRAME));
    // A record of TLS 1.3 has 22 bytes more than what it carries.
    assert_eq!(peer.lock().writes[before..], [4 * (16 * 1024 + 22)]);
    assert_eq!(peer.lock().got, [&head[..], &payload].concat());
}

#[test]
fn small_parts_share_a_record() {
    let (mut stream, peer) = pair(&version::TLS13);
    let before = peer.lock().writes.len();
    assert!(matches!(write(&mut stream, &[b"ab", b"", b"cd", b"e"]), Poll::Ready(Ok(5))));
    assert_eq!(peer.lock().writes[before..], [5 + 22]);
    assert_eq!(peer.lock().got, b"abcde");
}

#[test]
fn a_slow_transport_holds_up_its_writer() {
    let (mut stream, peer) = pair(&version::TLS13);
    let bytes = pattern(1_000_000);
    assert!(read(&mut stream, 100).is_none());
    peer.lock().blocked = true;
    let Poll::Ready(Ok(first)) = write(&mut stream, &[&bytes]) else { panic!("nothing taken") };
    let (held, flushes) = (stream.session.memory(), peer.lock().flushes);
    assert!(held < first + 4096, "{held} bytes for {first}");
    assert_eq!(first, WRITE);
    for _ in 0..10 {
        assert!(write(&mut stream, &[&bytes[first..]]).is_pending());
        assert!(flush(&mut stream).is_pending());
    }
    assert_eq!((stream.session.memory(), peer.lock().flushes), (held, flushes));
    peer.lock().blocked = false;
    assert!(flush(&mut stream).is_ready());
    assert_eq!(peer.lock().got, bytes[..first]);
    assert_eq!(peer.lock().flushes, flushes + 1);
}

#[test]
fn a_quiet_connection_holds_no_memory() {
    for version in VERSIONS {
        let (mut stream, peer) = pair(version);
        assert!(read(&mut stream, 100).is_none());
        assert_eq!(stream.session.memory(), 0, "{version:?} after the handshake");
        peer.send(&[7; 100_000]);
        while read(&mut stream, 5000).is_some() {
            assert!(stream.session.memory() < 3 * READ);
        }
        assert_eq!(stream.session.memory(), 0, "{version:?} after a download");
        assert!(write(&mut stream, &[&[7; 50_000]]).is_ready());
        assert!(read(&mut stream, 100).is_none());
        assert_eq!(stream.session.memory(), 0, "{version:?} after an upload");
    }
}

#[test]
fn nothing_is_written_by_an_empty_write() {
    let (mut stream, peer) = pair(&version::TLS13);
    let before = peer.lock().writes.len();
    assert!(matches!(write(&mut stream, &[b"", b""]), Poll::Ready(Ok(0))));
    assert_eq!(peer.lock().writes.len(), before);
    assert_eq!(read(&mut stream, 0).unwrap().unwrap(), b"");
}
