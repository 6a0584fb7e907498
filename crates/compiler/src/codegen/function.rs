//! Functions and lambdas.

use std::sync::Arc;

use bytecode::{CodeObject, Constant, Op};

use super::{ArgCounts, Compiler, ScopeType, intrinsic, make_function, unwind::BlockKind};
use crate::{
    ast::{Arguments, Expr, ExprContext, FunctionDef, Lambda, docstring},
    cleandoc::clean_doc,
    error::Result,
    instruction_sequence::{Location, NO_LOCATION},
    symtable::{Key, Scope},
};

fn counts(args: &Arguments) -> ArgCounts {
    // `co_argcount` counts positional-only parameters too; the assembler adds them.
    ArgCounts {
        args: args.args.len(),
        posonly: args.posonlyargs.len(),
        kwonly: args.kwonlyargs.len(),
    }
}

impl<'a> Compiler<'a> {
    pub(super) fn function(&mut self, def: &'a FunctionDef, location: Location) -> Result {
        self.exprs(&def.decorator_list)?;
        let firstlineno =
            def.decorator_list.first().map_or(location.line, |first| first.location.line);
        let mut flags = self.default_arguments(&def.args, location)?;
        let generic = !def.type_params.is_empty();
        let mut generic_args = 0;
        if generic {
            generic_args = (flags & make_function::DEFAULTS != 0) as usize
                + (flags & make_function::KWDEFAULTS != 0) as usize;
            if generic_args == 2 {
                self.add(Op::SWAP, 2, location);
            }
            let name = format!("<generic parameters of {}>", def.name);
            let entry = self.lookup(Key::type_params(&def.type_params))?;
            let counts = ArgCounts { args: generic_args, ..ArgCounts::default() };
            self.enter_scope(
                &name,
                ScopeType::Annotations,
                Some(entry),
                firstlineno,
                None,
                counts,
            )?;
            self.type_params(&def.type_params)?;
            for arg in 0..generic_args {
                self.add(Op::LOAD_FAST, arg as i32, location);
            }
        }
        flags |= self.function_annotations(&def.args, def.returns.as_deref(), location)?;
        self.function_body(def, flags, firstlineno, location)?;
        if generic {
            self.add(Op::SWAP, 2, location);
            self.add(Op::CALL_INTRINSIC_2, intrinsic::SET_FUNCTION_TYPE_PARAMS, location);
            let code = self.finish_unit(false)?;
            self.make_closure(code, 0, location)?;
            if generic_args > 0 {
                self.add(Op::SWAP, generic_args as i32 + 1, location);
                self.add(Op::CALL, generic_args as i32 - 1, location);
            } else {
                self.op(Op::PUSH_NULL, location);
                self.add(Op::CALL, 0, location);
            }
        }
        self.apply_decorators(&def.decorator_list);
        self.name_op(&def.name, ExprContext::Store, location)
    }

    fn function_body(
        &mut self,
        def: &'a FunctionDef,
        flags: i32,
        firstlineno: i32,
        location: Location,
    ) -> Result {
        let scope_type = if def.is_async { ScopeType::AsyncFunction } else { ScopeType::Function };
        let entry = self.lookup(Key::function(def))?;
        self.enter_scope(&def.name, scope_type, Some(entry), firstlineno, None, counts(&def.args))?;
        let mut body = &def.body[..];
        if self.entry().has_docstring
            && let Some(doc) = docstring(body)
        {
            body = &body[1..];
            if let Some(Constant::Str(text)) = doc.as_constant() {
                let text = clean_doc(text);
                self.unit().metadata.add_const(Constant::Str(text));
            }
        }
        let start = self.label();
        self.here(start);
        let entry = self.entry();
        let wrap = entry.coroutine || entry.generator;
        if wrap {
            self.push_block(BlockKind::StopIteration, Some(start), None, NO_LOCATION)?;
        }
        self.stmts(body)?;
        if wrap {
            self.stopiteration_handler();
            self.pop_block();
        }
        let code = self.finish_unit(true)?;
        self.make_closure(code, flags, location)
    }

    /// In generators a StopIteration that escapes becomes a RuntimeError.
    pub(super) fn stopiteration_handler(&mut self) {
        let handler = self.label();
        self.unit().sequence.insert(0, Op::SETUP_CLEANUP, handler.0 as i32, NO_LOCATION);
        self.load_const(Constant::None, NO_LOCATION);
        self.op(Op::RETURN_VALUE, NO_LOCATION);
        self.here(handler);
        self.add(Op::CALL_INTRINSIC_1, intrinsic::STOPITERATION_ERROR, NO_LOCATION);
        self.add(Op::RERAISE, 1, NO_LOCATION);
    }

    pub(super) fn lambda(&mut self, expr: &'a Expr, lambda: &'a Lambda) -> Result {
        let location = expr.location;
        let flags = self.default_arguments(&lambda.args, location)?;
        let entry = self.lookup(Key::expr(expr))?;
        self.enter_scope(
            "<lambda>",
            ScopeType::Lambda,
            Some(entry),
            location.line,
            None,
            counts(&lambda.args),
        )?;
        self.expr(&lambda.body)?;
        let generator = self.entry().generator;
        if !generator {
            self.op(Op::RETURN_VALUE, lambda.body.location);
        }
        let code = self.finish_unit(!generator)?;
        self.make_closure(code, flags, location)
    }

    fn default_arguments(&mut self, args: &'a Arguments, location: Location) -> Result<i32> {
        let mut flags = 0;
        if !args.defaults.is_empty() {
            self.exprs(&args.defaults)?;
            self.add(Op::BUILD_TUPLE, args.defaults.len() as i32, location);
            flags |= make_function::DEFAULTS;
        }
        let mut count = 0;
        for (arg, default) in args.kwonlyargs.iter().zip(&args.kw_defaults) {
            let Some(default) = default else { continue };
            let mangled = self.mangle(&arg.arg);
            self.load_str(&mangled, location);
            self.expr(default)?;
            count += 1;
        }
        if count > 0 {
            self.add(Op::BUILD_MAP, count, location);
            flags |= make_function::KWDEFAULTS;
        }
        Ok(flags)
    }

    pub(super) fn apply_decorators(&mut self, decorators: &[Expr]) {
        for decorator in decorators.iter().rev() {
            self.add(Op::CALL, 0, decorator.location);
        }
    }

    /// Make a function of `code`; what `flags` names is on the stack.
    pub(super) fn make_closure(
        &mut self,
        code: CodeObject,
        mut flags: i32,
        location: Location,
    ) -> Result {
        let free: Vec<_> = code.freevars().cloned().collect();
        if !free.is_empty() {
            for name in &free {
                let arg = match self.ref_type(name) {
                    Scope::Cell => self.cellvar_index(name),
                    _ => self.freevar_index(name),
                };
                self.add(Op::LOAD_CLOSURE, arg, location);
            }
            flags |= make_function::CLOSURE;
            self.add(Op::BUILD_TUPLE, free.len() as i32, location);
        }
        self.load_const(Constant::Code(Arc::new(code)), location);
        self.op(Op::MAKE_FUNCTION, location);
        for flag in [
            make_function::CLOSURE,
            make_function::ANNOTATIONS,
            make_function::ANNOTATE,
            make_function::KWDEFAULTS,
            make_function::DEFAULTS,
        ] {
            if flags & flag != 0 {
                self.add(Op::SET_FUNCTION_ATTRIBUTE, flag, location);
            }
        }
        Ok(())
    }
}
