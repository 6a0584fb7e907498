//! Whether a chain of certificates is to be trusted, in OpenSSL's words.
//!
//! A path is built from the leaf upwards, trusted issuers first. Then come, in
//! this order: extensions, strength of keys, the name of the host, revocation,
//! signatures and times from the root downwards, and name constraints. The
//! first failure is the answer.

use std::{net::IpAddr, sync::Arc};

use rustls::{crypto::WebPkiSupportedAlgorithms, pki_types::SignatureVerificationAlgorithm};

use super::{
    constraints, der,
    errors::Rejection,
    names,
    store::Store,
    x509::{Certificate, PublicKey, RevocationList, Signed, oid, usage},
};

/// `verify_flags`
pub(super) mod flag {
    pub(in crate::_ssl) const CRL_CHECK: u64 = 0x4;
    pub(in crate::_ssl) const CRL_CHECK_ALL: u64 = 0x8;
    pub(in crate::_ssl) const STRICT: u64 = 0x20;
    pub(in crate::_ssl) const PARTIAL_CHAIN: u64 = 0x8_0000;
}

/// Longest chain, as OpenSSL has it.
const MAX_DEPTH: usize = 101;

/// What a certificate is checked for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// Seconds since 1970.
    pub(super) now: i64,
    pub(super) flags: u64,
    pub(super) host_flags: u32,
    /// The host that the leaf must name.
    pub(super) host: Option<String>,
    /// Whether the peer is a client.
    pub(super) is_client: bool,
    /// OpenSSL's security level.
    pub(super) level: u32,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    /// The path from the leaf as far as it was built.
    pub(super) chain: Vec<Arc<[u8]>>,
    pub(super) rejection: Option<Rejection>,
}

/// The text of a code.
fn text(code: i64) -> &'static str {
    match code {
        2 => "unable to get issuer certificate",
        3 => "unable to get certificate CRL",
        6 => "unable to decode issuer public key",
        7 => "certificate signature failure",
        8 => "CRL signature failure",
        9 => "certificate is not yet valid or the system clock is incorrect",
        10 => "certificate has expired",
        11 => "CRL is not yet valid",
        12 => "CRL has expired",
        13 => "format error in certificate's notBefore field",
        14 => "format error in certificate's notAfter field",
        15 => "format error in CRL's lastUpdate field",
        16 => "format error in CRL's nextUpdate field",
        18 => "self-signed certificate",
        19 => "self-signed certificate in certificate chain",
        20 => "unable to get local issuer certificate",
        22 => "certificate chain too long",
        23 => "certificate revoked",
        25 => "path length constraint exceeded",
        26 => "unsuitable certificate purpose",
        28 => "certificate rejected",
        34 => "unhandled critical extension",
        35 => "key usage does not include CRL signing",
        36 => "unhandled critical CRL extension",
        41 => "invalid or inconsistent certificate extension",
        47 => "permitted subtree violation",
        48 => "excluded subtree violation",
        51 => "unsupported name constraint type",
        53 => "unsupported or invalid name syntax",
        66 => "EE certificate key too weak",
        67 => "CA certificate key too weak",
        68 => "CA signature digest algorithm too weak",
        76 => "Cannot find certificate signature algorithm",
        79 => "invalid CA certificate",
        80 => "Path length invalid for non-CA cert",
        81 => "Path length given without key usage keyCertSign",
        82 => "Key usage keyCertSign invalid for non-CA cert",
        83 => "Issuer name empty",
        84 => "Subject name empty",
        85 => "Missing Authority Key Identifier",
        86 => "Missing Subject Key Identifier",
        87 => "Empty Subject Alternative Name extension",
        88 => "Subject empty and Subject Alt Name extension not critical",
        89 => "Basic Constraints of CA cert not marked critical",
        90 => "Authority Key Identifier marked critical",
        91 => "Subject Key Identifier marked critical",
        92 => "CA cert does not include key usage extension",
        93 => "Using cert extension requires at least X509v3",
        _ => "unspecified certificate verification error",
    }
}

/// A failed check: OpenSSL's number.
pub(super) type Code = i64;

/// Check `presented`, the peer's certificates, its own first.
pub(super) fn verify(question: &Question, store: &mut Store, presented: &[&[u8]]) -> Verdict {
    let (chain, end) = build(question, store, presented);
    let result = end.and_then(|()| check(question, store, &chain));
    let rejection = result.err().map(|code| Rejection {
        code,
        message: match (code, &question.host) {
            (62, Some(host)) => {
                format!("Hostname mismatch, certificate is not valid for '{host}'.")
            }
            (64, Some(host)) => {
                format!("IP address mismatch, certificate is not valid for '{host}'.")
            }
            _ => text(code).to_owned(),
        },
    });
    Verdict { chain, rejection }
}

/// The best of some certificates: one that is valid now, else any.
fn best(now: i64, candidates: Vec<Arc<[u8]>>) -> Option<Arc<[u8]>> {
    let is_valid = |der: &&Arc<[u8]>| {
        Certificate::parse(der).is_some_and(|one| {
            der::time(one.not_before).is_some_and(|time| time <= now)
                && der::time(one.not_after).is_some_and(|time| now <= time)
        })
    };
    candidates.iter().find(is_valid).or(candidates.first()).cloned()
}

/// Build a path that ends in a trusted certificate.
fn build(
    question: &Question,
    store: &mut Store,
    presented: &[&[u8]],
) -> (Vec<Arc<[u8]>>, Result<(), Code>) {
    let partial = question.flags & flag::PARTIAL_CHAIN != 0;
    let mut chain: Vec<Arc<[u8]>> = Vec::new();
    let Some((leaf, others)) = presented.split_first() else { return (chain, Err(20)) };
    chain.push((*leaf).into());
    let mut others: Vec<&[u8]> = others.to_vec();
    let mut untrusted = 1;
    loop {
        let Some(last) = chain.last().cloned() else { return (chain, Err(20)) };
        let Some(current) = Certificate::parse(&last) else { return (chain, Err(41)) };
        let self_signed = current.is_self_signed();
        let is_trusted =
            untrusted < chain.len() || store.of_subject(current.subject).contains(&last);
        if is_trusted && (self_signed || partial) {
            return (chain, Ok(()));
        }
        if self_signed {
            return (chain.clone(), Err(if chain.len() == 1 { 18 } else { 19 }));
        }
        if chain.len() >= MAX_DEPTH {
            return (chain, Err(22));
        }
        let issues = |der: &[u8]| {
            Certificate::parse(der).is_some_and(|issuer| current.may_be_issued_by(&issuer))
        };
        let candidates: Vec<Arc<[u8]>> = store
            .of_subject(current.issuer)
            .into_iter()
            .filter(|der| issues(der) && !chain.contains(der))
            .collect();
        if let Some(issuer) = best(question.now, candidates) {
            chain.push(issuer);
            continue;
        }
        if untrusted < chain.len() {
            return (chain, Err(2));
        }
        let Some(index) = others.iter().position(|der| issues(der)) else {
            return (chain, Err(20));
        };
        chain.push(others.remove(index).into());
        untrusted += 1;
    }
}

fn check(question: &Question, store: &mut Store, chain: &[Arc<[u8]>]) -> Result<(), Code> {
    let parsed: Vec<Certificate<'_>> =
        chain.iter().map(|der| Certificate::parse(der)).collect::<Option<_>>().ok_or(41)?;
    let Some(leaf) = parsed.first() else { return Err(20) };
    if parsed.iter().any(is_distrusted) {
        return Err(28);
    }
    check_extensions(question, &parsed)?;
    check_strength(&parsed, question.level)?;
    check_host(question, leaf)?;
    check_revocation(question, store, &parsed)?;
    check_signatures(question, &parsed)?;
    constraints::check(&parsed)
}

/// SHA-256 of public keys that CPython 3.14.10 does not trust, whoever vouches for them.
const DISTRUSTED: [&str; 8] = [
    "43bffa19d6ef651451f6841e019931e96f6f2eaeff28ab4b6f1ce4576de2717b",
    "49dd353dc2b919a3770645117d0e60c16115e7d1bc259eefe734b00ea434fe5f",
    "5c0660a2b164910d8ff589c18e14552e9e0ec237dcefe2cb736d41a4811f81a0",
    "63ecefee431d49523bc1136c4e72d0206a477086caf606cd5cf025686c109cf8",
    "92c063d67e8f14db71d288e11266ffdaf69cbf115f7bab14f3bc2f68d25e0e30",
    "e0254c7fcdc265e2f0f8a428dabb75ab4ae039b4872d62f5ee57f0877d5a8a41",
    "ebed6475c2c2d80fcb199f3fe8dd6e6b3ce60b77eb15d4e42c3dec0c6f5b5105",
    "ec4ffa1ad0ac88081314b7aaffef6a91f97cd57291bb5ba686c5415f5eb4f6b6",
];

// COMPAT: test_ssl.SSLObjectTests.test_distrusted_spki.
fn is_distrusted(one: &Certificate<'_>) -> bool {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(one.key.whole);
    let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    DISTRUSTED.contains(&hexadecimal.as_str())
}

/// Extensions that are understood when they are critical.
const HANDLED: [&[u8]; 11] = [
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::ISSUER_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::INHIBIT_ANY_POLICY,
];

fn check_extensions(question: &Question, chain: &[Certificate<'_>]) -> Result<(), Code> {
    let strict = question.flags & flag::STRICT != 0;
    let mut below = 0;
    for (index, one) in chain.iter().enumerate() {
        let is_unhandled =
            one.extensions.iter().any(|ext| ext.critical && !HANDLED.contains(&ext.oid));
        if is_unhandled {
            return Err(34);
        }
        if !one.is_readable() {
            return Err(41);
        }
        if index > 0 {
            let plain = one.basic_constraints().is_some_and(|(authority, _)| authority);
            if !one.is_authority() || (!plain && (strict || index + 1 < chain.len())) {
                return Err(79);
            }
        }
        if strict && chain.len() > 1 {
            check_strictly(one, index, chain.len())?;
        }
        if !suits(one, index, question.is_client) {
            return Err(26);
        }
        if index > 0
            && let Some((true, Some(length))) = one.basic_constraints()
            && below > length
        {
            return Err(25);
        }
        if index > 0 && !one.is_self_issued() {
            below += 1;
        }
    }
    Ok(())
}

/// What RFC 5280 asks for and most programs do not.
fn check_strictly(one: &Certificate<'_>, index: usize, length: usize) -> Result<(), Code> {
    let basic = one.basic_constraints();
    let is_authority = basic.is_some_and(|(authority, _)| authority);
    let signs = one.key_usage().is_some_and(|bits| bits & usage::KEY_CERT_SIGN != 0);
    let ensure = |condition: bool, code: Code| if condition { Ok(()) } else { Err(code) };
    let has_length = basic.is_some_and(|(_, length)| length.is_some());
    if is_authority {
        ensure(one.extension(oid::BASIC_CONSTRAINTS).is_none_or(|ext| ext.critical), 89)?;
        ensure(one.key_usage().is_some(), 92)?;
    } else {
        ensure(!has_length, 80)?;
    }
    ensure(!has_length || signs, 81)?;
    ensure(!signs || is_authority, 82)?;
    ensure(!one.issuer.value.is_empty(), 83)?;
    let alternatives = one.extension(oid::SUBJECT_ALT_NAME);
    if one.subject.value.is_empty() {
        ensure(!is_authority && alternatives.is_some(), 84)?;
        ensure(alternatives.is_none_or(|ext| ext.critical), 88)?;
    }
    ensure(alternatives.is_none() || one.alternative_names().next().is_some(), 87)?;
    ensure(one.extension(oid::AUTHORITY_KEY_ID).is_none_or(|ext| !ext.critical), 90)?;
    ensure(one.extension(oid::SUBJECT_KEY_ID).is_none_or(|ext| !ext.critical), 91)?;
    if one.version >= 3 {
        ensure(index + 1 >= length || one.authority_key_id().is_some(), 85)?;
        ensure(!is_authority || one.subject_key_id().is_some(), 86)?;
    } else {
        ensure(one.extensions.is_empty(), 93)?;
    }
    Ok(())
}

/// Whether the usages of a certificate allow this one.
fn suits(one: &Certificate<'_>, index: usize, is_client: bool) -> bool {
    let purpose = if is_client { oid::CLIENT_AUTH } else { oid::SERVER_AUTH };
    if let Some(mut purposes) = one.sequence(oid::EXTENDED_KEY_USAGE)
        && !purposes.any(|allowed| allowed.value == purpose)
    {
        return false;
    }
    let needed = match (index, is_client) {
        (0, true) => usage::DIGITAL_SIGNATURE | usage::KEY_AGREEMENT,
        (0, false) => usage::DIGITAL_SIGNATURE | usage::KEY_ENCIPHERMENT | usage::KEY_AGREEMENT,
        _ => return true,
    };
    one.key_usage().is_none_or(|bits| bits & needed != 0)
}

/// The least bits of security at a security level.
pub(super) fn strength_of(level: u32) -> u32 {
    match level {
        0 => 0,
        1 => 80,
        2 => 112,
        3 => 128,
        4 => 192,
        _ => 256,
    }
}

fn check_strength(chain: &[Certificate<'_>], level: u32) -> Result<(), Code> {
    for (index, one) in chain.iter().enumerate() {
        let key = one.public_key().ok_or(6)?;
        if key.strength().is_some_and(|bits| bits < strength_of(level)) {
            return Err(if index == 0 { 66 } else { 67 });
        }
        if level > 0 && index + 1 < chain.len() && is_weak_signature(one.signed.algorithm) {
            return Err(68);
        }
    }
    Ok(())
}

/// Signatures over MD2, MD4, MD5 or SHA-1.
fn is_weak_signature(algorithm: &[u8]) -> bool {
    let kind =
        der::Reader(algorithm).required(der::tag::OBJECT_ID).and_then(|id| der::dotted(id.value));
    matches!(
        kind.as_deref(),
        Some(
            "1.2.840.113549.1.1.2"
                | "1.2.840.113549.1.1.3"
                | "1.2.840.113549.1.1.4"
                | "1.2.840.113549.1.1.5"
                | "1.2.840.10045.4.1"
                | "1.2.840.10040.4.3"
        )
    )
}

fn check_host(question: &Question, leaf: &Certificate<'_>) -> Result<(), Code> {
    let Some(host) = &question.host else { return Ok(()) };
    if let Ok(address) = host.parse::<IpAddr>() {
        return if names::has_address(leaf, address) { Ok(()) } else { Err(64) };
    }
    if names::has_host(leaf, host, question.host_flags) { Ok(()) } else { Err(62) }
}

fn check_revocation(
    question: &Question,
    store: &mut Store,
    chain: &[Certificate<'_>],
) -> Result<(), Code> {
    if question.flags & flag::CRL_CHECK == 0 {
        return Ok(());
    }
    let all = question.flags & flag::CRL_CHECK_ALL != 0;
    for (index, one) in chain.iter().enumerate() {
        if index > 0 && !all {
            break;
        }
        let issuer = chain.get(index + 1).unwrap_or(one);
        let lists = store.lists_of(one.issuer);
        let parsed: Vec<RevocationList<'_>> =
            lists.iter().filter_map(|der| RevocationList::parse(der)).collect();
        let newest = parsed.iter().max_by_key(|list| der::time(list.this_update));
        let list = newest.ok_or(3)?;
        if issuer.key_usage().is_some_and(|bits| bits & usage::CRL_SIGN == 0) {
            return Err(35);
        }
        if list.is_special {
            return Err(36);
        }
        if der::time(list.this_update).ok_or(15)? > question.now {
            return Err(11);
        }
        if let Some(next) = list.next_update
            && der::time(next).ok_or(16)? < question.now
        {
            return Err(12);
        }
        let key = issuer.public_key().ok_or(6)?;
        if !is_signed_by(question.algorithms.all, &list.signed, key) {
            return Err(8);
        }
        if list.revokes(one.serial) {
            return Err(23);
        }
    }
    Ok(())
}

fn check_signatures(question: &Question, chain: &[Certificate<'_>]) -> Result<(), Code> {
    for (index, one) in chain.iter().enumerate().rev() {
        // The root's own signature says nothing.
        if let Some(issuer) = chain.get(index + 1) {
            let key = issuer.public_key().ok_or(6)?;
            if !is_signed_by(question.algorithms.all, &one.signed, key) {
                return Err(7);
            }
        }
        if der::time(one.not_before).ok_or(13)? > question.now {
            return Err(9);
        }
        if der::time(one.not_after).ok_or(14)? < question.now {
            return Err(10);
        }
    }
    Ok(())
}

/// Whether a signature is one of a key.
fn is_signed_by(
    algorithms: &[&'static dyn SignatureVerificationAlgorithm],
    signed: &Signed<'_>,
    key: PublicKey<'_>,
) -> bool {
    algorithms
        .iter()
        .filter(|algorithm| {
            algorithm.signature_alg_id().as_ref() == signed.algorithm
                && algorithm.public_key_alg_id().as_ref() == key.algorithm
        })
        .any(|algorithm| {
            algorithm.verify_signature(key.bits, signed.message, signed.signature).is_ok()
        })
}
