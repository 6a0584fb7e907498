//! Objects as syntax trees of the compiler, checked on the way.
//!
//! A program can put anything into a node. What comes out of here has the
//! shape that the compiler relies on: required parts are there, contexts fit,
//! constants are constants. The messages are those of CPython's conversion and
//! of its validator.

use compiler::{
    Mode,
    ast::{
        Alias, Arg, Arguments, BoolOp, ClassDef, CmpOp, Comprehension, ExceptHandler, Expr,
        ExprContext, ExprKind, For, FunctionDef, Keyword, Lambda, MatchCase, Mod, Name, Operator,
        Stmt, StmtKind, Try, TypeParam, TypeParamKind, UnaryOp, WithItem,
    },
    instruction_sequence::Location,
};
use object::{AsObject, Int, List, Obj, Protocol, Ref, Result, Str, Thread, raise};

use super::{
    classes::{State, state},
    nodes::{Kind, Positions},
};
use crate::compile::from_constant;

/// The tree that `object` is the root of, for `compile` in `mode`.
pub(crate) fn to_tree(th: Thread<'_>, object: Obj<'_>, mode: Mode) -> Result<Mod> {
    let reader = Reader { th, state: state(th)? };
    let expected = check_mode(th, object, mode)?;
    let node = Node { object, kind: expected };
    Ok(match expected {
        Kind::Module => Mod::Module(reader.stmts(node, "body")?),
        Kind::Interactive => Mod::Interactive(reader.stmts(node, "body")?),
        Kind::Expression => Mod::Expression(reader.expr(node, "body", ExprContext::Load)?),
        _ => Mod::FunctionType {
            argtypes: reader.exprs(node, "argtypes", ExprContext::Load)?,
            returns: reader.expr(node, "returns", ExprContext::Load)?,
        },
    })
}

/// The kind of root that `mode` wants, which `object` must have.
pub(crate) fn check_mode(th: Thread<'_>, object: Obj<'_>, mode: Mode) -> Result<Kind> {
    let expected = match mode {
        Mode::Exec => Kind::Module,
        Mode::Eval => Kind::Expression,
        Mode::Single => Kind::Interactive,
        Mode::FuncType => Kind::FunctionType,
    };
    if state(th)?.kind_of(object) != Some(expected) {
        raise!(th, TypeError, "expected {} node, got {}", expected.row().name, object.type_name());
    }
    Ok(expected)
}

const LOAD: ExprContext = ExprContext::Load;
const STORE: ExprContext = ExprContext::Store;

/// An object that is read as a node of a class.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) object: Obj<'a>,
    pub(super) kind: Kind,
}

impl Node<'_> {
    fn name(self) -> &'static str {
        self.kind.row().name
    }
}

pub(super) struct Reader<'a> {
    pub(super) th: Thread<'a>,
    state: &'static State,
}

impl Reader<'_> {
    /// An attribute; `None` if it is missing or `None`.
    pub(super) fn opt_field(&self, object: Obj<'_>, name: &str) -> Result<Option<Ref>> {
        let value = object.getattr_opt(self.th, &*Str::intern(self.th, name)?)?;
        Ok(value.filter(|value| !value.obj().is_none()))
    }

    pub(super) fn field(&self, node: Node<'_>, name: &str) -> Result<Ref> {
        match node.object.getattr_opt(self.th, &*Str::intern(self.th, name)?)? {
            Some(value) => Ok(value),
            None => {
                raise!(self.th, TypeError, "required field \"{name}\" missing from {}", node.name())
            }
        }
    }

    fn is_required<T>(&self, node: Node<'_>, name: &str) -> Result<T> {
        raise!(self.th, ValueError, "field '{name}' is required for {}", node.name())
    }

    pub(super) fn list(&self, node: Node<'_>, name: &str) -> Result<Vec<Ref>> {
        let value = node.object.getattr_opt(self.th, &*Str::intern(self.th, name)?)?;
        let Some(value) = value else { return Ok(Vec::new()) };
        match value.obj().downcast::<List>() {
            // SAFETY: owning the items runs no code.
            Some(list) => Ok(unsafe { list.items() }.iter().map(|item| item.own()).collect()),
            None => raise!(
                self.th,
                TypeError,
                "{} field \"{name}\" must be a list, not a {}",
                node.name(),
                value.obj().type_name()
            ),
        }
    }

    fn non_empty(&self, node: Node<'_>, name: &str) -> Result<Vec<Ref>> {
        let items = self.list(node, name)?;
        if items.is_empty() {
            raise!(self.th, ValueError, "empty {name} on {}", node.name());
        }
        Ok(items)
    }

    fn int(&self, value: Obj<'_>) -> Result<i32> {
        if !Int::is_int(value) {
            raise!(self.th, ValueError, "invalid integer value: {}", value.repr(self.th)?);
        }
        match Int::to_i64(value).and_then(|value| i32::try_from(value).ok()) {
            Some(value) => Ok(value),
            None => raise!(self.th, OverflowError, "Python int too large to convert to C int"),
        }
    }

    fn identifier(&self, value: Obj<'_>) -> Result<Name> {
        match value.downcast_exact::<Str>() {
            Some(text) => Ok(Name::new(text.to_utf8(self.th)?)),
            None => raise!(self.th, TypeError, "AST identifier must be of type str"),
        }
    }

    /// A required identifier.
    fn name_field(&self, node: Node<'_>, name: &str) -> Result<Name> {
        let value = self.field(node, name)?;
        if value.obj().is_none() {
            return self.is_required(node, name);
        }
        self.identifier(value.obj())
    }

    pub(super) fn opt_name(&self, node: Node<'_>, name: &str) -> Result<Option<Name>> {
        let value = self.opt_field(node.object, name)?;
        value.map(|value| self.identifier(value.obj())).transpose()
    }

    /// A name that is bound or looked up: not a constant's.
    pub(super) fn variable(&self, name: Name) -> Result<Name> {
        if matches!(name.as_str(), "None" | "True" | "False") {
            raise!(self.th, ValueError, "identifier field can't represent '{name}' constant");
        }
        Ok(name)
    }

    fn opt_variable(&self, node: Node<'_>, name: &str) -> Result<Option<Name>> {
        self.opt_name(node, name)?.map(|name| self.variable(name)).transpose()
    }

    pub(super) fn names(&self, node: Node<'_>, name: &str) -> Result<Vec<Name>> {
        self.list(node, name)?.iter().map(|item| self.identifier(item.obj())).collect()
    }

    /// The class of `object`, one of the alternatives of `sum`.
    pub(super) fn kind(&self, object: Obj<'_>, sum: Kind) -> Result<Kind> {
        let kind = self.state.kind_of(object);
        match kind.filter(|kind| kind.row().base == sum.row().name) {
            Some(kind) => Ok(kind),
            None => raise!(
                self.th,
                TypeError,
                "expected some sort of {}, but got {}",
                sum.row().name,
                object.repr(self.th)?
            ),
        }
    }

    /// The position of a node, read from the attributes of `owner`.
    pub(super) fn location(&self, object: Obj<'_>, owner: Kind) -> Result<Location> {
        let node = Node { object, kind: owner };
        let line = self.int(self.field(node, "lineno")?.obj())?;
        let col = self.int(self.field(node, "col_offset")?.obj())?;
        let required = owner.row().positions == Positions::Required;
        let end = |name: &str, default: i32| -> Result<i32> {
            if required {
                return self.int(self.field(node, name)?.obj());
            }
            match self.opt_field(object, name)? {
                Some(value) => self.int(value.obj()),
                None => Ok(default),
            }
        };
        let end_line = end("end_lineno", line)?;
        let end_col = end("end_col_offset", col)?;
        if line > end_line {
            raise!(self.th, ValueError, "AST node line range ({line}, {end_line}) is not valid");
        }
        if line < 0 && end_line != line || col < 0 && col != end_col {
            raise!(
                self.th,
                ValueError,
                "AST node column range ({col}, {end_col}) for line range ({line}, {end_line}) is \
                 not valid"
            );
        }
        if line == end_line && col > end_col {
            raise!(self.th, ValueError, "line {line}, column {col}-{end_col} is not a valid range");
        }
        Ok(Location { line, end_line, col, end_col })
    }

    fn stmts(&self, node: Node<'_>, name: &str) -> Result<Vec<Stmt>> {
        let items = self.list(node, name)?;
        items.iter().map(|item| self.stmt(item.obj())).collect()
    }

    fn body(&self, node: Node<'_>) -> Result<Vec<Stmt>> {
        self.non_empty(node, "body")?.iter().map(|item| self.stmt(item.obj())).collect()
    }

    pub(super) fn expr(
        &self,
        node: Node<'_>,
        name: &str,
        context: ExprContext,
    ) -> Result<Box<Expr>> {
        let value = self.field(node, name)?;
        if value.obj().is_none() {
            return self.is_required(node, name);
        }
        self.expression(value.obj(), context).map(Box::new)
    }

    fn opt_expr(
        &self,
        node: Node<'_>,
        name: &str,
        context: ExprContext,
    ) -> Result<Option<Box<Expr>>> {
        let value = self.opt_field(node.object, name)?;
        value.map(|value| self.expression(value.obj(), context).map(Box::new)).transpose()
    }

    fn each(&self, items: &[Ref], context: ExprContext) -> Result<Vec<Expr>> {
        let each = |item: &Ref| {
            if item.obj().is_none() {
                raise!(self.th, ValueError, "None disallowed in expression list");
            }
            self.expression(item.obj(), context)
        };
        items.iter().map(each).collect()
    }

    fn exprs(&self, node: Node<'_>, name: &str, context: ExprContext) -> Result<Vec<Expr>> {
        self.each(&self.list(node, name)?, context)
    }

    fn targets(&self, node: Node<'_>, context: ExprContext) -> Result<Vec<Expr>> {
        self.each(&self.non_empty(node, "targets")?, context)
    }

    fn stmt(&self, object: Obj<'_>) -> Result<Stmt> {
        let th = self.th;
        th.check_stack(" while traversing 'stmt' node")?;
        if object.is_none() {
            raise!(th, ValueError, "None disallowed in statement list");
        }
        let location = self.location(object, Kind::SumStmt)?;
        let kind = self.kind(object, Kind::SumStmt)?;
        let node = Node { object, kind };
        let kind = match kind {
            Kind::FunctionDef | Kind::AsyncFunctionDef => {
                StmtKind::FunctionDef(Box::new(FunctionDef {
                    name: self.variable(self.name_field(node, "name")?)?,
                    args: self.arguments(node)?,
                    body: self.body(node)?,
                    decorator_list: self.exprs(node, "decorator_list", LOAD)?,
                    returns: self.opt_expr(node, "returns", LOAD)?,
                    type_params: self.type_params(node)?,
                    is_async: kind == Kind::AsyncFunctionDef,
                }))
            }
            Kind::ClassDef => StmtKind::ClassDef(Box::new(ClassDef {
                name: self.variable(self.name_field(node, "name")?)?,
                bases: self.exprs(node, "bases", LOAD)?,
                keywords: self.keywords(node)?,
                body: self.body(node)?,
                decorator_list: self.exprs(node, "decorator_list", LOAD)?,
                type_params: self.type_params(node)?,
            })),
            Kind::Return => StmtKind::Return(self.opt_expr(node, "value", LOAD)?),
            Kind::Delete => StmtKind::Delete(self.targets(node, ExprContext::Del)?),
            Kind::Assign => StmtKind::Assign {
                targets: self.targets(node, STORE)?,
                value: self.expr(node, "value", LOAD)?,
            },
            Kind::TypeAlias => {
                let name = self.field(node, "name")?;
                if self.state.kind_of(name.obj()) != Some(Kind::Name) && !name.obj().is_none() {
                    raise!(th, TypeError, "TypeAlias with non-Name name");
                }
                StmtKind::TypeAlias {
                    name: self.expr(node, "name", STORE)?,
                    type_params: self.type_params(node)?,
                    value: self.expr(node, "value", LOAD)?,
                }
            }
            Kind::AugAssign => StmtKind::AugAssign {
                target: self.expr(node, "target", STORE)?,
                op: self.operator(self.field(node, "op")?.obj())?,
                value: self.expr(node, "value", LOAD)?,
            },
            Kind::AnnAssign => {
                let target = self.expr(node, "target", STORE)?;
                let simple = self.int(self.field(node, "simple")?.obj())? != 0;
                if simple && !matches!(target.kind, ExprKind::Name { .. }) {
                    raise!(th, TypeError, "AnnAssign with simple non-Name target");
                }
                StmtKind::AnnAssign {
                    target,
                    annotation: self.expr(node, "annotation", LOAD)?,
                    value: self.opt_expr(node, "value", LOAD)?,
                    simple,
                }
            }
            Kind::For | Kind::AsyncFor => StmtKind::For(Box::new(For {
                target: *self.expr(node, "target", STORE)?,
                iter: *self.expr(node, "iter", LOAD)?,
                body: self.body(node)?,
                orelse: self.stmts(node, "orelse")?,
                is_async: kind == Kind::AsyncFor,
            })),
            Kind::While => StmtKind::While {
                test: self.expr(node, "test", LOAD)?,
                body: self.body(node)?,
                orelse: self.stmts(node, "orelse")?,
            },
            Kind::If => StmtKind::If {
                test: self.expr(node, "test", LOAD)?,
                body: self.body(node)?,
                orelse: self.stmts(node, "orelse")?,
            },
            Kind::With | Kind::AsyncWith => {
                let items = self.non_empty(node, "items")?;
                let items: Result<Vec<WithItem>> = items
                    .iter()
                    .map(|item| {
                        let item = Node { object: item.obj(), kind: Kind::WithItem };
                        Ok(WithItem {
                            context_expr: *self.expr(item, "context_expr", LOAD)?,
                            optional_vars: self.opt_expr(item, "optional_vars", STORE)?,
                        })
                    })
                    .collect();
                StmtKind::With {
                    items: items?,
                    body: self.body(node)?,
                    is_async: kind == Kind::AsyncWith,
                }
            }
            Kind::Match => {
                let subject = self.expr(node, "subject", LOAD)?;
                let cases = self.non_empty(node, "cases")?;
                let cases: Result<Vec<MatchCase>> = cases
                    .iter()
                    .map(|case| {
                        let case = Node { object: case.obj(), kind: Kind::MatchCase };
                        let pattern = self.field(case, "pattern")?;
                        if pattern.obj().is_none() {
                            return self.is_required(case, "pattern");
                        }
                        Ok(MatchCase {
                            pattern: self.pattern(pattern.obj(), false)?,
                            guard: self.opt_expr(case, "guard", LOAD)?,
                            body: self.body(case)?,
                        })
                    })
                    .collect();
                StmtKind::Match { subject, cases: cases? }
            }
            Kind::Raise => {
                let exc = self.opt_expr(node, "exc", LOAD)?;
                let cause = self.opt_expr(node, "cause", LOAD)?;
                if exc.is_none() && cause.is_some() {
                    raise!(th, ValueError, "Raise with cause but no exception");
                }
                StmtKind::Raise { exc, cause }
            }
            Kind::Try | Kind::TryStar => {
                let name = node.name();
                let body = self.body(node)?;
                let handlers = self.list(node, "handlers")?;
                let orelse = self.stmts(node, "orelse")?;
                let finalbody = self.stmts(node, "finalbody")?;
                if handlers.is_empty() && finalbody.is_empty() {
                    raise!(th, ValueError, "{name} has neither except handlers nor finalbody");
                }
                if handlers.is_empty() && !orelse.is_empty() {
                    raise!(th, ValueError, "{name} has orelse but no except handlers");
                }
                let handlers: Result<Vec<ExceptHandler>> =
                    handlers.iter().map(|handler| self.handler(handler.obj())).collect();
                StmtKind::Try(Box::new(Try {
                    body,
                    handlers: handlers?,
                    orelse,
                    finalbody,
                    is_star: kind == Kind::TryStar,
                }))
            }
            Kind::Assert => StmtKind::Assert {
                test: self.expr(node, "test", LOAD)?,
                msg: self.opt_expr(node, "msg", LOAD)?,
            },
            Kind::Import => StmtKind::Import(self.aliases(node)?),
            Kind::ImportFrom => {
                let level = match self.opt_field(object, "level")? {
                    Some(level) => self.int(level.obj())?,
                    None => 0,
                };
                let Ok(level) = u32::try_from(level) else {
                    raise!(th, ValueError, "Negative ImportFrom level");
                };
                StmtKind::ImportFrom {
                    module: self.opt_name(node, "module")?,
                    names: self.aliases(node)?,
                    level,
                }
            }
            Kind::Global | Kind::Nonlocal => {
                self.non_empty(node, "names")?;
                let names = self.names(node, "names")?;
                if kind == Kind::Global {
                    StmtKind::Global(names)
                } else {
                    StmtKind::Nonlocal(names)
                }
            }
            Kind::Expr => StmtKind::Expr(self.expr(node, "value", LOAD)?),
            Kind::Pass => StmtKind::Pass,
            Kind::Break => StmtKind::Break,
            _ => StmtKind::Continue,
        };
        Ok(Stmt { kind, location })
    }

    fn handler(&self, object: Obj<'_>) -> Result<ExceptHandler> {
        if object.is_none() {
            raise!(self.th, ValueError, "None disallowed in handlers");
        }
        let location = self.location(object, Kind::SumExceptHandler)?;
        let node = Node { object, kind: self.kind(object, Kind::SumExceptHandler)? };
        Ok(ExceptHandler {
            typ: self.opt_expr(node, "type", LOAD)?,
            name: self.opt_variable(node, "name")?,
            body: self.body(node)?,
            location,
        })
    }

    fn aliases(&self, node: Node<'_>) -> Result<Vec<Alias>> {
        let aliases = self.non_empty(node, "names")?;
        aliases
            .iter()
            .map(|alias| {
                let node = Node { object: alias.obj(), kind: Kind::Alias };
                Ok(Alias {
                    name: self.variable(self.name_field(node, "name")?)?,
                    asname: self.opt_variable(node, "asname")?,
                    location: self.location(alias.obj(), Kind::Alias)?,
                })
            })
            .collect()
    }

    /// An expression in a context.
    pub(super) fn expression(&self, object: Obj<'_>, wanted: ExprContext) -> Result<Expr> {
        let th = self.th;
        th.check_stack(" while traversing 'expr' node")?;
        let location = self.location(object, Kind::SumExpr)?;
        let kind = self.kind(object, Kind::SumExpr)?;
        let node = Node { object, kind };
        let context = match kind {
            Kind::Attribute
            | Kind::Subscript
            | Kind::Starred
            | Kind::Name
            | Kind::List
            | Kind::Tuple => {
                let context = self.context(self.field(node, "ctx")?.obj())?;
                if context != wanted {
                    raise!(
                        th,
                        ValueError,
                        "expression must have {wanted:?} context but has {context:?} instead"
                    );
                }
                context
            }
            _ if wanted != LOAD => raise!(
                th,
                ValueError,
                "expression which can't be assigned to in {wanted:?} context"
            ),
            _ => LOAD,
        };
        let expr = |name: &str| self.expr(node, name, LOAD);
        let kind = match kind {
            Kind::BoolOp => {
                let op = match self.kind(self.field(node, "op")?.obj(), Kind::SumBoolOp)? {
                    Kind::And => BoolOp::And,
                    _ => BoolOp::Or,
                };
                let values = self.exprs(node, "values", LOAD)?;
                if values.len() < 2 {
                    raise!(th, ValueError, "BoolOp with less than 2 values");
                }
                ExprKind::BoolOp { op, values }
            }
            Kind::NamedExpr => {
                let target = self.field(node, "target")?;
                if self.state.kind_of(target.obj()) != Some(Kind::Name) && !target.obj().is_none() {
                    raise!(th, TypeError, "NamedExpr target must be a Name");
                }
                ExprKind::NamedExpr {
                    target: self.expr(node, "target", STORE)?,
                    value: expr("value")?,
                }
            }
            Kind::BinOp => ExprKind::BinOp {
                left: expr("left")?,
                op: self.operator(self.field(node, "op")?.obj())?,
                right: expr("right")?,
            },
            Kind::UnaryOp => {
                let op = match self.kind(self.field(node, "op")?.obj(), Kind::SumUnaryOp)? {
                    Kind::Invert => UnaryOp::Invert,
                    Kind::Not => UnaryOp::Not,
                    Kind::UAdd => UnaryOp::UAdd,
                    _ => UnaryOp::USub,
                };
                ExprKind::UnaryOp { op, operand: expr("operand")? }
            }
            Kind::Lambda => ExprKind::Lambda(Box::new(Lambda {
                args: self.arguments(node)?,
                body: *expr("body")?,
            })),
            Kind::IfExp => ExprKind::IfExp {
                test: expr("test")?,
                body: expr("body")?,
                orelse: expr("orelse")?,
            },
            Kind::Dict => {
                let keys = self.list(node, "keys")?;
                let values = self.list(node, "values")?;
                if keys.len() != values.len() {
                    raise!(th, ValueError, "Dict doesn't have the same number of keys as values");
                }
                ExprKind::Dict {
                    keys: self.optional_each(&keys)?,
                    values: self.each(&values, LOAD)?,
                }
            }
            Kind::Set => ExprKind::Set(self.exprs(node, "elts", LOAD)?),
            Kind::ListComp => {
                let generators = self.generators(node)?;
                ExprKind::ListComp { elt: expr("elt")?, generators }
            }
            Kind::SetComp => {
                let generators = self.generators(node)?;
                ExprKind::SetComp { elt: expr("elt")?, generators }
            }
            Kind::GeneratorExp => {
                let generators = self.generators(node)?;
                ExprKind::GeneratorExp { elt: expr("elt")?, generators }
            }
            Kind::DictComp => {
                let generators = self.generators(node)?;
                ExprKind::DictComp { key: expr("key")?, value: expr("value")?, generators }
            }
            Kind::Await => ExprKind::Await(expr("value")?),
            Kind::Yield => ExprKind::Yield(self.opt_expr(node, "value", LOAD)?),
            Kind::YieldFrom => ExprKind::YieldFrom(expr("value")?),
            Kind::Compare => {
                let left = expr("left")?;
                let ops: Result<Vec<CmpOp>> =
                    self.list(node, "ops")?.iter().map(|op| self.cmp_op(op.obj())).collect();
                let (ops, comparators) = (ops?, self.list(node, "comparators")?);
                if comparators.is_empty() {
                    raise!(th, ValueError, "Compare with no comparators");
                }
                if comparators.len() != ops.len() {
                    raise!(
                        th,
                        ValueError,
                        "Compare has a different number of comparators and operands"
                    );
                }
                ExprKind::Compare { left, ops, comparators: self.each(&comparators, LOAD)? }
            }
            Kind::Call => ExprKind::Call {
                func: expr("func")?,
                args: self.exprs(node, "args", LOAD)?,
                keywords: self.keywords(node)?,
            },
            Kind::FormattedValue => ExprKind::FormattedValue {
                value: expr("value")?,
                conversion: self.int(self.field(node, "conversion")?.obj())?,
                format_spec: self.opt_expr(node, "format_spec", LOAD)?,
            },
            Kind::Interpolation => ExprKind::Interpolation {
                value: expr("value")?,
                str: self.constant(self.field(node, "str")?.obj())?,
                conversion: self.int(self.field(node, "conversion")?.obj())?,
                format_spec: self.opt_expr(node, "format_spec", LOAD)?,
            },
            Kind::JoinedStr => ExprKind::JoinedStr(self.exprs(node, "values", LOAD)?),
            Kind::TemplateStr => ExprKind::TemplateStr(self.exprs(node, "values", LOAD)?),
            Kind::Constant => {
                let value = self.constant(self.field(node, "value")?.obj())?;
                let kind = self.opt_field(object, "kind")?;
                if let Some(kind) = &kind
                    && kind.obj().downcast_exact::<Str>().is_none()
                    && kind.obj().downcast_exact::<object::Bytes>().is_none()
                {
                    raise!(th, TypeError, "AST string must be of type str");
                }
                ExprKind::Constant { value, unicode: kind.is_some() }
            }
            Kind::Attribute => ExprKind::Attribute {
                value: expr("value")?,
                attr: self.name_field(node, "attr")?,
                ctx: context,
            },
            Kind::Subscript => {
                ExprKind::Subscript { value: expr("value")?, slice: expr("slice")?, ctx: context }
            }
            Kind::Starred => {
                ExprKind::Starred { value: self.expr(node, "value", context)?, ctx: context }
            }
            Kind::Name => {
                ExprKind::Name { id: self.variable(self.name_field(node, "id")?)?, ctx: context }
            }
            Kind::List => ExprKind::List { elts: self.exprs(node, "elts", context)?, ctx: context },
            Kind::Tuple => {
                ExprKind::Tuple { elts: self.exprs(node, "elts", context)?, ctx: context }
            }
            _ => ExprKind::Slice {
                lower: self.opt_expr(node, "lower", LOAD)?,
                upper: self.opt_expr(node, "upper", LOAD)?,
                step: self.opt_expr(node, "step", LOAD)?,
            },
        };
        Ok(Expr { kind, location })
    }

    pub(super) fn constant(&self, value: Obj<'_>) -> Result<bytecode::Constant> {
        match from_constant(self.th, value)? {
            Some(constant) => Ok(constant),
            None => raise!(
                self.th,
                TypeError,
                "got an invalid type in Constant: {}",
                invalid_type(self.th, value)?
            ),
        }
    }

    fn optional_each(&self, items: &[Ref]) -> Result<Vec<Option<Expr>>> {
        let each = |item: &Ref| {
            if item.obj().is_none() {
                return Ok(None);
            }
            self.expression(item.obj(), LOAD).map(Some)
        };
        items.iter().map(each).collect()
    }

    fn generators(&self, node: Node<'_>) -> Result<Vec<Comprehension>> {
        let generators = self.list(node, "generators")?;
        if generators.is_empty() {
            raise!(self.th, ValueError, "comprehension with no generators");
        }
        generators
            .iter()
            .map(|part| {
                let node = Node { object: part.obj(), kind: Kind::Comprehension };
                Ok(Comprehension {
                    target: *self.expr(node, "target", STORE)?,
                    iter: *self.expr(node, "iter", LOAD)?,
                    ifs: self.exprs(node, "ifs", LOAD)?,
                    is_async: self.int(self.field(node, "is_async")?.obj())? != 0,
                })
            })
            .collect()
    }

    fn context(&self, object: Obj<'_>) -> Result<ExprContext> {
        Ok(match self.kind(object, Kind::SumExprContext)? {
            Kind::Load => ExprContext::Load,
            Kind::Store => ExprContext::Store,
            _ => ExprContext::Del,
        })
    }

    fn operator(&self, object: Obj<'_>) -> Result<Operator> {
        Ok(match self.kind(object, Kind::SumOperator)? {
            Kind::Add => Operator::Add,
            Kind::Sub => Operator::Sub,
            Kind::Mult => Operator::Mult,
            Kind::MatMult => Operator::MatMult,
            Kind::Div => Operator::Div,
            Kind::Mod => Operator::Mod,
            Kind::Pow => Operator::Pow,
            Kind::LShift => Operator::LShift,
            Kind::RShift => Operator::RShift,
            Kind::BitOr => Operator::BitOr,
            Kind::BitXor => Operator::BitXor,
            Kind::BitAnd => Operator::BitAnd,
            _ => Operator::FloorDiv,
        })
    }

    fn cmp_op(&self, object: Obj<'_>) -> Result<CmpOp> {
        Ok(match self.kind(object, Kind::SumCmpOp)? {
            Kind::Eq => CmpOp::Eq,
            Kind::NotEq => CmpOp::NotEq,
            Kind::Lt => CmpOp::Lt,
            Kind::LtE => CmpOp::LtE,
            Kind::Gt => CmpOp::Gt,
            Kind::GtE => CmpOp::GtE,
            Kind::Is => CmpOp::Is,
            Kind::IsNot => CmpOp::IsNot,
            Kind::In => CmpOp::In,
            _ => CmpOp::NotIn,
        })
    }

    /// The `args` of a function or lambda.
    fn arguments(&self, node: Node<'_>) -> Result<Arguments> {
        let object = self.field(node, "args")?;
        let node = Node { object: object.obj(), kind: Kind::Arguments };
        let args = |name: &str| -> Result<Vec<Arg>> {
            self.list(node, name)?.iter().map(|arg| self.arg(arg.obj())).collect()
        };
        let one = |name: &str| -> Result<Option<Box<Arg>>> {
            let arg = self.opt_field(node.object, name)?;
            arg.map(|arg| self.arg(arg.obj()).map(Box::new)).transpose()
        };
        let arguments = Arguments {
            posonlyargs: args("posonlyargs")?,
            args: args("args")?,
            vararg: one("vararg")?,
            kwonlyargs: args("kwonlyargs")?,
            kw_defaults: self.optional_each(&self.list(node, "kw_defaults")?)?,
            kwarg: one("kwarg")?,
            defaults: self.exprs(node, "defaults", LOAD)?,
        };
        if arguments.defaults.len() > arguments.posonlyargs.len() + arguments.args.len() {
            raise!(self.th, ValueError, "more positional defaults than args on arguments");
        }
        if arguments.kw_defaults.len() != arguments.kwonlyargs.len() {
            raise!(
                self.th,
                ValueError,
                "length of kwonlyargs is not the same as kw_defaults on arguments"
            );
        }
        Ok(arguments)
    }

    fn arg(&self, object: Obj<'_>) -> Result<Arg> {
        let node = Node { object, kind: Kind::Arg };
        Ok(Arg {
            arg: self.variable(self.name_field(node, "arg")?)?,
            annotation: self.opt_expr(node, "annotation", LOAD)?,
            location: self.location(object, Kind::Arg)?,
        })
    }

    fn keywords(&self, node: Node<'_>) -> Result<Vec<Keyword>> {
        let keywords = self.list(node, "keywords")?;
        keywords
            .iter()
            .map(|keyword| {
                let node = Node { object: keyword.obj(), kind: Kind::Keyword };
                Ok(Keyword {
                    arg: self.opt_name(node, "arg")?,
                    value: *self.expr(node, "value", LOAD)?,
                    location: self.location(keyword.obj(), Kind::Keyword)?,
                })
            })
            .collect()
    }

    fn type_params(&self, node: Node<'_>) -> Result<Vec<TypeParam>> {
        let params = self.list(node, "type_params")?;
        params
            .iter()
            .map(|param| {
                let object = param.obj();
                let location = self.location(object, Kind::SumTypeParam)?;
                let kind = self.kind(object, Kind::SumTypeParam)?;
                let node = Node { object, kind };
                let name = self.variable(self.name_field(node, "name")?)?;
                let kind = match kind {
                    Kind::TypeVar => {
                        TypeParamKind::TypeVar { bound: self.opt_expr(node, "bound", LOAD)? }
                    }
                    Kind::ParamSpec => TypeParamKind::ParamSpec,
                    _ => TypeParamKind::TypeVarTuple,
                };
                let default = self.opt_expr(node, "default_value", LOAD)?;
                Ok(TypeParam { kind, name, default, location })
            })
            .collect()
    }
}

/// The type that makes `value` no constant.
fn invalid_type(th: Thread<'_>, value: Obj<'_>) -> Result<String> {
    let items = match value.downcast_exact::<object::Tuple>() {
        Some(tuple) => tuple.items().iter().map(|item| item.own()).collect(),
        None if crate::construct::is_exactly(value, "frozenset") => {
            object::protocol::iter::collect(th, value)?
        }
        None => Vec::new(),
    };
    for item in items {
        if from_constant(th, item.obj())?.is_none() {
            return invalid_type(th, item.obj());
        }
    }
    Ok(value.short_type_name().to_owned())
}
