//! Certificates and revocation lists, as views of their DER.

use super::der::{self, Element, Reader, tag};

/// Contents of the object identifiers that are looked for.
pub(super) mod oid {
    pub(in crate::_ssl) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    pub(in crate::_ssl) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
    pub(in crate::_ssl) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    pub(in crate::_ssl) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
    pub(in crate::_ssl) const ISSUER_ALT_NAME: &[u8] = &[0x55, 0x1d, 18];
    pub(in crate::_ssl) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
    pub(in crate::_ssl) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
    pub(in crate::_ssl) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
    pub(in crate::_ssl) const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 32];
    pub(in crate::_ssl) const POLICY_MAPPINGS: &[u8] = &[0x55, 0x1d, 33];
    pub(in crate::_ssl) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
    pub(in crate::_ssl) const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 36];
    pub(in crate::_ssl) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
    pub(in crate::_ssl) const INHIBIT_ANY_POLICY: &[u8] = &[0x55, 0x1d, 54];
    pub(in crate::_ssl) const AUTHORITY_INFO: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
    pub(in crate::_ssl) const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1];
    pub(in crate::_ssl) const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 2];
    pub(in crate::_ssl) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
    pub(in crate::_ssl) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
    pub(in crate::_ssl) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(in crate::_ssl) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
}

/// Bits of the key usage extension, as `1 << number`.
pub(super) mod usage {
    pub(in crate::_ssl) const DIGITAL_SIGNATURE: u16 = 1;
    pub(in crate::_ssl) const KEY_ENCIPHERMENT: u16 = 1 << 2;
    pub(in crate::_ssl) const KEY_AGREEMENT: u16 = 1 << 4;
    pub(in crate::_ssl) const KEY_CERT_SIGN: u16 = 1 << 5;
    pub(in crate::_ssl) const CRL_SIGN: u16 = 1 << 6;
}

/// An extension.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extension<'a> {
    pub(super) oid: &'a [u8],
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
}

fn extensions<'a>(list: Element<'a>) -> Option<Vec<Extension<'a>>> {
    let mut all: Vec<Extension<'_>> = Vec::new();
    let mut list = list.inside();
    while !list.is_empty() {
        let extension = list.required(tag::SEQUENCE)?;
        let mut fields = extension.inside();
        let oid = fields.required(tag::OBJECT_ID)?.value;
        let critical = fields.optional(tag::BOOLEAN).is_some_and(|flag| flag.value != [0]);
        let value = fields.required(tag::OCTET_STRING)?.value;
        let is_new = !all.iter().any(|other| other.oid == oid);
        is_new.then_some(())?;
        all.push(Extension { oid, critical, value });
    }
    Some(all)
}

/// What is signed, and the signature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    pub(super) message: &'a [u8],
    /// The contents of the algorithm identifier.
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    fn parse(bytes: &'a [u8]) -> Option<(Signed<'a>, Element<'a>)> {
        let mut fields = der::single(bytes).filter(|all| all.tag == tag::SEQUENCE)?.inside();
        let message = fields.required(tag::SEQUENCE)?;
        let algorithm = fields.required(tag::SEQUENCE)?.value;
        let signature = fields.required(tag::BIT_STRING)?.bits()?;
        Some((Signed { message: message.whole, algorithm, signature }, message))
    }
}

/// A certificate.
#[derive(Clone, Debug)]
pub(super) struct Certificate<'a> {
    pub(super) signed: Signed<'a>,
    /// As shown: 1, 2 or 3.
    pub(super) version: u32,
    /// The contents of an integer.
    pub(super) serial: &'a [u8],
    pub(super) issuer: Element<'a>,
    pub(super) not_before: Element<'a>,
    pub(super) not_after: Element<'a>,
    pub(super) subject: Element<'a>,
    pub(super) key: Element<'a>,
    pub(super) extensions: Vec<Extension<'a>>,
}

impl<'a> Certificate<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Certificate<'a>> {
        let (signed, message) = Signed::parse(der)?;
        let mut fields = message.inside();
        let version = match fields.optional(tag::context(0, true)) {
            Some(version) => version.inside().next()?.small()?.checked_add(1)?,
            None => 1,
        };
        let serial = fields.required(tag::INTEGER)?.value;
        fields.required(tag::SEQUENCE).filter(|inner| inner.value == signed.algorithm)?;
        let issuer = fields.required(tag::SEQUENCE)?;
        let mut validity = fields.required(tag::SEQUENCE)?.inside();
        let (not_before, not_after) = (validity.next()?, validity.next()?);
        let subject = fields.required(tag::SEQUENCE)?;
        let key = fields.required(tag::SEQUENCE)?;
        fields.optional(tag::context(1, false));
        fields.optional(tag::context(2, false));
        let extensions = match fields.optional(tag::context(3, true)) {
            Some(list) => extensions(list.inside().required(tag::SEQUENCE)?)?,
            None => Vec::new(),
        };
        Some(Certificate {
            signed,
            version,
            serial,
            issuer,
            not_before,
            not_after,
            subject,
            key,
            extensions,
        })
    }

    pub(super) fn extension(&self, oid: &[u8]) -> Option<Extension<'a>> {
        self.extensions.iter().find(|extension| extension.oid == oid).copied()
    }

    /// Whether the extensions that decide about trust can be read.
    pub(super) fn is_readable(&self) -> bool {
        let sequences = [
            oid::BASIC_CONSTRAINTS,
            oid::EXTENDED_KEY_USAGE,
            oid::NAME_CONSTRAINTS,
            oid::SUBJECT_ALT_NAME,
        ];
        let is_readable = |oid: &[u8]| {
            self.extension(oid).is_none() || self.sequence(oid).is_some_and(Reader::is_whole)
        };
        sequences.into_iter().all(is_readable)
            && (self.extension(oid::KEY_USAGE).is_none() || self.key_usage().is_some())
    }

    /// The elements of an extension that is a sequence.
    pub(super) fn sequence(&self, oid: &[u8]) -> Option<Reader<'a>> {
        let value = self.extension(oid)?.value;
        Some(der::single(value).filter(|all| all.tag == tag::SEQUENCE)?.inside())
    }

    /// Algorithm and bits of the public key.
    pub(super) fn public_key(&self) -> Option<PublicKey<'a>> {
        PublicKey::parse(self.key)
    }

    pub(super) fn key_usage(&self) -> Option<u16> {
        let bits = der::single(self.extension(oid::KEY_USAGE)?.value)?;
        let (_, bytes) = bits.value.split_first()?;
        let byte = |index: usize| u16::from(bytes.get(index).copied().unwrap_or(0).reverse_bits());
        Some(byte(0) | byte(1) << 8)
    }

    /// Whether it says to be an authority, and how long paths below may be.
    pub(super) fn basic_constraints(&self) -> Option<(bool, Option<u32>)> {
        let mut fields = self.sequence(oid::BASIC_CONSTRAINTS)?;
        let authority = fields.optional(tag::BOOLEAN).is_some_and(|flag| flag.value != [0]);
        Some((authority, fields.optional(tag::INTEGER).and_then(Element::small)))
    }

    pub(super) fn is_self_issued(&self) -> bool {
        canonical_name(self.subject) == canonical_name(self.issuer)
    }

    /// Whether it looks as if it signed itself.
    pub(super) fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.may_be_issued_by(self)
    }

    pub(super) fn subject_key_id(&self) -> Option<&'a [u8]> {
        let value = self.extension(oid::SUBJECT_KEY_ID)?.value;
        der::single(value).map(|id| id.value)
    }

    pub(super) fn authority_key_id(&self) -> Option<&'a [u8]> {
        let mut fields = self.sequence(oid::AUTHORITY_KEY_ID)?;
        fields.find(|field| field.tag == tag::context(0, false)).map(|id| id.value)
    }

    /// Whether names, identifiers of keys and usage allow `issuer`.
    pub(super) fn may_be_issued_by(&self, issuer: &Certificate<'_>) -> bool {
        if canonical_name(self.issuer) != canonical_name(issuer.subject) {
            return false;
        }
        if let (Some(wanted), Some(id)) = (self.authority_key_id(), issuer.subject_key_id())
            && wanted != id
        {
            return false;
        }
        // Some name the issuer's certificate by issuer and serial number.
        if let Some(mut fields) = self.sequence(oid::AUTHORITY_KEY_ID)
            && let Some(serial) = fields.find(|field| field.tag == tag::context(2, false))
            && serial.value != issuer.serial
        {
            return false;
        }
        true
    }

    /// Whether it is an authority's.
    pub(super) fn is_authority(&self) -> bool {
        if self.key_usage().is_some_and(|bits| bits & usage::KEY_CERT_SIGN == 0) {
            return false;
        }
        match self.basic_constraints() {
            Some((authority, _)) => authority,
            None => {
                (self.version == 1 && self.is_self_issued())
                    || self.extension(oid::KEY_USAGE).is_some()
            }
        }
    }

    /// The general names of the subject alternative name extension.
    pub(super) fn alternative_names(&self) -> impl Iterator<Item = Element<'a>> {
        self.sequence(oid::SUBJECT_ALT_NAME).unwrap_or(Reader(&[]))
    }
}

/// A public key.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublicKey<'a> {
    /// The contents of the algorithm identifier.
    pub(super) algorithm: &'a [u8],
    pub(super) bits: &'a [u8],
}

impl<'a> PublicKey<'a> {
    pub(super) fn parse(info: Element<'a>) -> Option<PublicKey<'a>> {
        let mut fields = info.inside();
        let algorithm = fields.required(tag::SEQUENCE)?.value;
        Some(PublicKey { algorithm, bits: fields.required(tag::BIT_STRING)?.bits()? })
    }

    /// Bits of security, by NIST's table; `None` for a kind that is not known.
    pub(super) fn strength(self) -> Option<u32> {
        let mut fields = Reader(self.algorithm);
        let kind = fields.required(tag::OBJECT_ID)?.value;
        if kind == oid::RSA {
            let mut numbers = der::single(self.bits)?.inside();
            let modulus = numbers.required(tag::INTEGER)?.value;
            let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
            let bits = (8 * modulus.len() as u32).saturating_sub(modulus.first()?.leading_zeros());
            return Some(match bits {
                15_360.. => 256,
                7_680.. => 192,
                3_072.. => 128,
                2_048.. => 112,
                1_024.. => 80,
                _ => 0,
            });
        }
        if kind == oid::EC {
            return Some(((self.bits.len() as u32).saturating_sub(1) / 2 * 8).min(521) / 2);
        }
        Some(128)
    }
}

/// A certificate revocation list.
#[derive(Clone, Debug)]
pub(super) struct RevocationList<'a> {
    pub(super) signed: Signed<'a>,
    pub(super) issuer: Element<'a>,
    pub(super) this_update: Element<'a>,
    pub(super) next_update: Option<Element<'a>>,
    revoked: Reader<'a>,
    /// Whether it has extensions that must be understood, which none is here.
    pub(super) is_special: bool,
}

impl<'a> RevocationList<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<RevocationList<'a>> {
        let (signed, message) = Signed::parse(der)?;
        let mut fields = message.inside();
        fields.optional(tag::INTEGER);
        fields.required(tag::SEQUENCE).filter(|inner| inner.value == signed.algorithm)?;
        let issuer = fields.required(tag::SEQUENCE)?;
        let this_update = fields.next()?;
        let next_update =
            fields.optional(tag::UTC_TIME).or_else(|| fields.optional(tag::GENERALIZED_TIME));
        let revoked = fields.optional(tag::SEQUENCE).map_or(Reader(&[]), Element::inside);
        let is_special = match fields.optional(tag::context(0, true)) {
            Some(list) => {
                let all = extensions(list.inside().required(tag::SEQUENCE)?)?;
                all.iter().any(|extension| extension.critical)
            }
            None => false,
        };
        Some(RevocationList { signed, issuer, this_update, next_update, revoked, is_special })
    }

    pub(super) fn revokes(&self, serial: &[u8]) -> bool {
        let mut entries = self.revoked;
        entries.any(|entry| {
            entry.inside().required(tag::INTEGER).is_some_and(|number| number.value == serial)
        })
    }
}

/// The text of a string, whatever its kind; bytes that do not fit as U+FFFD.
pub(super) fn text(string: Element<'_>) -> String {
    match string.tag {
        tag::BMP_STRING => {
            let units = string.value.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect()
        }
        tag::UNIVERSAL_STRING => string
            .value
            .chunks_exact(4)
            .map(|quad| {
                let code = quad.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
                char::from_u32(code).unwrap_or('\u{fffd}')
            })
            .collect(),
        tag::UTF8_STRING => String::from_utf8_lossy(string.value).into_owned(),
        _ => string.value.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Whether OpenSSL takes a string of this kind for text when it compares names.
fn is_text(tag: u8) -> bool {
    matches!(tag, 0x0c | 0x13 | 0x14 | 0x16 | 0x1a | 0x1c | 0x1e)
}

/// The form of a name in which names are compared and hashed: text in UTF-8
/// and lower case, with single spaces. It has no header of its own.
pub(super) fn canonical_name(name: Element<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for set in name.inside() {
        let mut attributes = Vec::new();
        for attribute in set.inside() {
            let mut fields = attribute.inside();
            let (Some(kind), Some(value)) = (fields.next(), fields.next()) else { continue };
            let mut contents = kind.whole.to_vec();
            if is_text(value.tag) {
                let text = text(value).to_ascii_lowercase();
                let words: Vec<&str> = text
                    .split(|c: char| c.is_ascii_whitespace())
                    .filter(|w| !w.is_empty())
                    .collect();
                der::write(&mut contents, tag::UTF8_STRING, words.join(" ").as_bytes());
            } else {
                contents.extend(value.whole);
            }
            der::write(&mut attributes, tag::SEQUENCE, &contents);
        }
        der::write(&mut out, tag::SET, &attributes);
    }
    out
}

/// The number under which OpenSSL looks for a name in a folder.
pub(super) fn name_hash(name: Element<'_>) -> u32 {
    use sha1::{Digest, Sha1};
    let digest = Sha1::digest(canonical_name(name));
    digest.iter().take(4).rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}
