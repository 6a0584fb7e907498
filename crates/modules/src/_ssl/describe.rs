//! Certificates for Python: as dicts, and as objects.

use std::fmt::Write;

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, CompareOp, Dict, Head, IntoObject, List, Obj, Protocol, Ref, Result, Str,
    Thread, Tuple, alloc_object, raise, types,
};

use super::{
    der::{self, Element, tag},
    errors, names, oids, pem,
    x509::{self, Certificate, oid},
};

fn tuple(th: Thread<'_>, items: Vec<Ref>) -> Result {
    Tuple::from_refs(th, items).map(Ref::upcast)
}

/// The attributes of a relative name.
fn attributes<'a>(set: Element<'a>) -> impl Iterator<Item = (Element<'a>, Element<'a>)> {
    set.inside().filter_map(|attribute| {
        let mut fields = attribute.inside();
        Some((fields.next()?, fields.next()?))
    })
}

/// A name: a tuple of relative names, which are tuples of pairs.
fn name(th: Thread<'_>, name: Element<'_>) -> Result {
    let mut sets = Vec::new();
    for set in name.inside() {
        let mut pairs = Vec::new();
        for (kind, value) in attributes(set) {
            pairs.push((oids::text(kind.value), x509::text(value)).into_object(th)?);
        }
        sets.push(tuple(th, pairs)?);
    }
    tuple(th, sets)
}

/// `Aug 29 14:23:16 2018 GMT`
fn time(element: Element<'_>) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some(seconds) = der::time(element) else { return "Bad time value".to_owned() };
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The civil calendar, years beginning in March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 2 } else { month - 10 };
    let year = year + 400 * era + i64::from(month < 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    let month = MONTHS.get(month as usize).copied().unwrap_or_default();
    format!("{month} {day:2} {hour:02}:{minute:02}:{second:02} {year} GMT")
}

/// The digits of a serial number.
fn serial(value: &[u8]) -> String {
    let is_negative = value.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut magnitude = value.to_vec();
    if is_negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let start = magnitude.iter().position(|byte| *byte != 0).unwrap_or(magnitude.len());
    let digits = magnitude.get(start..).unwrap_or_default();
    let mut text = if is_negative { "-".to_owned() } else { String::new() };
    if digits.is_empty() {
        text.push_str("00");
    }
    for byte in digits {
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// An address as OpenSSL writes it.
fn address(bytes: &[u8]) -> String {
    match bytes {
        [a, b, c, d] => format!("{a}.{b}.{c}.{d}"),
        bytes if bytes.len() == 16 => {
            let groups: Vec<String> = bytes
                .chunks(2)
                .map(|pair| format!("{:X}", pair.iter().fold(0u32, |a, b| a << 8 | u32::from(*b))))
                .collect();
            groups.join(":")
        }
        _ => "<invalid>".to_owned(),
    }
}

/// A general name: what kind, and which.
fn general_name(th: Thread<'_>, general: Element<'_>) -> Result {
    let text = || x509::text(Element { tag: tag::UTF8_STRING, ..general });
    let (kind, value) = match general.tag {
        names::EMAIL => ("email", text()),
        names::DNS => ("DNS", text()),
        names::URI => ("URI", text()),
        names::ADDRESS => ("IP Address", address(general.value)),
        names::REGISTERED => {
            ("Registered ID", der::dotted(general.value).unwrap_or("<INVALID>".to_owned()))
        }
        names::DIRECTORY => {
            let inner = general.inside().next().unwrap_or(general);
            return ("DirName", name(th, inner)?).into_object(th);
        }
        0xa3 => ("X400Name", "<unsupported>".to_owned()),
        0xa5 => ("EdiPartyName", "<unsupported>".to_owned()),
        _ => ("othername", "<unsupported>".to_owned()),
    };
    (kind, value).into_object(th)
}

/// The addresses under a kind of access to the authority; `None` if there are none.
fn access(th: Thread<'_>, certificate: &Certificate<'_>, kind: &[u8]) -> Result<Option<Ref>> {
    let Some(descriptions) = certificate.sequence(oid::AUTHORITY_INFO) else { return Ok(None) };
    let mut all = Vec::new();
    for description in descriptions {
        let mut fields = description.inside();
        if let (Some(method), Some(place)) = (fields.next(), fields.next())
            && method.value == kind
            && place.tag == names::URI
        {
            all.push(String::from_utf8_lossy(place.value).into_owned().into_object(th)?);
        }
    }
    if all.is_empty() { Ok(None) } else { tuple(th, all).map(Some) }
}

/// Where revocation lists are.
fn distribution_points(th: Thread<'_>, certificate: &Certificate<'_>) -> Result<Option<Ref>> {
    let Some(points) = certificate.sequence(oid::CRL_DISTRIBUTION_POINTS) else {
        return Ok(None);
    };
    let (name, full) = (tag::context(0, true), tag::context(0, true));
    let mut all = Vec::new();
    let names = points
        .filter_map(|point| point.inside().find(|field| field.tag == name))
        .filter_map(|point| point.inside().find(|field| field.tag == full))
        .flat_map(Element::inside)
        .filter(|general| general.tag == names::URI);
    for general in names {
        all.push(String::from_utf8_lossy(general.value).into_owned().into_object(th)?);
    }
    if all.is_empty() { Ok(None) } else { tuple(th, all).map(Some) }
}

/// What `getpeercert` returns for a certificate.
pub(super) fn certificate(th: Thread<'_>, der: &[u8]) -> Result<Ref<Dict>> {
    let Some(certificate) = Certificate::parse(der) else {
        return Err(errors::bare(th, "Error decoding certificate"));
    };
    let dict = Dict::new(th)?;
    let set = |key: &str, value: Ref| dict.set_str(th, key, value.obj());
    set("subject", name(th, certificate.subject)?)?;
    set("issuer", name(th, certificate.issuer)?)?;
    set("version", certificate.version.into_object(th)?)?;
    set("serialNumber", serial(certificate.serial).into_object(th)?)?;
    set("notBefore", time(certificate.not_before).into_object(th)?)?;
    set("notAfter", time(certificate.not_after).into_object(th)?)?;
    let mut alternatives = Vec::new();
    for general in certificate.alternative_names() {
        alternatives.push(general_name(th, general)?);
    }
    if !alternatives.is_empty() {
        set("subjectAltName", tuple(th, alternatives)?)?;
    }
    let others = [
        ("OCSP", access(th, &certificate, oid::OCSP)?),
        ("caIssuers", access(th, &certificate, oid::CA_ISSUERS)?),
        ("crlDistributionPoints", distribution_points(th, &certificate)?),
    ];
    for (key, value) in others {
        if let Some(value) = value {
            set(key, value)?;
        }
    }
    Ok(dict)
}

/// A name as RFC 2253 has it: the last part first.
fn rfc_2253(name: Element<'_>) -> String {
    let sets: Vec<Element<'_>> = name.inside().collect();
    let parts: Vec<String> = sets
        .into_iter()
        .rev()
        .map(|set| {
            let shown: Vec<String> = attributes(set)
                .map(|(kind, value)| {
                    let oid = der::dotted(kind.value).unwrap_or_default();
                    let kind = oids::by_oid(&oid).map_or(oid, |known| known.short.to_owned());
                    format!("{kind}={}", escaped(&x509::text(value)))
                })
                .collect();
            shown.join("+")
        })
        .collect();
    parts.join(",")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        let at_edge = (index == 0 && matches!(c, ' ' | '#')) || (index == last && c == ' ');
        if at_edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        if c.is_ascii() {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "\\{byte:02X}");
            }
        }
    }
    out
}

#[pytype(name = "_ssl.Certificate", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct CertificateObject {
    head: Head,
    #[traverse(skip)]
    der: Box<[u8]>,
}

/// Certificates as a list of objects.
pub(super) fn objects<'a>(
    th: Thread<'_>,
    chain: impl Iterator<Item = &'a [u8]>,
) -> Result<Ref<List>> {
    let list = List::new(th)?;
    for der in chain {
        let object = CertificateObject { head: Head::new(), der: der.into() };
        list.push(th, alloc_object::new(th, object)?.upcast())?;
    }
    Ok(list)
}

/// Encodings of `public_bytes`.
const ENCODING_PEM: i32 = 1;
const ENCODING_DER: i32 = 2;

#[pymethods]
impl CertificateObject {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let subject = Certificate::parse(&self.der).map(|one| rfc_2253(one.subject));
        Str::from_fmt(th, format_args!("<_ssl.Certificate '{}'>", subject.unwrap_or_default()))
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        Bytes::new(th, &self.der)?.obj().hash(th)
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Ref {
        let other = other.downcast::<CertificateObject>();
        match (other, op) {
            (Some(other), CompareOp::Eq | CompareOp::Ne) => {
                types::bool_((self.der == other.der) == (op == CompareOp::Eq)).own()
            }
            _ => types::not_implemented().own(),
        }
    }

    #[sig = "($self, /, format=Encoding.PEM)"]
    fn public_bytes(&self, th: Thread<'_>, format: Option<i32>) -> Result {
        match format.unwrap_or(ENCODING_PEM) {
            ENCODING_PEM => pem::encode("CERTIFICATE", &self.der).into_object(th),
            ENCODING_DER => Bytes::new(th, &self.der).map(Ref::upcast),
            _ => raise!(th, ValueError, "Unsupported format"),
        }
    }

    #[sig = "($self, /)"]
    fn get_info(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        certificate(th, &self.der)
    }
}
