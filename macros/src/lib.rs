//! Finds the leaves of an object type: the fields whose value is there without waiting for anything. They can be written
//! to an answer by a plain call, without the executor's future, map entry and value for each.
//!
//! A field stays what its resolver is: what is made here calls it.

use proc_macro::TokenStream;
use proc_macro2::TokenTree;
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Fields, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, LitStr, Meta, Pat,
    ReturnType, Token, Type, parse_macro_input, parse_quote,
};

/// A resolver that waits for nothing but the children of its level is marked by this.
const CHILDREN: &str = "children";

/// A leaf: its name in the schema, and how to get its value of `this` at a `place` of the document.
struct Leaf {
    name: String,
    value: proc_macro2::TokenStream,
}

/// Over `#[Object]`: every resolver that awaits nothing is a leaf, if it takes no arguments or only such as have a
/// default (then for fields that give none). A resolver under `#[children]`, which waits for nothing but the children of
/// its level, is written by a plain call as well where those were read before.
#[proc_macro_attribute]
pub fn leaves(_: TokenStream, item: TokenStream) -> TokenStream {
    let mut object = parse_macro_input!(item as ItemImpl);
    let (mut functions, mut found, mut later) = (Vec::new(), Vec::new(), Vec::new());
    for item in &mut object.items {
        let ImplItem::Fn(method) = item else { continue };
        let marks = method.attrs.len();
        method.attrs.retain(|attribute| !attribute.path().is_ident(CHILDREN));
        if method.attrs.len() < marks {
            later.push(of_children(method));
            continue;
        }
        let Some(given) = given(method) else { continue };
        let field = &method.sig.ident;
        let function = format_ident!("leaf_{field}");
        let (output, block) = (&method.sig.output, &method.block);
        let inputs = method.sig.inputs.iter().map(|input| {
            let mut input = input.clone();
            if let FnArg::Typed(typed) = &mut input {
                typed.attrs.clear();
            }
            input
        });
        functions.push(quote!(fn #function(#(#inputs),*) #output #block));
        let names = method.sig.inputs.iter().filter_map(name);
        let call = quote!({ self.#function(#(#names),*) });
        found.push(Leaf {
            name: camel(field),
            value: quote!(this.#function(#(#given),*)),
        });
        method.block = parse_quote!(#call);
    }
    let (ty, leaves) = (&object.self_ty, told(&object.self_ty, &found, &later));
    quote! {
        #object
        #[allow(clippy::unnecessary_wraps, reason = "resolvers of one type give what the schema says")]
        impl #ty { #(#functions)* }
        #leaves
    }
    .into()
}

/// Beside `SimpleObject`: every field is a leaf.
#[proc_macro_derive(Leaves)]
pub fn derive_leaves(item: TokenStream) -> TokenStream {
    let object = parse_macro_input!(item as DeriveInput);
    let fields = match &object.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            _ => &Punctuated::new(),
        },
        _ => {
            let error = Error::new_spanned(&object.ident, "only a struct has fields");
            return error.into_compile_error().into();
        }
    };
    let found = fields
        .iter()
        .filter_map(|field| field.ident.as_ref())
        .map(|ident| Leaf {
            name: camel(ident),
            value: quote!(&this.#ident),
        });
    let ident = &object.ident;
    told(&parse_quote!(#ident), &found.collect::<Vec<_>>(), &[]).into()
}

fn told(ty: &Type, leaves: &[Leaf], later: &[proc_macro2::TokenStream]) -> proc_macro2::TokenStream {
    let names = leaves.iter().map(|leaf| &leaf.name);
    let arms = leaves.iter().map(|Leaf { name, value }| {
        quote! {
            #name => ::core::option::Option::Some(|this, place, out| {
                crate::graphql::written::Leaf::write(&#value, place, out)
            }),
        }
    });
    quote! {
        impl crate::graphql::written::Leaves for #ty {
            const LEAVES: &'static [&'static str] = &[#(#names),*];

            fn leaf(field: &str) -> ::core::option::Option<crate::graphql::written::Write<Self>> {
                match field {
                    #(#arms)*
                    _ => ::core::option::Option::None,
                }
            }

            fn later(field: &str) -> ::core::option::Option<crate::graphql::written::Write<Self>> {
                match field {
                    #(#later)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}

/// How a field is written whose resolver waits for the children of its level, where those were read before.
fn of_children(method: &ImplItemFn) -> proc_macro2::TokenStream {
    let (field, name) = (&method.sig.ident, camel(&method.sig.ident));
    let (mut values, mut given) = (Vec::new(), Vec::new());
    for input in &method.sig.inputs {
        let FnArg::Typed(typed) = input else { continue };
        if is_context(&typed.ty) {
            given.push(quote!(&ctx));
            continue;
        }
        let Pat::Ident(pattern) = &*typed.pat else { continue };
        let (argument, ty, key) = (&pattern.ident, &typed.ty, camel(&pattern.ident));
        let default = match typed.attrs.iter().find_map(default) {
            Some(default) => quote!(::core::option::Option::Some(|| #default)),
            None => quote!(::core::option::Option::None),
        };
        values.push(quote! {
            let ::core::result::Result::Ok((_, #argument)) = ctx.param_value::<#ty>(#key, #default) else {
                return false;
            };
        });
        given.push(quote!(#argument));
    }
    quote! {
        #name => ::core::option::Option::Some(|this, place, out| {
            let ctx = place.context();
            #(#values)*
            match crate::graphql::level::glance(this.#field(#(#given),*)) {
                // `#[Object]` makes a result of whatever it gives.
                ::core::option::Option::Some(::core::result::Result::Ok(value)) => {
                    crate::graphql::written::Leaf::write(&value, place, out)
                }
                _ => false,
            }
        }),
    }
}

/// What a leaf's resolver is given besides its object: the context and the defaults. None where it is no leaf.
fn given(method: &ImplItemFn) -> Option<Vec<proc_macro2::TokenStream>> {
    let is_field = method.sig.asyncness.is_some() && matches!(method.sig.output, ReturnType::Type(..));
    let is_renamed = method
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("graphql"));
    if !is_field || is_renamed || awaits(method.block.to_token_stream()) {
        return None;
    }
    let arguments = method.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(_) => None,
        FnArg::Typed(typed) if is_context(&typed.ty) => Some(Some(quote!(&place.context()))),
        FnArg::Typed(typed) => Some(typed.attrs.iter().find_map(default)),
    });
    arguments.collect()
}

/// The name that a resolver gives to an argument.
fn name(input: &FnArg) -> Option<&Ident> {
    match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pattern) => Some(&pattern.ident),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

fn is_context(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let Type::Path(path) = &*reference.elem else {
        return false;
    };
    path.path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "Context")
}

/// The expression of `#[graphql(default_with = "…")]`.
fn default(attribute: &Attribute) -> Option<proc_macro2::TokenStream> {
    if !attribute.path().is_ident("graphql") {
        return None;
    }
    let settings = attribute
        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .ok()?;
    let with = settings
        .iter()
        .find(|setting| setting.path().is_ident("default_with"))?;
    let text = &with.require_name_value().ok()?.value;
    let text: LitStr = syn::parse2(text.to_token_stream()).ok()?;
    text.parse::<Expr>().ok().map(ToTokens::into_token_stream)
}

fn awaits(tokens: proc_macro2::TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "await",
        TokenTree::Group(group) => awaits(group.stream()),
        _ => false,
    })
}

/// A field's name as the schema has it. That it is one there is tested.
fn camel(ident: &Ident) -> String {
    let text = ident.to_string();
    let text = text.trim_start_matches("r#");
    let mut words = text.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}
