//! Expectations recorded from CPython 3.14.10.

use super::*;

#[test]
fn draws() {
    let mut g = MersenneTwister::from_key(&[]);
    for _ in 0..698 {
        g.random();
    }
    assert_eq!([g.random(), g.random()], [0.18675586852140846, 0.05699047999950346]);
    assert_eq!(g.bits(70), Ok(vec![2740505373, 2909808591, 11]));
    assert_eq!((g.state().0[0], g.state().1), (836265224, 155));
    let mut g = MersenneTwister::from_key(&[42]);
    for _ in 0..698 {
        g.random();
    }
    assert_eq!([g.random(), g.random()], [0.42513896610421165, 0.5445623787105787]);
    assert_eq!(g.bits(70), Ok(vec![2781569954, 639904576, 58]));
    assert_eq!((g.state().0[0], g.state().1), (696739782, 155));
    let mut g = MersenneTwister::from_key(&[1073741824, 1182068202, 2670501072, 12]);
    for _ in 0..698 {
        g.random();
    }
    assert_eq!([g.random(), g.random()], [0.7230109241484802, 0.5897849119735646]);
    assert_eq!(g.bits(70), Ok(vec![2927351641, 4218984492, 15]));
    assert_eq!((g.state().0[0], g.state().1), (571040790, 155));
    let (words, index) = g.state();
    assert!(MersenneTwister::from_state(*words, index).is_some());
    assert!(MersenneTwister::from_state(*words, 625).is_none());
    assert_eq!(g.bits(u64::MAX), Err(TooLarge));
}
