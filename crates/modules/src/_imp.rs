//! `_imp`: what importlib needs of the runtime: builtin and frozen modules.
//!
//! The modules themselves are data that the executable hands over at start,
//! see [`vm::lifecycle::Inventory`].

use std::cell::Cell;

use macros::pymodule;
use object::{
    AsObject, Bytes, Code, Int, List, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id,
    raise, types,
};
use vm::lifecycle::Inventory;

use crate::support::wait::{Gate, Until};

/// The lock around the tables of importlib; its owner may take it again.
#[derive(Default)]
struct ImportLock {
    gate: Gate,
    owner: Cell<u64>,
    count: Cell<usize>,
}

fn lock(th: Thread<'_>) -> &'static ImportLock {
    th.interp().extensions.get::<ImportLock>()
}

/// Take the import lock.
pub(crate) fn acquire(th: Thread<'_>) {
    let (lock, me) = (lock(th), th.state().ident());
    if lock.owner.get() != me {
        // Without signal handlers, taking it cannot fail.
        if lock.gate.take(th, Until::Forever, false).is_err() {
            return;
        }
        lock.owner.set(me);
    }
    lock.count.set(lock.count.get() + 1);
}

/// Give the import lock back; whether the calling thread had it.
pub(crate) fn release(th: Thread<'_>) -> bool {
    let lock = lock(th);
    if lock.owner.get() != th.state().ident() {
        return false;
    }
    lock.count.set(lock.count.get() - 1);
    if lock.count.get() == 0 {
        lock.owner.set(0);
        lock.gate.release();
    }
    true
}

/// In the child of a fork, whose thread took the lock before.
pub(crate) fn after_fork(th: Thread<'_>) {
    let lock = lock(th);
    lock.gate.forget_waiters();
    release(th);
}

/// (Extremely) low-level import machinery bits as used by importlib.
#[pymodule]
pub mod _imp {
    use super::*;

    /// Acquires the interpreter's import lock for the current thread.
    #[sig = "()"]
    fn acquire_lock(th: Thread<'_>) {
        acquire(th);
    }

    /// Release the interpreter's import lock.
    #[sig = "()"]
    fn release_lock(th: Thread<'_>) -> Result<()> {
        if !release(th) {
            raise!(th, RuntimeError, "not holding the import lock");
        }
        Ok(())
    }

    /// Return True if the import lock is currently held, else False.
    #[sig = "()"]
    fn lock_held(th: Thread<'_>) -> bool {
        lock(th).gate.is_taken()
    }

    /// Returns the list of file suffixes used to identify extension modules.
    #[sig = "()"]
    fn extension_suffixes(th: Thread<'_>) -> Result<Ref<List>> {
        let suffixes = [".cpython-314-x86_64-linux-gnu.so", ".abi3.so", ".so"];
        let items: Result<Vec<Ref>> =
            suffixes.iter().map(|suffix| Str::intern(th, suffix).map(Ref::upcast)).collect();
        List::from_refs(th, items?)
    }

    /// Returns 1 if the module name is of a builtin module, 0 otherwise.
    #[sig = "(name, /)"]
    fn is_builtin(th: Thread<'_>, name: &Str) -> i32 {
        i32::from(Inventory::of(th).builtin(&name.to_string()).is_some())
    }

    /// Create an extension module.
    #[sig = "(spec, /)"]
    fn create_builtin(th: Thread<'_>, spec: Obj<'_>) -> Result {
        let name = spec.getattr(th, id!(th, "name"))?;
        let Some(text) = name.obj().downcast::<Str>() else {
            raise!(th, TypeError, "name must be string, not {}", name.obj().type_name());
        };
        if let Some(module) = vm::import::modules(th)?.get(th, name.obj())? {
            return Ok(module);
        }
        match Inventory::of(th).builtin(&text.to_string()) {
            Some(decl) => vm::lifecycle::create_builtin(th, decl).map(Ref::upcast),
            None => Ok(types::none().own()),
        }
    }

    /// Initialize a built-in module.
    #[sig = "(mod, /)"]
    fn exec_builtin(th: Thread<'_>, module: Obj<'_>) -> Result<i32> {
        if let Some(module) = module.downcast::<Module>() {
            vm::lifecycle::exec_builtin(th, module)?;
        }
        Ok(0)
    }

    /// Create an extension module.
    #[sig = "(spec, file=<unrepresentable>, /)"]
    fn create_dynamic(th: Thread<'_>, spec: Obj<'_>, file: Option<Obj<'_>>) -> Result {
        let _ = file;
        vm::importdl::create_dynamic(th, spec)
    }

    /// Initialize an extension module.
    #[sig = "(mod, /)"]
    fn exec_dynamic(th: Thread<'_>, module: Obj<'_>) -> Result<i32> {
        if let Some(module) = module.downcast::<Module>() {
            vm::module_def::exec_once(th, module)?;
        }
        Ok(0)
    }

    /// Return info about the corresponding frozen module (if there is one) or None.
    #[sig = "(name, /, *, withdata=False)"]
    fn find_frozen(th: Thread<'_>, name: &Str, withdata: bool) -> Result {
        let Some(frozen) = Inventory::of(th).frozen(&name.to_string()) else {
            return Ok(types::none().own());
        };
        let data: Ref = if withdata {
            let bytes = Bytes::new(th, &frozen.code())?;
            types::memoryview::MemoryView::from_object(th, bytes.obj())?.upcast()
        } else {
            types::none().own()
        };
        let package = types::bool_(frozen.is_package);
        let origname = match frozen.origin {
            "" => types::none().own(),
            origin => Str::new(th, origin)?.upcast(),
        };
        Tuple::from_objs(th, &[data.obj(), package, origname.obj()]).map(Ref::upcast)
    }

    /// Create a code object for a frozen module.
    #[sig = "(name, data=None, /)"]
    fn get_frozen_object(th: Thread<'_>, name: &Str, data: Option<Obj<'_>>) -> Result {
        if let Some(data) = data.filter(|data| !data.is_none()) {
            let buffer = object::protocol::buffer::Buffer::get(th, data, abi::PyBUF_SIMPLE)?;
            let bytes = buffer.as_bytes().to_vec();
            let object = match crate::marshal::load_object(th, &bytes) {
                Ok(object) => object,
                Err(raised) => {
                    th.clear_exception(raised);
                    raise!(th, ImportError, "Frozen object named {} is invalid", name.repr(th)?);
                }
            };
            if object.obj().downcast::<Code>().is_none() {
                raise!(th, TypeError, "object {} is not a code object", name.repr(th)?);
            }
            return Ok(object);
        }
        match Inventory::of(th).frozen(&name.to_string()) {
            Some(frozen) => crate::marshal::load_object(th, &frozen.code()),
            None => raise!(th, ImportError, "No such frozen object named {}", name.repr(th)?),
        }
    }

    /// Initializes a frozen module.
    #[sig = "(name, /)"]
    fn init_frozen(th: Thread<'_>, name: &Str) -> Result {
        match Inventory::of(th).frozen(&name.to_string()) {
            Some(_) => raise!(th, NotImplementedError, "_imp.init_frozen"),
            None => Ok(types::none().own()),
        }
    }

    /// Returns True if the module name is of a frozen package.
    #[sig = "(name, /)"]
    fn is_frozen_package(th: Thread<'_>, name: &Str) -> Result<bool> {
        match Inventory::of(th).frozen(&name.to_string()) {
            Some(frozen) => Ok(frozen.is_package),
            None => raise!(th, ImportError, "No such frozen object named {}", name.repr(th)?),
        }
    }

    /// Returns True if the module name corresponds to a frozen module.
    #[sig = "(name, /)"]
    fn is_frozen(th: Thread<'_>, name: &Str) -> bool {
        Inventory::of(th).frozen(&name.to_string()).is_some()
    }

    /// Returns the list of available frozen modules.
    #[sig = "()"]
    fn _frozen_module_names(th: Thread<'_>) -> Result<Ref<List>> {
        let names: Result<Vec<Ref>> = Inventory::of(th)
            .frozen_names()
            .map(|name| Str::intern(th, name).map(Ref::upcast))
            .collect();
        List::from_refs(th, names?)
    }

    /// Override PyConfig.use_frozen_modules (for tests only).
    #[sig = "(override, /)"]
    fn _override_frozen_modules_for_tests(th: Thread<'_>, value: i32) {
        Inventory::of(th).set_frozen_override(value);
    }

    /// Override PyInterpreterConfig.check_multi_interp_extensions (for tests only).
    #[sig = "(override, /)"]
    fn _override_multi_interp_extensions_check(th: Thread<'_>, value: i32) -> Result<i32> {
        if th.interp().is_main() {
            let text = "_imp._override_multi_interp_extensions_check() \
                        cannot be used in the main interpreter";
            raise!(th, RuntimeError, "{text}");
        }
        Ok(vm::importdl::override_sharing(th, value))
    }

    /// Changes code.co_filename to specify the passed-in path.
    #[sig = "(code, path, /)"]
    fn _fix_co_filename(th: Thread<'_>, code: &object::Code, path: &Str) -> Result<()> {
        vm::set_code_filename(th, code, path)
    }

    /// The hash of a source file, as hash-based pyc files hold it.
    #[sig = "(key, source)"]
    fn source_hash(th: Thread<'_>, key: i64, source: Obj<'_>) -> Result<Ref<Bytes>> {
        let buffer = object::protocol::buffer::Buffer::get(th, source, abi::PyBUF_SIMPLE)?;
        let mut secret = [0; 16];
        secret[..8].copy_from_slice(&key.to_le_bytes());
        let hash = num::hash::Secret::from_bytes(secret).siphash13(buffer.as_bytes());
        Bytes::new(th, &hash.to_le_bytes())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.set(th, "check_hash_based_pycs", Str::intern(th, "default")?.obj())?;
        module.set(th, "pyc_magic_number_token", Int::from_i64(th, PYC_MAGIC_TOKEN)?.obj())
    }
}

/// `importlib.util.MAGIC_NUMBER` of 3.14 as a little-endian integer.
const PYC_MAGIC_TOKEN: i64 = 0x0a0d_0e2b;
