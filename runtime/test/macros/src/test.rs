//! `#[test]`: a function becomes a module of its name, with a test for each world.

use crate::options::{Engine, Options};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Error, Ident, ItemFn, Result};

/// The function, and the module beside it.
pub(crate) fn expand(options: &Options, function: ItemFn) -> Result<TokenStream> {
    if function.sig.inputs.len() != 1 {
        let text = "expected one parameter, the simulation: `fn name(sim: &mut Sim)`";
        return Err(Error::new_spanned(&function.sig, text));
    }
    let (on_tests, function) = split(function)?;
    let (name, setting) = (&function.sig.ident, setting(options));
    let play = quote!(::mesh_filter_test::private::play(engine, #setting, |sim| super::#name(sim)));
    let module = module(options, &on_tests, name, &play);
    // Marked as a test, so that lints about tests see it as one.
    Ok(quote!(#[cfg(test)] #function #module))
}

/// The function without the attributes that belong to the tests that call it.
pub(crate) fn split(mut function: ItemFn) -> Result<(Vec<Attribute>, ItemFn)> {
    let signature = &function.sig;
    if let Some(keyword) = &signature.asyncness {
        return Err(Error::new_spanned(keyword, "a test of a filter is not async: time is the simulation's"));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(&signature.generics, "a test has no type parameters"));
    }
    let tests = ["should_panic", "ignore", "cfg"];
    let is = |attribute: &Attribute, names: &[&str]| names.iter().any(|name| attribute.path().is_ident(name));
    let on_tests = function.attrs.iter().filter(|attribute| is(attribute, &tests)).cloned().collect();
    function.attrs.retain(|attribute| !is(attribute, &["should_panic", "ignore"]));
    if let Some(second) = function.attrs.iter().find(|attribute| is(attribute, &["test"])) {
        return Err(Error::new_spanned(second, "this attribute makes the tests: leave `#[test]` out"));
    }
    Ok((on_tests, function))
}

/// The module with the tests, which evaluate `play` with their `engine`.
pub(crate) fn module(
    options: &Options,
    on_tests: &[Attribute],
    name: &Ident,
    play: &TokenStream,
) -> TokenStream {
    let native = (options.engine != Some(Engine::Wasm)).then(|| {
        quote! {
            #[::core::prelude::v1::test]
            #(#on_tests)*
            fn native() {
                play(::mesh_filter_test::private::Engine::Native)
            }
        }
    });
    let wasm = match options.engine {
        Some(Engine::Native) => None,
        // A test that plays nowhere else is shown as ignored where there is no engine.
        Some(Engine::Wasm) => Some(quote!(::mesh_filter_test::__only_wasm! { #(#on_tests)* })),
        None => Some(quote!(::mesh_filter_test::__wasm! { #(#on_tests)* })),
    };
    let gates = on_tests.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    quote! {
        #[cfg(test)]
        #(#gates)*
        mod #name {
            #[track_caller]
            fn play(engine: ::mesh_filter_test::private::Engine) {
                ::mesh_filter_test::private::Outcome::succeed(#play);
            }

            #native
            #wasm
        }
    }
}

/// How the simulation is set up, as an expression.
pub(crate) fn setting(options: &Options) -> TokenStream {
    let Options { clock, seed, budget, .. } = options;
    let clock = option(clock.as_ref());
    let seed = seed.as_ref().map_or_else(|| quote!(0), ToTokens::to_token_stream);
    let [fuel, hostcalls, memory, heap_growth] =
        [budget.fuel, budget.hostcalls, budget.memory, budget.heap_growth].map(option);
    quote! {
        ::mesh_filter_test::private::Setting {
            folder: ::core::env!("CARGO_MANIFEST_DIR"),
            clock: #clock,
            seed: #seed,
            budget: ::mesh_filter_test::private::Budget {
                fuel: #fuel,
                hostcalls: #hostcalls,
                memory: #memory,
                heap_growth: #heap_growth,
            },
        }
    }
}

fn option(value: Option<impl ToTokens>) -> TokenStream {
    value.map_or_else(
        || quote!(::core::option::Option::None),
        |value| quote!(::core::option::Option::Some(#value)),
    )
}
