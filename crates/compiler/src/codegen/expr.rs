//! Expressions.

use bytecode::{Constant, Op};

use super::{
    Compiler, NB_SUBSCR, STACK_USE_GUIDELINE, ScopeType, intrinsic, names::AttrOp, resume,
};
use crate::{
    ast::{BoolOp, CmpOp, Expr, ExprContext, ExprKind, Name, Operator, UnaryOp},
    error::Result,
    instruction_sequence::{Label, Location, NO_LOCATION},
};

/// The instructions that build a display, at once or piece by piece.
#[derive(Clone, Copy)]
pub(super) struct Display {
    build: Op,
    add: Op,
    extend: Op,
    tuple: bool,
}

pub(super) const LIST: Display =
    Display { build: Op::BUILD_LIST, add: Op::LIST_APPEND, extend: Op::LIST_EXTEND, tuple: false };
pub(super) const TUPLE: Display = Display { tuple: true, ..LIST };
const SET: Display =
    Display { build: Op::BUILD_SET, add: Op::SET_ADD, extend: Op::SET_UPDATE, tuple: false };

impl<'a> Compiler<'a> {
    pub(super) fn exprs(&mut self, exprs: &'a [Expr]) -> Result {
        exprs.iter().try_for_each(|expr| self.expr(expr))
    }

    pub(super) fn expr(&mut self, expr: &'a Expr) -> Result {
        self.nested(|compiler| compiler.expr_inner(expr))
    }

    fn expr_inner(&mut self, expr: &'a Expr) -> Result {
        let location = expr.location;
        match &expr.kind {
            ExprKind::NamedExpr { target, value } => {
                self.expr(value)?;
                self.add(Op::COPY, 1, location);
                self.expr(target)
            }
            ExprKind::BoolOp { op, values } => self.bool_op(*op, values, location),
            ExprKind::BinOp { left, op, right } => {
                self.expr(left)?;
                self.expr(right)?;
                self.binary(*op, false, location);
                Ok(())
            }
            ExprKind::UnaryOp { op, operand } => {
                self.expr(operand)?;
                match op {
                    UnaryOp::UAdd => {
                        self.add(Op::CALL_INTRINSIC_1, intrinsic::UNARY_POSITIVE, location);
                    }
                    UnaryOp::Not => {
                        self.op(Op::TO_BOOL, location);
                        self.op(Op::UNARY_NOT, location);
                    }
                    UnaryOp::Invert => self.op(Op::UNARY_INVERT, location),
                    UnaryOp::USub => self.op(Op::UNARY_NEGATIVE, location),
                }
                Ok(())
            }
            ExprKind::Lambda(lambda) => self.lambda(expr, lambda),
            ExprKind::IfExp { test, body, orelse } => {
                let end = self.label();
                let next = self.label();
                self.jump_if(location, test, next, false)?;
                self.expr(body)?;
                self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);
                self.here(next);
                self.expr(orelse)?;
                self.here(end);
                Ok(())
            }
            ExprKind::Dict { keys, values } => self.dict(keys, values, location),
            ExprKind::Set(elts) => self.display(location, elts, None, 0, SET),
            ExprKind::GeneratorExp { .. }
            | ExprKind::ListComp { .. }
            | ExprKind::SetComp { .. }
            | ExprKind::DictComp { .. } => self.comprehension(expr),
            ExprKind::Yield(value) => {
                if !self.entry().is_function_like() {
                    return self.error(location, "'yield' outside function");
                }
                match value {
                    Some(value) => self.expr(value)?,
                    None => self.load_const(Constant::None, location),
                }
                self.yield_value(location);
                Ok(())
            }
            ExprKind::YieldFrom(value) => {
                if !self.entry().is_function_like() {
                    return self.error(location, "'yield from' outside function");
                }
                if self.scope_type() == ScopeType::AsyncFunction {
                    return self.error(location, "'yield from' inside async function");
                }
                self.expr(value)?;
                self.op(Op::GET_YIELD_FROM_ITER, location);
                self.load_const(Constant::None, location);
                self.yield_from(false, location);
                Ok(())
            }
            ExprKind::Await(value) => {
                self.expr(value)?;
                self.await_value(0, location);
                Ok(())
            }
            ExprKind::Compare { left, ops, comparators } => {
                self.compare(expr, left, ops, comparators)
            }
            ExprKind::Call { func, args, keywords } => self.call(expr, func, args, keywords),
            ExprKind::Constant { value, .. } => {
                self.load_const(value.clone(), location);
                Ok(())
            }
            ExprKind::JoinedStr(values) => self.joined_str(values, location),
            ExprKind::TemplateStr(values) => self.template_str(values, location),
            ExprKind::FormattedValue { value, conversion, format_spec } => {
                self.formatted_value(value, *conversion, format_spec.as_deref(), location)
            }
            ExprKind::Interpolation { value, str, conversion, format_spec } => {
                self.interpolation(value, str, *conversion, format_spec.as_deref(), location)
            }
            ExprKind::Attribute { value, attr, ctx } => self.attribute(expr, value, attr, *ctx),
            ExprKind::Subscript { value, slice, ctx } => {
                self.subscript(value, slice, *ctx, location)
            }
            ExprKind::Starred { ctx: ExprContext::Store, .. } => {
                self.error(location, "starred assignment target must be in a list or tuple")
            }
            ExprKind::Starred { .. } => self.error(location, "can't use starred expression here"),
            ExprKind::Slice { .. } => self.slice(expr),
            ExprKind::Name { id, ctx } => self.name_op(id, *ctx, location),
            ExprKind::List { elts, ctx } => self.sequence(elts, *ctx, LIST, location),
            ExprKind::Tuple { elts, ctx } => self.sequence(elts, *ctx, TUPLE, location),
        }
    }

    fn sequence(
        &mut self,
        elts: &'a [Expr],
        ctx: ExprContext,
        display: Display,
        location: Location,
    ) -> Result {
        match ctx {
            ExprContext::Load => self.display(location, elts, None, 0, display),
            ExprContext::Store => self.unpack(elts, location),
            ExprContext::Del => self.exprs(elts),
        }
    }

    fn unpack(&mut self, elts: &'a [Expr], location: Location) -> Result {
        let mut seen_star = false;
        for (at, elt) in elts.iter().enumerate() {
            if !elt.is_starred() {
                continue;
            }
            if seen_star {
                return self.error(location, "multiple starred expressions in assignment");
            }
            let after = elts.len() - at - 1;
            if at >= 1 << 8 || after >= (i32::MAX >> 8) as usize {
                return self.error(location, "too many expressions in star-unpacking assignment");
            }
            self.add(Op::UNPACK_EX, (at + (after << 8)) as i32, location);
            seen_star = true;
        }
        if !seen_star {
            self.add(Op::UNPACK_SEQUENCE, elts.len() as i32, location);
        }
        for elt in elts {
            match &elt.kind {
                ExprKind::Starred { value, .. } => self.expr(value)?,
                _ => self.expr(elt)?,
            }
        }
        Ok(())
    }

    /// A display of `elts` after `pushed` items already on the stack.
    pub(super) fn display(
        &mut self,
        location: Location,
        elts: &'a [Expr],
        injected: Option<&Name>,
        pushed: usize,
        display: Display,
    ) -> Result {
        let count = elts.len() + pushed + usize::from(injected.is_some());
        let big = count > STACK_USE_GUIDELINE;
        if !big && !elts.iter().any(Expr::is_starred) {
            self.exprs(elts)?;
            if let Some(name) = injected {
                self.name_op(name, ExprContext::Load, location)?;
            }
            let op = if display.tuple { Op::BUILD_TUPLE } else { display.build };
            self.add(op, count as i32, location);
            return Ok(());
        }
        let mut built = big;
        if big {
            self.add(display.build, pushed as i32, location);
        }
        for (at, elt) in elts.iter().enumerate() {
            if let ExprKind::Starred { value, .. } = &elt.kind {
                if !built {
                    self.add(display.build, (at + pushed) as i32, location);
                    built = true;
                }
                self.expr(value)?;
                self.add(display.extend, 1, location);
            } else {
                self.expr(elt)?;
                if built {
                    self.add(display.add, 1, location);
                }
            }
        }
        if let Some(name) = injected {
            self.name_op(name, ExprContext::Load, location)?;
            self.add(display.add, 1, location);
        }
        if display.tuple {
            self.add(Op::CALL_INTRINSIC_1, intrinsic::LIST_TO_TUPLE, location);
        }
        Ok(())
    }

    fn dict(&mut self, keys: &'a [Option<Expr>], values: &'a [Expr], location: Location) -> Result {
        let mut have_dict = false;
        let mut elements = 0;
        for (at, (key, value)) in keys.iter().zip(values).enumerate() {
            if key.is_none() {
                if elements > 0 {
                    self.part_of_dict(keys, values, at - elements, at, location)?;
                    if have_dict {
                        self.add(Op::DICT_UPDATE, 1, location);
                    }
                    have_dict = true;
                    elements = 0;
                }
                if !have_dict {
                    self.add(Op::BUILD_MAP, 0, location);
                    have_dict = true;
                }
                self.expr(value)?;
                self.add(Op::DICT_UPDATE, 1, location);
            } else if elements * 2 > STACK_USE_GUIDELINE {
                self.part_of_dict(keys, values, at - elements, at + 1, location)?;
                if have_dict {
                    self.add(Op::DICT_UPDATE, 1, location);
                }
                have_dict = true;
                elements = 0;
            } else {
                elements += 1;
            }
        }
        if elements > 0 {
            let count = values.len();
            self.part_of_dict(keys, values, count - elements, count, location)?;
            if have_dict {
                self.add(Op::DICT_UPDATE, 1, location);
            }
            have_dict = true;
        }
        if !have_dict {
            self.add(Op::BUILD_MAP, 0, location);
        }
        Ok(())
    }

    fn part_of_dict(
        &mut self,
        keys: &'a [Option<Expr>],
        values: &'a [Expr],
        begin: usize,
        end: usize,
        location: Location,
    ) -> Result {
        let count = end - begin;
        let big = count * 2 > STACK_USE_GUIDELINE;
        if big {
            self.add(Op::BUILD_MAP, 0, location);
        }
        for (key, value) in keys[begin..end].iter().zip(&values[begin..end]) {
            if let Some(key) = key {
                self.expr(key)?;
            }
            self.expr(value)?;
            if big {
                self.add(Op::MAP_ADD, 1, location);
            }
        }
        if !big {
            self.add(Op::BUILD_MAP, count as i32, location);
        }
        Ok(())
    }

    fn bool_op(&mut self, op: BoolOp, values: &'a [Expr], location: Location) -> Result {
        let jump = match op {
            BoolOp::And => Op::JUMP_IF_FALSE,
            BoolOp::Or => Op::JUMP_IF_TRUE,
        };
        let end = self.label();
        for (at, value) in values.iter().enumerate() {
            self.expr(value)?;
            if at + 1 < values.len() {
                self.jump(jump, end, location);
                self.op(Op::POP_TOP, location);
            }
        }
        self.here(end);
        Ok(())
    }

    pub(super) fn binary(&mut self, op: Operator, inplace: bool, location: Location) {
        let arg = match op {
            Operator::Add => 0,
            Operator::BitAnd => 1,
            Operator::FloorDiv => 2,
            Operator::LShift => 3,
            Operator::MatMult => 4,
            Operator::Mult => 5,
            Operator::Mod => 6,
            Operator::BitOr => 7,
            Operator::Pow => 8,
            Operator::RShift => 9,
            Operator::Sub => 10,
            Operator::Div => 11,
            Operator::BitXor => 12,
        };
        self.add(Op::BINARY_OP, if inplace { arg + 13 } else { arg }, location);
    }

    fn compare(
        &mut self,
        expr: &Expr,
        left: &'a Expr,
        ops: &'a [CmpOp],
        comparators: &'a [Expr],
    ) -> Result {
        let location = expr.location;
        self.check_compare(location, left, ops, comparators);
        self.expr(left)?;
        let Some((last_op, init_ops)) = ops.split_last() else { return Ok(()) };
        let Some((last, init)) = comparators.split_last() else { return Ok(()) };
        if init_ops.is_empty() {
            self.expr(last)?;
            self.compare_op(*last_op, location);
            return Ok(());
        }
        let cleanup = self.label();
        for (op, comparator) in init_ops.iter().zip(init) {
            self.expr(comparator)?;
            self.add(Op::SWAP, 2, location);
            self.add(Op::COPY, 2, location);
            self.compare_op(*op, location);
            self.add(Op::COPY, 1, location);
            self.op(Op::TO_BOOL, location);
            self.jump(Op::POP_JUMP_IF_FALSE, cleanup, location);
            self.op(Op::POP_TOP, location);
        }
        self.expr(last)?;
        self.compare_op(*last_op, location);
        let end = self.label();
        self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);
        self.here(cleanup);
        self.add(Op::SWAP, 2, location);
        self.op(Op::POP_TOP, location);
        self.here(end);
        Ok(())
    }

    /// Jump to `next` if `expr` is true or false, as `cond` says.
    pub(super) fn jump_if(
        &mut self,
        location: Location,
        expr: &'a Expr,
        next: Label,
        cond: bool,
    ) -> Result {
        self.nested(|compiler| compiler.jump_if_inner(location, expr, next, cond))
    }

    fn jump_if_inner(
        &mut self,
        location: Location,
        expr: &'a Expr,
        next: Label,
        cond: bool,
    ) -> Result {
        let branch = if cond { Op::POP_JUMP_IF_TRUE } else { Op::POP_JUMP_IF_FALSE };
        match &expr.kind {
            ExprKind::UnaryOp { op: UnaryOp::Not, operand } => {
                return self.jump_if(location, operand, next, !cond);
            }
            ExprKind::BoolOp { op, values } => {
                let cond2 = *op == BoolOp::Or;
                let next2 = if cond2 == cond { next } else { self.label() };
                let Some((last, init)) = values.split_last() else { return Ok(()) };
                for value in init {
                    self.jump_if(location, value, next2, cond2)?;
                }
                self.jump_if(location, last, next, cond)?;
                if next2 != next {
                    self.here(next2);
                }
                return Ok(());
            }
            ExprKind::IfExp { test, body, orelse } => {
                let end = self.label();
                let next2 = self.label();
                self.jump_if(location, test, next2, false)?;
                self.jump_if(location, body, next, cond)?;
                self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);
                self.here(next2);
                self.jump_if(location, orelse, next, cond)?;
                self.here(end);
                return Ok(());
            }
            ExprKind::Compare { left, ops, comparators } if ops.len() > 1 => {
                let at = expr.location;
                self.check_compare(at, left, ops, comparators);
                let cleanup = self.label();
                self.expr(left)?;
                let last = ops.len() - 1;
                for (number, (op, comparator)) in ops.iter().zip(comparators).enumerate() {
                    self.expr(comparator)?;
                    if number < last {
                        self.add(Op::SWAP, 2, at);
                        self.add(Op::COPY, 2, at);
                    }
                    self.compare_op(*op, at);
                    self.op(Op::TO_BOOL, at);
                    if number < last {
                        self.jump(Op::POP_JUMP_IF_FALSE, cleanup, at);
                    } else {
                        self.jump(branch, next, at);
                    }
                }
                let end = self.label();
                self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);
                self.here(cleanup);
                self.op(Op::POP_TOP, at);
                if !cond {
                    self.jump(Op::JUMP_NO_INTERRUPT, next, NO_LOCATION);
                }
                self.here(end);
                return Ok(());
            }
            _ => {}
        }
        self.expr(expr)?;
        self.op(Op::TO_BOOL, expr.location);
        self.jump(branch, next, expr.location);
        Ok(())
    }

    pub(super) fn yield_value(&mut self, location: Location) {
        let entry = self.entry();
        if entry.generator && entry.coroutine {
            self.add(Op::CALL_INTRINSIC_1, intrinsic::ASYNC_GEN_WRAP, location);
        }
        self.add(Op::YIELD_VALUE, 0, location);
        self.add(Op::RESUME, resume::AFTER_YIELD, location);
    }

    /// Delegate to the iterator below the value to send.
    pub(super) fn yield_from(&mut self, is_await: bool, location: Location) {
        let send = self.label();
        let fail = self.label();
        let exit = self.label();
        self.here(send);
        self.jump(Op::SEND, exit, location);
        // `close` and `throw` can raise StopIteration at the yield.
        self.jump(Op::SETUP_FINALLY, fail, location);
        self.add(Op::YIELD_VALUE, 1, location);
        self.op(Op::POP_BLOCK, NO_LOCATION);
        let arg = if is_await { resume::AFTER_AWAIT } else { resume::AFTER_YIELD_FROM };
        self.add(Op::RESUME, arg, location);
        self.jump(Op::JUMP_NO_INTERRUPT, send, location);
        self.here(fail);
        self.op(Op::CLEANUP_THROW, location);
        self.here(exit);
        self.op(Op::END_SEND, location);
    }

    /// Await the value on the stack; `what` says what it came from.
    pub(super) fn await_value(&mut self, what: i32, location: Location) {
        self.add(Op::GET_AWAITABLE, what, location);
        self.load_const(Constant::None, location);
        self.yield_from(true, location);
    }

    fn attribute(
        &mut self,
        expr: &'a Expr,
        value: &'a Expr,
        attr: &'a Name,
        ctx: ExprContext,
    ) -> Result {
        let location = expr.location;
        if ctx == ExprContext::Load
            && let Some(args) = self.super_call(value, attr)
        {
            self.load_super(value, args)?;
            let op = if args.is_empty() { AttrOp::ZeroSuper } else { AttrOp::Super };
            self.attr_op(op, attr, location);
            let location = self.attr_location(location, expr, attr);
            self.op(Op::NOP, location);
            return Ok(());
        }
        self.note_static_attribute(value, attr, ctx);
        self.expr(value)?;
        let location = self.attr_location(location, expr, attr);
        let op = match ctx {
            ExprContext::Load => AttrOp::Load,
            ExprContext::Store => AttrOp::Store,
            ExprContext::Del => AttrOp::Delete,
        };
        self.attr_op(op, attr, location);
        Ok(())
    }

    /// If an attribute access spans lines, start at the attribute's name.
    pub(super) fn attr_location(
        &self,
        mut location: Location,
        attribute: &Expr,
        attr: &Name,
    ) -> Location {
        let end_line = attribute.location.end_line;
        if location.line == end_line {
            return location;
        }
        location.line = end_line;
        let len = attr.chars().count() as i32;
        if len <= attribute.location.end_col {
            location.col = attribute.location.end_col - len;
        } else {
            location.col = -1;
            location.end_col = -1;
        }
        location.end_line = location.line.max(location.end_line);
        if location.line == location.end_line {
            location.end_col = location.col.max(location.end_col);
        }
        location
    }

    fn subscript(
        &mut self,
        value: &'a Expr,
        slice: &'a Expr,
        ctx: ExprContext,
        location: Location,
    ) -> Result {
        if ctx == ExprContext::Load {
            self.check_subscripter(value);
            self.check_index(value, slice);
        }
        self.expr(value)?;
        if ctx != ExprContext::Del && self.is_two_part_slice(slice) {
            self.slice_parts(slice)?;
            let op = if ctx == ExprContext::Load { Op::BINARY_SLICE } else { Op::STORE_SLICE };
            self.op(op, location);
            return Ok(());
        }
        self.expr(slice)?;
        match ctx {
            ExprContext::Load => self.add(Op::BINARY_OP, NB_SUBSCR, location),
            ExprContext::Store => self.op(Op::STORE_SUBSCR, location),
            ExprContext::Del => self.op(Op::DELETE_SUBSCR, location),
        }
        Ok(())
    }

    /// Whether `slice` is `lower:upper` and not a constant.
    pub(super) fn is_two_part_slice(&self, slice: &Expr) -> bool {
        matches!(slice.kind, ExprKind::Slice { step: None, .. }) && constant_slice(slice).is_none()
    }

    pub(super) fn slice_parts(&mut self, slice: &'a Expr) -> Result {
        let ExprKind::Slice { lower, upper, .. } = &slice.kind else { return Ok(()) };
        for part in [lower, upper] {
            match part {
                Some(part) => self.expr(part)?,
                None => self.load_const(Constant::None, slice.location),
            }
        }
        Ok(())
    }

    fn slice(&mut self, slice: &'a Expr) -> Result {
        if let Some(constant) = constant_slice(slice) {
            self.load_const(constant, slice.location);
            return Ok(());
        }
        self.slice_parts(slice)?;
        let mut count = 2;
        if let ExprKind::Slice { step: Some(step), .. } = &slice.kind {
            self.expr(step)?;
            count = 3;
        }
        self.add(Op::BUILD_SLICE, count, slice.location);
        Ok(())
    }
}

/// The slice object, if all parts are constants.
fn constant_slice(slice: &Expr) -> Option<Constant> {
    let ExprKind::Slice { lower, upper, step } = &slice.kind else { return None };
    let part = |part: &Option<Box<Expr>>| match part {
        None => Some(Constant::None),
        Some(part) => part.as_constant().cloned(),
    };
    Some(Constant::Slice(Box::new([part(lower)?, part(upper)?, part(step)?])))
}
