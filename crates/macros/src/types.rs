//! `#[pytype]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Expr, Fields, Ident, ItemStruct, LitStr, Path, Result, parse2};

use crate::signature::{c_string, docstring, packed_doc, take};

#[derive(Default)]
struct Options {
    name: Option<String>,
    c_name: Option<LitStr>,
    sig: Option<String>,
    base: Option<Path>,
    metaclass: Option<Path>,
    flags: Option<Expr>,
    layout: Option<Path>,
    itemsize: Option<Expr>,
    basicsize: Option<Expr>,
    dictoffset: Option<Expr>,
    weaklistoffset: Option<Expr>,
    vectorcall: Option<Expr>,
    manual_traverse: bool,
}

impl Options {
    fn parse(attr: TokenStream) -> Result<Self> {
        let mut options = Options::default();
        let parser = syn::meta::parser(|meta| {
            let key = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
            let value = meta.value()?;
            match key.as_str() {
                "name" => options.name = Some(value.parse::<LitStr>()?.value()),
                "c_name" => options.c_name = Some(value.parse()?),
                "sig" => options.sig = Some(value.parse::<LitStr>()?.value()),
                "base" => options.base = Some(value.parse()?),
                "metaclass" => options.metaclass = Some(value.parse()?),
                "flags" => options.flags = Some(value.parse()?),
                "layout" => options.layout = Some(value.parse()?),
                "itemsize" => options.itemsize = Some(value.parse()?),
                "basicsize" => options.basicsize = Some(value.parse()?),
                "dictoffset" => options.dictoffset = Some(value.parse()?),
                "weaklistoffset" => options.weaklistoffset = Some(value.parse()?),
                "vectorcall" => options.vectorcall = Some(value.parse()?),
                "traverse" => {
                    value.parse::<Ident>()?;
                    options.manual_traverse = true;
                }
                _ => return Err(meta.error("unknown key")),
            }
            Ok(())
        });
        syn::parse::Parser::parse2(parser, attr)?;
        Ok(options)
    }
}

pub(crate) fn expand(attr: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(attr)?;
    let mut item: ItemStruct = parse2(item)?;
    let ident = item.ident.clone();
    let Some(name) = options.name else {
        return Err(Error::new_spanned(&ident, "`name = \"…\"` is missing"));
    };
    let doc = docstring(&item.attrs);
    let short = name.rsplit('.').next().unwrap_or(&name);
    let doc = match &options.sig {
        Some(sig) => Some(packed_doc(short, sig, &doc)),
        None => (!doc.is_empty()).then_some(doc),
    };
    let doc = match doc {
        Some(doc) => {
            let doc = c_string(&doc)?;
            quote!(Some(#doc))
        }
        None => quote!(None),
    };
    let name = c_string(&name)?;
    let exported = options.c_name.map(|name| quote!(#[unsafe(export_name = #name)]));
    let base = match options.base {
        Some(ref base) => quote!(<#base as ::object::PyStruct>::type_object),
        None => quote!(::object::types::object_type),
    };
    let metaclass = match options.metaclass {
        Some(ref metaclass) => quote!(<#metaclass as ::object::PyStruct>::type_object),
        None => quote!(<::object::Type as ::object::PyStruct>::type_object),
    };
    // Subtypes of a type with a flag of its own inherit that flag.
    let is_root = options.base.is_none();
    let flags = match options.flags {
        Some(flags) => quote!({ use ::object::flags::*; #flags }),
        None => quote!(0),
    };
    let layout = options.layout.map(|layout| {
        quote!(
            const _: () = assert!(
                size_of::<#ident>() == size_of::<#layout>(),
                "the size is not the C struct's"
            );
        )
    });
    let itemsize = options.itemsize.map_or(quote!(0), |size| quote!(#size));
    let basicsize = options.basicsize.map_or(quote!(size_of::<#ident>()), |size| quote!(#size));
    let offset = |field: Option<Expr>| match field {
        Some(field) => quote!(::std::mem::offset_of!(#ident, #field) as isize),
        None => quote!(0),
    };
    let dictoffset = offset(options.dictoffset);
    let weaklistoffset = offset(options.weaklistoffset);
    let vectorcall = offset(options.vectorcall);
    let traverse = if options.manual_traverse { None } else { Some(derive_traverse(&mut item)?) };
    Ok(quote! {
        #[repr(C)]
        #item
        #layout
        #traverse
        // SAFETY: `repr(C)`, and the first field is the header.
        unsafe impl ::object::PyStruct for #ident {
            #[inline(always)]
            fn type_object() -> &'static ::object::Type {
                #exported
                static TYPE: ::object::declare::StaticType = ::object::declare::StaticType::new();
                TYPE.get()
            }

            #[inline]
            fn is_layout_of(ty: &::object::Type) -> bool {
                const KIND: u64 = if #is_root { (#flags) & ::object::flags::FAST_SUBCLASS } else { 0 };
                if KIND == 0 {
                    return ty.is_subtype(Self::type_object());
                }
                ty.flags() & KIND != 0 || ::std::ptr::eq(ty, Self::type_object())
            }
        }
        impl ::object::declare::Declared for #ident {
            const DECL: &'static ::object::declare::TypeDecl = &::object::declare::TypeDecl {
                ty: <#ident as ::object::PyStruct>::type_object,
                name: #name,
                doc: #doc,
                base: #base,
                metaclass: #metaclass,
                basicsize: #basicsize,
                itemsize: #itemsize,
                flags: #flags,
                dictoffset: #dictoffset,
                weaklistoffset: #weaklistoffset,
                vectorcall_offset: #vectorcall,
                gc: <#ident as ::object::Traverse>::GC,
                dealloc: ::object::declare::dealloc::<#ident>,
                traverse: ::object::declare::traverse::<#ident>,
                clear: ::object::declare::clear::<#ident>,
                declare: <#ident as ::object::declare::PyMethods>::declare,
            };
        }
    })
}

/// Visit every field; `#[traverse(skip)]` leaves one out.
fn derive_traverse(item: &mut ItemStruct) -> Result<TokenStream> {
    let ident = &item.ident;
    let Fields::Named(fields) = &mut item.fields else {
        return Err(Error::new_spanned(ident, "a builtin type has named fields"));
    };
    let (mut names, mut types) = (Vec::new(), Vec::new());
    for field in &mut fields.named {
        if take(&mut field.attrs, "traverse").is_none() {
            names.push(field.ident.clone());
            types.push(field.ty.clone());
        }
    }
    Ok(quote! {
        impl ::object::Traverse for #ident {
            const GC: bool = false #( || <#types as ::object::Traverse>::GC )*;
            fn traverse(&self, visit: &mut dyn FnMut(::object::Obj<'_>)) {
                #( ::object::Traverse::traverse(&self.#names, visit); )*
            }
            fn clear(&self) {
                #( ::object::Traverse::clear(&self.#names); )*
            }
        }
    })
}
