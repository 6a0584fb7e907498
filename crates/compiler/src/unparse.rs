//! Expressions back to source text, as `from __future__ import annotations` needs it.

use bytecode::{ConstStr, Constant};

use crate::{
    MAX_DEPTH,
    ast::{Arg, Arguments, BoolOp, Comprehension, Expr, ExprKind, Keyword, Operator, UnaryOp},
    error::{CompileError, Result},
};

/// Binding strength of the context an expression stands in.
mod level {
    pub(super) const TUPLE: u8 = 0;
    pub(super) const TEST: u8 = 1;
    pub(super) const OR: u8 = 2;
    pub(super) const AND: u8 = 3;
    pub(super) const NOT: u8 = 4;
    pub(super) const CMP: u8 = 5;
    pub(super) const EXPR: u8 = 6;
    pub(super) const BXOR: u8 = 7;
    pub(super) const BAND: u8 = 8;
    pub(super) const SHIFT: u8 = 9;
    pub(super) const ARITH: u8 = 10;
    pub(super) const TERM: u8 = 11;
    pub(super) const FACTOR: u8 = 12;
    pub(super) const POWER: u8 = 13;
    pub(super) const AWAIT: u8 = 14;
    pub(super) const ATOM: u8 = 15;
}

/// The source text of `expr`.
pub fn unparse(expr: &Expr) -> Result<ConstStr> {
    let mut writer = Writer { out: Vec::new(), depth: 0 };
    writer.expr(expr, level::TEST)?;
    Ok(ConstStr::from_code_points(writer.out))
}

/// `repr()` of a constant.
pub fn constant_repr(constant: &Constant) -> String {
    let mut writer = Writer { out: Vec::new(), depth: 0 };
    writer.constant(constant, false);
    writer.out.iter().map(|point| char::from_u32(*point).unwrap_or('\u{FFFD}')).collect()
}

struct Writer {
    out: Vec<u32>,
    depth: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.out.extend(text.chars().map(u32::from));
    }

    fn parenthesized(&mut self, needed: bool, write: impl FnOnce(&mut Self) -> Result) -> Result {
        if needed {
            self.text("(");
        }
        write(self)?;
        if needed {
            self.text(")");
        }
        Ok(())
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T) -> Result) -> Result {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.text(", ");
            }
            write(self, item)?;
        }
        Ok(())
    }

    fn expr(&mut self, expr: &Expr, outer: u8) -> Result {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(CompileError::recursion());
        }
        self.expr_inner(expr, outer)?;
        self.depth -= 1;
        Ok(())
    }

    fn expr_inner(&mut self, expr: &Expr, outer: u8) -> Result {
        match &expr.kind {
            ExprKind::BoolOp { op, values } => {
                let (own, word) = match op {
                    BoolOp::And => (level::AND, " and "),
                    BoolOp::Or => (level::OR, " or "),
                };
                self.parenthesized(outer > own, |w| {
                    for (at, value) in values.iter().enumerate() {
                        if at > 0 {
                            w.text(word);
                        }
                        w.expr(value, own + 1)?;
                    }
                    Ok(())
                })
            }
            ExprKind::BinOp { left, op, right } => {
                let (own, text) = match op {
                    Operator::Add => (level::ARITH, " + "),
                    Operator::Sub => (level::ARITH, " - "),
                    Operator::Mult => (level::TERM, " * "),
                    Operator::MatMult => (level::TERM, " @ "),
                    Operator::Div => (level::TERM, " / "),
                    Operator::Mod => (level::TERM, " % "),
                    Operator::FloorDiv => (level::TERM, " // "),
                    Operator::LShift => (level::SHIFT, " << "),
                    Operator::RShift => (level::SHIFT, " >> "),
                    Operator::BitOr => (level::EXPR, " | "),
                    Operator::BitXor => (level::BXOR, " ^ "),
                    Operator::BitAnd => (level::BAND, " & "),
                    Operator::Pow => (level::POWER, " ** "),
                };
                let right_assoc = u8::from(*op == Operator::Pow);
                self.parenthesized(outer > own, |w| {
                    w.expr(left, own + right_assoc)?;
                    w.text(text);
                    w.expr(right, own + (1 - right_assoc))
                })
            }
            ExprKind::UnaryOp { op, operand } => {
                let (own, text) = match op {
                    UnaryOp::Invert => (level::FACTOR, "~"),
                    UnaryOp::Not => (level::NOT, "not "),
                    UnaryOp::UAdd => (level::FACTOR, "+"),
                    UnaryOp::USub => (level::FACTOR, "-"),
                };
                self.parenthesized(outer > own, |w| {
                    w.text(text);
                    w.expr(operand, own)
                })
            }
            ExprKind::Lambda(lambda) => self.parenthesized(outer > level::TEST, |w| {
                w.text("lambda");
                let args = &lambda.args;
                let empty = args.posonlyargs.is_empty()
                    && args.args.is_empty()
                    && args.kwonlyargs.is_empty()
                    && args.vararg.is_none()
                    && args.kwarg.is_none();
                if !empty {
                    w.text(" ");
                }
                w.arguments(args)?;
                w.text(": ");
                w.expr(&lambda.body, level::TEST)
            }),
            ExprKind::IfExp { test, body, orelse } => {
                self.parenthesized(outer > level::TEST, |w| {
                    w.expr(body, level::TEST + 1)?;
                    w.text(" if ");
                    w.expr(test, level::TEST + 1)?;
                    w.text(" else ");
                    w.expr(orelse, level::TEST)
                })
            }
            ExprKind::Dict { keys, values } => {
                self.text("{");
                let items: Vec<_> = keys.iter().zip(values).collect();
                self.list(&items, |w, (key, value)| match key {
                    Some(key) => {
                        w.expr(key, level::TEST)?;
                        w.text(": ");
                        w.expr(value, level::TEST)
                    }
                    None => {
                        w.text("**");
                        w.expr(value, level::EXPR)
                    }
                })?;
                self.text("}");
                Ok(())
            }
            ExprKind::Set(elts) => {
                self.text("{");
                self.list(elts, |w, elt| w.expr(elt, level::TEST))?;
                self.text("}");
                Ok(())
            }
            ExprKind::GeneratorExp { elt, generators } => {
                self.comprehension("(", elt, None, generators, ")")
            }
            ExprKind::ListComp { elt, generators } => {
                self.comprehension("[", elt, None, generators, "]")
            }
            ExprKind::SetComp { elt, generators } => {
                self.comprehension("{", elt, None, generators, "}")
            }
            ExprKind::DictComp { key, value, generators } => {
                self.comprehension("{", key, Some(value), generators, "}")
            }
            ExprKind::Yield(value) => {
                self.text("(yield");
                if let Some(value) = value {
                    self.text(" ");
                    self.expr(value, level::TEST)?;
                }
                self.text(")");
                Ok(())
            }
            ExprKind::YieldFrom(value) => {
                self.text("(yield from ");
                self.expr(value, level::TEST)?;
                self.text(")");
                Ok(())
            }
            ExprKind::Await(value) => self.parenthesized(outer > level::AWAIT, |w| {
                w.text("await ");
                w.expr(value, level::ATOM)
            }),
            ExprKind::Compare { left, ops, comparators } => {
                self.parenthesized(outer > level::CMP, |w| {
                    w.expr(left, level::CMP + 1)?;
                    for (op, comparator) in ops.iter().zip(comparators) {
                        w.text(" ");
                        w.text(op.as_str());
                        w.text(" ");
                        w.expr(comparator, level::CMP + 1)?;
                    }
                    Ok(())
                })
            }
            ExprKind::Call { func, args, keywords } => self.call(func, args, keywords),
            ExprKind::JoinedStr(values) => self.interpolated("f", values),
            ExprKind::TemplateStr(values) => self.interpolated("t", values),
            ExprKind::FormattedValue { .. } | ExprKind::Interpolation { .. } => {
                self.interpolated("f", std::slice::from_ref(expr))
            }
            ExprKind::Constant { value, unicode } => {
                if *unicode {
                    self.text("u");
                }
                self.constant(value, true);
                Ok(())
            }
            ExprKind::Attribute { value, attr, .. } => {
                self.expr(value, level::ATOM)?;
                // `1 .real`
                let int = matches!(value.as_constant(), Some(Constant::Int(_)));
                self.text(if int { " ." } else { "." });
                self.text(attr);
                Ok(())
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value, level::ATOM)?;
                self.text("[");
                self.expr(slice, level::TUPLE)?;
                self.text("]");
                Ok(())
            }
            ExprKind::Starred { value, .. } => {
                self.text("*");
                self.expr(value, level::EXPR)
            }
            ExprKind::Name { id, .. } => {
                self.text(id);
                Ok(())
            }
            ExprKind::List { elts, .. } => {
                self.text("[");
                self.list(elts, |w, elt| w.expr(elt, level::TEST))?;
                self.text("]");
                Ok(())
            }
            ExprKind::Tuple { elts, .. } => {
                if elts.is_empty() {
                    self.text("()");
                    return Ok(());
                }
                self.parenthesized(outer > level::TUPLE, |w| {
                    w.list(elts, |w, elt| w.expr(elt, level::TEST))?;
                    if elts.len() == 1 {
                        w.text(",");
                    }
                    Ok(())
                })
            }
            ExprKind::Slice { lower, upper, step } => {
                if let Some(lower) = lower {
                    self.expr(lower, level::TEST)?;
                }
                self.text(":");
                if let Some(upper) = upper {
                    self.expr(upper, level::TEST)?;
                }
                if let Some(step) = step {
                    self.text(":");
                    self.expr(step, level::TEST)?;
                }
                Ok(())
            }
            ExprKind::NamedExpr { target, value } => {
                self.parenthesized(outer > level::TUPLE, |w| {
                    w.expr(target, level::ATOM)?;
                    w.text(" := ");
                    w.expr(value, level::ATOM)
                })
            }
        }
    }

    fn call(&mut self, func: &Expr, args: &[Expr], keywords: &[Keyword]) -> Result {
        self.expr(func, level::ATOM)?;
        if let ([only @ Expr { kind: ExprKind::GeneratorExp { .. }, .. }], []) = (args, keywords) {
            return self.expr(only, level::TEST);
        }
        self.text("(");
        self.list(args, |w, arg| w.expr(arg, level::TEST))?;
        for (at, keyword) in keywords.iter().enumerate() {
            if at > 0 || !args.is_empty() {
                self.text(", ");
            }
            match &keyword.arg {
                Some(arg) => {
                    self.text(arg);
                    self.text("=");
                }
                None => self.text("**"),
            }
            self.expr(&keyword.value, level::TEST)?;
        }
        self.text(")");
        Ok(())
    }

    fn comprehension(
        &mut self,
        open: &str,
        elt: &Expr,
        value: Option<&Expr>,
        generators: &[Comprehension],
        close: &str,
    ) -> Result {
        self.text(open);
        self.expr(elt, level::TEST)?;
        if let Some(value) = value {
            self.text(": ");
            self.expr(value, level::TEST)?;
        }
        for generator in generators {
            self.text(if generator.is_async { " async for " } else { " for " });
            self.expr(&generator.target, level::TUPLE)?;
            self.text(" in ");
            self.expr(&generator.iter, level::TEST + 1)?;
            for test in &generator.ifs {
                self.text(" if ");
                self.expr(test, level::TEST + 1)?;
            }
        }
        self.text(close);
        Ok(())
    }

    fn arguments(&mut self, args: &Arguments) -> Result {
        let mut first = true;
        let positional = args.posonlyargs.len() + args.args.len();
        let without_default = positional.saturating_sub(args.defaults.len());
        for (at, arg) in args.posonlyargs.iter().chain(&args.args).enumerate() {
            let default = at.checked_sub(without_default).and_then(|at| args.defaults.get(at));
            self.argument(&mut first, "", arg, default)?;
            if at + 1 == args.posonlyargs.len() {
                self.text(", /");
            }
        }
        if args.vararg.is_some() || !args.kwonlyargs.is_empty() {
            match &args.vararg {
                Some(arg) => self.argument(&mut first, "*", arg, None)?,
                None => {
                    self.separator(&mut first);
                    self.text("*");
                }
            }
        }
        for (arg, default) in args.kwonlyargs.iter().zip(&args.kw_defaults) {
            self.argument(&mut first, "", arg, default.as_ref())?;
        }
        if let Some(arg) = &args.kwarg {
            self.argument(&mut first, "**", arg, None)?;
        }
        Ok(())
    }

    fn separator(&mut self, first: &mut bool) {
        if !std::mem::take(first) {
            self.text(", ");
        }
    }

    fn argument(
        &mut self,
        first: &mut bool,
        stars: &str,
        arg: &Arg,
        default: Option<&Expr>,
    ) -> Result {
        self.separator(first);
        self.text(stars);
        self.text(&arg.arg);
        if let Some(annotation) = &arg.annotation {
            self.text(": ");
            self.expr(annotation, level::TEST)?;
        }
        if let Some(default) = default {
            self.text("=");
            self.expr(default, level::TEST)?;
        }
        Ok(())
    }

    fn interpolated(&mut self, prefix: &str, values: &[Expr]) -> Result {
        let mut body = Writer { out: Vec::new(), depth: self.depth };
        body.interpolated_body(values)?;
        self.text(prefix);
        self.str_repr(&body.out);
        Ok(())
    }

    fn interpolated_body(&mut self, values: &[Expr]) -> Result {
        for value in values {
            match &value.kind {
                ExprKind::Constant { value: Constant::Str(text), .. } => {
                    for point in text.code_points() {
                        self.out.push(point);
                        if point == u32::from('{') || point == u32::from('}') {
                            self.out.push(point);
                        }
                    }
                }
                ExprKind::JoinedStr(values) => self.interpolated_body(values)?,
                ExprKind::FormattedValue { value, conversion, format_spec } => {
                    let mut text = Writer { out: Vec::new(), depth: self.depth };
                    text.expr(value, level::TEST + 1)?;
                    self.replacement(text.out, *conversion, format_spec.as_deref())?;
                }
                ExprKind::Interpolation { str, conversion, format_spec, .. } => {
                    let text = match str {
                        Constant::Str(text) => text.code_points().collect(),
                        _ => Vec::new(),
                    };
                    self.replacement(text, *conversion, format_spec.as_deref())?;
                }
                _ => self.expr(value, level::TEST)?,
            }
        }
        Ok(())
    }

    fn replacement(&mut self, text: Vec<u32>, conversion: i32, spec: Option<&Expr>) -> Result {
        let brace = text.first() == Some(&u32::from('{'));
        self.text(if brace { "{ " } else { "{" });
        self.out.extend(text);
        if let Some(conversion) = u32::try_from(conversion).ok().filter(|c| *c > 0) {
            self.text("!");
            self.out.push(conversion);
        }
        if let Some(spec) = spec {
            self.text(":");
            self.interpolated_body(std::slice::from_ref(spec))?;
        }
        self.text("}");
        Ok(())
    }

    fn constant(&mut self, constant: &Constant, source: bool) {
        match constant {
            Constant::None => self.text("None"),
            Constant::Ellipsis => self.text(if source { "..." } else { "Ellipsis" }),
            Constant::Bool(true) => self.text("True"),
            Constant::Bool(false) => self.text("False"),
            Constant::Int(value) => self.text(&value.to_string()),
            Constant::Float(value) => {
                let text = float_repr(*value, true);
                self.text(&if source { text.replace("inf", "1e309") } else { text });
            }
            Constant::Complex(real, imag) => {
                let imag = float_repr(*imag, false);
                let text = if *real == 0.0 && !real.is_sign_negative() {
                    format!("{imag}j")
                } else {
                    let sign = if imag.starts_with('-') { "" } else { "+" };
                    format!("({}{sign}{imag}j)", float_repr(*real, false))
                };
                self.text(&if source { text.replace("inf", "1e309") } else { text });
            }
            Constant::Str(text) => {
                let points: Vec<u32> = text.code_points().collect();
                self.str_repr(&points);
            }
            Constant::Bytes(bytes) => self.bytes_repr(bytes),
            Constant::Tuple(items) => {
                self.text("(");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.text(", ");
                    }
                    self.constant(item, source);
                }
                self.text(if items.len() == 1 { ",)" } else { ")" });
            }
            Constant::FrozenSet(items) => {
                self.text("frozenset({");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.text(", ");
                    }
                    self.constant(item, source);
                }
                self.text("})");
            }
            Constant::Slice(parts) => {
                self.text("slice(");
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        self.text(", ");
                    }
                    self.constant(part, source);
                }
                self.text(")");
            }
            Constant::Code(code) => self.text(&format!("<code object {}>", code.name)),
        }
    }

    fn str_repr(&mut self, points: &[u32]) {
        let single = points.contains(&u32::from('\''));
        let double = points.contains(&u32::from('"'));
        let quote = if single && !double { '"' } else { '\'' };
        self.out.push(u32::from(quote));
        for &point in points {
            match char::from_u32(point) {
                Some(c) if c == quote || c == '\\' => {
                    self.text("\\");
                    self.out.push(point);
                }
                Some('\t') => self.text("\\t"),
                Some('\n') => self.text("\\n"),
                Some('\r') => self.text("\\r"),
                Some(c) if is_printable(c) => self.out.push(point),
                _ => self.text(&match point {
                    0..0x100 => format!("\\x{point:02x}"),
                    0x100..0x1_0000 => format!("\\u{point:04x}"),
                    _ => format!("\\U{point:08x}"),
                }),
            }
        }
        self.out.push(u32::from(quote));
    }

    fn bytes_repr(&mut self, bytes: &[u8]) {
        let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
        self.text("b");
        self.out.push(u32::from(quote));
        for &byte in bytes {
            match byte {
                b'\t' => self.text("\\t"),
                b'\n' => self.text("\\n"),
                b'\r' => self.text("\\r"),
                b'\\' => self.text("\\\\"),
                byte if byte == quote => self.text(if quote == b'"' { "\\\"" } else { "\\'" }),
                b' '..=b'~' => self.out.push(u32::from(byte)),
                _ => self.text(&format!("\\x{byte:02x}")),
            }
        }
        self.out.push(u32::from(quote));
    }
}

/// Whether `repr` shows the character itself.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // After another character `Debug` escapes exactly what is not printable.
    !c.is_whitespace() && !format!("{:?}", format!("a{c}")).contains("\\u{")
}

/// `repr` of a float; in complex numbers without a trailing `.0`.
fn float_repr(value: f64, point: bool) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf".to_owned() } else { "inf".to_owned() };
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{value}");
    if point && !plain.contains('.') { format!("{plain}.0") } else { plain }
}
