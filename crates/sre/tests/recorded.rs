//! Replays `recorded.txt` (made by `generate.py` with CPython) in every width.

mod common;

use common::Std;
use sre::{Pattern, Scratch, State, Unit, match_, search};

fn show<U: Unit>(state: &State<'_, U>, groups: usize) -> String {
    let mut text = String::new();
    for group in 0..=groups {
        match state.group(group) {
            Some((start, end)) => text += &format!("{start},{end} "),
            None => text += "- ",
        }
    }
    text + &state.lastindex().unwrap_or(0).to_string()
}

fn run<U: Unit>(
    pattern: &Pattern<Std>,
    mode: &str,
    pos: usize,
    end: usize,
    subject: &[U],
) -> String {
    let mut scratch = Scratch::default();
    let mut state = State::new(subject, pos, end, &mut scratch);
    state.match_all = mode == "f";
    if mode != "i" {
        let found =
            if mode == "s" { search(pattern, &mut state) } else { match_(pattern, &mut state) };
        return if found.unwrap() { show(&state, pattern.groups()) } else { "N".into() };
    }
    let mut all = Vec::new();
    while search(pattern, &mut state).unwrap() {
        all.push(show(&state, pattern.groups()));
        state.must_advance = state.ptr == state.start;
        state.start = state.ptr;
    }
    if all.is_empty() { "N".into() } else { all.join("|") }
}

#[test]
fn matches_as_recorded() {
    let mut pattern = None;
    let mut failures = 0;
    let mut count = 0;
    let mut code_line = "";
    for line in include_str!("recorded.txt").lines() {
        if let Some(rest) = line.strip_prefix("P ") {
            let mut words = rest.split(' ');
            let groups = words.next().unwrap().parse().unwrap();
            let code: Vec<u32> = words.map(|word| u32::from_str_radix(word, 16).unwrap()).collect();
            pattern = Some(Pattern::<Std>::compile(&code, groups).expect(line));
            code_line = line;
            continue;
        }
        let (head, expected) = line.split_once(" = ").unwrap();
        let words: Vec<&str> = head.split(' ').collect();
        let [_, mode, pos, end, subject] = words[..] else { panic!("{line}") };
        let wide: Vec<u32> = match subject {
            "-" => vec![],
            _ => subject.split('.').map(|point| u32::from_str_radix(point, 16).unwrap()).collect(),
        };
        let pattern = pattern.as_ref().unwrap();
        let (pos, end) = (pos.parse().unwrap(), end.parse().unwrap());
        let mut results = vec![run(pattern, mode, pos, end, &wide)];
        if let Ok(units) = wide.iter().map(|&ch| u16::try_from(ch)).collect::<Result<Vec<u16>, _>>()
        {
            results.push(run(pattern, mode, pos, end, &units));
        }
        if let Ok(units) = wide.iter().map(|&ch| u8::try_from(ch)).collect::<Result<Vec<u8>, _>>() {
            results.push(run(pattern, mode, pos, end, &units));
        }
        count += 1;
        if results.iter().any(|result| result != expected) {
            failures += 1;
            if failures <= 20 {
                println!("{code_line}\n  {head}\n  expected {expected}\n  found    {results:?}");
            }
        }
    }
    assert_eq!(failures, 0, "of {count} recorded results");
}
