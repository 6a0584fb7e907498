//! Comparisons, and warnings about code that cannot mean what it says.

use bytecode::{Constant, Op};

use super::Compiler;
use crate::{
    ast::{CmpOp, Expr, ExprKind},
    instruction_sequence::Location,
};

const UNORDERED: i32 = 1;
const LESS_THAN: i32 = 2;
const GREATER_THAN: i32 = 4;
const EQUALS: i32 = 8;

/// `COMPARE_OP`'s argument for `>`.
pub(super) const GREATER: i32 = 4 << 5 | GREATER_THAN;

impl Compiler<'_> {
    pub(super) fn compare_op(&mut self, op: CmpOp, location: Location) {
        let arg = match op {
            CmpOp::Lt => LESS_THAN,
            CmpOp::LtE => 1 << 5 | LESS_THAN | EQUALS,
            CmpOp::Eq => 2 << 5 | EQUALS,
            CmpOp::NotEq => 3 << 5 | UNORDERED | LESS_THAN | GREATER_THAN,
            CmpOp::Gt => GREATER,
            CmpOp::GtE => 5 << 5 | GREATER_THAN | EQUALS,
            CmpOp::Is => return self.add(Op::IS_OP, 0, location),
            CmpOp::IsNot => return self.add(Op::IS_OP, 1, location),
            CmpOp::In => return self.add(Op::CONTAINS_OP, 0, location),
            CmpOp::NotIn => return self.add(Op::CONTAINS_OP, 1, location),
        };
        self.add(Op::COMPARE_OP, arg, location);
    }

    pub(super) fn check_compare(
        &mut self,
        location: Location,
        left: &Expr,
        ops: &[CmpOp],
        comparators: &[Expr],
    ) {
        let mut left = left;
        for (op, right) in ops.iter().zip(comparators) {
            if matches!(op, CmpOp::Is | CmpOp::IsNot) {
                let literal = if !has_identity(left) {
                    Some(left)
                } else if !has_identity(right) {
                    Some(right)
                } else {
                    None
                };
                if let Some(name) = literal.and_then(type_name) {
                    let (spelled, instead) =
                        if *op == CmpOp::Is { ("is", "==") } else { ("is not", "!=") };
                    let message =
                        format!("\"{spelled}\" with '{name}' literal. Did you mean \"{instead}\"?");
                    self.warn(location, message);
                    return;
                }
            }
            left = right;
        }
    }

    pub(super) fn check_caller(&mut self, func: &Expr) {
        let callable = matches!(func.kind, ExprKind::Lambda(_));
        if let Some(name) = type_name(func)
            && !callable
        {
            let message = format!("'{name}' object is not callable; perhaps you missed a comma?");
            self.warn(func.location, message);
        }
    }

    pub(super) fn check_subscripter(&mut self, value: &Expr) {
        let suspicious = match &value.kind {
            ExprKind::Constant { value, .. } => matches!(
                value,
                Constant::None
                    | Constant::Ellipsis
                    | Constant::Bool(_)
                    | Constant::Int(_)
                    | Constant::Float(_)
                    | Constant::Complex(..)
                    | Constant::FrozenSet(_)
            ),
            ExprKind::Set(_)
            | ExprKind::SetComp { .. }
            | ExprKind::GeneratorExp { .. }
            | ExprKind::TemplateStr(_)
            | ExprKind::Interpolation { .. }
            | ExprKind::Lambda(_) => true,
            _ => false,
        };
        if suspicious && let Some(name) = type_name(value) {
            let message =
                format!("'{name}' object is not subscriptable; perhaps you missed a comma?");
            self.warn(value.location, message);
        }
    }

    pub(super) fn check_index(&mut self, value: &Expr, index: &Expr) {
        let Some(index_type) = type_name(index) else { return };
        if matches!(index_type, "int" | "bool" | "slice") {
            return;
        }
        let sequence = match &value.kind {
            ExprKind::Constant { value, .. } => {
                matches!(value, Constant::Str(_) | Constant::Bytes(_) | Constant::Tuple(_))
            }
            ExprKind::Tuple { .. }
            | ExprKind::List { .. }
            | ExprKind::ListComp { .. }
            | ExprKind::JoinedStr(_)
            | ExprKind::FormattedValue { .. } => true,
            _ => false,
        };
        if sequence && let Some(name) = type_name(value) {
            let message = format!(
                "{name} indices must be integers or slices, not {index_type}; perhaps you \
                 missed a comma?"
            );
            self.warn(value.location, message);
        }
    }
}

/// Whether `is` makes sense for the value: not for literals but singletons.
fn has_identity(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Tuple { elts, .. } => elts.iter().any(|elt| elt.as_constant().is_none()),
        ExprKind::Constant { value, .. } => {
            matches!(value, Constant::None | Constant::Bool(_) | Constant::Ellipsis)
        }
        _ => true,
    }
}

/// The type that a display or literal certainly has.
fn type_name(expr: &Expr) -> Option<&'static str> {
    Some(match &expr.kind {
        ExprKind::Tuple { .. } => "tuple",
        ExprKind::List { .. } | ExprKind::ListComp { .. } => "list",
        ExprKind::Dict { .. } | ExprKind::DictComp { .. } => "dict",
        ExprKind::Set(_) | ExprKind::SetComp { .. } => "set",
        ExprKind::GeneratorExp { .. } => "generator",
        ExprKind::Lambda(_) => "function",
        ExprKind::TemplateStr(_) | ExprKind::Interpolation { .. } => "string.templatelib.Template",
        ExprKind::JoinedStr(_) | ExprKind::FormattedValue { .. } => "str",
        ExprKind::Constant { value, .. } => match value {
            Constant::None => "NoneType",
            Constant::Ellipsis => "ellipsis",
            Constant::Bool(_) => "bool",
            Constant::Int(_) => "int",
            Constant::Float(_) => "float",
            Constant::Complex(..) => "complex",
            Constant::Str(_) => "str",
            Constant::Bytes(_) => "bytes",
            Constant::Tuple(_) => "tuple",
            Constant::FrozenSet(_) => "frozenset",
            Constant::Slice(_) => "slice",
            Constant::Code(_) => "code",
        },
        _ => return None,
    })
}
