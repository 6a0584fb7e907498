//! `match`.
//!
//! Every pattern consumes the subject on top of the stack and jumps away if it
//! does not match. Captured values stay on the stack, below the `on_top` items
//! still needed, until the whole pattern has matched; where a failure goes
//! depends on how much is then to be popped.

use bytecode::{Constant, Op};

use super::{Compiler, NB_SUBSCR};
use crate::{
    ast::{CmpOp, Expr, ExprContext, ExprKind, MatchCase, Name, Operator, Pattern, PatternKind},
    error::Result,
    instruction_sequence::{Label, Location, NEXT_LOCATION, NO_LOCATION},
    unparse::constant_repr,
};

/// The state of one case.
#[derive(Clone, Default)]
struct Context {
    /// Names captured so far; their values are on the stack in this order.
    stores: Vec<Name>,
    allow_irrefutable: bool,
    /// Jumping to `fail_pop[i]` pops i items.
    fail_pop: Vec<Label>,
    on_top: usize,
}

fn is_wildcard(pattern: &Pattern) -> bool {
    matches!(pattern.kind, PatternKind::MatchAs { name: None, .. })
}

impl<'a> Compiler<'a> {
    pub(super) fn match_stmt(&mut self, subject: &'a Expr, cases: &'a [MatchCase]) -> Result {
        self.expr(subject)?;
        let end = self.label();
        let Some(last) = cases.last() else { return Ok(()) };
        let has_default = is_wildcard(&last.pattern) && cases.len() > 1;
        let tested = cases.len() - usize::from(has_default);
        for (at, case) in cases[..tested].iter().enumerate() {
            let location = case.pattern.location;
            let is_last = at + 1 == tested;
            if !is_last {
                self.add(Op::COPY, 1, location);
            }
            let mut context = Context {
                allow_irrefutable: case.guard.is_some() || at + 1 == cases.len(),
                ..Context::default()
            };
            self.pattern(&case.pattern, &mut context)?;
            for name in &context.stores {
                self.name_op(name, ExprContext::Store, location)?;
            }
            if let Some(guard) = &case.guard {
                self.ensure_fail_pop(&mut context, 0);
                self.jump_if(location, guard, context.fail_pop[0], false)?;
            }
            if !is_last {
                self.op(Op::POP_TOP, NEXT_LOCATION);
            }
            self.stmts(&case.body)?;
            self.jump(Op::JUMP, end, NO_LOCATION);
            self.emit_fail_pop(location, &mut context);
        }
        if has_default {
            let location = last.pattern.location;
            self.op(Op::NOP, location);
            if let Some(guard) = &last.guard {
                self.jump_if(location, guard, end, false)?;
            }
            self.stmts(&last.body)?;
        }
        self.here(end);
        Ok(())
    }

    fn ensure_fail_pop(&mut self, context: &mut Context, pops: usize) {
        while context.fail_pop.len() <= pops {
            let label = self.label();
            context.fail_pop.push(label);
        }
    }

    fn fail(&mut self, op: Op, location: Location, context: &mut Context) {
        let pops = context.on_top + context.stores.len();
        self.ensure_fail_pop(context, pops);
        self.jump(op, context.fail_pop[pops], location);
    }

    fn emit_fail_pop(&mut self, location: Location, context: &mut Context) {
        let labels = std::mem::take(&mut context.fail_pop);
        for (pops, label) in labels.into_iter().enumerate().rev() {
            self.here(label);
            if pops > 0 {
                self.op(Op::POP_TOP, location);
            }
        }
    }

    /// Move the top item below the `count - 1` others.
    fn rotate(&mut self, location: Location, count: usize) {
        for depth in (2..=count).rev() {
            self.add(Op::SWAP, depth as i32, location);
        }
    }

    fn capture(
        &mut self,
        location: Location,
        name: Option<&Name>,
        context: &mut Context,
    ) -> Result {
        let Some(name) = name else {
            self.op(Op::POP_TOP, location);
            return Ok(());
        };
        if context.stores.contains(name) {
            return self.duplicate_store(location, name);
        }
        self.rotate(location, context.on_top + context.stores.len() + 1);
        context.stores.push(name.clone());
        Ok(())
    }

    fn duplicate_store(&self, location: Location, name: &Name) -> Result {
        let name = constant_repr(&Constant::from(name.as_str()));
        self.error(location, format!("multiple assignments to name {name} in pattern"))
    }

    fn subpattern(&mut self, pattern: &'a Pattern, context: &mut Context) -> Result {
        let outer = std::mem::replace(&mut context.allow_irrefutable, true);
        self.pattern(pattern, context)?;
        context.allow_irrefutable = outer;
        Ok(())
    }

    fn pattern(&mut self, pattern: &'a Pattern, context: &mut Context) -> Result {
        self.nested(|c| c.pattern_inner(pattern, context))
    }

    fn pattern_inner(&mut self, pattern: &'a Pattern, context: &mut Context) -> Result {
        let location = pattern.location;
        match &pattern.kind {
            PatternKind::MatchValue(value) => {
                if !matches!(value.kind, ExprKind::Constant { .. } | ExprKind::Attribute { .. }) {
                    return self
                        .error(location, "patterns may only match literals and attribute lookups");
                }
                self.expr(value)?;
                self.compare_op(CmpOp::Eq, location);
                self.op(Op::TO_BOOL, location);
                self.fail(Op::POP_JUMP_IF_FALSE, location, context);
                Ok(())
            }
            PatternKind::MatchSingleton(value) => {
                self.load_const(value.clone(), location);
                self.compare_op(CmpOp::Is, location);
                self.fail(Op::POP_JUMP_IF_FALSE, location, context);
                Ok(())
            }
            PatternKind::MatchSequence(patterns) => {
                self.sequence_pattern(patterns, location, context)
            }
            PatternKind::MatchMapping { keys, patterns, rest } => {
                self.mapping_pattern(keys, patterns, rest.as_ref(), location, context)
            }
            PatternKind::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                self.class_pattern(cls, patterns, kwd_attrs, kwd_patterns, location, context)
            }
            PatternKind::MatchStar(name) => self.capture(location, name.as_ref(), context),
            PatternKind::MatchAs { pattern: None, name } => {
                if !context.allow_irrefutable {
                    let what = match name {
                        Some(name) => {
                            format!("name capture {}", constant_repr(&Constant::from(&**name)))
                        }
                        None => "wildcard".to_owned(),
                    };
                    let message = format!("{what} makes remaining patterns unreachable");
                    return self.error(location, message);
                }
                self.capture(location, name.as_ref(), context)
            }
            PatternKind::MatchAs { pattern: Some(inner), name } => {
                context.on_top += 1;
                self.add(Op::COPY, 1, location);
                self.pattern(inner, context)?;
                context.on_top -= 1;
                self.capture(location, name.as_ref(), context)
            }
            PatternKind::MatchOr(patterns) => self.or_pattern(patterns, location, context),
        }
    }

    fn sequence_pattern(
        &mut self,
        patterns: &'a [Pattern],
        location: Location,
        context: &mut Context,
    ) -> Result {
        let mut star = None;
        let mut only_wildcard = true;
        let mut star_wildcard = false;
        for (at, pattern) in patterns.iter().enumerate() {
            if let PatternKind::MatchStar(name) = &pattern.kind {
                if star.is_some() {
                    return self.error(location, "multiple starred names in sequence pattern");
                }
                star_wildcard = name.is_none();
                only_wildcard &= star_wildcard;
                star = Some(at);
            } else {
                only_wildcard &= is_wildcard(pattern);
            }
        }
        let size = patterns.len();
        context.on_top += 1;
        self.op(Op::MATCH_SEQUENCE, location);
        self.fail(Op::POP_JUMP_IF_FALSE, location, context);
        if star.is_none() {
            self.length_check(size, CmpOp::Eq, location, context);
        } else if size > 1 {
            self.length_check(size - 1, CmpOp::GtE, location, context);
        }
        context.on_top -= 1;
        match star {
            _ if only_wildcard => {
                self.op(Op::POP_TOP, location);
                Ok(())
            }
            Some(star) if star_wildcard => {
                self.subscript_elements(patterns, star, location, context)
            }
            _ => self.unpack_elements(patterns, star, location, context),
        }
    }

    fn length_check(&mut self, size: usize, op: CmpOp, location: Location, context: &mut Context) {
        self.op(Op::GET_LEN, location);
        self.load_const(Constant::from(size as i64), location);
        self.compare_op(op, location);
        self.fail(Op::POP_JUMP_IF_FALSE, location, context);
    }

    fn unpack_elements(
        &mut self,
        patterns: &'a [Pattern],
        star: Option<usize>,
        location: Location,
        context: &mut Context,
    ) -> Result {
        let size = patterns.len();
        match star {
            None => self.add(Op::UNPACK_SEQUENCE, size as i32, location),
            Some(at) => {
                let after = size - at - 1;
                if at >= 1 << 8 || after >= (i32::MAX >> 8) as usize {
                    return self.error(
                        location,
                        "too many expressions in star-unpacking sequence pattern",
                    );
                }
                self.add(Op::UNPACK_EX, (at + (after << 8)) as i32, location);
            }
        }
        context.on_top += size;
        for pattern in patterns {
            context.on_top -= 1;
            self.subpattern(pattern, context)?;
        }
        Ok(())
    }

    /// With `*_` it is cheaper to subscript the few items that count.
    fn subscript_elements(
        &mut self,
        patterns: &'a [Pattern],
        star: usize,
        location: Location,
        context: &mut Context,
    ) -> Result {
        context.on_top += 1;
        let size = patterns.len();
        for (at, pattern) in patterns.iter().enumerate() {
            if is_wildcard(pattern) || at == star {
                continue;
            }
            self.add(Op::COPY, 1, location);
            if at < star {
                self.load_const(Constant::from(at as i64), location);
            } else {
                // The subject may not support negative indexes.
                self.op(Op::GET_LEN, location);
                self.load_const(Constant::from((size - at) as i64), location);
                self.binary(Operator::Sub, false, location);
            }
            self.add(Op::BINARY_OP, NB_SUBSCR, location);
            self.subpattern(pattern, context)?;
        }
        context.on_top -= 1;
        self.op(Op::POP_TOP, location);
        Ok(())
    }

    fn class_pattern(
        &mut self,
        cls: &'a Expr,
        patterns: &'a [Pattern],
        kwd_attrs: &'a [Name],
        kwd_patterns: &'a [Pattern],
        location: Location,
        context: &mut Context,
    ) -> Result {
        for (at, attr) in kwd_attrs.iter().enumerate() {
            let repeated = kwd_attrs[at + 1..].iter().position(|other| other == attr);
            if let Some(repeated) = repeated
                && let Some(pattern) = kwd_patterns.get(at + 1 + repeated)
            {
                let message = format!("attribute name repeated in class pattern: {attr}");
                return self.error(pattern.location, message);
            }
        }
        self.expr(cls)?;
        let names = kwd_attrs.iter().map(|name| Constant::from(name.as_str())).collect();
        self.load_const(Constant::Tuple(names), location);
        self.add(Op::MATCH_CLASS, patterns.len() as i32, location);
        self.add(Op::COPY, 1, location);
        self.load_const(Constant::None, location);
        self.add(Op::IS_OP, 1, location);
        context.on_top += 1;
        self.fail(Op::POP_JUMP_IF_FALSE, location, context);
        let count = patterns.len() + kwd_attrs.len();
        self.add(Op::UNPACK_SEQUENCE, count as i32, location);
        context.on_top = context.on_top + count - 1;
        for pattern in patterns.iter().chain(kwd_patterns) {
            context.on_top -= 1;
            if is_wildcard(pattern) {
                self.op(Op::POP_TOP, location);
            } else {
                self.subpattern(pattern, context)?;
            }
        }
        Ok(())
    }

    fn mapping_pattern(
        &mut self,
        keys: &'a [Expr],
        patterns: &'a [Pattern],
        rest: Option<&Name>,
        location: Location,
        context: &mut Context,
    ) -> Result {
        let size = keys.len();
        context.on_top += 1;
        self.op(Op::MATCH_MAPPING, location);
        self.fail(Op::POP_JUMP_IF_FALSE, location, context);
        if size == 0 && rest.is_none() {
            context.on_top -= 1;
            self.op(Op::POP_TOP, location);
            return Ok(());
        }
        if size > 0 {
            self.length_check(size, CmpOp::GtE, location, context);
        }
        let mut seen: Vec<&Constant> = Vec::new();
        for key in keys {
            match &key.kind {
                ExprKind::Constant { value, .. } => {
                    if seen.iter().any(|known| python_equal(known, value)) {
                        let message = format!(
                            "mapping pattern checks duplicate key ({})",
                            constant_repr(value)
                        );
                        return self.error(location, message);
                    }
                    seen.push(value);
                }
                ExprKind::Attribute { .. } => {}
                _ => {
                    return self.error(
                        location,
                        "mapping pattern keys may only match literals and attribute lookups",
                    );
                }
            }
            self.expr(key)?;
        }
        self.add(Op::BUILD_TUPLE, size as i32, location);
        self.op(Op::MATCH_KEYS, location);
        context.on_top += 2;
        self.add(Op::COPY, 1, location);
        self.load_const(Constant::None, location);
        self.add(Op::IS_OP, 1, location);
        self.fail(Op::POP_JUMP_IF_FALSE, location, context);
        self.add(Op::UNPACK_SEQUENCE, size as i32, location);
        context.on_top = context.on_top + size - 1;
        for pattern in patterns {
            context.on_top -= 1;
            self.subpattern(pattern, context)?;
        }
        context.on_top -= 2;
        if let Some(rest) = rest {
            // A copy of the subject without the keys that matched.
            self.add(Op::BUILD_MAP, 0, location);
            self.add(Op::SWAP, 3, location);
            self.add(Op::DICT_UPDATE, 2, location);
            self.add(Op::UNPACK_SEQUENCE, size as i32, location);
            for left in (1..=size).rev() {
                self.add(Op::COPY, 1 + left as i32, location);
                self.add(Op::SWAP, 2, location);
                self.op(Op::DELETE_SUBSCR, location);
            }
            self.capture(location, Some(rest), context)
        } else {
            self.op(Op::POP_TOP, location);
            self.op(Op::POP_TOP, location);
            Ok(())
        }
    }

    fn or_pattern(
        &mut self,
        patterns: &'a [Pattern],
        location: Location,
        context: &mut Context,
    ) -> Result {
        let end = self.label();
        let mut control: Option<Vec<Name>> = None;
        for (at, alternative) in patterns.iter().enumerate() {
            let place = alternative.location;
            let mut own = Context {
                allow_irrefutable: at + 1 == patterns.len() && context.allow_irrefutable,
                ..Context::default()
            };
            self.add(Op::COPY, 1, place);
            self.pattern(alternative, &mut own)?;
            match &control {
                None => control = Some(own.stores.clone()),
                Some(control) => {
                    self.reorder_captures(control, &mut own.stores, place, location)?;
                }
            }
            self.jump(Op::JUMP, end, place);
            self.emit_fail_pop(place, &mut own);
        }
        self.op(Op::POP_TOP, location);
        self.fail(Op::JUMP, location, context);
        self.here(end);
        let control = control.unwrap_or_default();
        let rotations = control.len() + 1 + context.on_top + context.stores.len();
        for name in control {
            self.rotate(location, rotations);
            if context.stores.contains(&name) {
                return self.duplicate_store(location, &name);
            }
            context.stores.push(name);
        }
        self.op(Op::POP_TOP, location);
        Ok(())
    }

    /// Bring the captures of an alternative into the order of the first one's.
    fn reorder_captures(
        &mut self,
        control: &[Name],
        stores: &mut Vec<Name>,
        place: Location,
        location: Location,
    ) -> Result {
        let differ = "alternative patterns bind different names";
        if stores.len() != control.len() {
            return self.error(location, differ);
        }
        for wanted in (0..control.len()).rev() {
            let Some(found) = stores.iter().position(|name| *name == control[wanted]) else {
                return self.error(location, differ);
            };
            if found == wanted {
                continue;
            }
            let rotated: Vec<Name> = stores.drain(..=found).collect();
            let at = wanted - found;
            stores.splice(at..at, rotated);
            for _ in 0..=found {
                self.rotate(place, wanted + 1);
            }
        }
        Ok(())
    }
}

/// Equality of dict keys: numbers compare by value.
fn python_equal(a: &Constant, b: &Constant) -> bool {
    fn number(constant: &Constant) -> Option<(f64, f64)> {
        match constant {
            Constant::Bool(value) => Some((f64::from(u8::from(*value)), 0.0)),
            Constant::Float(value) => Some((*value, 0.0)),
            Constant::Complex(real, imag) => Some((*real, *imag)),
            Constant::Int(value) => value.to_string().parse().ok().map(|real| (real, 0.0)),
            _ => None,
        }
    }
    match (a, b) {
        (Constant::Int(a), Constant::Int(b)) => a == b,
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
    }
}
