//! Type comments: which node each `# type:` of a text belongs to.
//!
//! The tree has no place for them. The grammar was checked before, so that a comment can only stand
//! where some node may have one; tokens around a node's end tell which.

use std::collections::HashMap;

use crate::{
    ast::{Arg, FunctionDef, Stmt, StmtKind},
    instruction_sequence::Location,
    lower::Lines,
    syntax_error::tokenizer::{self, Kind, Token},
};

/// Line and column of a node's start.
type Place = (i32, i32);

/// The comments of a text.
#[derive(Debug, Default)]
pub struct TypeComments {
    statements: HashMap<Place, String>,
    arguments: HashMap<Place, String>,
    /// Line and tag of each `# type: ignore`.
    pub ignores: Vec<(i32, String)>,
}

impl TypeComments {
    /// The comment of the statement at a place.
    pub fn of_statement(&self, location: Location) -> Option<&str> {
        self.statements.get(&(location.line, location.col)).map(String::as_str)
    }

    /// The comment of the parameter at a place.
    pub fn of_argument(&self, location: Location) -> Option<&str> {
        self.arguments.get(&(location.line, location.col)).map(String::as_str)
    }

    /// Find them; assignments with one become longer.
    pub(crate) fn find(text: &str, lines: &Lines, body: &mut [Stmt]) -> TypeComments {
        let scan = tokenizer::scan(text, false, true);
        let mut finder =
            Finder { text, lines, tokens: scan.tokens, found: TypeComments::default() };
        finder.statements(body);
        let ignores = scan.ignores.into_iter();
        finder.found.ignores = ignores.map(|(line, tag)| (line as i32, tag)).collect();
        finder.found
    }
}

struct Finder<'a> {
    text: &'a str,
    lines: &'a Lines,
    tokens: Vec<Token>,
    found: TypeComments,
}

impl Finder<'_> {
    /// The first token that starts at or behind a position.
    fn token_from(&self, line: i32, col: i32) -> usize {
        let offset = self.lines.start(line) + usize::try_from(col).unwrap_or(0);
        self.tokens.partition_point(|token| token.start < offset)
    }

    fn behind(&self, location: Location) -> usize {
        self.token_from(location.end_line, location.end_col)
    }

    fn of(&self, at: usize) -> &str {
        let token = self.tokens.get(at);
        token.and_then(|token| self.text.get(token.start..token.end)).unwrap_or("")
    }

    fn comment(&self, at: usize) -> Option<String> {
        let is_comment = self.tokens.get(at).is_some_and(|token| token.kind == Kind::TypeComment);
        is_comment.then(|| self.of(at).to_owned())
    }

    /// The first comment between a token and the statements of a block.
    fn before_block(&self, from: usize, body: &[Stmt]) -> Option<String> {
        let first = body.first()?.location;
        (from..self.token_from(first.line, first.col)).find_map(|at| self.comment(at))
    }

    fn note(&mut self, location: Location, comment: Option<String>) {
        if let Some(comment) = comment {
            self.found.statements.insert((location.line, location.col), comment);
        }
    }

    fn statements(&mut self, body: &mut [Stmt]) {
        for stmt in body {
            self.statement(stmt);
        }
    }

    fn statement(&mut self, stmt: &mut Stmt) {
        match &mut stmt.kind {
            StmtKind::FunctionDef(def) => {
                self.function(def, stmt.location);
                self.statements(&mut def.body);
            }
            StmtKind::ClassDef(def) => self.statements(&mut def.body),
            StmtKind::Assign { .. } => {
                let at = self.behind(stmt.location);
                let comment = self.comment(at);
                if comment.is_some()
                    && let Some(token) = self.tokens.get(at)
                {
                    let end = u32::try_from(token.end).unwrap_or(0);
                    let (line, col) = self.lines.position(end.into());
                    (stmt.location.end_line, stmt.location.end_col) = (line, col);
                }
                self.note(stmt.location, comment);
            }
            StmtKind::For(node) => {
                let comment = self.before_block(self.behind(node.iter.location), &node.body);
                self.note(stmt.location, comment);
                self.statements(&mut node.body);
                self.statements(&mut node.orelse);
            }
            StmtKind::With { items, body, .. } => {
                let last = items.last().map_or(stmt.location, |item| {
                    item.optional_vars.as_deref().unwrap_or(&item.context_expr).location
                });
                let comment = self.before_block(self.behind(last), body);
                self.note(stmt.location, comment);
                self.statements(body);
            }
            StmtKind::While { body, orelse, .. } | StmtKind::If { body, orelse, .. } => {
                self.statements(body);
                self.statements(orelse);
            }
            StmtKind::Match { cases, .. } => {
                for case in cases {
                    self.statements(&mut case.body);
                }
            }
            StmtKind::Try(node) => {
                self.statements(&mut node.body);
                for handler in &mut node.handlers {
                    self.statements(&mut handler.body);
                }
                self.statements(&mut node.orelse);
                self.statements(&mut node.finalbody);
            }
            _ => {}
        }
    }

    fn function(&mut self, def: &FunctionDef, location: Location) {
        let args = &def.args;
        let named = args.posonlyargs.iter().chain(&args.args).chain(&args.kwonlyargs);
        let rest = [&args.vararg, &args.kwarg].into_iter().filter_map(Option::as_deref);
        for arg in named.chain(rest) {
            self.argument(arg);
        }
        let start = self.token_from(location.line, location.col);
        let Some(open) = (start..self.tokens.len()).find(|at| self.of(*at) == "(") else { return };
        let close = self.skip(open + 1, &[]);
        let comment = self.before_block(close, &def.body);
        self.note(location, comment);
    }

    fn argument(&mut self, arg: &Arg) {
        let end = self.skip(self.behind(arg.location), &[","]);
        let before = end.checked_sub(1).and_then(|at| self.comment(at));
        let behind = if self.of(end) == "," { self.comment(end + 1) } else { None };
        if let Some(comment) = behind.or(before) {
            self.found.arguments.insert((arg.location.line, arg.location.col), comment);
        }
    }

    /// The next closing bracket, or one of `stops` outside of inner brackets.
    fn skip(&self, from: usize, stops: &[&str]) -> usize {
        let mut depth = 0usize;
        for at in from..self.tokens.len() {
            match self.of(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => return at,
                ")" | "]" | "}" => depth -= 1,
                text if depth == 0 && stops.contains(&text) => return at,
                _ => {}
            }
        }
        self.tokens.len()
    }
}
