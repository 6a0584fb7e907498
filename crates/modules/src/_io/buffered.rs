//! `BufferedReader`, `BufferedWriter`, `BufferedRandom`.
//!
//! One [`Core`] serves the three: `input` holds what was read ahead (from
//! `pos` to `end`), `output` what was not written yet; at most one of them is
//! in use. The raw stream's position is `end` of the first or the start of the
//! second. A core works for one caller at a time: another thread waits, the
//! same thread gets `RuntimeError`.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Int, IntoObject, Link, Obj, Protocol, Ref, Result, Str, Thread,
    Traverse, Tuple, Type, alloc_object,
    args::Given,
    exceptions, id, raise,
    types::{self, MemoryView},
};

use super::{
    base::{BufferedIOBase, check_readable, check_seekable, check_writable, no_pickle},
    fileio::FileIO,
    spare,
};
use crate::support::{
    Data, Writable,
    wait::{Gate, Until},
};

/// What the buffered classes share.
pub(super) struct Core {
    raw: Link,
    ok: Cell<bool>,
    detached: Cell<bool>,
    pub(super) finalizing: Cell<bool>,
    readable: Cell<bool>,
    size: Cell<usize>,
    input: RefCell<Vec<u8>>,
    pos: Cell<usize>,
    end: Cell<usize>,
    output: RefCell<Vec<u8>>,
    /// The raw stream's position, -1 if unknown.
    raw_pos: Cell<i64>,
    /// Taken while a thread is at work.
    busy: Gate,
    /// The thread at work, 0 for none.
    owner: Cell<u64>,
}

impl Traverse for Core {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.raw.traverse(visit);
    }
}

/// How long the end of the program waits for a buffer that is in use.
const PATIENCE_AT_END: std::time::Duration = std::time::Duration::from_secs(1);

/// A daemon thread was stopped in the middle of using a buffer.
fn fatal_at_end(shown: &str) -> ! {
    eprintln!(
        "Fatal Python error: _enter_buffered_busy: could not acquire lock for {shown} at \
         interpreter shutdown, possibly due to daemon threads"
    );
    eprintln!("Python runtime state: finalizing");
    std::process::abort()
}

/// The right to work on a core.
struct Busy<'a>(&'a Core);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.owner.set(0);
        self.0.busy.release();
    }
}

impl Core {
    fn empty() -> Core {
        Core {
            raw: Link::null(),
            ok: Cell::new(false),
            detached: Cell::new(false),
            finalizing: Cell::new(false),
            readable: Cell::new(false),
            size: Cell::new(0),
            input: RefCell::default(),
            pos: Cell::new(0),
            end: Cell::new(0),
            output: RefCell::default(),
            raw_pos: Cell::new(-1),
            busy: Gate::default(),
            owner: Cell::new(0),
        }
    }

    fn init(&self, th: Thread<'_>, raw: Obj<'_>, size: isize, readable: bool) -> Result<()> {
        self.ok.set(false);
        self.detached.set(false);
        if size <= 0 {
            raise!(th, ValueError, "buffer size must be strictly positive");
        }
        self.size.set(size as usize);
        self.readable.set(readable);
        self.raw.set(Some(raw.own()));
        self.input.replace(Vec::new());
        self.output.replace(Vec::new());
        self.pos.set(0);
        self.end.set(0);
        self.raw_pos.set(-1);
        // The position is asked for when it is needed.
        self.ok.set(true);
        Ok(())
    }

    fn raw(&self, th: Thread<'_>) -> Result<Ref> {
        match self.raw.get() {
            Some(raw) if self.ok.get() => Ok(raw),
            _ if self.detached.get() => {
                raise!(th, ValueError, "raw stream has been detached")
            }
            _ => raise!(th, ValueError, "I/O operation on uninitialized object"),
        }
    }

    /// Whether the raw file is closed, if it is exactly a `FileIO`.
    pub(super) fn fast_closed(&self) -> Option<bool> {
        let raw = self.raw.get()?;
        raw.obj().downcast_exact::<FileIO>().map(FileIO::is_closed)
    }

    /// Whether the raw file is closed, or the buffer gone after an attempt to close it.
    fn is_closed(&self, th: Thread<'_>, raw: Obj<'_>) -> Result<bool> {
        Ok(self.size.get() == 0 || self.is_raw_closed(th, raw)?)
    }

    fn is_raw_closed(&self, th: Thread<'_>, raw: Obj<'_>) -> Result<bool> {
        match raw.downcast_exact::<FileIO>() {
            Some(file) => Ok(file.is_closed()),
            None => raw.getattr(th, id!(th, "closed"))?.is_true(th),
        }
    }

    /// The raw stream, which must be open.
    fn open_raw(&self, th: Thread<'_>, doing: &str) -> Result<Ref> {
        let raw = self.raw(th)?;
        if self.is_closed(th, raw.obj())? {
            raise!(th, ValueError, "{doing}");
        }
        Ok(raw)
    }

    fn enter(&self, th: Thread<'_>, this: Obj<'_>) -> Result<Busy<'_>> {
        let me = th.state().ident();
        if self.owner.get() == me {
            let shown = this.repr(th)?;
            raise!(th, RuntimeError, "reentrant call inside {shown}");
        }
        // At the end, the owner may be a thread that never comes back.
        let ending = th.interp().is_finalizing();
        let until = if ending { Until::after(PATIENCE_AT_END) } else { Until::Forever };
        if !self.busy.take(th, until, false)? {
            let shown = this.repr(th)?;
            fatal_at_end(&shown.to_string());
        }
        self.owner.set(me);
        Ok(Busy(self))
    }

    /// In the child of a fork: a thread that was at work is gone.
    pub(super) fn after_fork(&self, th: Thread<'_>) {
        if self.owner.get() == th.state().ident() {
            return self.busy.forget_waiters();
        }
        self.busy.reset();
        self.owner.set(0);
    }

    fn ahead(&self) -> usize {
        self.end.get() - self.pos.get()
    }

    fn reset_input(&self) {
        self.pos.set(0);
        self.end.set(0);
    }

    fn advance_raw(&self, n: usize) {
        if self.raw_pos.get() >= 0 {
            self.raw_pos.set(self.raw_pos.get() + n as i64);
        }
    }

    /// One `readinto` of the raw stream; `None` if it would block.
    fn raw_read(&self, th: Thread<'_>, raw: Obj<'_>, target: &mut [u8]) -> Result<Option<usize>> {
        let n = match raw.downcast_exact::<FileIO>() {
            Some(file) => file.read_into(th, target)?,
            None => {
                let array = spare::take_array(th, target.len())?;
                let view = MemoryView::from_object(th, array.obj())?;
                let count = raw.call_method(th, id!(th, "readinto"), &[view.obj()])?;
                drop(view);
                if count.obj().is_none() {
                    return Ok(None);
                }
                let n = match Int::index_to_isize(th, count.obj()) {
                    Ok(n) => n,
                    Err(raised) => return Err(readinto_failed(th, raised)),
                };
                let read = usize::try_from(n).ok().and_then(|n| array.as_bytes().get(..n));
                let (Some(read), true) = (read, n <= target.len() as isize) else {
                    raise!(
                        th,
                        OSError,
                        "raw readinto() returned invalid length {n} \
                         (should have been between 0 and {})",
                        target.len()
                    );
                };
                if let Some(target) = target.get_mut(..read.len()) {
                    target.copy_from_slice(read);
                }
                spare::keep_array(th, array);
                Some(n as usize)
            }
        };
        if let Some(n) = n {
            self.advance_raw(n);
        }
        Ok(n)
    }

    /// One `write` of the raw stream; `None` if it would block.
    fn raw_write(&self, th: Thread<'_>, raw: Obj<'_>, data: &[u8]) -> Result<Option<usize>> {
        let n = match raw.downcast_exact::<FileIO>() {
            Some(file) => file.write_from(th, data)?,
            None => {
                let bytes = Bytes::new(th, data)?;
                let view = MemoryView::from_object(th, bytes.obj())?;
                let count = raw.call_method(th, id!(th, "write"), &[view.obj()])?;
                if count.obj().is_none() {
                    return Ok(None);
                }
                let n = Int::index_to_isize(th, count.obj())?;
                if n < 0 || n > data.len() as isize {
                    raise!(
                        th,
                        OSError,
                        "raw write() returned invalid length {n} \
                         (should have been between 0 and {})",
                        data.len()
                    );
                }
                Some(n as usize)
            }
        };
        if let Some(n) = n {
            self.advance_raw(n);
        }
        Ok(n)
    }

    fn raw_seek(&self, th: Thread<'_>, raw: Obj<'_>, offset: i64, whence: i32) -> Result<i64> {
        self.raw_pos.set(-1);
        let position = match raw.downcast_exact::<FileIO>() {
            Some(file) => file.seek_to(th, offset, whence)?,
            None => {
                let args = [offset.into_object(th)?, whence.into_object(th)?];
                let position =
                    raw.call_method(th, id!(th, "seek"), &[args[0].obj(), args[1].obj()])?;
                Int::index_to_i64(th, position.obj())?
            }
        };
        if position < 0 {
            raise!(th, OSError, "Raw stream returned invalid position {position}");
        }
        self.raw_pos.set(position);
        Ok(position)
    }

    fn raw_tell(&self, th: Thread<'_>, raw: Obj<'_>) -> Result<i64> {
        if self.raw_pos.get() >= 0 {
            return Ok(self.raw_pos.get());
        }
        let position = match raw.downcast_exact::<FileIO>() {
            Some(file) => file.seek_to(th, 0, libc::SEEK_CUR)?,
            None => {
                let position = raw.call_method(th, id!(th, "tell"), &[])?;
                Int::index_to_i64(th, position.obj())?
            }
        };
        if position < 0 {
            raise!(th, OSError, "Raw stream returned invalid position {position}");
        }
        self.raw_pos.set(position);
        Ok(position)
    }

    /// Read ahead, the buffer being empty. `None` if it would block.
    fn fill(&self, th: Thread<'_>, raw: Obj<'_>) -> Result<Option<usize>> {
        self.fill_up_to(th, raw, self.size.get())
    }

    /// The same with at most `wanted` bytes, which is at most the buffer's size.
    fn fill_up_to(&self, th: Thread<'_>, raw: Obj<'_>, wanted: usize) -> Result<Option<usize>> {
        self.flush_output(th, raw)?;
        self.reset_input();
        // No borrow while the raw stream reads: it may be Python code.
        let mut input = self.input.take();
        if input.is_empty() {
            input = spare::take_memory(th, self.size.get())?;
        }
        let result = self.raw_read(th, raw, input.get_mut(..wanted).unwrap_or_default());
        // Unless that made this object anew, with a buffer of another size.
        if input.len() == self.size.get() {
            self.input.replace(input);
            self.end.set(result.as_ref().map_or(0, |n| n.unwrap_or(0)));
        }
        result
    }

    /// Copy from the buffer.
    fn take(&self, target: &mut Vec<u8>, wanted: usize) -> usize {
        let input = self.input.borrow();
        let start = self.pos.get();
        let end = self.end.get().min(start.saturating_add(wanted));
        let bytes = input.get(start..end).unwrap_or_default();
        target.extend_from_slice(bytes);
        self.pos.set(end);
        bytes.len()
    }

    /// Write all that waits.
    fn flush_output(&self, th: Thread<'_>, raw: Obj<'_>) -> Result<()> {
        while !self.output.borrow().is_empty() {
            // No borrow while other threads run, nor in a child that they fork.
            let mut data = self.output.take();
            let result = self.raw_write(th, raw, &data);
            if let Ok(Some(n)) = result {
                data.drain(..n);
            }
            self.output.replace(data);
            if result?.is_none() {
                return Err(would_block(th, 0));
            }
            crate::_signal::run_pending_signals(th)?;
        }
        Ok(())
    }

    /// Put the raw stream where the program believes it is.
    fn rewind(&self, th: Thread<'_>, raw: Obj<'_>) -> Result<()> {
        let ahead = self.ahead();
        if ahead > 0 {
            self.raw_seek(th, raw, -(ahead as i64), libc::SEEK_CUR)?;
        }
        self.reset_input();
        Ok(())
    }

    /// Up to `wanted` bytes, with as many calls as it takes; `None` if nothing is there yet.
    pub(super) fn read_exact(
        &self,
        th: Thread<'_>,
        this: Obj<'_>,
        wanted: usize,
    ) -> Result<Option<Vec<u8>>> {
        let raw = self.open_raw(th, "read of closed file")?;
        let _busy = self.enter(th, this)?;
        let mut data = Vec::new();
        if data.try_reserve_exact(wanted.min(1 << 20).max(self.ahead().min(wanted))).is_err() {
            return Err(th.no_memory());
        }
        self.take(&mut data, wanted);
        while data.len() < wanted {
            let rest = wanted - data.len();
            let size = self.size.get();
            let got = if rest >= size {
                self.flush_output(th, raw.obj())?;
                self.reset_input();
                let (len, chunk) = (data.len(), rest - rest % size);
                let chunk = chunk.min(1 << 30);
                if data.try_reserve(chunk).is_err() {
                    return Err(th.no_memory());
                }
                data.resize(len + chunk, 0);
                let n = self.raw_read(th, raw.obj(), data.get_mut(len..).unwrap_or_default());
                data.truncate(len + n.as_ref().map_or(0, |n| n.unwrap_or(0)));
                n?
            } else {
                let n = self.fill(th, raw.obj())?;
                self.take(&mut data, rest);
                n
            };
            match got {
                None if data.is_empty() => return Ok(None),
                None | Some(0) => break,
                Some(_) => {}
            }
        }
        Ok(Some(data))
    }

    /// All that is left.
    pub(super) fn read_all(&self, th: Thread<'_>, this: Obj<'_>) -> Result<Option<Vec<u8>>> {
        let raw = self.open_raw(th, "read of closed file")?;
        let _busy = self.enter(th, this)?;
        let mut data = Vec::new();
        self.take(&mut data, usize::MAX);
        self.reset_input();
        self.flush_output(th, raw.obj())?;
        let rest = match raw.obj().downcast_exact::<FileIO>() {
            Some(file) => file.read_all(th)?,
            None => match raw.getattr_opt(th, id!(th, "readall"))? {
                Some(readall) => {
                    self.raw_pos.set(-1);
                    let rest = readall.call(th, &[])?;
                    match rest.obj().downcast::<Bytes>() {
                        Some(bytes) => Some(bytes.as_bytes().to_vec()),
                        None if rest.obj().is_none() => None,
                        None => raise!(th, TypeError, "readall() should return bytes"),
                    }
                }
                None => {
                    let mut all = Vec::new();
                    let mut blocked = false;
                    loop {
                        let chunk = raw.call_method(th, id!(th, "read"), &[])?;
                        self.raw_pos.set(-1);
                        match chunk.obj().downcast::<Bytes>() {
                            Some(bytes) if bytes.len() == 0 => break,
                            Some(bytes) => all.extend_from_slice(bytes.as_bytes()),
                            None if chunk.obj().is_none() => {
                                blocked = true;
                                break;
                            }
                            None => raise!(th, TypeError, "read() should return bytes"),
                        }
                    }
                    if blocked && all.is_empty() { None } else { Some(all) }
                }
            },
        };
        match rest {
            Some(rest) => {
                self.advance_raw(rest.len());
                if data.is_empty() {
                    return Ok(Some(rest));
                }
                data.extend_from_slice(&rest);
                Ok(Some(data))
            }
            None => Ok(if data.is_empty() { None } else { Some(data) }),
        }
    }

    /// At most one read of the raw stream.
    pub(super) fn read_once(
        &self,
        th: Thread<'_>,
        this: Obj<'_>,
        wanted: isize,
    ) -> Result<Vec<u8>> {
        let raw = self.open_raw(th, "read of closed file")?;
        let wanted = usize::try_from(wanted).unwrap_or(self.size.get());
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let _busy = self.enter(th, this)?;
        let mut data = Vec::new();
        if self.take(&mut data, wanted) > 0 {
            return Ok(data);
        }
        if wanted <= self.size.get() {
            self.fill_up_to(th, raw.obj(), wanted)?;
            self.take(&mut data, wanted);
            return Ok(data);
        }
        self.flush_output(th, raw.obj())?;
        self.reset_input();
        if data.try_reserve_exact(wanted).is_err() {
            return Err(th.no_memory());
        }
        data.resize(wanted, 0);
        let n = self.raw_read(th, raw.obj(), &mut data)?.unwrap_or(0);
        data.truncate(n);
        Ok(data)
    }

    fn peek(&self, th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Bytes>> {
        let raw = self.open_raw(th, "peek of closed file")?;
        let _busy = self.enter(th, this)?;
        if self.ahead() == 0 {
            self.fill(th, raw.obj())?;
        }
        let input = self.input.borrow();
        Bytes::new(th, input.get(self.pos.get()..self.end.get()).unwrap_or_default())
    }

    fn readline(&self, th: Thread<'_>, this: Obj<'_>, limit: isize) -> Result<Ref<Bytes>> {
        let raw = self.open_raw(th, "readline of closed file")?;
        let mut limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let _busy = self.enter(th, this)?;
        let mut line = Vec::new();
        loop {
            {
                let input = self.input.borrow();
                let start = self.pos.get();
                let end = self.end.get().min(start.saturating_add(limit));
                let bytes = input.get(start..end).unwrap_or_default();
                let found = memchr::memchr(b'\n', bytes);
                let size = found.map_or(bytes.len(), |i| i + 1);
                let bytes = bytes.get(..size).unwrap_or_default();
                self.pos.set(start + size);
                limit -= size;
                if found.is_some() || limit == 0 {
                    if line.is_empty() {
                        return Bytes::new(th, bytes);
                    }
                    line.extend_from_slice(bytes);
                    return Bytes::new(th, &line);
                }
                line.extend_from_slice(bytes);
            }
            if self.fill(th, raw.obj())?.unwrap_or(0) == 0 {
                return Bytes::new(th, &line);
            }
        }
    }

    fn readinto(
        &self,
        th: Thread<'_>,
        this: Obj<'_>,
        buffer: &Writable,
        once: bool,
    ) -> Result<Option<usize>> {
        let raw = self.open_raw(th, "readinto of closed file")?;
        let _busy = self.enter(th, this)?;
        let (mut done, mut has_read) = (0, false);
        while done < buffer.len() {
            if self.ahead() == 0 {
                let rest = buffer.len() - done;
                let is_large = rest > self.size.get();
                if once && (has_read || done > 0 && !is_large) {
                    break;
                }
                has_read = true;
                let n = if is_large {
                    self.flush_output(th, raw.obj())?;
                    self.reset_input();
                    let target = buffer.bytes_mut().get_mut(done..).unwrap_or_default();
                    let n = self.raw_read(th, raw.obj(), target)?;
                    done += n.unwrap_or(0);
                    n
                } else {
                    self.fill(th, raw.obj())?
                };
                match n {
                    None if done == 0 => return Ok(None),
                    None | Some(0) => break,
                    Some(_) => {}
                }
                if is_large {
                    continue;
                }
            }
            let input = self.input.borrow();
            let start = self.pos.get();
            let bytes = input.get(start..self.end.get()).unwrap_or_default();
            let target = buffer.bytes_mut().get_mut(done..).unwrap_or_default();
            let n = bytes.len().min(target.len());
            for (to, from) in target.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.pos.set(start + n);
            done += n;
        }
        Ok(Some(done))
    }

    /// Write, buffering what is less than the buffer.
    pub(super) fn write(&self, th: Thread<'_>, this: Obj<'_>, data: &[u8]) -> Result<usize> {
        let raw = self.raw(th)?;
        let _busy = self.enter(th, this)?;
        // Another thread may have closed the file while this one waited.
        if self.is_closed(th, raw.obj())? {
            raise!(th, ValueError, "write to closed file");
        }
        if self.end.get() > 0 {
            self.rewind(th, raw.obj())?;
        }
        let size = self.size.get();
        {
            let mut output = self.output.borrow_mut();
            if output.len() + data.len() <= size {
                if output.try_reserve(data.len()).is_err() {
                    return Err(th.no_memory());
                }
                output.extend_from_slice(data);
                return Ok(data.len());
            }
        }
        if let Err(raised) = self.flush_output(th, raw.obj()) {
            if !th.exception_matches(exceptions::types::BlockingIOError()) {
                return Err(raised);
            }
            // Keep what fits.
            let mut output = self.output.borrow_mut();
            let room = size.saturating_sub(output.len());
            if data.len() <= room {
                th.clear_exception(raised);
                output.extend_from_slice(data);
                return Ok(data.len());
            }
            th.clear_exception(raised);
            output.extend_from_slice(data.get(..room).unwrap_or_default());
            drop(output);
            return Err(would_block(th, room));
        }
        let mut written = 0;
        while data.len() - written > size {
            let rest = data.get(written..).unwrap_or_default();
            match self.raw_write(th, raw.obj(), rest)? {
                Some(n) => written += n,
                None => {
                    let room = rest.len().min(size);
                    let kept = rest.get(..room).unwrap_or_default();
                    self.output.borrow_mut().extend_from_slice(kept);
                    if rest.len() > size {
                        return Err(would_block(th, written + room));
                    }
                    return Ok(data.len());
                }
            }
            crate::_signal::run_pending_signals(th)?;
        }
        self.output.borrow_mut().extend_from_slice(data.get(written..).unwrap_or_default());
        Ok(data.len())
    }

    pub(super) fn flush(&self, th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        if this.downcast::<BufferedReader>().is_some() {
            // What was read ahead stays: the file may not know how to go back.
            return self.raw(th)?.call_method(th, id!(th, "flush"), &[]).map(drop);
        }
        let raw = self.open_raw(th, "flush of closed file")?;
        if this.downcast::<BufferedReader>().is_some() {
            // What was read ahead stays.
            return raw.call_method(th, id!(th, "flush"), &[]).map(drop);
        }
        let _busy = self.enter(th, this)?;
        self.flush_output(th, raw.obj())?;
        if self.end.get() > 0 {
            self.rewind(th, raw.obj())?;
        }
        Ok(())
    }

    pub(super) fn tell(&self, th: Thread<'_>, this: Obj<'_>) -> Result<i64> {
        let raw = self.raw(th)?;
        let _busy = self.enter(th, this)?;
        // Others may have moved the file: the raw stream is asked each time.
        self.raw_pos.set(-1);
        let position = self.raw_tell(th, raw.obj())?;
        let position = position - self.ahead() as i64 + self.output.borrow().len() as i64;
        Ok(position.max(0))
    }

    pub(super) fn seek(
        &self,
        th: Thread<'_>,
        this: Obj<'_>,
        target: i64,
        whence: i32,
    ) -> Result<i64> {
        if !(0..=4).contains(&whence) {
            raise!(th, ValueError, "whence value {whence} unsupported");
        }
        let raw = self.open_raw(th, "seek of closed file")?;
        if raw.obj().downcast_exact::<FileIO>().is_none() {
            check_seekable(th, raw.obj())?;
        }
        let _busy = self.enter(th, this)?;
        let mut target = target;
        if whence < 2 && self.end.get() > 0 {
            let here = self.raw_tell(th, raw.obj())?;
            let ahead = self.ahead() as i64;
            let offset = if whence == 0 { target - (here - ahead) } else { target };
            if offset >= -(self.pos.get() as i64) && offset <= ahead {
                self.pos.set((self.pos.get() as i64 + offset) as usize);
                return Ok((here - ahead + offset).max(0));
            }
        }
        self.flush_output(th, raw.obj())?;
        if whence == 1 {
            target -= self.ahead() as i64;
        }
        let position = self.raw_seek(th, raw.obj(), target, whence)?;
        self.reset_input();
        Ok(position)
    }

    fn truncate(&self, th: Thread<'_>, this: Obj<'_>, size: Option<Obj<'_>>) -> Result<Ref> {
        let raw = self.open_raw(th, "truncate of closed file")?;
        if this.downcast::<BufferedReader>().is_some() {
            return Err(super::unsupported(th, "truncate"));
        }
        let size = match size.filter(|size| !size.is_none()) {
            Some(size) => size.own(),
            None => {
                self.flush(th, this)?;
                self.tell(th, this)?.into_object(th)?
            }
        };
        self.flush(th, this)?;
        self.raw_pos.set(-1);
        raw.call_method(th, id!(th, "truncate"), &[size.obj()])
    }

    fn close(&self, th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        let raw = self.raw(th)?;
        if self.is_raw_closed(th, raw.obj())? {
            return Ok(types::none().own());
        }
        if self.finalizing.get() {
            let warned = raw.call_method(th, id!(th, "_dealloc_warn"), &[this]);
            if let Err(raised) = warned {
                th.clear_exception(raised);
            }
        }
        let error = match this.call_method(th, id!(th, "flush"), &[]) {
            Ok(_) => None,
            Err(raised) => Some(th.take_exception(raised)),
        };
        let closed = {
            let _busy = self.enter(th, this)?;
            let closed = raw.call_method(th, id!(th, "close"), &[]);
            self.size.set(0);
            closed
        };
        spare::keep_memory(th, self.input.take());
        self.output.replace(Vec::new());
        self.reset_input();
        match (error, closed) {
            (None, closed) => closed,
            (Some(error), Ok(_)) => Err(th.restore(error)),
            (Some(error), Err(raised)) => {
                let second = th.take_exception(raised);
                if let Some(base) = exceptions::BaseException::of(second.obj()) {
                    base.set_context(Some(error));
                }
                Err(th.restore(second))
            }
        }
    }

    fn detach(&self, th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
        let raw = self.raw(th)?;
        this.call_method(th, id!(th, "flush"), &[])?;
        self.raw.take();
        self.detached.set(true);
        self.ok.set(false);
        Ok(raw)
    }

    fn repr(&self, th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
        let class = this.ty().full_name();
        let name = match this.getattr_opt(th, id!(th, "name")) {
            Ok(name) => name,
            Err(raised) => {
                th.catch(raised, exceptions::types::ValueError())?;
                None
            }
        };
        match name {
            Some(name) => {
                let name = name.repr(th)?;
                Str::from_fmt(th, format_args!("<{class} name={name}>"))
            }
            None => Str::from_fmt(th, format_args!("<{class}>")),
        }
    }
}

/// `OSError`, because of what `readinto` returned.
#[cold]
fn readinto_failed(th: Thread<'_>, raised: object::Raised) -> object::Raised {
    let cause = th.take_exception(raised);
    let make = || {
        let text = "raw readinto() failed".into_object(th)?;
        exceptions::types::OSError().obj().call(th, &[text.obj()])
    };
    match make() {
        Ok(exception) => exceptions::raise_from(th, exception.obj(), Some(cause.obj())),
        Err(raised) => raised,
    }
}

/// `BlockingIOError`, saying how much was taken.
#[cold]
fn would_block(th: Thread<'_>, written: usize) -> object::Raised {
    let make = || {
        let errno = libc::EAGAIN.into_object(th)?;
        let text = "write could not complete without blocking".into_object(th)?;
        let written = written.into_object(th)?;
        let class = exceptions::types::BlockingIOError();
        class.obj().call(th, &[errno.obj(), text.obj(), written.obj()])
    };
    match make() {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

/// The core of an exact buffered object.
pub(super) fn core_of(object: Obj<'_>) -> Option<&Core> {
    if let Some(reader) = object.downcast_exact::<BufferedReader>() {
        return Some(&reader.core);
    }
    if let Some(writer) = object.downcast_exact::<BufferedWriter>() {
        return Some(&writer.core);
    }
    object.downcast_exact::<BufferedRandom>().map(|random| &random.core)
}

macro_rules! buffered_type {
    ($ty:ident, $name:literal, $doc:literal) => {
        #[doc = $doc]
        #[pytype(name = $name, base = BufferedIOBase, sig = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)", flags = BASETYPE | IMMUTABLETYPE)]
        pub(super) struct $ty {
            base: BufferedIOBase,
            pub(super) core: Core,
        }

        impl $ty {
            fn core<'a>(th: Thread<'_>, this: Obj<'a>) -> Result<&'a Core> {
                match this.downcast::<$ty>() {
                    Some(this) => Ok(&this.core),
                    None => raise!(th, TypeError, "a buffered file is required"),
                }
            }

            fn allocate(th: Thread<'_>, cls: &Type) -> Result<Ref<$ty>> {
                alloc_object::alloc(th, cls, $ty { base: BufferedIOBase::empty(), core: Core::empty() })
            }
        }

        #[pymethods(part = common)]
        impl $ty {
            #[sig = "($self, /)"]
            fn close(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
                Self::core(th, this)?.close(th, this)
            }

            #[sig = "($self, /)"]
            fn detach(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
                Self::core(th, this)?.detach(th, this)
            }

            #[sig = "($self, /)"]
            fn flush(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
                Self::core(th, this)?.flush(th, this)
            }

            #[sig = "($self, /)"]
            fn seekable(&self, th: Thread<'_>) -> Result<Ref> {
                self.core.raw(th)?.call_method(th, id!(th, "seekable"), &[])
            }

            #[sig = "($self, /)"]
            fn fileno(&self, th: Thread<'_>) -> Result<Ref> {
                self.core.raw(th)?.call_method(th, id!(th, "fileno"), &[])
            }

            #[sig = "($self, /)"]
            fn isatty(&self, th: Thread<'_>) -> Result<Ref> {
                self.core.raw(th)?.call_method(th, id!(th, "isatty"), &[])
            }

            #[sig = "($self, source, /)"]
            fn _dealloc_warn(&self, th: Thread<'_>, source: Obj<'_>) -> Result<()> {
                if self.core.ok.get() {
                    let raw = self.core.raw(th)?;
                    if let Err(raised) = raw.call_method(th, id!(th, "_dealloc_warn"), &[source]) {
                        th.clear_exception(raised);
                    }
                }
                Ok(())
            }

            #[sig = "($self, /)"]
            fn tell(th: Thread<'_>, this: Obj<'_>) -> Result<i64> {
                Self::core(th, this)?.tell(th, this)
            }

            #[sig = "($self, target, whence=0, /)"]
            fn seek(th: Thread<'_>, this: Obj<'_>, target: Obj<'_>, whence: i32) -> Result<i64> {
                let core = Self::core(th, this)?;
                core.raw(th)?;
                core.seek(th, this, Int::index_to_i64(th, target)?, whence)
            }

            #[sig = "($self, pos=None, /)"]
            fn truncate(th: Thread<'_>, this: Obj<'_>, pos: Option<Obj<'_>>) -> Result<Ref> {
                Self::core(th, this)?.truncate(th, this, pos)
            }

            #[sig = "($self, /)"]
            fn __getstate__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
                no_pickle(th, this)
            }


            #[sig = "($self, /)"]
            fn __sizeof__(&self, _: Thread<'_>) -> usize {
                size_of::<$ty>() + 16 + self.core.size.get()
            }

            fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
                Self::core(th, this)?.repr(th, this)
            }

            #[getter]
            fn closed(&self, th: Thread<'_>) -> Result<Ref> {
                self.core.raw(th)?.getattr(th, id!(th, "closed"))
            }

            #[getter]
            fn name(&self, th: Thread<'_>) -> Result<Ref> {
                self.core.raw(th)?.getattr(th, id!(th, "name"))
            }

            #[getter]
            fn mode(&self, th: Thread<'_>) -> Result<Ref> {
                self.core.raw(th)?.getattr(th, id!(th, "mode"))
            }

            #[getter]
            fn raw(&self, _: Thread<'_>) -> Option<Ref> {
                self.core.raw.get()
            }

            #[getter]
            fn _finalizing(&self, _: Thread<'_>) -> bool {
                self.core.finalizing.get()
            }

            #[setter(_finalizing)]
            fn set_finalizing(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
                let on = value.map_or(Ok(false), |value| value.is_true(th))?;
                self.core.finalizing.set(on);
                Ok(())
            }
        }
    };
}

macro_rules! reading_part {
    ($ty:ident) => {
        #[pymethods(part = reading)]
        impl $ty {
            #[sig = "($self, /)"]
            fn readable(&self, th: Thread<'_>) -> Result<Ref> {
                self.core.raw(th)?.call_method(th, id!(th, "readable"), &[])
            }

            #[sig = "($self, size=-1, /)"]
            fn read(
                th: Thread<'_>,
                this: Obj<'_>,
                size: Option<isize>,
            ) -> Result<Option<Ref<Bytes>>> {
                let core = Self::core(th, this)?;
                core.raw(th)?;
                let size = size.unwrap_or(-1);
                let data = match size {
                    -1 => core.read_all(th, this)?,
                    size if size < -1 => {
                        raise!(th, ValueError, "read length must be non-negative or -1")
                    }
                    size => core.read_exact(th, this, size as usize)?,
                };
                data.map(|data| Bytes::new(th, &data)).transpose()
            }

            #[sig = "($self, size=-1, /)"]
            fn read1(th: Thread<'_>, this: Obj<'_>, size: isize) -> Result<Ref<Bytes>> {
                Bytes::new(th, &Self::core(th, this)?.read_once(th, this, size)?)
            }

            #[sig = "($self, size=0, /)"]
            fn peek(th: Thread<'_>, this: Obj<'_>, size: isize) -> Result<Ref<Bytes>> {
                let _ = size;
                Self::core(th, this)?.peek(th, this)
            }

            #[sig = "($self, size=-1, /)"]
            fn readline(th: Thread<'_>, this: Obj<'_>, size: Option<isize>) -> Result<Ref<Bytes>> {
                Self::core(th, this)?.readline(th, this, size.unwrap_or(-1))
            }

            #[sig = "($self, buffer, /)"]
            fn readinto(th: Thread<'_>, this: Obj<'_>, buffer: Writable) -> Result<Option<usize>> {
                Self::core(th, this)?.readinto(th, this, &buffer, false)
            }

            #[sig = "($self, buffer, /)"]
            fn readinto1(th: Thread<'_>, this: Obj<'_>, buffer: Writable) -> Result<Option<usize>> {
                Self::core(th, this)?.readinto(th, this, &buffer, true)
            }

            fn __next__(th: Thread<'_>, this: Obj<'_>) -> Result<Option<Ref>> {
                let core = Self::core(th, this)?;
                if this.is_exact::<$ty>() {
                    let line = core.readline(th, this, -1)?;
                    return Ok((line.len() > 0).then(|| line.upcast()));
                }
                let line = this.call_method(th, id!(th, "readline"), &[])?;
                Ok((line.length(th)? > 0).then_some(line))
            }
        }
    };
}

macro_rules! writing_part {
    ($ty:ident) => {
        #[pymethods(part = writing)]
        impl $ty {
            #[sig = "($self, /)"]
            fn writable(&self, th: Thread<'_>) -> Result<Ref> {
                self.core.raw(th)?.call_method(th, id!(th, "writable"), &[])
            }

            /// Write buffer b to the IO stream.
            ///
            /// Return the number of bytes written, which is always
            /// the length of b in bytes.
            #[sig = "($self, buffer, /)"]
            fn write(th: Thread<'_>, this: Obj<'_>, buffer: Data) -> Result<usize> {
                Self::core(th, this)?.write(th, this, buffer.bytes())
            }
        }
    };
}

buffered_type!(
    BufferedReader,
    "_io.BufferedReader",
    "Create a new buffered reader using the given readable raw IO object."
);
buffered_type!(
    BufferedWriter,
    "_io.BufferedWriter",
    "A buffer for a writeable sequential RawIO object.\n\nThe constructor creates a BufferedWriter for the given writeable raw\nstream. If the buffer_size is not given, it defaults to\nDEFAULT_BUFFER_SIZE."
);
buffered_type!(
    BufferedRandom,
    "_io.BufferedRandom",
    "A buffered interface to random access streams.\n\nThe constructor creates a reader and writer for a seekable stream,\nraw, given in the first argument. If the buffer_size is omitted it\ndefaults to DEFAULT_BUFFER_SIZE."
);
reading_part!(BufferedReader);
reading_part!(BufferedRandom);
writing_part!(BufferedWriter);
writing_part!(BufferedRandom);

/// The size argument of the constructors.
fn buffer_size(size: Option<Given<isize>>) -> isize {
    size.map_or(super::DEFAULT_BUFFER_SIZE as isize, |Given(size)| size)
}

#[pymethods(parts(common, reading))]
impl BufferedReader {
    #[hidden]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&Dict>,
    ) -> Result<Ref<BufferedReader>> {
        Self::allocate(th, cls)
    }

    #[sig = "BufferedReader(raw, buffer_size=DEFAULT_BUFFER_SIZE)"]
    fn __init__(&self, th: Thread<'_>, raw: Obj<'_>, size: Option<Given<isize>>) -> Result<()> {
        self.core.ok.set(false);
        check_readable(th, raw)?;
        self.core.init(th, raw, buffer_size(size), true)
    }
}

#[pymethods(parts(common, writing))]
impl BufferedWriter {
    #[hidden]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&Dict>,
    ) -> Result<Ref<BufferedWriter>> {
        Self::allocate(th, cls)
    }

    #[sig = "BufferedWriter(raw, buffer_size=DEFAULT_BUFFER_SIZE)"]
    fn __init__(&self, th: Thread<'_>, raw: Obj<'_>, size: Option<Given<isize>>) -> Result<()> {
        self.core.ok.set(false);
        check_writable(th, raw)?;
        self.core.init(th, raw, buffer_size(size), false)
    }
}

#[pymethods(parts(common, reading, writing))]
impl BufferedRandom {
    #[hidden]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&Dict>,
    ) -> Result<Ref<BufferedRandom>> {
        Self::allocate(th, cls)
    }

    #[sig = "BufferedRandom(raw, buffer_size=DEFAULT_BUFFER_SIZE)"]
    fn __init__(&self, th: Thread<'_>, raw: Obj<'_>, size: Option<Given<isize>>) -> Result<()> {
        self.core.ok.set(false);
        check_seekable(th, raw)?;
        check_readable(th, raw)?;
        check_writable(th, raw)?;
        self.core.init(th, raw, buffer_size(size), true)
    }
}
