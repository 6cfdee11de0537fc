//! Bytes that look random and are the same for the same seed: SplitMix64, which podserver knows, too. Whoever gets them can
//! tell the first that is wrong, missing or doubled.

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use crate::carries::ended;

/// What is written and read at once. Not a divisor of anything, so that borders of buffers fall everywhere.
const PIECE: usize = 50_021;

/// Asks podserver's ports that begin by reading a number (`noise`, `reset`, `slow`).
///
/// # Errors
/// When it cannot be sent.
pub async fn ask(tunnel: &mut TcpStream, number: usize) -> Result<(), String> {
    let asked = tunnel.write_all(&(number as u64).to_le_bytes()).await;
    asked.map_err(|error| format!("cannot ask for {number} bytes: {error}"))
}

/// Sends the `bytes` that `seed` stands for.
///
/// # Errors
/// When they are not taken.
pub async fn send(mut to: impl AsyncWrite + Unpin, seed: u64, bytes: usize) -> Result<(), String> {
    let mut noise = Noise::new(seed);
    let mut piece = vec![0; PIECE];
    let mut sent = 0;
    while sent < bytes {
        let piece = &mut piece[..PIECE.min(bytes - sent)];
        noise.fill(piece);
        to.write_all(piece).await.map_err(|error| format!("cannot send on after {sent} of {bytes} bytes: {error}"))?;
        sent += piece.len();
    }
    Ok(())
}

/// Reads the `bytes` that `seed` stands for.
///
/// # Errors
/// At the first that is another, or does not come.
pub async fn compare(mut from: impl AsyncRead + Unpin, seed: u64, bytes: usize) -> Result<(), String> {
    let mut noise = Noise::new(seed);
    let mut came = vec![0; PIECE];
    let mut got = 0;
    while got < bytes {
        let came = &mut came[..PIECE.min(bytes - got)];
        from.read_exact(came).await.map_err(|error| format!("got {got} of {bytes} bytes, then: {}", ended(&error)))?;
        noise.matches(came, got)?;
        got += came.len();
    }
    Ok(())
}

/// Reads what `seed` stands for until the connection ends, however that is; returns how much came, and how it ended.
///
/// # Errors
/// At the first byte that is another.
pub async fn compare_to_the_end(
    mut from: impl AsyncRead + Unpin,
    seed: u64,
) -> Result<(usize, std::io::Result<()>), String> {
    let mut noise = Noise::new(seed);
    let mut came = vec![0; PIECE];
    let mut got = 0;
    loop {
        match from.read(&mut came).await {
            Ok(0) => return Ok((got, Ok(()))),
            Err(error) => return Ok((got, Err(error))),
            Ok(size) => {
                noise.matches(&came[..size], got)?;
                got += size;
            }
        }
    }
}

struct Noise {
    state: u64,
    word: [u8; 8],
    /// How much of the word is yet to come.
    left: usize,
}

impl Noise {
    fn new(seed: u64) -> Noise {
        Noise { state: seed, word: [0; 8], left: 0 }
    }

    fn fill(&mut self, piece: &mut [u8]) {
        let (begun, rest) = piece.split_at_mut(self.left.min(piece.len()));
        begun.copy_from_slice(&self.word[8 - self.left..][..begun.len()]);
        self.left -= begun.len();
        for word in rest.chunks_mut(8) {
            self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            self.word = mixed.to_le_bytes();
            word.copy_from_slice(&self.word[..word.len()]);
            self.left = 8 - word.len();
        }
    }

    /// Compares the next piece, which begins at the byte `at`.
    fn matches(&mut self, came: &[u8], at: usize) -> Result<(), String> {
        let mut expected = vec![0; came.len()];
        self.fill(&mut expected);
        if came == expected {
            return Ok(());
        }
        let wrong = came.iter().zip(&expected).position(|(came, expected)| came != expected).unwrap_or_default();
        Err(format!("byte {} is {:#04x}, expected {:#04x}", at + wrong, came[wrong], expected[wrong]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_length_are_the_same_noise() {
        let mut whole = vec![0; 10_000];
        Noise::new(7).fill(&mut whole);
        assert_eq!(whole[..8], 0x63cb_e1e4_5932_0dd7_u64.to_le_bytes(), "SplitMix64's first of the seed 7");
        for size in [1, 3, 8, 13, 4096] {
            let mut pieces = vec![0; whole.len()];
            let mut noise = Noise::new(7);
            pieces.chunks_mut(size).for_each(|piece| noise.fill(piece));
            assert!(pieces == whole, "in pieces of {size}");
        }
    }

    #[tokio::test]
    async fn a_byte_too_few_and_one_that_is_wrong() {
        let mut sent = Vec::new();
        send(&mut sent, 1, 100_000).await.expect("memory takes all");
        compare(&sent[..], 1, 100_000).await.expect("as it was sent");
        let error = compare(&sent[..99_999], 1, 100_000).await.expect_err("one is missing");
        assert!(error.starts_with("got 50021 of"), "{error}");
        let (got, end) = compare_to_the_end(&sent[..99_999], 1).await.expect("as far as it came");
        assert!(got == 99_999 && end.is_ok());
        sent[77_777] ^= 1;
        for error in [compare(&sent[..], 1, 100_000).await.err(), compare_to_the_end(&sent[..], 1).await.err()] {
            assert!(error.as_deref().is_some_and(|error| error.starts_with("byte 77777 is")), "{error:?}");
        }
    }
}
