//! `_hashlib`: what CPython takes from OpenSSL, without OpenSSL.

use std::cell::RefCell;

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, List, Module, Obj, Protocol, Raised, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object,
    declare::Declared,
    error, exceptions, raise,
    types::{self, type_::ready},
};

use crate::support::{self, stream};

use super::{
    algorithm::{self, Algorithm, Mac, State},
    data_of, hexadecimal, initial,
};

#[derive(Default)]
struct Globals {
    unsupported: RefCell<Option<Ref<Type>>>,
    /// From constructors to names.
    constructors: RefCell<Option<Ref<Dict>>>,
}

const UNSUPPORTED: &str = "[digital envelope routines] unsupported";
const MEMORY_LIMIT: &str = "[digital envelope routines] memory limit exceeded";

#[cold]
fn unsupported(th: Thread<'_>, text: &str) -> Raised {
    let class = th.interp().extensions.get::<Globals>().unsupported.borrow().clone();
    match class {
        Some(class) => th.raise(&class, format_args!("{text}")),
        None => error!(th, ValueError, "{text}"),
    }
}

fn find(th: Thread<'_>, name: &str) -> Result<&'static Algorithm> {
    algorithm::find(name).ok_or_else(|| unsupported(th, UNSUPPORTED))
}

/// The algorithm that a name or a constructor of this module stands for.
fn find_object(th: Thread<'_>, digest: Obj<'_>) -> Result<&'static Algorithm> {
    if let Some(name) = digest.downcast::<Str>() {
        return find(th, name.to_utf8(th)?);
    }
    let constructors = th.interp().extensions.get::<Globals>().constructors.borrow().clone();
    if let Some(constructors) = constructors
        && let Ok(Some(name)) = constructors.get(th, digest)
        && let Some(name) = name.obj().downcast::<Str>()
    {
        return find(th, name.to_utf8(th)?);
    }
    let shown = digest.str(th)?;
    let shown = shown.to_utf8(th)?;
    Err(unsupported(th, &format!("Unsupported digestmod {shown}")))
}

/// A hash is an object used to calculate a checksum of a string of information.
///
/// Methods:
///
/// update() -- updates the current digest with an additional string
/// digest() -- return the current digest value
/// hexdigest() -- return the current digest as a string of hexadecimal digits
/// copy() -- return a copy of the current hash object
///
/// Attributes:
///
/// name -- the hash algorithm being used by this object
/// digest_size -- number of bytes in this hashes output
#[pytype(
    name = "_hashlib.HASH",
    sig = "(name, string=b'')",
    flags = BASETYPE | DISALLOW_INSTANTIATION | IMMUTABLETYPE
)]
pub(crate) struct Hash {
    head: Head,
    #[traverse(skip)]
    algorithm: &'static Algorithm,
    #[traverse(skip)]
    state: RefCell<State>,
}

/// A hash is an object used to calculate a checksum of a string of information.
///
/// As HASH, but digest() and hexdigest() take the length of what they return.
#[pytype(
    name = "_hashlib.HASHXOF",
    sig = "(name, string=b'')",
    base = Hash,
    flags = BASETYPE | DISALLOW_INSTANTIATION | IMMUTABLETYPE
)]
pub(crate) struct HashXof {
    hash: Hash,
}

impl Hash {
    fn create(th: Thread<'_>, algorithm: &'static Algorithm, state: State) -> Result<Ref> {
        let hash = Hash { head: Head::new(), algorithm, state: RefCell::new(state) };
        if algorithm.is_extendable() {
            return alloc_object::new(th, HashXof { hash }).map(Ref::upcast);
        }
        alloc_object::new(th, hash).map(Ref::upcast)
    }
}

fn start(
    th: Thread<'_>,
    algorithm: &'static Algorithm,
    data: Option<Obj<'_>>,
    string: Option<Obj<'_>>,
) -> Result<Ref> {
    let data = initial(th, algorithm.name, data, string)?;
    let mut state = algorithm.start();
    if let Some(data) = data {
        th.allow_threads(|| state.update(data.bytes()));
    }
    Hash::create(th, algorithm, state)
}

#[pymethods]
impl Hash {
    /// Return a copy of the hash object.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref> {
        let state = stream::lock(th, &self.state).clone();
        Hash::create(th, self.algorithm, state)
    }

    /// Return the digest value as a bytes object.
    #[sig = "($self, /)"]
    fn digest(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        Bytes::new(th, &stream::lock(th, &self.state).finish(0))
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[sig = "($self, /)"]
    fn hexdigest(&self, th: Thread<'_>) -> String {
        hexadecimal(&stream::lock(th, &self.state).finish(0))
    }

    /// Update this hash object's state with the provided string.
    #[sig = "($self, obj, /)"]
    fn update(&self, th: Thread<'_>, obj: Obj<'_>) -> Result<()> {
        let data = data_of(th, obj)?;
        let mut state = stream::lock(th, &self.state);
        th.allow_threads(|| state.update(data.bytes()));
        Ok(())
    }

    #[getter]
    fn block_size(&self, _: Thread<'_>) -> usize {
        self.algorithm.block
    }

    #[getter]
    fn digest_size(&self, _: Thread<'_>) -> usize {
        self.algorithm.size
    }

    /// algorithm name.
    #[getter]
    fn name(&self, _: Thread<'_>) -> &'static str {
        self.algorithm.name
    }

    fn __repr__(&self, _: Thread<'_>) -> String {
        let class = self.obj().ty().full_name();
        format!("<{} {class} object @ {:p}>", self.algorithm.name, self.obj().as_ptr())
    }
}

impl HashXof {
    fn squeeze(&self, th: Thread<'_>, length: isize) -> Result<Vec<u8>> {
        let Ok(length) = usize::try_from(length) else {
            raise!(th, SystemError, "Negative size passed to PyBytes_FromStringAndSize");
        };
        let mut room: Vec<u8> = Vec::new();
        if length > 1 << 36 || room.try_reserve_exact(length).is_err() {
            return Err(th.no_memory());
        }
        drop(room);
        Ok(stream::lock(th, &self.hash.state).finish(length))
    }
}

#[pymethods]
impl HashXof {
    /// Return the digest value as a bytes object.
    #[sig = "($self, /, length)"]
    fn digest(&self, th: Thread<'_>, length: isize) -> Result<Ref<Bytes>> {
        Bytes::new(th, &self.squeeze(th, length)?)
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[sig = "($self, /, length)"]
    fn hexdigest(&self, th: Thread<'_>, length: isize) -> Result<String> {
        Ok(hexadecimal(&self.squeeze(th, length)?))
    }
}

/// The object used to calculate HMAC of a message.
///
/// Methods:
///
/// update() -- updates the current digest with an additional string
/// digest() -- return the current digest value
/// hexdigest() -- return the current digest as a string of hexadecimal digits
/// copy() -- return a copy of the current hash object
///
/// Attributes:
///
/// name -- the name, including the hash algorithm used by this object
/// digest_size -- number of bytes in digest() output
#[pytype(name = "_hashlib.HMAC", flags = BASETYPE | DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct Hmac {
    head: Head,
    #[traverse(skip)]
    mac: RefCell<Mac>,
    size: usize,
    block: usize,
    name: &'static str,
}

impl Hmac {
    fn create(th: Thread<'_>, mac: Mac) -> Result<Ref<Hmac>> {
        let algorithm = mac.algorithm;
        let hmac = Hmac {
            head: Head::new(),
            mac: RefCell::new(mac),
            size: algorithm.size,
            block: algorithm.block,
            name: algorithm.name,
        };
        alloc_object::new(th, hmac)
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
    #[sig = "($self, /)"]
    fn digest(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        Bytes::new(th, &stream::lock(th, &self.mac).finish())
    }

    /// Return hexadecimal digest of the bytes passed to the update() method so far.
    #[sig = "($self, /)"]
    fn hexdigest(&self, th: Thread<'_>) -> String {
        hexadecimal(&stream::lock(th, &self.mac).finish())
    }

    /// Update the HMAC object with msg.
    #[sig = "($self, /, msg)"]
    fn update(&self, th: Thread<'_>, msg: Obj<'_>) -> Result<()> {
        let data = data_of(th, msg)?;
        let mut mac = stream::lock(th, &self.mac);
        th.allow_threads(|| mac.update(data.bytes()));
        Ok(())
    }

    #[getter]
    fn digest_size(&self, _: Thread<'_>) -> usize {
        self.size
    }

    #[getter]
    fn block_size(&self, _: Thread<'_>) -> usize {
        self.block
    }

    #[getter]
    #[name = "name"]
    fn get_name(&self, _: Thread<'_>) -> String {
        format!("hmac-{}", self.name)
    }

    fn __repr__(&self, _: Thread<'_>) -> String {
        format!("<{} HMAC object @ {:p}>", self.name, self.obj().as_ptr())
    }
}

/// An algorithm with a fixed output, for HMAC.
fn fixed(th: Thread<'_>, algorithm: &'static Algorithm) -> Result<&'static Algorithm> {
    if algorithm.is_extendable() {
        raise!(th, ValueError, "no reason supplied");
    }
    Ok(algorithm)
}

/// A power of two from 2 on.
fn cost(th: Thread<'_>, n: Obj<'_>) -> Result<u64> {
    let index = Int::index(th, n)?;
    match Int::to_i64(index.obj()).and_then(|n| u64::try_from(n).ok()) {
        Some(n) if n >= 2 && n.is_power_of_two() => Ok(n),
        _ => raise!(th, ValueError, "n must be a power of 2."),
    }
}

macro_rules! hashlib_module {
    ($($function:ident $name:literal;)*) => {
        /// OpenSSL interface for hashlib module
        #[pymodule]
        pub mod _hashlib {
            use super::*;

            /// Return a new hash object using the named algorithm.
            ///
            /// An optional string argument may be provided and will be
            /// automatically hashed.
            #[sig = "(name, data=b'', *, usedforsecurity=True, string=None)"]
            fn new(
                th: Thread<'_>,
                name: &str,
                data: Option<Obj<'_>>,
                usedforsecurity: bool,
                string: Option<Obj<'_>>,
            ) -> Result<Ref> {
                let _ = usedforsecurity;
                start(th, find(th, name)?, data, string)
            }

            /// Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function.
            #[sig = "(hash_name, password, salt, iterations, dklen=None)"]
            fn pbkdf2_hmac(
                th: Thread<'_>,
                hash_name: &str,
                password: support::Data,
                salt: support::Data,
                iterations: i64,
                dklen: Option<Obj<'_>>,
            ) -> Result<Ref<Bytes>> {
                let algorithm = find(th, hash_name)?;
                if iterations < 1 {
                    raise!(th, ValueError, "iteration value must be greater than 0.");
                }
                if iterations > i64::from(i32::MAX) {
                    raise!(th, OverflowError, "iteration value is too great.");
                }
                let length = match dklen.filter(|dklen| !dklen.is_none()) {
                    None => algorithm.size as i64,
                    Some(dklen) => Int::index_to_i64(th, dklen)?,
                };
                if length < 1 {
                    raise!(th, ValueError, "key length must be greater than 0.");
                }
                if length > i64::from(i32::MAX) {
                    raise!(th, OverflowError, "key length is too great.");
                }
                let algorithm = fixed(th, algorithm)?;
                let mut output = vec![0u8; length as usize];
                let (password, salt) = (password.bytes(), salt.bytes());
                th.allow_threads(|| {
                    Mac::new(algorithm, password).derive(salt, iterations as u64, &mut output);
                });
                Bytes::new(th, &output)
            }

            /// scrypt password-based key derivation function.
            #[sig = "(password, *, salt, n, r, p, maxmem=0, dklen=64)"]
            #[allow(clippy::too_many_arguments, reason = "the parameters of scrypt")]
            fn scrypt(
                th: Thread<'_>,
                password: support::Data,
                salt: support::Data,
                n: Obj<'_>,
                r: Obj<'_>,
                p: Obj<'_>,
                maxmem: i64,
                dklen: i64,
            ) -> Result<Ref<Bytes>> {
                const MAX: i64 = i32::MAX as i64;
                const DEFAULT_MEMORY: u128 = 32 << 20;
                let n = cost(th, n)?;
                let (r, p) = (Int::index_to_i64(th, r)?, Int::index_to_i64(th, p)?);
                if !(0..=MAX).contains(&maxmem) {
                    raise!(th, ValueError, "maxmem must be positive and smaller than {MAX}");
                }
                if !(1..=MAX).contains(&dklen) {
                    raise!(th, ValueError, "dklen must be greater than 0 and smaller than {MAX}");
                }
                let (Ok(r), Ok(p)) = (u32::try_from(r), u32::try_from(p)) else {
                    return Err(error!(th, ValueError, "{MEMORY_LIMIT}"));
                };
                if r == 0 || p == 0 {
                    raise!(th, ValueError, "Invalid parameter combination for n, r, p, maxmem.");
                }
                let blocks = u128::from(p) * 128 * u128::from(r);
                let vector = 32 * u128::from(r) * (u128::from(n) + 2) * 4;
                let limit = if maxmem == 0 { DEFAULT_MEMORY } else { maxmem as u128 };
                if blocks + vector > limit {
                    raise!(th, ValueError, "{MEMORY_LIMIT}");
                }
                let mut room: Vec<u8> = Vec::new();
                if room.try_reserve_exact((blocks + vector) as usize).is_err() {
                    return Err(th.no_memory());
                }
                drop(room);
                let Ok(params) = scrypt::Params::new(n.ilog2() as u8, r, p, 32) else {
                    raise!(th, ValueError, "Invalid parameter combination for n, r, p, maxmem.");
                };
                let mut output = vec![0u8; dklen as usize];
                let (password, salt) = (password.bytes(), salt.bytes());
                let done = th.allow_threads(|| scrypt::scrypt(password, salt, &params, &mut output));
                match done {
                    Ok(()) => Bytes::new(th, &output),
                    Err(_) => raise!(th, ValueError, "Invalid parameter combination for n, r, p, maxmem."),
                }
            }

            /// Single-shot HMAC.
            #[sig = "(key, msg, digest)"]
            fn hmac_digest(
                th: Thread<'_>,
                key: support::Data,
                msg: support::Data,
                digest: Obj<'_>,
            ) -> Result<Ref<Bytes>> {
                let algorithm = fixed(th, find_object(th, digest)?)?;
                let mut mac = Mac::new(algorithm, key.bytes());
                th.allow_threads(|| mac.update(msg.bytes()));
                Bytes::new(th, &mac.finish())
            }

            /// Return a new hmac object.
            #[sig = "(key, msg=b'', digestmod=None)"]
            fn hmac_new(
                th: Thread<'_>,
                key: support::Data,
                msg: Option<Obj<'_>>,
                digestmod: Option<Obj<'_>>,
            ) -> Result<Ref<Hmac>> {
                let Some(digestmod) = digestmod.filter(|digest| !digest.is_none()) else {
                    raise!(th, TypeError, "Missing required parameter 'digestmod'.");
                };
                let algorithm = fixed(th, find_object(th, digestmod)?)?;
                let mut mac = Mac::new(algorithm, key.bytes());
                if let Some(msg) = msg.filter(|msg| !msg.is_none()) {
                    mac.update(data_of(th, msg)?.bytes());
                }
                Hmac::create(th, mac)
            }

            /// Determine the OpenSSL FIPS mode of operation.
            ///
            /// There is none: 0.
            #[sig = "(/)"]
            fn get_fips_mode(_: Thread<'_>) -> i32 {
                0
            }

            /// Return 'a == b'.
            ///
            /// This function uses an approach designed to prevent
            /// timing analysis, making it appropriate for cryptography.
            ///
            /// a and b must both be of the same type: either str (ASCII only),
            /// or any bytes-like object.
            #[sig = "(a, b, /)"]
            fn compare_digest(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
                crate::_operator::compare_digest(th, a, b)
            }

                $(
                    #[doc = concat!("Returns a ", $name, " hash object; optionally initialized with a string")]
                    #[sig = "(data=b'', *, usedforsecurity=True, string=None)"]
                    fn $function(
                        th: Thread<'_>,
                        data: Option<Obj<'_>>,
                        usedforsecurity: bool,
                        string: Option<Obj<'_>>,
                    ) -> Result<Ref> {
                        let _ = usedforsecurity;
                        start(th, find(th, $name)?, data, string)
                    }
                )*

                #[exec]
                fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
                    add_classes(th, module)?;
                    add_names(th, module, &[$((stringify!($function), $name)),*])
                }
        }
    };
}

hashlib_module! {
    openssl_md5 "md5";
    openssl_sha1 "sha1";
    openssl_sha224 "sha224";
    openssl_sha256 "sha256";
    openssl_sha384 "sha384";
    openssl_sha512 "sha512";
    openssl_sha3_224 "sha3_224";
    openssl_sha3_256 "sha3_256";
    openssl_sha3_384 "sha3_384";
    openssl_sha3_512 "sha3_512";
    openssl_shake_128 "shake_128";
    openssl_shake_256 "shake_256";
}

fn add_classes(th: Thread<'_>, module: &Module) -> Result<()> {
    super::minimum(th, module)?;
    module.set(th, "HASH", ready(th, Hash::DECL)?.obj())?;
    module.set(th, "HASHXOF", ready(th, HashXof::DECL)?.obj())?;
    module.set(th, "HMAC", ready(th, Hmac::DECL)?.obj())?;
    let bases = Tuple::from_objs(th, &[exceptions::types::ValueError().obj()])?;
    let name = Str::new(th, "_hashlib.UnsupportedDigestmodError")?;
    let class = support::new_exception(th, &name, &bases)?;
    module.set(th, "UnsupportedDigestmodError", class.obj())?;
    if let Ok(class) = class.downcast::<Type>() {
        th.interp().extensions.get::<Globals>().unsupported.replace(Some(class));
    }
    Ok(())
}

/// The names of algorithms, and which constructor stands for which.
fn add_names(th: Thread<'_>, module: &Module, functions: &[(&str, &str)]) -> Result<()> {
    let constructors = Dict::new(th)?;
    let namespace = module.dict(th)?;
    for (function, name) in functions {
        if let Some(function) = namespace.get_str(th, function)? {
            constructors.set(th, function.obj(), Str::new(th, name)?.obj())?;
        }
    }
    let proxy = types::mappingproxy::new(th, constructors.obj())?;
    module.set(th, "_constructors", proxy.obj())?;
    th.interp().extensions.get::<Globals>().constructors.replace(Some(constructors));
    let mut names = Vec::new();
    for algorithm in algorithm::ALL {
        names.push(Str::new(th, algorithm.name)?.upcast());
    }
    let names = List::from_refs(th, names)?;
    let names = types::FrozenSet::from_iterable(th, names.obj())?;
    module.set(th, "openssl_md_meth_names", names.obj())
}
