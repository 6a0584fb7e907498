//! `#[pymethods]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Error, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Meta, Result, parse2,
    punctuated::Punctuated, spanned::Spanned,
};

use crate::signature::{
    Signature, c_string, docstring, function_doc, param_types, string_value, take,
};

#[derive(Default)]
struct Options {
    part: Option<Ident>,
    parts: Vec<Ident>,
}

impl Options {
    fn parse(attr: TokenStream) -> Result<Self> {
        let mut options = Options::default();
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("part") {
                options.part = Some(meta.value()?.parse()?);
                return Ok(());
            }
            if meta.path.is_ident("parts") {
                let content;
                syn::parenthesized!(content in meta.input);
                let names = Punctuated::<Ident, syn::Token![,]>::parse_terminated(&content)?;
                options.parts = names.into_iter().collect();
                return Ok(());
            }
            Err(meta.error("unknown key"))
        });
        syn::parse::Parser::parse2(parser, attr)?;
        Ok(options)
    }
}

pub(crate) fn expand(attr: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(attr)?;
    let mut block: ItemImpl = parse2(item)?;
    let ty = block.self_ty.clone();
    let mut statements = Vec::new();
    block.attrs.push(syn::parse_quote!(
        #[allow(non_snake_case, reason = "setters are named after their attributes")]
    ));
    for item in &mut block.items {
        if let ImplItem::Fn(f) = item
            && let Some(statement) = declare(f, &ty)?
        {
            statements.push(statement);
        }
    }
    let parts = options.parts.iter().map(|part| {
        let declare = format_ident!("declare_{part}");
        quote!(Self::#declare(builder);)
    });
    let declaration = match &options.part {
        Some(part) => {
            let declare = format_ident!("declare_{part}");
            quote! {
                impl #ty {
                    /// Declare this part of the type's methods.
                    pub(crate) fn #declare(builder: &mut ::object::declare::TypeBuilder<'_>) {
                        let _ = &builder;
                        #(#statements)*
                    }
                }
            }
        }
        None => quote! {
            impl ::object::declare::PyMethods for #ty {
                fn declare(builder: &mut ::object::declare::TypeBuilder<'_>) {
                    let _ = &builder;
                    #(#statements)*
                    #(#parts)*
                }
            }
        },
    };
    Ok(quote!(#block #declaration))
}

/// How the Rust function gets its receiver.
struct Receiver {
    /// Rust parameters before the Python ones.
    skip: usize,
    has_self: bool,
}

impl Receiver {
    fn of(f: &ImplItemFn, binds: bool) -> Receiver {
        let has_self = matches!(f.sig.inputs.first(), Some(FnArg::Receiver(_)));
        Receiver { skip: if binds { 2 } else { 1 }, has_self }
    }

    /// The call, with `th`, `this` and the arguments in scope.
    fn call(&self, name: &Ident, args: &[TokenStream], binds: Option<TokenStream>) -> TokenStream {
        if self.has_self {
            return quote! {
                // SAFETY: methods and slots are called on instances of their type.
                Self::#name(unsafe { this.cast::<Self>() }, th, #(#args),*)
            };
        }
        match binds {
            Some(this) => quote!(Self::#name(th, #this, #(#args),*)),
            None => quote!(Self::#name(th, #(#args),*)),
        }
    }
}

fn attribute_name(attr: &syn::Attribute, fallback: String) -> Result<String> {
    match &attr.meta {
        Meta::List(list) => Ok(list.parse_args::<Ident>()?.to_string()),
        _ => Ok(fallback),
    }
}

/// The Python name: the Rust one, without a final underscore that avoids a keyword.
pub(crate) fn python_name(name: &Ident, attrs: &mut Vec<syn::Attribute>) -> String {
    if let Some(name) = take(attrs, "name").as_ref().and_then(string_value) {
        return name;
    }
    let text = name.to_string();
    let text = text.strip_prefix("r#").unwrap_or(&text);
    match text.strip_suffix('_') {
        Some(short) if !short.ends_with('_') && !short.is_empty() => short.to_owned(),
        _ => text.to_owned(),
    }
}

fn is_slot(name: &str) -> bool {
    let prefixes = ["tp_", "nb_", "sq_", "mp_", "am_", "bf_"];
    name.starts_with("__") && name.ends_with("__") || prefixes.iter().any(|p| name.starts_with(p))
}

/// The statement that declares `f`, if it is more than a helper.
fn declare(f: &mut ImplItemFn, owner: &syn::Type) -> Result<Option<TokenStream>> {
    let span = f.sig.ident.span();
    let ident = f.sig.ident.clone();
    if take(&mut f.attrs, "declare").is_some() {
        return Ok(Some(quote!(Self::#ident(builder);)));
    }
    let coexists = take(&mut f.attrs, "coexist").is_some();
    let is_class = take(&mut f.attrs, "classmethod").is_some();
    let is_static = take(&mut f.attrs, "staticmethod").is_some();
    let getter = take(&mut f.attrs, "getter");
    let setter = take(&mut f.attrs, "setter");
    let sig = take(&mut f.attrs, "sig");
    if getter.is_none() && setter.is_none() && sig.is_none() && !is_slot(&ident.to_string()) {
        return Ok(None);
    }
    let name = python_name(&ident, &mut f.attrs);
    let doc = docstring(&f.attrs);
    if let Some(getter) = getter {
        let name = c_string(&attribute_name(&getter, name)?)?;
        let doc = if doc.is_empty() {
            quote!(None)
        } else {
            let doc = c_string(&doc)?;
            quote!(Some(#doc))
        };
        let call = Receiver::of(f, true).call(&ident, &[], Some(quote!(this)));
        return Ok(Some(quote!(builder.getter(#name, #doc, |th, this| #call);)));
    }
    if let Some(setter) = setter {
        let fallback = name.strip_prefix("set_").unwrap_or(&name).to_owned();
        let name = c_string(&attribute_name(&setter, fallback)?)?;
        let call = Receiver::of(f, true).call(&ident, &[quote!(value)], Some(quote!(this)));
        return Ok(Some(quote!(builder.setter(#name, |th, this, value| #call);)));
    }
    let hides = take(&mut f.attrs, "hidden").map(|_| quote!(builder.hides_new = true;));
    let Some(sig) = sig else {
        let receiver = Receiver::of(f, true);
        let args: Vec<_> = (0..f.sig.inputs.len().saturating_sub(receiver.skip))
            .map(|i| {
                let arg = format_ident!("arg{i}");
                quote!(#arg)
            })
            .collect();
        let call = receiver.call(&ident, &args, Some(quote!(this)));
        return Ok(Some(quote! {
            #hides
            ::object::slots::install::#ident(builder, |th, this #(, #args)*| #call);
        }));
    };
    let Some(text) = string_value(&sig) else {
        return Err(Error::new(sig.span(), "expected #[sig = \"(…)\"]"));
    };
    let signature =
        Signature::parse(&text, span)?.with_style(&mut f.attrs)?.with_leaving(&mut f.attrs)?;
    let doc = function_doc(&mut f.attrs, &name, &signature.text);
    function(f, owner, &ident, &name, &doc, &signature, [is_class, is_static, coexists]).map(Some)
}

fn function(
    f: &ImplItemFn,
    owner: &syn::Type,
    ident: &Ident,
    name: &str,
    doc: &str,
    signature: &Signature,
    [is_class, is_static, coexists]: [bool; 3],
) -> Result<TokenStream> {
    let span = ident.span();
    let special = matches!(name, "__new__" | "__init__") || name == "__call__";
    let is_new = name == "__new__";
    let receiver = Receiver::of(f, !is_static);
    let types = param_types(&f.sig, receiver.skip);
    let args: Vec<_> = (0..types.len())
        .map(|i| {
            let arg = format_ident!("arg{i}");
            quote!(#arg)
        })
        .collect();
    let this = if is_class {
        // SAFETY (in the expansion): the receiver of a class method is a type.
        quote!(unsafe { ::object::Type::from_obj(this) })
    } else {
        quote!(this)
    };
    let call = receiver.call(ident, &args, (!is_static).then_some(this));
    let conversions = signature.conversions(&types, span)?;
    let shown = signature.name.as_deref().unwrap_or(name);
    if matches!(name, "__new__" | "__init__") && signature.name.is_none() {
        return Err(Error::new(span, "write the type's name before the signature: \"list(…)\""));
    }
    let tokens = signature.to_tokens(shown);
    let leaving = signature
        .leaving
        .as_ref()
        .map(|value| quote!(const LEAVING: Option<::object::args::Leaving> = Some(#value);));
    let returns = if name == "__init__" { quote!(()) } else { quote!(::object::Ref) };
    let body = quote! {
        #(#conversions)*
        ::object::args::IntoReturn::<#returns>::into_return(#call, th)
    };
    let count = signature.count_named();
    let preamble = quote! {
        const SIGNATURE: &::object::args::Signature = #tokens;
        struct Signed;
        impl ::object::declare::HasSignature for Signed {
            const SIGNATURE: &'static ::object::args::Signature = SIGNATURE;
            #leaving
            fn owner() -> Option<&'static ::object::Type> {
                Some(<#owner as ::object::PyStruct>::type_object())
            }
        }
    };
    if special {
        let method = format_ident!(
            "{}",
            if is_new {
                "constructor"
            } else if name == "__init__" {
                "initializer"
            } else {
                "caller"
            }
        );
        let closure = body_closure(&body, count, &returns);
        return Ok(quote!({ #preamble builder.#method(Signed, #closure); }));
    }
    let doc = c_string(doc)?;
    let name = c_string(name)?;
    let binding = if is_class {
        quote!(::object::declare::Binding::Class)
    } else if is_static {
        quote!(::object::declare::Binding::Static)
    } else if coexists {
        quote!(::object::declare::Binding::Coexist)
    } else {
        quote!(::object::declare::Binding::Method)
    };
    Ok(match simple_arity(signature) {
        Some(0) => quote! {
            builder.method_noargs(#name, #doc, #binding, |th, this| {
                let _ = this;
                ::object::args::IntoReturn::<::object::Ref>::into_return(#call, th)
            });
        },
        Some(_) => quote! {{
            #preamble
            let _ = Signed;
            builder.method_one(#name, #doc, #binding, |th, this, value| -> ::object::Result<::object::Ref> {
                let _ = this;
                let arg0 = ::object::args::FromArg::from_arg(
                    th, value, ::object::args::ArgContext { signature: SIGNATURE, index: 0 })?;
                ::object::args::IntoReturn::<::object::Ref>::into_return(#call, th)
            });
        }},
        None => {
            let closure = body_closure(&body, count, &returns);
            quote!({ #preamble builder.method(#name, #doc, #binding, Signed, #closure); })
        }
    })
}

/// 0 or 1 when the function can use `METH_NOARGS` or `METH_O`.
pub(crate) fn simple_arity(signature: &Signature) -> Option<usize> {
    if signature.is_simple(0) {
        return Some(0);
    }
    signature.is_simple(1).then_some(1)
}

/// `|th, this, parsed| { … }` with the types that inference needs.
fn body_closure(body: &TokenStream, count: usize, returns: &TokenStream) -> TokenStream {
    quote! {
        |th, this, parsed: &::object::args::Parsed<'_, #count>| -> ::object::Result<#returns> {
            let _ = (&this, &parsed);
            #body
        }
    }
}
