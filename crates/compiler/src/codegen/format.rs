//! Formatted strings and template strings.

use bytecode::{Constant, Op};

use super::{Compiler, STACK_USE_GUIDELINE, names::AttrOp};
use crate::{
    ast::{Expr, ExprKind, Name, Operator},
    error::Result,
    instruction_sequence::Location,
};

impl<'a> Compiler<'a> {
    pub(super) fn joined_str(&mut self, values: &'a [Expr], location: Location) -> Result {
        if values.len() > STACK_USE_GUIDELINE {
            self.load_str("", location);
            self.attr_op(AttrOp::Method, &Name::new_static("join"), location);
            self.add(Op::BUILD_LIST, 0, location);
            for value in values {
                self.expr(value)?;
                self.add(Op::LIST_APPEND, 1, location);
            }
            self.add(Op::CALL, 1, location);
            return Ok(());
        }
        self.exprs(values)?;
        match values.len() {
            0 => self.load_str("", location),
            1 => {}
            count => self.add(Op::BUILD_STRING, count as i32, location),
        }
        Ok(())
    }

    pub(super) fn template_str(&mut self, values: &'a [Expr], location: Location) -> Result {
        let is_interpolation = |value: &Expr| matches!(value.kind, ExprKind::Interpolation { .. });
        // Strings and interpolations alternate; missing strings are empty.
        let mut strings = 0;
        let mut after_string = false;
        for value in values {
            if is_interpolation(value) {
                if !after_string {
                    self.load_str("", location);
                    strings += 1;
                }
                after_string = false;
            } else {
                self.expr(value)?;
                if after_string {
                    self.binary(Operator::Add, true, location);
                } else {
                    strings += 1;
                }
                after_string = true;
            }
        }
        if !after_string {
            self.load_str("", location);
            strings += 1;
        }
        self.add(Op::BUILD_TUPLE, strings, location);
        let mut count = 0;
        for value in values.iter().filter(|value| is_interpolation(value)) {
            self.expr(value)?;
            count += 1;
        }
        self.add(Op::BUILD_TUPLE, count, location);
        self.op(Op::BUILD_TEMPLATE, location);
        Ok(())
    }

    pub(super) fn formatted_value(
        &mut self,
        value: &'a Expr,
        conversion: i32,
        format_spec: Option<&'a Expr>,
        location: Location,
    ) -> Result {
        self.expr(value)?;
        if let Some(conversion) = self.conversion(conversion)? {
            self.add(Op::CONVERT_VALUE, conversion, location);
        }
        match format_spec {
            Some(spec) => {
                self.expr(spec)?;
                self.op(Op::FORMAT_WITH_SPEC, location);
            }
            None => self.op(Op::FORMAT_SIMPLE, location),
        }
        Ok(())
    }

    pub(super) fn interpolation(
        &mut self,
        value: &'a Expr,
        str: &Constant,
        conversion: i32,
        format_spec: Option<&'a Expr>,
        location: Location,
    ) -> Result {
        self.expr(value)?;
        self.load_const(str.clone(), location);
        let mut arg = 2;
        if let Some(spec) = format_spec {
            arg += 1;
            self.expr(spec)?;
        }
        if let Some(conversion) = self.conversion(conversion)? {
            arg |= conversion << 2;
        }
        self.add(Op::BUILD_INTERPOLATION, arg, location);
        Ok(())
    }

    fn conversion(&self, conversion: i32) -> Result<Option<i32>> {
        Ok(match u8::try_from(conversion) {
            Err(_) => None,
            Ok(b's') => Some(1),
            Ok(b'r') => Some(2),
            Ok(b'a') => Some(3),
            Ok(_) => return Err(self.system_error("this conversion character")),
        })
    }
}
