//! Frames: what goes over the connection, big-endian.
//!
//! ```text
//! data      0 | stream id 31 | flags 8 | length 24 | payload
//! control   1 | version 15 = 3 | type 16 | flags 8 | length 24 | body
//! ```
//! A data frame may hold 16 MiB, so its payload is handed on in the pieces in which it arrives. Of control frames only a
//! SYN_STREAM has a body worth keeping, and that is bounded; what is not known or not used is skipped, not stored.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::Error;

/// The bytes before a frame's payload or body.
pub const HEAD: usize = 8;

/// A data frame's length has 24 bits.
pub const LONGEST_DATA: usize = (1 << 24) - 1;

/// The most that a header block may take. Kubernetes' are under 200 bytes; a stored one of zlib ends at 64 KiB.
pub const LONGEST_BLOCK: usize = 16 * 1024;

/// Status of an RST_STREAM by the side that no longer wants the stream.
pub const CANCEL: u32 = 5;

/// Status of an RST_STREAM for a stream that will not be served.
pub const REFUSED: u32 = 3;

const VERSION: u16 = 3;
const FIN: u8 = 1;
const STREAM_ID: u32 = 0x7fff_ffff;

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;

/// What was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A piece of a data frame. `fin` only comes with the last.
    Data {
        /// Of which stream.
        id: u32,
        /// The piece; may be empty.
        payload: Bytes,
        /// Whether the sender is done with this stream.
        fin: bool,
    },
    /// A stream begins.
    SynStream {
        /// Its id.
        id: u32,
        /// Whether the sender is done with it already.
        fin: bool,
        /// Its headers, compressed.
        block: Bytes,
    },
    /// A stream was accepted. Its headers say nothing in port-forward, and are skipped.
    SynReply {
        /// Which.
        id: u32,
        /// Whether the sender is done with it already.
        fin: bool,
    },
    /// A stream is over, both ways.
    RstStream {
        /// Which.
        id: u32,
        /// Why.
        status: u32,
    },
    /// To be sent back, or sent back.
    Ping(u32),
    /// The sender takes no more streams.
    GoAway,
}

/// Reads frames from bytes as they come.
#[derive(Debug, Default)]
pub struct Decoder {
    rest: Rest,
}

/// What of a frame is still to come.
#[derive(Debug, Default)]
enum Rest {
    #[default]
    Nothing,
    Data {
        id: u32,
        fin: bool,
        left: usize,
    },
    Skipped {
        left: usize,
    },
}

impl Decoder {
    /// Takes the next frame from `from`; `None` when more bytes are needed, of which `from` never has to hold more than
    /// [`LONGEST_BLOCK`] and a frame's head.
    ///
    /// # Errors
    /// When the bytes are no frame. Nothing after that means anything.
    pub fn next(&mut self, from: &mut BytesMut) -> Result<Option<Frame>, Error> {
        loop {
            match self.rest {
                Rest::Nothing => {}
                Rest::Data { .. } if from.is_empty() => return Ok(None),
                Rest::Data { id, fin, left } => {
                    let payload = from.split_to(left.min(from.len())).freeze();
                    let left = left - payload.len();
                    self.rest = if left == 0 { Rest::Nothing } else { Rest::Data { id, fin, left } };
                    return Ok(Some(Frame::Data { id, payload, fin: fin && left == 0 }));
                }
                Rest::Skipped { left } => {
                    let skipped = left.min(from.len());
                    from.advance(skipped);
                    if skipped < left {
                        self.rest = Rest::Skipped { left: left - skipped };
                        return Ok(None);
                    }
                    self.rest = Rest::Nothing;
                }
            }
            let Some(head) = Head::peek(from) else { return Ok(None) };
            let frame = match head {
                Head::Data { id: 0, .. } => return Err(Error::Malformed("a data frame for stream 0")),
                Head::Data { id, fin, length: 0 } => {
                    from.advance(HEAD);
                    Some(Frame::Data { id, payload: Bytes::new(), fin })
                }
                Head::Data { id, fin, length } => {
                    from.advance(HEAD);
                    self.rest = Rest::Data { id, fin, left: length };
                    None
                }
                Head::Control { version, .. } if version != VERSION => {
                    return Err(Error::Malformed("a control frame of another version than 3"));
                }
                Head::Control { kind, fin, length, .. } => {
                    let kept = kept(kind, length)?;
                    if from.len() < HEAD + kept {
                        return Ok(None);
                    }
                    from.advance(HEAD);
                    let frame = control(kind, fin, from.split_to(kept).freeze())?;
                    self.rest = Rest::Skipped { left: length - kept };
                    frame
                }
            };
            if frame.is_some() {
                return Ok(frame);
            }
        }
    }
}

impl Decoder {
    /// The data frame whose payload comes next, and how much of it is left. Once all that was buffered has been taken, it
    /// may be read from the transport to where it belongs, and [`Decoder::took`] told.
    pub fn payload(&self) -> Option<(u32, usize)> {
        match self.rest {
            Rest::Data { id, left, .. } => Some((id, left)),
            Rest::Nothing | Rest::Skipped { .. } => None,
        }
    }

    /// So much of the payload was read past this decoder, at most what was left. Whether the sender is done with the stream.
    pub fn took(&mut self, amount: usize) -> bool {
        let Rest::Data { id, fin, left } = self.rest else { return false };
        let left = left.saturating_sub(amount);
        self.rest = if left == 0 { Rest::Nothing } else { Rest::Data { id, fin, left } };
        fin && left == 0
    }
}

enum Head {
    Data { id: u32, fin: bool, length: usize },
    Control { version: u16, kind: u16, fin: bool, length: usize },
}

impl Head {
    fn peek(from: &BytesMut) -> Option<Head> {
        let mut head = from.get(..HEAD)?;
        let first = head.get_u32();
        let second = head.get_u32();
        let flags = second.to_be_bytes()[0];
        let (fin, length) = (flags & FIN != 0, (second & 0x00ff_ffff) as usize);
        Some(if first & !STREAM_ID == 0 {
            Head::Data { id: first, fin, length }
        } else {
            let [a, b, c, d] = first.to_be_bytes();
            let version = u16::from_be_bytes([a & 0x7f, b]);
            Head::Control { version, kind: u16::from_be_bytes([c, d]), fin, length }
        })
    }
}

/// How much of a control frame's body is used.
fn kept(kind: u16, length: usize) -> Result<usize, Error> {
    let (at_least, kept) = match kind {
        SYN_STREAM if length > LONGEST_BLOCK => return Err(Error::Malformed("a SYN_STREAM that is too long")),
        SYN_STREAM => (10, length),
        SYN_REPLY | PING => (4, 4),
        RST_STREAM => (8, 8),
        _ => (0, 0),
    };
    if length < at_least { Err(Error::Malformed("a control frame that is too short")) } else { Ok(kept) }
}

fn control(kind: u16, fin: bool, mut body: Bytes) -> Result<Option<Frame>, Error> {
    let frame = match kind {
        SYN_STREAM => {
            let id = stream_id(body.get_u32())?;
            // The stream it belongs to, the priority and the credential slot.
            body.advance(6);
            Frame::SynStream { id, fin, block: body }
        }
        SYN_REPLY => Frame::SynReply { id: stream_id(body.get_u32())?, fin },
        RST_STREAM => {
            let id = stream_id(body.get_u32())?;
            Frame::RstStream { id, status: body.get_u32() }
        }
        PING => Frame::Ping(body.get_u32()),
        GOAWAY => Frame::GoAway,
        _ => return Ok(None),
    };
    Ok(Some(frame))
}

fn stream_id(word: u32) -> Result<u32, Error> {
    match word & STREAM_ID {
        0 => Err(Error::Malformed("a control frame for stream 0")),
        id => Ok(id),
    }
}

/// The head of a data frame. `length` is at most [`LONGEST_DATA`].
pub fn data_head(id: u32, length: usize, fin: bool) -> [u8; HEAD] {
    debug_assert!(length <= LONGEST_DATA);
    // It fits: see LONGEST_DATA.
    #[allow(clippy::cast_possible_truncation)]
    let second = (u32::from(fin) << 24) | length as u32;
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&id.to_be_bytes());
    head[4..].copy_from_slice(&second.to_be_bytes());
    head
}

/// Appends a data frame.
pub fn put_data(out: &mut BytesMut, id: u32, payload: &[u8], fin: bool) {
    out.put_slice(&data_head(id, payload.len(), fin));
    out.put_slice(payload);
}

/// Appends a SYN_STREAM with a compressed header block.
pub fn put_syn_stream(out: &mut BytesMut, id: u32, block: &[u8]) {
    put_head(out, SYN_STREAM, 10 + block.len());
    out.put_u32(id);
    out.put_slice(&[0; 6]);
    out.put_slice(block);
}

/// Appends a SYN_REPLY with a compressed header block.
pub fn put_syn_reply(out: &mut BytesMut, id: u32, block: &[u8]) {
    put_head(out, SYN_REPLY, 4 + block.len());
    out.put_u32(id);
    out.put_slice(block);
}

/// Appends an RST_STREAM.
pub fn put_rst_stream(out: &mut BytesMut, id: u32, status: u32) {
    put_head(out, RST_STREAM, 8);
    out.put_u32(id);
    out.put_u32(status);
}

/// Appends a PING.
pub fn put_ping(out: &mut BytesMut, id: u32) {
    put_head(out, PING, 4);
    out.put_u32(id);
}

/// Appends a GOAWAY.
pub fn put_go_away(out: &mut BytesMut, last_good: u32) {
    put_head(out, GOAWAY, 8);
    out.put_u32(last_good);
    out.put_u32(0);
}

fn put_head(out: &mut BytesMut, kind: u16, length: usize) {
    debug_assert!(length <= LONGEST_DATA);
    out.put_u16(0x8000 | VERSION);
    out.put_u16(kind);
    #[allow(clippy::cast_possible_truncation)] // It is at most LONGEST_BLOCK.
    out.put_u32(length as u32);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], at_once: usize) -> Result<Vec<Frame>, Error> {
        let (mut decoder, mut buffer, mut frames) = (Decoder::default(), BytesMut::new(), Vec::new());
        for piece in bytes.chunks(at_once) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = decoder.next(&mut buffer)? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    /// Pieces of one data frame put together again.
    fn joined(frames: Vec<Frame>) -> Vec<Frame> {
        let mut joined: Vec<Frame> = Vec::new();
        for frame in frames {
            match (joined.last_mut(), frame) {
                (
                    Some(Frame::Data { id: a, payload, fin: last @ false }),
                    Frame::Data { id: b, payload: more, fin },
                ) if *a == b && !payload.is_empty() => {
                    *payload = [&payload[..], &more[..]].concat().into();
                    *last = fin;
                }
                (_, frame) => joined.push(frame),
            }
        }
        joined
    }

    #[test]
    fn what_is_written_is_read_in_pieces_of_any_size() {
        let mut out = BytesMut::new();
        put_syn_stream(&mut out, 1, b"block");
        put_syn_reply(&mut out, 3, b"skipped");
        put_data(&mut out, 5, b"some payload", true);
        put_data(&mut out, 7, b"", true);
        put_ping(&mut out, 9);
        put_head(&mut out, 4, 20); // SETTINGS: not known here
        out.put_slice(&[0xff; 20]);
        put_rst_stream(&mut out, 11, CANCEL);
        put_go_away(&mut out, 0);
        put_data(&mut out, 13, b"x", false);
        let expected = vec![
            Frame::SynStream { id: 1, fin: false, block: Bytes::from_static(b"block") },
            Frame::SynReply { id: 3, fin: false },
            Frame::Data { id: 5, payload: Bytes::from_static(b"some payload"), fin: true },
            Frame::Data { id: 7, payload: Bytes::new(), fin: true },
            Frame::Ping(9),
            Frame::RstStream { id: 11, status: CANCEL },
            Frame::GoAway,
            Frame::Data { id: 13, payload: Bytes::from_static(b"x"), fin: false },
        ];
        for at_once in 1..=out.len() {
            assert_eq!(joined(all(&out, at_once).expect("these are frames")), expected, "{at_once} bytes at once");
        }
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        let table: [(&[u8], &str); 8] = [
            (&[0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1], "another version"),
            (&[0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff], "too long"),
            (&[0x80, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0], "too short"),
            (&[0x80, 3, 0, 2, 0, 0, 0, 0], "too short"),
            (&[0x80, 3, 0, 3, 0, 0, 0, 4, 0, 0, 0, 1], "too short"),
            (&[0x80, 3, 0, 6, 0, 0, 0, 3, 0, 0, 0], "too short"),
            (&[0, 0, 0, 0, 0, 0, 0, 1, 0], "data frame for stream 0"),
            (&[0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5], "control frame for stream 0"),
        ];
        for (bytes, expected) in table {
            let error = all(bytes, bytes.len()).expect_err(expected).to_string();
            assert!(error.contains(expected), "{bytes:x?}: {error}");
        }
    }

    #[test]
    fn a_long_payload_is_handed_on_as_it_comes() {
        let mut decoder = Decoder::default();
        let mut buffer = BytesMut::from(&data_head(1, LONGEST_DATA, true)[..]);
        assert_eq!(decoder.next(&mut buffer).expect("a frame's head"), None);
        let mut left = LONGEST_DATA;
        while left > 0 {
            buffer.extend_from_slice(&vec![7; 100_000.min(left)]);
            let frame = decoder.next(&mut buffer).expect("a frame");
            let Some(Frame::Data { payload, fin, .. }) = frame else { panic!("not a piece of data: {frame:?}") };
            left -= payload.len();
            assert_eq!(fin, left == 0);
            assert!(buffer.is_empty());
        }
    }
}
