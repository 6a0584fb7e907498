//! Debug mode (`PYTHONMALLOC=debug`): guard bytes around every block.
//!
//! A block is laid out as size (8 bytes), who made it (a letter), 7 × 0xFD, data,
//! 8 × 0xFD, serial number (8). Data is 0xCD when new and 0xDD when freed.
//! Every free and resize checks the guards and ends the process on damage, as
//! in CPython: after a write out of bounds nothing can be relied on.

use std::ptr::NonNull;

use super::{Domain, Heap};

const BEFORE: usize = 16;
const AFTER: usize = 16;
const CLEAN: u8 = 0xCD;
const DEAD: u8 = 0xDD;
const FORBIDDEN: u8 = 0xFD;
const GUARD: [u8; 8] = [FORBIDDEN; 8];

/// Letters of blocks that the runtime made, without and with a collector.
const OWN: u8 = b'h';
const OWN_GC: u8 = b'g';

/// The bytes that guards add to a block.
pub const OVERHEAD: usize = BEFORE + AFTER;

/// Put guards into a block of `size` and [`OVERHEAD`] bytes; where the data is.
///
/// # Safety
///
/// The block is the caller's.
pub unsafe fn lay_guards(
    block: NonNull<u8>,
    size: usize,
    letter: u8,
    serial: usize,
) -> NonNull<u8> {
    let mut head = GUARD;
    head[0] = letter;
    // SAFETY: the bytes of the block are ours.
    unsafe { block.cast::<[u8; 8]>().write(size.to_be_bytes()) };
    // SAFETY: as above.
    unsafe { block.add(8).cast::<[u8; 8]>().write(head) };
    // SAFETY: as above.
    let data = unsafe { block.add(BEFORE) };
    // SAFETY: as above.
    unsafe { data.write_bytes(CLEAN, size) };
    // SAFETY: as above.
    let tail = unsafe { data.add(size) };
    // SAFETY: as above.
    unsafe { tail.cast::<[u8; 8]>().write_unaligned(GUARD) };
    // SAFETY: as above.
    unsafe { tail.add(8).cast::<[u8; 8]>().write_unaligned(serial.to_be_bytes()) };
    data
}

/// Check the guards of a block of data that `letter` is about to change or free:
/// its size and the letter of who made it.
///
/// # Safety
///
/// The data has guards.
pub unsafe fn check_guards(data: NonNull<u8>, letter: u8) -> (usize, u8) {
    // SAFETY: data follows its guards.
    let block = unsafe { data.sub(BEFORE) };
    // SAFETY: as above.
    let size = usize::from_be_bytes(unsafe { block.cast::<[u8; 8]>().read() });
    // SAFETY: as above.
    let head = unsafe { block.add(8).cast::<[u8; 8]>().read() };
    let made_by = head[0];
    let is_raw = |letter: u8| letter == b'r';
    let fits = match made_by {
        b'm' | b'o' => matches!(letter, OWN) || letter == made_by,
        // What the runtime made, C code frees with the function of its kind.
        OWN | OWN_GC => !is_raw(letter),
        b'r' => is_raw(letter),
        _ => false,
    };
    if !fits {
        let letter = char::from(shown(letter));
        let made_by = char::from(shown(made_by));
        damaged(
            data,
            size,
            &format!("bad ID: Allocated using API '{made_by}', verified using API '{letter}'"),
        );
    }
    if head[1..] != GUARD[1..] {
        damaged(data, size, "bad leading pad byte");
    }
    // SAFETY: the guards before it are whole, so the size is as well.
    let tail = unsafe { data.add(size).cast::<[u8; 8]>().read_unaligned() };
    if tail != GUARD {
        damaged(data, size, "bad trailing pad byte");
    }
    (size, made_by)
}

/// Overwrite a block that is given up; where it starts.
///
/// # Safety
///
/// The guards of the data were checked, and nobody uses it any more.
pub unsafe fn bury(data: NonNull<u8>, size: usize) -> NonNull<u8> {
    // SAFETY: data follows its guards.
    let block = unsafe { data.sub(BEFORE) };
    // SAFETY: the whole block is given up.
    unsafe { block.write_bytes(DEAD, BEFORE + size + AFTER) };
    block
}

/// Whether a word cannot be a pointer to anything live: null, or one of the
/// patterns that new, freed and guarding memory is filled with.
pub fn is_freed_pointer(word: usize) -> bool {
    word == 0
        || [CLEAN, DEAD, FORBIDDEN].iter().any(|byte| word == usize::from_ne_bytes([*byte; 8]))
}

impl Heap {
    pub(super) fn debug_alloc(&self, size: usize, domain: Domain) -> Option<NonNull<u8>> {
        let total = size.checked_add(OVERHEAD)?;
        let block = self.alloc_block(total, domain, BEFORE)?;
        self.serial.set(self.serial.get() + 1);
        let letter = if domain == Domain::Gc { OWN_GC } else { OWN };
        // SAFETY: a fresh block of that size.
        Some(unsafe { lay_guards(block, size, letter, self.serial.get() as usize) })
    }

    /// In debug mode, note that a block is one of C code's kind.
    ///
    /// # Safety
    ///
    /// `data` is a block of this heap that the collector does not look at.
    pub unsafe fn label(&self, data: NonNull<u8>, letter: u8) {
        if self.mode.debug {
            // SAFETY: data follows its guards.
            unsafe { data.sub(BEFORE - 8).write(letter) };
        }
    }

    /// In debug mode, end the process unless a block may be freed as C code's kind.
    ///
    /// # Safety
    ///
    /// `data` is a block of this heap.
    pub unsafe fn check_letter(&self, data: NonNull<u8>, letter: u8) {
        if self.mode.debug {
            // SAFETY: blocks have guards in this mode.
            unsafe { check_guards(data, letter) };
        }
    }

    /// Check the guards; returns size and domain.
    pub(super) unsafe fn debug_check(&self, data: NonNull<u8>) -> (usize, Domain) {
        // SAFETY: the caller's promise.
        let (size, made_by) = unsafe { check_guards(data, OWN) };
        (size, if made_by == OWN_GC { Domain::Gc } else { Domain::Raw })
    }

    pub(super) unsafe fn debug_free(&self, data: NonNull<u8>) {
        // SAFETY: the caller's promise.
        let (size, _) = unsafe { self.debug_check(data) };
        // SAFETY: just checked, and given up.
        let block = unsafe { bury(data, size) };
        // SAFETY: as above.
        unsafe { self.free_block(block, BEFORE) };
    }
}

/// The letter by which CPython's messages know a block.
fn shown(letter: u8) -> u8 {
    match letter {
        OWN => b'm',
        OWN_GC => b'o',
        letter => letter,
    }
}

/// Report a block, in CPython's words, and end the process.
#[cold]
fn damaged(data: NonNull<u8>, size: usize, what: &str) -> ! {
    use std::fmt::Write as _;
    let byte = |at: isize| {
        // SAFETY: inside the block, if its size is right. If it is not, the process
        // ends the sooner.
        unsafe { *data.as_ptr().offset(at) }
    };
    let mut out = String::new();
    let letter = char::from(shown(byte(8 - BEFORE as isize)));
    let length = size as isize;
    let _ = writeln!(out, "Debug memory block at address p={data:p}: API '{letter}'");
    let _ = writeln!(out, "    {size} bytes originally requested");
    let mut pad = |heading: String, sign: char, from: isize, count: isize| {
        let bytes: Vec<u8> = (from..from + count).map(byte).collect();
        if bytes.iter().all(|byte| *byte == FORBIDDEN) {
            let _ = writeln!(out, "{heading} are FORBIDDENBYTE, as expected.");
            return;
        }
        let _ = writeln!(out, "{heading} are not all FORBIDDENBYTE (0x{FORBIDDEN:02x}):");
        for (index, byte) in bytes.iter().enumerate() {
            let (place, name) = match sign {
                '-' => (count as usize - index, "p-"),
                _ => (index, "tail+"),
            };
            let ouch = if *byte == FORBIDDEN { "" } else { " *** OUCH" };
            let _ = writeln!(out, "        at {name}{place}: 0x{byte:02x}{ouch}");
        }
        if sign == '-' {
            out.push_str(
                "    Because memory is corrupted at the start, the count of bytes requested\n       \
                 may be bogus, and checking the trailing pad bytes may segfault.\n",
            );
        }
    };
    pad("    The 7 pad bytes at p-7".to_owned(), '-', -7, 7);
    let tail = data.as_ptr().wrapping_add(size);
    pad(format!("    The 8 pad bytes at tail={tail:p}"), '+', length, 8);
    if size > 0 {
        out.push_str("    Data at p:");
        for at in 0..length.min(8) {
            let _ = write!(out, " {:02x}", byte(at));
        }
        if length > 16 {
            out.push_str(" ...");
        }
        for at in (length - 8).max(8)..length {
            let _ = write!(out, " {:02x}", byte(at));
        }
        out.push('\n');
    }
    eprint!("{out}\nEnable tracemalloc to get the memory block allocation traceback\n\n");
    eprintln!("Fatal Python error: _PyMem_DebugRawFree: {what}");
    eprintln!("Python runtime state: initialized");
    std::process::abort();
}
