//! Name constraints: the names that an authority may speak for.

use super::{
    der::{Element, Reader, tag},
    names::{self, ADDRESS, DIRECTORY, DNS, EMAIL, URI},
    verify::Code,
    x509::{self, Certificate, oid},
};

/// Check each certificate against the constraints of those above it.
pub(super) fn check(chain: &[Certificate<'_>]) -> Result<(), Code> {
    for (index, authority) in chain.iter().enumerate().skip(1) {
        let Some(fields) = authority.sequence(oid::NAME_CONSTRAINTS) else { continue };
        for (place, below) in chain.iter().enumerate().take(index) {
            if place > 0 && below.is_self_issued() {
                continue;
            }
            check_one(fields, below)?;
            if place == 0 && !below.alternative_names().any(|name| name.tag == DNS) {
                check_common_names(fields, below)?;
            }
        }
    }
    Ok(())
}

/// Check common names, which stand for host names where there are no others.
fn check_common_names(fields: Reader<'_>, leaf: &Certificate<'_>) -> Result<(), Code> {
    for name in names::common_names(leaf.subject) {
        let text = x509::text(name);
        let is_host = text.contains('.')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.*".contains(&byte));
        if is_host {
            let value = text.as_bytes();
            check_name(fields, Element { tag: DNS, value, whole: value })?;
        }
    }
    Ok(())
}

fn check_one(fields: Reader<'_>, below: &Certificate<'_>) -> Result<(), Code> {
    let subject =
        Element { tag: DIRECTORY, value: below.subject.whole, whole: below.subject.whole };
    let has_subject = !below.subject.value.is_empty();
    let names = below.alternative_names().chain(has_subject.then_some(subject));
    for name in names {
        check_name(fields, name)?;
    }
    Ok(())
}

/// Check a name against the permitted and the excluded subtrees.
fn check_name(fields: Reader<'_>, name: Element<'_>) -> Result<(), Code> {
    let subtrees = |number: u8| {
        let wanted = tag::context(number, true);
        let mut fields = fields;
        let list = fields.find(|field| field.tag == wanted).map_or(Reader(&[]), Element::inside);
        list.filter_map(|subtree| subtree.inside().next()).filter(|base| base.tag == name.tag)
    };
    let (mut is_limited, mut is_permitted) = (false, false);
    for base in subtrees(0) {
        is_limited = true;
        is_permitted |= is_within(name, base)?;
    }
    if is_limited && !is_permitted {
        return Err(47);
    }
    for base in subtrees(1) {
        if is_within(name, base)? {
            return Err(48);
        }
    }
    Ok(())
}

/// Whether a name is in the subtree of `base`, which is of the same kind.
fn is_within(name: Element<'_>, base: Element<'_>) -> Result<bool, Code> {
    match name.tag {
        DNS => Ok(is_subdomain(name.value, base.value, true)),
        EMAIL => {
            let at = name.value.iter().rposition(|byte| *byte == b'@').ok_or(53i64)?;
            let domain = name.value.get(at + 1..).unwrap_or_default();
            if base.value.contains(&b'@') {
                return Ok(name.value.eq_ignore_ascii_case(base.value));
            }
            Ok(is_subdomain(domain, base.value, false))
        }
        URI => {
            let text = std::str::from_utf8(name.value).map_err(|_| 53i64)?;
            let (_, rest) = text.split_once("://").ok_or(53i64)?;
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default();
            Ok(is_subdomain(host.as_bytes(), base.value, false))
        }
        ADDRESS => {
            let (address, mask) = base.value.split_at_checked(base.value.len() / 2).ok_or(53i64)?;
            if address.len() != name.value.len() || mask.len() != address.len() {
                return Ok(false);
            }
            let same = |((a, b), mask): ((&u8, &u8), &u8)| a & mask == b & mask;
            Ok(name.value.iter().zip(address).zip(mask).all(same))
        }
        DIRECTORY => {
            let canonical = |element: Element<'_>| {
                element.inside().next().map(x509::canonical_name).unwrap_or_default()
            };
            Ok(canonical(name).starts_with(&canonical(base)))
        }
        _ => Err(51),
    }
}

/// Whether a host is in a domain; one that begins with a dot means hosts below it only.
fn is_subdomain(host: &[u8], domain: &[u8], below: bool) -> bool {
    if domain.is_empty() {
        return true;
    }
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    let same = host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(domain));
    if !same {
        return false;
    }
    if domain.first() == Some(&b'.') {
        return start > 0;
    }
    start == 0 || (below && start.checked_sub(1).and_then(|at| host.get(at)) == Some(&b'.'))
}
