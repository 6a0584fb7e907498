//! The first pass: raw facts about names, block by block.

use std::collections::HashMap;

use super::{
    BlockType, ComprehensionType, DEF_ANNOT, DEF_COMP_ITER, DEF_GLOBAL, DEF_IMPORT, DEF_LOCAL,
    DEF_NONLOCAL, DEF_PARAM, DEF_TYPE_PARAM, Entry, EntryId, Key, SymbolTable, USE,
};
use crate::{
    MAX_DEPTH,
    ast::{
        Alias, Arg, Arguments, ClassDef, Comprehension, Expr, ExprContext, ExprKind, FunctionDef,
        Keyword, Mod, Name, Pattern, PatternKind, Stmt, StmtKind, TypeParam, TypeParamKind,
        docstring,
    },
    error::{CompileError, ErrorKind, Result},
    future::Features,
    instruction_sequence::Location,
    name_map::{NameMap, NameSet},
};

pub(super) fn build(module: &Mod, features: &Features) -> Result<SymbolTable> {
    let mut builder = Builder {
        table: SymbolTable {
            entries: Vec::new(),
            blocks: HashMap::new(),
            mangled_sets: Vec::new(),
        },
        stack: Vec::new(),
        private: None,
        features,
        depth: 0,
    };
    let nowhere = Location { line: 0, end_line: 0, col: 0, end_col: 0 };
    let top = builder.new_entry(&Name::new_static("top"), BlockType::Module, None, nowhere);
    builder.enter_existing(top);
    match module {
        Mod::Module(body) => {
            builder.cur().has_docstring = docstring(body).is_some();
            builder.stmts(body)?;
        }
        Mod::Interactive(body) => builder.stmts(body)?,
        Mod::Expression(body) => builder.expr(body)?,
        Mod::FunctionType { .. } => {
            return Err(CompileError::new(
                ErrorKind::SystemError,
                "this compiler does not handle FunctionTypes",
            ));
        }
    }
    Ok(builder.table)
}

struct Builder<'a> {
    table: SymbolTable,
    stack: Vec<EntryId>,
    /// The innermost class, whose name mangles private names.
    private: Option<Name>,
    features: &'a Features,
    depth: usize,
}

impl Builder<'_> {
    fn cur_id(&self) -> EntryId {
        self.stack.last().copied().unwrap_or(0)
    }

    fn cur(&mut self) -> &mut Entry {
        let id = self.cur_id();
        &mut self.table.entries[id]
    }

    fn new_entry(
        &mut self,
        name: &Name,
        block: BlockType,
        key: Option<Key>,
        location: Location,
    ) -> EntryId {
        let parent = self.stack.last().map(|id| &self.table.entries[*id]);
        let nested = parent.is_some_and(|parent| parent.nested || parent.is_function_like());
        let method = block == BlockType::Function
            && parent.is_some_and(|parent| parent.block == BlockType::Class);
        let id = self.table.entries.len();
        self.table.entries.push(Entry {
            name: name.clone(),
            block,
            symbols: NameMap::default(),
            varnames: Vec::new(),
            children: Vec::new(),
            location,
            nested,
            generator: false,
            coroutine: false,
            varargs: false,
            varkeywords: false,
            has_docstring: false,
            method,
            annotations_used: false,
            comprehension: None,
            returns_value: false,
            needs_class_closure: false,
            needs_classdict: false,
            comp_inlined: false,
            can_see_class_scope: false,
            has_conditional_annotations: false,
            annotation_block: None,
            comp_iter_target: false,
            comp_iter_expr: 0,
            in_conditional_block: false,
            in_unevaluated_annotation: false,
            scope_info: "",
            directives: Vec::new(),
            mangled_names: None,
        });
        if let Some(key) = key {
            self.table.blocks.insert(key, id);
        }
        id
    }

    fn enter_existing(&mut self, id: EntryId) {
        let parent = self.stack.last().copied();
        self.stack.push(id);
        let Some(parent) = parent else { return };
        let (iter_expr, mangled) = {
            let parent = &self.table.entries[parent];
            (parent.comp_iter_expr, parent.mangled_names)
        };
        let future_annotations = self.features.annotations();
        let entry = &mut self.table.entries[id];
        entry.comp_iter_expr = iter_expr;
        if mangled.is_some() && entry.block != BlockType::Class {
            entry.mangled_names = mangled;
        }
        // With annotations kept as strings their blocks are not part of the tree.
        if future_annotations && entry.block == BlockType::Annotation {
            return;
        }
        let children = &mut self.table.entries[parent].children;
        if !children.contains(&id) {
            children.push(id);
        }
    }

    fn enter(&mut self, name: &Name, block: BlockType, key: Key, location: Location) -> Result {
        let id = self.new_entry(name, block, Some(key), location);
        self.enter_existing(id);
        if matches!(block, BlockType::Annotation | BlockType::TypeVariable | BlockType::TypeAlias) {
            let format = Name::new_static(".format");
            self.add_def(&format, DEF_PARAM, location)?;
            self.add_def(&format, USE, location)?;
        }
        Ok(())
    }

    fn exit(&mut self) {
        self.stack.pop();
    }

    fn mangled(&self, name: &Name) -> Name {
        self.table.maybe_mangle(self.private.as_ref(), self.cur_id(), name)
    }

    fn lookup_in(&self, id: EntryId, name: &Name) -> u32 {
        let mangled = self.table.maybe_mangle(self.private.as_ref(), id, name);
        self.table.entries[id].symbol(&mangled)
    }

    fn lookup(&self, name: &Name) -> u32 {
        self.lookup_in(self.cur_id(), name)
    }

    fn add_def(&mut self, name: &Name, flag: u32, location: Location) -> Result {
        let ctx = if flag == USE { ExprContext::Load } else { ExprContext::Store };
        self.add_def_ctx(name, flag, location, ctx)
    }

    fn add_def_ctx(
        &mut self,
        name: &Name,
        flag: u32,
        location: Location,
        ctx: ExprContext,
    ) -> Result {
        if flag & (DEF_PARAM | DEF_LOCAL | DEF_IMPORT) != 0 {
            check_name(name, location, ctx)?;
        }
        if flag & DEF_TYPE_PARAM != 0
            && let Some(set) = self.cur().mangled_names
        {
            self.table.mangled_sets[set].add(name);
        }
        self.add_def_to(self.cur_id(), name, flag, location)
    }

    fn add_def_to(&mut self, id: EntryId, name: &Name, flag: u32, location: Location) -> Result {
        let mangled = self.mangled(name);
        let entry = &mut self.table.entries[id];
        let old = entry.symbols.get(&mangled).copied();
        let mut value = old.unwrap_or(0);
        if flag & value & DEF_PARAM != 0 {
            let message = format!("duplicate argument '{name}' in function definition");
            return Err(CompileError::at(location, message));
        }
        if flag & value & DEF_TYPE_PARAM != 0 {
            let message = format!("duplicate type parameter '{name}'");
            return Err(CompileError::at(location, message));
        }
        value |= flag;
        if entry.comp_iter_target {
            if value & (DEF_GLOBAL | DEF_NONLOCAL) != 0 {
                let message = format!(
                    "comprehension inner loop cannot rebind assignment expression target '{name}'"
                );
                return Err(CompileError::at(location, message));
            }
            value |= DEF_COMP_ITER;
        }
        entry.symbols.insert(&mangled, value);
        if flag & DEF_PARAM != 0 {
            entry.varnames.push(mangled);
        } else if flag & DEF_GLOBAL != 0 {
            let top = &mut self.table.entries[0].symbols;
            let value = top.get(&mangled).copied().unwrap_or(0) | flag;
            top.insert(&mangled, value);
        }
        Ok(())
    }

    fn record_directive(&mut self, name: &Name, location: Location) {
        let mangled = self.mangled(name);
        self.cur().directives.push((mangled, location));
    }

    fn enter_type_param_block(
        &mut self,
        name: &Name,
        params: &[TypeParam],
        defaults: (bool, bool),
        is_class: bool,
        location: Location,
    ) -> Result {
        let in_class = self.cur().block == BlockType::Class;
        self.enter(name, BlockType::TypeParameters, Key::type_params(params), location)?;
        if in_class {
            self.cur().can_see_class_scope = true;
            self.add_def(&Name::new_static("__classdict__"), USE, location)?;
        }
        if is_class {
            for implicit in [".type_params", ".generic_base"] {
                let implicit = Name::new_static(implicit);
                self.add_def(&implicit, DEF_LOCAL, location)?;
                self.add_def(&implicit, USE, location)?;
            }
        }
        if defaults.0 {
            self.add_def(&Name::new_static(".defaults"), DEF_PARAM, location)?;
        }
        if defaults.1 {
            self.add_def(&Name::new_static(".kwdefaults"), DEF_PARAM, location)?;
        }
        Ok(())
    }

    fn nested<T>(&mut self, visit: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(CompileError::recursion());
        }
        let result = visit(self);
        self.depth -= 1;
        result
    }

    fn conditional(&mut self, visit: impl FnOnce(&mut Self) -> Result) -> Result {
        let outer = std::mem::replace(&mut self.cur().in_conditional_block, true);
        visit(self)?;
        self.cur().in_conditional_block = outer;
        Ok(())
    }

    fn stmts(&mut self, body: &[Stmt]) -> Result {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    fn exprs(&mut self, exprs: &[Expr]) -> Result {
        exprs.iter().try_for_each(|expr| self.expr(expr))
    }

    fn opt_expr(&mut self, expr: Option<&Expr>) -> Result {
        expr.map_or(Ok(()), |expr| self.expr(expr))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result {
        self.nested(|builder| builder.stmt_inner(stmt))
    }

    fn stmt_inner(&mut self, stmt: &Stmt) -> Result {
        let location = stmt.location;
        match &stmt.kind {
            StmtKind::FunctionDef(def) => self.function(def, location),
            StmtKind::ClassDef(def) => self.class(def, location),
            StmtKind::TypeAlias { name, type_params, value } => {
                self.type_alias(name, type_params, value, location)
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(value)?;
                    self.cur().returns_value = true;
                }
                Ok(())
            }
            StmtKind::Delete(targets) => self.exprs(targets),
            StmtKind::Assign { targets, value } => {
                self.exprs(targets)?;
                self.expr(value)
            }
            StmtKind::AnnAssign { target, annotation, value, simple } => {
                self.ann_assign(stmt, target, annotation, value.as_deref(), *simple)
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.expr(target)?;
                self.expr(value)
            }
            StmtKind::For(node) => {
                if node.is_async {
                    self.require_coroutine("'async for' outside async function", location)?;
                }
                self.expr(&node.target)?;
                self.expr(&node.iter)?;
                self.conditional(|builder| {
                    builder.stmts(&node.body)?;
                    builder.stmts(&node.orelse)
                })
            }
            StmtKind::While { test, body, orelse } | StmtKind::If { test, body, orelse } => {
                self.expr(test)?;
                self.conditional(|builder| {
                    builder.stmts(body)?;
                    builder.stmts(orelse)
                })
            }
            StmtKind::Match { subject, cases } => {
                self.expr(subject)?;
                self.conditional(|builder| {
                    for case in cases {
                        builder.pattern(&case.pattern)?;
                        builder.opt_expr(case.guard.as_deref())?;
                        builder.stmts(&case.body)?;
                    }
                    Ok(())
                })
            }
            StmtKind::Raise { exc, cause } => {
                self.opt_expr(exc.as_deref())?;
                self.opt_expr(cause.as_deref())
            }
            StmtKind::Try(node) => self.conditional(|builder| {
                builder.stmts(&node.body)?;
                for handler in &node.handlers {
                    builder.opt_expr(handler.typ.as_deref())?;
                    if let Some(name) = &handler.name {
                        builder.add_def(name, DEF_LOCAL, handler.location)?;
                    }
                    builder.stmts(&handler.body)?;
                }
                builder.stmts(&node.orelse)?;
                builder.stmts(&node.finalbody)
            }),
            StmtKind::Assert { test, msg } => {
                self.expr(test)?;
                self.opt_expr(msg.as_deref())
            }
            StmtKind::Import(names) => names.iter().try_for_each(|alias| self.alias(alias)),
            StmtKind::ImportFrom { module, names, level } => {
                names.iter().try_for_each(|alias| self.alias(alias))?;
                let future = self.features.location;
                let late = location.line > future.line
                    || (location.line == future.end_line && location.col > future.end_col);
                if *level == 0 && late && module.as_ref().is_some_and(|m| m == "__future__") {
                    return Err(CompileError::at(
                        location,
                        "from __future__ imports must occur at the beginning of the file",
                    ));
                }
                Ok(())
            }
            StmtKind::Global(names) => self.directive(names, DEF_GLOBAL, "global", location),
            StmtKind::Nonlocal(names) => self.directive(names, DEF_NONLOCAL, "nonlocal", location),
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::With { items, body, is_async } => {
                if *is_async {
                    self.require_coroutine("'async with' outside async function", location)?;
                }
                self.conditional(|builder| {
                    for item in items {
                        builder.expr(&item.context_expr)?;
                        builder.opt_expr(item.optional_vars.as_deref())?;
                    }
                    builder.stmts(body)
                })
            }
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
        }
    }

    fn function(&mut self, def: &FunctionDef, location: Location) -> Result {
        self.add_def(&def.name, DEF_LOCAL, location)?;
        self.argument_defaults(&def.args)?;
        self.exprs(&def.decorator_list)?;
        let generic = !def.type_params.is_empty();
        if generic {
            // COMPAT: CPython enters `.defaults` even if there are none.
            let defaults = (true, def.args.kw_defaults.iter().any(Option::is_some));
            self.enter_type_param_block(&def.name, &def.type_params, defaults, false, location)?;
            self.type_params(&def.type_params)?;
        }
        let id = self.new_entry(&def.name, BlockType::Function, Some(Key::function(def)), location);
        self.table.entries[id].has_docstring = docstring(&def.body).is_some();
        self.function_annotations(def, location)?;
        self.enter_existing(id);
        self.cur().coroutine = def.is_async;
        self.parameters(&def.args)?;
        self.stmts(&def.body)?;
        self.exit();
        if generic {
            self.exit();
        }
        Ok(())
    }

    fn argument_defaults(&mut self, args: &Arguments) -> Result {
        self.exprs(&args.defaults)?;
        args.kw_defaults.iter().flatten().try_for_each(|default| self.expr(default))
    }

    fn function_annotations(&mut self, def: &FunctionDef, location: Location) -> Result {
        let sees_class = self.cur().can_see_class_scope || self.cur().block == BlockType::Class;
        let args = &def.args;
        let annotate = Name::new_static("__annotate__");
        self.enter(&annotate, BlockType::Annotation, Key::annotations(args), location)?;
        if sees_class {
            self.cur().can_see_class_scope = true;
            self.add_def(&Name::new_static("__classdict__"), USE, location)?;
        }
        let all: [&[Arg]; 2] = [&args.posonlyargs, &args.args];
        for arg in all.into_iter().flatten() {
            self.arg_annotation(arg)?;
        }
        for arg in [&args.vararg, &args.kwarg].into_iter().flatten() {
            self.arg_annotation(arg)?;
        }
        for arg in &args.kwonlyargs {
            self.arg_annotation(arg)?;
        }
        if let Some(returns) = &def.returns {
            self.cur().annotations_used = true;
            self.expr(returns)?;
        }
        self.exit();
        Ok(())
    }

    fn arg_annotation(&mut self, arg: &Arg) -> Result {
        let Some(annotation) = &arg.annotation else { return Ok(()) };
        self.cur().annotations_used = true;
        self.expr(annotation)
    }

    fn parameters(&mut self, args: &Arguments) -> Result {
        for arg in args.posonlyargs.iter().chain(&args.args).chain(&args.kwonlyargs) {
            self.add_def(&arg.arg, DEF_PARAM, arg.location)?;
        }
        if let Some(arg) = &args.vararg {
            self.add_def(&arg.arg, DEF_PARAM, arg.location)?;
            self.cur().varargs = true;
        }
        if let Some(arg) = &args.kwarg {
            self.add_def(&arg.arg, DEF_PARAM, arg.location)?;
            self.cur().varkeywords = true;
        }
        Ok(())
    }

    fn class(&mut self, def: &ClassDef, location: Location) -> Result {
        self.add_def(&def.name, DEF_LOCAL, location)?;
        self.exprs(&def.decorator_list)?;
        let outer_private = self.private.clone();
        let generic = !def.type_params.is_empty();
        if generic {
            self.enter_type_param_block(
                &def.name,
                &def.type_params,
                (false, false),
                true,
                location,
            )?;
            self.private = Some(def.name.clone());
            let set = self.table.mangled_sets.len();
            self.table.mangled_sets.push(NameSet::default());
            self.cur().mangled_names = Some(set);
            self.type_params(&def.type_params)?;
        }
        self.exprs(&def.bases)?;
        self.keywords(&def.keywords)?;
        self.enter(&def.name, BlockType::Class, Key::class(def), location)?;
        self.private = Some(def.name.clone());
        if generic {
            self.add_def(&Name::new_static("__type_params__"), DEF_LOCAL, location)?;
            self.add_def(&Name::new_static(".type_params"), USE, location)?;
        }
        self.cur().has_docstring = docstring(&def.body).is_some();
        self.stmts(&def.body)?;
        self.exit();
        if generic {
            self.exit();
        }
        self.private = outer_private;
        Ok(())
    }

    fn keywords(&mut self, keywords: &[Keyword]) -> Result {
        for keyword in keywords {
            if let Some(arg) = &keyword.arg {
                check_name(arg, keyword.location, ExprContext::Store)?;
            }
        }
        keywords.iter().try_for_each(|keyword| self.expr(&keyword.value))
    }

    fn type_alias(
        &mut self,
        name: &Expr,
        type_params: &[TypeParam],
        value: &Expr,
        location: Location,
    ) -> Result {
        self.expr(name)?;
        let ExprKind::Name { id, .. } = &name.kind else {
            return Err(CompileError::new(ErrorKind::TypeError, "TypeAlias with non-Name name"));
        };
        let in_class = self.cur().block == BlockType::Class;
        let generic = !type_params.is_empty();
        if generic {
            self.enter_type_param_block(id, type_params, (false, false), false, location)?;
            self.type_params(type_params)?;
        }
        self.enter(id, BlockType::TypeAlias, Key::type_alias(value), location)?;
        self.cur().can_see_class_scope = in_class;
        if in_class {
            self.add_def(&Name::new_static("__classdict__"), USE, value.location)?;
        }
        self.expr(value)?;
        self.exit();
        if generic {
            self.exit();
        }
        Ok(())
    }

    fn type_params(&mut self, params: &[TypeParam]) -> Result {
        params.iter().try_for_each(|param| self.nested(|builder| builder.type_param(param)))
    }

    fn type_param(&mut self, param: &TypeParam) -> Result {
        self.add_def(&param.name, DEF_TYPE_PARAM | DEF_LOCAL, param.location)?;
        let default_info = match &param.kind {
            TypeParamKind::TypeVar { bound } => {
                let info = match bound {
                    Some(bound) if matches!(bound.kind, ExprKind::Tuple { .. }) => {
                        "a TypeVar constraint"
                    }
                    _ => "a TypeVar bound",
                };
                self.type_param_value(param, bound.as_deref(), Key::bound(param), info)?;
                "a TypeVar default"
            }
            TypeParamKind::TypeVarTuple => "a TypeVarTuple default",
            TypeParamKind::ParamSpec => "a ParamSpec default",
        };
        self.type_param_value(param, param.default.as_deref(), Key::default(param), default_info)
    }

    fn type_param_value(
        &mut self,
        param: &TypeParam,
        value: Option<&Expr>,
        key: Key,
        info: &'static str,
    ) -> Result {
        if param.name == "__classdict__" {
            return Err(CompileError::at(
                param.location,
                "reserved name '__classdict__' cannot be used for type parameter",
            ));
        }
        let Some(value) = value else { return Ok(()) };
        let sees_class = self.cur().can_see_class_scope;
        self.enter(&param.name, BlockType::TypeVariable, key, value.location)?;
        self.cur().can_see_class_scope = sees_class;
        if sees_class {
            self.add_def(&Name::new_static("__classdict__"), USE, value.location)?;
        }
        self.cur().scope_info = info;
        self.expr(value)?;
        self.exit();
        Ok(())
    }

    fn ann_assign(
        &mut self,
        stmt: &Stmt,
        target: &Expr,
        annotation: &Expr,
        value: Option<&Expr>,
        simple: bool,
    ) -> Result {
        self.cur().annotations_used = true;
        if let ExprKind::Name { id, .. } = &target.kind {
            let known = self.lookup(id);
            if known & (DEF_GLOBAL | DEF_NONLOCAL) != 0 && self.cur_id() != 0 && simple {
                let what = if known & DEF_GLOBAL != 0 { "global" } else { "nonlocal" };
                let message = format!("annotated name '{id}' can't be {what}");
                return Err(CompileError::at(stmt.location, message));
            }
            if simple {
                self.add_def(id, DEF_ANNOT | DEF_LOCAL, target.location)?;
            } else if value.is_some() {
                self.add_def(id, DEF_LOCAL, target.location)?;
            }
        } else {
            self.expr(target)?;
        }
        self.annotation(annotation)?;
        self.opt_expr(value)
    }

    fn annotation(&mut self, annotation: &Expr) -> Result {
        // Annotations in functions are never executed.
        let unevaluated = self.cur().block == BlockType::Function;
        let parent = self.cur_id();
        let parent_block = self.cur().block;
        // Whatever a module runs is conditional: it may be seen half executed.
        let conditional = match parent_block {
            BlockType::Module => true,
            BlockType::Class => self.cur().in_conditional_block,
            _ => false,
        };
        if conditional && !self.cur().has_conditional_annotations {
            self.cur().has_conditional_annotations = true;
            let name = Name::new_static("__conditional_annotations__");
            self.add_def(&name, USE, annotation.location)?;
        }
        match self.table.entries[parent].annotation_block {
            Some(block) => self.enter_existing(block),
            None => {
                let name = Name::new_static("__annotate__");
                let key = Key::Annotations(std::ptr::from_ref(annotation).addr());
                self.enter(&name, BlockType::Annotation, key, annotation.location)?;
                self.table.entries[parent].annotation_block = Some(self.cur_id());
                if parent_block == BlockType::Class && !self.features.annotations() {
                    self.cur().can_see_class_scope = true;
                    let name = Name::new_static("__classdict__");
                    self.add_def(&name, USE, annotation.location)?;
                }
            }
        }
        if unevaluated {
            self.cur().in_unevaluated_annotation = true;
        }
        self.expr(annotation)?;
        if unevaluated {
            self.cur().in_unevaluated_annotation = false;
        }
        self.exit();
        Ok(())
    }

    fn alias(&mut self, alias: &Alias) -> Result {
        if alias.name == "*" && alias.asname.is_none() {
            if self.cur().block != BlockType::Module {
                return Err(CompileError::at(
                    alias.location,
                    "import * only allowed at module level",
                ));
            }
            return Ok(());
        }
        let bound = alias.asname.as_ref().unwrap_or(&alias.name);
        let stored = match bound.split_once('.') {
            Some((package, _)) => Name::new(package),
            None => bound.clone(),
        };
        self.add_def(&stored, DEF_IMPORT, alias.location)
    }

    fn directive(
        &mut self,
        names: &[Name],
        flag: u32,
        keyword: &str,
        location: Location,
    ) -> Result {
        for name in names {
            let known = self.lookup(name);
            if known & (DEF_PARAM | DEF_LOCAL | USE | DEF_ANNOT) != 0 {
                let message = if known & DEF_PARAM != 0 {
                    format!("name '{name}' is parameter and {keyword}")
                } else if known & USE != 0 {
                    format!("name '{name}' is used prior to {keyword} declaration")
                } else if known & DEF_ANNOT != 0 {
                    format!("annotated name '{name}' can't be {keyword}")
                } else {
                    format!("name '{name}' is assigned to before {keyword} declaration")
                };
                return Err(CompileError::at(location, message));
            }
            self.add_def(name, flag, location)?;
            self.record_directive(name, location);
        }
        Ok(())
    }

    fn allows_top_level_await(&mut self) -> bool {
        self.features.top_level_await() && self.cur().block == BlockType::Module
    }

    fn in_async_def(&mut self) -> bool {
        let entry = self.cur();
        entry.block == BlockType::Function && entry.coroutine
    }

    fn require_coroutine(&mut self, message: &str, location: Location) -> Result {
        if self.allows_top_level_await() {
            self.cur().coroutine = true;
        }
        if self.cur().coroutine { Ok(()) } else { Err(CompileError::at(location, message)) }
    }

    fn expr(&mut self, expr: &Expr) -> Result {
        self.nested(|builder| builder.expr_inner(expr))
    }

    fn expr_inner(&mut self, expr: &Expr) -> Result {
        match &expr.kind {
            ExprKind::NamedExpr { target, value } => {
                self.forbid_in_annotation("named expression", expr)?;
                self.named_expr(expr, target, value)
            }
            ExprKind::BoolOp { values, .. }
            | ExprKind::JoinedStr(values)
            | ExprKind::TemplateStr(values) => self.exprs(values),
            ExprKind::BinOp { left, right, .. } => {
                self.expr(left)?;
                self.expr(right)
            }
            ExprKind::UnaryOp { operand, .. } => self.expr(operand),
            ExprKind::Lambda(lambda) => {
                self.argument_defaults(&lambda.args)?;
                let name = Name::new_static("lambda");
                self.enter(&name, BlockType::Function, Key::expr(expr), expr.location)?;
                self.parameters(&lambda.args)?;
                self.expr(&lambda.body)?;
                self.exit();
                Ok(())
            }
            ExprKind::IfExp { test, body, orelse } => {
                self.expr(test)?;
                self.expr(body)?;
                self.expr(orelse)
            }
            ExprKind::Dict { keys, values } => {
                keys.iter().flatten().try_for_each(|key| self.expr(key))?;
                self.exprs(values)
            }
            ExprKind::Set(elts) | ExprKind::List { elts, .. } | ExprKind::Tuple { elts, .. } => {
                self.exprs(elts)
            }
            ExprKind::GeneratorExp { elt, generators } => self.comprehension(
                expr,
                "genexpr",
                ComprehensionType::Generator,
                generators,
                elt,
                None,
            ),
            ExprKind::ListComp { elt, generators } => {
                self.comprehension(expr, "listcomp", ComprehensionType::List, generators, elt, None)
            }
            ExprKind::SetComp { elt, generators } => {
                self.comprehension(expr, "setcomp", ComprehensionType::Set, generators, elt, None)
            }
            ExprKind::DictComp { key, value, generators } => self.comprehension(
                expr,
                "dictcomp",
                ComprehensionType::Dict,
                generators,
                key,
                Some(value),
            ),
            ExprKind::Yield(value) => {
                self.forbid_in_annotation("yield expression", expr)?;
                self.opt_expr(value.as_deref())?;
                self.note_yield(expr)
            }
            ExprKind::YieldFrom(value) => {
                self.forbid_in_annotation("yield expression", expr)?;
                self.expr(value)?;
                self.note_yield(expr)
            }
            ExprKind::Await(value) => {
                self.forbid_in_annotation("await expression", expr)?;
                if !self.allows_top_level_await() {
                    if !self.cur().is_function_like() {
                        return Err(CompileError::at(expr.location, "'await' outside function"));
                    }
                    if !self.in_async_def() && self.cur().comprehension.is_none() {
                        return Err(CompileError::at(
                            expr.location,
                            "'await' outside async function",
                        ));
                    }
                }
                self.expr(value)?;
                self.cur().coroutine = true;
                Ok(())
            }
            ExprKind::Compare { left, comparators, .. } => {
                self.expr(left)?;
                self.exprs(comparators)
            }
            ExprKind::Call { func, args, keywords } => {
                self.expr(func)?;
                self.exprs(args)?;
                self.keywords(keywords)
            }
            ExprKind::FormattedValue { value, format_spec, .. }
            | ExprKind::Interpolation { value, format_spec, .. } => {
                self.expr(value)?;
                self.opt_expr(format_spec.as_deref())
            }
            ExprKind::Constant { .. } => Ok(()),
            ExprKind::Attribute { value, attr, ctx } => {
                check_name(attr, expr.location, *ctx)?;
                self.expr(value)
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value)?;
                self.expr(slice)
            }
            ExprKind::Starred { value, .. } => self.expr(value),
            ExprKind::Slice { lower, upper, step } => {
                self.opt_expr(lower.as_deref())?;
                self.opt_expr(upper.as_deref())?;
                self.opt_expr(step.as_deref())
            }
            ExprKind::Name { id, ctx } => {
                if self.cur().in_unevaluated_annotation {
                    return Ok(());
                }
                let flag = if *ctx == ExprContext::Load { USE } else { DEF_LOCAL };
                self.add_def_ctx(id, flag, expr.location, *ctx)?;
                // `super` counts as a use of `__class__`.
                if *ctx == ExprContext::Load && id == "super" && self.cur().is_function_like() {
                    self.add_def(&Name::new_static("__class__"), USE, expr.location)?;
                }
                Ok(())
            }
        }
    }

    fn note_yield(&mut self, expr: &Expr) -> Result {
        self.cur().generator = true;
        let message = match self.cur().comprehension {
            None => return Ok(()),
            Some(ComprehensionType::List) => "'yield' inside list comprehension",
            Some(ComprehensionType::Set) => "'yield' inside set comprehension",
            Some(ComprehensionType::Dict) => "'yield' inside dict comprehension",
            Some(ComprehensionType::Generator) => "'yield' inside generator expression",
        };
        Err(CompileError::at(expr.location, message))
    }

    fn forbid_in_annotation(&mut self, what: &str, expr: &Expr) -> Result {
        let place = match self.cur().block {
            BlockType::Annotation => "an annotation",
            BlockType::TypeVariable => self.cur().scope_info,
            BlockType::TypeAlias => "a type alias",
            BlockType::TypeParameters => "the definition of a generic",
            BlockType::Function | BlockType::Class | BlockType::Module => return Ok(()),
        };
        Err(CompileError::at(expr.location, format!("{what} cannot be used within {place}")))
    }

    fn named_expr(&mut self, expr: &Expr, target: &Expr, value: &Expr) -> Result {
        if self.cur().comp_iter_expr > 0 {
            return Err(CompileError::at(
                expr.location,
                "assignment expression cannot be used in a comprehension iterable expression",
            ));
        }
        if self.cur().comprehension.is_some() {
            self.extend_named_expr_scope(target)?;
        }
        self.expr(value)?;
        self.expr(target)
    }

    /// A name assigned in a comprehension belongs to the enclosing function or module.
    fn extend_named_expr_scope(&mut self, target: &Expr) -> Result {
        let ExprKind::Name { id, .. } = &target.kind else { return Ok(()) };
        let location = target.location;
        for at in (0..self.stack.len()).rev() {
            let entry = self.stack[at];
            if self.table.entries[entry].comprehension.is_some() {
                let known = self.lookup_in(entry, id);
                if known & DEF_COMP_ITER != 0 && known & DEF_LOCAL != 0 {
                    let message = format!(
                        "assignment expression cannot rebind comprehension iteration variable '{id}'"
                    );
                    return Err(CompileError::at(location, message));
                }
                continue;
            }
            let message = match self.table.entries[entry].block {
                BlockType::Function => {
                    let known = self.lookup_in(entry, id);
                    let flag = if known & DEF_GLOBAL != 0 { DEF_GLOBAL } else { DEF_NONLOCAL };
                    self.add_def(id, flag, location)?;
                    self.record_directive(id, location);
                    return self.add_def_to(entry, id, DEF_LOCAL, location);
                }
                BlockType::Module => {
                    self.add_def(id, DEF_GLOBAL, location)?;
                    self.record_directive(id, location);
                    return self.add_def_to(entry, id, DEF_GLOBAL, location);
                }
                BlockType::Class => "be used in a class body",
                BlockType::TypeParameters => "be used within the definition of a generic",
                BlockType::TypeAlias => "be used in a type alias",
                BlockType::TypeVariable => "be used in a TypeVar bound",
                BlockType::Annotation => continue,
            };
            return Err(CompileError::at(
                location,
                format!("assignment expression within a comprehension cannot {message}"),
            ));
        }
        Ok(())
    }

    fn comprehension(
        &mut self,
        expr: &Expr,
        name: &'static str,
        typ: ComprehensionType,
        generators: &[Comprehension],
        elt: &Expr,
        value: Option<&Expr>,
    ) -> Result {
        let Some((outermost, rest)) = generators.split_first() else {
            return Err(CompileError::new(
                ErrorKind::ValueError,
                "comprehension with no generators",
            ));
        };
        // The outermost iterable is evaluated in the current scope.
        self.cur().comp_iter_expr += 1;
        self.expr(&outermost.iter)?;
        self.cur().comp_iter_expr -= 1;
        let name = Name::new_static(name);
        self.enter(&name, BlockType::Function, Key::expr(expr), expr.location)?;
        self.cur().comprehension = Some(typ);
        if outermost.is_async {
            self.cur().coroutine = true;
        }
        self.add_def(&Name::new_static(".0"), DEF_PARAM, expr.location)?;
        self.cur().comp_iter_target = true;
        self.expr(&outermost.target)?;
        self.cur().comp_iter_target = false;
        self.exprs(&outermost.ifs)?;
        for generator in rest {
            self.cur().comp_iter_target = true;
            self.expr(&generator.target)?;
            self.cur().comp_iter_target = false;
            self.cur().comp_iter_expr += 1;
            self.expr(&generator.iter)?;
            self.cur().comp_iter_expr -= 1;
            self.exprs(&generator.ifs)?;
            if generator.is_async {
                self.cur().coroutine = true;
            }
        }
        self.opt_expr(value)?;
        self.expr(elt)?;
        let is_generator = typ == ComprehensionType::Generator;
        self.cur().generator = is_generator;
        let is_async = self.cur().coroutine && !is_generator;
        self.exit();
        if is_async {
            if !self.in_async_def()
                && self.cur().comprehension.is_none()
                && !self.allows_top_level_await()
            {
                return Err(CompileError::at(
                    expr.location,
                    "asynchronous comprehension outside of an asynchronous function",
                ));
            }
            self.cur().coroutine = true;
        }
        Ok(())
    }

    fn pattern(&mut self, pattern: &Pattern) -> Result {
        self.nested(|builder| builder.pattern_inner(pattern))
    }

    fn pattern_inner(&mut self, pattern: &Pattern) -> Result {
        let location = pattern.location;
        match &pattern.kind {
            PatternKind::MatchValue(value) => self.expr(value),
            PatternKind::MatchSingleton(_) => Ok(()),
            PatternKind::MatchSequence(patterns) | PatternKind::MatchOr(patterns) => {
                patterns.iter().try_for_each(|pattern| self.pattern(pattern))
            }
            PatternKind::MatchStar(name) => self.capture(name.as_ref(), location),
            PatternKind::MatchMapping { keys, patterns, rest } => {
                self.exprs(keys)?;
                patterns.iter().try_for_each(|pattern| self.pattern(pattern))?;
                self.capture(rest.as_ref(), location)
            }
            PatternKind::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                self.expr(cls)?;
                patterns.iter().try_for_each(|pattern| self.pattern(pattern))?;
                for (attr, pattern) in kwd_attrs.iter().zip(kwd_patterns) {
                    check_name(attr, pattern.location, ExprContext::Store)?;
                }
                kwd_patterns.iter().try_for_each(|pattern| self.pattern(pattern))
            }
            PatternKind::MatchAs { pattern, name } => {
                if let Some(pattern) = pattern {
                    self.pattern(pattern)?;
                }
                self.capture(name.as_ref(), location)
            }
        }
    }

    fn capture(&mut self, name: Option<&Name>, location: Location) -> Result {
        name.map_or(Ok(()), |name| self.add_def(name, DEF_LOCAL, location))
    }
}

fn check_name(name: &Name, location: Location, ctx: ExprContext) -> Result {
    if name != "__debug__" || ctx == ExprContext::Load {
        return Ok(());
    }
    let verb = if ctx == ExprContext::Store { "assign to" } else { "delete" };
    Err(CompileError::at(location, format!("cannot {verb} __debug__")))
}
