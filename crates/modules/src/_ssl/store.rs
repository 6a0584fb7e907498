//! Certificates and revocation lists that a context trusts.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    der::Element,
    pem::{Blocks, Ill},
    x509::{self, Certificate, RevocationList},
};

/// The labels of certificates.
const CERTIFICATE_LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// The DER of a certificate in a PEM block.
pub(super) fn certificate_of(label: &str, data: Vec<u8>) -> Option<Vec<u8>> {
    if !CERTIFICATE_LABELS.contains(&label) {
        return None;
    }
    if label == "TRUSTED CERTIFICATE" {
        // What it is trusted for follows the certificate.
        let mut reader = super::der::Reader(&data);
        return reader.next().map(|certificate| certificate.whole.to_vec());
    }
    Some(data)
}

/// What a context trusts.
#[derive(Debug, Default)]
pub(super) struct Store {
    certificates: Vec<Arc<[u8]>>,
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
    lists: Vec<Arc<[u8]>>,
    /// Folders where files are named by the hash of a subject.
    folders: Vec<PathBuf>,
}

/// How many of what a store has.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) certificates: usize,
    pub(super) authorities: usize,
    pub(super) lists: usize,
}

impl Store {
    /// Add a certificate; false if it is none.
    pub(super) fn add_certificate(&mut self, der: &[u8]) -> bool {
        let Some(certificate) = Certificate::parse(der) else { return false };
        let known = self.by_subject.entry(x509::canonical_name(certificate.subject)).or_default();
        let is_known = known
            .iter()
            .any(|index| self.certificates.get(*index).is_some_and(|other| **other == *der));
        if !is_known {
            known.push(self.certificates.len());
            self.certificates.push(der.into());
        }
        true
    }

    /// Add a revocation list; false if it is none.
    fn add_list(&mut self, der: &[u8]) -> bool {
        if RevocationList::parse(der).is_none() {
            return false;
        }
        if !self.lists.iter().any(|known| **known == *der) {
            self.lists.push(der.into());
        }
        true
    }

    /// Add all certificates and lists of a PEM text: how many, and what ended it.
    pub(super) fn add_pem(&mut self, text: &[u8]) -> (usize, Ill) {
        let (mut blocks, mut count) = (Blocks::new(text), 0);
        loop {
            let block = match blocks.next() {
                Ok(block) => block,
                Err(ill) => return (count, ill),
            };
            let added = if block.label == "X509 CRL" {
                self.add_list(&block.data)
            } else {
                match certificate_of(&block.label, block.data) {
                    Some(der) => self.add_certificate(&der),
                    None => continue,
                }
            };
            if !added {
                return (count, Ill::BadBase64);
            }
            count += 1;
        }
    }

    pub(super) fn add_folder(&mut self, folder: PathBuf) {
        if !self.folders.contains(&folder) {
            self.folders.push(folder);
        }
    }

    /// Load what the folders have for a name; `infix` is empty for certificates, `r` for lists.
    fn load(&mut self, name: Element<'_>, infix: &str) {
        if self.folders.is_empty() {
            return;
        }
        let hash = x509::name_hash(name);
        for folder in self.folders.clone() {
            for number in 0.. {
                let path: PathBuf = Path::new(&folder).join(format!("{hash:08x}.{infix}{number}"));
                let Ok(text) = std::fs::read(path) else { break };
                self.add_pem(&text);
            }
        }
    }

    fn known(&self, subject: Element<'_>) -> Vec<Arc<[u8]>> {
        let indices = self.by_subject.get(&x509::canonical_name(subject));
        let indices = indices.map(Vec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|index| self.certificates.get(*index).cloned()).collect()
    }

    /// The certificates of a subject.
    pub(super) fn of_subject(&mut self, subject: Element<'_>) -> Vec<Arc<[u8]>> {
        let known = self.known(subject);
        if !known.is_empty() {
            return known;
        }
        self.load(subject, "");
        self.known(subject)
    }

    /// The revocation lists of an issuer.
    pub(super) fn lists_of(&mut self, issuer: Element<'_>) -> Vec<Arc<[u8]>> {
        self.load(issuer, "r");
        let name = x509::canonical_name(issuer);
        let is_issuers = |der: &&Arc<[u8]>| {
            RevocationList::parse(der).is_some_and(|list| x509::canonical_name(list.issuer) == name)
        };
        self.lists.iter().filter(is_issuers).cloned().collect()
    }

    /// The certificates of authorities, in the order of loading.
    pub(super) fn authorities(&self) -> Vec<Arc<[u8]>> {
        let is_authority =
            |der: &&Arc<[u8]>| Certificate::parse(der).is_some_and(|one| one.is_authority());
        self.certificates.iter().filter(is_authority).cloned().collect()
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            certificates: self.certificates.len(),
            authorities: self.authorities().len(),
            lists: self.lists.len(),
        }
    }
}
