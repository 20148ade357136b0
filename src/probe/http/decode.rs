//! Undoes the compression of a body, within bounds.
//!
//! A few kilobytes can unpack to gigabytes. So every decoder writes into a vector that ends
//! at the limit, windows are bounded, and encodings may be stacked only so often. What could
//! be unpacked before a fault is kept: a challenge page may be cut in the middle.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

use crate::model::printable::printable;
use crate::model::{Cause, Reason};

/// Most encodings on top of each other.
const STACKED: usize = 3;
/// Largest window of zstd: what its standard asks every decoder to support.
const WINDOW: u64 = 8 * 1024 * 1024;

/// What came of it.
pub(super) struct Decoded {
    /// The unpacked body; `None` if it was not packed.
    pub(super) bytes: Option<Vec<u8>>,
    /// Why it ends where it does.
    pub(super) fault: Option<Cause>,
}

/// Unpacks a body as its `Content-Encoding` says, to at most `most` bytes.
pub(super) fn undo(headers: &HeaderMap, body: &[u8], most: usize) -> Decoded {
    let mut decoded = Decoded {
        bytes: None,
        fault: None,
    };
    let codings = match codings(headers) {
        Ok(codings) => codings,
        Err(cause) => {
            decoded.fault = Some(cause);
            return decoded;
        }
    };
    for coding in codings.iter().rev() {
        let input = decoded.bytes.as_deref().unwrap_or(body);
        let mut output = Vec::new();
        let end = coding.unpack(input, &mut output, most);
        decoded.bytes = Some(output);
        if let Err(error) = end {
            decoded.fault = Some(match error {
                Fault::TooLarge => Cause::new(
                    Reason::HttpTooLarge,
                    format!(
                        "body is larger than {most} bytes when decompressed ({})",
                        coding.name()
                    ),
                ),
                Fault::Damaged => Cause::new(
                    Reason::HttpEncoding,
                    format!(
                        "body cannot be decompressed: {} bytes are not {}",
                        body.len(),
                        coding.name()
                    ),
                ),
            });
            break;
        }
    }
    decoded
}

/// An encoding we can undo.
#[derive(Clone, Copy, Debug)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

enum Fault {
    TooLarge,
    Damaged,
}

/// The encodings in the order they were applied.
fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, Cause> {
    let mut found = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for name in text.split(',') {
            let name = name.trim().to_ascii_lowercase();
            found.push(match name.as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                other => {
                    return Err(Cause::new(
                        Reason::HttpEncoding,
                        format!("content encoding \"{}\" is not known", printable(other, 40)),
                    ));
                }
            });
            if found.len() > STACKED {
                return Err(Cause::new(
                    Reason::HttpEncoding,
                    format!("more than {STACKED} content encodings on top of each other"),
                ));
            }
        }
    }
    Ok(found)
}

impl Coding {
    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    fn unpack(self, input: &[u8], output: &mut Vec<u8>, most: usize) -> Result<(), Fault> {
        match self {
            Self::Gzip => drain(MultiGzDecoder::new(input), output, most),
            Self::Brotli => drain(
                brotli_decompressor::Decompressor::new(input, 4096),
                output,
                most,
            ),
            Self::Zstd => zstd(input, output, most),
            Self::Deflate => {
                // The standard means zlib's wrapping, some servers send the bare stream. The
                // first two bytes tell, but for one bare stream in a thousand: then try again.
                let wrapped = matches!(input, [a, b, ..]
                    if a & 15 == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0);
                match inflate(input, wrapped, output, most) {
                    Err(Fault::Damaged) if wrapped => {
                        let mut bare = Vec::new();
                        inflate(input, false, &mut bare, most)?;
                        *output = bare;
                        Ok(())
                    }
                    end => end,
                }
            }
        }
    }
}

/// Reads to the end or to the limit.
fn drain(mut from: impl Read, output: &mut Vec<u8>, most: usize) -> Result<(), Fault> {
    let mut buffer = [0; 8192];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => append(&buffer[..read], output, most)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Fault::Damaged),
        }
    }
}

fn append(bytes: &[u8], output: &mut Vec<u8>, most: usize) -> Result<(), Fault> {
    let room = most.saturating_sub(output.len());
    output.extend_from_slice(&bytes[..bytes.len().min(room)]);
    if bytes.len() > room {
        return Err(Fault::TooLarge);
    }
    Ok(())
}

/// Not through flate2's reader, which takes the end of the input for the end of the stream.
fn inflate(
    mut input: &[u8],
    wrapped: bool,
    output: &mut Vec<u8>,
    most: usize,
) -> Result<(), Fault> {
    let mut stream = Decompress::new(wrapped);
    let mut buffer = [0; 8192];
    loop {
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        let status = stream
            .decompress(input, &mut buffer, FlushDecompress::None)
            .map_err(|_| Fault::Damaged)?;
        let read = usize::try_from(stream.total_in() - before_in).unwrap_or(input.len());
        let written = usize::try_from(stream.total_out() - before_out).unwrap_or(buffer.len());
        input = &input[read..];
        append(&buffer[..written], output, most)?;
        match status {
            Status::StreamEnd => return Ok(()),
            _ if read == 0 && written == 0 => return Err(Fault::Damaged),
            _ => {}
        }
    }
}

/// One frame after the other; skippable ones are skipped.
fn zstd(mut input: &[u8], output: &mut Vec<u8>, most: usize) -> Result<(), Fault> {
    use ruzstd::decoding::StreamingDecoder;
    while !input.is_empty() {
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, rest @ ..] = input {
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            input = rest.get(length..).ok_or(Fault::Damaged)?;
            continue;
        }
        let mut decoder = StreamingDecoder::new_with_max_window_size(input, WINDOW)
            .map_err(|_| Fault::Damaged)?;
        drain(&mut decoder, output, most)?;
        input = decoder.into_inner();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    fn undone(coding: &'static str, body: &[u8]) -> Decoded {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        undo(&headers, body, 10_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// The decoders are other people's, the bytes anybody's.
        #[test]
        fn rubbish_is_refused_without_harm(
            coding in prop::sample::select(vec!["gzip", "deflate", "br", "zstd"]),
            body in proptest::collection::vec(any::<u8>(), 1..300),
        ) {
            let size = undone(coding, &body).bytes.unwrap().len();
            prop_assert!(size <= 10_000);
        }

        /// Rubbish that begins well gets further in.
        #[test]
        fn damaged_zstd_is_refused_without_harm(
            text in proptest::collection::vec(0_u8..4, 1..2000),
            at in any::<prop::sample::Index>(),
            with in any::<u8>(),
        ) {
            use ruzstd::encoding::{CompressionLevel, compress_to_vec};
            let mut packed = compress_to_vec(&text[..], CompressionLevel::Fastest);
            let at = at.index(packed.len());
            packed[at] = with;
            prop_assert!(undone("zstd", &packed).bytes.unwrap().len() <= 10_000);
        }
    }

    #[test]
    fn a_zstd_frame_with_a_huge_window_is_refused() {
        // Magic, descriptor, window of 2^41 bytes.
        let body = [0x28, 0xb5, 0x2f, 0xfd, 0, 0xff, 1, 0, 0];
        let fault = undone("zstd", &body).fault.unwrap();
        assert_eq!(fault.reason, Reason::HttpEncoding);
    }
}
