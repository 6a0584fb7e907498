//! Names and numbers of object identifiers, as OpenSSL has them.

use super::der;

/// Lines of number, object identifier, short name, and long name if that differs.
const TABLE: &str = include_str!("oids.tsv");

/// An object that OpenSSL has a number for.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) nid: u32,
    pub(super) oid: &'static str,
    pub(super) short: &'static str,
    pub(super) long: &'static str,
}

fn all() -> impl Iterator<Item = Known> {
    TABLE.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let nid = fields.next()?.parse().ok()?;
        let (oid, short, long) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Known { nid, oid, short, long: if long.is_empty() { short } else { long } })
    })
}

pub(super) fn by_number(nid: u32) -> Option<Known> {
    all().find(|known| known.nid == nid)
}

pub(super) fn by_oid(oid: &str) -> Option<Known> {
    all().find(|known| known.oid == oid)
}

/// By short or long name.
pub(super) fn by_name(name: &str) -> Option<Known> {
    all().find(|known| known.short == name || known.long == name)
}

/// The long name, or the numbers of an object that has none.
pub(super) fn text(value: &[u8]) -> String {
    let oid = der::dotted(value).unwrap_or_default();
    match by_oid(&oid) {
        Some(known) => known.long.to_owned(),
        None => oid,
    }
}
