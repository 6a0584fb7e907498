//! `Pickler`: options and memo.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object,
    declare::TypeBuilder,
    error, id, own, raise,
    types::{self, object_, str_eq},
};

use super::{
    memo::Memo,
    memo_proxy::{self, PicklerMemoProxy},
    opcodes::{DEFAULT_PROTOCOL, HIGHEST_PROTOCOL},
    pickling_error,
    save::Saver,
};

/// This takes a binary file for writing a pickle data stream.
#[pytype(name = "_pickle.Pickler", sig = "(file, protocol=None, fix_imports=True, buffer_callback=None)", flags = BASETYPE)]
pub(super) struct Pickler {
    head: Head,
    running: Cell<bool>,
    write: Link,
    pub(super) protocol: Cell<i32>,
    pub(super) bin: Cell<i32>,
    pub(super) fast: Cell<i32>,
    pub(super) fix_imports: Cell<bool>,
    pub(super) buffer_callback: Link,
    pub(super) dispatch_table: Link,
    persistent_id: Link,
    /// Objects that were written, by address, kept alive by their entry.
    pub(super) memo: RefCell<Memo>,
}

fn protocol_number(th: Thread<'_>, protocol: Option<Obj<'_>>) -> Result<i32> {
    let protocol = match protocol.filter(|protocol| !protocol.is_none()) {
        Some(protocol) => Int::index_to_i64(th, protocol)?,
        None => i64::from(DEFAULT_PROTOCOL),
    };
    if protocol < 0 {
        return Ok(HIGHEST_PROTOCOL);
    }
    if protocol > i64::from(HIGHEST_PROTOCOL) {
        raise!(th, ValueError, "pickle protocol must be <= {HIGHEST_PROTOCOL}");
    }
    Ok(protocol as i32)
}

impl Pickler {
    fn empty() -> Pickler {
        Pickler {
            head: Head::new(),
            running: Cell::new(false),
            write: Link::null(),
            protocol: Cell::new(DEFAULT_PROTOCOL),
            bin: Cell::new(1),
            fast: Cell::new(0),
            fix_imports: Cell::new(true),
            buffer_callback: Link::null(),
            dispatch_table: Link::null(),
            persistent_id: Link::null(),
            memo: RefCell::default(),
        }
    }

    /// A pickler without a file.
    pub(super) fn create(
        th: Thread<'_>,
        protocol: Option<Obj<'_>>,
        fix_imports: bool,
        buffer_callback: Option<Obj<'_>>,
    ) -> Result<Ref<Pickler>> {
        let pickler = alloc_object::new(th, Self::empty())?;
        pickler.configure(th, protocol, fix_imports, buffer_callback)?;
        Ok(pickler)
    }

    fn configure(
        &self,
        th: Thread<'_>,
        protocol: Option<Obj<'_>>,
        fix_imports: bool,
        buffer_callback: Option<Obj<'_>>,
    ) -> Result<()> {
        let protocol = protocol_number(th, protocol)?;
        let callback = buffer_callback.filter(|callback| !callback.is_none());
        if callback.is_some() && protocol < 5 {
            raise!(th, ValueError, "buffer_callback needs protocol >= 5");
        }
        self.protocol.set(protocol);
        self.bin.set(i32::from(protocol > 0));
        self.fast.set(0);
        self.fix_imports.set(fix_imports && protocol < 3);
        self.buffer_callback.set(callback.map(Obj::own));
        self.memo.take();
        Ok(())
    }

    pub(super) fn set_file(&self, th: Thread<'_>, file: Obj<'_>) -> Result<()> {
        match file.getattr_opt(th, id!(th, "write"))? {
            Some(write) => {
                self.write.set(Some(write));
                Ok(())
            }
            None => raise!(th, TypeError, "file must have a 'write' attribute"),
        }
    }

    /// Hand bytes to the file.
    pub(super) fn flush(&self, th: Thread<'_>, bytes: &[u8]) -> Result<()> {
        let Some(write) = self.write.get() else { return Ok(()) };
        let bytes = Bytes::new(th, bytes)?;
        write.call(th, &[bytes.obj()])?;
        Ok(())
    }

    pub(super) fn has_file(&self) -> bool {
        !self.write.is_null()
    }

    pub(super) fn dump_object(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let _busy = self.enter(th)?;
        let rest = Saver::new(th, self)?.run(object)?;
        self.flush(th, &rest)
    }

    fn enter(&self, th: Thread<'_>) -> Result<Busy<'_>> {
        Busy::enter(&self.running)
            .ok_or_else(|| error!(th, RuntimeError, "Pickler object is already used"))
    }

    pub(super) fn dump_bytes(&self, th: Thread<'_>, object: Obj<'_>) -> Result<Vec<u8>> {
        Saver::new(th, self)?.run(object)
    }

    /// The function that a program gave for persistent ids, if any.
    pub(super) fn persistent_id_function(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        overridden(
            th,
            self.obj(),
            &self.persistent_id,
            Self::type_object(),
            id!(th, "persistent_id"),
        )
    }
}

/// A hook set on the instance or defined by its class, but not `base`'s own.
pub(super) fn overridden(
    th: Thread<'_>,
    this: Obj<'_>,
    set: &Link,
    base: &Type,
    name: &Str,
) -> Result<Option<Ref>> {
    if let Some(function) = set.get() {
        return Ok(Some(function));
    }
    if std::ptr::eq(this.ty(), base) {
        return Ok(None);
    }
    let own = this.ty().getattr_opt(th, name)?;
    let inherited = base.getattr_opt(th, name)?;
    match (own, inherited) {
        (Some(own), Some(inherited)) if own.obj().is(inherited.obj()) => Ok(None),
        _ => this.getattr_opt(th, name),
    }
}

#[pymethods]
impl Pickler {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        Ok(alloc_object::alloc(th, cls, Self::empty())?.upcast())
    }

    #[sig = "Pickler(file, protocol=None, fix_imports=True, buffer_callback=None)"]
    fn __init__(
        &self,
        th: Thread<'_>,
        file: Obj<'_>,
        protocol: Option<Obj<'_>>,
        fix_imports: bool,
        buffer_callback: Option<Obj<'_>>,
    ) -> Result<()> {
        let _busy = self.enter(th)?;
        self.configure(th, protocol, fix_imports, buffer_callback)?;
        self.set_file(th, file)?;
        if let Some(table) = self.obj().getattr_opt(th, id!(th, "dispatch_table"))? {
            self.dispatch_table.set(Some(table));
        }
        Ok(())
    }

    /// Write a pickled representation of the given object to the open file.
    #[sig = "($self, obj, /)"]
    fn dump(&self, th: Thread<'_>, obj: Obj<'_>) -> Result<()> {
        if self.write.is_null() {
            return Err(pickling_error(
                th,
                format_args!(
                    "Pickler.__init__() was not called by {}.__init__()",
                    self.obj().type_name()
                ),
            ));
        }
        self.dump_object(th, obj)
    }

    /// Clears the pickler's "memo".
    #[sig = "($self, /)"]
    fn clear_memo(&self, _: Thread<'_>) {
        let memo = self.memo.take();
        drop(memo);
    }

    #[sig = "($self, obj, /)"]
    fn persistent_id(&self, _: Thread<'_>, obj: Obj<'_>) {
        let _ = obj;
    }

    #[getter]
    fn memo(&self, th: Thread<'_>) -> Result<Ref<PicklerMemoProxy>> {
        PicklerMemoProxy::new(th, own(self))
    }

    #[setter(memo)]
    fn set_memo(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, TypeError, "attribute deletion is not supported");
        };
        let memo = memo_proxy::pickler_entries(th, value)?;
        let old = self.memo.replace(memo);
        drop(old);
        Ok(())
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        if str_eq(name, "persistent_id")
            && let Some(function) = self.persistent_id.get()
        {
            return Ok(function);
        }
        object_::generic_getattr_obj(th, self.obj(), name)
    }

    fn tp_setattro(&self, th: Thread<'_>, name: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if str_eq(name, "persistent_id") {
            if value.is_none() && self.persistent_id.is_null() {
                raise!(th, AttributeError, "persistent_id");
            }
            self.persistent_id.set(value.map(Obj::own));
            return Ok(());
        }
        object_::generic_setattr(th, self.obj(), name, value)
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        use std::mem::offset_of;
        builder.member(c"bin", abi::Py_T_INT, offset_of!(Pickler, bin), 0, None);
        builder.member(c"fast", abi::Py_T_INT, offset_of!(Pickler, fast), 0, None);
        let table = offset_of!(Pickler, dispatch_table);
        builder.member(c"dispatch_table", abi::Py_T_OBJECT_EX, table, 0, None);
    }
}

/// Says that a pickler or unpickler works, for as long as it lives.
pub(super) struct Busy<'a>(&'a Cell<bool>);

impl<'a> Busy<'a> {
    /// `None` if it works already.
    pub(super) fn enter(running: &'a Cell<bool>) -> Option<Busy<'a>> {
        (!running.replace(true)).then(|| Busy(running))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// `True` and `False` are written by identity.
pub(super) fn is_bool(object: Obj<'_>) -> Option<bool> {
    if object.is(types::bool_(true)) {
        return Some(true);
    }
    object.is(types::bool_(false)).then_some(false)
}
