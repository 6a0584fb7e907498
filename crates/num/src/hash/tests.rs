//! Expectations recorded from CPython 3.14.10.

use super::*;

#[test]
fn numbers() {
    assert_eq!(int(0), 0);
    assert_eq!(int(1), 1);
    assert_eq!(int(-1), -2);
    assert_eq!(int(-2), -2);
    assert_eq!(int(2305843009213693951), 0);
    assert_eq!(int(2305843009213693952), 1);
    assert_eq!(int(-9223372036854775808), -4);
    assert_eq!(int(9223372036854775807), 3);
    assert_eq!(int_digits(&[0, 668304384, 172751547, 175927511, 7523], true), -1388497483929617590);
    assert_eq!(float(0.5), Some(1152921504606846976));
    assert_eq!(float(1e+300), Some(1224995262755759164));
    assert_eq!(float(-1.0), Some(-2));
    assert_eq!(float(3.25), Some(576460752303423491));
    assert_eq!(float(5e-324), Some(16777216));
    assert_eq!(float(f64::INFINITY), Some(314159));
    assert_eq!(float(f64::NAN), None);
}
#[test]
fn containers() {
    let tuple = |items: &[i64]| {
        let mut h = TupleHasher::default();
        items.iter().for_each(|&x| h.push(int(x)));
        h.finish(items.len())
    };
    let set = |items: &[i64]| {
        let mut h = FrozensetHasher::default();
        items.iter().for_each(|&x| h.push(int(x)));
        h.finish(items.len())
    };
    assert_eq!(tuple(&[]), 5740354900026072187);
    assert_eq!(set(&[]), 133146708735736);
    assert_eq!(tuple(&[1]), -6644214454873602895);
    assert_eq!(set(&[1]), -558064481276695278);
    assert_eq!(tuple(&[1, 2, 3]), 529344067295497451);
    assert_eq!(set(&[1, 2, 3]), -272375401224217160);
    assert_eq!(tuple(&[-1, 1099511627776]), -3711624832768569648);
    assert_eq!(set(&[-1, 1099511627776]), 7094953512933204024);
}
#[test]
fn text() {
    let cases: &[(u32, &str, i64)] = &[
        (0, "", 0),
        (0, "a", 4644417185603328019),
        (0, "abc", -4594863902769663758),
        (0, "abcdefgh", 4574395652268504554),
        (0, "hello world", -5642461784034726774),
        (1, "", 0),
        (1, "a", -3012895188637184397),
        (1, "abc", -4667308735975688587),
        (1, "abcdefgh", -202642195356325900),
        (1, "hello world", 4697380503286254714),
        (42, "", 0),
        (42, "a", -123207753977932514),
        (42, "abc", 3869580338025362921),
        (42, "abcdefgh", -5457871895989710762),
        (42, "hello world", -3893157060480277979),
    ];
    for &(seed, text, hash) in cases {
        assert_eq!(Secret::from_seed(seed).hash(text.as_bytes()), hash);
    }
}
