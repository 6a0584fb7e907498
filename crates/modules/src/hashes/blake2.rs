//! `_blake2`: BLAKE2b and BLAKE2s with all their parameters.

use std::cell::RefCell;

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Head, Int, Module, Obj, PyStruct as _, Ref, Result, Thread, Type,
    alloc_object, raise,
};

use super::{data_of, hexadecimal, initial};

/// An argument that may not be negative, zero by default.
fn unsigned(th: Thread<'_>, value: Option<Obj<'_>>, what: &str) -> Result<u64> {
    let Some(value) = value else { return Ok(0) };
    let value = Int::index(th, value)?;
    if Int::sign(value.obj()) < 0 {
        raise!(th, ValueError, "Cannot convert negative int");
    }
    match Int::to_u64(value.obj()) {
        Some(value) => Ok(value),
        None => raise!(th, OverflowError, "Python int too large for C {what}"),
    }
}

macro_rules! blake2_type {
    (
        $ty:ident, $library:ident, $python:literal, $name:literal, $sig:literal,
        $digest:literal, $block:literal, $salt:literal, $node:literal, $node_max:expr
    ) => {
        /// Return a new BLAKE2 hash object.
        #[pytype(name = $python, sig = "(data=b'', *, digest_size=64, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, node_offset=0, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)", flags = BASETYPE | IMMUTABLETYPE)]
        pub(crate) struct $ty {
            head: Head,
            #[traverse(skip)]
            state: RefCell<$library::State>,
            size: usize,
        }

        #[pymethods]
        impl $ty {
            #[sig = $sig]
            #[allow(clippy::too_many_arguments, reason = "the parameters of BLAKE2")]
            fn __new__(
                th: Thread<'_>,
                cls: &Type,
                data: Option<Obj<'_>>,
                digest_size: i32,
                key: Option<Obj<'_>>,
                salt: Option<Obj<'_>>,
                person: Option<Obj<'_>>,
                fanout: i32,
                depth: i32,
                leaf_size: Option<Obj<'_>>,
                node_offset: Option<Obj<'_>>,
                node_depth: i32,
                inner_size: i32,
                last_node: bool,
                usedforsecurity: bool,
                string: Option<Obj<'_>>,
            ) -> Result<Ref<$ty>> {
                let _ = usedforsecurity;
                let data = initial(th, $name, data, string)?;
                if !(1..=$digest).contains(&digest_size) {
                    raise!(
                        th,
                        ValueError,
                        "digest_size for {} must be between 1 and {} bytes, here it is {digest_size}",
                        stringify!($ty),
                        $digest
                    );
                }
                let bytes = |object: Option<Obj<'_>>| -> Result<Vec<u8>> {
                    match object {
                        Some(object) => Ok(data_of(th, object)?.bytes().to_vec()),
                        None => Ok(Vec::new()),
                    }
                };
                let (key, salt, person) = (bytes(key)?, bytes(salt)?, bytes(person)?);
                if salt.len() > $salt {
                    raise!(th, ValueError, "maximum salt length is {} bytes", $salt);
                }
                if person.len() > $salt {
                    raise!(th, ValueError, "maximum person length is {} bytes", $salt);
                }
                if !(0..=255).contains(&fanout) {
                    raise!(th, ValueError, "fanout must be between 0 and 255");
                }
                if !(1..=255).contains(&depth) {
                    raise!(th, ValueError, "depth must be between 1 and 255");
                }
                let leaf_size = unsigned(th, leaf_size, "unsigned long")?;
                let Ok(leaf_size) = u32::try_from(leaf_size) else {
                    raise!(th, OverflowError, "leaf_size is too large");
                };
                let node_offset = unsigned(th, node_offset, "unsigned long long")?;
                if node_offset > $node_max {
                    raise!(th, OverflowError, "node_offset is too large");
                }
                if !(0..=255).contains(&node_depth) {
                    raise!(th, ValueError, "node_depth must be between 0 and 255");
                }
                if !(0..=$digest).contains(&inner_size) {
                    raise!(th, ValueError, "inner_size must be between 0 and is {}", $digest);
                }
                if key.len() > $digest {
                    raise!(th, ValueError, "maximum key length is {} bytes", $digest);
                }
                let mut params = $library::Params::new();
                params
                    .hash_length(digest_size as usize)
                    .key(&key)
                    .salt(&salt)
                    .personal(&person)
                    .fanout(fanout as u8)
                    .max_depth(depth as u8)
                    .max_leaf_length(leaf_size)
                    .node_offset(node_offset)
                    .node_depth(node_depth as u8)
                    .inner_hash_length(inner_size as usize)
                    .last_node(last_node);
                let mut state = params.to_state();
                if let Some(data) = data {
                    th.allow_threads(|| state.update(data.bytes()));
                }
                let (state, size) = (RefCell::new(state), digest_size as usize);
                alloc_object::alloc(th, cls, $ty { head: Head::new(), state, size })
            }

            /// Return a copy of the hash object.
            #[sig = "($self, /)"]
            fn copy(&self, th: Thread<'_>) -> Result<Ref<$ty>> {
                let state = RefCell::new(self.state.borrow().clone());
                alloc_object::new(th, $ty { head: Head::new(), state, size: self.size })
            }

            /// Update this hash object's state with the provided bytes-like object.
            #[sig = "($self, data, /)"]
            fn update(&self, th: Thread<'_>, data: Obj<'_>) -> Result<()> {
                let data = data_of(th, data)?;
                self.state.borrow_mut().update(data.bytes());
                Ok(())
            }

            /// Return the digest value as a bytes object.
            #[sig = "($self, /)"]
            fn digest(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
                Bytes::new(th, self.state.borrow().finalize().as_bytes())
            }

            /// Return the digest value as a string of hexadecimal digits.
            #[sig = "($self, /)"]
            fn hexdigest(&self, _: Thread<'_>) -> String {
                hexadecimal(self.state.borrow().finalize().as_bytes())
            }

            #[getter]
            fn name(&self, _: Thread<'_>) -> &'static str {
                $name
            }

            #[getter]
            fn block_size(&self, _: Thread<'_>) -> i64 {
                $block
            }

            #[getter]
            fn digest_size(&self, _: Thread<'_>) -> usize {
                self.size
            }
        }
    };
}

blake2_type!(
    Blake2b,
    blake2b_simd,
    "_blake2.blake2b",
    "blake2b",
    "blake2b(data=b'', *, digest_size=64, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, node_offset=0, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)",
    64,
    128,
    16,
    8,
    u64::MAX
);
blake2_type!(
    Blake2s,
    blake2s_simd,
    "_blake2.blake2s",
    "blake2s",
    "blake2s(data=b'', *, digest_size=32, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, node_offset=0, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)",
    32,
    64,
    8,
    6,
    (1 << 48) - 1
);

/// The BLAKE2 message digests.
#[pymodule]
pub mod _blake2 {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        super::super::minimum(th, module)?;
        module.add_type::<Blake2b>(th)?;
        module.add_type::<Blake2s>(th)?;
        for (name, ty, digest, salt) in [
            ("BLAKE2B", Blake2b::type_object(), 64, 16),
            ("BLAKE2S", Blake2s::type_object(), 32, 8),
        ] {
            let values = [
                ("SALT_SIZE", salt),
                ("PERSON_SIZE", salt),
                ("MAX_KEY_SIZE", digest),
                ("MAX_DIGEST_SIZE", digest),
            ];
            let mut attributes = Vec::new();
            for (key, value) in values {
                let value = object::Int::from_i64(th, value)?;
                module.set(th, &format!("{name}_{key}"), value.obj())?;
                attributes.push((key, value));
            }
            crate::support::set_attributes(th, ty, &attributes)?;
        }
        Ok(())
    }
}
