//! Cipher suites: their names, and the strings that choose them.

use rustls::{CipherSuite, SupportedCipherSuite, crypto::ring::cipher_suite as known};

/// A cipher suite with OpenSSL's words.
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) id: u16,
    pub(super) is_13: bool,
    pub(super) bits: u32,
    symmetric: &'static str,
    encryption: &'static str,
    exchange: (&'static str, &'static str),
    authentication: (&'static str, &'static str),
    pub(super) supported: SupportedCipherSuite,
}

const ANY: (&str, &str) = ("any", "any");

const fn modern(
    name: &'static str,
    id: u16,
    bits: u32,
    cipher: (&'static str, &'static str),
    supported: SupportedCipherSuite,
) -> Suite {
    let (symmetric, encryption) = cipher;
    Suite {
        name,
        id,
        is_13: true,
        bits,
        symmetric,
        encryption,
        exchange: ANY,
        authentication: ANY,
        supported,
    }
}

const fn older(
    name: &'static str,
    id: u16,
    bits: u32,
    cipher: (&'static str, &'static str),
    authentication: (&'static str, &'static str),
    supported: SupportedCipherSuite,
) -> Suite {
    let (symmetric, encryption) = cipher;
    let exchange = ("ECDH", "ecdhe");
    Suite {
        name,
        id,
        is_13: false,
        bits,
        symmetric,
        encryption,
        exchange,
        authentication,
        supported,
    }
}

const AES_256: (&str, &str) = ("aes-256-gcm", "AESGCM(256)");
const AES_128: (&str, &str) = ("aes-128-gcm", "AESGCM(128)");
const CHACHA: (&str, &str) = ("chacha20-poly1305", "CHACHA20/POLY1305(256)");
const ECDSA: (&str, &str) = ("ECDSA", "ecdsa");
const RSA: (&str, &str) = ("RSA", "rsa");

/// The suites that there are, in OpenSSL's order of preference.
#[rustfmt::skip]
pub(super) static ALL: [Suite; 9] = [
    modern("TLS_AES_256_GCM_SHA384", 0x1302, 256, AES_256, known::TLS13_AES_256_GCM_SHA384),
    modern("TLS_CHACHA20_POLY1305_SHA256", 0x1303, 256, CHACHA, known::TLS13_CHACHA20_POLY1305_SHA256),
    modern("TLS_AES_128_GCM_SHA256", 0x1301, 128, AES_128, known::TLS13_AES_128_GCM_SHA256),
    older("ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, 256, AES_256, ECDSA, known::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    older("ECDHE-RSA-AES256-GCM-SHA384", 0xc030, 256, AES_256, RSA, known::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    older("ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9, 256, CHACHA, ECDSA, known::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    older("ECDHE-RSA-CHACHA20-POLY1305", 0xcca8, 256, CHACHA, RSA, known::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
    older("ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, 128, AES_128, ECDSA, known::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    older("ECDHE-RSA-AES128-GCM-SHA256", 0xc02f, 128, AES_128, RSA, known::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
];

impl Suite {
    pub(super) fn of(suite: CipherSuite) -> Option<&'static Suite> {
        ALL.iter().find(|known| known.id == u16::from(suite))
    }

    pub(super) fn protocol(&self) -> &'static str {
        if self.is_13 { "TLSv1.3" } else { "TLSv1.2" }
    }

    /// OpenSSL's number.
    pub(super) fn number(&self) -> u32 {
        0x0300_0000 | u32::from(self.id)
    }

    pub(super) fn description(&self) -> String {
        format!(
            "{:<30} {} Kx={:<8} Au={:<5} Enc={:<22} Mac=AEAD",
            self.name,
            self.protocol(),
            self.exchange.0,
            self.authentication.0,
            self.encryption
        )
    }

    pub(super) fn symmetric(&self) -> &'static str {
        self.symmetric
    }

    pub(super) fn key_exchange(&self) -> String {
        format!("kx-{}", self.exchange.1)
    }

    pub(super) fn authentication(&self) -> String {
        format!("auth-{}", self.authentication.1)
    }

    /// Whether a word of a cipher string means this suite.
    fn is_meant_by(&self, word: &str) -> bool {
        let aes = self.symmetric.starts_with("aes");
        match word {
            "ALL" | "DEFAULT" | "COMPLEMENTOFALL" => word != "COMPLEMENTOFALL",
            "HIGH" | "FIPS" | "TLSv1.2" | "AEAD" | "kEECDH" | "kECDHE" | "EECDH" | "ECDHE"
            | "ECDH" | "kEDH+kEECDH" => word != "FIPS" || aes,
            "AES" | "AESGCM" => aes,
            "AES128" => aes && self.bits == 128,
            "AES256" => aes && self.bits == 256,
            "CHACHA20" => !aes,
            "aRSA" | "RSA" => word == "aRSA" && self.authentication == RSA,
            "aECDSA" | "ECDSA" => self.authentication == ECDSA,
            "SHA256" | "SHA384" => false,
            name => self.name == name,
        }
    }
}

/// What a cipher string chooses.
pub(super) struct Choice {
    /// Suites of TLS 1.2, in its order.
    pub(super) suites: Vec<&'static Suite>,
    /// The security level, if it names one.
    pub(super) level: Option<u32>,
}

/// Read a cipher string. Suites that are not there are passed over, as in OpenSSL.
pub(super) fn choose(text: &str) -> Choice {
    let older = || ALL.iter().filter(|suite| !suite.is_13);
    let (mut chosen, mut dead): (Vec<&'static Suite>, Vec<u16>) = (Vec::new(), Vec::new());
    let mut level = None;
    let words = text.split([':', ',', ' ', ';']).filter(|word| !word.is_empty());
    for word in words {
        if word == "@STRENGTH" {
            chosen.sort_by_key(|suite| std::cmp::Reverse(suite.bits));
            continue;
        }
        let (word, command) = word.split_once('@').unwrap_or((word, ""));
        let named = command.strip_prefix("SECLEVEL=").and_then(|level| level.parse().ok());
        level = named.or(level);
        if word.is_empty() {
            continue;
        }
        let (action, word) = match word.split_at_checked(1) {
            Some((action @ ("!" | "-" | "+"), rest)) => (action, rest),
            _ => ("", word),
        };
        let meant: Vec<&'static Suite> =
            older().filter(|suite| word.split('+').all(|part| suite.is_meant_by(part))).collect();
        let is_meant = |suite: &&Suite| meant.iter().any(|other| other.id == suite.id);
        match action {
            "!" => {
                dead.extend(meant.iter().map(|suite| suite.id));
                chosen.retain(|suite| !is_meant(suite));
            }
            "-" => chosen.retain(|suite| !is_meant(suite)),
            "+" => {
                let (last, first): (Vec<_>, Vec<_>) = chosen.into_iter().partition(is_meant);
                chosen = first;
                chosen.extend(last);
            }
            _ => {
                for suite in meant {
                    let is_new = !chosen.iter().any(|other| other.id == suite.id);
                    if is_new && !dead.contains(&suite.id) {
                        chosen.push(suite);
                    }
                }
            }
        }
    }
    Choice { suites: chosen, level }
}
