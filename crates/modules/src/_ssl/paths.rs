//! Where the system keeps the certificates that it trusts.

use std::path::PathBuf;

/// Files with all certificates, of one system or the other.
const FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/lib/ssl/cert.pem",
];

/// Folders with a file for each certificate.
const FOLDERS: [&str; 3] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/lib/ssl/certs"];

pub(super) const FILE_VARIABLE: &str = "SSL_CERT_FILE";
pub(super) const FOLDER_VARIABLE: &str = "SSL_CERT_DIR";

/// A file and a folder.
pub(super) struct Paths {
    pub(super) file: &'static str,
    pub(super) folder: &'static str,
}

impl Paths {
    /// What this system has.
    pub(super) fn find() -> Paths {
        fn first(candidates: &[&'static str]) -> Option<&'static str> {
            candidates.iter().copied().find(|path| std::fs::exists(path).unwrap_or(false))
        }
        Paths {
            file: first(&FILES).unwrap_or("/etc/ssl/cert.pem"),
            folder: first(&FOLDERS).unwrap_or("/etc/ssl/certs"),
        }
    }

    /// The file, unless the environment names another.
    pub(super) fn file_to_use(&self) -> PathBuf {
        std::env::var_os(FILE_VARIABLE).map_or_else(|| self.file.into(), PathBuf::from)
    }

    /// The folder, unless the environment names others.
    pub(super) fn folders_to_use(&self) -> Vec<PathBuf> {
        match std::env::var_os(FOLDER_VARIABLE) {
            Some(folders) => std::env::split_paths(&folders).collect(),
            None => vec![self.folder.into()],
        }
    }
}
