//! Dicts, sets and numbers through the object protocols.

use object::{
    AsObject, Dict, Float, Int, Obj, Protocol, Ref, Str, Thread, Tuple, alloc::Mode, protocol,
    protocol::number, thread::boot, types,
};
use types::{FrozenSet, Set};

fn ok<T>(th: Thread<'_>, result: object::Result<T>) -> T {
    result.unwrap_or_else(|raised| {
        let exception = th.take_exception(raised);
        let text = exception.str(th).map(|text| text.to_string()).unwrap_or_default();
        panic!("{exception:?} {text}")
    })
}

fn repr(th: Thread<'_>, object: &impl AsObject) -> String {
    ok(th, object.repr(th)).to_string()
}

fn error<T>(th: Thread<'_>, result: object::Result<T>) -> String {
    let Err(raised) = result else { panic!("no exception") };
    let exception = th.take_exception(raised);
    format!("{}: {}", exception.obj().type_name(), ok(th, exception.str(th)))
}

fn int(th: Thread<'_>, text: &str) -> Ref {
    ok(th, Int::parse(th, text, 10))
}

fn method(th: Thread<'_>, object: Obj<'_>, name: &str, args: &[Obj<'_>]) -> object::Result<Ref> {
    let name = Str::intern(th, name)?;
    object.call_method(th, &name, args)
}

fn dicts(th: Thread<'_>) {
    let dict = ok(th, Dict::new(th));
    assert_eq!(dict.size_in_memory(), 48);
    for i in 0..1000 {
        let (key, value) = (int(th, &i.to_string()), int(th, &(i * i).to_string()));
        ok(th, dict.set(th, key.obj(), value.obj()));
    }
    for i in 0..1000 {
        let value = ok(th, dict.get(th, int(th, &i.to_string()).obj())).expect("there");
        assert_eq!(Int::to_i64(value.obj()), Some(i * i));
    }
    for i in (0..1000).step_by(2) {
        assert!(ok(th, dict.remove(th, int(th, &i.to_string()).obj())));
    }
    assert_eq!(dict.len(), 500);
    assert!(ok(th, dict.get(th, int(th, "500").obj())).is_none());
    let copy = ok(th, dict.copy(th));
    assert!(ok(th, copy.obj().eq(th, dict.obj())));
    assert_eq!(repr(th, &dict.popitem(th).expect("not empty").1), "998001");

    let dict = ok(th, Dict::new(th));
    for name in ["a", "b", "c", "d", "e"] {
        ok(th, dict.set_str(th, name, types::none()));
    }
    assert!(dict.is_unicode_keys());
    assert_eq!(dict.size_in_memory(), 168);
    let version = dict.keys_version(th);
    assert_eq!(dict.keys_version(th), version);
    let name = ok(th, Str::new(th, "c"));
    let index = dict.find_name_index(th, &name).expect("there");
    assert!(dict.set_value_at(th, index, int(th, "7")));
    assert_eq!(dict.current_keys_version(), version);
    ok(th, dict.set(th, int(th, "5").obj(), dict.obj()));
    assert_eq!(dict.current_keys_version(), 0);
    assert!(!dict.is_unicode_keys());
    assert_eq!(repr(th, &ok(th, dict.get_str(th, "c")).expect("there")), "7");
    let list = ok(th, Set::new(th));
    assert_eq!(
        error(th, dict.get(th, list.obj())),
        "TypeError: cannot use 'set' as a dict key (unhashable type: 'set')"
    );
    assert_eq!(error(th, dict.obj().get_item(th, int(th, "77").obj())), "KeyError: 77");
    let iterator = ok(th, dict.obj().iter(th));
    ok(th, Protocol::next(&iterator, th));
    ok(th, dict.set_str(th, "new", types::none()));
    assert_eq!(
        error(th, Protocol::next(&iterator, th)),
        "RuntimeError: dictionary changed size during iteration"
    );
    dict.clear(th);
    assert_eq!(repr(th, &dict), "{}");
}

fn sets(th: Thread<'_>) {
    let numbers = |range: std::ops::Range<i64>| -> Ref<Set> {
        let items: Vec<Ref> = range.map(|i| int(th, &i.to_string())).collect();
        ok(th, Set::from_refs(th, &items))
    };
    let (a, b) = (numbers(0..6), numbers(4..9));
    let binary = |op, x: &Ref<Set>, y: &Ref<Set>| {
        repr(th, &ok(th, number::binary(th, op, x.obj(), y.obj())))
    };
    assert_eq!(binary(number::OR, &a, &b), "{0, 1, 2, 3, 4, 5, 6, 7, 8}");
    assert_eq!(binary(number::AND, &a, &b), "{4, 5}");
    assert_eq!(binary(number::SUBTRACT, &a, &b), "{0, 1, 2, 3}");
    assert_eq!(binary(number::XOR, &a, &b), "{0, 1, 2, 3, 6, 7, 8}");
    let frozen = ok(th, FrozenSet::from_iterable(th, a.obj()));
    assert_eq!(repr(th, &frozen), "frozenset({0, 1, 2, 3, 4, 5})");
    assert_eq!(ok(th, frozen.hash(th)), 4_891_510_782_769_406_443);
    assert!(ok(th, frozen.obj().eq(th, a.obj())));
    let outer = ok(th, Set::from_refs(th, &[frozen.obj().own()]));
    assert!(ok(th, outer.contains(th, a.obj())));
    assert_eq!(error(th, a.obj().hash(th)), "TypeError: unhashable type: 'set'");
    assert_eq!(
        ok(th, method(th, numbers(0..200).obj(), "__sizeof__", &[])).obj().as_ptr(),
        int(th, "8392").obj().as_ptr()
    );
    assert_eq!(error(th, method(th, a.obj(), "remove", &[int(th, "77").obj()])), "KeyError: 77");
    while a.pop().is_some() {}
    assert_eq!(repr(th, &a), "set()");
}

fn ints(th: Thread<'_>) {
    let big = int(th, "123456789012345678901234567890");
    let op = |op, x: &Ref, y: &Ref| repr(th, &ok(th, number::binary(th, op, x.obj(), y.obj())));
    let seven = int(th, "-7");
    assert_eq!(op(number::ADD, &big, &seven), "123456789012345678901234567883");
    assert_eq!(op(number::SUBTRACT, &seven, &big), "-123456789012345678901234567897");
    assert_eq!(op(number::MULTIPLY, &big, &seven), "-864197523086419752308641975230");
    assert_eq!(op(number::FLOOR_DIVIDE, &big, &seven), "-17636684144620811271604938270");
    assert_eq!(op(number::REMAINDER, &big, &seven), "0");
    assert_eq!(op(number::TRUE_DIVIDE, &big, &seven), "-1.763668414462081e+28");
    assert_eq!(op(number::LSHIFT, &seven, &int(th, "70")), "-8264141345021879123968");
    assert_eq!(op(number::RSHIFT, &big, &int(th, "60")), "107081695084");
    assert_eq!(op(number::AND, &big, &int(th, "-4294967296")), "123456789012345678899921813504");
    let power = ok(th, number::power(th, int(th, "3").obj(), int(th, "100").obj(), types::none()));
    assert_eq!(repr(th, &power), "515377520732011331036461129765621272702107522001");
    assert!(ok(th, power.obj().eq(th, int(th, &repr(th, &power)).obj())));
    assert_eq!(ok(th, power.hash(th)), 1_175_369_268_131_054_105);
    assert_eq!(op(number::AND, &types::bool_(true).own(), &types::bool_(true).own()), "True");
    assert_eq!(error(th, Int::parse(th, "1x", 10)), "ValueError: invalid literal for int()");
    let zero = int(th, "0");
    assert_eq!(
        error(th, number::binary(th, number::FLOOR_DIVIDE, big.obj(), zero.obj())),
        "ZeroDivisionError: division by zero"
    );
    let bytes = ok(th, method(th, big.obj(), "to_bytes", &[int(th, "16").obj()]));
    let bytes = bytes.obj().downcast::<object::Bytes>().expect("bytes").as_bytes();
    assert_eq!(&bytes[..6], [0, 0, 0, 1, 0x8e, 0xe9]);
    assert_eq!(repr(th, &ok(th, Int::from_bytes(th, bytes, false, true))), repr(th, &big));
    let spec = ok(th, Str::new(th, ",d"));
    let text = ok(th, method(th, big.obj(), "__format__", &[spec.obj()]));
    assert_eq!(ok(th, text.str(th)).to_string(), "123,456,789,012,345,678,901,234,567,890");
}

fn floats(th: Thread<'_>) {
    let half = ok(th, Float::from_f64(th, 0.5));
    let two = int(th, "2");
    let op = |op, x: &Ref, y: &Ref| repr(th, &ok(th, number::binary(th, op, x.obj(), y.obj())));
    assert_eq!(op(number::ADD, &half, &two), "2.5");
    assert_eq!(op(number::FLOOR_DIVIDE, &two, &half), "4.0");
    let power =
        |a: &Ref, b: &Ref| repr(th, &ok(th, number::power(th, a.obj(), b.obj(), types::none())));
    assert_eq!(power(&int(th, "-2"), &half), "(8.659560562354934e-17+1.4142135623730951j)");
    assert_eq!(power(&two, &int(th, "-1")), "0.5");
    let ratio = ok(th, method(th, half.obj(), "as_integer_ratio", &[]));
    let ratio = ratio.obj().downcast::<Tuple>().expect("a tuple").get(1).map(Int::to_i64);
    assert_eq!(ratio, Some(Some(2)));
    assert!(!ok(th, protocol::compare::eq(th, half.obj(), two.obj())));
    let pair = ok(th, Tuple::from_refs(th, vec![half.clone(), two.clone()]));
    assert_eq!(pair.len(), 2);
}

#[test]
fn dicts_sets_and_numbers_behave() {
    let th = boot(Mode::default());
    ints(th);
    floats(th);
    sets(th);
    dicts(th);
}
