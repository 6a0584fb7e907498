//! Source bytes to text: byte order mark, encoding cookie, line ends.

use crate::error::{CompileError, ErrorKind, Result};

/// Decodes the encodings that the compiler does not know itself. It gets the
/// encoding's name and the source; `None` says that there is no such codec.
pub type DecodeHook<'a> = &'a dyn Fn(&str, &[u8]) -> Option<Result<String>>;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Text with `\n` line ends and a final newline.
pub(crate) fn normalize(text: &str) -> String {
    let mut normal = String::with_capacity(text.len() + 1);
    let mut rest = text;
    while let Some(at) = rest.find('\r') {
        normal.push_str(&rest[..at]);
        normal.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    normal.push_str(rest);
    normal
}

/// Decode a source file as PEP 263 says.
pub(crate) fn decode(source: &[u8], hook: Option<DecodeHook<'_>>) -> Result<String> {
    let (body, bom) = match source.strip_prefix(BOM) {
        Some(body) => (body, true),
        None => (source, false),
    };
    let Some(cookie) = cookie(body) else { return utf8(body) };
    let normal = normal_name(&cookie);
    if bom && normal != "utf-8" {
        let message = format!("encoding problem: {cookie} with BOM");
        let mut error = CompileError::new(ErrorKind::SyntaxError, message);
        let text = String::from_utf8_lossy(body);
        let found = text.lines().take(2).position(|line| line.contains(&cookie));
        let line = found.unwrap_or(0);
        error.lineno = line as i32 + 1;
        error.end_lineno = error.lineno;
        error.end_offset = text.lines().nth(line).map_or(0, |line| line.chars().count() as i32);
        error.text = text.lines().nth(line).map(str::to_owned);
        return Err(error);
    }
    match normal.as_str() {
        "utf-8" => utf8(body),
        "utf8" | "u8" | "utf" | "utf8-ucs2" | "utf8-ucs4" | "cp65001"
            if std::str::from_utf8(body).is_ok() =>
        {
            utf8(body)
        }
        "iso-8859-1" => Ok(body.iter().map(|byte| char::from(*byte)).collect()),
        "ascii" | "us-ascii" | "646" | "us" => {
            match body.iter().position(|byte| !byte.is_ascii()) {
                None => utf8(body),
                Some(at) => {
                    let message = format!(
                        "'ascii' codec can't decode byte 0x{:02x} in position {at}: ordinal not in range(128)",
                        body[at]
                    );
                    let mut error = CompileError::new(ErrorKind::SyntaxError, message);
                    error.offset = -1;
                    Err(error)
                }
            }
        }
        _ => match hook.and_then(|hook| hook(&cookie, body)) {
            Some(text) => text,
            None => {
                let message = format!("unknown encoding: {cookie}");
                let mut error = CompileError::new(ErrorKind::SyntaxError, message);
                error.offset = -1;
                Err(error)
            }
        },
    }
}

fn utf8(body: &[u8]) -> Result<String> {
    match std::str::from_utf8(body) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.valid_up_to();
            let line = body[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            let byte = body.get(at).copied().unwrap_or(0);
            let message = format!(
                "Non-UTF-8 code starting with '\\x{byte:02x}' on line {line}, but no encoding \
                 declared; see https://peps.python.org/pep-0263/ for details"
            );
            let start = body[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let column = String::from_utf8_lossy(&body[start..at]).chars().count() as i32;
            let mut error = CompileError::new(ErrorKind::SyntaxError, message);
            error.lineno = line as i32;
            error.end_lineno = error.lineno;
            error.offset = column + 1;
            error.end_offset = error.offset;
            let rest = body[start..].split(|byte| matches!(byte, b'\n' | b'\r')).next();
            error.text = rest.map(|line| String::from_utf8_lossy(line).into_owned());
            Err(error)
        }
    }
}

/// The encoding named in a comment on the first two lines.
fn cookie(body: &[u8]) -> Option<String> {
    let mut lines = body.split(|byte| *byte == b'\n' || *byte == b'\r');
    for _ in 0..2 {
        let line = lines.next()?;
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c'));
        let Some(start) = start else { continue };
        if line[start] != b'#' {
            return None;
        }
        if let Some(name) = coding(&line[start..]) {
            return Some(name);
        }
    }
    None
}

fn coding(comment: &[u8]) -> Option<String> {
    let mut at = 0;
    while let Some(found) = comment[at..].windows(6).position(|window| window == b"coding") {
        at += found + 6;
        if !matches!(comment.get(at), Some(b':' | b'=')) {
            continue;
        }
        let rest = comment.get(at + 1..)?;
        let rest = &rest[rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..];
        let name: String = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            .map(|byte| char::from(*byte))
            .collect();
        if !name.is_empty() {
            return Some(name);
        }
    }
    None
}

fn normal_name(name: &str) -> String {
    let lower: String = name
        .chars()
        .take(12)
        .map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() })
        .collect();
    if lower == "utf-8" || lower.starts_with("utf-8-") {
        return "utf-8".to_owned();
    }
    for latin in ["latin-1", "iso-8859-1", "iso-latin-1", "latin1", "l1"] {
        if lower == latin || lower.starts_with(&format!("{latin}-")) {
            return "iso-8859-1".to_owned();
        }
    }
    name.to_ascii_lowercase().replace('_', "-")
}
