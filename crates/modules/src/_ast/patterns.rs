//! Patterns of `match` as syntax trees of the compiler, checked on the way.

use bytecode::Constant;
use compiler::ast::{Expr, ExprContext, ExprKind, Name, Operator, Pattern, PatternKind, UnaryOp};
use object::{AsObject, Obj, Ref, Result, raise};

use super::{
    nodes::Kind,
    to_tree::{Node, Reader},
};

impl Reader<'_> {
    fn patterns(&self, items: &[Ref], star_ok: bool) -> Result<Vec<Pattern>> {
        let each = |item: &Ref| {
            if item.obj().is_none() {
                raise!(self.th, ValueError, "None disallowed in pattern list");
            }
            self.pattern(item.obj(), star_ok)
        };
        items.iter().map(each).collect()
    }

    /// A name that a pattern binds.
    fn capture(&self, name: Option<Name>) -> Result<Option<Name>> {
        match name {
            Some(name) if name.as_str() == "_" => {
                raise!(self.th, ValueError, "can't capture name '_' in patterns")
            }
            Some(name) => self.variable(name).map(Some),
            None => Ok(None),
        }
    }

    /// A pattern; `star_ok` says whether it may be `*name`.
    pub(super) fn pattern(&self, object: Obj<'_>, star_ok: bool) -> Result<Pattern> {
        let th = self.th;
        th.check_stack(" while traversing 'pattern' node")?;
        let location = self.location(object, Kind::SumPattern)?;
        let kind = self.kind(object, Kind::SumPattern)?;
        let node = Node { object, kind };
        let kind = match kind {
            Kind::MatchValue => {
                let value = self.expr(node, "value", ExprContext::Load)?;
                self.match_value(&value)?;
                PatternKind::MatchValue(value)
            }
            Kind::MatchSingleton => {
                let value = self.constant(self.field(node, "value")?.obj());
                match value {
                    Ok(value @ (Constant::None | Constant::Bool(_))) => {
                        PatternKind::MatchSingleton(value)
                    }
                    value => {
                        if let Err(raised) = value {
                            th.clear_exception(raised);
                        }
                        raise!(
                            th,
                            ValueError,
                            "MatchSingleton can only contain True, False and None"
                        );
                    }
                }
            }
            Kind::MatchSequence => {
                PatternKind::MatchSequence(self.patterns(&self.list(node, "patterns")?, true)?)
            }
            Kind::MatchMapping => {
                let keys = self.list(node, "keys")?;
                let patterns = self.list(node, "patterns")?;
                if keys.len() != patterns.len() {
                    raise!(
                        th,
                        ValueError,
                        "MatchMapping doesn't have the same number of keys as patterns"
                    );
                }
                let rest = self.capture(self.opt_name(node, "rest")?)?;
                let mut exprs = Vec::with_capacity(keys.len());
                for key in &keys {
                    let key = self.expression(key.obj(), ExprContext::Load)?;
                    let singleton =
                        matches!(key.as_constant(), Some(Constant::None | Constant::Bool(_)));
                    if !singleton {
                        self.match_value(&key)?;
                    }
                    exprs.push(key);
                }
                PatternKind::MatchMapping {
                    keys: exprs,
                    patterns: self.patterns(&patterns, false)?,
                    rest,
                }
            }
            Kind::MatchClass => {
                let attributes = self.names(node, "kwd_attrs")?;
                let kwd_patterns = self.list(node, "kwd_patterns")?;
                if attributes.len() != kwd_patterns.len() {
                    raise!(
                        th,
                        ValueError,
                        "MatchClass doesn't have the same number of keyword attributes as patterns"
                    );
                }
                let cls = self.expr(node, "cls", ExprContext::Load)?;
                let mut root = &*cls;
                while let ExprKind::Attribute { value, .. } = &root.kind {
                    root = value;
                }
                if !matches!(root.kind, ExprKind::Name { .. }) {
                    raise!(
                        th,
                        ValueError,
                        "MatchClass cls field can only contain Name or Attribute nodes."
                    );
                }
                let attributes: Result<Vec<Name>> =
                    attributes.into_iter().map(|name| self.variable(name)).collect();
                PatternKind::MatchClass {
                    cls,
                    patterns: self.patterns(&self.list(node, "patterns")?, false)?,
                    kwd_attrs: attributes?,
                    kwd_patterns: self.patterns(&kwd_patterns, false)?,
                }
            }
            Kind::MatchStar => {
                if !star_ok {
                    raise!(th, ValueError, "can't use MatchStar here");
                }
                PatternKind::MatchStar(self.capture(self.opt_name(node, "name")?)?)
            }
            Kind::MatchAs => {
                let name = self.capture(self.opt_name(node, "name")?)?;
                let pattern = self.opt_field(object, "pattern")?;
                if pattern.is_some() && name.is_none() {
                    raise!(
                        th,
                        ValueError,
                        "MatchAs must specify a target name if a pattern is given"
                    );
                }
                let pattern =
                    pattern.map(|pattern| self.pattern(pattern.obj(), false).map(Box::new));
                PatternKind::MatchAs { pattern: pattern.transpose()?, name }
            }
            _ => {
                let patterns = self.list(node, "patterns")?;
                if patterns.len() < 2 {
                    raise!(th, ValueError, "MatchOr requires at least 2 patterns");
                }
                PatternKind::MatchOr(self.patterns(&patterns, false)?)
            }
        };
        Ok(Pattern { kind, location })
    }

    /// Check an expression that a subject is compared with.
    fn match_value(&self, value: &Expr) -> Result<()> {
        match &value.kind {
            ExprKind::Constant { value, .. } => match value {
                Constant::Int(_)
                | Constant::Float(_)
                | Constant::Complex(..)
                | Constant::Str(_)
                | Constant::Bytes(_) => Ok(()),
                _ => raise!(self.th, ValueError, "unexpected constant inside of a literal pattern"),
            },
            // The compiler has its own say about strings with fields.
            ExprKind::Attribute { .. } | ExprKind::JoinedStr(_) | ExprKind::TemplateStr(_) => {
                Ok(())
            }
            ExprKind::UnaryOp { op: UnaryOp::USub, operand } if is_number(operand, true) => Ok(()),
            ExprKind::BinOp { left, op: Operator::Add | Operator::Sub, right }
                if is_signed_real(left) && is_imaginary(right) =>
            {
                Ok(())
            }
            _ => raise!(
                self.th,
                ValueError,
                "patterns may only match literals and attribute lookups"
            ),
        }
    }
}

fn is_number(expr: &Expr, complex_ok: bool) -> bool {
    match expr.as_constant() {
        Some(Constant::Int(_) | Constant::Float(_)) => true,
        Some(Constant::Complex(..)) => complex_ok,
        _ => false,
    }
}

fn is_signed_real(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::UnaryOp { op: UnaryOp::USub, operand } => is_number(operand, false),
        _ => is_number(expr, false),
    }
}

fn is_imaginary(expr: &Expr) -> bool {
    matches!(expr.as_constant(), Some(Constant::Complex(..)))
}
