//! The names in certificates, and whether a host is meant.

use std::net::IpAddr;

use super::{
    der::{Element, tag},
    x509::{self, Certificate, oid},
};

/// `_host_flags`
mod flag {
    pub(super) const ALWAYS_CHECK_SUBJECT: u32 = 0x1;
    pub(super) const NO_WILDCARDS: u32 = 0x2;
    pub(super) const NO_PARTIAL_WILDCARDS: u32 = 0x4;
    pub(super) const MULTI_LABEL_WILDCARDS: u32 = 0x8;
    pub(super) const NEVER_CHECK_SUBJECT: u32 = 0x20;
}

/// Tags of general names.
pub(super) const EMAIL: u8 = tag::context(1, false);
pub(super) const DNS: u8 = tag::context(2, false);
pub(super) const DIRECTORY: u8 = tag::context(4, true);
pub(super) const URI: u8 = tag::context(6, false);
pub(super) const ADDRESS: u8 = tag::context(7, false);
pub(super) const REGISTERED: u8 = tag::context(8, false);

/// The bytes of an address.
pub(super) fn address_bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

pub(super) fn has_address(leaf: &Certificate<'_>, address: IpAddr) -> bool {
    let wanted = address_bytes(address);
    leaf.alternative_names().any(|name| name.tag == ADDRESS && name.value == wanted)
}

/// The common names of a subject.
pub(super) fn common_names<'a>(name: Element<'a>) -> impl Iterator<Item = Element<'a>> {
    name.inside().flat_map(Element::inside).filter_map(|attribute| {
        let mut fields = attribute.inside();
        let kind = fields.next()?;
        fields.next().filter(|_| kind.value == oid::COMMON_NAME)
    })
}

pub(super) fn has_host(leaf: &Certificate<'_>, host: &str, flags: u32) -> bool {
    let mut has_dns = false;
    for name in leaf.alternative_names().filter(|name| name.tag == DNS) {
        has_dns = true;
        if matches(name.value, host.as_bytes(), flags) {
            return true;
        }
    }
    if flags & flag::NEVER_CHECK_SUBJECT != 0
        || (has_dns && flags & flag::ALWAYS_CHECK_SUBJECT == 0)
    {
        return false;
    }
    common_names(leaf.subject)
        .any(|name| matches(x509::text(name).as_bytes(), host.as_bytes(), flags))
}

/// Whether a name of a certificate, perhaps with a wildcard, is the host's.
fn matches(pattern: &[u8], host: &[u8], flags: u32) -> bool {
    if pattern.contains(&0) {
        return false;
    }
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    if flags & flag::NO_WILDCARDS != 0 {
        return false;
    }
    let Some(star) = wildcard(pattern, flags) else { return false };
    let (Some(before), Some(after)) = (pattern.get(..star), pattern.get(star + 1..)) else {
        return false;
    };
    let Some(rest) = host.len().checked_sub(before.len() + after.len()) else { return false };
    let (Some(start), Some(middle), Some(end)) = (
        host.get(..before.len()),
        host.get(before.len()..before.len() + rest),
        host.get(before.len() + rest..),
    ) else {
        return false;
    };
    if !start.eq_ignore_ascii_case(before) || !end.eq_ignore_ascii_case(after) {
        return false;
    }
    let is_whole = before.is_empty() && after.first() == Some(&b'.');
    if is_whole && middle.is_empty() {
        return false;
    }
    let is_idna = |label: &[u8]| label.get(..4).is_some_and(|x| x.eq_ignore_ascii_case(b"xn--"));
    if !is_whole && is_idna(host) {
        return false;
    }
    let multi = is_whole && flags & flag::MULTI_LABEL_WILDCARDS != 0;
    middle.iter().all(|byte| {
        byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_' || (multi && *byte == b'.')
    })
}

/// Where a pattern has its one valid wildcard: in the first label, with at
/// least two labels after it.
fn wildcard(pattern: &[u8], flags: u32) -> Option<usize> {
    let star = pattern.iter().position(|byte| *byte == b'*')?;
    let first = pattern.split(|byte| *byte == b'.').next()?;
    let labels = pattern.split(|byte| *byte == b'.');
    if star >= first.len() || labels.clone().count() < 3 || labels.clone().any(<[u8]>::is_empty) {
        return None;
    }
    let is_partial = first.len() > 1;
    if is_partial
        && (flags & flag::NO_PARTIAL_WILDCARDS != 0
            || first.get(..4).is_some_and(|x| x.eq_ignore_ascii_case(b"xn--")))
    {
        return None;
    }
    let others = pattern.get(star + 1..)?;
    (!others.contains(&b'*')).then_some(star)
}
