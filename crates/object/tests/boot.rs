//! The builtin types come to life, and classes can be made of them.

use object::{
    AsObject, Dict, Protocol, PyStruct, Str, Tuple, alloc::Mode, id, thread::boot, types,
};

#[test]
fn types_are_ready_and_classes_work() {
    let th = boot(Mode::default());
    let list = object::List::type_object();
    let text = list.obj().repr(th).unwrap();
    assert_eq!(text.to_string(), "<class 'list'>");
    let namespace = Dict::new(th).unwrap();
    let name = Str::new(th, "C").unwrap();
    let bases = Tuple::from_refs(th, Vec::new()).unwrap();
    let class = types::Type::type_object()
        .obj()
        .call(th, &[name.obj(), bases.obj(), namespace.obj()])
        .unwrap_or_else(|raised| {
            let exception = th.take_exception(raised);
            panic!("{:?} {}", exception, exception.str(th).unwrap())
        });
    let instance = class.call(th, &[]).unwrap();
    instance.setattr(th, id!(th, "x"), Some(list.obj())).unwrap();
    let x = instance.getattr(th, id!(th, "x")).unwrap();
    assert!(x.obj().is(list.obj()));
    assert!(instance.getattr(th, id!(th, "y")).is_err());
}
