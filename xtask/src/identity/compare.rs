//! The comparison of two dumps of a file.

use super::dump::Dump;
use std::collections::BTreeMap;

/// The comparison of one file.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(super) codes: usize,
    pub(super) identical: usize,
    pub(super) rejected: bool,
    /// By cause: the field that differs first in a code object, with one place of it.
    pub(crate) differences: BTreeMap<String, (usize, String)>,
}

impl Verdict {
    pub(crate) fn is_identical(&self) -> bool {
        self.differences.is_empty()
    }

    fn add(&mut self, cause: &str, place: String) {
        self.differences.entry(cause.to_owned()).or_insert((0, place)).0 += 1;
    }
}

pub(super) fn compare(expected: Option<&Dump<'_>>, got: Option<&Dump<'_>>) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(expected) = expected.filter(|dump| dump.complete) else {
        verdict.add("the reference's dump is incomplete", String::new());
        return verdict;
    };
    verdict.codes = expected.codes.len();
    verdict.rejected = expected.is_rejected();
    let Some(got) = got.filter(|dump| dump.complete) else {
        verdict.add("our compiler died", String::new());
        return verdict;
    };
    if let Some((cause, place)) = verdict_difference(expected, got) {
        verdict.add(cause, place);
        if expected.is_rejected() || got.is_rejected() {
            return verdict;
        }
    }
    if expected.codes.len() != got.codes.len() {
        let place = format!("want {}, got {}", expected.codes.len(), got.codes.len());
        verdict.add("number of code objects", place);
    }
    for (expected, got) in expected.codes.iter().zip(&got.codes) {
        match first_difference(expected, got) {
            None => verdict.identical += 1,
            Some((cause, place)) => verdict.add(cause, place),
        }
    }
    verdict
}

/// How errors or warnings differ.
fn verdict_difference(expected: &Dump<'_>, got: &Dump<'_>) -> Option<(&'static str, String)> {
    let lines = expected.verdict.len().max(got.verdict.len());
    let index = (0..lines).find(|&index| expected.verdict.get(index) != got.verdict.get(index))?;
    let want = expected.verdict.get(index).copied();
    let have = got.verdict.get(index).copied();
    let cause = match (expected.is_rejected(), got.is_rejected()) {
        (false, true) => "we reject it",
        (true, false) => "we accept it",
        (false, false) => "another warning",
        (true, true) => match want.and_then(|line| line.split(' ').next()) {
            Some("error") => "another error",
            Some("position") => "another position",
            _ => "another text",
        },
    };
    let first = expected.verdict.first().copied().unwrap_or("accepted");
    let context = if index == 0 { String::new() } else { format!("{first}: ") };
    let name = |line: Option<&str>| line.unwrap_or("nothing").to_owned();
    Some((cause, format!("{context}want {}, got {}", name(want), name(have))))
}

/// The field of the first line that differs, with the lines around the first differing character.
fn first_difference<'a>(expected: &[&'a str], got: &[&'a str]) -> Option<(&'a str, String)> {
    let lines = expected.len().max(got.len());
    let index = (0..lines).find(|&index| expected.get(index) != got.get(index))?;
    let want = expected.get(index).copied().unwrap_or("nothing");
    let have = got.get(index).copied().unwrap_or("nothing");
    let field = want.split_whitespace().next().unwrap_or(want);
    let same = want.chars().zip(have.chars()).take_while(|(a, b)| a == b).count();
    let part = |line: &str| line.chars().skip(same.saturating_sub(30)).take(90).collect::<String>();
    let code = expected.first().copied().unwrap_or_default();
    Some((field, format!("{code}: want …{}, got …{}", part(want), part(have))))
}

#[cfg(test)]
mod tests {
    use super::super::dump::parse;
    use super::*;

    const TEXT: &str = "file a.py\nwarning SyntaxWarning 1 x\ncode <module> 1\nco_code 00\n\
                        co_consts (None,)\ncode f 2\nco_code 01\nend\n\
                        file b.py\nerror SyntaxError bad\nposition 1 2 1 3\nend\n\
                        file c.py\ncode <module> 1\n";

    #[test]
    fn equal_dumps_are_identical() {
        let dumps = parse(TEXT);
        let verdict = compare(dumps.get("a.py"), dumps.get("a.py"));
        assert!(verdict.is_identical());
        assert_eq!((verdict.codes, verdict.identical), (2, 2));
        assert!(compare(dumps.get("b.py"), dumps.get("b.py")).is_identical());
        let died = compare(dumps.get("a.py"), dumps.get("c.py"));
        assert!(died.differences.contains_key("our compiler died"));
    }

    #[test]
    fn the_first_differing_field_is_the_cause() {
        let changed = TEXT.replace("co_code 01", "co_code 02").replace("Warning 1", "Warning 2");
        let changed = changed.replace("error Syn", "error Indent");
        let (expected, got) = (parse(TEXT), parse(&changed));
        let verdict = compare(expected.get("a.py"), got.get("a.py"));
        assert_eq!(verdict.identical, 1);
        assert!(verdict.differences["co_code"].1.starts_with("code f 2: want"));
        assert!(verdict.differences.contains_key("another warning"));
        let verdict = compare(expected.get("b.py"), got.get("b.py"));
        assert!(verdict.differences.contains_key("another error"));
        let verdict = compare(expected.get("b.py"), got.get("a.py"));
        assert!(verdict.differences.contains_key("we accept it"));
        let moved = TEXT.replace("position 1", "position 2");
        let verdict = compare(expected.get("b.py"), parse(&moved).get("b.py"));
        assert!(verdict.differences.contains_key("another position"));
    }
}
