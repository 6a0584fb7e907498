//! Calling C functions whose types are known at run time, and being called.
//!
//! A [`Signature`] says where the x86-64 System V ABI puts arguments and
//! result. [`Signature::call`] loads them and calls; a [`Closure`] is a C
//! function made at run time that hands its arguments to a Rust function.
//! Everything happens through [`Registers`], which two short assembly routines
//! fill from and write to the machine.
//!
//! Own code rather than libffi: this one ABI needs a fraction of it, no C build,
//! and structs are classified by the offsets that the caller knows.

mod closure;
mod float80;
mod invoke;
mod layout;

pub use self::{
    closure::{Closure, Handler},
    float80::{from_f64, to_f64},
    layout::{Aggregate, CType, Part, Scalar},
};

use self::layout::{Class, Passing};

const INTEGERS: usize = 6;
const VECTORS: usize = 8;

/// The registers that take part in a call.
#[repr(C)]
struct Registers {
    /// `rdi rsi rdx rcx r8 r9`.
    integers: [u64; INTEGERS],
    /// The low halves of `xmm0`-`xmm7`.
    vectors: [u64; VECTORS],
    /// `rax rdx`, after a call.
    integer_results: [u64; 2],
    /// The low halves of `xmm0 xmm1`, after a call.
    vector_results: [u64; 2],
    /// How many results there are on the x87 stack.
    x87_count: u64,
    _padding: u64,
    /// `st0 st1`, after a call.
    x87_results: [[u8; 16]; 2],
}

impl Registers {
    const EMPTY: Registers = Registers {
        integers: [0; INTEGERS],
        vectors: [0; VECTORS],
        integer_results: [0; 2],
        vector_results: [0; 2],
        x87_count: 0,
        _padding: 0,
        x87_results: [[0; 16]; 2],
    };
}

/// Which registers of a kind are taken, and how much of the stack.
#[derive(Default)]
struct Used {
    integers: usize,
    vectors: usize,
    stack: usize,
}

/// Where one argument is.
enum Place {
    /// At this offset of the stack.
    Stack(usize),
    /// The eightbytes' registers, by number and kind.
    Registers([Option<(Class, usize)>; 2]),
}

impl Used {
    fn place(&mut self, ty: &CType) -> Place {
        let classes = match ty.passing() {
            Passing::Nothing => return Place::Registers([None; 2]),
            Passing::Memory | Passing::X87(_) => return self.on_stack(ty),
            Passing::Registers(classes) => classes,
        };
        let count = |class| classes.iter().flatten().filter(|known| **known == class).count();
        if self.integers + count(Class::Integer) > INTEGERS
            || self.vectors + count(Class::Vector) > VECTORS
        {
            return self.on_stack(ty);
        }
        Place::Registers(classes.map(|class| {
            let class = class?;
            let next = match class {
                Class::Integer => &mut self.integers,
                Class::Vector => &mut self.vectors,
            };
            *next += 1;
            Some((class, *next - 1))
        }))
    }

    fn on_stack(&mut self, ty: &CType) -> Place {
        let offset = self.stack.next_multiple_of(ty.align().max(8));
        self.stack = offset + ty.size().next_multiple_of(8);
        Place::Stack(offset)
    }
}

/// The types of a function.
#[derive(Clone, Debug)]
pub struct Signature {
    pub arguments: Vec<CType>,
    pub result: CType,
}

impl Signature {
    /// Call the C function at `function` with the values at `arguments`, and
    /// write its result to `result`, which has room for 32 bytes or the type's
    /// size, whichever is more. Integers are widened to eight bytes there.
    ///
    /// `prepare` and `finish` run right before and after the call.
    ///
    /// # Safety
    ///
    /// The function has these types, and each argument points to a value of its.
    pub unsafe fn call(
        &self,
        function: usize,
        arguments: &[*const u8],
        result: *mut u8,
        prepare: impl FnOnce(),
        finish: impl FnOnce(),
    ) {
        let mut registers = Registers::EMPTY;
        let mut used = Used::default();
        let passing = self.result.passing();
        if matches!(passing, Passing::Memory) {
            registers.integers[0] = result.expose_provenance() as u64;
            used.integers = 1;
        }
        if let Passing::X87(count) = passing {
            registers.x87_count = count;
        }
        let mut stack: Vec<u64> = Vec::new();
        for (ty, value) in self.arguments.iter().zip(arguments) {
            match used.place(ty) {
                Place::Stack(offset) => {
                    stack.resize(used.stack / 8, 0);
                    if let Some(room) = stack.get_mut(offset / 8..) {
                        // SAFETY: the stack was made large enough for the value.
                        unsafe { ty.load(*value, room.as_mut_ptr().cast()) };
                    }
                }
                Place::Registers(places) => {
                    let mut words = [0u64; 2];
                    // SAFETY: what goes into registers has at most two words.
                    unsafe { ty.load(*value, words.as_mut_ptr().cast()) };
                    for (place, word) in places.into_iter().zip(words) {
                        match place {
                            Some((Class::Integer, number)) => registers.integers[number] = word,
                            Some((Class::Vector, number)) => registers.vectors[number] = word,
                            None => {}
                        }
                    }
                }
            }
        }
        prepare();
        // SAFETY: the caller's promise; the registers and the stack are laid out for it.
        unsafe { invoke::invoke(&mut registers, function, stack.as_ptr(), stack.len()) };
        finish();
        // SAFETY: the caller's promise.
        unsafe { registers.store_result(&self.result, result) };
    }
}

impl Registers {
    /// Write the result of a call to memory.
    unsafe fn store_result(&self, ty: &CType, result: *mut u8) {
        match ty.passing() {
            Passing::Nothing | Passing::Memory => {}
            Passing::X87(count) => {
                for (index, value) in self.x87_results.iter().take(count as usize).enumerate() {
                    // SAFETY: the caller's promise: 16 bytes for each.
                    unsafe { result.add(16 * index).copy_from(value.as_ptr(), 16) };
                }
            }
            Passing::Registers(classes) => {
                let (mut integers, mut vectors) =
                    (self.integer_results.iter(), self.vector_results.iter());
                let mut words = [0u64; 2];
                for (word, class) in words.iter_mut().zip(classes) {
                    let next = match class {
                        Some(Class::Integer) => integers.next(),
                        Some(Class::Vector) => vectors.next(),
                        None => None,
                    };
                    *word = next.copied().unwrap_or(0);
                }
                // SAFETY: the caller's promise: room for 16 bytes at least.
                unsafe { ty.store(words, result) };
            }
        }
    }

    /// Put the result at `result` where a caller expects it.
    unsafe fn load_result(&mut self, ty: &CType, result: *const u8) {
        match ty.passing() {
            Passing::Nothing => {}
            Passing::Memory => self.integer_results[0] = result.expose_provenance() as u64,
            Passing::X87(count) => {
                self.x87_count = count;
                for (index, value) in self.x87_results.iter_mut().take(count as usize).enumerate() {
                    // SAFETY: the caller's promise: 16 bytes for each.
                    unsafe { value.as_mut_ptr().copy_from(result.add(16 * index), 16) };
                }
            }
            Passing::Registers(classes) => {
                let mut words = [0u64; 2];
                // SAFETY: what goes into registers has at most two words.
                unsafe { ty.load(result, words.as_mut_ptr().cast()) };
                let (mut integers, mut vectors) =
                    (self.integer_results.iter_mut(), self.vector_results.iter_mut());
                for (word, class) in words.into_iter().zip(classes) {
                    let next = match class {
                        Some(Class::Integer) => integers.next(),
                        Some(Class::Vector) => vectors.next(),
                        None => None,
                    };
                    if let Some(next) = next {
                        *next = word;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
