//! `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`: message digests.
//!
//! One macro makes a class of an algorithm; the arithmetic is RustCrypto's.

mod _hashlib;
mod _hmac;
mod algorithm;
mod blake2;

use std::cell::RefCell;

use digest::{Digest, ExtendableOutput, Update, XofReader};
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Head, Module, Obj, Ref, Result, Str, Thread, Type, alloc_object, declare,
    raise, types,
};

use crate::support::Buffer;

pub use _hashlib::_hashlib as openssl;
pub use _hmac::_hmac as keyed;
pub use blake2::_blake2;

/// The data to hash: no text.
fn data_of(th: Thread<'_>, object: Obj<'_>) -> Result<Buffer> {
    if object.downcast::<Str>().is_some() {
        raise!(th, TypeError, "Strings must be encoded before hashing");
    }
    if object.ty().buffer().is_none_or(|buffer| buffer.bf_getbuffer.is_none()) {
        raise!(th, TypeError, "object supporting the buffer API required");
    }
    Buffer::readable(th, object)
}

/// The data given to a constructor, as `data` or `string`.
fn initial(
    th: Thread<'_>,
    name: &str,
    data: Option<Obj<'_>>,
    string: Option<Obj<'_>>,
) -> Result<Option<Buffer>> {
    let string = string.filter(|string| !string.is_none());
    if data.is_some() && string.is_some() {
        raise!(
            th,
            TypeError,
            "'data' and 'string' are mutually exclusive and support for 'string' \
             keyword parameter is slated for removal in a future version."
        );
    }
    let _ = name;
    data.or(string).map(|data| data_of(th, data)).transpose()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

macro_rules! hash_type {
    ($ty:ident, $algorithm:ty, $python:literal, $name:literal, $block:literal, $doc:literal) => {
        #[doc = $doc]
        #[pytype(name = $python, flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
        pub(crate) struct $ty {
            head: Head,
            #[traverse(skip)]
            state: RefCell<$algorithm>,
        }

        impl $ty {
            fn create(
                th: Thread<'_>,
                data: Option<Obj<'_>>,
                string: Option<Obj<'_>>,
            ) -> Result<Ref<$ty>> {
                let data = initial(th, $name, data, string)?;
                let mut state = <$algorithm>::default();
                if let Some(data) = data {
                    th.allow_threads(|| Update::update(&mut state, data.bytes()));
                }
                alloc_object::new(th, $ty { head: Head::new(), state: RefCell::new(state) })
            }
        }

        #[pymethods]
        impl $ty {
            /// Return a copy of the hash object.
            #[sig = "($self, /)"]
            fn copy(&self, th: Thread<'_>) -> Result<Ref<$ty>> {
                let state = RefCell::new(self.state.borrow().clone());
                alloc_object::new(th, $ty { head: Head::new(), state })
            }

            /// Return the digest value as a bytes object.
            #[sig = "($self, /)"]
            fn digest(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
                Bytes::new(th, &self.state.borrow().clone().finalize())
            }

            /// Return the digest value as a string of hexadecimal digits.
            #[sig = "($self, /)"]
            fn hexdigest(&self, _: Thread<'_>) -> String {
                hexadecimal(&self.state.borrow().clone().finalize())
            }

            /// Update this hash object's state with the provided string.
            #[sig = "($self, obj, /)"]
            fn update(&self, th: Thread<'_>, obj: Obj<'_>) -> Result<()> {
                let data = data_of(th, obj)?;
                Update::update(&mut *self.state.borrow_mut(), data.bytes());
                Ok(())
            }

            #[getter]
            fn block_size(&self, _: Thread<'_>) -> i64 {
                $block
            }

            #[getter]
            fn digest_size(&self, _: Thread<'_>) -> usize {
                <$algorithm as Digest>::output_size()
            }

            #[getter]
            fn name(&self, _: Thread<'_>) -> &'static str {
                $name
            }
        }
    };
}

hash_type!(Md5, md5::Md5, "_md5.md5", "md5", 64, "An MD5 hash object.");
hash_type!(Sha1, sha1::Sha1, "_sha1.sha1", "sha1", 64, "A SHA1 hash object.");
hash_type!(Sha224, sha2::Sha224, "_sha2.SHA224Type", "sha224", 64, "A SHA224 hash object.");
hash_type!(Sha256, sha2::Sha256, "_sha2.SHA256Type", "sha256", 64, "A SHA256 hash object.");
hash_type!(Sha384, sha2::Sha384, "_sha2.SHA384Type", "sha384", 128, "A SHA384 hash object.");
hash_type!(Sha512, sha2::Sha512, "_sha2.SHA512Type", "sha512", 128, "A SHA512 hash object.");

macro_rules! hash_module {
    ($module:ident, $doc:literal, $minimum:ident { $($function:ident: $ty:ident),* }) => {
        #[doc = $doc]
        #[pymodule]
        pub mod $module {
            use super::*;

            $(
                /// Return a new hash object; optionally initialized with a string.
                #[sig = "(data=b'', *, usedforsecurity=True, string=None)"]
                fn $function(
                    th: Thread<'_>,
                    data: Option<Obj<'_>>,
                    usedforsecurity: bool,
                    string: Option<Obj<'_>>,
                ) -> Result<Ref<$ty>> {
                    let _ = usedforsecurity;
                    $ty::create(th, data, string)
                }
            )*

            #[exec]
            fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
                $minimum(th, module)?;
                $( add_class::<$ty>(th, module)?; )*
                Ok(())
            }
        }
    };
}

fn minimum(th: Thread<'_>, module: &Module) -> Result<()> {
    crate::support::add_ints(th, module, &[("_GIL_MINSIZE", 2048)])
}

/// Make a class ready, and bind it where its name is not the constructor's.
fn add_class<T: declare::Declared>(th: Thread<'_>, module: &Module) -> Result<()> {
    let ty = types::type_::ready(th, T::DECL)?;
    match ty.name() {
        "md5" => module.set(th, "MD5Type", ty.obj()),
        "sha1" => module.set(th, "SHA1Type", ty.obj()),
        name => module.set(th, name, ty.obj()),
    }
}

hash_module!(_md5, "The MD5 message digest.", minimum { md5: Md5 });
hash_module!(_sha1, "The SHA-1 message digest.", minimum { sha1: Sha1 });
hash_module!(
    _sha2,
    "The SHA-2 message digests.",
    minimum { sha224: Sha224, sha256: Sha256, sha384: Sha384, sha512: Sha512 }
);

macro_rules! sha3_type {
    ($ty:ident, $algorithm:ty, $python:literal, $name:literal, $size:literal, $rate:literal, $suffix:literal, $part:ident) => {
        #[doc = concat!($name, "([data], *, usedforsecurity=True) -> hash object\n\nReturn a new hash object.")]
        #[pytype(name = $python, flags = IMMUTABLETYPE)]
        pub(crate) struct $ty {
            head: Head,
            #[traverse(skip)]
            state: RefCell<$algorithm>,
        }

        #[pymethods(parts($part))]
        impl $ty {
            #[sig = "new(data=b'', *, usedforsecurity=True, string=None)"]
            fn __new__(
                th: Thread<'_>,
                cls: &Type,
                data: Option<Obj<'_>>,
                usedforsecurity: bool,
                string: Option<Obj<'_>>,
            ) -> Result<Ref<$ty>> {
                let _ = usedforsecurity;
                let data = initial(th, $name, data, string)?;
                let mut state = <$algorithm>::default();
                if let Some(data) = data {
                    th.allow_threads(|| Update::update(&mut state, data.bytes()));
                }
                alloc_object::alloc(th, cls, $ty { head: Head::new(), state: RefCell::new(state) })
            }

            /// Return a copy of the hash object.
            #[sig = "($self, /)"]
            fn copy(&self, th: Thread<'_>) -> Result<Ref<$ty>> {
                let state = RefCell::new(self.state.borrow().clone());
                alloc_object::new(th, $ty { head: Head::new(), state })
            }

            /// Update this hash object's state with the provided bytes-like object.
            #[sig = "($self, data, /)"]
            fn update(&self, th: Thread<'_>, data: Obj<'_>) -> Result<()> {
                let data = data_of(th, data)?;
                Update::update(&mut *self.state.borrow_mut(), data.bytes());
                Ok(())
            }

            #[getter]
            fn block_size(&self, _: Thread<'_>) -> i64 {
                $rate / 8
            }

            #[getter]
            fn digest_size(&self, _: Thread<'_>) -> i64 {
                $size
            }

            #[getter]
            fn name(&self, _: Thread<'_>) -> &'static str {
                $name
            }

            #[getter]
            fn _rate_bits(&self, _: Thread<'_>) -> i64 {
                $rate
            }

            #[getter]
            fn _capacity_bits(&self, _: Thread<'_>) -> i64 {
                1600 - $rate
            }

            #[getter]
            fn _suffix(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
                Bytes::new(th, &[$suffix])
            }
        }

        sha3_output!($ty, $part);
    };
}

macro_rules! sha3_output {
    ($ty:ident, fixed) => {
        #[pymethods(part = fixed)]
        impl $ty {
            /// Return the digest value as a bytes object.
            #[sig = "($self, /)"]
            fn digest(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
                Bytes::new(th, &Digest::finalize(self.state.borrow().clone()))
            }

            /// Return the digest value as a string of hexadecimal digits.
            #[sig = "($self, /)"]
            fn hexdigest(&self, _: Thread<'_>) -> String {
                hexadecimal(&Digest::finalize(self.state.borrow().clone()))
            }
        }
    };
    ($ty:ident, extendable) => {
        impl $ty {
            fn squeeze(&self, th: Thread<'_>, length: isize) -> Result<Vec<u8>> {
                let Ok(length) = usize::try_from(length) else {
                    raise!(th, ValueError, "value must be positive");
                };
                if length >= 1 << 29 {
                    raise!(th, ValueError, "length is too large");
                }
                let mut output = vec![0u8; length];
                self.state.borrow().clone().finalize_xof().read(&mut output);
                Ok(output)
            }
        }

        #[pymethods(part = extendable)]
        impl $ty {
            /// Return the digest value as a bytes object.
            #[sig = "($self, length)"]
            fn digest(&self, th: Thread<'_>, length: isize) -> Result<Ref<Bytes>> {
                Bytes::new(th, &self.squeeze(th, length)?)
            }

            /// Return the digest value as a string of hexadecimal digits.
            #[sig = "($self, length)"]
            fn hexdigest(&self, th: Thread<'_>, length: isize) -> Result<String> {
                Ok(hexadecimal(&self.squeeze(th, length)?))
            }
        }
    };
}

sha3_type!(Sha3_224, sha3::Sha3_224, "_sha3.sha3_224", "sha3_224", 28, 1152, 6, fixed);
sha3_type!(Sha3_256, sha3::Sha3_256, "_sha3.sha3_256", "sha3_256", 32, 1088, 6, fixed);
sha3_type!(Sha3_384, sha3::Sha3_384, "_sha3.sha3_384", "sha3_384", 48, 832, 6, fixed);
sha3_type!(Sha3_512, sha3::Sha3_512, "_sha3.sha3_512", "sha3_512", 64, 576, 6, fixed);
sha3_type!(Shake128, sha3::Shake128, "_sha3.shake_128", "shake_128", 0, 1344, 0x1f, extendable);
sha3_type!(Shake256, sha3::Shake256, "_sha3.shake_256", "shake_256", 0, 1088, 0x1f, extendable);

/// The SHA-3 message digests.
#[pymodule]
pub mod _sha3 {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        minimum(th, module)?;
        module.set(th, "implementation", Str::new(th, "HACL")?.obj())?;
        module.add_type::<Sha3_224>(th)?;
        module.add_type::<Sha3_256>(th)?;
        module.add_type::<Sha3_384>(th)?;
        module.add_type::<Sha3_512>(th)?;
        module.add_type::<Shake128>(th)?;
        module.add_type::<Shake256>(th)
    }
}
