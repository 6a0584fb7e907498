//! `_ssl`: TLS, by rustls and ring (`docs/decisions/0003`).
//!
//! [`engine`] is a connection without its transport, [`connection`] gives it a
//! socket or two `MemoryBIO`s and is what Python sees. Certificates are read
//! by [`der`] and [`x509`], and judged by [`verify`] in OpenSSL's words.

mod bio;
mod connection;
mod constants;
mod constraints;
mod context;
mod der;
mod describe;
mod engine;
mod errors;
mod keylog;
mod keys;
mod names;
mod oids;
mod paths;
mod pem;
mod session;
mod store;
mod suites;
mod tap;
mod turn;
mod verifier;
mod verify;
mod x509;

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use macros::pymodule;
use object::{
    AsObject, Bytes, Dict, Int, IntoObject, Module, Obj, Ref, Result, Str, Thread, Tuple, raise,
    types,
};

use self::{
    bio::MemoryBio, connection::Connection, context::Context, describe::CertificateObject,
    errors::Classes, oids::Known, session::SslSession,
};
use crate::support::{
    self,
    path::{fspath, path_bytes},
};

/// What belongs to the interpreter.
#[derive(Default)]
struct State {
    classes: Classes,
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

/// The version of OpenSSL whose interface this is; packages look at it.
const VERSION: &str = "OpenSSL 3.6.0 (rustls 0.23, ring)";
const VERSION_INFO: [i64; 5] = [3, 6, 0, 0, 0];
const VERSION_NUMBER: i64 = 0x3060_0000;

/// Number, short name, long name and numbers of an object.
fn known_object(th: Thread<'_>, known: Known) -> Result<Ref<Tuple>> {
    let items = vec![
        known.nid.into_object(th)?,
        known.short.into_object(th)?,
        known.long.into_object(th)?,
        known.oid.into_object(th)?,
    ];
    Tuple::from_refs(th, items)
}

/// Implementation module for SSL socket operations.  See the socket module
/// for documentation.
#[pymodule]
pub mod _ssl {
    use super::*;

    /// Mix string into the OpenSSL PRNG state.
    ///
    /// entropy (a float) is a lower bound on the entropy contained in
    /// string.  See RFC 4086.
    #[sig = "(string, entropy, /)"]
    #[allow(non_snake_case, reason = "named as in OpenSSL")]
    fn RAND_add(th: Thread<'_>, string: Obj<'_>, entropy: f64) -> Result<()> {
        // The system's generator needs no help.
        let _ = entropy;
        if string.downcast::<Str>().is_none() {
            support::Buffer::readable(th, string)?;
        }
        Ok(())
    }

    /// Generate n cryptographically strong pseudo-random bytes.
    #[sig = "(n, /)"]
    #[allow(non_snake_case, reason = "named as in OpenSSL")]
    fn RAND_bytes(th: Thread<'_>, n: i32) -> Result<Ref<Bytes>> {
        let Ok(count) = usize::try_from(n) else {
            raise!(th, ValueError, "num must be positive");
        };
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(count).is_err() {
            return Err(th.no_memory());
        }
        bytes.resize(count, 0);
        support::check(th, host::random::fill(&mut bytes))?;
        Bytes::new(th, &bytes)
    }

    /// Returns True if the OpenSSL PRNG has been seeded with enough data and False if not.
    ///
    /// It is necessary to seed the PRNG with RAND_add() on some platforms
    /// before using the ssl() function.
    #[sig = "(/)"]
    #[allow(non_snake_case, reason = "named as in OpenSSL")]
    fn RAND_status(_: Thread<'_>) -> bool {
        true
    }

    #[sig = "(path, /)"]
    fn _test_decode_cert(th: Thread<'_>, path: Obj<'_>) -> Result<Ref<Dict>> {
        let (bytes, _) = path_bytes(th, fspath(th, path)?.obj())?;
        let read = th.allow_threads(|| std::fs::read(OsStr::from_bytes(&bytes)));
        let Ok(text) = read else { return Err(errors::bare(th, "Can't open file")) };
        let mut blocks = pem::Blocks::new(&text);
        while let Ok(block) = blocks.next() {
            if let Some(der) = store::certificate_of(&block.label, block.data)
                && x509::Certificate::parse(&der).is_some()
            {
                return describe::certificate(th, &der);
            }
        }
        Err(errors::bare(th, "Error decoding PEM-encoded file"))
    }

    /// Return search paths and environment vars that are used by SSLContext's set_default_verify_paths() to load default CAs.
    ///
    /// The values are 'cert_file_env', 'cert_file', 'cert_dir_env', 'cert_dir'.
    #[sig = "(/)"]
    fn get_default_verify_paths(th: Thread<'_>) -> Result<Ref<Tuple>> {
        let paths = paths::Paths::find();
        let texts = [paths::FILE_VARIABLE, paths.file, paths::FOLDER_VARIABLE, paths.folder];
        let items = texts.into_iter().map(|text| text.into_object(th)).collect::<Result<_>>()?;
        Tuple::from_refs(th, items)
    }

    /// Lookup NID, short name, long name and OID of an ASN1_OBJECT by NID.
    #[sig = "(nid, /)"]
    fn nid2obj(th: Thread<'_>, nid: i32) -> Result<Ref<Tuple>> {
        let Ok(number) = u32::try_from(nid) else {
            raise!(th, ValueError, "NID must be positive.");
        };
        if number == 0 {
            raise!(th, ValueError, "Unknown object");
        }
        match oids::by_number(number) {
            Some(known) => known_object(th, known),
            None => raise!(th, ValueError, "unknown NID {number}"),
        }
    }

    /// Lookup NID, short name, long name and OID of an ASN1_OBJECT.
    ///
    /// By default objects are looked up by OID. With name=True short and
    /// long name are also matched.
    #[sig = "(txt, name=False)"]
    fn txt2obj(th: Thread<'_>, txt: &str, name: bool) -> Result<Ref<Tuple>> {
        let known = if name { oids::by_name(txt) } else { None };
        match known.or_else(|| oids::by_oid(txt)) {
            Some(known) => known_object(th, known),
            None if der::undotted(txt).is_some() => raise!(th, ValueError, "Unknown object"),
            None => {
                let text = Str::new(th, &txt.chars().take(100).collect::<String>())?;
                raise!(th, ValueError, "unknown object '{}'", &*text)
            }
        }
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        errors::add_classes(th, module)?;
        module.add_type::<Context>(th)?;
        module.add_type::<Connection>(th)?;
        module.add_type::<MemoryBio>(th)?;
        module.add_type::<SslSession>(th)?;
        module.add_type::<CertificateObject>(th)?;
        support::add_ints(th, module, constants::ALL)?;
        for (name, there) in constants::FEATURES {
            module.set(th, name, types::bool_(*there))?;
        }
        let info = VERSION_INFO.iter().map(|part| Int::from_i64(th, *part));
        let info = Tuple::from_refs(th, info.collect::<Result<_>>()?)?;
        support::add_ints(th, module, &[("OPENSSL_VERSION_NUMBER", VERSION_NUMBER)])?;
        module.set(th, "OPENSSL_VERSION_INFO", info.obj())?;
        module.set(th, "_OPENSSL_API_VERSION", info.obj())?;
        module.set(th, "OPENSSL_VERSION", Str::new(th, VERSION)?.obj())?;
        let ciphers = Str::new(th, "ALL:!COMPLEMENTOFDEFAULT:!eNULL")?;
        module.set(th, "_DEFAULT_CIPHERS", ciphers.obj())
    }
}
