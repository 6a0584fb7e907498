//! The exceptions of `_ssl`, and OpenSSL's words for what went wrong.

use std::borrow::Cow;

use macros::{pymethods, pytype};
use object::{
    AsObject, Int, Link, Module, Protocol, PyStruct, Raised, Ref, Result, Str, Thread, Tuple,
    exceptions::{self, OSError},
    id, types,
};
use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use super::state;
use crate::support;

/// An error occurred in the SSL implementation.
#[pytype(name = "ssl.SSLError", base = OSError, flags = BASETYPE | BASE_EXC_SUBCLASS)]
pub(crate) struct SslError {
    base: OSError,
}

#[pymethods]
impl SslError {
    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let strerror = self.obj().getattr(th, id!(th, "strerror"))?;
        match strerror.downcast::<Str>() {
            Ok(text) => Ok(text),
            Err(_) => self.obj().getattr(th, id!(th, "args"))?.str(th),
        }
    }
}

/// The exception classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ssl,
    ZeroReturn,
    WantRead,
    WantWrite,
    Syscall,
    Eof,
    Verification,
}

/// Those that are made with the module, their names and documentation.
const CLASSES: [(Kind, &str, &str); 6] = [
    (Kind::ZeroReturn, "SSLZeroReturnError", "SSL/TLS session closed cleanly."),
    (
        Kind::WantRead,
        "SSLWantReadError",
        "Non-blocking SSL socket needs to read more data\n\
         before the requested operation can be completed.",
    ),
    (
        Kind::WantWrite,
        "SSLWantWriteError",
        "Non-blocking SSL socket needs to write more data\n\
         before the requested operation can be completed.",
    ),
    (Kind::Syscall, "SSLSyscallError", "System error when attempting SSL operation."),
    (Kind::Eof, "SSLEOFError", "SSL/TLS connection terminated abruptly."),
    (Kind::Verification, "SSLCertVerificationError", "A certificate could not be verified."),
];

/// The class objects, by [`Kind`].
#[derive(Default)]
pub(super) struct Classes([Link; 7]);

/// Create the classes.
pub(super) fn add_classes(th: Thread<'_>, module: &Module) -> Result<()> {
    module.add_type::<SslError>(th)?;
    let base = SslError::type_object().obj();
    for (kind, name, doc) in CLASSES {
        let full = Str::from_fmt(th, format_args!("ssl.{name}"))?;
        let bases = match kind {
            Kind::Verification => {
                Tuple::from_objs(th, &[base, exceptions::types::ValueError().obj()])?
            }
            _ => Tuple::from_objs(th, &[base])?,
        };
        let class = support::new_exception(th, &full, &bases)?;
        class.setattr(th, id!(th, "__doc__"), Some(Str::new(th, doc)?.obj()))?;
        module.set(th, name, class.obj())?;
        if let Some(place) = state(th).classes.0.get(kind as usize) {
            place.set(Some(class));
        }
    }
    Ok(())
}

fn class(th: Thread<'_>, kind: Kind) -> Ref {
    let made = state(th).classes.0.get(kind as usize).and_then(Link::get);
    made.unwrap_or_else(|| SslError::type_object().obj().own())
}

/// Where in `_ssl.c` an error of CPython says that it came from.
pub(super) mod line {
    pub(in crate::_ssl) const STILL_EOF: u32 = 681;
    pub(in crate::_ssl) const HANDSHAKE: u32 = 1130;
    pub(in crate::_ssl) const WRITE: u32 = 2616;
    pub(in crate::_ssl) const READ: u32 = 2778;
    pub(in crate::_ssl) const SHUTDOWN: u32 = 2906;
    pub(in crate::_ssl) const CADATA: u32 = 4410;
    pub(in crate::_ssl) const CERTIFICATE: u32 = 4291;
    pub(in crate::_ssl) const PRIVATE_KEY: u32 = 4312;
    pub(in crate::_ssl) const LOCATIONS: u32 = 4544;
    pub(in crate::_ssl) const DH_PARAMS: u32 = 4600;
}

/// Why a certificate was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    /// OpenSSL's number.
    pub(super) code: i64,
    pub(super) message: String,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    kind: Kind,
    number: i64,
    library: Option<&'static str>,
    reason: Option<&'static str>,
    text: Cow<'static, str>,
    rejection: Option<Rejection>,
}

impl Problem {
    /// An error of OpenSSL's library `SSL`, whose text is the reason in small letters.
    pub(super) fn ssl(reason: &'static str) -> Problem {
        let text = reason.to_ascii_lowercase().replace('_', " ");
        Problem {
            kind: Kind::Ssl,
            number: 1,
            library: Some("SSL"),
            reason: Some(reason),
            text: text.into(),
            rejection: None,
        }
    }

    /// An error with its number, of a library and perhaps for a reason.
    pub(super) fn of(
        number: i64,
        library: Option<&'static str>,
        reason: Option<&'static str>,
        text: &'static str,
    ) -> Problem {
        Problem { kind: Kind::Ssl, number, library, reason, text: text.into(), rejection: None }
    }

    fn plain(kind: Kind, number: i64, text: &'static str) -> Problem {
        Problem { kind, ..Problem::of(number, None, None, text) }
    }

    pub(super) fn want_read() -> Problem {
        Problem::plain(Kind::WantRead, 2, "The operation did not complete (read)")
    }

    pub(super) fn want_write() -> Problem {
        Problem::plain(Kind::WantWrite, 3, "The operation did not complete (write)")
    }

    pub(super) fn zero_return() -> Problem {
        Problem::plain(Kind::ZeroReturn, 6, "TLS/SSL connection has been closed (EOF)")
    }

    /// The transport ended where TLS had not.
    pub(super) fn eof() -> Problem {
        Problem {
            library: Some("SSL"),
            reason: Some("UNEXPECTED_EOF_WHILE_READING"),
            ..Problem::plain(Kind::Eof, 8, "EOF occurred in violation of protocol")
        }
    }

    /// The transport has ended before.
    pub(super) fn still_eof() -> Problem {
        Problem::plain(Kind::Eof, 8, "EOF occurred in violation of protocol")
    }

    /// A certificate that was not accepted.
    pub(super) fn rejected(rejection: Rejection) -> Problem {
        Problem {
            kind: Kind::Verification,
            text: format!("certificate verify failed: {}", rejection.message).into(),
            rejection: Some(rejection),
            ..Problem::ssl("CERTIFICATE_VERIFY_FAILED")
        }
    }

    /// What the peer's alert becomes.
    fn alert(alert: AlertDescription) -> Problem {
        match ALERTS.iter().find(|(number, _)| *number == u8::from(alert)) {
            Some((_, reason)) => {
                let text = reason.to_ascii_lowercase().replace('_', " ");
                let text = text.replace("sslv3 alert", "ssl/tls alert");
                Problem { text: text.into(), ..Problem::ssl(reason) }
            }
            None => {
                let code = 0x0a00_03e8 + u32::from(u8::from(alert));
                let text = format!("unknown error (0x{code:x})").into();
                Problem { reason: None, text, ..Problem::ssl("") }
            }
        }
    }

    /// What an error of the TLS library becomes.
    pub(super) fn from_tls(error: &Error) -> Problem {
        let reason = match error {
            Error::AlertReceived(alert) => return Problem::alert(*alert),
            Error::NoCertificatesPresented => "PEER_DID_NOT_RETURN_A_CERTIFICATE",
            Error::DecryptError => "RECORD_LAYER_FAILURE",
            Error::PeerSentOversizedRecord => "DATA_LENGTH_TOO_LONG",
            Error::NoApplicationProtocol => "NO_APPLICATION_PROTOCOL",
            Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
                "UNEXPECTED_MESSAGE"
            }
            Error::InvalidMessage(invalid) => match invalid {
                InvalidMessage::UnknownProtocolVersion => "WRONG_VERSION_NUMBER",
                InvalidMessage::InvalidContentType => "UNEXPECTED_MESSAGE",
                InvalidMessage::MessageTooLarge => "ENCRYPTED_LENGTH_TOO_LONG",
                InvalidMessage::HandshakePayloadTooLarge
                | InvalidMessage::CertificatePayloadTooLarge => "EXCESSIVE_MESSAGE_SIZE",
                InvalidMessage::MessageTooShort
                | InvalidMessage::MissingData(_)
                | InvalidMessage::TrailingData(_) => "LENGTH_MISMATCH",
                _ => "BAD_EXTENSION",
            },
            Error::PeerIncompatible(incompatible) => match incompatible {
                PeerIncompatible::NoCipherSuitesInCommon
                | PeerIncompatible::NoSignatureSchemesInCommon
                | PeerIncompatible::NoKxGroupsInCommon
                | PeerIncompatible::NoEcPointFormatsInCommon => "NO_SHARED_CIPHER",
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::SupportedVersionsExtensionRequired
                | PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled => "UNSUPPORTED_PROTOCOL",
                PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon
                | PeerIncompatible::SignatureAlgorithmsExtensionRequired => {
                    "NO_SUITABLE_SIGNATURE_ALGORITHM"
                }
                _ => "BAD_EXTENSION",
            },
            Error::PeerMisbehaved(misbehaved) => match misbehaved {
                PeerMisbehaved::SelectedUnofferedCipherSuite
                | PeerMisbehaved::SelectedUnusableCipherSuiteForVersion => "WRONG_CIPHER_RETURNED",
                PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme
                | PeerMisbehaved::SignedKxWithWrongAlgorithm => "WRONG_SIGNATURE_TYPE",
                PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported => {
                    "INAPPROPRIATE_FALLBACK"
                }
                PeerMisbehaved::WrongGroupForKeyShare | PeerMisbehaved::InvalidKeyShare => {
                    "BAD_KEY_SHARE"
                }
                PeerMisbehaved::TooManyRenegotiationRequests => "NO_RENEGOTIATION",
                _ => "BAD_EXTENSION",
            },
            Error::InvalidCertificate(_) => "BAD_SIGNATURE",
            Error::General(text) => {
                let text = text.clone().into();
                return Problem { text, ..Problem::ssl("INTERNAL_ERROR") };
            }
            _ => "INTERNAL_ERROR",
        };
        Problem::ssl(reason)
    }

    /// Raise it, as an error of that line of `_ssl.c`.
    #[cold]
    pub(super) fn raise(&self, th: Thread<'_>, line: u32) -> Raised {
        let line = if *self == Problem::still_eof() { line::STILL_EOF } else { line };
        match self.exception(th, line) {
            Ok(exception) => th.raise_object(exception),
            Err(raised) => raised,
        }
    }

    fn exception(&self, th: Thread<'_>, line: u32) -> Result {
        let text = &self.text;
        let text = match (self.library, self.reason) {
            (Some(library), Some(reason)) => {
                Str::from_fmt(th, format_args!("[{library}: {reason}] {text} (_ssl.c:{line})"))?
            }
            (Some(library), None) => {
                Str::from_fmt(th, format_args!("[{library}] {text} (_ssl.c:{line})"))?
            }
            _ => Str::from_fmt(th, format_args!("{text} (_ssl.c:{line})"))?,
        };
        let number = Int::from_i64(th, self.number)?;
        let class = class(th, self.kind);
        let exception = class.call(th, &[number.obj(), text.obj()])?;
        let set = |name: &'static str, value: Option<&str>| -> Result<()> {
            let value = match value {
                Some(text) => Str::new(th, text)?.upcast(),
                None => types::none().own(),
            };
            exception.setattr(th, Str::intern_static(th, name), Some(value.obj()))
        };
        set("reason", self.reason)?;
        set("library", self.library)?;
        if let Some(rejection) = &self.rejection {
            let code = Int::from_i64(th, rejection.code)?;
            exception.setattr(th, id!(th, "verify_code"), Some(code.obj()))?;
            set("verify_message", Some(&rejection.message))?;
        }
        Ok(exception)
    }
}

/// Raise `SSLError` with nothing but a text.
#[cold]
pub(super) fn bare(th: Thread<'_>, text: &str) -> Raised {
    th.raise(SslError::type_object(), format_args!("{text}"))
}

/// Alerts and the reasons that OpenSSL gives for them.
const ALERTS: &[(u8, &str)] = &[
    (10, "SSLV3_ALERT_UNEXPECTED_MESSAGE"),
    (20, "SSLV3_ALERT_BAD_RECORD_MAC"),
    (21, "TLSV1_ALERT_DECRYPTION_FAILED"),
    (22, "TLSV1_ALERT_RECORD_OVERFLOW"),
    (30, "SSLV3_ALERT_DECOMPRESSION_FAILURE"),
    (40, "SSLV3_ALERT_HANDSHAKE_FAILURE"),
    (41, "SSLV3_ALERT_NO_CERTIFICATE"),
    (42, "SSLV3_ALERT_BAD_CERTIFICATE"),
    (43, "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"),
    (44, "SSLV3_ALERT_CERTIFICATE_REVOKED"),
    (45, "SSLV3_ALERT_CERTIFICATE_EXPIRED"),
    (46, "SSLV3_ALERT_CERTIFICATE_UNKNOWN"),
    (47, "SSLV3_ALERT_ILLEGAL_PARAMETER"),
    (48, "TLSV1_ALERT_UNKNOWN_CA"),
    (49, "TLSV1_ALERT_ACCESS_DENIED"),
    (50, "TLSV1_ALERT_DECODE_ERROR"),
    (51, "TLSV1_ALERT_DECRYPT_ERROR"),
    (60, "TLSV1_ALERT_EXPORT_RESTRICTION"),
    (70, "TLSV1_ALERT_PROTOCOL_VERSION"),
    (71, "TLSV1_ALERT_INSUFFICIENT_SECURITY"),
    (80, "TLSV1_ALERT_INTERNAL_ERROR"),
    (86, "TLSV1_ALERT_INAPPROPRIATE_FALLBACK"),
    (90, "TLSV1_ALERT_USER_CANCELLED"),
    (100, "TLSV1_ALERT_NO_RENEGOTIATION"),
    (109, "TLSV13_ALERT_MISSING_EXTENSION"),
    (110, "TLSV1_UNSUPPORTED_EXTENSION"),
    (111, "TLSV1_CERTIFICATE_UNOBTAINABLE"),
    (112, "TLSV1_UNRECOGNIZED_NAME"),
    (113, "TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE"),
    (114, "TLSV1_BAD_CERTIFICATE_HASH_VALUE"),
    (115, "TLSV1_ALERT_UNKNOWN_PSK_IDENTITY"),
    (116, "TLSV13_ALERT_CERTIFICATE_REQUIRED"),
    (120, "TLSV1_ALERT_NO_APPLICATION_PROTOCOL"),
];
