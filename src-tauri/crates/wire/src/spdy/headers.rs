//! Header blocks: names and values, in one zlib stream for each direction of a connection.
//!
//! Writing, nothing is compressed: the values are new each time, and a stored block needs no state. Reading, all that
//! zlib can do is understood, and bounded.

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};

use super::Error;

/// What a header block may unpack to. Kubernetes' are under 200 bytes; a small block could unpack to a thousand times
/// its size.
const LONGEST: usize = 64 * 1024;

/// Names and values, in the order in which they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The value of a name; names are in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Packs the blocks of one direction.
#[derive(Debug, Default)]
pub struct Packer {
    begun: bool,
}

impl Packer {
    /// The next block. `headers` take a few hundred bytes; a stored block ends at 64 KiB.
    pub fn pack(&mut self, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut plain = Vec::new();
        put_length(&mut plain, headers.len());
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            put_length(&mut plain, text.len());
            plain.extend_from_slice(text.as_bytes());
        }
        let mut block = Vec::with_capacity(plain.len() + 12);
        if !std::mem::replace(&mut self.begun, true) {
            // zlib's head: deflate, a window of 32 KiB, no dictionary.
            block.extend_from_slice(&[0x78, 0x01]);
        }
        #[allow(clippy::cast_possible_truncation)] // See above.
        let length = plain.len() as u16;
        block.push(0); // a stored block, and not the last
        block.extend_from_slice(&length.to_le_bytes());
        block.extend_from_slice(&(!length).to_le_bytes());
        block.extend_from_slice(&plain);
        // An empty stored block is how zlib flushes; readers wait for it.
        block.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
        block
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    #[allow(clippy::cast_possible_truncation)] // See `pack`.
    out.extend_from_slice(&(length as u32).to_be_bytes());
}

/// Unpacks the blocks of one direction. All have to pass through it, in order.
#[derive(Debug)]
pub struct Unpacker {
    zlib: Decompress,
}

impl Default for Unpacker {
    fn default() -> Self {
        Unpacker { zlib: Decompress::new(true) }
    }
}

impl Unpacker {
    /// The headers of the next block.
    ///
    /// # Errors
    /// When it is not zlib's, not a header block, or unpacks to more than 64 KiB. No later block can be read then.
    pub fn unpack(&mut self, block: &[u8]) -> Result<Headers, Error> {
        let mut plain = Vec::with_capacity(1024);
        let begun = self.zlib.total_in();
        loop {
            let used = usize::try_from(self.zlib.total_in() - begun).unwrap_or(usize::MAX);
            let rest = block.get(used..).unwrap_or_default();
            match self.zlib.decompress_vec(rest, &mut plain, FlushDecompress::Sync) {
                Ok(Status::StreamEnd) => return Err(Error::Malformed("the end of the header stream")),
                Ok(_) if plain.len() >= LONGEST => return Err(Error::Malformed("headers that are too long")),
                Ok(_) if plain.len() == plain.capacity() => plain.reserve(plain.len()),
                // There was room left, so all of the block is unpacked.
                Ok(_) => break,
                Err(error) if error.needs_dictionary().is_some() => {
                    if self.zlib.set_dictionary(&dictionary()).is_err() {
                        return Err(Error::Malformed("headers with an unknown dictionary"));
                    }
                }
                Err(_) => return Err(Error::Malformed("headers that cannot be unpacked")),
            }
        }
        parse(plain.into())
    }
}

fn parse(mut plain: Bytes) -> Result<Headers, Error> {
    let count = take_length(&mut plain)?;
    let mut headers = Vec::new();
    for _ in 0..count {
        headers.push((take_text(&mut plain)?, take_text(&mut plain)?));
    }
    Ok(Headers(headers))
}

fn take_text(plain: &mut Bytes) -> Result<String, Error> {
    let length = take_length(plain)?;
    if length > plain.len() {
        return Err(Error::Malformed("headers that end early"));
    }
    let text = plain.split_to(length);
    String::from_utf8(text.into()).map_err(|_| Error::Malformed("headers that are not text"))
}

fn take_length(plain: &mut Bytes) -> Result<usize, Error> {
    if plain.len() < 4 { Err(Error::Malformed("headers that end early")) } else { Ok(plain.get_u32() as usize) }
}

/// What both sides of SPDY/3 know before anything is sent, so that zlib can refer to it: each of some names after its
/// length, then a text. The specification has it; one that differs by a byte has another checksum, and is of no use.
pub fn dictionary() -> Vec<u8> {
    let mut dictionary = Vec::new();
    for name in NAMES.split(' ') {
        // Only here does a name have a blank: the status `200 OK`.
        let name = name.replace('_', " ");
        put_length(&mut dictionary, name.len());
        dictionary.extend_from_slice(name.as_bytes());
    }
    dictionary.extend_from_slice(TEXT.as_bytes());
    dictionary
}

const NAMES: &str = "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age \
    allow authorization cache-control connection content-base content-encoding content-language content-length \
    content-location content-md5 content-range content-type date etag expect expires from host if-match \
    if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma \
    proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade \
    user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie \
    keep-alive origin";

const TEXT: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Au\
    thoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidd\
    en404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr Ma\
    y Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,imag\
    e/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicpri\
    vatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compress, Compression, FlushCompress, write::ZlibEncoder};

    use super::*;

    const PORT: [(&str, &str); 3] = [("streamtype", "data"), ("port", "8080"), ("requestid", "17")];

    fn owned(headers: &[(&str, &str)]) -> Headers {
        Headers(headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn what_is_packed_is_unpacked_block_after_block() {
        let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
        for headers in [&PORT[..], &[], &[("a", "")], &PORT] {
            let block = packer.pack(headers);
            assert_eq!(unpacker.unpack(&block).expect("a block"), owned(headers));
        }
        assert_eq!(owned(&PORT).get("port"), Some("8080"));
    }

    #[test]
    fn the_dictionary_is_the_specification_s() {
        let mut zlib = Compress::new(Compression::best(), true);
        // Its Adler-32 is what a stream that uses it announces.
        assert_eq!(zlib.set_dictionary(&dictionary()).expect("a dictionary"), 0xe3c6_a7c2);
    }

    #[test]
    fn blocks_as_other_clients_pack_them() {
        let mut zlib = Compress::new(Compression::best(), true);
        zlib.set_dictionary(&dictionary()).expect("a dictionary");
        let (mut plain, mut unpacker) = (Packer::default(), Unpacker::default());
        for _ in 0..3 {
            let stored = plain.pack(&PORT);
            let from = if stored.starts_with(&[0x78, 0x01]) { 7 } else { 5 };
            let mut block = Vec::with_capacity(1024);
            zlib.compress_vec(&stored[from..stored.len() - 5], &mut block, FlushCompress::Sync).expect("compressed");
            assert_eq!(unpacker.unpack(&block).expect("a block"), owned(&PORT));
        }
    }

    #[test]
    fn what_is_no_block_is_an_error() {
        let packed = |plain: &[u8]| {
            let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
            zlib.write_all(plain).and_then(|()| zlib.flush()).expect("packed");
            zlib.get_ref().clone()
        };
        let mut long = vec![0, 0, 0, 1, 0, 0x10, 0, 0];
        long.resize(LONGEST * 20, b'x');
        let table: [(Vec<u8>, &str); 7] = [
            (b"no zlib at all".to_vec(), "cannot be unpacked"),
            (packed(&[]), "end early"),
            (packed(&[0, 0, 0, 1, 0, 0, 0, 5, b'a']), "end early"),
            (packed(&[0xff, 0xff, 0xff, 0xff]), "end early"),
            (packed(&[0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0, 0, 0, 0]), "not text"),
            (packed(&long), "too long"),
            (Vec::new(), "end early"),
        ];
        for (block, expected) in table {
            let error = Unpacker::default().unpack(&block).expect_err(expected).to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
