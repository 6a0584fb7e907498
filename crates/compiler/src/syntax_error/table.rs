//! The grammar's text as a table, read once.

use std::{collections::HashMap, sync::OnceLock};

use super::grammar;

/// A kind of token that has no fixed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Name,
    Number,
    Str,
    Newline,
    Indent,
    Dedent,
    End,
    TypeComment,
    SoftKeyword,
    FStart,
    FMiddle,
    FEnd,
    TStart,
    TMiddle,
    TEnd,
}

pub(super) enum Node {
    /// A keyword or an operator, by its number in [`Grammar::words`].
    Word(u16),
    /// The same, which must follow.
    Forced(u16),
    Soft(String),
    Class(Class),
    Rule(usize),
    /// A rule that is tried only when the text is known to be wrong.
    Wrong(usize),
    Group(Vec<Alternative>),
    Optional(Box<Node>),
    Repeat(Box<Node>, bool),
    Separated(Box<Node>, u16),
    Ahead(Box<Node>, bool),
    Commit,
}

pub(super) struct Alternative {
    pub(super) items: Vec<(Option<usize>, Node)>,
    pub(super) action: Option<Action>,
}

/// What a match means: mostly an error, at a place that the verb tells.
pub(super) struct Action {
    pub(super) verb: Verb,
    pub(super) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    At,
    Range,
    From,
    Behind,
    Last,
    Next,
    Indent,
    Assign,
    For,
    Delete,
    Comma,
    Legacy,
    BareGenexp,
    Order,
    Param,
    Bound,
    Real,
    Imaginary,
    Digits,
    Since(u8),
    Conversion,
    Strings,
}

pub(super) struct Rule {
    pub(super) alternatives: Vec<Alternative>,
    pub(super) memo: bool,
    /// Nothing below it explains errors.
    pub(super) plain: bool,
    /// Nothing below it is remembered.
    pub(super) aside: bool,
}

pub(super) struct Grammar {
    pub(super) rules: Vec<Rule>,
    words: HashMap<String, u16>,
    names: HashMap<String, usize>,
}

impl Grammar {
    pub(super) fn get() -> &'static Grammar {
        static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
        GRAMMAR.get_or_init(|| Grammar::read(&grammar::text()))
    }

    /// The number of a token's text; 0 if no rule knows it.
    pub(super) fn word(&self, text: &str) -> u16 {
        self.words.get(text).copied().unwrap_or(0)
    }

    pub(super) fn text_of(&self, word: u16) -> &str {
        self.words.iter().find(|(_, number)| **number == word).map_or("", |(text, _)| text)
    }

    pub(super) fn rule(&self, name: &str) -> usize {
        self.names.get(name).copied().unwrap_or(0)
    }

    fn read(text: &str) -> Grammar {
        let mut paragraphs: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match paragraphs.last_mut() {
                Some(last) if line.starts_with(' ') => last.push_str(line),
                _ => paragraphs.push(line.to_owned()),
            }
        }
        let mut grammar =
            Grammar { rules: Vec::new(), words: HashMap::new(), names: HashMap::new() };
        let split = |paragraph: &str| {
            let (head, body) = paragraph.split_once(':').unwrap_or((paragraph, ""));
            (head.to_owned(), body.to_owned())
        };
        let paragraphs: Vec<(String, String)> = paragraphs.iter().map(|p| split(p)).collect();
        for (index, (head, _)) in paragraphs.iter().enumerate() {
            grammar.names.insert(head.trim_start_matches(['@', '%', '~']).to_owned(), index);
        }
        for (head, body) in &paragraphs {
            let mut reader = Reader { grammar: &mut grammar, rest: body };
            let alternatives = reader.alternatives();
            grammar.rules.push(Rule {
                alternatives,
                memo: head.starts_with('@'),
                plain: head.starts_with(['%', '~']),
                aside: head.starts_with('~'),
            });
        }
        grammar
    }

    fn intern(&mut self, text: &str) -> u16 {
        let next = self.words.len() as u16 + 1;
        *self.words.entry(text.to_owned()).or_insert(next)
    }
}

struct Reader<'a> {
    grammar: &'a mut Grammar,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// The text up to a quote, which may be escaped.
    fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        while let Some(c) = chars.next().filter(|c| *c != quote) {
            text.extend(if c == '\\' { chars.next() } else { Some(c) });
        }
        self.rest = chars.as_str();
        text
    }

    fn alternatives(&mut self) -> Vec<Alternative> {
        let mut alternatives = Vec::new();
        loop {
            let mut items = Vec::new();
            let mut action = None;
            loop {
                self.blanks();
                if self.rest.is_empty() || self.rest.starts_with([')', '/']) {
                    break;
                }
                if self.eat("=>") {
                    action = Some(self.action());
                } else {
                    items.push(self.element());
                }
            }
            alternatives.push(Alternative { items, action });
            if !self.eat("/") {
                return alternatives;
            }
        }
    }

    fn action(&mut self) -> Action {
        let mut words = Vec::new();
        self.blanks();
        while self.rest.starts_with(|c: char| c.is_alphanumeric()) {
            words.push(self.word());
            self.blanks();
        }
        let message = if self.eat("\"") { self.quoted('"') } else { String::new() };
        let verb = match words.as_slice() {
            [_, "to", _] => Verb::Range,
            ["at", _] => Verb::At,
            ["from", _] => Verb::From,
            ["behind", _] => Verb::Behind,
            ["next"] => Verb::Next,
            ["indent", ..] => Verb::Indent,
            ["assign", _] => Verb::Assign,
            ["for", _] => Verb::For,
            ["delete", _] => Verb::Delete,
            ["comma", ..] => Verb::Comma,
            ["legacy", ..] => Verb::Legacy,
            ["bare_genexp", ..] => Verb::BareGenexp,
            ["order", _] => Verb::Order,
            ["param", _] => Verb::Param,
            ["bound", ..] => Verb::Bound,
            ["real", _] => Verb::Real,
            ["imaginary", _] => Verb::Imaginary,
            ["digits", _] => Verb::Digits,
            ["since", version] => Verb::Since(version.parse().unwrap_or(0)),
            ["conversion", ..] => Verb::Conversion,
            ["strings", _] => Verb::Strings,
            _ => Verb::Last,
        };
        Action { verb, message }
    }

    fn element(&mut self) -> (Option<usize>, Node) {
        let label = match self.rest.as_bytes() {
            [b'a', b':', ..] => Some(0),
            [b'b', b':', ..] => Some(1),
            _ => None,
        };
        if label.is_some() {
            self.rest = &self.rest[2..];
        }
        for (mark, wanted) in [("&", true), ("!", false)] {
            if self.eat(mark) {
                return (label, Node::Ahead(Box::new(self.repeated()), wanted));
            }
        }
        if self.eat("^") {
            return (label, Node::Commit);
        }
        if self.eat("?") {
            let name = self.word();
            return (label, Node::Wrong(self.grammar.rule(name)));
        }
        (label, self.repeated())
    }

    fn repeated(&mut self) -> Node {
        let node = self.primary();
        if self.eat("?") {
            Node::Optional(Box::new(node))
        } else if self.eat("*") {
            Node::Repeat(Box::new(node), false)
        } else if self.eat("+,") {
            Node::Separated(Box::new(node), self.grammar.intern(","))
        } else if self.eat("+;") {
            Node::Separated(Box::new(node), self.grammar.intern(";"))
        } else if self.eat("+") {
            Node::Repeat(Box::new(node), true)
        } else {
            node
        }
    }

    fn primary(&mut self) -> Node {
        if self.eat("(") {
            let alternatives = self.alternatives();
            self.eat(")");
            return Node::Group(alternatives);
        }
        if self.eat("'") {
            let text = self.quoted('\'');
            let word = self.grammar.intern(&text);
            return if self.eat("!") { Node::Forced(word) } else { Node::Word(word) };
        }
        if self.eat("\"") {
            return Node::Soft(self.quoted('"'));
        }
        let name = self.word();
        let class = match name {
            "NAME" => Class::Name,
            "NUMBER" => Class::Number,
            "STRING" => Class::Str,
            "NEWLINE" => Class::Newline,
            "INDENT" => Class::Indent,
            "DEDENT" => Class::Dedent,
            "END" => Class::End,
            "TYPE_COMMENT" => Class::TypeComment,
            "SOFT_KEYWORD" => Class::SoftKeyword,
            "FSTART" => Class::FStart,
            "FMIDDLE" => Class::FMiddle,
            "FEND" => Class::FEnd,
            "TSTART" => Class::TStart,
            "TMIDDLE" => Class::TMiddle,
            "TEND" => Class::TEnd,
            "" => {
                // Nothing that the table's author could mean: go on behind it.
                let mut chars = self.rest.chars();
                chars.next();
                self.rest = chars.as_str();
                return Node::Commit;
            }
            _ => return Node::Rule(self.grammar.rule(name)),
        };
        Node::Class(class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_of(node: &Node, found: &mut Vec<usize>) {
        match node {
            Node::Rule(rule) | Node::Wrong(rule) => found.push(*rule),
            Node::Group(alternatives) => {
                for item in alternatives.iter().flat_map(|alternative| &alternative.items) {
                    rules_of(&item.1, found);
                }
            }
            Node::Optional(node)
            | Node::Repeat(node, _)
            | Node::Separated(node, _)
            | Node::Ahead(node, _) => rules_of(node, found),
            _ => {}
        }
    }

    #[test]
    fn every_rule_is_there_and_used() {
        let text = grammar::text();
        let grammar = Grammar::read(&text);
        let mut used = Vec::new();
        for rule in &grammar.rules {
            for item in rule.alternatives.iter().flat_map(|alternative| &alternative.items) {
                rules_of(&item.1, &mut used);
            }
        }
        // Rule 0 stands in for one that is missing.
        let entries = ["file", "interactive", "eval", "func_type"];
        assert_eq!(grammar.rule("file"), 0);
        assert!(!used.contains(&0), "a rule is missing");
        assert_eq!(grammar.names.len(), grammar.rules.len(), "a rule is there twice");
        for (name, index) in &grammar.names {
            assert!(entries.contains(&name.as_str()) || used.contains(index), "{name} is not used");
        }
        assert!(!text.contains('$'), "a placeholder is left");
    }
}
