//! The bytes on their way through TLS. Each buffer has memory only while there is something in it.

use rustls::unbuffered::{EncodeError, EncryptError};

/// The most plaintext that a record carries.
pub(super) const RECORD: usize = 16 * 1024;

/// Bytes asked of the transport at once: four full records, each with the most that a cipher adds to it (TLS 1.2's AES; in
/// TLS 1.3 it is 22). With less, there would always be a part of a record to keep until its rest comes.
pub(super) const READ: usize = 4 * (RECORD + 29);

/// Bytes that are appended at the end and taken from the front.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    taken: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    pub(super) fn rest(&mut self) -> &mut [u8] {
        &mut self.bytes[self.taken..]
    }

    pub(super) fn take(&mut self, amount: usize) {
        self.taken += amount;
        if self.is_empty() {
            self.bytes.clear();
            self.taken = 0;
        }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Where `READ` bytes, or what is missing to them, can be appended without moving any. A handshake's message may be
    /// longer than that, and is needed as a whole.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..std::mem::take(&mut self.taken));
        let missing = READ.checked_sub(self.bytes.len()).filter(|missing| *missing > 0).unwrap_or(READ);
        self.bytes.reserve_exact(missing);
        &mut self.bytes
    }

    pub(super) fn release(&mut self) {
        if self.is_empty() {
            *self = Queue::default();
        }
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Records that wait to be sent. rustls writes them into memory that must be initialized, so it is kept for the next ones
/// until [`Outgoing::release`].
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    memory: Vec<u8>,
    sent: usize,
    filled: usize,
}

/// Why rustls did not write records.
pub(super) enum Refused {
    /// They need so much memory.
    Needs(usize),
    /// It never will: too much was encrypted with one key.
    Exhausted,
}

impl From<EncodeError> for Refused {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::InsufficientSize(error) => Refused::Needs(error.required_size),
            EncodeError::AlreadyEncoded => Refused::Exhausted,
        }
    }
}

impl From<EncryptError> for Refused {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::InsufficientSize(error) => Refused::Needs(error.required_size),
            EncryptError::EncryptExhausted => Refused::Exhausted,
        }
    }
}

impl Outgoing {
    /// Appends what `write` writes. It is called again with more memory where that was too little.
    pub(super) fn put<E: Into<Refused>>(
        &mut self,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
    ) -> Result<(), rustls::Error> {
        loop {
            match write(&mut self.memory[self.filled..]).map_err(Into::into) {
                Ok(written) => {
                    self.filled += written;
                    return Ok(());
                }
                Err(Refused::Needs(more)) => self.memory.resize(self.filled + more, 0),
                Err(Refused::Exhausted) => return Err(rustls::Error::EncryptError),
            }
        }
    }

    pub(super) fn unsent(&self) -> &[u8] {
        &self.memory[self.sent..self.filled]
    }

    pub(super) fn sent(&mut self, amount: usize) {
        self.sent += amount;
        if self.sent == self.filled {
            (self.sent, self.filled) = (0, 0);
        }
    }

    pub(super) fn release(&mut self) {
        if self.filled == 0 {
            *self = Outgoing::default();
        }
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.memory.capacity()
    }
}
