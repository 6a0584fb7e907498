//! Type parameters and type aliases (PEP 695, 696).

use bytecode::{Constant, Op};

use super::{ArgCounts, Compiler, ScopeType, intrinsic, make_function};
use crate::{
    ast::{Expr, ExprContext, ExprKind, Name, TypeParam, TypeParamKind},
    error::Result,
    instruction_sequence::Location,
    symtable::Key,
};

impl<'a> Compiler<'a> {
    /// Push the tuple of type parameters.
    pub(super) fn type_params(&mut self, params: &'a [TypeParam]) -> Result {
        let mut seen_default = false;
        for param in params {
            let location = param.location;
            self.load_str(&param.name, location);
            let mut starred = false;
            match &param.kind {
                TypeParamKind::TypeVar { bound: Some(bound) } => {
                    self.evaluator(bound, &param.name, Key::bound(param), false)?;
                    let what = match bound.kind {
                        ExprKind::Tuple { .. } => intrinsic::TYPEVAR_WITH_CONSTRAINTS,
                        _ => intrinsic::TYPEVAR_WITH_BOUND,
                    };
                    self.add(Op::CALL_INTRINSIC_2, what, location);
                }
                TypeParamKind::TypeVar { bound: None } => {
                    self.add(Op::CALL_INTRINSIC_1, intrinsic::TYPEVAR, location);
                }
                TypeParamKind::TypeVarTuple => {
                    starred = true;
                    self.add(Op::CALL_INTRINSIC_1, intrinsic::TYPEVARTUPLE, location);
                }
                TypeParamKind::ParamSpec => {
                    self.add(Op::CALL_INTRINSIC_1, intrinsic::PARAMSPEC, location);
                }
            }
            if let Some(default) = &param.default {
                seen_default = true;
                self.evaluator(default, &param.name, Key::default(param), starred)?;
                self.add(Op::CALL_INTRINSIC_2, intrinsic::SET_TYPEPARAM_DEFAULT, location);
            } else if seen_default {
                let message = format!(
                    "non-default type parameter '{}' follows default type parameter",
                    param.name
                );
                return self.error(location, message);
            }
            self.add(Op::COPY, 1, location);
            self.name_op(&param.name, ExprContext::Store, location)?;
        }
        if let Some(first) = params.first() {
            self.add(Op::BUILD_TUPLE, params.len() as i32, first.location);
        }
        Ok(())
    }

    /// A function that evaluates a bound or default when it is needed.
    fn evaluator(&mut self, value: &'a Expr, name: &Name, key: Key, starred: bool) -> Result {
        let location = value.location;
        self.load_const(format_defaults(), location);
        let entry = self.lookup(key)?;
        self.enter_annotations(name, Some(entry), location)?;
        match &value.kind {
            ExprKind::Starred { value: inner, .. } if starred => {
                self.expr(inner)?;
                self.add(Op::UNPACK_SEQUENCE, 1, location);
            }
            _ => self.expr(value)?,
        }
        self.op(Op::RETURN_VALUE, location);
        let code = self.finish_unit(true)?;
        self.make_closure(code, make_function::DEFAULTS, location)
    }

    pub(super) fn type_alias(
        &mut self,
        name: &'a Expr,
        params: &'a [TypeParam],
        value: &'a Expr,
        location: Location,
    ) -> Result {
        let ExprKind::Name { id, .. } = &name.kind else {
            return Err(self.system_error("type alias without a name"));
        };
        let generic = !params.is_empty();
        if generic {
            let scope_name = format!("<generic parameters of {id}>");
            let entry = self.lookup(Key::type_params(params))?;
            self.enter_scope(
                &scope_name,
                ScopeType::Annotations,
                Some(entry),
                location.line,
                None,
                ArgCounts::default(),
            )?;
            self.load_str(id, location);
            self.type_params(params)?;
        } else {
            self.load_str(id, location);
            self.load_const(Constant::None, location);
        }
        self.load_const(format_defaults(), location);
        let entry = self.lookup(Key::type_alias(value))?;
        self.enter_annotations(id, Some(entry), location)?;
        self.expr(value)?;
        self.op(Op::RETURN_VALUE, location);
        let code = self.finish_unit(false)?;
        self.make_closure(code, make_function::DEFAULTS, location)?;
        self.add(Op::BUILD_TUPLE, 3, location);
        self.add(Op::CALL_INTRINSIC_1, intrinsic::TYPEALIAS, location);
        if generic {
            let code = self.finish_unit(false)?;
            self.make_closure(code, 0, location)?;
            self.op(Op::PUSH_NULL, location);
            self.add(Op::CALL, 0, location);
        }
        self.name_op(id, ExprContext::Store, location)
    }
}

/// `annotationlib.Format.VALUE` as default of `.format`.
fn format_defaults() -> Constant {
    Constant::Tuple([Constant::from(1)].into())
}
