//! Tests of the parent module.

use super::utf16::ByteOrder;
use super::*;

fn decoded(
    result: Result<Decoded, DecodeError>,
) -> Result<(String, usize), (usize, usize, &'static str)> {
    result.map(|d| (d.text.to_string(), d.consumed)).map_err(|e| (e.start, e.end, e.reason))
}

#[test]
fn utf8_errors_are_where_cpython_sees_them() {
    let strict = |bytes: &[u8]| decoded(utf8::decode(bytes, true, &mut Handler::Strict));
    assert_eq!(strict(b"a\xff"), Err((1, 2, "invalid start byte")));
    assert_eq!(strict(b"\xe2\x82"), Err((0, 2, "unexpected end of data")));
    assert_eq!(strict(b"\xe2\x82a"), Err((0, 2, "invalid continuation byte")));
    assert_eq!(strict(b"\xed\xa0\x80"), Err((0, 1, "invalid continuation byte")));
    let partial = decoded(utf8::decode(b"a\xe2\x82", false, &mut Handler::Strict));
    assert_eq!(partial, Ok(("a".to_owned(), 1)));
}

#[test]
fn surrogates_survive_a_round_trip() {
    let bytes = b"a\xff\xed\xb2\x80\xe2\x82\xac";
    for handler in [Handler::SurrogateEscape, Handler::SurrogatePass] {
        let Ok(d) = utf8::decode(bytes, true, &mut handler.clone()) else {
            assert_eq!(handler, Handler::SurrogatePass);
            continue;
        };
        assert_eq!(utf8::encode(d.text.as_units(), &mut handler.clone()), Ok(bytes.to_vec()));
    }
    let text = TextBuf::from_code(0xd800);
    for order in [ByteOrder::Native, ByteOrder::Little, ByteOrder::Big] {
        let bytes = utf16::encode(text.as_units(), order, &mut Handler::SurrogatePass).unwrap();
        let back = utf16::decode(&bytes, order, true, &mut Handler::SurrogatePass).unwrap();
        assert_eq!(back.0.text, text);
    }
}

#[test]
fn every_multibyte_codec_reads_what_it_writes() {
    for name in cjk::names() {
        let codec = cjk::Codec::from_name(name).unwrap();
        for code in (0x80..0x3_0000).filter(|&code| !is_surrogate(code)) {
            if (name, code) == ("euc_kr", 0x3164) {
                // The Hangul filler also starts an eight-byte form, so it does not come back.
                continue;
            }
            let text = TextBuf::from_code(code);
            let encoded = codec.encode(text.as_units(), true, &mut Handler::Strict);
            let Ok((bytes, _)) = encoded else { continue };
            let back = codec.decode(&bytes, true, &mut Handler::Strict);
            assert!(back.is_ok(), "{name} {code:x} {bytes:x?}");
        }
    }
    let codec = iso2022::Codec::from_name("iso2022_jp").unwrap();
    let text = TextBuf::from("a\u{65e5}b");
    let mut state = Default::default();
    let (bytes, _) = codec.encode(text.as_units(), true, &mut state, &mut Handler::Strict).unwrap();
    assert_eq!(bytes, b"a\x1b$BF|\x1b(Bb");
}

#[test]
fn a_handler_may_exchange_the_input() {
    struct Exchange;
    impl DecodeErrors for Exchange {
        type Error = ();

        fn decode(&mut self, _: &[u8], _: DecodeError) -> Result<DecodeResume, ()> {
            let input = Some(b"xyz".to_vec());
            Ok(DecodeResume { text: "-".into(), position: 1, input })
        }
    }
    let d = single_byte::decode_ascii(b"ab\xff", &mut Exchange).unwrap();
    assert_eq!(d.text.to_string(), "ab-yz");
}

#[test]
fn escapes_report_the_first_invalid_one() {
    let (d, invalid) =
        unicode_escape::decode(b"\\x41\\q\\N{DIGIT ONE}\\777", true, &mut Handler::Strict).unwrap();
    assert_eq!(d.text.to_string(), "A\\q1\u{1ff}");
    assert_eq!(invalid.map(|i| (i.position, i.code)), Some((5, u32::from('q'))));
}
