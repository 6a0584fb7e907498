//! The rules of CPython's grammar that exist to explain an error.

use ruff_python_ast as ruff;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{InterpolatedStringErrorType, ParseErrorType, Parsed};
use ruff_text_size::{Ranged, TextRange};

use super::{
    Found, Source,
    targets::{self, Use},
    tokenizer::{End, Kind, Token},
};
use crate::error::ErrorKind;

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

const SIMPLE_STATEMENTS: [&str; 12] = [
    "assert", "break", "continue", "del", "global", "import", "nonlocal", "pass", "raise",
    "return", "from", "type",
];

/// The special error for a text, if a rule has one; `stopped` is the token at
/// which parsing stopped.
pub(super) fn find(
    source: &Source,
    parsed: &Parsed<ruff::Mod>,
    stopped: usize,
    eval: bool,
) -> Option<Found> {
    let rules = Rules { source, stopped, eval };
    if let Some(error) = parsed.errors().first() {
        return rules.by_type(&error.error, error.location).or_else(|| rules.by_tokens());
    }
    rules.by_tokens()
}

struct Rules<'a> {
    source: &'a Source<'a>,
    stopped: usize,
    /// Only an expression is parsed.
    eval: bool,
}

impl Rules<'_> {
    fn text(&self, index: usize) -> &str {
        self.source.tokens.get(index).map_or("", |token| self.source.of(token))
    }

    fn token(&self, index: usize) -> Option<&Token> {
        self.source.tokens.get(index)
    }

    fn kind(&self, index: usize) -> Kind {
        self.token(index).map_or(Kind::End, |token| token.kind)
    }

    fn at_token(&self, index: usize, message: impl Into<String>) -> Option<Found> {
        let token = self.token(index)?;
        let end = if token.kind == Kind::Newline { token.start + 1 } else { token.end };
        Some(Found::new(token.start, end, message))
    }

    fn between(&self, first: usize, last: usize, message: impl Into<String>) -> Option<Found> {
        Some(Found::new(self.token(first)?.start, self.token(last)?.end, message))
    }

    /// The first token of the logical line that a token is in.
    fn line_start(&self, index: usize) -> usize {
        let mut at = index;
        while at > 0 && !matches!(self.kind(at - 1), Kind::Newline | Kind::Indent | Kind::Dedent) {
            at -= 1;
        }
        at
    }

    fn line_of(&self, index: usize) -> i32 {
        let offset = self.token(index).map_or(0, |token| token.start);
        let offset = u32::try_from(offset).unwrap_or(0);
        self.source.lines.position(offset.into()).0
    }

    /// Whether a token can begin an expression.
    fn begins_expression(&self, index: usize) -> bool {
        let text = self.text(index);
        match self.kind(index) {
            Kind::Number | Kind::Str | Kind::InterpolatedStart => true,
            Kind::Name => {
                !KEYWORDS.contains(&text)
                    || matches!(text, "None" | "True" | "False" | "lambda" | "await" | "not")
            }
            Kind::Op => matches!(text, "(" | "[" | "{" | "-" | "+" | "~" | "..."),
            _ => false,
        }
    }

    fn is_operand_end(&self, index: usize) -> bool {
        let text = self.text(index);
        match self.kind(index) {
            Kind::Number | Kind::Str | Kind::InterpolatedEnd => true,
            Kind::Name => !KEYWORDS.contains(&text) || matches!(text, "None" | "True" | "False"),
            Kind::Op => matches!(text, ")" | "]" | "}" | "..."),
            _ => false,
        }
    }

    /// The last token of the expression that begins at a token, stopping at
    /// `stops` outside brackets.
    fn expression_end(&self, from: usize, stops: &[&str]) -> usize {
        let mut depth = 0usize;
        let mut at = from;
        while at < self.source.tokens.len() {
            let text = self.text(at);
            match self.kind(at) {
                Kind::Newline | Kind::End | Kind::Indent | Kind::Dedent if depth == 0 => break,
                Kind::InterpolatedStart => depth += 1,
                Kind::InterpolatedEnd => depth = depth.saturating_sub(1),
                Kind::Op if matches!(text, "(" | "[" | "{") => depth += 1,
                Kind::Op if matches!(text, ")" | "]" | "}") => {
                    if depth == 0 {
                        break;
                    }
                    depth -= 1;
                }
                Kind::Op | Kind::Name if depth == 0 && stops.contains(&text) => break,
                _ if depth == 0
                    && at > from
                    && self.is_operand_end(at - 1)
                    && self.begins_expression(at)
                    && !matches!(text, "(" | "[" | "-" | "+" | "not")
                    && !(matches!(self.kind(at), Kind::Str | Kind::InterpolatedStart)
                        && matches!(self.kind(at - 1), Kind::Str | Kind::InterpolatedEnd)) =>
                {
                    break;
                }
                _ => {}
            }
            at += 1;
        }
        at.saturating_sub(1).max(from)
    }

    /// The first token of the expression that ends at a token, going back to
    /// one of `stops` outside brackets.
    fn expression_start(&self, last: usize, stops: &[&str]) -> usize {
        let mut depth = 0usize;
        let mut at = last + 1;
        while at > 0 {
            let before = at - 1;
            let text = self.text(before);
            match self.kind(before) {
                Kind::Newline | Kind::End | Kind::Indent | Kind::Dedent if depth == 0 => break,
                Kind::InterpolatedEnd => depth += 1,
                Kind::InterpolatedStart => depth = depth.saturating_sub(1),
                Kind::Op if matches!(text, ")" | "]" | "}") => depth += 1,
                Kind::Op if matches!(text, "(" | "[" | "{") => {
                    if depth == 0 {
                        break;
                    }
                    depth -= 1;
                }
                Kind::Op | Kind::Name if depth == 0 && stops.contains(&text) => break,
                _ => {}
            }
            at = before;
        }
        at
    }

    fn parse(&self, first: usize, last: usize) -> Option<ruff::Expr> {
        let (first, last) = (self.token(first)?, self.token(last)?);
        targets::parse(self.source.text, first.start, last.end)
    }

    fn by_type(&self, error: &ParseErrorType, location: TextRange) -> Option<Found> {
        let (start, end) = (location.start().to_usize(), location.end().to_usize());
        let same = |message: &str| Some(Found::new(start, end, message));
        match error {
            ParseErrorType::NonDefaultParamAfterDefaultParam => {
                same("parameter without a default follows parameter with a default")
            }
            ParseErrorType::ParamAfterVarKeywordParam => {
                self.at_token(self.stopped, "arguments cannot follow var-keyword argument")
            }
            ParseErrorType::VarParameterWithDefault => self.parameter_default(start),
            ParseErrorType::ExpectedKeywordParam => self.bare_star(start),
            ParseErrorType::UnparenthesizedTupleExpression => {
                let first = self.source.token_at(start);
                let comma = self.expression_end(first, &[","]) + 1;
                self.at_token(comma, "invalid syntax")
            }
            ParseErrorType::UnparenthesizedGeneratorExpression
                if self.text(self.line_start(self.stopped)) == "class" =>
            {
                let first = self.source.token_at(start);
                let keyword = self.expression_end(first, &["for", "async"]) + 1;
                self.at_token(keyword, "invalid syntax")
            }
            ParseErrorType::UnparenthesizedGeneratorExpression => {
                same("Generator expression must be parenthesized")
            }
            ParseErrorType::PositionalAfterKeywordArgument => {
                let next = self.source.token_at(end);
                self.at_token(next, "positional argument follows keyword argument")
            }
            ParseErrorType::PositionalAfterKeywordUnpacking => {
                let next = self.source.token_at(end);
                self.at_token(next, "positional argument follows keyword argument unpacking")
            }
            ParseErrorType::InvalidArgumentUnpackingOrder => {
                let comma = self.token(self.stopped.checked_sub(1)?)?;
                let message = "iterable argument unpacking follows keyword argument unpacking";
                Some(Found::new(comma.start, end, message))
            }
            ParseErrorType::IterableUnpackingInComprehension => {
                same("iterable unpacking cannot be used in comprehension")
            }
            ParseErrorType::EmptyTypeParams => {
                let open = (0..=self.stopped).rev().find(|index| self.text(*index) == "[")?;
                let mut found = self.at_token(open + 1, "Type parameter list cannot be empty")?;
                let is_type = self.text(self.line_start(open)) == "type";
                let last = if is_type { open + 2 } else { open + 1 };
                found.end = End::Column(self.column(self.token(last)?.end));
                Some(found)
            }
            ParseErrorType::EmptyImportNames if self.kind(self.stopped) != Kind::Newline => None,
            ParseErrorType::EmptyImportNames => {
                let mut found =
                    self.at_token(self.stopped, "Expected one or more names after 'import'")?;
                found.end = End::Same;
                Some(found)
            }
            ParseErrorType::ExpectedRealNumber => same("real number required in complex literal"),
            ParseErrorType::ExpectedImaginaryNumber => {
                same("imaginary number required in complex literal")
            }
            ParseErrorType::InvalidMatchPatternTarget
                if self.stopped == 0 || self.text(self.stopped - 1) != "as" =>
            {
                None
            }
            ParseErrorType::InvalidMatchPatternTarget => same("cannot use '_' as a target"),
            ParseErrorType::InvalidDeleteTarget => self.delete_target(start, end),
            ParseErrorType::InvalidAssignmentTarget => self.assignment_target(start, end),
            ParseErrorType::InvalidAugmentedAssignmentTarget => self.augmented_target(),
            ParseErrorType::InvalidNamedAssignmentTarget => {
                let expr = targets::parse(self.source.text, start, end)?;
                let what = targets::name(&expr);
                Some(Found::new(
                    start,
                    end,
                    format!("cannot use assignment expressions with {what}"),
                ))
            }
            ParseErrorType::InvalidAnnotatedAssignmentTarget => {
                let expr = targets::parse(self.source.text, start, end)?;
                let message = match targets::name(&expr) {
                    what @ ("list" | "tuple") => {
                        format!("only single target (not {what}) can be annotated")
                    }
                    _ => "illegal target for annotation".to_owned(),
                };
                Some(Found::new(start, end, message))
            }
            ParseErrorType::UnexpectedIndentation => self.unexpected_indent(),
            ParseErrorType::FStringError(kind) => self.f_string("f", kind, start, end),
            ParseErrorType::TStringError(kind) => self.f_string("t", kind, start, end),
            ParseErrorType::ExpectedToken { expected, found } => self.expected(*expected, *found),
            ParseErrorType::OtherError(message) => self.other(message, start, end),
            ParseErrorType::Lexical(_) => self.literal(start),
            _ => None,
        }
    }

    fn other(&self, message: &str, start: usize, end: usize) -> Option<Found> {
        if let Some(clause) = message.strip_prefix("Expected an indented block after ") {
            return self.indented_block(clause);
        }
        let same = |message: &str| Some(Found::new(start, end, message));
        match message {
            "Only one '/' separator allowed" => {
                self.at_token(self.stopped, "/ may appear only once")
            }
            "'/' parameter must appear before '*' parameter" => {
                self.at_token(self.stopped, "/ must be ahead of *")
            }
            "Position-only parameter separator not allowed as first parameter"
                if self.text(self.stopped + 1) != "," =>
            {
                None
            }
            "Position-only parameter separator not allowed as first parameter"
                if self.line_has("*") =>
            {
                self.at_token(self.stopped, "/ must be ahead of *")
            }
            "Position-only parameter separator not allowed as first parameter" => {
                self.at_token(self.stopped, "at least one argument must precede /")
            }
            "Only one '*' parameter allowed"
            | "Only one '*' separator allowed"
            | "Keyword-only parameter separator not allowed after '*' parameter" => {
                self.at_token(self.stopped, "* argument may appear only once")
            }
            "Only one '**' parameter allowed" => {
                self.at_token(self.stopped, "arguments cannot follow var-keyword argument")
            }
            "Only single target (not list) can be annotated" => {
                same("only single target (not list) can be annotated")
            }
            "Only single target (not tuple) can be annotated" => {
                same("only single target (not tuple) can be annotated")
            }
            "Positional patterns cannot follow keyword patterns" => {
                same("positional patterns follow keyword patterns")
            }
            "Cannot have both 'except' and 'except*' on the same 'try'" => {
                let all = self.source.tokens.len();
                let except = (self.stopped..all).find(|index| self.text(*index) == "except")?;
                let star = self.text(except + 1) == "*";
                let message = "cannot have both 'except' and 'except*' on the same 'try'";
                self.between(except, except + usize::from(star), message)
            }
            "Expected one or more exception types" => {
                let colon = self.source.token_at(start);
                self.at_token(colon, "expected one or more exception types")
            }
            "Multiple exception types must be parenthesized when using `as`" => {
                let first = self.source.token_at(start);
                let last = self.expression_end(first, &[":"]);
                self.between(
                    first,
                    last,
                    "multiple exception types must be parenthesized when using 'as'",
                )
            }
            "Expected `except` or `finally` after `try` block" => {
                self.at_token(self.stopped, "expected 'except' or 'finally' block")
            }
            "Trailing comma not allowed" if self.line_has("import") => {
                let next = self.source.token_at(end);
                self.at_token(next, "trailing comma not allowed without surrounding parentheses")
            }
            "Bytes literal cannot be mixed with non-bytes literals" => {
                let mut found = Found::new(
                    end.saturating_sub(1),
                    end,
                    "cannot mix bytes and nonbytes literals",
                );
                found.end = End::Column(-1);
                Some(found)
            }
            _ if message.contains("t-string") && message.contains("mixed") => {
                same("cannot mix t-string literals with string or bytes literals")
            }
            "Boolean 'not' expression cannot be used here" => {
                let last = self.expression_end(self.stopped + 1, &["and", "or", "if", ",", ":"]);
                self.between(self.stopped, last, "'not' after an operator must be parenthesized")
            }
            "Expected symbol after `as`" => self.as_target("import target"),
            "Expected name after `as`" => self.except_target(),
            _ => None,
        }
    }

    fn line_has(&self, word: &str) -> bool {
        let start = self.line_start(self.stopped);
        (start..=self.stopped).any(|index| self.text(index) == word)
    }

    fn parameter_default(&self, start: usize) -> Option<Found> {
        let first = self.source.token_at(start);
        let equal = (first..self.source.tokens.len()).find(|index| self.text(*index) == "=")?;
        let star = (0..equal).rev().find(|index| matches!(self.text(*index), "*" | "**"))?;
        let what = if self.text(star) == "*" { "var-positional" } else { "var-keyword" };
        self.at_token(equal, format!("{what} argument cannot have default value"))
    }

    fn bare_star(&self, start: usize) -> Option<Found> {
        let index = self.source.token_at(start);
        let star = (0..=index).rev().find(|index| self.text(*index) == "*")?;
        let next = if self.text(star + 1) == "," { star + 2 } else { star + 1 };
        if !matches!(self.text(next), ")" | ":" | "**") {
            let next = if self.text(next) == "await" { next + 1 } else { next };
            return self.at_token(next, "invalid syntax");
        }
        let place = if self.in_lambda(star) { star + 1 } else { star };
        self.at_token(place, "named arguments must follow bare *")
    }

    fn delete_target(&self, start: usize, end: usize) -> Option<Found> {
        if self.source.text.get(start..).is_some_and(|text| text.starts_with('*')) {
            let index = self.source.token_at(start);
            let last = self.expression_end(index, &[","]);
            let only = index > 0 && self.text(index - 1) == "(" && self.text(last + 1) == ")";
            let message =
                if only { "cannot use starred expression here" } else { "cannot delete starred" };
            return self.between(index, last, message);
        }
        let expr = targets::parse(self.source.text, start, end)?;
        let bad = targets::invalid(&expr, Use::Delete)?;
        let range = bad.range();
        let (start, end) = (range.start().to_usize(), range.end().to_usize());
        let parenthesized = self.before(start).trim_end().ends_with('(');
        let message = match bad {
            ruff::Expr::Starred(_) if parenthesized => {
                "cannot use starred expression here".to_owned()
            }
            _ => format!("cannot delete {}", targets::name(bad)),
        };
        Some(Found::new(start, end, message))
    }

    fn assignment_target(&self, start: usize, end: usize) -> Option<Found> {
        let first = self.source.token_at(start);
        let line = self.line_start(first);
        let in_for = (line..first).any(|index| self.text(index) == "for")
            && !(line..first).any(|index| self.text(index) == "in");
        if self.text(first) == "yield" && !self.before(start).ends_with('(') {
            return Some(Found::new(start, end, "assignment to yield expression not possible"));
        }
        let expr = targets::parse(self.source.text, start, end)?;
        let what = targets::name(&expr);
        // `a = b` read as a comparison that was mistyped.
        let next = self.source.token_at(end);
        let close = (next..self.source.tokens.len()).find(|index| self.text(*index) != ")");
        let simple = !matches!(
            expr,
            ruff::Expr::BoolOp(_)
                | ruff::Expr::Compare(_)
                | ruff::Expr::If(_)
                | ruff::Expr::Lambda(_)
                | ruff::Expr::Generator(_)
                | ruff::Expr::NoneLiteral(_)
                | ruff::Expr::BooleanLiteral(_)
        ) && !matches!(&expr, ruff::Expr::UnaryOp(node) if node.op == ruff::UnaryOp::Not);
        if !in_for
            && simple
            && first == line
            && let Some(equal) = close
            && self.text(equal) == "="
            && self.begins_expression(equal + 1)
        {
            let stops = ["=", ":=", "and", "or", "if", ",", "in", "is", "<", ">", "==", "!="];
            let last = self.expression_end(equal + 1, &stops);
            if !matches!(self.text(last + 1), "=" | ":=") {
                let message =
                    format!("cannot assign to {what} here. Maybe you meant '==' instead of '='?");
                return Some(Found::new(start, end, message));
            }
        }
        if in_for
            && let ruff::Expr::Compare(node) = &expr
            && node.ops.first() != Some(&ruff::CmpOp::In)
        {
            let op = self.source.token_at(node.left.end().to_usize());
            return self.at_token(op, "invalid syntax");
        }
        let bad = targets::invalid(&expr, if in_for { Use::For } else { Use::Assign })?;
        let range = bad.range();
        Some(Found::new(
            range.start().to_usize(),
            range.end().to_usize(),
            format!("cannot assign to {}", targets::name(bad)),
        ))
    }

    fn augmented_target(&self) -> Option<Found> {
        let line = self.line_start(self.stopped);
        let op = (line..self.source.tokens.len())
            .find(|index| self.text(*index).ends_with('=') && self.text(*index).len() > 1)?;
        let expr = self.parse(line, op.checked_sub(1)?)?;
        let what = targets::name(&expr);
        let message = format!("'{what}' is an illegal expression for augmented assignment");
        self.between(line, op - 1, message)
    }

    fn unexpected_indent(&self) -> Option<Found> {
        let indent = (0..=self.stopped).rev().find(|index| self.kind(*index) == Kind::Indent)?;
        let end = self.token(indent)?.end;
        let mut found = Found::new(end.saturating_sub(1), end, "unexpected indent");
        found.kind = ErrorKind::IndentationError;
        found.end = End::Column(-1);
        Some(found)
    }

    fn indented_block(&self, clause: &str) -> Option<Found> {
        let mut next = self.stopped;
        while matches!(self.kind(next), Kind::Newline) {
            next += 1;
        }
        let newline = (0..next).rev().find(|index| self.kind(*index) == Kind::Newline)?;
        let header = self.line_start(newline);
        let mut keyword = header;
        if self.text(keyword) == "async" {
            keyword += 1;
        }
        let word = self.text(keyword);
        let what = match word {
            "def" => "function definition".to_owned(),
            "class" => "class definition".to_owned(),
            "except" if self.text(keyword + 1) == "*" => "'except*' statement".to_owned(),
            "" => clause.to_owned(),
            _ => format!("'{word}' statement"),
        };
        let line = self.line_of(header);
        let message = format!("expected an indented block after {what} on line {line}");
        let mut found = self.at_token(next, message)?;
        if matches!(self.kind(next), Kind::Dedent | Kind::End) {
            found.end = End::Column(-1);
        }
        found.kind = ErrorKind::IndentationError;
        Some(found)
    }

    fn f_string(
        &self,
        prefix: &str,
        kind: &InterpolatedStringErrorType,
        start: usize,
        end: usize,
    ) -> Option<Found> {
        let found = |start, end, message: String| {
            Some(Found::new(start, end, format!("{prefix}-string: {message}")))
        };
        match kind {
            InterpolatedStringErrorType::LambdaWithoutParentheses => {
                let first = self.source.token_at(start);
                let colon = self.expression_end(first, &[":"]) + 1;
                let end = self.token(colon).map_or(end, |token| token.end);
                let lambda = (0..=first).rev().find(|index| self.text(*index) == "lambda")?;
                found(
                    self.token(lambda)?.start,
                    end,
                    "lambda expressions are not allowed without parentheses".to_owned(),
                )
            }
            InterpolatedStringErrorType::InvalidConversionFlag
            | InterpolatedStringErrorType::ConversionFlagNotImmediatelyAfterExclamation => {
                let index = self.source.token_at(start);
                let bang = (0..=index).rev().find(|index| self.text(*index) == "!")?;
                let (bang, token) = (self.token(bang)?, self.token(bang + 1)?);
                if token.kind == Kind::Name && token.start > bang.end {
                    return found(
                        bang.start,
                        token.end,
                        "conversion type must come right after the exclamation mark".to_owned(),
                    );
                }
                let text = self.source.of(token);
                let message = match token.kind {
                    Kind::Name => {
                        format!("invalid conversion character '{text}': expected 's', 'r', or 'a'")
                    }
                    _ if matches!(text, "}" | ":") => "missing conversion character".to_owned(),
                    _ => "invalid conversion character".to_owned(),
                };
                found(token.start, token.end, message)
            }
            InterpolatedStringErrorType::UnclosedLbrace => {
                let token = self.token(self.stopped)?;
                let before = self.stopped.checked_sub(1).map_or("", |index| self.text(index));
                let message = if before == "{" {
                    "expecting a valid expression after '{'"
                } else {
                    "expecting '=', or '!', or ':', or '}'"
                };
                found(token.start, token.end, message.to_owned())
            }
            _ => None,
        }
    }

    fn expected(&self, expected: TokenKind, found: TokenKind) -> Option<Found> {
        let line = self.line_start(self.stopped);
        let mut first = line;
        if self.text(first) == "async" {
            first += 1;
        }
        let keyword = self.text(first);
        if found == TokenKind::Equal || self.text(self.stopped) == "=" {
            return self.mistyped_comparison();
        }
        let newline = self.kind(self.stopped) == Kind::Newline;
        match expected {
            TokenKind::Colon
                if newline || matches!(keyword, "def" | "else" | "try" | "finally") =>
            {
                self.at_token(self.stopped, "expected ':'")
            }
            TokenKind::Lpar if keyword == "def" => self.at_token(self.stopped, "expected '('"),
            TokenKind::In if keyword == "for" || self.line_has("for") => self.for_target(),
            TokenKind::Else => {
                if self.text(self.stopped) == ":" {
                    return None;
                }
                let test = (0..self.stopped).rev().find(|index| self.text(*index) == "if")?;
                if test >= 2 && self.text(test - 2) == "for" {
                    return self.at_token(test, "'in' expected after for-loop variables");
                }
                let stops = [",", "=", ":", ";", "return", "in"];
                let start = self.expression_start(self.stopped.checked_sub(1)?, &stops);
                self.between(start, self.stopped - 1, "expected 'else' after 'if' expression")
            }
            _ => None,
        }
    }

    fn for_target(&self) -> Option<Found> {
        let start = (0..self.stopped).rev().find(|index| self.text(*index) == "for")? + 1;
        let last = self.stopped.checked_sub(1)?;
        if let Some(expr) = self.parse(start, last)
            && let Some(bad) = targets::invalid(&expr, Use::For)
        {
            let range = bad.range();
            return Some(Found::new(
                range.start().to_usize(),
                range.end().to_usize(),
                format!("cannot assign to {}", targets::name(bad)),
            ));
        }
        None
    }

    /// `if x = 3:`
    fn mistyped_comparison(&self) -> Option<Found> {
        let equal = self.stopped;
        let last = equal.checked_sub(1)?;
        // Only where `:=` could stand.
        let line = self.line_start(equal);
        let test =
            matches!(self.text(line), "if" | "elif" | "while" | "with" | "for" | "match" | "case");
        if self.bracket(equal).is_none() && (!test || self.eval) {
            return None;
        }
        let stops = [
            ",", ":", "=", ":=", "if", "elif", "while", "and", "or", "not", "in", "is", "return",
            "else", "assert", "lambda", "yield", "<", ">", "==", "!=", "<=", ">=",
        ];
        let start = self.expression_start(last, &stops);
        let end = self.expression_end(equal + 1, &stops[..]);
        if !self.begins_expression(equal + 1) || matches!(self.text(end + 1), "=" | ":=") {
            return None;
        }
        let expr = self.parse(start, last)?;
        match &expr {
            ruff::Expr::Name(_) if start == last => self.between(
                start,
                end,
                "invalid syntax. Maybe you meant '==' or ':=' instead of '='?",
            ),
            ruff::Expr::List(_)
            | ruff::Expr::Tuple(_)
            | ruff::Expr::Generator(_)
            | ruff::Expr::NoneLiteral(_)
            | ruff::Expr::BooleanLiteral(_) => None,
            _ => self.between(
                start,
                last,
                format!(
                    "cannot assign to {} here. Maybe you meant '==' instead of '='?",
                    targets::name(&expr)
                ),
            ),
        }
    }

    fn as_target(&self, what: &str) -> Option<Found> {
        let start = self.stopped;
        let end = self.expression_end(start, &[",", ":", "|"]);
        let expr = self.parse(start, end)?;
        let name = targets::name(&expr);
        self.between(start, end, format!("cannot use {name} as {what}"))
    }

    fn except_target(&self) -> Option<Found> {
        let line = self.line_start(self.stopped);
        let star = if self.text(line + 1) == "*" { "except*" } else { "except" };
        let end = self.expression_end(self.stopped, &[":"]);
        let expr = self.parse(self.stopped, end)?;
        if matches!(expr, ruff::Expr::NoneLiteral(_) | ruff::Expr::BooleanLiteral(_)) {
            return None;
        }
        let name = targets::name(&expr);
        self.between(self.stopped, end, format!("cannot use {star} statement with {name}"))
    }

    /// Rules that go by the tokens around the one where parsing stopped.
    fn by_tokens(&self) -> Option<Found> {
        let stopped = self.stopped;
        let text = self.text(stopped);
        let before = stopped.checked_sub(1).map_or("", |index| self.text(index));
        let line = self.line_start(stopped);
        if let Some(found) = self.legacy_statement() {
            return Some(found);
        }
        if let Some(found) = self.bare_lambda() {
            return Some(found);
        }
        if let Some(found) = self.star_expression(before) {
            return Some(found);
        }
        if text == "<>" || before == "<" && text == ">" {
            let start = if text == "<>" { stopped } else { stopped - 1 };
            return self.between(
                start,
                stopped,
                "invalid syntax.  Maybe you meant '!=' instead of '<>'?",
            );
        }
        if self.text(line) == "import" && text == "from" {
            let end = self.expression_end(stopped, &["as"]) + 1;
            let message = "Did you mean to use 'from ... import ...' instead?";
            let mut found = self.at_token(line, message)?;
            let token = self.token(end)?;
            let newline = usize::from(token.kind == Kind::Newline);
            found.end = End::Column(
                self.column(if newline == 1 { token.start } else { token.end }) + newline as i32,
            );
            return Some(found);
        }
        if before == "else" && SIMPLE_STATEMENTS.contains(&text) {
            let message = "expected expression after 'else', but statement is given";
            return self.at_token(stopped, message);
        }
        if SIMPLE_STATEMENTS.contains(&text) && self.text(stopped + 1) == "if" && stopped > line {
            let message = "expected expression before 'if', but statement is given";
            return self.at_token(stopped, message);
        }
        if let Some(found) = self.by_context(text, before, line) {
            return Some(found);
        }
        if text == "if" && SIMPLE_STATEMENTS.contains(&before) {
            let message = "expected expression before 'if', but statement is given";
            return self.at_token(stopped - 1, message);
        }
        if let Some(found) = self.empty_field(before) {
            return Some(found);
        }
        if text == "=" {
            return self.keyword_argument(stopped).or_else(|| self.mistyped_comparison());
        }
        if before == "=" && matches!(text, ")" | ",") && stopped >= 2 {
            if self.parameters_of_def(stopped) || self.in_lambda(stopped) {
                return self.at_token(stopped - 1, "expected default value expression");
            }
            return self.between(stopped - 2, stopped - 1, "expected argument value expression");
        }
        if text == "(" && self.parameters_of_def(stopped) && matches!(before, "(" | ",") {
            let close = self.expression_end(stopped, &[","]);
            return self.between(stopped, close, "Function parameters cannot be parenthesized");
        }
        self.missing_comma()
    }

    /// The brackets directly around a token: the opening one's index.
    fn bracket(&self, index: usize) -> Option<usize> {
        let start = self.expression_start(index.checked_sub(1)?, &[]);
        let open = start.checked_sub(1)?;
        matches!(self.text(open), "(" | "[" | "{").then_some(open)
    }

    fn by_context(&self, text: &str, before: &str, line: usize) -> Option<Found> {
        let stopped = self.stopped;
        let bracket = self.bracket(stopped);
        let opened = bracket.map_or("", |open| self.text(open));
        let strings = [Kind::Str, Kind::InterpolatedStart];
        if strings.contains(&self.kind(stopped)) {
            let last = self.expression_end(stopped, &[",", "=", ":", "+", "."]);
            let prefixes: Vec<bool> = (stopped..=last)
                .filter(|index| strings.contains(&self.kind(*index)))
                .map(|index| {
                    let text = self.text(index).to_ascii_lowercase();
                    self.kind(index) == Kind::InterpolatedStart
                        && text.split(['"', '\'']).next().is_some_and(|p| p.contains('t'))
                })
                .collect();
            if prefixes.contains(&true) && prefixes.contains(&false) {
                let message = "cannot mix t-string literals with string or bytes literals";
                return self.between(stopped, last, message);
            }
        }
        // `[*x for x in y]`
        if text == "*" && matches!(before, "[" | "{" | "(") {
            let last = self.expression_end(stopped, &["for", ",", "async"]);
            if self.text(last + 1) == "for" {
                let message = "iterable unpacking cannot be used in comprehension";
                return self.between(stopped, last, message);
            }
            if before == "(" && self.text(last + 1) == ")" {
                return self.between(stopped, last, "cannot use starred expression here");
            }
        }
        if text == "*" && before == ":" && opened == "{" {
            let last = self.expression_end(stopped, &[",", "for"]);
            let message = "cannot use a starred expression in a dictionary value";
            return self.between(stopped, last, message);
        }
        if before == ":" && matches!(text, "}" | ",") && opened == "{" && !self.in_spec(stopped) {
            let message = "expression expected after dictionary key and ':'";
            return self.at_token(stopped - 1, message);
        }
        if text == "for"
            && matches!(opened, "[" | "{")
            && let Some(open) = bracket
            && (open + 1..stopped).any(|index| self.text(index) == ",")
        {
            let message = "did you forget parentheses around the comprehension target?";
            return self.between(open + 1, stopped - 1, message);
        }
        // Bounds of `*Ts` and `**P`.
        if text == ":"
            && opened == "["
            && stopped >= 2
            && matches!(self.text(stopped - 2), "*" | "**")
            && matches!(self.text(line), "def" | "class" | "type" | "async")
        {
            let kind = if self.text(stopped - 2) == "*" { "TypeVarTuple" } else { "ParamSpec" };
            let last = self.expression_end(stopped + 1, &[",", "="]);
            let tuple = matches!(self.parse(stopped + 1, last), Some(ruff::Expr::Tuple(_)));
            let what = if tuple { "constraints" } else { "bound" };
            return self.between(stopped, last, format!("cannot use {what} with {kind}"));
        }
        if let Some(found) = self.bad_as_target(line) {
            return Some(found);
        }
        // An argument that is assigned to.
        if opened == "(" && matches!(before, "(" | ",") {
            let last = self.expression_end(stopped, &[",", "="]);
            if self.text(last + 1) == "=" {
                return self.keyword_argument(last + 1);
            }
        }
        if self.in_lambda(stopped) && text == "(" {
            let close = self.expression_end(stopped, &[",", ":"]);
            let message = "Lambda expression parameters cannot be parenthesized";
            return self.between(stopped, close, message);
        }
        if text == "*" && before == "/" {
            return self.at_token(stopped, "expected comma between / and *");
        }
        None
    }

    fn in_spec(&self, index: usize) -> bool {
        let before = &self.source.tokens[..index.min(self.source.tokens.len())];
        let count = |kind: Kind| before.iter().filter(|token| token.kind == kind).count();
        count(Kind::InterpolatedStart) > count(Kind::InterpolatedEnd)
    }

    /// Whether a token is among the parameters of a `lambda`.
    fn in_lambda(&self, index: usize) -> bool {
        let line = self.line_start(index);
        let lambda = (line..index).rev().find(|index| self.text(*index) == "lambda");
        lambda.is_some_and(|lambda| !(lambda..index).any(|index| self.text(index) == ":"))
    }

    fn bad_as_target(&self, line: usize) -> Option<Found> {
        let keyword = (line..self.stopped).rev().find(|index| self.text(*index) == "as")?;
        if self.stopped > keyword + 2 {
            return None;
        }
        let last = self.expression_end(keyword + 1, &[",", ":", "|"]);
        let expr = self.parse(keyword + 1, last)?;
        let is_except = self.text(line) == "except";
        let captured = self.text(line) == "case"
            && self.kind(keyword + 1) == Kind::Name
            && !matches!(self.text(keyword + 2), "." | "(" | "[");
        if matches!(expr, ruff::Expr::Name(_))
            || captured
            || is_except
                && matches!(expr, ruff::Expr::NoneLiteral(_) | ruff::Expr::BooleanLiteral(_))
        {
            return None;
        }
        let name = targets::name(&expr);
        let message = match self.text(line) {
            "import" | "from" => format!("cannot use {name} as import target"),
            "except" if self.text(line + 1) == "*" => {
                format!("cannot use except* statement with {name}")
            }
            "except" => format!("cannot use except statement with {name}"),
            "case" => format!("cannot use {name} as pattern target"),
            _ => return None,
        };
        self.between(keyword + 1, last, message)
    }

    /// Whether a token is directly in the parentheses of a `def`.
    fn parameters_of_def(&self, index: usize) -> bool {
        let line = self.line_start(index);
        let open = self.expression_start(index.saturating_sub(1), &[]);
        matches!(self.text(line), "def" | "async")
            && open > line
            && self.text(open - 1) == "("
            && open <= line + 4
    }

    fn keyword_argument(&self, equal: usize) -> Option<Found> {
        let last = equal.checked_sub(1)?;
        let start = self.expression_start(last, &[","]);
        let open = start.checked_sub(1)?;
        let call = (0..=open).rev().find(|index| {
            matches!(self.text(*index), "(") && self.expression_start(last, &[]) == index + 1
        })?;
        let is_call =
            call > 0 && self.is_operand_end(call - 1) && self.text(self.line_start(call)) != "def";
        if !is_call {
            return None;
        }
        if matches!(self.text(start), "*" | "**") {
            let what = if self.text(start) == "*" { "iterable" } else { "keyword" };
            let end = self.expression_end(equal + 1, &[","]);
            let message = format!("cannot assign to {what} argument unpacking");
            return self.between(start, end, message);
        }
        if start == last
            && KEYWORDS.contains(&self.text(start))
            && !matches!(self.text(start), "None" | "True" | "False")
        {
            let place = if self.text(start) == "await" { equal } else { start };
            return self.at_token(place, "invalid syntax");
        }
        if start == last && matches!(self.text(start), "None" | "True" | "False") {
            let message = format!("cannot assign to {}", self.text(start));
            return self.between(start, equal, message);
        }
        self.between(
            start,
            equal,
            "expression cannot contain assignment, perhaps you meant \"==\"?",
        )
    }

    fn empty_field(&self, before: &str) -> Option<Found> {
        let text = self.text(self.stopped);
        if before != "{" || !matches!(text, "!" | "}" | ":" | "=") {
            if before == "{" && self.in_field() {
                return self
                    .at_token(self.stopped, "f-string: expecting a valid expression after '{'");
            }
            return None;
        }
        if !self.in_field() {
            return None;
        }
        self.at_token(self.stopped, format!("f-string: valid expression required before '{text}'"))
    }

    /// Whether the bracket before the stopped token opens a field of an f-string.
    fn in_field(&self) -> bool {
        self.stopped >= 2
            && matches!(
                self.kind(self.stopped - 2),
                Kind::InterpolatedStart | Kind::InterpolatedMiddle
            )
            || self.stopped >= 2
                && matches!(self.text(self.stopped - 2), "}" | ":")
                && self.in_spec(self.stopped)
    }

    /// `f"{lambda x: 1}"`
    fn bare_lambda(&self) -> Option<Found> {
        if !self.in_spec(self.stopped) {
            return None;
        }
        let lambda = (1..self.stopped).rev().find(|index| self.text(*index) == "lambda")?;
        let colon = (lambda..=self.stopped).find(|index| self.text(*index) == ":")?;
        if self.text(lambda - 1) != "{" {
            return None;
        }
        self.between(
            lambda,
            colon,
            "f-string: lambda expressions are not allowed without parentheses",
        )
    }

    /// A `*` in brackets without an expression.
    fn star_expression(&self, before: &str) -> Option<Found> {
        let is_unary = |star: usize| {
            self.text(star) == "*"
                && star > 0
                && matches!(self.text(star - 1), "(" | "[" | ",")
                && !self.parameters_of_def(star)
                && !self.in_lambda(star)
        };
        let last = self.stopped.checked_sub(1)?;
        let open = self.bracket(self.stopped);
        let grouped = open.is_some_and(|open| open > 0 && is_unary(open - 1))
            && self.text(self.stopped) == ":";
        let subscript = open.is_some_and(|open| {
            self.text(open) == "[" && open > 0 && self.is_operand_end(open - 1)
        });
        let call = open.is_some_and(|open| {
            self.text(open) == "(" && open > 0 && self.is_operand_end(open - 1)
        });
        if before == "*" && is_unary(last) && (subscript || call) || grouped {
            return self.at_token(self.stopped, "Invalid star expression");
        }
        None
    }

    fn before(&self, offset: usize) -> &str {
        self.source.text.get(..offset).unwrap_or(self.source.text)
    }

    /// The number of characters before an offset in its line.
    fn column(&self, offset: usize) -> i32 {
        let before = self.before(offset);
        before.rsplit('\n').next().map_or(0, |line| line.chars().count() as i32)
    }

    fn legacy_statement(&self) -> Option<Found> {
        let line = self.stopped.checked_sub(1)?;
        let word = self.text(line);
        let begins = self.line_start(line) == line || matches!(self.text(line - 1), ":" | ";");
        if !matches!(word, "print" | "exec") || !begins {
            return None;
        }
        if !self.begins_expression(line + 1) || self.text(line + 1) == "(" {
            return None;
        }
        let end = self.expression_end(line + 1, &[";"]);
        self.parse(line + 1, end)?;
        self.between(
            line,
            end,
            format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?"),
        )
    }

    /// Two expressions side by side in brackets.
    fn missing_comma(&self) -> Option<Found> {
        let stopped = self.stopped;
        let last = stopped.checked_sub(1)?;
        if !self.begins_expression(stopped)
            || !self.is_operand_end(last)
            || matches!(self.text(stopped), "(" | "[" | "-" | "+" | "not")
        {
            return None;
        }
        // A name before a string looks like a wrong prefix.
        if self.kind(last) == Kind::Name && self.kind(stopped) == Kind::Str {
            return None;
        }
        let stops = [",", ":", "=", ":=", "if", "else", "for", "in", "lambda", "*", "**", "return"];
        let start = self.expression_start(last, &stops[..]);
        let outermost = self.expression_start(last, &[]);
        let inside = outermost > 0 && matches!(self.text(outermost - 1), "(" | "[" | "{");
        if !inside {
            return None;
        }
        let end = self.expression_end(stopped, &[",", ":", "=", ":=", "for", "in"]);
        self.parse(start, last)?;
        self.between(start, end, "invalid syntax. Perhaps you forgot a comma?")
    }

    /// Errors in the value of a literal.
    fn literal(&self, at: usize) -> Option<Found> {
        let holds = |token: &&Token| {
            matches!(token.kind, Kind::Str | Kind::InterpolatedMiddle)
                && token.start <= at
                && at <= token.end
        };
        let token = self.source.tokens.iter().find(holds)?;
        if token.kind == Kind::InterpolatedMiddle {
            let message = bad_escape(self.source.of(token))?;
            return Some(Found::new(token.start, token.end, message));
        }
        let text = self.source.of(token);
        let quote = text.find(['"', '\''])?;
        let prefix = text[..quote].to_ascii_lowercase();
        if prefix.contains('b') && !text.is_ascii() {
            let message = "bytes can only contain ASCII literal characters";
            return Some(Found::new(token.start, token.end, message));
        }
        let body = text.get(quote..)?;
        let size = if body.starts_with("\"\"\"") || body.starts_with("'''") { 3 } else { 1 };
        let body = body.get(size..body.len().checked_sub(size)?)?;
        let message = if prefix.contains('b') {
            let at = body.find("\\x")?;
            format!("(value error) invalid \\x escape at position {at}")
        } else {
            bad_escape(body)?
        };
        Some(Found::new(token.start, token.end, message))
    }
}

/// What the codec says about the first escape that it cannot decode. Before it
/// sees the text, other than ASCII characters were made `\UXXXXXXXX`.
fn bad_escape(body: &str) -> Option<String> {
    let mut position = 0;
    let mut rest = body;
    loop {
        let c = rest.chars().next()?;
        if c != '\\' {
            position += if c.is_ascii() { 1 } else { 10 };
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let escape = rest[1..].chars().next()?;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'N' => {
                let close = rest.find('}');
                let malformed = !rest[2..].starts_with('{') || close.is_none() || close == Some(3);
                let end = match (malformed, close) {
                    (false, Some(close))
                        if unicode_names2::character(&rest[3..close]).is_some() =>
                    {
                        position += close + 1;
                        rest = &rest[close + 1..];
                        continue;
                    }
                    (false, Some(close)) => position + close,
                    _ if !rest[2..].starts_with('{') => position + 1,
                    _ => position + close.unwrap_or(rest.len() - 1),
                };
                let what = if malformed {
                    "malformed \\N character escape"
                } else {
                    "unknown Unicode character name"
                };
                return Some(unicode_error(position, end, what));
            }
            _ => {
                position += 1 + if escape.is_ascii() { 1 } else { 10 };
                rest = &rest[1 + escape.len_utf8()..];
                continue;
            }
        };
        let found = rest[2..].bytes().take(digits).take_while(u8::is_ascii_hexdigit).count();
        if found < digits {
            let what = format!("truncated \\{escape}{} escape", "X".repeat(digits));
            return Some(unicode_error(position, position + 1 + found, &what));
        }
        let value = u32::from_str_radix(&rest[2..2 + digits], 16).unwrap_or(0);
        if value > 0x10_FFFF {
            return Some(unicode_error(
                position,
                position + 1 + digits,
                "illegal Unicode character",
            ));
        }
        position += 2 + digits;
        rest = &rest[2 + digits..];
    }
}

fn unicode_error(start: usize, end: usize, what: &str) -> String {
    format!(
        "(unicode error) 'unicodeescape' codec can't decode bytes in position {start}-{end}: {what}"
    )
}
