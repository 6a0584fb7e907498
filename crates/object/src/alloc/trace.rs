//! Where blocks were allocated (`tracemalloc`).
//!
//! While a heap is traced its fast paths are closed, so that every request
//! takes the slow path and is noted here; a heap that is not traced pays
//! nothing. Tracebacks are kept once each. Invariant: the tracer owns a
//! reference to every file name in its tracebacks, so that comparing addresses
//! compares names; it runs no code and makes no object while it is borrowed.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hash, Hasher},
    ptr::NonNull,
};

use abi::PyObject;

use super::{Heap, large::AddressHasher};
use crate::reference;

/// One entry of a traceback: a file name (a `str`) and a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceFrame {
    /// The file name, borrowed from the code object or owned by the tracer.
    pub filename: NonNull<PyObject>,
    /// The line, 0 if it is not known.
    pub lineno: u32,
}

/// Append up to `limit` frames, the innermost first; returns how many there
/// are. Makes no object.
pub type CollectFrames = fn(limit: usize, frames: &mut Vec<TraceFrame>) -> usize;

/// A traced block.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// Its size in bytes, as requested.
    pub size: usize,
    traceback: u32,
}

struct Traceback {
    frames: Box<[TraceFrame]>,
    total: usize,
}

type Map<K, V> = HashMap<K, V, BuildHasherDefault<AddressHasher>>;

/// What is known of the blocks of a heap.
pub(super) struct Tracer {
    limit: usize,
    collect: CollectFrames,
    traces: Map<usize, Trace>,
    /// Memory that is not the heap's, by domain and address.
    others: HashMap<(u32, usize), Trace>,
    tracebacks: Vec<Traceback>,
    /// Indices into `tracebacks` by hash.
    index: Map<u64, Vec<u32>>,
    scratch: Vec<TraceFrame>,
    current: usize,
    peak: usize,
}

impl Tracer {
    fn new(limit: usize, collect: CollectFrames) -> Self {
        Tracer {
            limit,
            collect,
            traces: Map::default(),
            others: HashMap::new(),
            tracebacks: Vec::new(),
            index: Map::default(),
            scratch: Vec::new(),
            current: 0,
            peak: 0,
        }
    }

    /// Note a new block; nothing is noted when memory is out.
    fn add(&mut self, block: NonNull<u8>, size: usize) {
        if self.traces.try_reserve(1).is_err() {
            return;
        }
        let Some(traceback) = self.traceback() else { return };
        self.remove(block);
        self.traces.insert(block.as_ptr().addr(), Trace { size, traceback });
        self.current += size;
        self.peak = self.peak.max(self.current);
    }

    fn remove(&mut self, block: NonNull<u8>) {
        if let Some(trace) = self.traces.remove(&block.as_ptr().addr()) {
            self.current -= trace.size;
        }
    }

    /// Note memory of another domain; whether it was.
    fn add_other(&mut self, place: (u32, usize), size: usize) -> bool {
        self.remove_other(place);
        if self.others.try_reserve(1).is_err() {
            return false;
        }
        let Some(traceback) = self.traceback() else { return false };
        self.others.insert(place, Trace { size, traceback });
        self.current += size;
        self.peak = self.peak.max(self.current);
        true
    }

    fn remove_other(&mut self, place: (u32, usize)) {
        if let Some(trace) = self.others.remove(&place) {
            self.current -= trace.size;
        }
    }

    /// The index of the traceback of the running code.
    fn traceback(&mut self) -> Option<u32> {
        let mut frames = std::mem::take(&mut self.scratch);
        frames.clear();
        let total = (self.collect)(self.limit, &mut frames);
        let found = self.intern(&frames, total);
        self.scratch = frames;
        found
    }

    fn intern(&mut self, frames: &[TraceFrame], total: usize) -> Option<u32> {
        let mut hasher = AddressHasher::default();
        for frame in frames {
            frame.filename.as_ptr().addr().hash(&mut hasher);
            frame.lineno.hash(&mut hasher);
        }
        total.hash(&mut hasher);
        let candidates = self.index.entry(hasher.finish()).or_default();
        let same = |index: &&u32| {
            self.tracebacks
                .get(**index as usize)
                .is_some_and(|known| known.total == total && *known.frames == *frames)
        };
        if let Some(&index) = candidates.iter().find(same) {
            return Some(index);
        }
        self.tracebacks.try_reserve(1).ok()?;
        candidates.try_reserve(1).ok()?;
        let index = u32::try_from(self.tracebacks.len()).ok()?;
        for frame in frames {
            reference::incref(frame.filename);
        }
        self.tracebacks.push(Traceback { frames: frames.into(), total });
        candidates.push(index);
        Some(index)
    }

    /// Forget all blocks. The file names are for the caller to release, once
    /// the tracer is not borrowed any more.
    fn clear(&mut self) -> Vec<Traceback> {
        self.traces.clear();
        self.others.clear();
        self.index.clear();
        self.current = 0;
        self.peak = 0;
        std::mem::take(&mut self.tracebacks)
    }

    /// Bytes that the tracer itself uses.
    fn memory(&self) -> usize {
        let frames: usize = self.tracebacks.iter().map(|traceback| traceback.frames.len()).sum();
        self.traces.capacity() * size_of::<(usize, Trace)>()
            + self.tracebacks.capacity() * size_of::<Traceback>()
            + frames * size_of::<TraceFrame>()
            + self.index.capacity() * size_of::<(u64, Vec<u32>)>()
    }
}

fn release(tracebacks: Vec<Traceback>) {
    for frame in tracebacks.iter().flat_map(|traceback| &traceback.frames) {
        // SAFETY: the tracer owned this reference.
        unsafe { reference::decref(frame.filename) };
    }
}

impl Heap {
    /// Start tracing with tracebacks of up to `limit` frames, or go on if the
    /// heap is traced already.
    pub fn start_tracing(&self, limit: usize, collect: CollectFrames) {
        let mut tracer = self.tracer.borrow_mut();
        if tracer.is_none() {
            *tracer = Some(Box::new(Tracer::new(limit, collect)));
            self.traceback_limit.set(limit);
            self.tracing.set(true);
            self.close_fast_paths();
        }
    }

    /// Stop tracing and forget all traces.
    pub fn stop_tracing(&self) {
        let tracer = self.tracer.borrow_mut().take();
        self.tracing.set(false);
        self.open_fast_paths();
        if let Some(mut tracer) = tracer {
            release(tracer.clear());
        }
    }

    /// Call `f`, whose own blocks are not traced. It must not free older ones.
    pub fn without_tracing<T>(&self, f: impl FnOnce() -> T) -> T {
        let tracing = self.tracing.replace(false);
        let result = f();
        self.tracing.set(tracing);
        result
    }

    /// Forget all traces.
    pub fn clear_traces(&self) {
        let cleared = self.tracer.borrow_mut().as_mut().map(|tracer| tracer.clear());
        cleared.into_iter().for_each(release);
    }

    /// Whether blocks are traced.
    pub fn is_tracing(&self) -> bool {
        self.tracing.get()
    }

    /// The most frames of a traceback, also of the last tracing.
    pub fn traceback_limit(&self) -> usize {
        self.traceback_limit.get()
    }

    /// The bytes in traced blocks, now and at most.
    pub fn traced_memory(&self) -> (usize, usize) {
        self.tracer.borrow().as_ref().map_or((0, 0), |tracer| (tracer.current, tracer.peak))
    }

    /// Count the peak anew from now on.
    pub fn reset_traced_peak(&self) {
        if let Some(tracer) = self.tracer.borrow_mut().as_mut() {
            tracer.peak = tracer.current;
        }
    }

    /// Bytes that tracing itself needs.
    pub fn tracer_memory(&self) -> usize {
        self.tracer.borrow().as_ref().map_or(0, |tracer| tracer.memory())
    }

    /// The domains and traces of all blocks, as they are now. The heap is domain 0.
    pub fn traces(&self) -> Vec<(u32, Trace)> {
        let tracer = self.tracer.borrow();
        let Some(tracer) = tracer.as_ref() else { return Vec::new() };
        let own = tracer.traces.values().map(|trace| (0, *trace));
        own.chain(tracer.others.iter().map(|(place, trace)| (place.0, *trace))).collect()
    }

    /// The trace of memory of another domain.
    pub fn trace_in(&self, domain: u32, address: usize) -> Option<Trace> {
        self.tracer.borrow().as_ref()?.others.get(&(domain, address)).copied()
    }

    /// Note memory that is not the heap's; whether it was. Nothing is traced now: `None`.
    pub fn track(&self, domain: u32, address: usize, size: usize) -> Option<bool> {
        let mut tracer = self.tracer.try_borrow_mut().ok()?;
        Some(tracer.as_mut()?.add_other((domain, address), size))
    }

    /// Forget memory that is not the heap's. Nothing is traced now: `None`.
    pub fn untrack(&self, domain: u32, address: usize) -> Option<()> {
        let mut tracer = self.tracer.try_borrow_mut().ok()?;
        tracer.as_mut()?.remove_other((domain, address));
        Some(())
    }

    /// The trace of the block that starts at `block`.
    pub fn trace_of(&self, block: *mut u8) -> Option<Trace> {
        self.tracer.borrow().as_ref()?.traces.get(&block.addr()).copied()
    }

    /// The frames of a trace and how many there were, for as long as traces
    /// are not cleared; the file names are borrowed from the tracer.
    pub fn traceback_of(&self, trace: Trace) -> (Vec<TraceFrame>, usize) {
        let tracer = self.tracer.borrow();
        let found = tracer
            .as_ref()
            .and_then(|tracer| tracer.tracebacks.get(trace.traceback as usize))
            .map(|traceback| (traceback.frames.to_vec(), traceback.total));
        found.unwrap_or_default()
    }

    #[cold]
    pub(super) fn trace_alloc(&self, block: NonNull<u8>, size: usize) {
        if let Ok(mut tracer) = self.tracer.try_borrow_mut()
            && let Some(tracer) = tracer.as_mut()
        {
            tracer.add(block, size);
        }
    }

    #[cold]
    pub(super) fn trace_free(&self, block: NonNull<u8>) {
        if let Ok(mut tracer) = self.tracer.try_borrow_mut()
            && let Some(tracer) = tracer.as_mut()
        {
            tracer.remove(block);
        }
    }
}

impl Trace {
    /// A number that is the same for equal tracebacks.
    pub fn traceback_id(self) -> u32 {
        self.traceback
    }
}
