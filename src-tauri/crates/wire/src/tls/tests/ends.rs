//! How connections begin, change their keys and end.

use rustls::{AlertDescription, HandshakeKind};

use super::*;

#[test]
fn a_second_connection_resumes_the_session() {
    for version in VERSIONS {
        let (peer, certificate) = Peer::new(version);
        let config = trusting(&certificate, version);
        let mut first = connect(peer.transport(), config.clone()).unwrap();
        // TLS 1.3's tickets come after the handshake.
        assert!(read(&mut first, 100).is_none());
        let again = peer.again();
        connect(again.transport(), config).unwrap();
        assert_eq!(again.lock().tls.handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
    }
}

#[test]
fn new_keys_are_answered() {
    let (mut stream, peer) = pair(&version::TLS13);
    for round in 0..3 {
        peer.lock().tls.refresh_traffic_keys().unwrap();
        peer.send(b"down");
        assert_eq!(read(&mut stream, 100).unwrap().unwrap(), b"down");
        let before = peer.lock().writes.len();
        assert!(matches!(write(&mut stream, &[b"up"]), Poll::Ready(Ok(2))));
        assert_eq!(peer.lock().got, b"up".repeat(round + 1));
        // With the answer in front: five bytes and a record's 22.
        assert_eq!(peer.lock().writes[before..], [5 + 22 + 2 + 22]);
    }
    assert_eq!(peer.lock().error, None);
}

#[test]
fn an_end_that_the_server_announces_is_an_end() {
    for version in VERSIONS {
        let (mut stream, peer) = pair(version);
        peer.send(b"last words");
        peer.close();
        assert_eq!(read(&mut stream, 100).unwrap().unwrap(), b"last words");
        for _ in 0..2 {
            assert_eq!(read(&mut stream, 100).unwrap().unwrap(), b"");
        }
        // It is the server's only: what is still sent arrives.
        assert!(matches!(write(&mut stream, &[b"more"]), Poll::Ready(Ok(4))));
        assert_eq!(peer.lock().got, b"more");
    }
}

#[test]
fn an_end_that_nobody_announced_is_an_error() {
    for version in VERSIONS {
        let (mut stream, peer) = pair(version);
        peer.send(b"last words");
        peer.lock().ended = true;
        assert_eq!(read(&mut stream, 100).unwrap().unwrap(), b"last words");
        for _ in 0..2 {
            let error = read(&mut stream, 100).unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}

#[test]
fn an_end_in_the_handshake_is_an_error() {
    let (peer, certificate) = Peer::new(&version::TLS13);
    // It hears nothing, and is gone.
    peer.lock().error = Some(rustls::Error::HandshakeNotComplete);
    peer.lock().ended = true;
    let error = connect(peer.transport(), trusting(&certificate, &version::TLS13)).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn this_sides_end_is_announced_once_after_all_that_was_written() {
    for version in VERSIONS {
        let (mut stream, peer) = pair(version);
        peer.lock().blocked = true;
        assert!(matches!(write(&mut stream, &[b"last words"]), Poll::Ready(Ok(10))));
        for _ in 0..2 {
            assert!(shutdown(&mut stream).is_pending());
        }
        assert!(!peer.lock().shut_down);
        peer.lock().blocked = false;
        for _ in 0..2 {
            assert!(shutdown(&mut stream).is_ready());
        }
        assert_eq!(peer.lock().got, b"last words");
        assert!(peer.lock().has_closed && peer.lock().shut_down);
        let Poll::Ready(Err(error)) = write(&mut stream, &[b"more"]) else { panic!("written") };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        // What the server still says is heard.
        peer.send(b"bye");
        assert_eq!(read(&mut stream, 100).unwrap().unwrap(), b"bye");
        peer.close();
        assert_eq!(read(&mut stream, 100).unwrap().unwrap(), b"");
    }
}

#[test]
fn a_server_that_is_not_trusted_is_told_so_and_named() {
    for version in VERSIONS {
        let (peer, _) = Peer::new(version);
        let (_, other) = Peer::new(version);
        let error = connect(peer.transport(), trusting(&other, version)).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().starts_with("invalid peer certificate: "), "{error}");
        let told = peer.lock().error.clone();
        assert!(matches!(told, Some(rustls::Error::AlertReceived(_))), "{told:?}");
    }
}

#[test]
fn a_record_that_was_changed_on_its_way_ends_it_for_good() {
    for version in VERSIONS {
        let (mut stream, peer) = pair(version);
        assert!(read(&mut stream, 100).is_none());
        peer.send(b"good");
        let good = peer.lock().down.len();
        peer.send(b"bad");
        peer.send(b"after it");
        peer.lock().down[good + 12] ^= 1;
        assert_eq!(read(&mut stream, 100).unwrap().unwrap(), b"good");
        for _ in 0..2 {
            let error = read(&mut stream, 100).unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert_eq!(error.to_string(), rustls::Error::DecryptError.to_string());
        }
        assert!(matches!(write(&mut stream, &[b"more"]), Poll::Ready(Err(_))));
        let told = peer.lock().error.clone();
        assert_eq!(told, Some(rustls::Error::AlertReceived(AlertDescription::BadRecordMac)), "{version:?}");
        assert!(shutdown(&mut stream).is_ready());
    }
}
