//! `#[pymodule]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Item, ItemFn, ItemMod, LitStr, Result, parse2};

use crate::{
    methods::{python_name, simple_arity},
    signature::{Signature, c_string, docstring, function_doc, param_types, string_value, take},
};

pub(crate) fn expand(attr: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut module: ItemMod = parse2(item)?;
    let mut name = module.ident.to_string();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("name") {
            name = meta.value()?.parse::<LitStr>()?.value();
            return Ok(());
        }
        Err(meta.error("unknown key"))
    });
    syn::parse::Parser::parse2(parser, attr)?;
    let doc = docstring(&module.attrs);
    let ident = module.ident.clone();
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(&ident, "a native module is written inline"));
    };
    let (mut functions, mut exec) = (Vec::new(), quote!(None));
    for item in items.iter_mut() {
        let Item::Fn(f) = item else { continue };
        if take(&mut f.attrs, "exec").is_some() {
            let function = &f.sig.ident;
            exec = quote!(Some(#function));
        } else if let Some(statement) = declare(f)? {
            functions.push(statement);
        }
    }
    items.push(syn::parse_quote! {
        /// The declaration of this module.
        pub const MODULE: ::object::declare::ModuleDecl = ::object::declare::ModuleDecl {
            name: #name,
            doc: #doc,
            functions: |table| { let _ = &table; #(#functions)* },
            exec: #exec,
        };
    });
    Ok(quote!(#module))
}

/// The statement that puts `f` into `table`, if it has a signature.
fn declare(f: &mut ItemFn) -> Result<Option<TokenStream>> {
    let Some(sig) = take(&mut f.attrs, "sig") else { return Ok(None) };
    let ident = f.sig.ident.clone();
    let Some(text) = string_value(&sig) else {
        return Err(Error::new_spanned(&sig, "expected #[sig = \"(…)\"]"));
    };
    let signature = Signature::parse(&text, ident.span())?.with_style(&mut f.attrs)?;
    let name = python_name(&ident, &mut f.attrs);
    // A second parameter `module: &Module` is not the caller's.
    let wants_module = signature_wants_module(&text);
    let skip = if wants_module { 2 } else { 1 };
    let types = param_types(&f.sig, skip);
    let args: Vec<_> = (0..types.len())
        .map(|i| {
            let arg = format_ident!("arg{i}");
            quote!(#arg)
        })
        .collect();
    let conversions = signature.conversions(&types, ident.span())?;
    let module = wants_module.then(|| quote!(unsafe { this.cast::<::object::Module>() },));
    let call = quote!(#ident(th, #module #(#args),*));
    let tokens = signature.to_tokens(&name);
    let count = signature.count_named();
    let text = if signature.text.contains('$') {
        signature.text.clone()
    } else if signature.params.is_empty() {
        "($module, /)".to_owned()
    } else if signature.text.contains('/') {
        signature.text.replacen('(', "($module, ", 1)
    } else {
        signature.text.replacen('(', "($module, /, ", 1)
    };
    let doc = c_string(&function_doc(&mut f.attrs, &name, &text))?;
    let name = c_string(&name)?;
    let into = quote!(::object::args::IntoReturn::<::object::Ref>::into_return(#call, th));
    let preamble = quote! {
        const SIGNATURE: &::object::args::Signature = #tokens;
        struct Signed;
        impl ::object::declare::HasSignature for Signed {
            const SIGNATURE: &'static ::object::args::Signature = SIGNATURE;
        }
    };
    Ok(Some(match simple_arity(&signature) {
        Some(0) => quote! {
            table.push(::object::declare::noargs_fn(#name, #doc, |th, this| { let _ = this; #into }));
        },
        Some(_) => quote! {{
            #preamble
            let _ = Signed;
            table.push(::object::declare::one_fn(#name, #doc, |th, this, value| -> ::object::Result<::object::Ref> {
                let _ = this;
                let arg0 = ::object::args::FromArg::from_arg(
                    th, value, ::object::args::ArgContext { signature: SIGNATURE, index: 0 })?;
                #into
            }));
        }},
        None => quote! {{
            #preamble
            table.push(::object::declare::fast_fn(#name, #doc, Signed,
                |th, this, parsed: &::object::args::Parsed<'_, #count>| -> ::object::Result<::object::Ref> {
                    let _ = (&this, &parsed);
                    #(#conversions)*
                    #into
                }));
        }},
    }))
}

/// Whether the signature names `$module`: then the function takes it.
fn signature_wants_module(text: &str) -> bool {
    text.contains("$module")
}
