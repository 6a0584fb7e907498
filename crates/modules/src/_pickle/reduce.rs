//! Saving objects: by name, or by how to make them again.

use object::{
    AsObject, Bytes, Dict, Function, Int, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    Type, exceptions, id, protocol, types,
};

use super::{
    dispatch_table, extension_registry,
    opcodes::*,
    pickling_error,
    save::{Saver, full_name},
    table_entry,
};
use crate::construct;

/// Whether a path leads through a function.
fn is_local(path: &Str) -> bool {
    match path.as_ascii() {
        Some(path) => path.contains("<locals>"),
        None => path.to_string().contains("<locals>"),
    }
}

/// Follow a dotted path from `object`.
pub(super) fn attribute_path(th: Thread<'_>, object: Obj<'_>, path: &Str) -> Result {
    if path.as_ascii().is_some_and(|path| !path.contains('.')) {
        return object.getattr(th, path);
    }
    let mut found = object.own();
    for name in dotted(th, path)? {
        found = found.getattr(th, &name)?;
    }
    Ok(found)
}

/// The names of a dotted path.
fn dotted(th: Thread<'_>, path: &Str) -> Result<Vec<Ref<Str>>> {
    let dot = Str::intern(th, ".")?;
    let names = path.obj().call_method(th, id!(th, "split"), &[dot.obj()])?;
    let names = protocol::iter::collect(th, names.obj())?;
    Ok(names.into_iter().filter_map(|name| name.downcast::<Str>().ok()).collect())
}

impl Saver<'_> {
    /// Any object that is not of a type with opcodes of its own.
    pub(super) fn save_other(&mut self, object: Obj<'_>) -> Result<()> {
        let th = self.th;
        let ty = object.ty();
        if let Some(function) = self.reducer_override.clone() {
            let reduced = function.call(th, &[object])?;
            if !reduced.obj().is(types::not_implemented()) {
                return self.save_reduced(object, reduced);
            }
        }
        if std::ptr::eq(ty, Type::type_object()) {
            return self.save_type(object);
        }
        if std::ptr::eq(ty, Function::type_object()) {
            return self.save_global(object, None);
        }
        let table = match self.pickler.dispatch_table.get() {
            Some(table) => table,
            None => dispatch_table(th)?,
        };
        let reducer = match table.obj().downcast_exact::<Dict>() {
            Some(table) => table.get(th, ty.obj())?,
            None => match table.get_item(th, ty.obj()) {
                Ok(reducer) => Some(reducer),
                Err(raised) => {
                    th.catch(raised, object::exceptions::types::LookupError())?;
                    None
                }
            },
        };
        let reduced = if let Some(reducer) = reducer {
            reducer.call(th, &[object])?
        } else if ty.is_subtype(Type::type_object()) {
            return self.save_global(object, None);
        } else if let Some(reduce) = object.getattr_opt(th, id!(th, "__reduce_ex__"))? {
            reduce.call(th, &[Int::from_i64(th, i64::from(self.protocol))?.obj()])?
        } else if let Some(reduce) = object.getattr_opt(th, id!(th, "__reduce__"))? {
            reduce.call(th, &[])?
        } else {
            let name = full_name(th, ty);
            return Err(pickling_error(th, format_args!("Can't pickle {name} object")));
        };
        self.save_reduced(object, reduced)
    }

    fn save_reduced(&mut self, object: Obj<'_>, reduced: Ref) -> Result<()> {
        if let Some(name) = reduced.obj().downcast::<Str>() {
            return self.save_global(object, Some(name));
        }
        let result = match reduced.obj().downcast::<Tuple>() {
            Some(tuple) => self.save_reduce(tuple, Some(object)),
            None => {
                let got = full_name(self.th, reduced.obj().ty());
                Err(pickling_error(
                    self.th,
                    format_args!("__reduce__ must return a string or tuple, not {got}"),
                ))
            }
        };
        result.map_err(|raised| {
            let name = full_name(self.th, object.ty());
            self.note(raised, format_args!("when serializing {name} object"))
        })
    }

    fn save_type(&mut self, object: Obj<'_>) -> Result<()> {
        let th = self.th;
        for value in [types::none(), types::not_implemented(), types::ellipsis()] {
            if object.is(value.ty().obj()) {
                let args = Tuple::from_objs(th, &[value])?;
                let reduced = Tuple::from_objs(th, &[Type::type_object().obj(), args.obj()])?;
                return self.save_reduce(&reduced, Some(object));
            }
        }
        self.save_global(object, None)
    }

    /// The module in which `object` is found under `path`.
    fn which_module(&self, object: Obj<'_>, path: &Str) -> Result<Ref> {
        let th = self.th;
        if let Some(module) = object.getattr_opt(th, id!(th, "__module__"))?
            && !module.obj().is_none()
        {
            return Ok(module);
        }
        if is_local(path) {
            let shown = object.repr(th)?;
            return Err(pickling_error(th, format_args!("Can't pickle local object {shown}")));
        }
        let modules = th.interp().modules.get().map(|modules| modules.items()).unwrap_or_default();
        for (name, module) in modules {
            if module.obj().is_none()
                || types::str_eq(name.obj(), "__main__")
                || types::str_eq(name.obj(), "__mp_main__")
            {
                continue;
            }
            match attribute_path(th, module.obj(), path) {
                Ok(found) if found.obj().is(object) => return Ok(name),
                Ok(_) => {}
                Err(raised) => th.catch(raised, object::exceptions::types::AttributeError())?,
            }
        }
        Ok(Str::intern(th, "__main__")?.upcast())
    }

    /// Save a reference to something that a module holds.
    pub(super) fn save_global(&mut self, object: Obj<'_>, name: Option<&Str>) -> Result<()> {
        let th = self.th;
        let path = match name {
            Some(name) => object::own(name),
            None => {
                let name = match object.getattr_opt(th, id!(th, "__qualname__"))? {
                    Some(name) => name,
                    None => object.getattr(th, id!(th, "__name__"))?,
                };
                name.str(th)?
            }
        };
        let module_name = self.which_module(object, &path)?.str(th)?;
        let found = self.find_global(object, &module_name, &path)?;
        if !found.obj().is(object) {
            let shown = object.repr(th)?;
            return Err(pickling_error(
                th,
                format_args!(
                    "Can't pickle {shown}: it's not the same object as {module_name}.{path}"
                ),
            ));
        }
        if self.protocol >= 2 && self.save_extension(&module_name, &path)? {
            return Ok(());
        }
        if self.protocol >= 4 {
            self.save(module_name.obj(), true)?;
            self.save(path.obj(), true)?;
            self.out.op(STACK_GLOBAL);
            self.memoize(object);
            return Ok(());
        }
        let names = dotted(th, &path)?;
        if let [first, rest @ ..] = names.as_slice()
            && !rest.is_empty()
        {
            // Old protocols know no dotted names: `getattr(getattr(first, a), b)`.
            let getattr = construct::builtin_type(th, "getattr")?;
            for _ in rest {
                self.save(getattr.obj(), true)?;
                if self.protocol < 2 {
                    self.out.op(MARK);
                }
            }
            self.save_toplevel_by_name(module_name, first.clone())?;
            for name in rest {
                self.save(name.obj(), true)?;
                let pair = if self.protocol < 2 { TUPLE } else { TUPLE2 };
                self.out.write(&[pair, REDUCE]);
            }
        } else {
            self.save_toplevel_by_name(module_name, path)?;
        }
        self.memoize(object);
        Ok(())
    }

    /// `GLOBAL`: the name of a module and of something in it.
    fn save_toplevel_by_name(&mut self, module: Ref<Str>, name: Ref<Str>) -> Result<()> {
        let th = self.th;
        let (mut module_text, mut name_text) = (module, name);
        if self.protocol < 3 && self.pickler.fix_imports.get() {
            let compat = id!(th, "_compat_pickle");
            let key = Tuple::from_objs(th, &[module_text.obj(), name_text.obj()])?;
            if let Some(pair) = table_entry(th, compat, id!(th, "REVERSE_NAME_MAPPING"), key.obj())?
            {
                if let Some([module, name]) = pair.obj().downcast::<Tuple>().map(Tuple::items) {
                    (module_text, name_text) = (module.str(th)?, name.str(th)?);
                }
            } else if let Some(module) =
                table_entry(th, compat, id!(th, "REVERSE_IMPORT_MAPPING"), module_text.obj())?
            {
                module_text = module.str(th)?;
            }
        }
        let mut line = vec![GLOBAL];
        for (what, text) in [("module", &module_text), ("global", &name_text)] {
            line.extend_from_slice(self.identifier(what, text)?.as_bytes());
            line.push(b'\n');
        }
        self.out.write(&line);
        Ok(())
    }

    /// The bytes of an identifier; old protocols know only ASCII.
    fn identifier(&self, what: &str, text: &Str) -> Result<Ref<Bytes>> {
        let (th, protocol) = (self.th, self.protocol);
        let encoding = if protocol < 3 { "ascii" } else { "utf-8" };
        let encoded = match (th.hooks().encode)(th, text.obj(), encoding, "strict") {
            Ok(encoded) => encoded.downcast::<Bytes>().ok(),
            Err(raised) => {
                if !th.exception_matches(exceptions::types::UnicodeEncodeError()) {
                    return Err(raised);
                }
                let cause = th.take_exception(raised);
                let shown = text.obj().repr(th)?;
                let raised = pickling_error(
                    th,
                    format_args!(
                        "can't pickle {what} identifier {shown} using pickle protocol {protocol}"
                    ),
                );
                return Err(chain(th, raised, cause));
            }
        };
        encoded.ok_or_else(|| pickling_error(th, format_args!("cannot encode an identifier")))
    }

    fn find_global(&self, object: Obj<'_>, module_name: &Str, path: &Str) -> Result {
        let th = self.th;
        if is_local(path) {
            let shown = object.repr(th)?;
            return Err(pickling_error(th, format_args!("Can't pickle local object {shown}")));
        }
        let module = match (th.hooks().import_module)(th, module_name) {
            Ok(module) => module,
            Err(raised) => {
                let exception = th.take_exception(raised);
                let (shown, reason) = (object.repr(th)?, exception.str(th)?);
                let raised = pickling_error(th, format_args!("Can't pickle {shown}: {reason}"));
                return Err(chain(th, raised, exception));
            }
        };
        match attribute_path(th, module.obj(), path) {
            Ok(found) => Ok(found),
            Err(raised) => {
                let exception = th.take_exception(raised);
                let shown = object.repr(th)?;
                let raised = pickling_error(
                    th,
                    format_args!("Can't pickle {shown}: it's not found as {module_name}.{path}"),
                );
                Err(chain(th, raised, exception))
            }
        }
    }

    fn save_extension(&mut self, module: &Str, name: &Str) -> Result<bool> {
        let th = self.th;
        let registry = extension_registry(th)?;
        let Some(registry) = registry.obj().downcast::<Dict>() else {
            object::raise!(th, RuntimeError, "copyreg._extension_registry should be a dict");
        };
        if registry.is_empty() {
            return Ok(false);
        }
        let key = Tuple::from_objs(th, &[module.obj(), name.obj()])?;
        let Some(code) = registry.get(th, key.obj())? else {
            return Ok(false);
        };
        let code = Int::index_to_i64(th, code.obj())?;
        match (u8::try_from(code), u16::try_from(code), i32::try_from(code)) {
            (Ok(code), ..) if code > 0 => self.out.write(&[EXT1, code]),
            (_, Ok(code), _) if code > 0 => {
                self.out.op(EXT2);
                self.out.write(&code.to_le_bytes());
            }
            (_, _, Ok(code)) if code > 0 => {
                self.out.op(EXT4);
                self.out.write(&code.to_le_bytes());
            }
            _ => object::raise!(th, RuntimeError, "extension code {code} is out of range"),
        }
        Ok(true)
    }

    /// Save what `__reduce__` returned; `object` is what it stands for.
    pub(super) fn save_reduce(&mut self, reduced: &Tuple, object: Option<Obj<'_>>) -> Result<()> {
        let th = self.th;
        let items = reduced.items();
        let error =
            |text: String| -> Result<()> { Err(pickling_error(th, format_args!("{text}"))) };
        if !(2..=6).contains(&items.len()) {
            return error("tuple returned by __reduce__ must contain 2 through 6 elements".into());
        }
        let part = |index: usize| items.get(index).copied().filter(|item| !item.is_none());
        let (callable, args) = (items[0], items[1]);
        let kind = |item: Obj<'_>| full_name(th, item.ty());
        if !protocol::call::is_callable(callable) {
            return error(format!(
                "first item of the tuple returned by __reduce__ must be callable, not {}",
                kind(callable)
            ));
        }
        let Some(arguments) = args.downcast::<Tuple>() else {
            return error(format!(
                "second item of the tuple returned by __reduce__ must be a tuple, not {}",
                kind(args)
            ));
        };
        for (index, place) in [(3, "fourth"), (4, "fifth")] {
            if let Some(iterator) = part(index)
                && !object::protocol::iter::is_iterator(iterator)
            {
                return error(format!(
                    "{place} item of the tuple returned by __reduce__ must be an iterator, not {}",
                    kind(iterator)
                ));
            }
        }
        if let Some(setter) = part(5)
            && !protocol::call::is_callable(setter)
        {
            return error(format!(
                "sixth item of the tuple returned by __reduce__ must be callable, not {}",
                kind(setter)
            ));
        }
        let name = match self.protocol {
            ..2 => None,
            _ => callable.getattr_opt(th, id!(th, "__name__"))?,
        };
        let is_called = |known| name.as_ref().is_some_and(|name| types::str_eq(name.obj(), known));
        // The owner's name is made only for a note.
        let owner = || object.map(kind).unwrap_or_default();
        if is_called("__newobj_ex__") {
            self.save_newobj_ex(arguments, object)?;
        } else if is_called("__newobj__") {
            self.save_newobj(arguments, object)?;
        } else {
            self.save(callable, true).map_err(|raised| {
                self.note(raised, format_args!("when serializing {} reconstructor", owner()))
            })?;
            self.save(args, true).map_err(|raised| {
                let owner = owner();
                self.note(raised, format_args!("when serializing {owner} reconstructor arguments"))
            })?;
            self.out.op(REDUCE);
        }
        if let Some(object) = object {
            // The arguments may have led back to the object.
            if self.is_memoized(object) {
                self.out.op(POP);
                self.save_memoized(object);
                return Ok(());
            }
            self.memoize(object);
        }
        if let Some(iterator) = part(3) {
            self.append_all(object.unwrap_or(iterator), iterator)?;
        }
        if let Some(iterator) = part(4) {
            self.set_all(object.unwrap_or(iterator), iterator)?;
        }
        if let Some(state) = part(2) {
            match (part(5), object) {
                (Some(setter), Some(object)) => {
                    self.save(setter, true).map_err(|raised| {
                        self.note(raised, format_args!("when serializing {} state setter", owner()))
                    })?;
                    self.save(object, true)?;
                    self.save(state, true).map_err(|raised| {
                        self.note(raised, format_args!("when serializing {} state", owner()))
                    })?;
                    self.out.write(&[TUPLE2, REDUCE, POP]);
                }
                _ => {
                    self.save(state, true).map_err(|raised| {
                        self.note(raised, format_args!("when serializing {} state", owner()))
                    })?;
                    self.out.op(BUILD);
                }
            }
        }
        Ok(())
    }

    fn save_newobj_ex(&mut self, args: &Tuple, object: Option<Obj<'_>>) -> Result<()> {
        let th = self.th;
        let kind = |item: Obj<'_>| full_name(th, item.ty());
        let [cls, positional, keywords] = args.items() else {
            return Err(pickling_error(
                th,
                format_args!("__newobj_ex__ expected 3 arguments, got {}", args.len()),
            ));
        };
        let Some(class) = types::type_::as_type(*cls) else {
            return Err(pickling_error(
                th,
                format_args!(
                    "first argument to __newobj_ex__() must be a class, not {}",
                    kind(*cls)
                ),
            ));
        };
        if positional.downcast::<Tuple>().is_none() {
            return Err(pickling_error(
                th,
                format_args!(
                    "second argument to __newobj_ex__() must be a tuple, not {}",
                    kind(*positional)
                ),
            ));
        }
        let Some(kwargs) = keywords.downcast::<Dict>() else {
            return Err(pickling_error(
                th,
                format_args!(
                    "third argument to __newobj_ex__() must be a dict, not {}",
                    kind(*keywords)
                ),
            ));
        };
        if self.protocol >= 4 {
            let name = full_name(th, class);
            self.save(*cls, true).map_err(|raised| {
                self.note(raised, format_args!("when serializing {name} class"))
            })?;
            for arguments in [*positional, *keywords] {
                self.save(arguments, true).map_err(|raised| {
                    self.note(raised, format_args!("when serializing {name} __new__ arguments"))
                })?;
            }
            self.out.op(NEWOBJ_EX);
            return Ok(());
        }
        // partial(cls.__new__, cls, *args, **kwargs)()
        let new = cls.getattr(th, id!(th, "__new__"))?;
        let mut all = vec![new.obj(), *cls];
        if let Some(positional) = positional.downcast::<Tuple>() {
            all.extend_from_slice(positional.items());
        }
        let partial = super::module_attribute(th, id!(th, "functools"), id!(th, "partial"))?;
        let partial = protocol::call::call_dict(th, partial.obj(), &all, Some(kwargs))?;
        self.save(partial.obj(), true).map_err(|raised| {
            let owner = object.map(kind).unwrap_or_default();
            self.note(raised, format_args!("when serializing {owner} reconstructor"))
        })?;
        self.out.op(EMPTY_TUPLE);
        self.out.op(REDUCE);
        Ok(())
    }

    fn save_newobj(&mut self, args: &Tuple, object: Option<Obj<'_>>) -> Result<()> {
        let th = self.th;
        let Some((cls, rest)) = args.items().split_first() else {
            return Err(pickling_error(
                th,
                format_args!("__newobj__ expected at least 1 argument, got 0"),
            ));
        };
        let Some(class) = types::type_::as_type(*cls) else {
            let got = full_name(th, cls.ty());
            return Err(pickling_error(
                th,
                format_args!("first argument to __newobj__() must be a class, not {got}"),
            ));
        };
        if let Some(object) = object {
            let own = object.getattr(th, id!(th, "__class__"))?;
            if !own.obj().is(*cls) {
                let (wanted, got) = (own.repr(th)?, cls.repr(th)?);
                return Err(pickling_error(
                    th,
                    format_args!("first argument to __newobj__() must be {wanted}, not {got}"),
                ));
            }
        }
        self.save(*cls, true).map_err(|raised| {
            let name = full_name(th, class);
            self.note(raised, format_args!("when serializing {name} class"))
        })?;
        let rest = Tuple::from_objs(th, rest)?;
        self.save(rest.obj(), true).map_err(|raised| {
            let name = full_name(th, class);
            self.note(raised, format_args!("when serializing {name} __new__ arguments"))
        })?;
        self.out.op(NEWOBJ);
        Ok(())
    }

    /// Save the items of a sequence-like object.
    fn append_all(&mut self, owner: Obj<'_>, iterator: Obj<'_>) -> Result<()> {
        let th = self.th;
        let mut index = 0usize;
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH_SIZE
                && let Some(item) = iterator.next(th)?
            {
                batch.push(item);
            }
            if batch.is_empty() {
                return Ok(());
            }
            let single = batch.len() == 1 || !self.binary;
            if !single {
                self.out.op(MARK);
            }
            for item in &batch {
                if let Err(raised) = self.save(item.obj(), true) {
                    let name = full_name(th, owner.ty());
                    return Err(
                        self.note(raised, format_args!("when serializing {name} item {index}"))
                    );
                }
                if single {
                    self.out.op(APPEND);
                }
                index += 1;
            }
            if !single {
                self.out.op(APPENDS);
            }
            if batch.len() < BATCH_SIZE {
                return Ok(());
            }
        }
    }

    /// Save the items of a mapping-like object.
    fn set_all(&mut self, owner: Obj<'_>, iterator: Obj<'_>) -> Result<()> {
        let th = self.th;
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH_SIZE
                && let Some(pair) = iterator.next(th)?
            {
                let Some([key, value]) = pair.obj().downcast::<Tuple>().map(Tuple::items) else {
                    object::raise!(th, TypeError, "dict items iterator must return 2-tuples");
                };
                batch.push((key.own(), value.own()));
            }
            if batch.is_empty() {
                return Ok(());
            }
            let single = batch.len() == 1 || !self.binary;
            if !single {
                self.out.op(MARK);
            }
            for (key, value) in &batch {
                self.save_pair(owner, key, value)?;
                if single {
                    self.out.op(SETITEM);
                }
            }
            if !single {
                self.out.op(SETITEMS);
            }
            if batch.len() < BATCH_SIZE {
                return Ok(());
            }
        }
    }
}

/// Give the exception that is set a context.
pub(super) fn chain(th: Thread<'_>, raised: object::Raised, context: Ref) -> object::Raised {
    let exception = th.take_exception(raised);
    if let Err(raised) = exception.setattr(th, id!(th, "__context__"), Some(context.obj())) {
        th.clear_exception(raised);
    }
    th.restore(exception)
}
