//! Tracebacks written from where nothing works any more: signal handlers,
//! and threads that do not hold the GIL.
//!
//! Nothing here allocates, counts references or takes a lock. Frames of a
//! thread that runs meanwhile may change while they are read; thread states
//! are never freed, and code objects of running frames are alive.
#![allow(unsafe_op_in_unsafe_fn, reason = "reads frames of any thread, see the header")]

use object::{Interpreter, Str, ThreadState};
use text::Units;

use crate::frame::{Frame, complete, public};

const MOST_FRAMES: usize = 100;
const MOST_THREADS: usize = 100;
const MOST_CHARACTERS: usize = 500;

/// Collects a line before it is written.
pub struct Out {
    fd: i32,
    len: usize,
    buffer: [u8; 256],
}

impl Out {
    /// Write to a descriptor.
    pub fn new(fd: i32) -> Out {
        Out { fd, len: 0, buffer: [0; 256] }
    }

    /// Write what was collected.
    pub fn flush(&mut self) {
        let mut rest = self.buffer.get(..self.len).unwrap_or_default();
        while !rest.is_empty() {
            match host::fs::write(self.fd, rest) {
                Ok(0) => break,
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if host::call::interrupted(&error) => {}
                Err(_) => break,
            }
        }
        self.len = 0;
    }

    fn byte(&mut self, byte: u8) {
        if self.len == self.buffer.len() {
            self.flush();
        }
        if let Some(slot) = self.buffer.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.byte(*byte));
    }

    /// A number in base 10.
    pub fn decimal(&mut self, mut value: u64) {
        let mut digits = [0u8; 20];
        let mut start = digits.len();
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + (value % 10) as u8;
            start -= 1;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.bytes(digits.get(start..).unwrap_or_default());
    }

    /// A number in base 16, with at least `width` digits.
    pub fn hex(&mut self, value: u64, width: u32) {
        let used = (64 - value.leading_zeros()).div_ceil(4).max(width).max(1);
        for index in (0..used).rev() {
            let digit = (value >> (4 * index) & 15) as u8;
            self.byte(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        }
    }

    fn character(&mut self, code: u32) {
        match code {
            0x20..0x7f => self.byte(code as u8),
            0..0x100 => {
                self.bytes(b"\\x");
                self.hex(u64::from(code), 2);
            }
            0x100..0x10000 => {
                self.bytes(b"\\u");
                self.hex(u64::from(code), 4);
            }
            _ => {
                self.bytes(b"\\U");
                self.hex(u64::from(code), 8);
            }
        }
    }

    /// Text, with escapes for what is not ASCII, cut when it is long.
    fn text(&mut self, text: &Str) {
        match text.units() {
            Units::Ucs1(units) => self.characters(units.iter().map(|unit| u32::from(*unit))),
            Units::Ucs2(units) => self.characters(units.iter().map(|unit| u32::from(*unit))),
            Units::Ucs4(units) => self.characters(units.iter().copied()),
        }
        if text.len() > MOST_CHARACTERS {
            self.bytes(b"...");
        }
    }

    fn characters(&mut self, characters: impl Iterator<Item = u32>) {
        characters.take(MOST_CHARACTERS).for_each(|code| self.character(code));
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        self.flush();
    }
}

unsafe fn write_frame(out: &mut Out, frame: *mut Frame) {
    let code = Frame::code(frame);
    out.bytes(b"  File \"");
    match code.filename_ptr().cast::<Str>().as_ref() {
        Some(name) => out.text(name),
        None => out.bytes(b"???"),
    }
    out.bytes(b"\", line ");
    match Frame::lineno(frame) {
        Some(line) if line >= 0 => out.decimal(line as u64),
        _ => out.bytes(b"???"),
    }
    out.bytes(b" in ");
    out.text(&code.name);
    out.bytes(b"\n");
    out.flush();
}

fn write_frames(out: &mut Out, state: &ThreadState) {
    // SAFETY: see the header.
    unsafe {
        let mut frame = complete((*public(state)).current_frame.cast());
        if frame.is_null() {
            out.bytes(b"  <no Python frame>\n");
        }
        let mut depth = 0;
        while !frame.is_null() {
            if depth == MOST_FRAMES {
                out.bytes(b"  ...\n");
                break;
            }
            write_frame(out, frame);
            frame = complete((*frame).prev);
            depth += 1;
        }
    }
    out.flush();
}

/// The traceback of one thread.
pub fn write_traceback(fd: i32, state: &ThreadState) {
    let mut out = Out::new(fd);
    out.bytes(b"Stack (most recent call first):\n");
    write_frames(&mut out, state);
}

/// The tracebacks of all threads; `current` is the ident of the one that asks.
pub fn write_all_tracebacks(fd: i32, interp: &'static Interpreter, current: u64) {
    let mut out = Out::new(fd);
    for (index, state) in interp.all_threads().enumerate() {
        if index > 0 {
            out.bytes(b"\n");
        }
        if index == MOST_THREADS {
            out.bytes(b"...\n");
            break;
        }
        let is_current = state.ident() == current;
        out.bytes(if is_current { b"Current thread 0x" } else { b"Thread 0x" });
        out.hex(state.ident(), 16);
        let mut name = [0u8; 64];
        let name = host::thread::name_of(state.ident(), &mut name);
        if !name.is_empty() {
            out.bytes(b" [");
            out.bytes(name);
            out.bytes(b"]");
        }
        out.bytes(b" (most recent call first):\n");
        if is_current && interp.heap.gc().is_collecting() {
            out.bytes(b"  Garbage-collecting\n");
        }
        out.flush();
        write_frames(&mut out, state);
    }
}
