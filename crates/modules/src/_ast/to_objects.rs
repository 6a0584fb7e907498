//! Syntax trees of the compiler as objects.

use compiler::{
    TypeComments,
    ast::{
        Alias, Arg, Arguments, BoolOp, CmpOp, Comprehension, ExceptHandler, Expr, ExprContext,
        ExprKind, Keyword, MatchCase, Mod, Name, Operator, Pattern, PatternKind, Stmt, StmtKind,
        TypeParam, TypeParamKind, UnaryOp, WithItem,
    },
    instruction_sequence::Location,
};
use object::{AsObject, Dict, Int, IntoObject, List, Ref, Result, Str, Thread, id, types};

use super::{
    classes::{Ast, State, state},
    nodes::Kind,
};
use crate::compile::constant;

/// The tree as an `ast.mod`.
pub(crate) fn to_objects(th: Thread<'_>, module: &Mod, comments: &TypeComments) -> Result {
    let writer = Writer { th, state: state(th)?, comments };
    match module {
        Mod::Module(body) => {
            let ignores = writer.all(&comments.ignores, |(line, tag)| {
                let values = vec![writer.int(*line)?, Str::new(th, tag)?.upcast()];
                writer.node(Kind::TypeIgnore, values)
            })?;
            writer.node(Kind::Module, vec![writer.stmts(body)?, ignores])
        }
        Mod::Interactive(body) => writer.node(Kind::Interactive, vec![writer.stmts(body)?]),
        Mod::Expression(body) => writer.node(Kind::Expression, vec![writer.expr(body)?]),
        Mod::FunctionType { argtypes, returns } => {
            writer.node(Kind::FunctionType, vec![writer.exprs(argtypes)?, writer.expr(returns)?])
        }
    }
}

struct Writer<'a> {
    th: Thread<'a>,
    state: &'static State,
    comments: &'a TypeComments,
}

impl Writer<'_> {
    fn dict(&self, kind: Kind, values: Vec<Ref>) -> Result<Ref<Dict>> {
        let dict = Dict::new(self.th)?;
        for (name, value) in self.state.class(kind).fields.iter().zip(&values) {
            dict.set_name(self.th, name, value.obj())?;
        }
        Ok(dict)
    }

    fn node(&self, kind: Kind, values: Vec<Ref>) -> Result {
        let dict = self.dict(kind, values)?;
        Ast::with_dict(self.th, &self.state.class(kind).ty, dict)
    }

    fn at(&self, kind: Kind, values: Vec<Ref>, location: Location) -> Result {
        let th = self.th;
        let dict = self.dict(kind, values)?;
        let positions = [
            (id!(th, "lineno"), location.line),
            (id!(th, "col_offset"), location.col),
            (id!(th, "end_lineno"), location.end_line),
            (id!(th, "end_col_offset"), location.end_col),
        ];
        for (name, value) in positions {
            dict.set_name(th, name, Int::from_i64(th, i64::from(value))?.obj())?;
        }
        Ast::with_dict(th, &self.state.class(kind).ty, dict)
    }

    fn none(&self) -> Ref {
        types::none().own()
    }

    fn int(&self, value: i32) -> Result {
        Int::from_i64(self.th, i64::from(value))
    }

    fn name(&self, name: &Name) -> Result {
        Ok(Str::intern(self.th, name.as_str())?.upcast())
    }

    fn opt_name(&self, name: Option<&Name>) -> Result {
        name.map_or_else(|| Ok(self.none()), |name| self.name(name))
    }

    fn all<T>(&self, items: &[T], each: impl Fn(&T) -> Result) -> Result {
        let list = List::new(self.th)?;
        for item in items {
            list.push(self.th, each(item)?)?;
        }
        list.into_object(self.th)
    }

    fn names(&self, names: &[Name]) -> Result {
        self.all(names, |name| self.name(name))
    }

    fn stmts(&self, body: &[Stmt]) -> Result {
        self.all(body, |stmt| self.stmt(stmt))
    }

    fn exprs(&self, exprs: &[Expr]) -> Result {
        self.all(exprs, |expr| self.expr(expr))
    }

    fn opt(&self, expr: Option<&Expr>) -> Result {
        expr.map_or_else(|| Ok(self.none()), |expr| self.expr(expr))
    }

    fn comment(&self, stmt: &Stmt) -> Result {
        self.opt_text(self.comments.of_statement(stmt.location))
    }

    fn opt_text(&self, text: Option<&str>) -> Result {
        text.map_or_else(|| Ok(self.none()), |text| Ok(Str::new(self.th, text)?.upcast()))
    }

    fn stmt(&self, stmt: &Stmt) -> Result {
        self.th.check_stack(" during ast construction")?;
        let (kind, values) = match &stmt.kind {
            StmtKind::FunctionDef(def) => (
                if def.is_async { Kind::AsyncFunctionDef } else { Kind::FunctionDef },
                vec![
                    self.name(&def.name)?,
                    self.arguments(&def.args)?,
                    self.stmts(&def.body)?,
                    self.exprs(&def.decorator_list)?,
                    self.opt(def.returns.as_deref())?,
                    self.comment(stmt)?,
                    self.type_params(&def.type_params)?,
                ],
            ),
            StmtKind::ClassDef(def) => (
                Kind::ClassDef,
                vec![
                    self.name(&def.name)?,
                    self.exprs(&def.bases)?,
                    self.keywords(&def.keywords)?,
                    self.stmts(&def.body)?,
                    self.exprs(&def.decorator_list)?,
                    self.type_params(&def.type_params)?,
                ],
            ),
            StmtKind::Return(value) => (Kind::Return, vec![self.opt(value.as_deref())?]),
            StmtKind::Delete(targets) => (Kind::Delete, vec![self.exprs(targets)?]),
            StmtKind::Assign { targets, value } => {
                (Kind::Assign, vec![self.exprs(targets)?, self.expr(value)?, self.comment(stmt)?])
            }
            StmtKind::TypeAlias { name, type_params, value } => (
                Kind::TypeAlias,
                vec![self.expr(name)?, self.type_params(type_params)?, self.expr(value)?],
            ),
            StmtKind::AugAssign { target, op, value } => {
                (Kind::AugAssign, vec![self.expr(target)?, self.operator(*op)?, self.expr(value)?])
            }
            StmtKind::AnnAssign { target, annotation, value, simple } => (
                Kind::AnnAssign,
                vec![
                    self.expr(target)?,
                    self.expr(annotation)?,
                    self.opt(value.as_deref())?,
                    self.int(i32::from(*simple))?,
                ],
            ),
            StmtKind::For(node) => (
                if node.is_async { Kind::AsyncFor } else { Kind::For },
                vec![
                    self.expr(&node.target)?,
                    self.expr(&node.iter)?,
                    self.stmts(&node.body)?,
                    self.stmts(&node.orelse)?,
                    self.comment(stmt)?,
                ],
            ),
            StmtKind::While { test, body, orelse } => {
                (Kind::While, vec![self.expr(test)?, self.stmts(body)?, self.stmts(orelse)?])
            }
            StmtKind::If { test, body, orelse } => {
                (Kind::If, vec![self.expr(test)?, self.stmts(body)?, self.stmts(orelse)?])
            }
            StmtKind::With { items, body, is_async } => (
                if *is_async { Kind::AsyncWith } else { Kind::With },
                vec![
                    self.all(items, |item| self.with_item(item))?,
                    self.stmts(body)?,
                    self.comment(stmt)?,
                ],
            ),
            StmtKind::Match { subject, cases } => (
                Kind::Match,
                vec![self.expr(subject)?, self.all(cases, |case| self.match_case(case))?],
            ),
            StmtKind::Raise { exc, cause } => {
                (Kind::Raise, vec![self.opt(exc.as_deref())?, self.opt(cause.as_deref())?])
            }
            StmtKind::Try(node) => (
                if node.is_star { Kind::TryStar } else { Kind::Try },
                vec![
                    self.stmts(&node.body)?,
                    self.all(&node.handlers, |handler| self.handler(handler))?,
                    self.stmts(&node.orelse)?,
                    self.stmts(&node.finalbody)?,
                ],
            ),
            StmtKind::Assert { test, msg } => {
                (Kind::Assert, vec![self.expr(test)?, self.opt(msg.as_deref())?])
            }
            StmtKind::Import(names) => {
                (Kind::Import, vec![self.all(names, |alias| self.alias(alias))?])
            }
            StmtKind::ImportFrom { module, names, level } => (
                Kind::ImportFrom,
                vec![
                    self.opt_name(module.as_ref())?,
                    self.all(names, |alias| self.alias(alias))?,
                    self.int(*level as i32)?,
                ],
            ),
            StmtKind::Global(names) => (Kind::Global, vec![self.names(names)?]),
            StmtKind::Nonlocal(names) => (Kind::Nonlocal, vec![self.names(names)?]),
            StmtKind::Expr(value) => (Kind::Expr, vec![self.expr(value)?]),
            StmtKind::Pass => (Kind::Pass, vec![]),
            StmtKind::Break => (Kind::Break, vec![]),
            StmtKind::Continue => (Kind::Continue, vec![]),
        };
        self.at(kind, values, stmt.location)
    }

    fn expr(&self, expr: &Expr) -> Result {
        self.th.check_stack(" during ast construction")?;
        let th = self.th;
        let generators = |generators: &[Comprehension]| {
            self.all(generators, |generator| self.comprehension(generator))
        };
        let (kind, values) = match &expr.kind {
            ExprKind::BoolOp { op, values } => {
                let op = match op {
                    BoolOp::And => Kind::And,
                    BoolOp::Or => Kind::Or,
                };
                (Kind::BoolOp, vec![self.state.singleton(th, op)?, self.exprs(values)?])
            }
            ExprKind::NamedExpr { target, value } => {
                (Kind::NamedExpr, vec![self.expr(target)?, self.expr(value)?])
            }
            ExprKind::BinOp { left, op, right } => {
                (Kind::BinOp, vec![self.expr(left)?, self.operator(*op)?, self.expr(right)?])
            }
            ExprKind::UnaryOp { op, operand } => {
                let op = match op {
                    UnaryOp::Invert => Kind::Invert,
                    UnaryOp::Not => Kind::Not,
                    UnaryOp::UAdd => Kind::UAdd,
                    UnaryOp::USub => Kind::USub,
                };
                (Kind::UnaryOp, vec![self.state.singleton(th, op)?, self.expr(operand)?])
            }
            ExprKind::Lambda(node) => {
                (Kind::Lambda, vec![self.arguments(&node.args)?, self.expr(&node.body)?])
            }
            ExprKind::IfExp { test, body, orelse } => {
                (Kind::IfExp, vec![self.expr(test)?, self.expr(body)?, self.expr(orelse)?])
            }
            ExprKind::Dict { keys, values } => (
                Kind::Dict,
                vec![self.all(keys, |key| self.opt(key.as_ref()))?, self.exprs(values)?],
            ),
            ExprKind::Set(elts) => (Kind::Set, vec![self.exprs(elts)?]),
            ExprKind::ListComp { elt, generators: parts } => {
                (Kind::ListComp, vec![self.expr(elt)?, generators(parts)?])
            }
            ExprKind::SetComp { elt, generators: parts } => {
                (Kind::SetComp, vec![self.expr(elt)?, generators(parts)?])
            }
            ExprKind::DictComp { key, value, generators: parts } => {
                (Kind::DictComp, vec![self.expr(key)?, self.expr(value)?, generators(parts)?])
            }
            ExprKind::GeneratorExp { elt, generators: parts } => {
                (Kind::GeneratorExp, vec![self.expr(elt)?, generators(parts)?])
            }
            ExprKind::Await(value) => (Kind::Await, vec![self.expr(value)?]),
            ExprKind::Yield(value) => (Kind::Yield, vec![self.opt(value.as_deref())?]),
            ExprKind::YieldFrom(value) => (Kind::YieldFrom, vec![self.expr(value)?]),
            ExprKind::Compare { left, ops, comparators } => (
                Kind::Compare,
                vec![
                    self.expr(left)?,
                    self.all(ops, |op| self.cmp_op(*op))?,
                    self.exprs(comparators)?,
                ],
            ),
            ExprKind::Call { func, args, keywords } => {
                (Kind::Call, vec![self.expr(func)?, self.exprs(args)?, self.keywords(keywords)?])
            }
            ExprKind::FormattedValue { value, conversion, format_spec } => (
                Kind::FormattedValue,
                vec![self.expr(value)?, self.int(*conversion)?, self.opt(format_spec.as_deref())?],
            ),
            ExprKind::Interpolation { value, str, conversion, format_spec } => (
                Kind::Interpolation,
                vec![
                    self.expr(value)?,
                    constant(th, str)?,
                    self.int(*conversion)?,
                    self.opt(format_spec.as_deref())?,
                ],
            ),
            ExprKind::JoinedStr(values) => (Kind::JoinedStr, vec![self.exprs(values)?]),
            ExprKind::TemplateStr(values) => (Kind::TemplateStr, vec![self.exprs(values)?]),
            ExprKind::Constant { value, unicode } => {
                let kind = if *unicode { id!(th, "u").obj().own() } else { self.none() };
                (Kind::Constant, vec![constant(th, value)?, kind])
            }
            ExprKind::Attribute { value, attr, ctx } => {
                (Kind::Attribute, vec![self.expr(value)?, self.name(attr)?, self.context(*ctx)?])
            }
            ExprKind::Subscript { value, slice, ctx } => {
                (Kind::Subscript, vec![self.expr(value)?, self.expr(slice)?, self.context(*ctx)?])
            }
            ExprKind::Starred { value, ctx } => {
                (Kind::Starred, vec![self.expr(value)?, self.context(*ctx)?])
            }
            ExprKind::Name { id, ctx } => (Kind::Name, vec![self.name(id)?, self.context(*ctx)?]),
            ExprKind::List { elts, ctx } => {
                (Kind::List, vec![self.exprs(elts)?, self.context(*ctx)?])
            }
            ExprKind::Tuple { elts, ctx } => {
                (Kind::Tuple, vec![self.exprs(elts)?, self.context(*ctx)?])
            }
            ExprKind::Slice { lower, upper, step } => (
                Kind::Slice,
                vec![
                    self.opt(lower.as_deref())?,
                    self.opt(upper.as_deref())?,
                    self.opt(step.as_deref())?,
                ],
            ),
        };
        self.at(kind, values, expr.location)
    }

    fn context(&self, context: ExprContext) -> Result {
        let kind = match context {
            ExprContext::Load => Kind::Load,
            ExprContext::Store => Kind::Store,
            ExprContext::Del => Kind::Del,
        };
        self.state.singleton(self.th, kind)
    }

    fn operator(&self, op: Operator) -> Result {
        let kind = match op {
            Operator::Add => Kind::Add,
            Operator::Sub => Kind::Sub,
            Operator::Mult => Kind::Mult,
            Operator::MatMult => Kind::MatMult,
            Operator::Div => Kind::Div,
            Operator::Mod => Kind::Mod,
            Operator::Pow => Kind::Pow,
            Operator::LShift => Kind::LShift,
            Operator::RShift => Kind::RShift,
            Operator::BitOr => Kind::BitOr,
            Operator::BitXor => Kind::BitXor,
            Operator::BitAnd => Kind::BitAnd,
            Operator::FloorDiv => Kind::FloorDiv,
        };
        self.state.singleton(self.th, kind)
    }

    fn cmp_op(&self, op: CmpOp) -> Result {
        let kind = match op {
            CmpOp::Eq => Kind::Eq,
            CmpOp::NotEq => Kind::NotEq,
            CmpOp::Lt => Kind::Lt,
            CmpOp::LtE => Kind::LtE,
            CmpOp::Gt => Kind::Gt,
            CmpOp::GtE => Kind::GtE,
            CmpOp::Is => Kind::Is,
            CmpOp::IsNot => Kind::IsNot,
            CmpOp::In => Kind::In,
            CmpOp::NotIn => Kind::NotIn,
        };
        self.state.singleton(self.th, kind)
    }

    fn comprehension(&self, part: &Comprehension) -> Result {
        let values = vec![
            self.expr(&part.target)?,
            self.expr(&part.iter)?,
            self.exprs(&part.ifs)?,
            self.int(i32::from(part.is_async))?,
        ];
        self.node(Kind::Comprehension, values)
    }

    fn arguments(&self, args: &Arguments) -> Result {
        let all = |args: &[Arg]| self.all(args, |arg| self.arg(arg));
        let one = |arg: &Option<Box<Arg>>| match arg {
            Some(arg) => self.arg(arg),
            None => Ok(self.none()),
        };
        let values = vec![
            all(&args.posonlyargs)?,
            all(&args.args)?,
            one(&args.vararg)?,
            all(&args.kwonlyargs)?,
            self.all(&args.kw_defaults, |default| self.opt(default.as_ref()))?,
            one(&args.kwarg)?,
            self.exprs(&args.defaults)?,
        ];
        self.node(Kind::Arguments, values)
    }

    fn arg(&self, arg: &Arg) -> Result {
        let comment = self.opt_text(self.comments.of_argument(arg.location))?;
        let values = vec![self.name(&arg.arg)?, self.opt(arg.annotation.as_deref())?, comment];
        self.at(Kind::Arg, values, arg.location)
    }

    fn keywords(&self, keywords: &[Keyword]) -> Result {
        self.all(keywords, |keyword| {
            let values = vec![self.opt_name(keyword.arg.as_ref())?, self.expr(&keyword.value)?];
            self.at(Kind::Keyword, values, keyword.location)
        })
    }

    fn alias(&self, alias: &Alias) -> Result {
        let values = vec![self.name(&alias.name)?, self.opt_name(alias.asname.as_ref())?];
        self.at(Kind::Alias, values, alias.location)
    }

    fn with_item(&self, item: &WithItem) -> Result {
        let values = vec![self.expr(&item.context_expr)?, self.opt(item.optional_vars.as_deref())?];
        self.node(Kind::WithItem, values)
    }

    fn handler(&self, handler: &ExceptHandler) -> Result {
        let values = vec![
            self.opt(handler.typ.as_deref())?,
            self.opt_name(handler.name.as_ref())?,
            self.stmts(&handler.body)?,
        ];
        self.at(Kind::ExceptHandler, values, handler.location)
    }

    fn match_case(&self, case: &MatchCase) -> Result {
        let values = vec![
            self.pattern(&case.pattern)?,
            self.opt(case.guard.as_deref())?,
            self.stmts(&case.body)?,
        ];
        self.node(Kind::MatchCase, values)
    }

    fn patterns(&self, patterns: &[Pattern]) -> Result {
        self.all(patterns, |pattern| self.pattern(pattern))
    }

    fn pattern(&self, pattern: &Pattern) -> Result {
        self.th.check_stack(" during ast construction")?;
        let (kind, values) = match &pattern.kind {
            PatternKind::MatchValue(value) => (Kind::MatchValue, vec![self.expr(value)?]),
            PatternKind::MatchSingleton(value) => {
                (Kind::MatchSingleton, vec![constant(self.th, value)?])
            }
            PatternKind::MatchSequence(patterns) => {
                (Kind::MatchSequence, vec![self.patterns(patterns)?])
            }
            PatternKind::MatchMapping { keys, patterns, rest } => (
                Kind::MatchMapping,
                vec![self.exprs(keys)?, self.patterns(patterns)?, self.opt_name(rest.as_ref())?],
            ),
            PatternKind::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => (
                Kind::MatchClass,
                vec![
                    self.expr(cls)?,
                    self.patterns(patterns)?,
                    self.names(kwd_attrs)?,
                    self.patterns(kwd_patterns)?,
                ],
            ),
            PatternKind::MatchStar(name) => (Kind::MatchStar, vec![self.opt_name(name.as_ref())?]),
            PatternKind::MatchAs { pattern, name } => {
                let pattern = match pattern {
                    Some(pattern) => self.pattern(pattern)?,
                    None => self.none(),
                };
                (Kind::MatchAs, vec![pattern, self.opt_name(name.as_ref())?])
            }
            PatternKind::MatchOr(patterns) => (Kind::MatchOr, vec![self.patterns(patterns)?]),
        };
        self.at(kind, values, pattern.location)
    }

    fn type_params(&self, params: &[TypeParam]) -> Result {
        self.all(params, |param| {
            let name = self.name(&param.name)?;
            let default = self.opt(param.default.as_deref())?;
            let (kind, values) = match &param.kind {
                TypeParamKind::TypeVar { bound } => {
                    (Kind::TypeVar, vec![name, self.opt(bound.as_deref())?, default])
                }
                TypeParamKind::ParamSpec => (Kind::ParamSpec, vec![name, default]),
                TypeParamKind::TypeVarTuple => (Kind::TypeVarTuple, vec![name, default]),
            };
            self.at(kind, values, param.location)
        })
    }
}
