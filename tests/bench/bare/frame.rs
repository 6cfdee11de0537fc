//! The few SPDY/3.1 frames that a port-forward takes, as bytes.

/// Marks the last DATA of a direction.
const FIN: u8 = 1;

/// How the server is told that nobody wants a stream any more.
const CANCEL: u32 = 5;

/// The one bit of a control frame, and the version: SPDY/3.
const CONTROL: u16 = 0x8003;

const SYN_STREAM: u16 = 1;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;

/// The size of what every frame begins with.
pub(super) const HEAD: usize = 8;

/// What a frame's head says is to follow, or has to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// So many bytes of a stream; `end` if they are its last.
    Data { stream: u32, size: usize, end: bool },
    /// A stream's id and why it ended.
    Reset { size: usize },
    /// A number to be sent back.
    Ping { size: usize },
    /// The server takes no more streams.
    GoAway,
    /// What is of no interest here: SYN_REPLY, SETTINGS, WINDOW_UPDATE.
    Other { size: usize },
}

impl Head {
    pub(super) fn read(bytes: [u8; HEAD]) -> Head {
        let [a, b, c, d, flags, e, f, g] = bytes;
        let size = u32::from_be_bytes([0, e, f, g]) as usize;
        if a & 0x80 == 0 {
            return Head::Data { stream: u32::from_be_bytes([a, b, c, d]), size, end: flags & FIN != 0 };
        }
        match u16::from_be_bytes([c, d]) {
            RST_STREAM => Head::Reset { size },
            PING => Head::Ping { size },
            GOAWAY => Head::GoAway,
            _ => Head::Other { size },
        }
    }
}

/// What is on its way to the server: frames that leave in one write, and the state of its header compression.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// What has not been written yet.
    pub(super) bytes: Vec<u8>,
    headers_began: bool,
}

impl Frames {
    /// Opens a pair: the error stream, on which nothing is ever sent, and the data stream.
    pub(super) fn open(&mut self, error: u32, data: u32, port: u16) {
        self.syn_stream(error, "error", port);
        self.data_head(error, 0, FIN);
        self.syn_stream(data, "data", port);
    }

    pub(super) fn data(&mut self, stream: u32, payload: &[u8]) {
        self.data_head(stream, payload.len(), 0);
        self.bytes.extend_from_slice(payload);
    }

    pub(super) fn reset(&mut self, stream: u32) {
        self.control_head(RST_STREAM, 8);
        self.bytes.extend_from_slice(&stream.to_be_bytes());
        self.bytes.extend_from_slice(&CANCEL.to_be_bytes());
    }

    pub(super) fn pong(&mut self, number: &[u8]) {
        self.control_head(PING, number.len());
        self.bytes.extend_from_slice(number);
    }

    /// The pair's streams name the same request: the id of its error stream, which no other pair has.
    fn syn_stream(&mut self, stream: u32, kind: &str, port: u16) {
        let request = if kind == "error" { stream } else { stream - super::upgrade::PAIR };
        let block = self.header_block(&[
            ("streamtype", kind),
            ("port", &port.to_string()),
            ("requestid", &request.to_string()),
        ]);
        self.control_head(SYN_STREAM, 10 + block.len());
        self.bytes.extend_from_slice(&stream.to_be_bytes());
        // Belongs to no other stream, has the highest priority and no slot.
        self.bytes.extend_from_slice(&[0; 6]);
        self.bytes.extend_from_slice(&block);
    }

    /// Headers in a zlib stream that compresses nothing: one stored block each and the marker of a flush. The zlib head
    /// stands before the first of a connection only.
    fn header_block(&mut self, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut plain = be32(headers.len()).to_vec();
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            plain.extend_from_slice(&be32(text.len()));
            plain.extend_from_slice(text.as_bytes());
        }
        let mut block = Vec::new();
        if !std::mem::replace(&mut self.headers_began, true) {
            block.extend_from_slice(&[0x78, 0x01]);
        }
        // Three short headers: their size fits 16 bits a hundred times over.
        let size = plain.len() as u16;
        block.push(0);
        block.extend_from_slice(&size.to_le_bytes());
        block.extend_from_slice(&(!size).to_le_bytes());
        block.extend_from_slice(&plain);
        block.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
        block
    }

    fn data_head(&mut self, stream: u32, size: usize, flags: u8) {
        self.bytes.extend_from_slice(&stream.to_be_bytes());
        self.size(flags, size);
    }

    fn control_head(&mut self, kind: u16, size: usize) {
        self.bytes.extend_from_slice(&CONTROL.to_be_bytes());
        self.bytes.extend_from_slice(&kind.to_be_bytes());
        self.size(0, size);
    }

    fn size(&mut self, flags: u8, size: usize) {
        let [_, size @ ..] = be32(size);
        self.bytes.push(flags);
        self.bytes.extend_from_slice(&size);
    }
}

/// A size as SPDY writes it. Nothing here comes near the limit of 2^24 - 1.
fn be32(size: usize) -> [u8; 4] {
    (size as u32).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_opens_with_the_bytes_that_kubernetes_takes() {
        let mut frames = Frames::default();
        frames.open(1, 11, 7);
        let headers =
            b"\0\0\0\x03\0\0\0\x0astreamtype\0\0\0\x05error\0\0\0\x04port\0\0\0\x017\0\0\0\x09requestid\0\0\0\x011";
        let block = headers.len() as u8;
        let mut expected = vec![0x80, 3, 0, 1, 0, 0, 0, 10 + 2 + 5 + block + 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        expected.extend_from_slice(&[0x78, 1, 0, block, 0, !block, 0xff]);
        expected.extend_from_slice(headers);
        expected.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
        expected.extend_from_slice(&[0, 0, 0, 1, FIN, 0, 0, 0]);
        assert_eq!(frames.bytes[..expected.len()], expected);
        let second = &frames.bytes[expected.len()..];
        assert_eq!(second[18..20], [0, block - 1], "the zlib head comes once");
        assert!(second.ends_with(b"requestid\0\0\0\x011\0\0\0\xff\xff"));
    }

    #[test]
    fn heads() {
        assert_eq!(Head::read([0, 0, 0, 11, 1, 0, 1, 2]), Head::Data { stream: 11, size: 258, end: true });
        assert_eq!(Head::read([0x80, 3, 0, 3, 0, 0, 0, 8]), Head::Reset { size: 8 });
        assert_eq!(Head::read([0x80, 3, 0, 6, 0, 0, 0, 4]), Head::Ping { size: 4 });
        assert_eq!(Head::read([0x80, 3, 0, 7, 0, 0, 0, 8]), Head::GoAway);
        assert_eq!(Head::read([0x80, 3, 0, 2, 0, 0, 1, 0]), Head::Other { size: 256 });
    }
}
