//! Calls, of methods and `super()` too.

use bytecode::{Constant, Op};

use super::{Compiler, STACK_USE_GUIDELINE, common, expr::TUPLE, intrinsic, names::AttrOp};
use crate::{
    ast::{CmpOp, Expr, ExprContext, ExprKind, Keyword, Name},
    error::Result,
    instruction_sequence::{Label, Location, NO_LOCATION},
    symtable::{DEF_IMPORT, Key, Scope},
};

impl<'a> Compiler<'a> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        func: &'a Expr,
        args: &'a [Expr],
        keywords: &'a [Keyword],
    ) -> Result {
        self.validate_keywords(keywords)?;
        if self.method_call(expr, func, args, keywords)? {
            return Ok(());
        }
        let skip = self.label();
        self.check_caller(func);
        self.expr(func)?;
        self.builtin_call(func, args, keywords, skip)?;
        self.op(Op::PUSH_NULL, func.location);
        self.call_arguments(expr.location, 0, args, None, keywords)?;
        self.here(skip);
        Ok(())
    }

    fn validate_keywords(&self, keywords: &[Keyword]) -> Result {
        for (at, keyword) in keywords.iter().enumerate() {
            let Some(name) = &keyword.arg else { continue };
            let repeated = keywords[at + 1..].iter().find(|other| other.arg.as_ref() == Some(name));
            if let Some(repeated) = repeated {
                let message = format!("keyword argument repeated: {name}");
                return self.error(repeated.location, message);
            }
        }
        Ok(())
    }

    /// `value.method(…)` without making a bound method.
    fn method_call(
        &mut self,
        expr: &Expr,
        func: &'a Expr,
        args: &'a [Expr],
        keywords: &'a [Keyword],
    ) -> Result<bool> {
        let ExprKind::Attribute { value, attr, ctx: ExprContext::Load } = &func.kind else {
            return Ok(false);
        };
        let imported = match &value.kind {
            ExprKind::Name { id, .. } => {
                self.table.entries[self.table.top()].symbol(id) & DEF_IMPORT != 0
            }
            _ => false,
        };
        let count = args.len() + keywords.len();
        if imported
            || count + usize::from(!keywords.is_empty()) >= STACK_USE_GUIDELINE
            || args.iter().any(Expr::is_starred)
            || keywords.iter().any(|keyword| keyword.arg.is_none())
        {
            return Ok(false);
        }
        let mut location = func.location;
        if let Some(super_args) = self.super_call(value, attr) {
            self.load_super(value, super_args)?;
            let op =
                if super_args.is_empty() { AttrOp::ZeroSuperMethod } else { AttrOp::SuperMethod };
            self.attr_op(op, attr, location);
            location = self.attr_location(location, func, attr);
            self.op(Op::NOP, location);
        } else {
            self.expr(value)?;
            location = self.attr_location(location, func, attr);
            self.attr_op(AttrOp::Method, attr, location);
        }
        self.exprs(args)?;
        if keywords.is_empty() {
            let location = self.attr_location(expr.location, func, attr);
            self.add(Op::CALL, args.len() as i32, location);
        } else {
            keywords.iter().try_for_each(|keyword| self.expr(&keyword.value))?;
            self.keyword_names(keywords, location);
            let location = self.attr_location(expr.location, func, attr);
            self.add(Op::CALL_KW, count as i32, location);
        }
        Ok(true)
    }

    fn keyword_names(&mut self, keywords: &[Keyword], location: Location) {
        let names = keywords
            .iter()
            .filter_map(|keyword| keyword.arg.as_ref())
            .map(|name| Constant::from(name.as_str()))
            .collect();
        self.load_const(Constant::Tuple(names), location);
    }

    /// `all(…)`, `any(…)` and `tuple(…)` of a generator expression run its loop
    /// here, if the name still means the builtin.
    fn builtin_call(
        &mut self,
        func: &'a Expr,
        args: &'a [Expr],
        keywords: &[Keyword],
        end: Label,
    ) -> Result {
        let (ExprKind::Name { id, .. }, [generator], []) = (&func.kind, args, keywords) else {
            return Ok(());
        };
        if !matches!(generator.kind, ExprKind::GeneratorExp { .. }) {
            return Ok(());
        }
        let entry = self.lookup(Key::expr(generator))?;
        if self.table.entries[entry].coroutine {
            return Ok(());
        }
        let location = func.location;
        let skip = self.label();
        let (builtin, again) = match id.as_str() {
            "all" => (common::ALL, Some((Op::POP_JUMP_IF_TRUE, true))),
            "any" => (common::ANY, Some((Op::POP_JUMP_IF_FALSE, false))),
            "tuple" => (common::TUPLE, None),
            _ => {
                self.here(skip);
                return Ok(());
            }
        };
        self.add(Op::COPY, 1, location);
        self.add(Op::LOAD_COMMON_CONSTANT, builtin, location);
        self.compare_op(CmpOp::Is, location);
        self.jump(Op::POP_JUMP_IF_FALSE, skip, location);
        self.op(Op::POP_TOP, location);
        if again.is_none() {
            self.add(Op::BUILD_LIST, 0, location);
        }
        self.expr(generator)?;
        let start = self.label();
        let cleanup = self.label();
        self.here(start);
        self.jump(Op::FOR_ITER, cleanup, location);
        match again {
            None => {
                self.add(Op::LIST_APPEND, 2, location);
                self.jump(Op::JUMP, start, location);
            }
            Some((op, _)) => {
                self.op(Op::TO_BOOL, location);
                self.jump(op, start, location);
            }
        }
        self.op(Op::POP_ITER, NO_LOCATION);
        if let Some((_, initial)) = again {
            self.load_const(Constant::Bool(!initial), location);
        }
        self.jump(Op::JUMP, end, location);
        self.here(cleanup);
        self.op(Op::END_FOR, NO_LOCATION);
        self.op(Op::POP_ITER, NO_LOCATION);
        match again {
            None => self.add(Op::CALL_INTRINSIC_1, intrinsic::LIST_TO_TUPLE, location),
            Some((_, initial)) => self.load_const(Constant::Bool(initial), location),
        }
        self.jump(Op::JUMP, end, location);
        self.here(skip);
        Ok(())
    }

    /// The arguments and the call itself; `pushed` arguments are on the stack.
    pub(super) fn call_arguments(
        &mut self,
        location: Location,
        pushed: usize,
        args: &'a [Expr],
        injected: Option<&Name>,
        keywords: &'a [Keyword],
    ) -> Result {
        self.validate_keywords(keywords)?;
        let unpacks = args.iter().any(Expr::is_starred)
            || keywords.iter().any(|keyword| keyword.arg.is_none());
        if !unpacks && args.len() + keywords.len() * 2 <= STACK_USE_GUIDELINE {
            self.exprs(args)?;
            let mut count = pushed + args.len();
            if let Some(name) = injected {
                self.name_op(name, ExprContext::Load, location)?;
                count += 1;
            }
            if keywords.is_empty() {
                self.add(Op::CALL, count as i32, location);
            } else {
                keywords.iter().try_for_each(|keyword| self.expr(&keyword.value))?;
                self.keyword_names(keywords, location);
                self.add(Op::CALL_KW, (count + keywords.len()) as i32, location);
            }
            return Ok(());
        }
        match args {
            [Expr { kind: ExprKind::Starred { value, .. }, .. }] if pushed == 0 => {
                self.expr(value)?;
            }
            _ => self.display(location, args, injected, pushed, TUPLE)?,
        }
        if keywords.is_empty() {
            self.op(Op::PUSH_NULL, location);
        } else {
            self.keyword_dict(keywords, location)?;
        }
        self.op(Op::CALL_FUNCTION_EX, location);
        Ok(())
    }

    fn keyword_dict(&mut self, keywords: &'a [Keyword], location: Location) -> Result {
        let mut have_dict = false;
        let mut begin = 0;
        for (at, keyword) in keywords.iter().enumerate() {
            if keyword.arg.is_some() {
                continue;
            }
            if begin < at {
                self.part_of_keywords(&keywords[begin..at], location)?;
                if have_dict {
                    self.add(Op::DICT_MERGE, 1, location);
                }
                have_dict = true;
            }
            if !have_dict {
                self.add(Op::BUILD_MAP, 0, location);
                have_dict = true;
            }
            self.expr(&keyword.value)?;
            self.add(Op::DICT_MERGE, 1, location);
            begin = at + 1;
        }
        if begin < keywords.len() {
            self.part_of_keywords(&keywords[begin..], location)?;
            if have_dict {
                self.add(Op::DICT_MERGE, 1, location);
            }
        }
        Ok(())
    }

    fn part_of_keywords(&mut self, keywords: &'a [Keyword], location: Location) -> Result {
        let big = keywords.len() * 2 > STACK_USE_GUIDELINE;
        if big {
            self.add(Op::BUILD_MAP, 0, NO_LOCATION);
        }
        for keyword in keywords {
            if let Some(name) = &keyword.arg {
                self.load_str(name, location);
            }
            self.expr(&keyword.value)?;
            if big {
                self.add(Op::MAP_ADD, 1, NO_LOCATION);
            }
        }
        if !big {
            self.add(Op::BUILD_MAP, keywords.len() as i32, location);
        }
        Ok(())
    }

    /// The arguments of `super(…)`, if `super(…).attr` needs no super object.
    pub(super) fn super_call(&self, value: &'a Expr, attr: &Name) -> Option<&'a [Expr]> {
        let ExprKind::Call { func, args, keywords } = &value.kind else { return None };
        let ExprKind::Name { id, .. } = &func.kind else { return None };
        if id != "super" || attr == "__class__" || !keywords.is_empty() {
            return None;
        }
        let top = &self.table.entries[self.table.top()];
        if self.entry().scope(id) != Scope::GlobalImplicit || top.scope(id) != Scope::Unknown {
            return None;
        }
        if let [first, second] = args.as_slice() {
            return (!first.is_starred() && !second.is_starred()).then_some(args);
        }
        let metadata = &self.units.last()?.metadata;
        let has_self = metadata.argcount > 0 || metadata.posonlyargcount > 0;
        let usable = args.is_empty() && has_self && self.ref_type("__class__") == Scope::Free;
        usable.then_some(args)
    }

    /// Push `super`, the class and the instance.
    pub(super) fn load_super(&mut self, call: &'a Expr, args: &'a [Expr]) -> Result {
        let ExprKind::Call { func, .. } = &call.kind else { return Ok(()) };
        self.expr(func)?;
        if !args.is_empty() {
            return self.exprs(args);
        }
        let location = call.location;
        self.load_name("__class__", location)?;
        let first = self.unit().metadata.varnames.first().cloned();
        match first {
            Some(first) => self.load_name(&first, location),
            None => Err(self.system_error("super() without arguments")),
        }
    }
}
