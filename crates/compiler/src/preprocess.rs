//! What CPython does to the tree before the symbol table sees it.
//!
//! `"…" % (…)` becomes an f-string, `__debug__` a constant, docstrings go
//! under `-OO`, signed and complex numbers in patterns become constants; and
//! `return`, `break` and `continue` that leave a `finally` block are noticed.
//! All other folding happens in the flow graph.

use bytecode::{ConstStr, Constant};
use num_bigint::BigInt;

use crate::{
    MAX_DEPTH,
    ast::{
        Arguments, Comprehension, Expr, ExprContext, ExprKind, Mod, Operator, Pattern, PatternKind,
        Stmt, StmtKind, TypeParam, TypeParamKind, UnaryOp, docstring,
    },
    error::{CompileError, CompileWarning, Result},
    future::Features,
    instruction_sequence::{Location, NO_LOCATION},
};

/// What to do to the tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) optimize: i32,
    /// Only look for warnings, change nothing.
    pub(crate) syntax_check_only: bool,
    pub(crate) warnings: bool,
}

/// Preprocess `module` in place.
pub(crate) fn preprocess(
    module: &mut Mod,
    features: &Features,
    options: Options,
    warnings: &mut Vec<CompileWarning>,
) -> Result {
    let mut pass = Preprocess {
        options,
        future_annotations: features.annotations(),
        contexts: Vec::new(),
        warnings,
        depth: 0,
    };
    match module {
        Mod::Module(body) => pass.body(body),
        Mod::Interactive(body) => pass.stmts(body),
        Mod::Expression(body) => pass.expr(body),
        Mod::FunctionType { .. } => Ok(()),
    }
}

/// The innermost construct that decides where `return` and `break` go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Finally,
    Function,
    Loop,
}

struct Preprocess<'w> {
    options: Options,
    future_annotations: bool,
    contexts: Vec<Context>,
    warnings: &'w mut Vec<CompileWarning>,
    depth: usize,
}

impl Preprocess<'_> {
    fn deeper(&mut self) -> Result {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(CompileError::recursion()) } else { Ok(()) }
    }

    fn inside(&mut self, context: Context, visit: impl FnOnce(&mut Self) -> Result) -> Result {
        self.contexts.push(context);
        visit(self)?;
        self.contexts.pop();
        Ok(())
    }

    fn leaves_finally(&mut self, keyword: &str, location: Location) {
        let leaves = match self.contexts.last() {
            Some(Context::Finally) => true,
            Some(Context::Loop | Context::Function) | None => false,
        };
        if leaves && self.options.warnings {
            let message = format!("'{keyword}' in a 'finally' block");
            self.warnings.push(CompileWarning::at(location, message));
        }
    }

    fn body(&mut self, body: &mut Vec<Stmt>) -> Result {
        let mut has_docstring = docstring(body).is_some();
        if has_docstring && self.options.optimize >= 2 {
            has_docstring = false;
            if let [only] = body.as_mut_slice() {
                only.kind = StmtKind::Pass;
                only.location.end_line = only.location.line;
                only.location.end_col = only.location.col + 4;
            } else {
                body.remove(0);
            }
        }
        self.stmts(body)?;
        // What was not a docstring before must not become one.
        if !has_docstring
            && docstring(body).is_some()
            && let Some(Stmt { kind: StmtKind::Expr(value), location }) = body.first_mut()
        {
            let inner = std::mem::replace(&mut **value, Expr::constant(Constant::None, *location));
            **value = Expr::new(ExprKind::JoinedStr(vec![inner]), *location);
        }
        Ok(())
    }

    fn stmts(&mut self, body: &mut [Stmt]) -> Result {
        body.iter_mut().try_for_each(|stmt| self.stmt(stmt))
    }

    fn exprs(&mut self, exprs: &mut [Expr]) -> Result {
        exprs.iter_mut().try_for_each(|expr| self.expr(expr))
    }

    fn opt(&mut self, expr: &mut Option<Box<Expr>>) -> Result {
        expr.as_mut().map_or(Ok(()), |expr| self.expr(expr))
    }

    fn stmt(&mut self, stmt: &mut Stmt) -> Result {
        self.deeper()?;
        let location = stmt.location;
        match &mut stmt.kind {
            StmtKind::FunctionDef(def) => {
                self.type_params(&mut def.type_params)?;
                self.arguments(&mut def.args)?;
                let body = &mut def.body;
                self.inside(Context::Function, |pass| pass.body(body))?;
                self.exprs(&mut def.decorator_list)?;
                if !self.future_annotations {
                    self.opt(&mut def.returns)?;
                }
            }
            StmtKind::ClassDef(def) => {
                self.type_params(&mut def.type_params)?;
                self.exprs(&mut def.bases)?;
                for keyword in &mut def.keywords {
                    self.expr(&mut keyword.value)?;
                }
                self.body(&mut def.body)?;
                self.exprs(&mut def.decorator_list)?;
            }
            StmtKind::Return(value) => {
                self.leaves_finally("return", location);
                self.opt(value)?;
            }
            StmtKind::Delete(targets) => self.exprs(targets)?,
            StmtKind::Assign { targets, value } => {
                self.exprs(targets)?;
                self.expr(value)?;
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.expr(target)?;
                self.expr(value)?;
            }
            StmtKind::AnnAssign { target, annotation, value, .. } => {
                self.expr(target)?;
                if !self.future_annotations {
                    self.expr(annotation)?;
                }
                self.opt(value)?;
            }
            StmtKind::TypeAlias { name, type_params, value } => {
                self.expr(name)?;
                self.type_params(type_params)?;
                self.expr(value)?;
            }
            StmtKind::For(node) => {
                self.expr(&mut node.target)?;
                self.expr(&mut node.iter)?;
                let body = &mut node.body;
                self.inside_loop(|pass| pass.stmts(body))?;
                self.stmts(&mut node.orelse)?;
            }
            StmtKind::While { test, body, orelse } => {
                self.expr(test)?;
                self.inside_loop(|pass| pass.stmts(body))?;
                self.stmts(orelse)?;
            }
            StmtKind::If { test, body, orelse } => {
                self.expr(test)?;
                self.stmts(body)?;
                self.stmts(orelse)?;
            }
            StmtKind::With { items, body, .. } => {
                for item in items {
                    self.expr(&mut item.context_expr)?;
                    self.opt(&mut item.optional_vars)?;
                }
                self.stmts(body)?;
            }
            StmtKind::Raise { exc, cause } => {
                self.opt(exc)?;
                self.opt(cause)?;
            }
            StmtKind::Try(node) => {
                self.stmts(&mut node.body)?;
                for handler in &mut node.handlers {
                    self.opt(&mut handler.typ)?;
                    self.stmts(&mut handler.body)?;
                }
                self.stmts(&mut node.orelse)?;
                let finalbody = &mut node.finalbody;
                self.inside(Context::Finally, |pass| pass.stmts(finalbody))?;
            }
            StmtKind::Assert { test, msg } => {
                self.expr(test)?;
                self.opt(msg)?;
            }
            StmtKind::Expr(value) => self.expr(value)?,
            StmtKind::Match { subject, cases } => {
                self.expr(subject)?;
                for case in cases {
                    self.pattern(&mut case.pattern)?;
                    self.opt(&mut case.guard)?;
                    self.stmts(&mut case.body)?;
                }
            }
            StmtKind::Break => self.leaves_finally("break", location),
            StmtKind::Continue => self.leaves_finally("continue", location),
            StmtKind::Import(_)
            | StmtKind::ImportFrom { .. }
            | StmtKind::Global(_)
            | StmtKind::Nonlocal(_)
            | StmtKind::Pass => {}
        }
        self.depth -= 1;
        Ok(())
    }

    /// In a loop `break` stays inside, `return` does not.
    fn inside_loop(&mut self, visit: impl FnOnce(&mut Self) -> Result) -> Result {
        self.inside(Context::Loop, visit)
    }

    fn type_params(&mut self, params: &mut [TypeParam]) -> Result {
        for param in params {
            if let TypeParamKind::TypeVar { bound } = &mut param.kind {
                self.opt(bound)?;
            }
            self.opt(&mut param.default)?;
        }
        Ok(())
    }

    fn arguments(&mut self, args: &mut Arguments) -> Result {
        if !self.future_annotations {
            let all = args
                .posonlyargs
                .iter_mut()
                .chain(&mut args.args)
                .chain(&mut args.kwonlyargs)
                .chain(args.vararg.as_deref_mut())
                .chain(args.kwarg.as_deref_mut());
            for arg in all {
                self.opt(&mut arg.annotation)?;
            }
        }
        for default in args.kw_defaults.iter_mut().flatten() {
            self.expr(default)?;
        }
        self.exprs(&mut args.defaults)
    }

    fn generators(&mut self, generators: &mut [Comprehension]) -> Result {
        for generator in generators {
            self.expr(&mut generator.target)?;
            self.expr(&mut generator.iter)?;
            self.exprs(&mut generator.ifs)?;
        }
        Ok(())
    }

    fn expr(&mut self, expr: &mut Expr) -> Result {
        self.deeper()?;
        match &mut expr.kind {
            ExprKind::BoolOp { values, .. }
            | ExprKind::Set(values)
            | ExprKind::JoinedStr(values)
            | ExprKind::TemplateStr(values) => self.exprs(values)?,
            ExprKind::List { elts, .. } | ExprKind::Tuple { elts, .. } => self.exprs(elts)?,
            ExprKind::NamedExpr { value, .. }
            | ExprKind::UnaryOp { operand: value, .. }
            | ExprKind::Await(value)
            | ExprKind::YieldFrom(value)
            | ExprKind::Attribute { value, .. }
            | ExprKind::Starred { value, .. } => self.expr(value)?,
            ExprKind::BinOp { left, right, .. } => {
                self.expr(left)?;
                self.expr(right)?;
                self.fold_format(expr);
            }
            ExprKind::Lambda(lambda) => {
                self.arguments(&mut lambda.args)?;
                self.expr(&mut lambda.body)?;
            }
            ExprKind::IfExp { test, body, orelse } => {
                self.expr(test)?;
                self.expr(body)?;
                self.expr(orelse)?;
            }
            ExprKind::Dict { keys, values } => {
                for key in keys.iter_mut().flatten() {
                    self.expr(key)?;
                }
                self.exprs(values)?;
            }
            ExprKind::ListComp { elt, generators }
            | ExprKind::SetComp { elt, generators }
            | ExprKind::GeneratorExp { elt, generators } => {
                self.expr(elt)?;
                self.generators(generators)?;
            }
            ExprKind::DictComp { key, value, generators } => {
                self.expr(key)?;
                self.expr(value)?;
                self.generators(generators)?;
            }
            ExprKind::Yield(value) => self.opt(value)?,
            ExprKind::Compare { left, comparators, .. } => {
                self.expr(left)?;
                self.exprs(comparators)?;
            }
            ExprKind::Call { func, args, keywords } => {
                self.expr(func)?;
                self.exprs(args)?;
                for keyword in keywords {
                    self.expr(&mut keyword.value)?;
                }
            }
            ExprKind::FormattedValue { value, format_spec, .. }
            | ExprKind::Interpolation { value, format_spec, .. } => {
                self.expr(value)?;
                self.opt(format_spec)?;
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value)?;
                self.expr(slice)?;
            }
            ExprKind::Slice { lower, upper, step } => {
                self.opt(lower)?;
                self.opt(upper)?;
                self.opt(step)?;
            }
            ExprKind::Name { id, ctx: ExprContext::Load }
                if id == "__debug__" && !self.options.syntax_check_only =>
            {
                let value = Constant::Bool(self.options.optimize == 0);
                expr.kind = ExprKind::Constant { value, unicode: false };
            }
            ExprKind::Name { .. } | ExprKind::Constant { .. } => {}
        }
        self.depth -= 1;
        Ok(())
    }

    fn fold_format(&self, expr: &mut Expr) {
        if self.options.syntax_check_only {
            return;
        }
        let ExprKind::BinOp { left, op: Operator::Mod, right } = &mut expr.kind else { return };
        let (Some(Constant::Str(format)), ExprKind::Tuple { elts, .. }) =
            (left.as_constant(), &mut right.kind)
        else {
            return;
        };
        if elts.iter().any(Expr::is_starred) {
            return;
        }
        let Some(parts) = parse_format(format, elts.len()) else { return };
        let mut args = std::mem::take(elts).into_iter();
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            values.push(match part {
                Part::Literal(text) => Expr::constant(Constant::Str(literal(text)), NO_LOCATION),
                Part::Value { conversion, spec } => {
                    let Some(value) = args.next() else { continue };
                    let location = value.location;
                    let format_spec = (!spec.is_empty()).then(|| {
                        Box::new(Expr::constant(Constant::from(spec.as_str()), NO_LOCATION))
                    });
                    let value = Box::new(value);
                    let kind = ExprKind::FormattedValue { value, conversion, format_spec };
                    Expr::new(kind, location)
                }
            });
        }
        expr.kind = ExprKind::JoinedStr(values);
    }

    fn pattern(&mut self, pattern: &mut Pattern) -> Result {
        self.deeper()?;
        match &mut pattern.kind {
            PatternKind::MatchValue(value) => self.pattern_constant(value)?,
            PatternKind::MatchSingleton(_) | PatternKind::MatchStar(_) => {}
            PatternKind::MatchSequence(patterns) | PatternKind::MatchOr(patterns) => {
                patterns.iter_mut().try_for_each(|pattern| self.pattern(pattern))?;
            }
            PatternKind::MatchMapping { keys, patterns, .. } => {
                for key in keys {
                    self.pattern_constant(key)?;
                }
                patterns.iter_mut().try_for_each(|pattern| self.pattern(pattern))?;
            }
            PatternKind::MatchClass { cls, patterns, kwd_patterns, .. } => {
                self.expr(cls)?;
                patterns.iter_mut().try_for_each(|pattern| self.pattern(pattern))?;
                kwd_patterns.iter_mut().try_for_each(|pattern| self.pattern(pattern))?;
            }
            PatternKind::MatchAs { pattern, .. } => {
                if let Some(pattern) = pattern {
                    self.pattern(pattern)?;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// `-1` and `1 + 2j` in patterns.
    fn pattern_constant(&mut self, expr: &mut Expr) -> Result {
        if self.options.syntax_check_only {
            return Ok(());
        }
        let folded = match &mut expr.kind {
            ExprKind::UnaryOp { op: UnaryOp::USub, operand } => {
                operand.as_constant().and_then(negate)
            }
            ExprKind::BinOp { left, op: op @ (Operator::Add | Operator::Sub), right } => {
                self.deeper()?;
                self.pattern_constant(left)?;
                self.depth -= 1;
                match (left.as_constant(), right.as_constant()) {
                    (Some(left), Some(right)) => add(left, right, *op == Operator::Sub),
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(value) = folded {
            expr.kind = ExprKind::Constant { value, unicode: false };
        }
        Ok(())
    }
}

fn negate(value: &Constant) -> Option<Constant> {
    Some(match value {
        Constant::Int(value) => Constant::Int(-value),
        Constant::Bool(value) => Constant::Int(-BigInt::from(u8::from(*value))),
        Constant::Float(value) => Constant::Float(-value),
        Constant::Complex(real, imag) => Constant::Complex(-real, -imag),
        _ => return None,
    })
}

fn add(left: &Constant, right: &Constant, subtract: bool) -> Option<Constant> {
    let Constant::Complex(real, imag) = right else { return None };
    let left = match left {
        Constant::Int(value) => value.to_string().parse().ok()?,
        Constant::Float(value) => *value,
        _ => return None,
    };
    Some(if subtract {
        Constant::Complex(left - real, -imag)
    } else {
        Constant::Complex(left + real, *imag)
    })
}

enum Part {
    Literal(Vec<u32>),
    Value { conversion: i32, spec: String },
}

/// The parts of a `%` format with `count` arguments, if an f-string can say it.
fn parse_format(format: &ConstStr, count: usize) -> Option<Vec<Part>> {
    const PERCENT: u32 = '%' as u32;
    let points: Vec<u32> = format.code_points().collect();
    let mut parts = Vec::new();
    let mut at = 0;
    let mut used = 0;
    loop {
        let mut literal = Vec::new();
        while let Some(&point) = points.get(at) {
            if point == PERCENT {
                if points.get(at + 1) != Some(&PERCENT) {
                    break;
                }
                at += 1;
            }
            literal.push(point);
            at += 1;
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        if at >= points.len() {
            return (used == count).then_some(parts);
        }
        if used >= count {
            return None;
        }
        used += 1;
        at += 1;
        parts.push(parse_unit(&points, &mut at)?);
    }
}

/// The constant for text between the conversions. That of `%%` alone was `%%`
/// before, so it is not the one that all strings of one character are.
fn literal(text: Vec<u32>) -> ConstStr {
    let is_percent = text == ['%' as u32];
    let text = ConstStr::from_code_points(text);
    if is_percent { text.unshared() } else { text }
}

/// At most this many digits less one in a width or precision.
const MAX_DIGITS: usize = 3;

fn parse_unit(points: &[u32], at: &mut usize) -> Option<Part> {
    let mut next = || {
        let c = points.get(*at).and_then(|point| char::from_u32(*point));
        *at += 1;
        c
    };
    let mut left = false;
    let mut c = next()?;
    while matches!(c, '-' | '+' | ' ' | '#' | '0') {
        left |= c == '-';
        c = next()?;
    }
    let mut width = None;
    if c.is_ascii_digit() {
        let mut digits = 0;
        let mut value = 0;
        while let Some(digit) = c.to_digit(10).filter(|_| c.is_ascii_digit()) {
            value = value * 10 + digit;
            c = next()?;
            digits += 1;
            if digits >= MAX_DIGITS {
                return None;
            }
        }
        width = Some(value);
    }
    let mut precision = None;
    if c == '.' {
        c = next()?;
        let mut digits = 0;
        let mut value = 0;
        while let Some(digit) = c.to_digit(10).filter(|_| c.is_ascii_digit()) {
            value = value * 10 + digit;
            c = next()?;
            digits += 1;
            if digits >= MAX_DIGITS {
                return None;
            }
        }
        precision = Some(value);
    }
    if !matches!(c, 's' | 'r' | 'a') {
        return None;
    }
    let mut spec = String::new();
    if let Some(width) = width {
        if !left && width > 0 {
            spec.push('>');
        }
        spec.push_str(&width.to_string());
    }
    if let Some(precision) = precision {
        spec.push_str(&format!(".{precision}"));
    }
    Some(Part::Value { conversion: c as i32, spec })
}
