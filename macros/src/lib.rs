//! Finds the leaves of an object type: the fields that are a function of the object alone. They can be written to an
//! answer by a plain call, without the executor's future, map entry and value for each.
//!
//! A field stays what its resolver is: what is made here calls it.

use proc_macro::TokenStream;
use proc_macro2::TokenTree;
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, ReturnType, Type,
    parse_macro_input, parse_quote,
};

/// A leaf: its name in the schema, how to get its value of `this`, and attributes that choose whether it is compiled.
struct Leaf {
    name: String,
    value: proc_macro2::TokenStream,
}

/// Over `#[Object]`: every resolver without arguments that awaits nothing is a leaf. `#[nested]` is for those that give
/// an object.
#[proc_macro_attribute]
pub fn leaves(_: TokenStream, item: TokenStream) -> TokenStream {
    let mut object = parse_macro_input!(item as ItemImpl);
    let (mut functions, mut found) = (Vec::new(), Vec::new());
    for item in &mut object.items {
        let ImplItem::Fn(method) = item else { continue };
        if is_marked(&mut method.attrs) || !is_leaf(method) {
            continue;
        }
        let field = &method.sig.ident;
        let function = format_ident!("leaf_{field}");
        let (output, block) = (&method.sig.output, &method.block);
        functions.push(quote!(fn #function(&self) #output #block));
        found.push(Leaf {
            name: camel(field),
            value: quote!(this.#function()),
        });
        method.block = parse_quote!({ self.#function() });
    }
    let (ty, leaves) = (&object.self_ty, told(&object.self_ty, &found));
    quote! {
        #object
        #[allow(clippy::unnecessary_wraps, reason = "resolvers of one type give what the schema says")]
        impl #ty { #(#functions)* }
        #leaves
    }
    .into()
}

/// Beside `SimpleObject`: every field is a leaf but those marked `#[nested]`.
#[proc_macro_derive(Leaves, attributes(nested))]
pub fn derive_leaves(item: TokenStream) -> TokenStream {
    let mut object = parse_macro_input!(item as DeriveInput);
    let Data::Struct(data) = &mut object.data else {
        return Error::new_spanned(&object.ident, "only a struct has fields")
            .into_compile_error()
            .into();
    };
    let Fields::Named(fields) = &mut data.fields else {
        return Error::new_spanned(&object.ident, "its fields need names")
            .into_compile_error()
            .into();
    };
    let mut found = Vec::new();
    for field in &mut fields.named {
        if let Some(ident) = field.ident.clone().filter(|_| !is_marked(&mut field.attrs)) {
            found.push(Leaf {
                name: camel(&ident),
                value: quote!(&this.#ident),
            });
        }
    }
    let ident = &object.ident;
    told(&parse_quote!(#ident), &found).into()
}

fn told(ty: &Type, leaves: &[Leaf]) -> proc_macro2::TokenStream {
    let names = leaves.iter().map(|leaf| &leaf.name);
    let arms = leaves.iter().map(|Leaf { name, value }| {
        quote!(#name => ::core::option::Option::Some(|this, out| crate::graphql::written::Leaf::write(&#value, out)),)
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
        }
    }
}

/// Whether it is marked as giving an object. The mark is taken off.
fn is_marked(attributes: &mut Vec<Attribute>) -> bool {
    let before = attributes.len();
    attributes.retain(|attribute| !attribute.path().is_ident("nested"));
    attributes.len() < before
}

fn is_leaf(method: &ImplItemFn) -> bool {
    let alone = matches!(method.sig.inputs.iter().collect::<Vec<_>>()[..], [FnArg::Receiver(_)]);
    let is_field = method.sig.asyncness.is_some() && matches!(method.sig.output, ReturnType::Type(..));
    let is_renamed = method
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("graphql"));
    alone && is_field && !is_renamed && !awaits(method.block.to_token_stream())
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
