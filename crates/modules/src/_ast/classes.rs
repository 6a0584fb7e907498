//! `ast.AST` and the classes made from the table.
//!
//! They exist once per interpreter, made when first needed: by an import of
//! `_ast` or by `compile` with `PyCF_ONLY_AST`.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Kwargs, Link, List, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, args::Args, exceptions, id, protocol, raise, types,
};

use super::nodes::{KINDS, Kind, Positions, Quantity, ROWS};

/// The base of all node classes.
#[pytype(name = "ast.AST", flags = BASETYPE, dictoffset = dict)]
pub(crate) struct Ast {
    head: Head,
    dict: Link<Dict>,
}

/// What is known of a class.
pub(crate) struct Class {
    pub(crate) ty: Ref<Type>,
    pub(crate) fields: Vec<Ref<Str>>,
}

/// The classes of an interpreter.
#[derive(Default)]
pub(crate) struct State {
    classes: OnceCell<Vec<Class>>,
    kinds: RefCell<HashMap<*const Type, Kind>>,
    singletons: RefCell<HashMap<Kind, Ref>>,
}

/// The classes, made now if need be.
pub(crate) fn state(th: Thread<'_>) -> Result<&'static State> {
    let state = th.interp().extensions.get::<State>();
    if state.classes.get().is_none() {
        make(th, state)?;
    }
    Ok(state)
}

impl State {
    /// The class of `kind`.
    pub(crate) fn class(&self, kind: Kind) -> &Class {
        &self.classes.get().expect("made by `state`")[kind as usize]
    }

    /// The kind of a node: its class's, or that of the nearest base.
    pub(crate) fn kind_of(&self, object: Obj<'_>) -> Option<Kind> {
        let kinds = self.kinds.borrow();
        let ty = object.ty();
        if let Some(kind) = kinds.get(&std::ptr::from_ref(ty)) {
            return Some(*kind);
        }
        ty.mro()?.items().iter().find_map(|base| {
            let base: *const Type = base.as_ptr().cast_const().cast();
            kinds.get(&base).copied()
        })
    }

    /// The one node of a class without fields.
    pub(crate) fn singleton(&self, th: Thread<'_>, kind: Kind) -> Result {
        if let Some(node) = self.singletons.borrow().get(&kind) {
            return Ok(node.clone());
        }
        let node = new_node(th, &self.class(kind).ty)?.upcast();
        self.singletons.borrow_mut().insert(kind, node.clone());
        Ok(node)
    }
}

fn new_node(th: Thread<'_>, cls: &Type) -> Result<Ref<Ast>> {
    alloc_object::alloc(th, cls, Ast { head: Head::new(), dict: Link::null() })
}

impl Ast {
    /// A new node of `cls` with these attributes.
    pub(crate) fn with_dict(th: Thread<'_>, cls: &Type, dict: Ref<Dict>) -> Result {
        let node = new_node(th, cls)?;
        node.dict.set(Some(dict));
        Ok(node.upcast())
    }
}

fn names(th: Thread<'_>, names: &[&str]) -> Result<Ref> {
    let names: Result<Vec<Ref>> =
        names.iter().map(|name| Ok(Str::intern(th, name)?.upcast())).collect();
    Ok(Tuple::from_refs(th, names?)?.upcast())
}

const POSITIONS: &[&str] = &["lineno", "col_offset", "end_lineno", "end_col_offset"];

fn make(th: Thread<'_>, state: &State) -> Result<()> {
    let base = types::type_::ready(th, <Ast as object::declare::Declared>::DECL)?;
    base.make_mutable();
    let empty = names(th, &[])?;
    if let Some(dict) = base.dict() {
        for name in [id!(th, "_fields"), id!(th, "__match_args__"), id!(th, "_attributes")] {
            dict.set(th, name.obj(), empty.obj())?;
        }
    }
    let metaclass = Type::type_object();
    let mut made: Vec<Class> = Vec::new();
    let mut by_name: HashMap<&str, Ref<Type>> = HashMap::new();
    for row in ROWS {
        let fields: Vec<&str> = row.fields().map(|field| field.name).collect();
        let dict = Dict::new(th)?;
        let tuple = names(th, &fields)?;
        dict.set_name(th, id!(th, "_fields"), tuple.obj())?;
        dict.set_name(th, id!(th, "__match_args__"), tuple.obj())?;
        dict.set_name(th, id!(th, "__module__"), id!(th, "ast").obj())?;
        dict.set_name(th, id!(th, "__doc__"), Str::new(th, &row.doc())?.obj())?;
        let parent = match by_name.get(row.base) {
            Some(parent) => parent.obj().own(),
            None => base.obj().own(),
        };
        let name = Str::intern(th, row.name)?;
        let bases = Tuple::from_array(th, [parent])?;
        let ty = metaclass.call(th, &[name.obj(), bases.obj(), dict.obj()])?;
        let Ok(ty) = ty.downcast::<Type>() else {
            raise!(th, SystemError, "type() did not make a class")
        };
        for field in row.fields().filter(|field| field.quantity == Quantity::Optional) {
            ty.setattr(th, &*Str::intern(th, field.name)?, Some(types::none()))?;
        }
        if row.base.is_empty() {
            let attributes = match row.positions {
                Positions::None => names(th, &[])?,
                _ => names(th, POSITIONS)?,
            };
            ty.setattr(th, id!(th, "_attributes"), Some(attributes.obj()))?;
        }
        if row.positions == Positions::OptionalEnd {
            ty.setattr(th, id!(th, "end_lineno"), Some(types::none()))?;
            ty.setattr(th, id!(th, "end_col_offset"), Some(types::none()))?;
        }
        let fields: Result<Vec<Ref<Str>>> =
            fields.iter().map(|field| Str::intern(th, field)).collect();
        by_name.insert(row.name, ty.clone());
        made.push(Class { ty, fields: fields? });
    }
    for (class, row) in made.iter().zip(ROWS) {
        // Sums and classes that nothing describes have none.
        if row.base.is_empty() && row.fields.is_empty() {
            continue;
        }
        let field_types = Dict::new(th)?;
        for field in row.fields() {
            let ty: Ref = match field.ty {
                "identifier" | "string" => Str::type_object().obj().own(),
                "int" => types::int::int_type().obj().own(),
                "constant" => types::object_type().obj().own(),
                name => match by_name.get(name) {
                    Some(ty) => ty.obj().own(),
                    None => types::object_type().obj().own(),
                },
            };
            let ty = match field.quantity {
                Quantity::One => ty,
                Quantity::Optional => {
                    protocol::number::binary(th, protocol::number::OR, ty.obj(), types::none())?
                }
                Quantity::Many => List::type_object().obj().get_item(th, ty.obj())?,
            };
            field_types.set_name(th, &*Str::intern(th, field.name)?, ty.obj())?;
        }
        class.ty.setattr(th, id!(th, "_field_types"), Some(field_types.obj()))?;
        class.ty.setattr(th, id!(th, "__annotations__"), Some(field_types.obj()))?;
    }
    let mut kinds = state.kinds.borrow_mut();
    for (class, kind) in made.iter().zip(KINDS) {
        kinds.insert(std::ptr::from_ref(&*class.ty), *kind);
    }
    drop(kinds);
    // Making them runs no code, so that they are not there yet.
    let _ = state.classes.set(made);
    Ok(())
}

/// The names in `_fields` or `_attributes` of an instance's class.
fn class_names(th: Thread<'_>, cls: &Type, attribute: &Str) -> Result<Vec<Ref>> {
    protocol::iter::collect(th, cls.obj().getattr(th, attribute)?.obj())
}

fn position(th: Thread<'_>, names: &[Ref], name: Obj<'_>) -> Result<Option<usize>> {
    for (index, known) in names.iter().enumerate() {
        if known.eq(th, name)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn deprecated(th: Thread<'_>, message: std::fmt::Arguments<'_>) -> Result<()> {
    let message = Str::from_fmt(th, message)?;
    (th.hooks().warn)(th, exceptions::types::DeprecationWarning().obj(), &message, 1)
}

/// A field name in a message; a program can use any object as one.
fn wrong_field(th: Thread<'_>, name: Obj<'_>) -> Result<String> {
    Ok(name.repr(th)?.to_string())
}

#[pymethods]
impl Ast {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        Ok(new_node(th, cls)?.upcast())
    }

    #[sig = "AST(*args, **kwargs)"]
    fn __init__(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<()> {
        let this = self.obj();
        let cls = this.ty();
        let fields = class_names(th, cls, id!(th, "_fields"))?;
        if args.len() > fields.len() {
            raise!(
                th,
                TypeError,
                "{} constructor takes at most {} positional argument{}",
                cls.full_name(),
                fields.len(),
                if fields.len() == 1 { "" } else { "s" }
            );
        }
        let mut given = vec![false; fields.len()];
        for (index, value) in args.iter().enumerate() {
            set_field(th, this, fields[index].obj(), *value)?;
            given[index] = true;
        }
        let mut attributes = None;
        for (key, value) in kwargs.iter() {
            match position(th, &fields, key)? {
                Some(index) if given[index] => raise!(
                    th,
                    TypeError,
                    "{} got multiple values for argument {}",
                    cls.full_name(),
                    wrong_field(th, key)?
                ),
                Some(index) => given[index] = true,
                None => {
                    if attributes.is_none() {
                        attributes = Some(class_names(th, cls, id!(th, "_attributes"))?);
                    }
                    let known = attributes.as_deref().unwrap_or_default();
                    if position(th, known, key)?.is_none() {
                        deprecated(
                            th,
                            format_args!(
                                "{}.__init__ got an unexpected keyword argument {}. Support for \
                                 arbitrary keyword arguments is deprecated and will be removed in \
                                 Python 3.15.",
                                cls.full_name(),
                                wrong_field(th, key)?
                            ),
                        )?;
                    }
                }
            }
            set_field(th, this, key, value)?;
        }
        let missing: Vec<&Ref> =
            fields.iter().zip(&given).filter(|pair| !pair.1).map(|pair| pair.0).collect();
        if missing.is_empty() {
            return Ok(());
        }
        // Probably a class of a program.
        let Some(field_types) = cls.getattr_opt(th, id!(th, "_field_types"))? else {
            return Ok(());
        };
        for name in missing {
            let ty = match field_types.obj().downcast::<Dict>() {
                Some(dict) => dict.get(th, name.obj())?,
                None => None,
            };
            let Some(ty) = ty else {
                deprecated(
                    th,
                    format_args!(
                        "Field {} is missing from {}._field_types. This will become an error in \
                         Python 3.15.",
                        wrong_field(th, name.obj())?,
                        cls.full_name()
                    ),
                )?;
                continue;
            };
            let context = &state(th)?.class(Kind::SumExprContext).ty;
            match ty.obj().ty().full_name() {
                "typing.Union" | "types.UnionType" => {}
                "types.GenericAlias" => {
                    set_field(th, this, name.obj(), List::new(th)?.obj())?;
                }
                _ if ty.obj().is(context.obj()) => {
                    let load = state(th)?.singleton(th, Kind::Load)?;
                    set_field(th, this, name.obj(), load.obj())?;
                }
                _ => deprecated(
                    th,
                    format_args!(
                        "{}.__init__ missing 1 required positional argument: {}. This will become \
                         an error in Python 3.15.",
                        cls.full_name(),
                        wrong_field(th, name.obj())?
                    ),
                )?,
            }
        }
        Ok(())
    }

    #[getter]
    fn __dict__(&self, th: Thread<'_>) -> Result {
        match types::object_::instance_dict(th, self.obj())? {
            Some(dict) => Ok(dict.upcast()),
            None => Ok(Dict::new(th)?.upcast()),
        }
    }

    #[setter(__dict__)]
    fn set_dict(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        types::object_::set_instance_dict(th, self.obj(), value)
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        let cls = self.obj().ty();
        let empty = Tuple::from_refs(th, Vec::new())?;
        let Some(dict) = self.dict.get() else {
            return Ok(Tuple::from_objs(th, &[cls.obj(), empty.obj()])?.upcast());
        };
        // As many fields as possible become arguments, so that making the copy
        // does not warn of missing ones; the dict then sets them.
        let mut args = Vec::new();
        for name in class_names(th, cls, id!(th, "_fields"))? {
            if !dict.contains(th, name.obj())? {
                break;
            }
            args.push(types::none().own());
        }
        let args = Tuple::from_refs(th, args)?;
        let copy = dict.copy(th)?;
        Ok(Tuple::from_objs(th, &[cls.obj(), args.obj(), copy.obj()])?.upcast())
    }

    /// Return a copy of the AST node with new values for the specified fields.
    #[sig = "($self, /, **fields)"]
    fn __replace__(&self, th: Thread<'_>, fields: Kwargs<'_>) -> Result {
        let cls = self.obj().ty();
        let names = class_names(th, cls, id!(th, "_fields"))?;
        let attributes = class_names(th, cls, id!(th, "_attributes"))?;
        let changes = fields.to_dict(th)?;
        for (name, _) in fields.iter() {
            if position(th, &names, name)?.is_none() && position(th, &attributes, name)?.is_none() {
                raise!(
                    th,
                    TypeError,
                    "{}.__replace__ got an unexpected keyword argument {}.",
                    cls.full_name(),
                    wrong_field(th, name)?
                );
            }
        }
        let mut missing = Vec::new();
        for name in &names {
            let own = match self.dict.get() {
                Some(dict) => dict.contains(th, name.obj())?,
                None => false,
            };
            if own || changes.contains(th, name.obj())? {
                continue;
            }
            // Optional fields have a default in the class.
            if let Some(text) = name.obj().downcast::<Str>()
                && self.obj().getattr_opt(th, text)?.is_none()
            {
                missing.push(wrong_field(th, name.obj())?);
            }
        }
        if !missing.is_empty() {
            missing.sort();
            raise!(
                th,
                TypeError,
                "{}.__replace__ missing {} keyword argument{}: {}.",
                cls.full_name(),
                missing.len(),
                if missing.len() == 1 { "" } else { "s" },
                missing.join(", ")
            );
        }
        // What is neither field nor attribute is not copied.
        let dict = Dict::new(th)?;
        if let Some(own) = self.dict.get() {
            for name in names.iter().chain(&attributes) {
                if let Some(value) = own.get(th, name.obj())? {
                    dict.set(th, name.obj(), value.obj())?;
                }
            }
        }
        dict.update(th, changes.obj())?;
        protocol::call::call_dict(th, cls.obj(), &[], Some(&*dict))
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let mut out = String::new();
        show(th, self.obj(), 3, &mut out)?;
        Str::new(th, &out)
    }
}

fn set_field(th: Thread<'_>, node: Obj<'_>, name: Obj<'_>, value: Obj<'_>) -> Result<()> {
    match name.downcast::<Str>() {
        Some(name) => node.setattr(th, name, Some(value)),
        None => raise!(th, TypeError, "attribute name must be string, not '{}'", name.type_name()),
    }
}

/// `repr` of a node, children below `depth` left out.
fn show(th: Thread<'_>, node: Obj<'_>, depth: u32, out: &mut String) -> Result<()> {
    th.check_stack(" while getting the repr of an AST node")?;
    let cls = node.ty();
    out.push_str(cls.full_name());
    if depth == 0 {
        out.push_str("(...)");
        return Ok(());
    }
    out.push('(');
    for (index, name) in class_names(th, cls, id!(th, "_fields"))?.iter().enumerate() {
        let Some(name) = name.obj().downcast::<Str>() else { continue };
        let value = node.getattr(th, name)?;
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(&format!("{name}="));
        let value = value.obj();
        let items = match (value.downcast::<List>(), value.downcast::<Tuple>()) {
            (Some(list), _) => {
                // SAFETY: owning the items runs no code.
                Some(("[", "]", unsafe { list.items() }.iter().map(|item| item.own()).collect()))
            }
            (_, Some(tuple)) => {
                Some(("(", ")", tuple.items().iter().map(|item| item.own()).collect()))
            }
            _ => None,
        };
        let Some((open, close, items)) = items else {
            show_value(th, value, depth - 1, out)?;
            continue;
        };
        let items: Vec<Ref> = items;
        out.push_str(open);
        if let Some(first) = items.first() {
            show_value(th, first.obj(), depth - 1, out)?;
        }
        if items.len() > 2 {
            out.push_str(", ...");
        }
        if items.len() > 1
            && let Some(last) = items.last()
        {
            out.push_str(", ");
            show_value(th, last.obj(), depth - 1, out)?;
        }
        out.push_str(close);
    }
    out.push(')');
    Ok(())
}

fn show_value(th: Thread<'_>, value: Obj<'_>, depth: u32, out: &mut String) -> Result<()> {
    if value.downcast::<Ast>().is_some() {
        return show(th, value, depth, out);
    }
    out.push_str(&value.repr(th)?.to_string());
    Ok(())
}
