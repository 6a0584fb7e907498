//! `_hmac`: keyed digests for the module hmac.

use std::cell::RefCell;

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Head, Module, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object, declare::Declared, error, exceptions, types::type_::ready,
};

use crate::support::{self, Data, stream};

use super::{
    algorithm::{self, Algorithm, Mac},
    data_of, hexadecimal,
};

#[derive(Default)]
struct Globals {
    unknown: RefCell<Option<Ref<Type>>>,
}

#[cold]
fn unknown(th: Thread<'_>, digest: Obj<'_>) -> Raised {
    let shown = match digest.repr(th) {
        Ok(shown) => shown,
        Err(raised) => return raised,
    };
    let shown = match shown.to_utf8(th) {
        Ok(shown) => shown,
        Err(raised) => return raised,
    };
    let class = th.interp().extensions.get::<Globals>().unknown.borrow().clone();
    match class {
        Some(class) => th.raise(&class, format_args!("unsupported hash type: {shown}")),
        None => error!(th, ValueError, "unsupported hash type: {shown}"),
    }
}

/// The algorithms that this module knows.
const KNOWN: &[&str] = &[
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384",
    "sha3_512", "blake2s", "blake2b",
];

fn find(th: Thread<'_>, digest: Obj<'_>) -> Result<&'static Algorithm> {
    let Some(name) = digest.downcast::<Str>() else { return Err(unknown(th, digest)) };
    let name = name.to_utf8(th)?;
    let known = KNOWN.iter().find(|one| **one == name || one.to_ascii_uppercase() == name);
    known.and_then(|name| algorithm::find(name)).ok_or_else(|| unknown(th, digest))
}

/// The object used to calculate HMAC of a message.
///
/// Methods: update(), digest(), hexdigest(), copy().
///
/// Attributes: name, digest_size, block_size.
#[pytype(name = "_hmac.HMAC", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct Hmac {
    head: Head,
    #[traverse(skip)]
    mac: RefCell<Mac>,
    #[traverse(skip)]
    algorithm: &'static Algorithm,
}

impl Hmac {
    fn create(th: Thread<'_>, mac: Mac) -> Result<Ref<Hmac>> {
        let algorithm = mac.algorithm;
        alloc_object::new(th, Hmac { head: Head::new(), mac: RefCell::new(mac), algorithm })
    }
}

#[pymethods]
impl Hmac {
    /// Return a copy ("clone") of the HMAC object.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<Hmac>> {
        let mac = stream::lock(th, &self.mac).clone();
        Hmac::create(th, mac)
    }

    /// Return the digest of the bytes passed to the update() method so far.
    ///
    /// This method may be called repeatedly: it does not change the object.
    #[sig = "($self, /)"]
    fn digest(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        Bytes::new(th, &stream::lock(th, &self.mac).finish())
    }

    /// Return hexadecimal digest of the bytes passed to the update() method so far.
    #[sig = "($self, /)"]
    fn hexdigest(&self, th: Thread<'_>) -> String {
        hexadecimal(&stream::lock(th, &self.mac).finish())
    }

    /// Update the HMAC object with the given message.
    #[sig = "($self, /, msg)"]
    fn update(&self, th: Thread<'_>, msg: Obj<'_>) -> Result<()> {
        let data = data_of(th, msg)?;
        let mut mac = stream::lock(th, &self.mac);
        th.allow_threads(|| mac.update(data.bytes()));
        Ok(())
    }

    #[getter]
    fn name(&self, _: Thread<'_>) -> String {
        format!("hmac-{}", self.algorithm.name)
    }

    #[getter]
    fn block_size(&self, _: Thread<'_>) -> usize {
        self.algorithm.block
    }

    #[getter]
    fn digest_size(&self, _: Thread<'_>) -> usize {
        self.algorithm.size
    }

    fn __repr__(&self, _: Thread<'_>) -> String {
        format!("<{} HMAC object @ {:p}>", self.algorithm.name, self.obj().as_ptr())
    }
}

fn compute(
    th: Thread<'_>,
    algorithm: &'static Algorithm,
    key: &Data,
    msg: &Data,
) -> Result<Ref<Bytes>> {
    let mut mac = Mac::new(algorithm, key.bytes());
    th.allow_threads(|| mac.update(msg.bytes()));
    Bytes::new(th, &mac.finish())
}

macro_rules! hmac_module {
    ($($function:ident $name:literal;)*) => {
        /// Keyed message digests.
        #[pymodule]
        pub mod _hmac {
            use super::*;

            /// Return a new HMAC object.
            #[sig = "(key, msg=None, digestmod=<unrepresentable>)"]
            fn new(
                th: Thread<'_>,
                key: Data,
                msg: Option<Obj<'_>>,
                digestmod: Option<Obj<'_>>,
            ) -> Result<Ref<Hmac>> {
                let Some(digestmod) = digestmod else {
                    object::raise!(th, TypeError, "new() missing 1 required argument 'digestmod'");
                };
                let mut mac = Mac::new(find(th, digestmod)?, key.bytes());
                if let Some(msg) = msg.filter(|msg| !msg.is_none()) {
                    mac.update(data_of(th, msg)?.bytes());
                }
                Hmac::create(th, mac)
            }

            #[sig = "(key, msg, digest)"]
            fn compute_digest(
                th: Thread<'_>,
                key: Data,
                msg: Data,
                digest: Obj<'_>,
            ) -> Result<Ref<Bytes>> {
                compute(th, find(th, digest)?, &key, &msg)
            }

            $(
                #[sig = "(key, msg, /)"]
                fn $function(th: Thread<'_>, key: Data, msg: Data) -> Result<Ref<Bytes>> {
                    let Some(algorithm) = algorithm::find($name) else {
                        object::raise!(th, ValueError, "unsupported hash type: {}", $name);
                    };
                    compute(th, algorithm, &key, &msg)
                }
            )*

            #[exec]
            fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
                crate::hashes::minimum(th, module)?;
                module.set(th, "HMAC", ready(th, Hmac::DECL)?.obj())?;
                let globals = th.interp().extensions.get::<Globals>();
                // A module that is made once more raises what the first one knows.
                let known = globals.unknown.borrow().clone();
                let class = match known {
                    Some(class) => class.upcast(),
                    None => {
                        let bases = Tuple::from_objs(th, &[exceptions::types::ValueError().obj()])?;
                        let name = Str::new(th, "_hmac.UnknownHashError")?;
                        support::new_exception(th, &name, &bases)?
                    }
                };
                module.set(th, "UnknownHashError", class.obj())?;
                globals.unknown.replace(class.downcast::<Type>().ok());
                Ok(())
            }
        }
    };
}

hmac_module! {
    compute_md5 "md5";
    compute_sha1 "sha1";
    compute_sha224 "sha224";
    compute_sha256 "sha256";
    compute_sha384 "sha384";
    compute_sha512 "sha512";
    compute_sha3_224 "sha3_224";
    compute_sha3_256 "sha3_256";
    compute_sha3_384 "sha3_384";
    compute_sha3_512 "sha3_512";
    compute_blake2s_32 "blake2s";
    compute_blake2b_32 "blake2b";
}
