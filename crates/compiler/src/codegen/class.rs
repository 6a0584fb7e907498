//! Classes.

use bytecode::{Constant, Op};

use super::{ArgCounts, Compiler, ScopeType, intrinsic};
use crate::{
    ast::{ClassDef, ExprContext, Name},
    error::Result,
    instruction_sequence::{Location, NO_LOCATION},
    symtable::Key,
};

impl<'a> Compiler<'a> {
    pub(super) fn class(&mut self, def: &'a ClassDef, location: Location) -> Result {
        self.exprs(&def.decorator_list)?;
        let firstlineno =
            def.decorator_list.first().map_or(location.line, |first| first.location.line);
        let generic = !def.type_params.is_empty();
        if generic {
            let name = format!("<generic parameters of {}>", def.name);
            let entry = self.lookup(Key::type_params(&def.type_params))?;
            self.enter_scope(
                &name,
                ScopeType::Annotations,
                Some(entry),
                firstlineno,
                Some(def.name.clone()),
                ArgCounts::default(),
            )?;
            self.type_params(&def.type_params)?;
            self.store_name(".type_params", location)?;
        }
        self.class_body(def, firstlineno, location)?;
        if generic {
            self.load_name(".type_params", location)?;
            self.add(Op::CALL_INTRINSIC_1, intrinsic::SUBSCRIPT_GENERIC, location);
            self.store_name(".generic_base", location)?;
            let base = Name::new_static(".generic_base");
            self.call_arguments(location, 2, &def.bases, Some(&base), &def.keywords)?;
            let code = self.finish_unit(false)?;
            self.make_closure(code, 0, location)?;
            self.op(Op::PUSH_NULL, location);
            self.add(Op::CALL, 0, location);
        } else {
            self.call_arguments(location, 2, &def.bases, None, &def.keywords)?;
        }
        self.apply_decorators(&def.decorator_list);
        self.name_op(&def.name, ExprContext::Store, location)
    }

    /// Push `__build_class__`, the function of the body and the class's name.
    fn class_body(&mut self, def: &'a ClassDef, firstlineno: i32, stmt: Location) -> Result {
        let entry = self.lookup(Key::class(def))?;
        self.enter_scope(
            &def.name,
            ScopeType::Class,
            Some(entry),
            firstlineno,
            Some(def.name.clone()),
            ArgCounts::default(),
        )?;
        let location = Location { line: firstlineno, end_line: firstlineno, col: 0, end_col: 0 };
        self.load_name("__name__", location)?;
        self.store_name("__module__", location)?;
        let qualname = self.unit().metadata.qualname.clone();
        self.load_str(&qualname, location);
        self.store_name("__qualname__", location)?;
        self.load_const(Constant::from(i64::from(firstlineno)), location);
        self.store_name("__firstlineno__", location)?;
        if !def.type_params.is_empty() {
            self.load_name(".type_params", location)?;
            self.store_name("__type_params__", location)?;
        }
        let needs_classdict = self.entry().needs_classdict;
        if needs_classdict {
            self.op(Op::LOAD_LOCALS, location);
            let arg = self.cellvar_index("__classdict__");
            self.add(Op::STORE_DEREF, arg, location);
        }
        if self.entry().has_conditional_annotations {
            self.add(Op::BUILD_SET, 0, location);
            let arg = self.cellvar_index("__conditional_annotations__");
            self.add(Op::STORE_DEREF, arg, location);
        }
        self.body(location, &def.body, false)?;
        let attributes = std::mem::take(&mut self.unit().static_attributes);
        let mut attributes: Vec<Name> = attributes.into_iter().collect();
        attributes.sort_by(|a, b| a.chars().cmp(b.chars()));
        let attributes = attributes.iter().map(|name| Constant::from(name.as_str())).collect();
        self.load_const(Constant::Tuple(attributes), NO_LOCATION);
        self.store_name("__static_attributes__", NO_LOCATION)?;
        if needs_classdict {
            let arg = self.cellvar_index("__classdict__");
            self.add(Op::LOAD_CLOSURE, arg, NO_LOCATION);
            self.store_name("__classdictcell__", NO_LOCATION)?;
        }
        if self.entry().needs_class_closure {
            let arg = self.cellvar_index("__class__");
            self.add(Op::LOAD_CLOSURE, arg, NO_LOCATION);
            self.add(Op::COPY, 1, NO_LOCATION);
            self.store_name("__classcell__", NO_LOCATION)?;
        } else {
            self.load_const(Constant::None, NO_LOCATION);
        }
        self.op(Op::RETURN_VALUE, NO_LOCATION);
        let code = self.finish_unit(true)?;
        self.op(Op::LOAD_BUILD_CLASS, stmt);
        self.op(Op::PUSH_NULL, stmt);
        self.make_closure(code, 0, stmt)?;
        self.load_str(&def.name, stmt);
        Ok(())
    }
}
