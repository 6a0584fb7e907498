//! Why a text is no Python: matching the grammar's table against the tokens.
//!
//! A first pass only finds how far the tokens are Python; a second one, with the rules that know
//! mistakes, looks for a better explanation than "invalid syntax" there. Tokens are *fetched* as they
//! are first looked at: many errors are placed at the last one that was. Matching remembers
//! results per rule and place, as far as CPython's does, so that both stop at the same mistake.

use std::collections::HashMap;

use ruff_python_ast as ruff;
use ruff_text_size::Ranged;

use super::{
    Found, Source, literal,
    table::{Action, Alternative, Class, Grammar, Node, Verb},
    targets::{self, Use},
    tokenizer::{End, Kind},
};
use crate::error::ErrorKind;

/// Rules within rules. CPython counts its own, and gives up somewhere near.
const MAX_DEPTH: usize = 24_000;

/// Steps of the second pass, which can take exponential time as CPython's can.
const MAX_STEPS: usize = 20_000_000;

/// Why matching ended early.
pub(super) enum Stop {
    Found(Found),
    /// The tokens end here: an error of the tokenizer, or the text's end within brackets.
    Tokens,
    TooDeep,
    TooLong,
}

const MIXED: &str = "cannot mix bytes and nonbytes literals";

type Match = Result<Option<usize>, Stop>;

/// What the labels of a rule stand for: ranges of tokens.
type Labels = [Option<(usize, usize)>; 2];

const HARD: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// A token as the table sees it.
struct Seen {
    word: u16,
    class: Option<Class>,
    /// How many brackets are open behind it.
    level: usize,
}

pub(super) struct Matcher<'a> {
    source: &'a Source<'a>,
    grammar: &'static Grammar,
    seen: Vec<Seen>,
    memo: HashMap<(usize, usize), Option<usize>>,
    /// Whether the rules that know mistakes are tried.
    explaining: bool,
    /// How many tokens were fetched.
    pub(super) fetched: usize,
    /// The strings that the first pass made, as ranges of tokens.
    pub(super) strings: Vec<(usize, usize)>,
    /// The first token of the last compound statement.
    pub(super) compound: Option<usize>,
    compound_rule: usize,
    first_pass: bool,
    version: u8,
    depth: usize,
    steps: usize,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(source: &'a Source<'a>, version: u8) -> Self {
        let grammar = Grammar::get();
        let seen = classify(source, grammar);
        Self {
            source,
            grammar,
            seen,
            memo: HashMap::new(),
            explaining: false,
            fetched: 0,
            strings: Vec::new(),
            compound: None,
            compound_rule: grammar.rule("compound"),
            first_pass: true,
            version,
            depth: 0,
            steps: 0,
        }
    }

    /// Match all of a rule from the first token on.
    pub(super) fn run(&mut self, rule: &str, explaining: bool) -> Match {
        self.memo.clear();
        self.explaining = explaining;
        self.first_pass = !explaining;
        self.fetched = 0;
        self.steps = 0;
        self.depth = 0;
        self.rule(self.grammar.rule(rule), 0)
    }

    fn rule(&mut self, rule: usize, at: usize) -> Match {
        let Some(entry) = self.grammar.rules.get(rule) else { return Ok(None) };
        if entry.memo
            && let Some(known) = self.memo.get(&(rule, at))
        {
            return Ok(*known);
        }
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Stop::TooLong);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        let explaining = self.explaining;
        self.explaining &= !entry.plain;
        let memo = entry.aside.then(|| std::mem::take(&mut self.memo));
        let result = self.alternatives(&entry.alternatives, at, &mut [None; 2]);
        self.explaining = explaining;
        if let Some(memo) = memo {
            self.memo = memo;
        }
        self.depth -= 1;
        let result = result?;
        if rule == self.compound_rule && result.is_some() {
            self.compound = Some(at);
        }
        if entry.memo {
            self.memo.insert((rule, at), result);
        }
        Ok(result)
    }

    fn alternatives(
        &mut self,
        alternatives: &'static [Alternative],
        at: usize,
        labels: &mut Labels,
    ) -> Match {
        for alternative in alternatives {
            let mut committed = false;
            let mut next = Some(at);
            for (label, node) in &alternative.items {
                let Some(here) = next else { break };
                if let Node::Commit = node {
                    committed = true;
                    continue;
                }
                next = self.node(node, here, labels)?;
                if let (Some(label), Some(end)) = (label, next)
                    && let Some(slot) = labels.get_mut(*label)
                {
                    *slot = Some((here, end));
                }
            }
            match (next, &alternative.action) {
                (Some(end), Some(action)) => {
                    return Ok(self.act(action, labels, end)?.then_some(end));
                }
                (Some(end), None) => return Ok(Some(end)),
                (None, _) if committed => return Ok(None),
                (None, _) => {}
            }
        }
        Ok(None)
    }

    fn node(&mut self, node: &'static Node, at: usize, labels: &mut Labels) -> Match {
        match node {
            Node::Word(word) => self.token(at, |seen, _| seen.word == *word),
            Node::Forced(word) => match self.token(at, |seen, _| seen.word == *word)? {
                Some(end) => Ok(Some(end)),
                None => {
                    let message = format!("expected '{}'", self.grammar.text_of(*word));
                    Err(Stop::Found(self.known(at, at + 1, message)))
                }
            },
            Node::Soft(text) => {
                self.token(at, |seen, of| seen.class == Some(Class::Name) && of == text)
            }
            Node::Class(Class::SoftKeyword) => self.token(at, |seen, of| {
                seen.class == Some(Class::Name) && matches!(of, "_" | "case" | "match" | "type")
            }),
            Node::Class(class) => self.token(at, |seen, _| seen.class == Some(*class)),
            Node::Rule(rule) => self.rule(*rule, at),
            Node::Wrong(rule) if self.explaining => self.rule(*rule, at),
            Node::Wrong(_) => Ok(None),
            Node::Group(alternatives) => self.alternatives(alternatives, at, labels),
            Node::Optional(node) => Ok(self.node(node, at, labels)?.or(Some(at))),
            Node::Repeat(node, once) => {
                let mut end = at;
                while let Some(next) = self.node(node, end, labels)?.filter(|next| *next > end) {
                    end = next;
                }
                Ok((end > at || !once).then_some(end))
            }
            Node::Separated(node, separator) => {
                let Some(mut end) = self.node(node, at, labels)? else { return Ok(None) };
                while let Some(next) = self.token(end, |seen, _| seen.word == *separator)? {
                    match self.node(node, next, labels)? {
                        Some(next) => end = next,
                        None => break,
                    }
                }
                Ok(Some(end))
            }
            Node::Ahead(node, wanted) => {
                let found = self.node(node, at, labels)?.is_some();
                Ok((found == *wanted).then_some(at))
            }
            Node::Commit => Ok(Some(at)),
        }
    }

    fn fetch(&mut self, at: usize) -> Result<(), Stop> {
        if at >= self.seen.len() {
            return Err(Stop::Tokens);
        }
        self.fetched = self.fetched.max(at + 1);
        Ok(())
    }

    fn token(&mut self, at: usize, fits: impl FnOnce(&Seen, &str) -> bool) -> Match {
        self.fetch(at)?;
        let text = self.source.tokens.get(at).map_or("", |token| self.source.of(token));
        Ok(self.seen.get(at).filter(|seen| fits(seen, text)).map(|_| at + 1))
    }

    /// Do what an alternative asks for; `false` if it does not match after all.
    fn act(&mut self, action: &'static Action, labels: &Labels, end: usize) -> Result<bool, Stop> {
        let a = labels[0].unwrap_or((end, end + 1));
        let b = labels[1].unwrap_or(a);
        if action.verb == Verb::Next {
            self.fetch(end)?;
        }
        let message = || self.fill_in(&action.message, a);
        let found = match action.verb {
            Verb::At => self.known(a.0, a.1, message()),
            Verb::Range => self.between(a, b, message()),
            Verb::From => self.starting_from(a, message()),
            Verb::Behind => {
                let (_, last) = self.extent(a);
                let mut found = Found::new(last.saturating_sub(1), last, message());
                found.end = End::Column(0);
                found
            }
            Verb::Last => self.at_last(message()),
            Verb::Next => self.at_token(end, message()),
            Verb::Indent => {
                let mut found = self.at_last(message());
                found.kind = ErrorKind::IndentationError;
                found
            }
            Verb::Assign | Verb::For | Verb::Delete => return self.target(action.verb, a),
            Verb::Comma => {
                let closed = end.checked_sub(1).and_then(|last| self.seen.get(last));
                if self.is_legacy(a) || closed.is_none_or(|seen| seen.level == 0) {
                    return Ok(false);
                }
                self.between(a, b, message())
            }
            Verb::Legacy => {
                if !self.is_legacy(a) {
                    return Ok(false);
                }
                let name = self.text(a.0);
                let message =
                    format!("Missing parentheses in call to '{name}'. Did you mean {name}(...)?");
                self.between(a, b, message)
            }
            Verb::BareGenexp => match self.positional(a) {
                (count, Some(last)) if count > 1 => self.between(last, b, message()),
                _ => return Ok(false),
            },
            Verb::Order => {
                let unpacked = self.pieces(a).iter().any(|piece| self.text(piece.0) == "**");
                let what = if unpacked { " unpacking" } else { "" };
                self.at_last(format!("positional argument follows keyword argument{what}"))
            }
            Verb::Param => {
                let mut last = a.1;
                while last > a.0 + 1
                    && (self.text(last - 1) == ","
                        || self.seen.get(last - 1).and_then(|seen| seen.class)
                            == Some(Class::TypeComment))
                {
                    last -= 1;
                }
                self.known(a.0, last, message())
            }
            Verb::Bound => {
                let tuple = matches!(self.parse(b), Some(ruff::Expr::Tuple(_)));
                let what = if tuple { "constraints" } else { "bound" };
                self.starting_from(a, format!("cannot use {what} with {}", action.message))
            }
            Verb::Real | Verb::Imaginary => {
                let imaginary = self.text(a.0).ends_with(['j', 'J']);
                let what = match (action.verb, imaginary) {
                    (Verb::Real, true) => "real",
                    (Verb::Imaginary, false) => "imaginary",
                    _ => return Ok(true),
                };
                self.known(a.0, a.1, format!("{what} number required in complex literal"))
            }
            Verb::Digits if self.version >= 6 || !self.text(a.0).contains('_') => {
                return Ok(true);
            }
            Verb::Since(_) | Verb::Digits => {
                let version = match action.verb {
                    Verb::Since(version) => version,
                    _ => 6,
                };
                if self.version >= version {
                    return Ok(true);
                }
                self.at_last(format!(
                    "{} only supported in Python 3.{version} and greater",
                    action.message
                ))
            }
            Verb::Conversion => match self.wrong_conversion(a.0, b.0) {
                Some(found) => found,
                None => return Ok(true),
            },
            Verb::Strings => {
                let wrong = self.wrong_strings(a);
                let is_decoded = wrong.as_ref().is_none_or(|found| found.message == MIXED);
                if self.first_pass && is_decoded {
                    self.strings.push(a);
                }
                match wrong {
                    Some(found) => found,
                    None => return Ok(true),
                }
            }
        };
        Err(Stop::Found(found))
    }

    fn fill_in(&self, message: &str, a: (usize, usize)) -> String {
        let mut message = message.to_owned();
        if message.contains("%s") {
            message = message.replace("%s", self.name(a));
        }
        if message.contains("%t") {
            message = message.replace("%t", self.text(a.0));
        }
        if message.contains("%d") {
            let start = self.source.tokens.get(a.0).map_or(0, |token| token.start);
            message = message.replace("%d", &self.source.line_of(start).to_string());
        }
        message
    }

    fn text(&self, at: usize) -> &str {
        self.source.tokens.get(at).map_or("", |token| self.source.of(token))
    }

    fn parse(&self, tokens: (usize, usize)) -> Option<ruff::Expr> {
        let first = self.source.tokens.get(tokens.0)?;
        let last = self.source.tokens.get(tokens.1.checked_sub(1)?)?;
        targets::parse(self.source.text, first.start, last.end)
    }

    fn name(&self, tokens: (usize, usize)) -> &'static str {
        match self.parse(tokens) {
            Some(expr) => targets::name(&expr),
            None if self.text(tokens.0) == "yield" => "yield expression",
            None => "starred",
        }
    }

    /// The bytes that a node covers: without brackets that only group.
    fn extent(&self, tokens: (usize, usize)) -> (usize, usize) {
        if self.text(tokens.0) == "("
            && let Some(expr) = self.parse(tokens)
        {
            return (expr.range().start().to_usize(), expr.range().end().to_usize());
        }
        let first = self.source.tokens.get(tokens.0);
        let last = tokens.1.checked_sub(1).and_then(|last| self.source.tokens.get(last));
        let start = first.map_or(self.source.text.len(), |token| token.start);
        (start, last.map_or(start, |token| self.source.end_of(token)))
    }

    fn known(&self, first: usize, end: usize, message: String) -> Found {
        let (start, end) = self.extent((first, end));
        let mut found = Found::new(start, end, message);
        if self.source.is_virtual(first) {
            found.end = End::Nowhere(self.source.virtual_place(first).0);
        }
        found
    }

    fn between(&self, a: (usize, usize), b: (usize, usize), message: String) -> Found {
        Found::new(self.extent(a).0, self.extent(b).1, message)
    }

    /// An error at the last token that was fetched.
    fn at_last(&self, message: String) -> Found {
        self.at_token(self.fetched.saturating_sub(1), message)
    }

    fn at_token(&self, at: usize, message: String) -> Found {
        if self.source.is_virtual(at) {
            let (line, column) = self.source.virtual_place(at);
            let mut found = Found::new(0, 0, message);
            found.end = End::Virtual(line, column);
            return found;
        }
        let (start, end) = self.extent((at, at + 1));
        let token = self.source.tokens.get(at);
        Found::new(token.map_or(start, |token| token.start), end, message)
    }

    /// An error from a node to where the tokenizer is.
    fn starting_from(&self, a: (usize, usize), message: String) -> Found {
        let mut found = Found::new(self.extent(a).0, 0, message);
        found.end = End::Reached(self.fetched.saturating_sub(1));
        found
    }

    fn target(&self, verb: Verb, a: (usize, usize)) -> Result<bool, Stop> {
        let (what, use_) = match verb {
            Verb::Delete => ("delete", Use::Delete),
            Verb::For => ("assign to", Use::For),
            _ => ("assign to", Use::Assign),
        };
        let Some(expr) = self.parse(a) else {
            let name = self.name(a);
            return Err(Stop::Found(self.known(a.0, a.1, format!("cannot {what} {name}"))));
        };
        let Some(wrong) = targets::invalid(&expr, use_) else { return Ok(false) };
        let range = wrong.range();
        Err(Stop::Found(Found::new(
            range.start().to_usize(),
            range.end().to_usize(),
            format!("cannot {what} {}", targets::name(wrong)),
        )))
    }

    fn is_legacy(&self, a: (usize, usize)) -> bool {
        a.1 == a.0 + 1 && matches!(self.text(a.0), "print" | "exec")
    }

    /// What stands between the commas of arguments.
    fn pieces(&self, tokens: (usize, usize)) -> Vec<(usize, usize)> {
        let base = match tokens.0.checked_sub(1).and_then(|before| self.seen.get(before)) {
            Some(seen) => seen.level,
            None => 0,
        };
        let mut pieces = Vec::new();
        let mut start = tokens.0;
        for at in tokens.0..tokens.1 {
            if self.text(at) == "," && self.seen.get(at).is_some_and(|seen| seen.level == base) {
                pieces.push((start, at));
                start = at + 1;
            }
        }
        if start < tokens.1 {
            pieces.push((start, tokens.1));
        }
        pieces
    }

    /// How many positional arguments there are, and the last.
    fn positional(&self, tokens: (usize, usize)) -> (usize, Option<(usize, usize)>) {
        let pieces = self.pieces(tokens);
        let mut positional = pieces.iter().filter(|piece| {
            self.text(piece.0) != "**" && !(piece.1 > piece.0 + 1 && self.text(piece.0 + 1) == "=")
        });
        (positional.clone().count(), positional.next_back().copied())
    }

    /// `!x` in a field, where `x` is not one of the three conversions.
    fn wrong_conversion(&self, mark: usize, name: usize) -> Option<Found> {
        let (mark_token, token) = (self.source.tokens.get(mark)?, self.source.tokens.get(name)?);
        let kind = self.source.string_kind(name);
        if mark_token.end != token.start {
            let message = format!(
                "{kind}-string: conversion type must come right after the exclamation mark"
            );
            return Some(self.between((mark, mark + 1), (name, name + 1), message));
        }
        let text = self.source.of(token);
        if matches!(text, "s" | "r" | "a") {
            return None;
        }
        let message = format!(
            "{kind}-string: invalid conversion character '{text}': expected 's', 'r', or 'a'"
        );
        Some(self.known(name, name + 1, message))
    }

    /// Literals whose text no value can be made of.
    fn wrong_strings(&self, tokens: (usize, usize)) -> Option<Found> {
        let range = tokens.0..tokens.1;
        let strings =
            |at: &usize| self.source.tokens.get(*at).is_some_and(|token| token.kind == Kind::Str);
        let is_bytes = |at: usize| {
            let text = self.text(at);
            let quote = text.find(['"', '\'']).unwrap_or(0);
            text.get(..quote).is_some_and(|prefix| prefix.contains(['b', 'B']))
        };
        if let Some(wrong) = range.clone().find_map(|at| literal::wrong(self.source, at)) {
            return Some(wrong);
        }
        let bytes = range.clone().filter(strings).filter(|at| is_bytes(*at)).count();
        let all = range.clone().filter(strings).count();
        let mixed = bytes > 0
            && (bytes < all
                || range.clone().any(|at| {
                    self.source
                        .tokens
                        .get(at)
                        .is_some_and(|token| token.kind == Kind::InterpolatedStart)
                }));
        mixed.then(|| self.at_last(MIXED.to_owned()))
    }
}

/// What each token is to the table.
fn classify(source: &Source<'_>, grammar: &Grammar) -> Vec<Seen> {
    let mut level = 0usize;
    let mut templates = Vec::new();
    let mut all = Vec::with_capacity(source.tokens.len());
    for token in &source.tokens {
        let text = source.of(token);
        let mut word = 0;
        let template = templates.last() == Some(&true);
        let class = match token.kind {
            Kind::Name if HARD.contains(&text) => {
                word = grammar.word(text);
                None
            }
            Kind::Name => Some(Class::Name),
            Kind::Number => Some(Class::Number),
            Kind::Str => Some(Class::Str),
            Kind::InterpolatedStart => {
                templates.push(text.contains(['t', 'T']));
                let template = templates.last() == Some(&true);
                Some(if template { Class::TStart } else { Class::FStart })
            }
            Kind::InterpolatedMiddle if template => Some(Class::TMiddle),
            Kind::InterpolatedMiddle => Some(Class::FMiddle),
            Kind::InterpolatedEnd => {
                templates.pop();
                Some(if template { Class::TEnd } else { Class::FEnd })
            }
            Kind::Op => {
                word = grammar.word(text);
                match text {
                    "(" | "[" | "{" => level += 1,
                    ")" | "]" | "}" => level = level.saturating_sub(1),
                    _ => {}
                }
                None
            }
            Kind::Newline => Some(Class::Newline),
            Kind::Indent => Some(Class::Indent),
            Kind::Dedent => Some(Class::Dedent),
            Kind::TypeComment => Some(Class::TypeComment),
            Kind::End => Some(Class::End),
            Kind::Comment | Kind::Nl => None,
        };
        all.push(Seen { word, class, level });
    }
    all
}
