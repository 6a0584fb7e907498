//! What the compression modules share: growing output, and decompressors that
//! hand out no more than was asked for.
//!
//! A codec is locked while it works without the GIL; another thread that wants
//! the same one waits.

use std::{
    cell::{Cell, RefCell, RefMut},
    time::Duration,
};

use object::{Bytes, Ref, Result, Thread, raise};

const FIRST_CHUNK: usize = 16 << 10;
const LAST_CHUNK: usize = 64 << 20;

/// Borrow what another thread may be using.
pub(crate) fn lock<'a, T>(th: Thread<'_>, cell: &'a RefCell<T>) -> RefMut<'a, T> {
    loop {
        if let Ok(guard) = cell.try_borrow_mut() {
            return guard;
        }
        th.allow_threads(|| std::thread::sleep(Duration::from_micros(50)));
    }
}

/// How far one step of a codec got.
pub(crate) struct Step<S> {
    pub(crate) used: usize,
    pub(crate) made: usize,
    pub(crate) status: S,
}

/// What a status means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Go on while there is input or the output was full.
    More,
    /// Go on until the end.
    Again,
    End,
}

/// What running a codec gave.
pub(crate) struct Run {
    pub(crate) output: Vec<u8>,
    pub(crate) used: usize,
    pub(crate) ended: bool,
    /// The last step filled all the room that it had.
    pub(crate) full: bool,
}

/// Run a codec over `input`, for at most `limit` bytes of output.
pub(crate) fn run<S>(
    th: Thread<'_>,
    input: &[u8],
    limit: Option<usize>,
    mut step: impl FnMut(&[u8], &mut [u8]) -> Step<S>,
    mut judge: impl FnMut(Thread<'_>, S) -> Result<Next>,
) -> Result<Run> {
    let mut output: Vec<u8> = Vec::new();
    let mut used = 0;
    let mut chunk = FIRST_CHUNK;
    loop {
        let start = output.len();
        let room = limit.map_or(chunk, |limit| chunk.min(limit - start));
        if output.try_reserve(room).is_err() {
            return Err(th.no_memory());
        }
        output.resize(start + room, 0);
        let rest = input.get(used..).unwrap_or_default();
        let target = output.get_mut(start..).unwrap_or_default();
        let done = th.allow_threads(|| step(rest, target));
        used += done.used;
        output.truncate(start + done.made);
        let next = judge(th, done.status)?;
        let full = done.made == room;
        let ended = next == Next::End;
        let stuck = done.used == 0 && done.made == 0 && room > 0;
        let finished = next == Next::More && (used == input.len() || stuck) && !full;
        if ended || finished || limit == Some(output.len()) {
            return Ok(Run { output, used, ended, full });
        }
        chunk = (chunk * 2).min(LAST_CHUNK);
    }
}

/// The state of a decompressor beside its codec.
pub(crate) struct Reader {
    pending: RefCell<Vec<u8>>,
    unused: RefCell<Vec<u8>>,
    eof: Cell<bool>,
    needs_input: Cell<bool>,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader {
            pending: RefCell::default(),
            unused: RefCell::default(),
            eof: Cell::new(false),
            needs_input: Cell::new(true),
        }
    }
}

impl Reader {
    pub(crate) fn eof(&self) -> bool {
        self.eof.get()
    }

    pub(crate) fn needs_input(&self) -> bool {
        self.needs_input.get()
    }

    pub(crate) fn unused(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        Bytes::new(th, &self.unused.borrow())
    }

    /// Decompress `data` behind what is pending.
    pub(crate) fn decompress<S>(
        &self,
        th: Thread<'_>,
        data: &[u8],
        max_length: isize,
        step: impl FnMut(&[u8], &mut [u8]) -> Step<S>,
        judge: impl FnMut(Thread<'_>, S) -> Result<Next>,
    ) -> Result<Ref<Bytes>> {
        if self.eof.get() {
            raise!(th, EOFError, "End of stream already reached");
        }
        // Nothing more is wanted if this fails.
        self.needs_input.set(false);
        let mut input = self.pending.take();
        if input.try_reserve(data.len()).is_err() {
            return Err(th.no_memory());
        }
        input.extend_from_slice(data);
        let limit = usize::try_from(max_length).ok();
        let run = run(th, &input, limit, step, judge)?;
        input.drain(..run.used);
        self.needs_input.set(!run.ended && input.is_empty() && !(run.full && limit.is_some()));
        if run.ended {
            self.eof.set(true);
            self.unused.replace(input);
        } else {
            self.pending.replace(input);
        }
        Bytes::new(th, &run.output)
    }
}
