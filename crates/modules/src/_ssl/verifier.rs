//! What the TLS library asks about certificates.
//!
//! It resumes a session only with the verifier object of the first connection,
//! so a context has one for all its connections. What a connection wants to
//! know is put into [`Exchange`] before it processes data, and what was found
//! is taken out afterwards; nothing else runs in between.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerMisbehaved,
    SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        ClientHello, ResolvesServerCert,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};

use super::{
    errors::Rejection,
    store::Store,
    verify::{self, Question, Verdict},
    x509::Certificate,
};

/// What a context trusts, shared with its connections.
pub(super) type SharedStore = Arc<Mutex<Store>>;

/// Look into a lock that nothing panics in.
pub(super) fn unlock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A question and its answer.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    pub(super) question: Option<Question>,
    /// Whether a certificate that is rejected ends the connection.
    pub(super) insists: bool,
    pub(super) verdict: Option<Verdict>,
}

/// Looks at the certificates of the peers of a context.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) store: SharedStore,
    pub(super) exchange: Mutex<Exchange>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn look(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut exchange = unlock(&self.exchange);
        let Some(mut question) = exchange.question.clone() else {
            return Err(Error::General("nothing was asked".to_owned()));
        };
        question.now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let presented: Vec<&[u8]> =
            std::iter::once(leaf).chain(others).map(|one| one.as_ref()).collect();
        let verdict = verify::verify(&question, &mut unlock(&self.store), &presented);
        let result = match &verdict.rejection {
            Some(rejection) if exchange.insists => Err(refusal(rejection)),
            _ => Ok(()),
        };
        exchange.verdict = Some(verdict);
        result
    }

    fn check_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        is_13: bool,
    ) -> Result<HandshakeSignatureValid, Error> {
        let bad = || Error::InvalidCertificate(CertificateError::BadSignature);
        let certificate = Certificate::parse(leaf)
            .ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let key = certificate.public_key().ok_or_else(bad)?;
        let scheme = self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let (scheme, algorithms) =
            scheme.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        if is_13
            && matches!(
                scheme,
                SignatureScheme::RSA_PKCS1_SHA256
                    | SignatureScheme::RSA_PKCS1_SHA384
                    | SignatureScheme::RSA_PKCS1_SHA512
            )
        {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        // The curve is part of the scheme since TLS 1.3.
        let algorithms = algorithms.get(..if is_13 { 1 } else { algorithms.len() });
        let is_valid = algorithms.unwrap_or_default().iter().any(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == key.algorithm
                && algorithm.verify_signature(key.bits, message, signed.signature()).is_ok()
        });
        if is_valid { Ok(HandshakeSignatureValid::assertion()) } else { Err(bad()) }
    }
}

/// The error whose alert is the one that OpenSSL sends.
fn refusal(rejection: &Rejection) -> Error {
    Error::InvalidCertificate(match rejection.code {
        2 | 3 | 12 | 18..=22 | 24 | 79 => CertificateError::UnknownIssuer,
        7 => CertificateError::BadSignature,
        10 => CertificateError::Expired,
        23 => CertificateError::Revoked,
        26 => CertificateError::InvalidPurpose,
        9 | 41 | 62 | 64 | 66..=68 => CertificateError::NotValidForName,
        _ => CertificateError::Other(OtherError(Arc::new(std::io::Error::other(
            rejection.message.clone(),
        )))),
    })
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.look(leaf, others, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, leaf, signed, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, leaf, signed, true)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Asks clients for certificates.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    pub(super) verifier: Arc<Verifier>,
    pub(super) asks: bool,
    pub(super) requires: bool,
}

impl ClientCertVerifier for ClientVerifier {
    fn offer_client_auth(&self) -> bool {
        self.asks
    }

    fn client_auth_mandatory(&self) -> bool {
        self.requires
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verifier.look(leaf, others, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.check_signature(message, leaf, signed, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.check_signature(message, leaf, signed, true)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.algorithms.supported_schemes()
    }
}

/// The certificates that a context shows, one for each kind of key.
#[derive(Debug, Default)]
pub(super) struct Credentials(pub(super) Vec<Arc<CertifiedKey>>);

impl Credentials {
    fn choose(&self, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let usable = |one: &&Arc<CertifiedKey>| one.key.choose_scheme(schemes).is_some();
        self.0.iter().find(usable).cloned()
    }
}

impl ResolvesServerCert for Credentials {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.signature_schemes())
    }
}

impl ResolvesClientCert for Credentials {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.choose(schemes)
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}
