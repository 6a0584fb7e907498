//! Signatures: Python text on one side, Rust parameters on the other.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Error, Expr, ExprLit, FnArg, Ident, Lit, Meta, Result, Type};

/// A parameter as the Python text declares it.
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) default: Option<String>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    PositionalOnly,
    Either,
    KeywordOnly,
    VarPositional,
    VarKeyword,
}

/// A parsed `#[sig = "name($self, a, /, b=1, *, c)"]`.
pub(crate) struct Signature {
    /// Given before the parenthesis, for constructors.
    pub(crate) name: Option<String>,
    /// The text from the parenthesis on.
    pub(crate) text: String,
    pub(crate) params: Vec<Param>,
    /// `#[parse(…)]`: a variant of `object::args::Style`.
    pub(crate) style: Ident,
    /// `#[leaving(…)]`: the value of `HasSignature::LEAVING`.
    pub(crate) leaving: Option<TokenStream>,
}

impl Signature {
    pub(crate) fn parse(text: &str, span: Span) -> Result<Self> {
        let error = |what: &str| Error::new(span, format!("{what} in signature `{text}`"));
        let open = text.find('(').ok_or_else(|| error("no `(`"))?;
        let inner = text[open + 1..].strip_suffix(')').ok_or_else(|| error("no final `)`"))?;
        let name = (open > 0).then(|| text[..open].to_owned());
        let mut params: Vec<Param> = Vec::new();
        let mut keyword_only = false;
        let inner = optional_groups_as_defaults(inner);
        for item in split_top_level(&inner) {
            let item = item.trim();
            if item.is_empty() || item.starts_with('$') {
                continue;
            }
            match item {
                "/" => params.iter_mut().for_each(|param| param.kind = Kind::PositionalOnly),
                "*" => keyword_only = true,
                _ => {
                    let (mut name, mut default) = (item, None);
                    if let Some((left, right)) = item.split_once('=') {
                        (name, default) = (left.trim(), Some(right.trim().to_owned()));
                    }
                    let kind = if let Some(rest) = name.strip_prefix("**") {
                        name = rest;
                        Kind::VarKeyword
                    } else if let Some(rest) = name.strip_prefix('*') {
                        name = rest;
                        keyword_only = true;
                        Kind::VarPositional
                    } else if keyword_only {
                        Kind::KeywordOnly
                    } else {
                        Kind::Either
                    };
                    params.push(Param { name: name.to_owned(), default, kind });
                }
            }
        }
        let style = Ident::new("Clinic", span);
        Ok(Signature { name, text: closed(&text[open..]), params, style, leaving: None })
    }

    /// Take `#[parse(…)]`: `keywords`, `tuple`, `vectorcall`, or `forward` for a
    /// function that matches its arguments itself.
    pub(crate) fn with_style(mut self, attrs: &mut Vec<Attribute>) -> Result<Self> {
        if let Some(attr) = take(attrs, "parse") {
            let style: Ident = attr.parse_args()?;
            self.style = match style.to_string().as_str() {
                "forward" => {
                    let any = |name: &str, kind| Param { name: name.into(), default: None, kind };
                    self.params =
                        vec![any("args", Kind::VarPositional), any("kwargs", Kind::VarKeyword)];
                    return Ok(self);
                }
                "vectorcall" => Ident::new("Vectorcall", style.span()),
                "keywords" => Ident::new("Keywords", style.span()),
                "tuple" => Ident::new("Tuple", style.span()),
                _ => return Err(Error::new(style.span(), "not a way to parse")),
            };
        }
        Ok(self)
    }

    /// Take `#[leaving("f", names = 2)]` or `#[leaving("f", positional = 1)]`, CPython's
    /// `/ [from 3.15]` and `* [from 3.15]`: the function's full name as warnings show it, and how
    /// many of its first parameters will be positional-only or remain positional.
    pub(crate) fn with_leaving(mut self, attrs: &mut Vec<Attribute>) -> Result<Self> {
        let Some(attr) = take(attrs, "leaving") else { return Ok(self) };
        let parse = |input: syn::parse::ParseStream<'_>| {
            let function: syn::LitStr = input.parse()?;
            input.parse::<syn::Token![,]>()?;
            let kind: Ident = input.parse()?;
            input.parse::<syn::Token![=]>()?;
            Ok((function.value(), kind, input.parse::<syn::LitInt>()?.base10_parse::<usize>()?))
        };
        let (function, kind, count) = attr.parse_args_with(parse)?;
        let positional: Vec<_> = self
            .params
            .iter()
            .filter(|p| matches!(p.kind, Kind::PositionalOnly | Kind::Either))
            .map(|p| format!("'{}'", p.name))
            .collect();
        let (kept, all) = (positional.iter().take(count), positional.len());
        self.leaving = Some(match kind.to_string().as_str() {
            "names" => {
                let (s, names) = (plural(count), listed(kept));
                let warning = format!(
                    "Passing keyword argument{s} {names} to {function}() is deprecated. \
                     Parameter{s} {names} will become positional-only in Python 3.15."
                );
                quote!(::object::args::Leaving { names: #count, positional: #all, warning: #warning })
            }
            "positional" => {
                let (s, names) = (plural(count), listed(positional.iter().skip(count)));
                let warning = format!(
                    "Passing more than {count} positional argument{s} to {function}() is \
                     deprecated. Parameters {names} will become keyword-only parameters in \
                     Python 3.15."
                );
                quote!(::object::args::Leaving { names: 0, positional: #count, warning: #warning })
            }
            _ => return Err(Error::new(kind.span(), "not a way to pass arguments")),
        });
        Ok(self)
    }

    /// Parameters that occupy a slot: all but `*args` and `**kwargs`.
    fn named(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|p| !matches!(p.kind, Kind::VarPositional | Kind::VarKeyword))
    }

    pub(crate) fn count_named(&self) -> usize {
        self.named().count()
    }

    /// Whether it takes exactly `n` required positional-only arguments.
    pub(crate) fn is_simple(&self, n: usize) -> bool {
        self.params.len() == n
            && self.style == "Clinic"
            && self.params.iter().all(|p| p.kind == Kind::PositionalOnly && p.default.is_none())
    }

    /// `&'static ::object::args::Signature`.
    pub(crate) fn to_tokens(&self, name: &str) -> TokenStream {
        let params = self.named().map(|p| {
            let (name, required) = (&p.name, p.default.is_none());
            quote!(::object::args::Param { name: #name, required: #required })
        });
        let count = |f: fn(Kind) -> bool| self.params.iter().filter(|p| f(p.kind)).count();
        let positional_only = count(|k| k == Kind::PositionalOnly);
        let positional = count(|k| matches!(k, Kind::PositionalOnly | Kind::Either));
        let var_positional = count(|k| k == Kind::VarPositional) > 0;
        let var_keyword = count(|k| k == Kind::VarKeyword) > 0;
        let style = &self.style;
        quote! {
            &::object::args::Signature {
                name: #name,
                params: &[#(#params),*],
                positional_only: #positional_only,
                positional: #positional,
                var_positional: #var_positional,
                var_keyword: #var_keyword,
                style: ::object::args::Style::#style,
            }
        }
    }

    /// Statements that convert `parsed` to `arg0…`, one per Rust parameter.
    pub(crate) fn conversions(&self, types: &[&Type], span: Span) -> Result<Vec<TokenStream>> {
        if types.len() != self.params.len() {
            let (python, rust) = (self.params.len(), types.len());
            return Err(Error::new(
                span,
                format!("the signature has {python} parameters, the function {rust}"),
            ));
        }
        let mut index = 0usize;
        let mut statements = Vec::new();
        for (position, (param, ty)) in self.params.iter().zip(types).enumerate() {
            let arg = format_ident!("arg{position}");
            statements.push(match param.kind {
                Kind::VarPositional => quote!(let #arg = parsed.rest;),
                Kind::VarKeyword => quote!(let #arg = parsed.keywords;),
                _ => {
                    let slot = index;
                    index += 1;
                    let missing = default_value(param, ty, span)?;
                    quote! {
                        let #arg = match parsed.slots[#slot] {
                            Some(value) => ::object::args::FromArg::from_arg(
                                th,
                                value,
                                ::object::args::ArgContext { signature: SIGNATURE, index: #slot },
                            )?,
                            None => #missing,
                        };
                    }
                }
            });
        }
        Ok(statements)
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// `a, b and c`.
fn listed<'a>(items: impl Iterator<Item = &'a String>) -> String {
    let mut items: Vec<_> = items.map(String::as_str).collect();
    match items.pop() {
        Some(last) if !items.is_empty() => format!("{} and {last}", items.join(", ")),
        last => last.unwrap_or_default().to_owned(),
    }
}

/// The Rust value of an omitted argument.
fn default_value(param: &Param, ty: &Type, span: Span) -> Result<TokenStream> {
    if is_named(ty, "Option") {
        return Ok(quote!(None));
    }
    if is_named(ty, "Maybe") {
        return Ok(quote!(::object::args::Maybe(None)));
    }
    let Some(default) = &param.default else {
        // `Parsed::new` has raised already.
        return Ok(quote!(return Err(::object::error!(th, SystemError, "missing argument"))));
    };
    Ok(match default.as_str() {
        "True" => quote!(true),
        "False" => quote!(false),
        "sys.maxsize" => quote!(isize::MAX),
        text => match syn::parse_str::<Expr>(&text.replace('\'', "\"")) {
            Ok(Expr::Lit(literal)) => quote!(#literal),
            Ok(Expr::Unary(unary)) => quote!(#unary),
            _ => {
                let message = format!("default `{text}` needs an `Option` parameter");
                return Err(Error::new(span, message));
            }
        },
    })
}

/// `($self)` is written `($self, /)`, as CPython shows it.
fn closed(text: &str) -> String {
    match text {
        "($self)" | "($module)" | "($type)" => text.replace(')', ", /)"),
        _ => text.to_owned(),
    }
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == name))
}

/// `a[, b[, c]]` means `a, b=None, c=None`; other brackets stay.
fn optional_groups_as_defaults(text: &str) -> String {
    let (mut out, mut depth, mut rest) = (String::new(), 0, text);
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("[,") {
            out.push_str(if depth > 0 { "=None," } else { "," });
            (depth, rest) = (depth + 1, after);
            continue;
        }
        if depth > 0 && c == ']' {
            out.push_str("=None");
            rest = rest.trim_start_matches(']');
            depth = 0;
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn split_top_level(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts, mut quoted) = (0, 0, Vec::new(), None);
    for (i, c) in text.char_indices() {
        match c {
            '\'' | '"' if quoted.is_none() => quoted = Some(c),
            _ if quoted == Some(c) => quoted = None,
            _ if quoted.is_some() => {}
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The Rust types of a function's parameters after the first `skip`, a
/// receiver counted.
pub(crate) fn param_types(f: &syn::Signature, skip: usize) -> Vec<&Type> {
    f.inputs
        .iter()
        .skip(skip)
        .filter_map(|arg| match arg {
            FnArg::Typed(typed) => Some(&*typed.ty),
            FnArg::Receiver(_) => None,
        })
        .collect()
}

/// Remove the attribute `name`; its tokens if it was there.
pub(crate) fn take(attrs: &mut Vec<Attribute>, name: &str) -> Option<Attribute> {
    let index = attrs.iter().position(|attr| attr.path().is_ident(name))?;
    Some(attrs.remove(index))
}

/// The string of `#[name = "…"]`.
pub(crate) fn string_value(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attr.meta else { return None };
    let mut value = &pair.value;
    // A literal that came through a macro is in a group.
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The doc comment as one text.
pub(crate) fn docstring(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter(|attr| attr.path().is_ident("doc")).filter_map(string_value);
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// A C string literal.
pub(crate) fn c_string(text: &str) -> Result<Literal> {
    match std::ffi::CString::new(text) {
        Ok(text) => Ok(Literal::c_string(&text)),
        Err(_) => Err(Error::new(Span::call_site(), "a NUL byte in a name or docstring")),
    }
}

/// The `ml_doc` of a function. Where CPython shows another signature than the
/// one that is parsed, `#[shown = "(…)"]` says it; where it shows none,
/// `#[no_signature]` does, and the doc comment begins with the usage.
pub(crate) fn function_doc(attrs: &mut Vec<Attribute>, name: &str, signature: &str) -> String {
    let is_plain = take(attrs, "no_signature").is_some();
    let shown = take(attrs, "shown").as_ref().and_then(string_value);
    let doc = docstring(attrs);
    if is_plain { doc } else { packed_doc(name, shown.as_deref().unwrap_or(signature), &doc) }
}

/// `ml_doc`: name, signature and documentation as CPython packs them.
pub(crate) fn packed_doc(name: &str, signature: &str, doc: &str) -> String {
    format!("{name}{signature}\n--\n\n{doc}")
}
