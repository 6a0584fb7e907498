//! ASCII and Latin-1.

use super::{DecodeErrors, Decoded, Decoding, EncodeErrors, Encoding, Handler};
use crate::{TextBuf, Units};

/// Decode ASCII.
pub fn decode_ascii<H: DecodeErrors>(input: &[u8], handler: &mut H) -> Result<Decoded, H::Error> {
    let mut d = Decoding::new("ascii", input, handler);
    loop {
        let rest = d.input.get(d.position..).unwrap_or_default();
        let run = rest.iter().position(|b| !b.is_ascii()).unwrap_or(rest.len());
        d.out.extend_latin1(rest.get(..run).unwrap_or_default());
        d.position += run;
        if d.position >= d.input.len() {
            return Ok(d.done());
        }
        d.fail(d.position, d.position + 1, "ordinal not in range(128)")?;
    }
}

/// Decode Latin-1, which cannot fail.
pub fn decode_latin1(input: &[u8]) -> TextBuf {
    TextBuf::Ucs1(input.to_vec())
}

/// Encode to ASCII.
pub fn encode_ascii<H: EncodeErrors>(
    input: Units<'_>,
    handler: &mut H,
) -> Result<Vec<u8>, H::Error> {
    encode(input, 128, "ascii", "ordinal not in range(128)", handler)
}

/// Encode to Latin-1.
pub fn encode_latin1<H: EncodeErrors>(
    input: Units<'_>,
    handler: &mut H,
) -> Result<Vec<u8>, H::Error> {
    encode(input, 256, "latin-1", "ordinal not in range(256)", handler)
}

fn encode<H: EncodeErrors>(
    input: Units<'_>,
    limit: u32,
    encoding: &'static str,
    reason: &'static str,
    handler: &mut H,
) -> Result<Vec<u8>, H::Error> {
    if let Units::Ucs1(bytes) = input
        && (limit == 256 || bytes.is_ascii())
    {
        return Ok(bytes.to_vec());
    }
    let mut e = Encoding::new(encoding, input, handler);
    while let Some(code) = input.get(e.position) {
        if code < limit {
            e.out.push(code as u8);
            e.position += 1;
            continue;
        }
        // COMPAT: `surrogateescape` by name escapes what it can before it fails;
        // the error then starts after it.
        if (0xdc80..0xdd00).contains(&code) && e.handler.builtin() == Some(Handler::SurrogateEscape)
        {
            e.out.push((code - 0xdc00) as u8);
            e.position += 1;
            continue;
        }
        let start = e.position;
        let bad = input.slice(start, usize::MAX).iter().take_while(|&c| c >= limit).count();
        e.fail(start, start + bad, reason, 1, |out, code| {
            if code < limit {
                out.push(code as u8);
            }
            code < limit
        })?;
    }
    Ok(e.out)
}
