//! `_random`: the generator under `random`.

use std::cell::RefCell;

use macros::{pymethods, pymodule, pytype};
use num::random::MersenneTwister;
use object::{
    AsObject, Dict, Head, Int, Module, Obj, Protocol, Ref, Result, Thread, Traverse, Tuple, Type,
    alloc_object, raise,
};

/// The generator behind a cell; it holds no references.
struct Generator(RefCell<MersenneTwister>);

impl Traverse for Generator {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

/// Random() -> create a random number generator with its own internal state.
#[pytype(name = "_random.Random", flags = BASETYPE)]
pub struct Random {
    head: Head,
    generator: Generator,
}

/// The generator for `seed(value)`.
fn seeded(th: Thread<'_>, value: Option<Obj<'_>>) -> Result<MersenneTwister> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(from_entropy()) };
    let magnitude = if Int::is_int(value) {
        Int::to_bigint(value)
    } else {
        num::BigInt::from(value.hash(th)? as usize)
    };
    let words: Vec<u32> = magnitude.iter_u32_digits().collect();
    Ok(MersenneTwister::from_key(&words))
}

fn from_entropy() -> MersenneTwister {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // Each hasher of the standard library has fresh keys of the system's.
    let words: Vec<u32> = (0..624u32)
        .map(|i| {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_u32(i);
            hasher.finish() as u32
        })
        .collect();
    MersenneTwister::from_key(&words)
}

#[pymethods]
impl Random {
    fn __new__(th: Thread<'_>, cls: &Type, _args: &Tuple, _kwargs: Option<&Dict>) -> Result<Ref> {
        let generator = Generator(RefCell::new(from_entropy()));
        alloc_object::alloc(th, cls, Random { head: Head::new(), generator }).map(Ref::upcast)
    }

    #[sig = "Random(seed=None, /)"]
    fn __init__(&self, th: Thread<'_>, seed: Option<Obj<'_>>) -> Result<()> {
        let generator = seeded(th, seed)?;
        *self.generator.0.borrow_mut() = generator;
        Ok(())
    }

    /// random() -> x in the interval [0, 1).
    #[sig = "($self, /)"]
    fn random(&self, _: Thread<'_>) -> f64 {
        self.generator.0.borrow_mut().random()
    }

    /// seed([n]) -> None.
    ///
    /// Defaults to use urandom and falls back to a combination
    /// of the current time and the process identifier.
    #[sig = "($self, n=None, /)"]
    fn seed(&self, th: Thread<'_>, n: Option<Obj<'_>>) -> Result<()> {
        let generator = seeded(th, n)?;
        *self.generator.0.borrow_mut() = generator;
        Ok(())
    }

    /// getstate() -> tuple containing the current state.
    #[sig = "($self, /)"]
    fn getstate(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let generator = self.generator.0.borrow().clone();
        let (words, index) = generator.state();
        let mut items = Vec::with_capacity(words.len() + 1);
        for word in words {
            items.push(Int::from_u64(th, u64::from(*word))?);
        }
        items.push(Int::from_usize(th, index)?);
        Tuple::from_refs(th, items)
    }

    /// setstate(state) -> None.  Restores generator state.
    #[sig = "($self, state, /)"]
    fn setstate(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        let Some(state) = state.downcast::<Tuple>() else {
            raise!(th, TypeError, "state vector must be a tuple");
        };
        let mut words = [0u32; 624];
        let items = state.items();
        if items.len() != words.len() + 1 {
            raise!(th, ValueError, "state vector is the wrong size");
        }
        for (word, item) in words.iter_mut().zip(items) {
            *word = Int::index_to_u64(th, *item)? as u32;
        }
        let index = match items.last() {
            Some(index) => Int::index_to_i64(th, *index)?,
            None => -1,
        };
        let generator =
            usize::try_from(index).ok().and_then(|index| MersenneTwister::from_state(words, index));
        match generator {
            Some(generator) => *self.generator.0.borrow_mut() = generator,
            None => raise!(th, ValueError, "invalid state"),
        }
        Ok(())
    }

    /// getrandbits(k) -> x.  Generates an int with k random bits.
    #[sig = "($self, k, /)"]
    fn getrandbits(&self, th: Thread<'_>, k: Obj<'_>) -> Result<Ref> {
        let k = Int::index(th, k)?;
        if Int::sign(k.obj()) < 0 {
            raise!(th, ValueError, "Cannot convert negative int");
        }
        let Some(k) = Int::to_u64(k.obj()) else {
            raise!(th, OverflowError, "Python int too large to convert to C unsigned long");
        };
        if k <= 32 {
            let bits = self.generator.0.borrow_mut().bits32(k as u32);
            return Int::from_u64(th, u64::from(bits));
        }
        let words = self.generator.0.borrow_mut().bits(k);
        match words {
            Ok(words) => Int::from_bigint(th, &num::BigUint::new(words).into()),
            Err(_) => Err(th.no_memory()),
        }
    }
}

/// Module implements the Mersenne Twister random number generator.
#[pymodule]
pub mod _random {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Random>(th)
    }
}
