//! One TLS session between its buffers: records go in and out as bytes, and nothing here waits.

use std::{io::IoSlice, sync::Arc};

use hyper::rt::ReadBufCursor;
use rustls::{
    ClientConfig, Error,
    client::{ClientConnectionData, UnbufferedClientConnection},
    pki_types::ServerName,
    unbuffered::{ConnectionState, ReadTraffic, UnbufferedStatus, WriteTraffic},
};

use super::buffers::{Outgoing, Queue, RECORD};

/// The most plaintext that is taken at once, and with that what waits for a transport that is slow: four SPDY frames.
pub(super) const WRITE: usize = 16 * RECORD;

pub(super) struct Session {
    tls: UnbufferedClientConnection,
    /// What was received, as far as it is not decrypted.
    pub(super) incoming: Queue,
    /// What was decrypted, as far as its reader had no room for it: a part of a record, most of the time.
    rest: Queue,
    pub(super) outgoing: Outgoing,
    peer_closed: bool,
    closed: bool,
    /// What everything is answered with from then on.
    failed: Option<Error>,
}

/// What is next, once all that was received is worked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More has to be received before anything can be sent.
    Handshake,
    /// Both sides may send.
    Traffic,
}

/// What there was to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    Bytes,
    NothingYet,
    End,
}

impl Session {
    pub(super) fn new(config: Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Error> {
        Ok(Session {
            tls: UnbufferedClientConnection::new(config, name)?,
            incoming: Queue::default(),
            rest: Queue::default(),
            outgoing: Outgoing::default(),
            peer_closed: false,
            closed: false,
            failed: None,
        })
    }

    /// Works through what was received, and keeps what is for the reader.
    pub(super) fn advance(&mut self) -> Result<Next, Error> {
        loop {
            if let Some(next) = self.step(&mut |_| 0)? {
                return Ok(next);
            }
        }
    }

    /// Decrypts into `to`, as far as there is room and something was received.
    pub(super) fn read(&mut self, to: &mut ReadBufCursor<'_>) -> Result<Got, Error> {
        let room = to.remaining();
        let mut give = |bytes: &[u8]| {
            let fits = bytes.len().min(to.remaining());
            to.put_slice(&bytes[..fits]);
            fits
        };
        let kept = give(self.rest.rest());
        self.rest.take(kept);
        let mut taken = kept;
        while taken < room {
            let mut give = |bytes: &[u8]| {
                let fits = give(bytes);
                taken += fits;
                fits
            };
            match self.step(&mut give) {
                Ok(None) => {}
                // The next read is told the error.
                Err(_) if taken > 0 => break,
                Err(error) => return Err(error),
                Ok(Some(_)) => break,
            }
        }
        Ok(match taken {
            0 if room > 0 && self.peer_closed => Got::End,
            0 if room > 0 => Got::NothingYet,
            _ => Got::Bytes,
        })
    }

    /// Encrypts the front of `parts`, up to `WRITE`; how much of it that was. `None` where this side has ended.
    pub(super) fn write(&mut self, parts: &[IoSlice<'_>]) -> Result<Option<usize>, Error> {
        if self.closed {
            return Ok(None);
        }
        self.traffic(|mut traffic, outgoing| seal(parts, |bytes| outgoing.put(|room| traffic.encrypt(bytes, room))))
    }

    /// Says that nothing more comes, once, where that can be said.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        if !self.closed && self.failed.is_none() {
            self.traffic(|mut traffic, outgoing| outgoing.put(|room| traffic.queue_close_notify(room)))?;
            self.closed = true;
        }
        Ok(())
    }

    /// Gives back the memory of what is empty.
    pub(super) fn release(&mut self) {
        self.incoming.release();
        self.rest.release();
        self.outgoing.release();
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.incoming.memory() + self.rest.memory() + self.outgoing.memory()
    }

    /// Has `work` send application data; `None` where that is not possible (yet, or any more).
    fn traffic<T>(
        &mut self,
        work: impl FnOnce(WriteTraffic<'_, ClientConnectionData>, &mut Outgoing) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        // rustls comes to it only when it has worked through what was received.
        self.advance()?;
        let UnbufferedStatus { state, .. } = self.tls.process_tls_records(self.incoming.rest());
        match state? {
            ConnectionState::WriteTraffic(traffic) => work(traffic, &mut self.outgoing).map(Some),
            _ => Ok(None),
        }
    }

    /// One of rustls's steps. `give` is offered plaintext, and returns how much of it was taken.
    fn step(&mut self, give: &mut dyn FnMut(&[u8]) -> usize) -> Result<Option<Next>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let UnbufferedStatus { mut discard, state, .. } = self.tls.process_tls_records(self.incoming.rest());
        let next = match state {
            Ok(ConnectionState::ReadTraffic(traffic)) => hand_up(traffic, give, &mut self.rest).map(|more| {
                discard += more;
                None
            }),
            Ok(ConnectionState::EncodeTlsData(mut record)) => {
                self.outgoing.put(|room| record.encode(room)).map(|()| None)
            }
            Ok(ConnectionState::TransmitTlsData(records)) => {
                // They stand in `outgoing`, in front of all that comes later.
                records.done();
                Ok(None)
            }
            Ok(ConnectionState::PeerClosed) => {
                self.peer_closed = true;
                Ok(None)
            }
            Ok(ConnectionState::BlockedHandshake) => Ok(Some(Next::Handshake)),
            Ok(ConnectionState::WriteTraffic(_) | ConnectionState::Closed) => Ok(Some(Next::Traffic)),
            Ok(_) => Err(Error::General("a state that no client has".into())),
            Err(error) => Err(error),
        };
        self.incoming.take(discard);
        next.inspect_err(|error| self.fail(error))
    }

    /// Has the peer told why, and does nothing more.
    fn fail(&mut self, error: &Error) {
        self.failed = Some(error.clone());
        while self.tls.wants_write() {
            let UnbufferedStatus { state, .. } = self.tls.process_tls_records(self.incoming.rest());
            let Ok(ConnectionState::EncodeTlsData(mut alert)) = state else { return };
            if self.outgoing.put(|room| alert.encode(room)).is_err() {
                return;
            }
        }
    }
}

/// Offers what was decrypted to `give`, and keeps what that leaves; how much of what was received is done with by that.
fn hand_up(
    mut traffic: ReadTraffic<'_, '_, ClientConnectionData>,
    give: &mut dyn FnMut(&[u8]) -> usize,
    rest: &mut Queue,
) -> Result<usize, Error> {
    let mut done = 0;
    while let Some(record) = traffic.next_record() {
        let record = record?;
        let given = give(record.payload);
        rest.put(&record.payload[given..]);
        done += record.discard;
    }
    Ok(done)
}

/// Encrypts the front of `parts`, up to `WRITE`, in records as full as can be: only where one takes from two parts are its
/// bytes copied together. Returns how much that was.
fn seal(parts: &[IoSlice<'_>], mut encrypt: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<usize, Error> {
    let mut left = WRITE;
    let mut gathered = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let mut part = &part[..part.len().min(left)];
        left -= part.len();
        if !gathered.is_empty() {
            let (fits, rest) = part.split_at(part.len().min(RECORD - gathered.len()));
            gathered.extend_from_slice(fits);
            part = rest;
            if gathered.len() == RECORD {
                encrypt(&gathered)?;
                gathered.clear();
            }
        }
        let is_last = left == 0 || n + 1 == parts.len();
        let at_once = if is_last { part.len() } else { part.len() - part.len() % RECORD };
        if gathered.is_empty() && at_once > 0 {
            encrypt(&part[..at_once])?;
            part = &part[at_once..];
        }
        if !part.is_empty() {
            gathered.reserve_exact(RECORD - gathered.len());
            gathered.extend_from_slice(part);
        }
    }
    if !gathered.is_empty() {
        encrypt(&gathered)?;
    }
    Ok(WRITE - left)
}
