//! Shapes: where the attributes of an instance are.
//!
//! An instance of a class with a `__dict__` keeps its attributes in slots
//! behind its builtin layout, in the order in which they were first assigned.
//! The attribute word (16 bytes before the header) says where: bits 0–47 hold
//! the [`Shape`] that names them or, tagged with bit 0, the `dict` that took
//! over when somebody asked for `__dict__`, assigned more than fit or deleted
//! attributes in ever new ways; bits 56–63 hold the number of slots of this instance. So one
//! compare of the word tells a cache everything. A word without a pointer
//! means an instance that cannot have slots and has no dict yet.

use std::{
    cell::{Cell, RefCell},
    ptr::NonNull,
};

use abi::PyObject;

use crate::{AsObject, Dict, Link, Obj, Ref, Result, Str, Thread, Type};

/// The most attribute slots of an instance.
pub const MAX_SLOTS: usize = 30;
/// Slots of an instance of a class that says nothing of its attributes.
const MIN_SLOTS: usize = 4;
const POINTER: usize = (1 << 48) - 1;
/// Where an attribute word has the number of slots.
pub const CAPACITY_SHIFT: u32 = 56;
const IS_DICT: usize = 1;

/// The attribute names of instances that got the same ones in the same order.
pub struct Shape {
    names: Box<[Ref<Str>]>,
    #[allow(clippy::vec_box, reason = "instances point to shapes, which must not move")]
    transitions: RefCell<Vec<Box<Shape>>>,
    /// The transition that was taken last; null before the first.
    latest: Cell<*const Shape>,
    /// The shape after the attribute at a place was deleted, as of last time.
    shorter: Cell<Option<(usize, NonNull<Shape>)>>,
    /// Some names that this shape was found not to have. Only addresses count:
    /// those of its own names belong to nothing else as long as it lives.
    absent: [Cell<*const Str>; ABSENT],
}

/// How many absent names a shape remembers.
const ABSENT: usize = 4;

impl Shape {
    fn with_names(names: Box<[Ref<Str>]>) -> Box<Shape> {
        let latest = Cell::new(std::ptr::null());
        let absent = [const { Cell::new(std::ptr::null()) }; ABSENT];
        let shorter = Cell::new(None);
        Box::new(Shape { names, transitions: RefCell::default(), latest, shorter, absent })
    }

    fn root() -> Box<Shape> {
        Self::with_names(Box::default())
    }

    /// The shape after one more attribute, if that was the last one asked for.
    #[inline(always)]
    pub fn latest_with(&self, name: &Str) -> Option<NonNull<Shape>> {
        let next = NonNull::new(self.latest.get().cast_mut())?;
        // SAFETY: transitions live as long as their origin.
        let names = unsafe { &next.as_ref().names };
        names.last().is_some_and(|last| std::ptr::eq::<Str>(&**last, name)).then_some(next)
    }

    /// The slot of the interned `name`.
    #[inline]
    pub fn find(&self, name: &Str) -> Option<usize> {
        self.names.iter().position(|known| std::ptr::eq::<Str>(&**known, name))
    }

    #[inline(always)]
    fn absence(&self, name: *const Str) -> &Cell<*const Str> {
        &self.absent[name.addr() >> 5 & (ABSENT - 1)]
    }

    /// Whether [`Shape::lacks`] was asked for this name not long ago and said yes.
    #[inline(always)]
    pub fn is_known_to_lack(&self, name: &Str) -> bool {
        std::ptr::eq(self.absence(name).get(), name)
    }

    /// Whether there is no slot of the interned `name`.
    pub fn lacks(&self, name: &Str) -> bool {
        let lacks = self.find(name).is_none();
        if lacks {
            self.absence(name).set(name);
        }
        lacks
    }

    /// How many attributes.
    #[inline]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names in order of assignment.
    #[inline(always)]
    pub fn names(&self) -> &[Ref<Str>] {
        &self.names
    }

    /// The shape after one more attribute.
    pub fn with(&self, name: &Str) -> NonNull<Shape> {
        let mut transitions = self.transitions.borrow_mut();
        let is_it = |shape: &Shape| {
            shape.names.last().is_some_and(|last| std::ptr::eq::<Str>(&**last, name))
        };
        if let Some(known) = transitions.iter().find(|shape| is_it(shape)) {
            self.latest.set(&**known);
            return NonNull::from(&**known);
        }
        let mut names = self.names.to_vec();
        names.push(crate::own(name));
        let shape = Self::with_names(names.into());
        let ptr = NonNull::from(&*shape);
        self.latest.set(ptr.as_ptr());
        transitions.push(shape);
        ptr
    }
}

/// What a class knows of its instances' attributes; at `ht_cached_keys`.
pub struct InstanceLayout {
    root: Box<Shape>,
    /// Deletions for which a shape had to be looked for.
    deletions: Cell<usize>,
    capacity: Cell<usize>,
    bare: bool,
}

impl InstanceLayout {
    /// For a class whose methods assign `expected` attributes of `self`;
    /// `bare` says that instances have nothing but those.
    pub fn new(expected: usize, bare: bool) -> Box<Self> {
        let capacity = expected.clamp(MIN_SLOTS, MAX_SLOTS);
        let (root, deletions) = (Shape::root(), Cell::new(0));
        Box::new(InstanceLayout { root, deletions, capacity: Cell::new(capacity), bare })
    }

    /// Whether instances have nothing but attributes.
    #[inline(always)]
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// Slots of the next instance.
    #[inline(always)]
    pub fn capacity(&self) -> usize {
        self.capacity.get()
    }

    /// The shape of instances of `shape` after the attribute at a place was
    /// deleted; `None` where that happens too variously to keep the shapes.
    fn without(&self, shape: &Shape, place: usize) -> Option<NonNull<Shape>> {
        const MOST: usize = 256;
        if let Some((known, shorter)) = shape.shorter.get()
            && known == place
        {
            return Some(shorter);
        }
        if self.deletions.get() == MOST {
            return None;
        }
        self.deletions.set(self.deletions.get() + 1);
        let mut shorter = NonNull::from(&*self.root);
        for (i, name) in shape.names.iter().enumerate() {
            if i != place {
                // SAFETY: shapes live as long as the root.
                shorter = unsafe { shorter.as_ref() }.with(name);
            }
        }
        shape.shorter.set(Some((place, shorter)));
        Some(shorter)
    }

    /// The attribute word of the next instance.
    #[inline(always)]
    pub fn first_word(&self) -> usize {
        (&raw const *self.root).addr() | self.capacity() << CAPACITY_SHIFT
    }
}

/// The layout of instances of `cls`, if they can have attribute slots.
#[inline]
pub fn layout(cls: &Type) -> Option<&InstanceLayout> {
    let heap = cls.heap()?;
    // SAFETY: null or a box that the class owns.
    unsafe { heap.ht_cached_keys.cast::<InstanceLayout>().as_ref() }
}

/// Bytes of attribute slots behind an instance of `cls`.
#[inline]
pub fn inline_bytes(cls: &Type) -> usize {
    layout(cls).map_or(0, |layout| layout.capacity() * 8)
}

/// Give a fresh instance its first shape.
#[inline]
pub fn init_instance(_: Thread<'_>, cls: &Type, object: NonNull<PyObject>) {
    if let Some(layout) = layout(cls) {
        // SAFETY: a class with a layout has a prefix before its instances.
        unsafe { word_at(object) }.set(layout.first_word());
    }
}

/// The attribute word of an instance of a class with `MANAGED_DICT`.
///
/// # Safety
///
/// The object has a prefix.
#[inline(always)]
pub unsafe fn word_at<'a>(object: NonNull<PyObject>) -> &'a Cell<usize> {
    // SAFETY: the caller's promise.
    unsafe { &*object.as_ptr().cast::<u8>().sub(16).cast::<Cell<usize>>() }
}

/// Where an instance's attributes are.
pub enum Attributes<'a> {
    /// In slots, as the shape names them.
    Slots(&'a Shape, &'a [Link]),
    Dict(&'a Dict),
    None,
}

/// Where the attributes of `object` are; its class has `MANAGED_DICT`.
#[inline]
pub fn attributes(object: Obj<'_>) -> Attributes<'_> {
    let ty = object.ty();
    // SAFETY: `object` is live and, having `MANAGED_DICT`, has a prefix.
    let word = unsafe { word_at(NonNull::new_unchecked(object.as_ptr())) }.get();
    let pointer = word & POINTER;
    if pointer == 0 {
        return Attributes::None;
    }
    if word & IS_DICT != 0 {
        // SAFETY: the word owns a dict.
        return Attributes::Dict(unsafe { &*((pointer & !IS_DICT) as *const Dict) });
    }
    // SAFETY: shapes live as long as their class.
    let shape = unsafe { &*(pointer as *const Shape) };
    // SAFETY: as many slots as the capacity says follow the builtin layout.
    let slots = unsafe {
        let first = object.as_ptr().cast::<u8>().add(ty.basicsize()).cast::<Link>();
        std::slice::from_raw_parts(first, word >> CAPACITY_SHIFT)
    };
    Attributes::Slots(shape, slots)
}

/// The value of the interned `name` in the instance's own attributes.
pub fn get(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    match attributes(object) {
        Attributes::Slots(shape, slots) => {
            Ok(shape.find(name).and_then(|index| slots.get(index)?.get()))
        }
        Attributes::Dict(dict) => crate::own(dict).get(th, name.obj()),
        Attributes::None => Ok(None),
    }
}

/// Assign `name`; `None` deletes. Returns whether a deleted name was there.
pub fn set(th: Thread<'_>, object: Obj<'_>, name: &Str, value: Option<Obj<'_>>) -> Result<bool> {
    if let (Attributes::Slots(shape, slots), Some(value)) = (attributes(object), value) {
        if let Some(slot) = shape.find(name).and_then(|index| slots.get(index)) {
            slot.set(Some(value.own()));
            return Ok(true);
        }
        if let Some(slot) = slots.get(shape.len())
            && name.is_interned()
        {
            reshape(object, shape.with(name));
            slot.set(Some(value.own()));
            return Ok(true);
        }
        if let Some(layout) = layout(object.ty()) {
            layout.capacity.set((layout.capacity() * 2).min(MAX_SLOTS));
        }
    }
    if let (Attributes::Slots(shape, slots), None) = (attributes(object), value) {
        let Some(place) = shape.find(name) else { return Ok(false) };
        if let Some(shorter) = layout(object.ty()).and_then(|layout| layout.without(shape, place)) {
            let mut rest = slots.iter().take(shape.len()).skip(place);
            let deleted = rest.next().and_then(Link::take);
            for (slot, next) in slots.iter().skip(place).zip(rest) {
                slot.set(next.take());
            }
            reshape(object, shorter);
            return Ok(deleted.is_some());
        }
    }
    let dict = dict(th, object)?;
    match value {
        Some(value) => dict.set(th, name.obj(), value).map(|()| true),
        None => dict.remove(th, name.obj()),
    }
}

/// Put another shape into the attribute word of an instance that has one.
fn reshape(object: Obj<'_>, shape: NonNull<Shape>) {
    // SAFETY: an instance with slots has a prefix.
    let word = unsafe { word_at(NonNull::new_unchecked(object.as_ptr())) };
    word.set(shape.as_ptr().addr() | word.get() & !POINTER);
}

/// `object.__dict__`: made from the slots on first use.
pub fn dict(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Dict>> {
    match attributes(object) {
        Attributes::Dict(dict) => return Ok(crate::own(dict)),
        Attributes::None => {}
        Attributes::Slots(shape, slots) => {
            let named = shape.names().iter().zip(slots);
            let taken = named.filter_map(|(name, slot)| Some((name.clone(), slot.take()?)));
            let dict = Dict::from_names(th, shape.len(), taken)?;
            dict.mark_of_instance();
            adopt(object, dict.clone());
            return Ok(dict);
        }
    }
    let dict = Dict::new(th)?;
    dict.mark_of_instance();
    adopt(object, dict.clone());
    Ok(dict)
}

/// Put `dict` into the attribute word; what was there is given up unreleased.
fn adopt(object: Obj<'_>, dict: Ref<Dict>) {
    // SAFETY: the object has a prefix, or it would have no attribute word.
    let word = unsafe { word_at(NonNull::new_unchecked(object.as_ptr())) };
    word.set(dict.into_raw().addr() | IS_DICT | word.get() & !POINTER);
}

/// `object.__dict__ = dict`.
pub fn set_dict(th: Thread<'_>, object: Obj<'_>, new: Ref<Dict>) -> Result<()> {
    let old = dict(th, object)?;
    adopt(object, new);
    // SAFETY: the word's reference to the old dict was given up just now.
    drop(unsafe { Ref::<Dict>::from_owned(NonNull::new_unchecked(old.as_ptr())) });
    Ok(())
}

/// Show the collector what the attribute word and the slots hold.
pub fn traverse(object: Obj<'_>, visit: &mut dyn FnMut(Obj<'_>)) {
    each_value(object, visit);
}

/// [`traverse`] by a function that is known.
#[inline]
pub(crate) fn each_value(object: Obj<'_>, mut visit: impl FnMut(Obj<'_>)) {
    match attributes(object) {
        Attributes::Slots(shape, slots) => {
            for slot in slots.iter().take(shape.len()) {
                // SAFETY: visiting assigns nothing.
                if let Some(value) = unsafe { slot.peek() } {
                    visit(value);
                }
            }
        }
        Attributes::Dict(dict) => visit(dict.obj()),
        Attributes::None => {}
    }
}

/// Drop the attributes of a dying or collected instance.
pub fn clear(object: Obj<'_>) {
    match attributes(object) {
        Attributes::Slots(shape, slots) => {
            for slot in slots.iter().take(shape.len()) {
                slot.take();
            }
        }
        Attributes::Dict(dict) => {
            // SAFETY: the object has a prefix.
            let word = unsafe { word_at(NonNull::new_unchecked(object.as_ptr())) };
            word.set(word.get() & !POINTER);
            // SAFETY: the word owned the dict.
            drop(unsafe { Ref::<Dict>::from_owned(NonNull::from(dict).cast()) });
        }
        Attributes::None => {}
    }
}
