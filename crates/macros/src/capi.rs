//! `#[capi]`: the `extern "C"` function beside a Rust function of the same name.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{FnArg, ItemFn, Result, ReturnType, Type, parse2};

/// Whether the type is `Thread<…>`, which C does not pass.
fn is_thread(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Thread")
}

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let mut function: ItemFn = parse2(item)?;
    let ident = function.sig.ident.clone();
    let name = ident.to_string();
    let (mut params, mut missing, mut args) = (Vec::new(), Vec::new(), Vec::new());
    for (index, input) in function.sig.inputs.iter().enumerate() {
        let FnArg::Typed(input) = input else { continue };
        let ty = &input.ty;
        if index == 0 && is_thread(ty) {
            args.push(quote!(th));
            continue;
        }
        let arg = format_ident!("arg{index}");
        params.push(quote!(#arg: <#ty as crate::convert::FromC>::C));
        missing.push(quote!(<#ty as crate::convert::FromC>::is_missing(&#arg)));
        args.push(quote!(crate::convert::FromC::from_c(#arg)));
    }
    let result = match &function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    let generics = &function.sig.generics;
    let call = match function.sig.unsafety {
        Some(_) => quote!(unsafe { #ident(#(#args),*) }),
        None => quote!(#ident(#(#args),*)),
    };
    function.attrs.push(syn::parse_quote!(
        #[allow(non_snake_case, reason = "named as in C")]
    ));
    function.attrs.push(syn::parse_quote!(#[inline(always)]));
    Ok(quote! {
        #function
        const _: () = {
            #[unsafe(export_name = #name)]
            #[allow(unused_unsafe, reason = "not every function takes pointers")]
            unsafe extern "C" fn exported #generics(
                #(#params),*
            ) -> <#result as crate::convert::IntoC>::C {
                // SAFETY: C calls the API on attached threads.
                let th = unsafe { ::object::Thread::current() };
                let _ = th;
                if false #(|| #missing)* {
                    return crate::convert::null_argument::<#result>();
                }
                // SAFETY: C passes what the header of the function says.
                crate::convert::IntoC::into_c(unsafe { #call })
            }
        };
    })
}
