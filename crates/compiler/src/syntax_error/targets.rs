//! What CPython calls an expression that cannot be assigned to.

use ruff_python_ast::{CmpOp, Expr};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// What a target is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Assign,
    Delete,
    For,
}

/// The name of an expression's kind in messages.
pub(super) fn name(expr: &Expr) -> &'static str {
    match expr {
        Expr::Attribute(_) => "attribute",
        Expr::Subscript(_) => "subscript",
        Expr::Starred(_) => "starred",
        Expr::Name(_) => "name",
        Expr::List(_) => "list",
        Expr::Tuple(_) => "tuple",
        Expr::Lambda(_) => "lambda",
        Expr::Call(_) => "function call",
        Expr::BoolOp(_) | Expr::BinOp(_) | Expr::UnaryOp(_) => "expression",
        Expr::Generator(_) => "generator expression",
        Expr::Yield(_) | Expr::YieldFrom(_) => "yield expression",
        Expr::Await(_) => "await expression",
        Expr::ListComp(_) => "list comprehension",
        Expr::SetComp(_) => "set comprehension",
        Expr::DictComp(_) => "dict comprehension",
        Expr::Dict(_) => "dict literal",
        Expr::Set(_) => "set display",
        Expr::FString(_) => "f-string expression",
        Expr::TString(_) => "t-string expression",
        Expr::NoneLiteral(_) => "None",
        Expr::BooleanLiteral(node) => {
            if node.value {
                "True"
            } else {
                "False"
            }
        }
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::NumberLiteral(_) => "literal",
        Expr::Compare(_) => "comparison",
        Expr::If(_) => "conditional expression",
        Expr::Named(_) => "named expression",
        Expr::Slice(_) => "slice",
        Expr::IpyEscapeCommand(_) => "expression",
    }
}

/// The first part of a target that cannot be one.
pub(super) fn invalid(expr: &Expr, what: Use) -> Option<&Expr> {
    match expr {
        Expr::List(node) => node.elts.iter().find_map(|elt| invalid(elt, what)),
        Expr::Tuple(node) => node.elts.iter().find_map(|elt| invalid(elt, what)),
        Expr::Starred(_) if what == Use::Delete => Some(expr),
        Expr::Starred(node) => invalid(&node.value, what),
        Expr::Compare(node) if what == Use::For => match node.ops.first() {
            Some(CmpOp::In) => invalid(&node.left, what),
            _ => None,
        },
        Expr::Name(_) | Expr::Subscript(_) | Expr::Attribute(_) => None,
        _ => Some(expr),
    }
}

/// The expression that is the text at a range, if it is one.
pub(super) fn parse(text: &str, start: usize, end: usize) -> Option<Expr> {
    // The parser wants a range of whole characters that is not empty.
    text.get(start..end).filter(|text| !text.trim().is_empty())?;
    let range = TextRange::new(offset(start), offset(end));
    let parsed = ruff_python_parser::parse_parenthesized_expression_range(text, range).ok()?;
    let expr = parsed.into_expr();
    (expr.range().end() <= range.end()).then_some(expr)
}

fn offset(at: usize) -> TextSize {
    TextSize::new(u32::try_from(at).unwrap_or(u32::MAX))
}
