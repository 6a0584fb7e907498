//! Runs a file without the standard library: for work on the interpreter itself.

use object::{AsObject, Dict, Protocol, Str, alloc::Mode, id, thread::boot};
use vm::lifecycle::Inventory;

static INVENTORY: Inventory = Inventory {
    modules: modules::ALL,
    embedded: &[],
    decompress: |_| None,
    load_code: modules::marshal::load_object,
};

fn main() {
    let th = boot(Mode::default());
    let result = (|| {
        vm::init(th)?;
        if let Err(raised) = vm::lifecycle::start(th, &INVENTORY, || Ok(())) {
            let e = th.take_exception(raised);
            eprintln!("start: {}", object::exceptions::report::format(th, e.obj()));
        }
        for name in ["posix", "math", "itertools", "_functools", "gc", "_operator"] {
            if let Some(decl) = Inventory::of(th).builtin(name) {
                let module = vm::lifecycle::create_builtin(th, decl)?;
                vm::lifecycle::exec_builtin(th, &module)?;
                vm::import::modules(th)?.set(th, Str::intern(th, name)?.obj(), module.obj())?;
            }
        }
        let path = std::env::args().nth(1).unwrap_or_default();
        let source = std::fs::read_to_string(&path).unwrap_or_default();
        let globals = Dict::new(th)?;
        let builtins = th.interp().builtins.get().unwrap();
        globals.set(th, id!(th, "__builtins__").obj(), builtins.obj())?;
        globals.set(th, id!(th, "__name__").obj(), id!(th, "__main__").obj())?;
        let source = Str::new(th, &source)?;
        let exec = builtins.get(th, id!(th, "exec").obj())?.unwrap();
        exec.call(th, &[source.obj(), globals.obj()])
    })();
    if let Err(raised) = result {
        let exception = th.take_exception(raised);
        eprintln!("{}", object::exceptions::report::format(th, exception.obj()));
        std::process::exit(1);
    }
}
