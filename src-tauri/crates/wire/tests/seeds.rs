//! Every seed of the fuzz targets, through what the fuzz targets do: so that a change that breaks one is found without
//! fuzzing. `cargo test -p portolan-wire --test seeds -- --ignored` makes those anew that are made from frames.

#![allow(clippy::unwrap_used)] // A test, though Clippy does not see it outside of the functions that are marked as such.

// To the fuzz targets, its functions are public.
#[allow(unreachable_pub)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::{fs, path::PathBuf};

use bytes::BytesMut;
use flate2::{Compress, Compression, FlushCompress};
use portolan_wire::spdy::{frame, headers::Packer};

fn seeds(target: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fuzz", "seeds", target].iter().collect()
}

fn replay(target: &str, what: fn(&[u8])) {
    let mut seeds: Vec<PathBuf> = fs::read_dir(seeds(target)).unwrap().map(|seed| seed.unwrap().path()).collect();
    seeds.sort();
    assert!(seeds.len() >= 4, "the seeds of {target} are missing");
    for seed in seeds {
        println!("{}", seed.display());
        what(&fs::read(seed).unwrap());
    }
}

#[test]
fn frames() {
    replay("frame", fuzz::frame);
}

#[test]
fn headers() {
    replay("headers", fuzz::headers);
}

#[test]
fn clients() {
    replay("client", fuzz::client);
}

#[test]
fn servers() {
    replay("server", fuzz::server);
}

/// Headers as kubectl sends them.
fn of_pair(kind: &'static str) -> [(&'static str, &'static str); 3] {
    [("streamtype", kind), ("port", "8080"), ("requestid", "0")]
}

/// Blocks of one zlib stream, compressed with SPDY's dictionary, as Go's spdystream packs them.
fn compressed(blocks: &[&[(&str, &str)]]) -> Vec<Vec<u8>> {
    let mut zlib = Compress::new(Compression::best(), true);
    zlib.set_dictionary(&portolan_wire::spdy::headers::dictionary()).unwrap();
    let mut packer = Packer::default();
    let pack = |headers: &&[(&str, &str)]| {
        let stored = packer.pack(headers);
        // What a stored block is around: zlib's head of the first, the block's own, and the flush.
        let from = if stored.starts_with(&[0x78, 0x01]) { 7 } else { 5 };
        let mut block = Vec::with_capacity(1024);
        zlib.compress_vec(&stored[from..stored.len() - 5], &mut block, FlushCompress::Sync).unwrap();
        block
    };
    blocks.iter().map(pack).collect()
}

/// What one side says, as frames.
fn say(put: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
    let mut out = BytesMut::new();
    put(&mut out);
    out.to_vec()
}

/// A client's side: two connections by Go's client, then by ours, with a request each.
fn requests(packed: bool) -> Vec<u8> {
    let pair = [&of_pair("error")[..], &of_pair("data")[..], &of_pair("error")[..], &of_pair("data")[..]];
    let mut packer = Packer::default();
    let blocks = if packed { compressed(&pair) } else { pair.iter().map(|headers| packer.pack(headers)).collect() };
    say(|out| {
        for (at, blocks) in (0..).zip(blocks.chunks(2)) {
            let (error, data) = if packed { (4 * at + 1, 4 * at + 3) } else { (16 * at + 5, 16 * at + 15) };
            frame::put_syn_stream(out, error, &blocks[0]);
            frame::put_data(out, error, b"", true);
            frame::put_syn_stream(out, data, &blocks[1]);
            frame::put_data(out, data, b"GET / HTTP/1.1\r\nHost: web\r\n\r\n", false);
            frame::put_ping(out, at * 2 + 1);
            frame::put_data(out, data, b"", true);
        }
        frame::put_rst_stream(out, 3, frame::CANCEL);
    })
}

/// A server's side, to the streams that the client's target opens: 5 and 15, 21 and 31, 37 and 47.
fn answers() -> Vec<(&'static str, Vec<u8>)> {
    let block = Packer::default().pack(&[]);
    let replies =
        |out: &mut BytesMut| [5, 15, 21, 31, 37, 47].iter().for_each(|id| frame::put_syn_reply(out, *id, &block));
    let refused = b"an error occurred forwarding 0 -> 81: failed to connect to localhost:81: connection refused";
    vec![
        (
            "answer",
            say(|out| {
                replies(out);
                frame::put_data(out, 15, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false);
                frame::put_data(out, 5, b"", true);
                frame::put_data(out, 15, b"", true);
            }),
        ),
        (
            "refused",
            say(|out| {
                replies(out);
                frame::put_data(out, 5, refused, true);
                frame::put_rst_stream(out, 15, frame::REFUSED);
                frame::put_data(out, 15, b"late", false);
            }),
        ),
        ("pongs", say(|out| (0..10).for_each(|n| frame::put_ping(out, n)))),
        (
            "away",
            say(|out| {
                frame::put_go_away(out, 15);
                frame::put_data(out, 31, &[b'x'; 3000], false);
                frame::put_data(out, 21, &[b'y'; 3000], true);
            }),
        ),
        // What fills it comes after the last byte: see `fuzz::client`.
        ("unread", [&frame::data_head(31, frame::LONGEST_DATA, true)[..], &[255]].concat()),
        ("late", [&frame::data_head(47, frame::LONGEST_DATA, true)[..], &[255]].concat()),
        ("opens", say(|out| frame::put_syn_stream(out, 2, &block))),
        ("http", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec()),
    ]
}

#[test]
#[ignore = "writes the seeds into the checkout"]
fn make() {
    let save = |target: &str, name: &str, bytes: &[u8]| {
        fs::create_dir_all(seeds(target)).unwrap();
        fs::write(seeds(target).join(name), bytes).unwrap();
    };
    let (kubectl, ours) = (requests(true), requests(false));
    for (name, bytes) in [("kubectl", &kubectl), ("portolan", &ours)] {
        save("server", name, bytes);
        save("server", &format!("{name}-cut"), &bytes[..bytes.len() * 2 / 3]);
        save("frame", name, &[b"\x00\x07\x1f\xff", &bytes[..]].concat());
    }
    for (name, bytes) in answers() {
        save("client", name, &bytes);
        save("frame", name, &[b"\x01\x00\x05\x40", &bytes[..]].concat());
    }
    let mut unread = ours[..ours.len() / 2].to_vec();
    unread.extend_from_slice(&frame::data_head(15, frame::LONGEST_DATA, true));
    unread.push(255);
    save("server", "unread", &unread);
    let settings = b"\x03\x05\x80\x03\x80\x03\x00\x04\x00\x00\x00\x14\x00\x00\x00\x02\x01\x00\x00\x04\x00\x00\x03\xe8\
        \x02\x00\x00\x07\x00\x00\xff\xff\x80\x03\x00\x09\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\xff\xff";
    save("frame", "settings-and-window", settings);
    let pair = [&of_pair("error")[..], &of_pair("data")[..], &[]];
    let lengths = |blocks: Vec<Vec<u8>>| -> Vec<u8> {
        let with_length = |block: &Vec<u8>| [&(block.len() as u16).to_be_bytes()[..], block].concat();
        blocks.iter().flat_map(with_length).collect()
    };
    save("headers", "kubectl", &lengths(compressed(&pair)));
    let mut packer = Packer::default();
    save("headers", "portolan", &lengths(pair.iter().map(|headers| packer.pack(headers)).collect()));
    let mut bomb = Compress::new(Compression::best(), true);
    let mut block = Vec::with_capacity(4096);
    bomb.compress_vec(&[0; 1024 * 1024], &mut block, FlushCompress::Sync).unwrap();
    save("headers", "bomb", &lengths(vec![block]));
    let many: Vec<(&str, &str)> = vec![("", ""); 300];
    save("headers", "many-empty", &lengths(compressed(&[&many])));
}
