//! Annotations: `__annotate__` functions, or strings under the future import.

use bytecode::{CodeObject, Constant, Op};

use super::{ArgCounts, Compiler, DeferredAnnotation, ScopeType, common, make_function};
use crate::{
    ast::{Arg, Arguments, Expr, ExprContext, ExprKind, Name},
    error::Result,
    instruction_sequence::{InstructionSequence, Location},
    symtable::{BlockType, EntryId, Key},
    unparse::unparse,
};

/// `annotationlib.Format.VALUE_WITH_FAKE_GLOBALS`
const VALUE_WITH_FAKE_GLOBALS: i64 = 2;

impl<'a> Compiler<'a> {
    /// Enter a function of `.format` that refuses formats it does not know.
    pub(super) fn enter_annotations(
        &mut self,
        name: &str,
        entry: Option<EntryId>,
        location: Location,
    ) -> Result {
        let counts = ArgCounts { posonly: 1, ..ArgCounts::default() };
        self.enter_scope(name, ScopeType::Annotations, entry, location.line, None, counts)?;
        self.add(Op::LOAD_FAST, 0, location);
        self.load_const(Constant::from(VALUE_WITH_FAKE_GLOBALS), location);
        self.add(Op::COMPARE_OP, super::checks::GREATER, location);
        let body = self.label();
        self.jump(Op::POP_JUMP_IF_FALSE, body, location);
        self.add(Op::LOAD_COMMON_CONSTANT, common::NOT_IMPLEMENTED_ERROR, location);
        self.add(Op::RAISE_VARARGS, 1, location);
        self.here(body);
        Ok(())
    }

    fn leave_annotations(&mut self, location: Location) -> Result {
        self.op(Op::RETURN_VALUE, location);
        let mut code = self.finish_unit(true)?;
        show_format(&mut code);
        self.make_closure(code, 0, location)
    }

    pub(super) fn function_annotations(
        &mut self,
        args: &'a Arguments,
        returns: Option<&'a Expr>,
        location: Location,
    ) -> Result<i32> {
        let entry = self.lookup(Key::annotations(args))?;
        if !self.table.entries[entry].annotations_used {
            return Ok(0);
        }
        let name = self.table.entries[entry].name.clone();
        self.enter_annotations(&name, Some(entry), location)?;
        let mut count = 0;
        let all: [&'a [Arg]; 2] = [&args.args, &args.posonlyargs];
        for arg in all.into_iter().flatten() {
            self.arg_annotation(&arg.arg, arg.annotation.as_deref(), &mut count, location)?;
        }
        if let Some(arg) = &args.vararg {
            self.arg_annotation(&arg.arg, arg.annotation.as_deref(), &mut count, location)?;
        }
        for arg in &args.kwonlyargs {
            self.arg_annotation(&arg.arg, arg.annotation.as_deref(), &mut count, location)?;
        }
        if let Some(arg) = &args.kwarg {
            self.arg_annotation(&arg.arg, arg.annotation.as_deref(), &mut count, location)?;
        }
        self.arg_annotation(&Name::new_static("return"), returns, &mut count, location)?;
        self.add(Op::BUILD_MAP, count, location);
        self.leave_annotations(location)?;
        Ok(make_function::ANNOTATE)
    }

    fn arg_annotation(
        &mut self,
        name: &Name,
        annotation: Option<&'a Expr>,
        count: &mut i32,
        location: Location,
    ) -> Result {
        let Some(annotation) = annotation else { return Ok(()) };
        let mangled = self.mangle(name);
        self.load_str(&mangled, location);
        if self.features.annotations() {
            self.annotation_text(annotation)?;
        } else if let ExprKind::Starred { value, .. } = &annotation.kind {
            // `*args: *Ts`
            self.expr(value)?;
            self.add(Op::UNPACK_SEQUENCE, 1, location);
        } else {
            self.expr(annotation)?;
        }
        *count += 1;
        Ok(())
    }

    pub(super) fn annotation_text(&mut self, annotation: &Expr) -> Result {
        let text = unparse(annotation)?;
        self.load_const(Constant::Str(text), annotation.location);
        Ok(())
    }

    pub(super) fn defer_annotation(
        &mut self,
        target: &'a Name,
        annotation: &'a Expr,
        location: Location,
    ) {
        let is_module = self.scope_type() == ScopeType::Module;
        let unit = self.unit();
        let mut index = None;
        if is_module || unit.in_conditional_block > 0 {
            index = Some(unit.next_conditional_index);
            unit.next_conditional_index += 1;
        }
        unit.deferred.push(DeferredAnnotation { target, annotation, location, index });
        let Some(index) = index else { return };
        let name = "__conditional_annotations__";
        let (op, arg) = match is_module {
            true => (Op::LOAD_NAME, self.name_index(name)),
            false => (Op::LOAD_DEREF, self.cellvar_index(name)),
        };
        self.add(op, arg, location);
        self.load_const(Constant::from(index), location);
        self.add(Op::SET_ADD, 1, location);
        self.op(Op::POP_TOP, location);
    }

    /// The `__annotate__` function of a module or class.
    pub(super) fn deferred_annotations(&mut self, location: Location) -> Result {
        let deferred = std::mem::take(&mut self.unit().deferred);
        if deferred.is_empty() {
            return Ok(());
        }
        let scope_type = self.scope_type();
        let separate = scope_type == ScopeType::Module;
        if separate {
            let unit = self.unit();
            unit.stashed = Some(std::mem::replace(&mut unit.sequence, InstructionSequence::new()));
        }
        let block = self.entry().annotation_block;
        let is_class = self.entry().block == BlockType::Class;
        self.enter_annotations("__annotate__", block, location)?;
        self.add(Op::BUILD_MAP, 0, location);
        for annotation in &deferred {
            self.deferred_annotation(annotation, scope_type, location)?;
        }
        self.leave_annotations(location)?;
        let name = if is_class { "__annotate_func__" } else { "__annotate__" };
        self.name_op(&Name::new_static(name), ExprContext::Store, location)?;
        if separate {
            let unit = self.unit();
            if let Some(parent) = unit.stashed.take() {
                let code = std::mem::replace(&mut unit.sequence, parent);
                unit.sequence.set_annotations_code(code);
            }
        }
        Ok(())
    }

    fn deferred_annotation(
        &mut self,
        deferred: &DeferredAnnotation<'a>,
        scope_type: ScopeType,
        location: Location,
    ) -> Result {
        let private = self.units.last().and_then(|unit| unit.private.clone());
        let mangled = crate::symtable::mangle(private.as_ref(), deferred.target);
        let not_set = self.label();
        if let Some(index) = deferred.index {
            let name = "__conditional_annotations__";
            self.load_const(Constant::from(index), deferred.location);
            if scope_type == ScopeType::Class {
                let arg = self.freevar_index(name);
                self.add(Op::LOAD_DEREF, arg, deferred.location);
            } else {
                let arg = self.name_index(name);
                self.add(Op::LOAD_GLOBAL, arg, deferred.location);
            }
            self.add(Op::CONTAINS_OP, 0, deferred.location);
            self.jump(Op::POP_JUMP_IF_FALSE, not_set, deferred.location);
        }
        self.expr(deferred.annotation)?;
        self.add(Op::COPY, 2, deferred.location);
        self.load_str(&mangled, deferred.location);
        self.op(Op::STORE_SUBSCR, location);
        self.here(not_set);
        Ok(())
    }
}

/// The parameter is `.format` in the table, so that no annotation can mean it,
/// and `format` in the signature.
fn show_format(code: &mut CodeObject) {
    if let Some(first) = code.localsplusnames.first_mut() {
        *first = "format".into();
    }
}
