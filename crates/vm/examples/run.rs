//! Run a program with a handful of builtins, without the standard library.

use macros::pymodule;
use object::{
    Args, AsObject, Code, Dict, Function, Module, Obj, Protocol, PyStruct, Ref, Result, Str,
    Thread, Tuple, Type, id, types,
};

/// Builtins enough for small programs.
#[pymodule]
mod builtins {
    use super::*;

    /// Print.
    #[sig = "(*args)"]
    fn print(th: Thread<'_>, args: Args<'_>) -> Result<()> {
        let texts: Result<Vec<String>> =
            args.iter().map(|arg| Ok(arg.str(th)?.to_string())).collect();
        println!("{}", texts?.join(" "));
        Ok(())
    }

    /// Length.
    #[sig = "(obj, /)"]
    fn len(th: Thread<'_>, obj: Obj<'_>) -> Result<usize> {
        object::protocol::mapping::len(th, obj)
    }

    /// Next.
    #[sig = "(obj, /)"]
    fn next(th: Thread<'_>, obj: Obj<'_>) -> Result<Ref> {
        match obj.next(th)? {
            Some(value) => Ok(value),
            None => Err(th.raise_empty(object::exceptions::types::StopIteration())),
        }
    }

    /// Iter.
    #[sig = "(obj, /)"]
    fn iter(th: Thread<'_>, obj: Obj<'_>) -> Result<Ref> {
        obj.iter(th)
    }

    /// Repr.
    #[sig = "(obj, /)"]
    fn repr(th: Thread<'_>, obj: Obj<'_>) -> Result<Ref<Str>> {
        obj.repr(th)
    }

    /// Isinstance.
    #[sig = "(obj, cls, /)"]
    fn isinstance(th: Thread<'_>, obj: Obj<'_>, cls: Obj<'_>) -> Result<bool> {
        object::protocol::instance::is_instance(th, obj, cls)
    }

    /// Locals.
    #[sig = "()"]
    fn locals(th: Thread<'_>) -> Result<Ref> {
        (th.hooks().current_locals)(th)
    }

    /// Frame.
    #[sig = "(depth=0, /)"]
    fn getframe(th: Thread<'_>, depth: i32) -> Result<Ref> {
        vm::get_frame(th, depth)
    }

    /// Trace.
    #[sig = "(function, /)"]
    fn settrace(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
        vm::tracing::set_trace(th, function)
    }

    /// Time.
    #[sig = "()"]
    fn clock(_: Thread<'_>) -> f64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0.0, |time| time.as_secs_f64())
    }

    /// Class statement.
    #[sig = "(func, name, /, *bases)"]
    fn __build_class__(
        th: Thread<'_>,
        func: &Function,
        name: Obj<'_>,
        bases: Args<'_>,
    ) -> Result<Ref> {
        let namespace = Dict::new(th)?;
        vm::eval_function_in(th, func, namespace.obj())?;
        let bases = Tuple::from_objs(th, bases)?;
        Type::type_object().obj().call(th, &[name, bases.obj(), namespace.obj()])
    }
}

fn run(th: Thread<'_>, path: &str) -> Result<()> {
    vm::init(th)?;
    let decl: &'static object::declare::ModuleDecl = Box::leak(Box::new(builtins::MODULE));
    let module: Ref<Module> = vm::lifecycle::create_builtin(th, decl)?;
    let dict = module.dict(th)?;
    for decl in types::builtin_types() {
        let ty = (decl.ty)();
        dict.set(th, Str::intern(th, ty.name())?.obj(), ty.obj())?;
    }
    for (name, ty) in object::exceptions::all() {
        dict.set(th, Str::intern(th, name)?.obj(), ty.obj())?;
    }
    th.interp().builtins.set(Some(dict));
    let source = std::fs::read_to_string(path).unwrap();
    let options = compiler::Options::default();
    let compiled = match compiler::compile(&source, path, &options) {
        Ok(compiled) => compiled.value,
        Err(error) => panic!("{error:?}"),
    };
    let code = Code::from_bytecode(th, &compiled)?;
    let globals = Dict::new(th)?;
    globals.set(th, id!(th, "__name__").obj(), id!(th, "__main__").obj())?;
    vm::eval_code(th, &code, &globals, Some(globals.obj()), None)?;
    Ok(())
}

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let th = object::thread::boot(object::alloc::Mode::default());
    object::exceptions::init(th).ok();
    if let Err(raised) = run(th, &path) {
        let exception = th.take_exception(raised);
        let text = exception.repr(th).map(|text| text.to_string()).unwrap_or_default();
        let mut tb = vm::exception::traceback(exception.obj());
        while let Some(entry) = tb {
            let get =
                |name: &str| Str::intern(th, name).and_then(|name| entry.getattr(th, &name)).ok();
            let line = get("tb_lineno").and_then(|line| line.repr(th).ok());
            let frame = get("tb_frame").and_then(|line| line.repr(th).ok());
            eprintln!(
                "  {} {}",
                line.map_or(String::new(), |x| x.to_string()),
                frame.map_or(String::new(), |x| x.to_string())
            );
            tb = get("tb_next").filter(|next| !next.obj().is_none());
        }
        eprintln!("raised {text}");
        std::process::exit(1);
    }
}
