//! Times the work that `bench.py` wrote down, beside CPython's times.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Instant;

use common::Std;
use sre::{Pattern, Scratch, State, Unit, match_, search};

fn once<U: Unit>(pattern: &Pattern<Std>, how: &str, subject: &[U], scratch: &mut Scratch) -> usize {
    let mut state = State::new(subject, 0, subject.len(), scratch);
    let mut count = 0;
    match how {
        "match" => count += usize::from(match_(pattern, &mut state).unwrap_or(false)),
        "search" => count += usize::from(search(pattern, &mut state).unwrap_or(false)),
        _ => {
            while search(pattern, &mut state).unwrap_or(false) {
                count += 1;
                state.must_advance = state.ptr == state.start;
                state.start = state.ptr;
            }
        }
    }
    count
}

fn measure<R>(mut call: impl FnMut() -> R) -> f64 {
    let mut loops = 1u32;
    loop {
        let begin = Instant::now();
        for _ in 0..loops {
            black_box(call());
        }
        let spent = begin.elapsed().as_secs_f64();
        if spent > 0.03 {
            return spent * 1e9 / f64::from(loops);
        }
        loops *= 4;
    }
}

fn numbers(text: &str) -> Vec<u32> {
    text.split(' ').filter_map(|word| word.parse().ok()).collect()
}

fn main() {
    let Some(path) = std::env::args().nth(1) else { return eprintln!("usage: bench WORK") };
    let work = std::fs::read_to_string(path).unwrap_or_default();
    let mut scratch = Scratch::default();
    println!("{:>12} {:>12} {:>7} {:>9}", "CPython ns", "ours ns", "ratio", "compile");
    for line in work.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, title, how, theirs, groups, code, subject] = fields[..] else { continue };
        let (code, wide) = (numbers(code), numbers(subject));
        let (Ok(theirs), Ok(groups)) = (theirs.parse::<f64>(), groups.parse()) else { continue };
        let Ok(pattern) = Pattern::<Std>::compile(&code, groups) else { continue };
        let compile = measure(|| Pattern::<Std>::compile(&code, groups));
        let bytes: Result<Vec<u8>, _> = wide.iter().map(|&ch| u8::try_from(ch)).collect();
        let shorts: Vec<u16> = wide.iter().map(|&ch| ch as u16).collect();
        let ours = match &bytes {
            Ok(bytes) => measure(|| once(&pattern, how, bytes, &mut scratch)),
            Err(_) => measure(|| once(&pattern, how, &shorts, &mut scratch)),
        };
        println!("{theirs:12.0} {ours:12.0} {:6.2}x {compile:8.0}ns {name} {title}", theirs / ours);
    }
}
