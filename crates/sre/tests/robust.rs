//! Long subjects, interruption, and code arrays that nobody compiled.

mod common;

use common::Std;
use sre::{Error, Pattern, Scratch, State, match_, search};

/// `(?:(a)|b)*c`, as CPython compiles it.
const LOOP: &[u32] = &[
    14, 4, 0, 1, 4294967295, 23, 19, 0, 4294967295, 7, 9, 17, 0, 16, 97, 17, 1, 15, 7, 5, 16, 98,
    15, 2, 0, 18, 16, 99, 1,
];
/// `(a+)+b`.
const EXPLOSIVE: &[u32] = &[
    14, 4, 0, 2, 4294967295, 23, 14, 1, 4294967295, 17, 0, 24, 6, 1, 4294967295, 16, 97, 1, 17, 1,
    18, 16, 98, 1,
];

#[test]
fn long_subject_does_not_overflow() {
    let pattern = Pattern::<Std>::compile(LOOP, 1).unwrap();
    let mut subject = b"ab".repeat(1_000_000);
    let mut scratch = Scratch::default();
    assert_eq!(
        match_(&pattern, &mut State::new(&subject, 0, subject.len(), &mut scratch)),
        Ok(false)
    );
    subject.push(b'c');
    let mut state = State::new(&subject, 0, subject.len(), &mut scratch);
    assert_eq!(match_(&pattern, &mut state), Ok(true));
    assert_eq!(state.group(1), Some((1_999_998, 1_999_999)));
}

#[test]
fn hook_interrupts() {
    let pattern = Pattern::<Std>::compile(EXPLOSIVE, 1).unwrap();
    let subject = [b'a'; 64];
    let (mut scratch, mut calls) = (Scratch::default(), 0);
    let mut hook = || {
        calls += 1;
        calls < 10
    };
    let mut state = State::new(&subject[..], 0, 64, &mut scratch);
    state.set_hook(&mut hook);
    assert_eq!(search(&pattern, &mut state), Err(Error::Interrupted));
    drop(state);
    assert_eq!(calls, 10);
}

#[test]
fn deep_nesting_is_compiled_without_recursion() {
    // ATOMIC_GROUP in ATOMIC_GROUP, 100000 levels.
    let depth = 100_000usize;
    let mut code = Vec::new();
    for inner in (0..depth).rev() {
        // Each inner level takes two words before its region and a SUCCESS after it.
        code.extend([27, 3 * inner as u32 + 2]);
    }
    code.extend(vec![1; depth + 1]);
    let pattern = Pattern::<Std>::compile(&code, 0).unwrap();
    let mut scratch = Scratch::default();
    assert_eq!(match_(&pattern, &mut State::new(b"", 0, 0, &mut scratch)), Ok(true));
}

/// Change words of recorded codes at random: each result is either refused or runs to an end.
#[test]
fn mutated_code_is_refused_or_harmless() {
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut random = move |limit: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 33) as usize % limit.max(1)
    };
    let (mut accepted, mut refused) = (0, 0);
    for line in include_str!("recorded.txt").lines().filter_map(|line| line.strip_prefix("P ")) {
        let mut words = line.split(' ');
        let groups = words.next().unwrap().parse().unwrap();
        let code: Vec<u32> = words.map(|word| u32::from_str_radix(word, 16).unwrap()).collect();
        for _ in 0..40 {
            let mut code = code.clone();
            for _ in 0..=random(2) {
                let at = random(code.len());
                code[at] = match random(4) {
                    0 => u32::MAX,
                    1 => code[random(code.len())],
                    _ => random(44) as u32,
                };
            }
            if random(8) == 0 {
                code.truncate(random(code.len()));
            }
            let Ok(pattern) = Pattern::<Std>::compile(&code, groups) else {
                refused += 1;
                continue;
            };
            accepted += 1;
            let mut scratch = Scratch::default();
            let mut calls = 0;
            let mut hook = || {
                calls += 1;
                calls < 4
            };
            let subject = b"aabab abcc\nab";
            let mut state = State::new(&subject[..], 0, subject.len(), &mut scratch);
            state.set_hook(&mut hook);
            let _ = search(&pattern, &mut state);
        }
    }
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}
