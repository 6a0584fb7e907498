//! `product`, `permutations`, `combinations`, `combinations_with_replacement`.
//!
//! Each keeps the indices of the next result; a result is a fresh tuple.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    Args, Head, Int, Obj, Ref, Result, Thread, Tuple, Type, alloc_object, protocol::iter, raise,
};

use super::self_iterator;

/// The items of `pool` at `indices`.
fn select(th: Thread<'_>, pool: &[Ref], indices: &[usize]) -> Result<Option<Ref>> {
    let item = |i: usize| pool.get(*indices.get(i)?).cloned().map(Ref::into_raw);
    Tuple::from_fn(th, indices.len(), item).map(|items| Some(items.upcast()))
}

/// A number of items that is not negative.
fn count_of(th: Thread<'_>, r: isize) -> Result<usize> {
    match usize::try_from(r) {
        Ok(r) => Ok(r),
        Err(_) => raise!(th, ValueError, "r must be non-negative"),
    }
}

fn reserve(th: Thread<'_>, count: usize) -> Result<Vec<usize>> {
    let mut indices = Vec::new();
    match indices.try_reserve_exact(count) {
        Ok(()) => Ok(indices),
        Err(_) => Err(th.no_memory()),
    }
}

/// Cartesian product of input iterables.  Equivalent to nested for-loops.
///
/// For example, product(A, B) returns the same as:  ((x,y) for x in A for y in B).
/// To compute the product of an iterable with itself, specify the number of
/// repetitions with the optional repeat keyword argument.
#[pytype(name = "itertools.product", sig = "(*iterables, repeat=1)", flags = BASETYPE)]
pub(super) struct Product {
    head: Head,
    /// Tuples, which repeat in a result as often as it takes.
    pools: Ref<Tuple>,
    /// Those of the next result, `None` at the end.
    #[traverse(skip)]
    indices: Cell<Option<Box<[usize]>>>,
}

self_iterator!(Product);

/// The size of an iterator without its indices: head, pools, indices, result, `more` further
/// words and a flag.
/// COMPAT: as CPython counts it; test_itertools.SizeofTest.
const fn counted(more: usize) -> usize {
    size_of::<Head>() + (3 + more + 1) * size_of::<usize>()
}

#[pymethods(parts(self_iterator))]
impl Product {
    #[parse(keywords)]
    #[sig = "product(*iterables, repeat=1)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterables: Args<'_>, repeat: isize) -> Result {
        let Ok(repeat) = usize::try_from(repeat) else {
            raise!(th, ValueError, "repeat argument cannot be negative");
        };
        let Some(width) = iterables.len().checked_mul(repeat) else {
            raise!(th, OverflowError, "repeat argument too large");
        };
        let mut pools = Vec::new();
        let mut has_empty = false;
        if repeat > 0 {
            for iterable in iterables {
                let pool = Tuple::from_iterable(th, *iterable)?;
                has_empty |= pool.len() == 0;
                pools.push(pool.upcast());
            }
        }
        let mut indices = reserve(th, width)?;
        indices.resize(width, 0);
        let product = Product {
            head: Head::new(),
            pools: Tuple::from_refs(th, pools)?,
            indices: Cell::new((!has_empty).then(|| indices.into_boxed_slice())),
        };
        alloc_object::alloc(th, cls, product).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(mut indices) = self.indices.take() else { return Ok(None) };
        let pools = self.pools.items();
        let count = pools.len().max(1);
        let pool = |position: usize| -> &[Obj<'_>] {
            let pool = pools.get(if position < count { position } else { position % count });
            pool.and_then(|pool| pool.downcast::<Tuple>()).map_or(&[], Tuple::items)
        };
        let item = |i: usize| Some(pool(i).get(*indices.get(i)?)?.own().into_raw());
        let row = Tuple::from_fn(th, indices.len(), item)?;
        for (position, index) in indices.iter_mut().enumerate().rev() {
            *index += 1;
            if *index < pool(position).len() {
                self.indices.set(Some(indices));
                break;
            }
            *index = 0;
        }
        Ok(Some(row.upcast()))
    }

    /// Returns size in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        let indices = self.indices.take();
        let count = indices.as_deref().map_or(0, <[usize]>::len);
        self.indices.set(indices);
        counted(0) + count * size_of::<usize>()
    }
}

/// Return successive r-length permutations of elements in the iterable.
///
/// permutations(range(3), 2) --> (0,1), (0,2), (1,0), (1,2), (2,0), (2,1)
#[pytype(name = "itertools.permutations", sig = "(iterable, r=None)", flags = BASETYPE)]
pub(super) struct Permutations {
    head: Head,
    pool: Vec<Ref>,
    width: usize,
    #[traverse(skip)]
    state: RefCell<(Vec<usize>, Vec<usize>)>,
    stopped: Cell<bool>,
}

/// Advance to the next permutation; false after the last.
fn next_permutation(indices: &mut [usize], cycles: &mut [usize]) -> bool {
    let n = indices.len();
    for i in (0..cycles.len()).rev() {
        let Some(cycle) = cycles.get_mut(i) else { return false };
        *cycle -= 1;
        if *cycle == 0 {
            *cycle = n - i;
            if let Some(tail) = indices.get_mut(i..) {
                tail.rotate_left(1);
            }
            continue;
        }
        let j = n - *cycle;
        indices.swap(i, j);
        return true;
    }
    false
}

self_iterator!(Permutations);

#[pymethods(parts(self_iterator))]
impl Permutations {
    #[sig = "permutations(iterable, r=None)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Obj<'_>, r: Option<Obj<'_>>) -> Result {
        let pool = iter::collect(th, iterable)?;
        let width = match r.filter(|r| !r.is_none()) {
            Some(r) if !Int::is_int(r) => raise!(th, TypeError, "Expected int as r"),
            Some(r) => count_of(th, Int::index_to_isize(th, r)?)?,
            None => pool.len(),
        };
        let n = pool.len();
        let cycles = if width > n { Vec::new() } else { (0..width).map(|i| n - i).collect() };
        let permutations = Permutations {
            head: Head::new(),
            width,
            state: RefCell::new(((0..n).collect(), cycles)),
            stopped: Cell::new(width > n),
            pool,
        };
        alloc_object::alloc(th, cls, permutations).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if self.stopped.get() {
            return Ok(None);
        }
        let mut state = self.state.borrow_mut();
        let (indices, cycles) = &mut *state;
        let row = select(th, &self.pool, indices.get(..self.width).unwrap_or_default())?;
        self.stopped.set(!next_permutation(indices, cycles));
        Ok(row)
    }

    /// Returns size in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        let state = self.state.borrow();
        counted(2) + (state.0.len() + state.1.len()) * size_of::<usize>()
    }
}

/// Return successive r-length combinations of elements in the iterable.
///
/// combinations(range(4), 3) --> (0,1,2), (0,1,3), (0,2,3), (1,2,3)
#[pytype(name = "itertools.combinations", sig = "(iterable, r)", flags = BASETYPE)]
pub(super) struct Combinations {
    head: Head,
    pool: Vec<Ref>,
    #[traverse(skip)]
    indices: RefCell<Vec<usize>>,
    stopped: Cell<bool>,
}

/// Advance to the next combination of `n` items; false after the last.
fn next_combination(indices: &mut [usize], n: usize) -> bool {
    let r = indices.len();
    let movable = (0..r).rev().find(|i| indices.get(*i).is_some_and(|index| *index != i + n - r));
    let Some(i) = movable else { return false };
    let start = indices.get(i).map_or(0, |index| index + 1);
    for (offset, index) in indices.iter_mut().skip(i).enumerate() {
        *index = start + offset;
    }
    true
}

self_iterator!(Combinations);

#[pymethods(parts(self_iterator))]
impl Combinations {
    #[sig = "combinations(iterable, r)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Obj<'_>, r: isize) -> Result {
        let pool = iter::collect(th, iterable)?;
        let r = count_of(th, r)?;
        let stopped = r > pool.len();
        let indices = if stopped { Vec::new() } else { (0..r).collect() };
        let combinations = Combinations {
            head: Head::new(),
            pool,
            indices: RefCell::new(indices),
            stopped: Cell::new(stopped),
        };
        alloc_object::alloc(th, cls, combinations).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if self.stopped.get() {
            return Ok(None);
        }
        let mut indices = self.indices.borrow_mut();
        let row = select(th, &self.pool, &indices)?;
        self.stopped.set(!next_combination(&mut indices, self.pool.len()));
        Ok(row)
    }

    /// Returns size in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        counted(1) + self.indices.borrow().len() * size_of::<usize>()
    }
}

/// Return successive r-length combinations of elements in the iterable allowing individual elements to have successive repeats.
///
/// combinations_with_replacement('ABC', 2) --> ('A','A'), ('A','B'), ('A','C'), ('B','B'), ('B','C'), ('C','C')
#[pytype(name = "itertools.combinations_with_replacement", sig = "(iterable, r)", flags = BASETYPE)]
pub(super) struct CombinationsWithReplacement {
    head: Head,
    pool: Vec<Ref>,
    #[traverse(skip)]
    indices: RefCell<Vec<usize>>,
    stopped: Cell<bool>,
}

/// Advance to the next non-decreasing row below `n`; false after the last.
fn next_row(indices: &mut [usize], n: usize) -> bool {
    let Some(i) = indices.iter().rposition(|index| index + 1 < n) else { return false };
    let value = indices.get(i).map_or(0, |index| index + 1);
    indices.iter_mut().skip(i).for_each(|index| *index = value);
    true
}

self_iterator!(CombinationsWithReplacement);

#[pymethods(parts(self_iterator))]
impl CombinationsWithReplacement {
    #[sig = "combinations_with_replacement(iterable, r)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Obj<'_>, r: isize) -> Result {
        let pool = iter::collect(th, iterable)?;
        let r = count_of(th, r)?;
        let mut indices = reserve(th, r)?;
        indices.resize(r, 0);
        let stopped = pool.is_empty() && r > 0;
        let combinations = CombinationsWithReplacement {
            head: Head::new(),
            pool,
            indices: RefCell::new(indices),
            stopped: Cell::new(stopped),
        };
        alloc_object::alloc(th, cls, combinations).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if self.stopped.get() {
            return Ok(None);
        }
        let mut indices = self.indices.borrow_mut();
        let row = select(th, &self.pool, &indices)?;
        self.stopped.set(!next_row(&mut indices, self.pool.len()));
        Ok(row)
    }

    /// Returns size in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        counted(1) + self.indices.borrow().len() * size_of::<usize>()
    }
}
