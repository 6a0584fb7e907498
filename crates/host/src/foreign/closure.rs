//! C functions made at run time.
//!
//! Trampolines come in pairs of pages: one of code, written once and then only
//! executable, and behind it one of data. Trampoline *n* loads the address of
//! the data slot *n* and jumps to what it holds, so that no memory is ever both
//! writable and executable. Slots of dropped closures are used again.

use std::{
    ffi::c_void,
    io,
    ptr::{NonNull, null_mut},
    sync::Mutex,
};

use super::{Class, Passing, Place, Registers, Signature, Used, invoke::enter};

/// What a closure calls: with its context, a pointer to each argument, and
/// where the result goes (zeroed, 32 bytes at least).
pub type Handler = unsafe fn(context: *mut c_void, arguments: &[*const u8], result: *mut u8);

const PAGE: usize = 4096;
const SLOT: usize = 16;

/// The data of a trampoline.
#[repr(C)]
struct Slot {
    entry: usize,
    closure: *const Inner,
}

/// Slots that no closure has.
static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());

pub(super) struct Inner {
    signature: Signature,
    handler: Handler,
    context: *mut c_void,
}

/// A C function that calls a Rust function.
pub struct Closure {
    /// In the data page.
    slot: NonNull<Slot>,
    _inner: Box<Inner>,
}

impl Closure {
    /// A function with these types that calls `handler`.
    pub fn new(
        signature: Signature,
        handler: Handler,
        context: *mut c_void,
    ) -> io::Result<Closure> {
        let inner = Box::new(Inner { signature, handler, context });
        let slot = take_slot()?;
        let data = Slot { entry: enter as *const () as usize, closure: &raw const *inner };
        // SAFETY: a slot of a data page that nobody else has.
        unsafe { slot.write(data) };
        Ok(Closure { slot, _inner: inner })
    }

    /// Where C calls it. Valid until the closure is dropped.
    pub fn address(&self) -> usize {
        self.slot.as_ptr().expose_provenance() - PAGE
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        if let Ok(mut free) = FREE.lock() {
            free.push(self.slot.as_ptr().expose_provenance());
        }
    }
}

fn take_slot() -> io::Result<NonNull<Slot>> {
    let mut free = FREE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if free.is_empty() {
        add_pages(&mut free)?;
    }
    let slot =
        free.pop().and_then(|slot| NonNull::new(std::ptr::with_exposed_provenance_mut(slot)));
    slot.ok_or_else(|| io::Error::from_raw_os_error(libc::ENOMEM))
}

/// `endbr64; lea r10, [rip + PAGE - 11]; jmp [r10]`: the slot is a page further.
const TRAMPOLINE: [u8; SLOT] = {
    let [a, b, c, d] = ((PAGE - 11) as u32).to_le_bytes();
    [0xf3, 0x0f, 0x1e, 0xfa, 0x4c, 0x8d, 0x15, a, b, c, d, 0x41, 0xff, 0x22, 0xcc, 0xcc]
};

/// Map a page of trampolines and the page of their slots.
fn add_pages(free: &mut Vec<usize>) -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh mapping.
    let pages = unsafe { libc::mmap(null_mut(), 2 * PAGE, protection, flags, -1, 0) };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    for offset in (0..PAGE).step_by(SLOT) {
        // SAFETY: inside the first page, which is still writable.
        unsafe { pages.cast::<u8>().add(offset).copy_from(TRAMPOLINE.as_ptr(), SLOT) };
    }
    // SAFETY: the first page is ours.
    if unsafe { libc::mprotect(pages, PAGE, libc::PROT_READ | libc::PROT_EXEC) } != 0 {
        let error = io::Error::last_os_error();
        // SAFETY: nobody uses the mapping.
        unsafe { libc::munmap(pages, 2 * PAGE) };
        return Err(error);
    }
    let slots = pages.expose_provenance() + PAGE;
    free.extend((0..PAGE / SLOT).rev().map(|number| slots + SLOT * number));
    Ok(())
}

/// Called by `enter` with the closure, the registers and the stack of the call.
pub(super) unsafe extern "C" fn dispatch(
    closure: *const Inner,
    registers: &mut Registers,
    stack: *const u8,
) {
    // SAFETY: the closure lives while C can call it.
    let Inner { signature, handler, context } = unsafe { &*closure };
    let mut used = Used::default();
    let in_memory = matches!(signature.result.passing(), Passing::Memory);
    if in_memory {
        used.integers = 1;
    }
    let mut words = Vec::with_capacity(signature.arguments.len());
    let mut pointers = Vec::with_capacity(signature.arguments.len());
    for ty in &signature.arguments {
        let mut value = [0u64; 2];
        match used.place(ty) {
            // SAFETY: the caller put the argument there.
            Place::Stack(offset) => pointers.push(unsafe { stack.add(offset) }),
            Place::Registers(places) => {
                for (word, place) in value.iter_mut().zip(places) {
                    *word = match place {
                        Some((Class::Integer, number)) => registers.integers[number],
                        Some((Class::Vector, number)) => registers.vectors[number],
                        None => 0,
                    };
                }
                pointers.push(std::ptr::null());
            }
        }
        words.push(value);
    }
    for (pointer, value) in pointers.iter_mut().zip(&words) {
        if pointer.is_null() {
            *pointer = value.as_ptr().cast();
        }
    }
    let mut room = [0u64; 4];
    let result = if in_memory {
        std::ptr::with_exposed_provenance_mut(registers.integers[0] as usize)
    } else {
        room.as_mut_ptr().cast::<u8>()
    };
    // SAFETY: the pointers are those of the arguments, the result has room.
    unsafe { handler(*context, &pointers, result) };
    // SAFETY: the handler wrote the result.
    unsafe { registers.load_result(&signature.result, result) };
}
