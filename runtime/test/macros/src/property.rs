//! `#[proptest]`: a function with inputs becomes tests that look for an input with which it fails.

use crate::options::Options;
use crate::test::{module, setting, split};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Expr, FnArg, ItemFn, Meta, PatType, Result};

/// How many inputs a property is tried with.
const CASES: u32 = 256;

/// The function, what its inputs are drawn from, and the module beside it.
pub(crate) fn expand(options: &Options, function: ItemFn) -> Result<TokenStream> {
    let (on_tests, mut function) = split(function)?;
    let inputs = inputs(&mut function)?;
    let name = &function.sig.ident;
    let drawn = format_ident!("{name}_inputs");
    let strategies = inputs.iter().map(|input| match (&input.strategy, &input.parameter.ty) {
        (Some(strategy), _) => quote!(#strategy),
        (None, ty) => quote!(::mesh_filter_test::private::any::<#ty>()),
    });
    let types = inputs.iter().map(|input| &input.parameter.ty);
    let names: Vec<_> = (0..inputs.len()).map(|index| format_ident!("input_{index}")).collect();
    let cases = options.cases.as_ref().map_or_else(|| quote!(#CASES), |cases| quote!(#cases));
    let setting = setting(options);
    let play = quote! {
        ::mesh_filter_test::private::property(
            engine, #setting, #cases, super::#drawn(), |sim, (#(#names,)*)| super::#name(sim, #(#names),*),
        )
    };
    let module = module(options, &on_tests, name, &play);
    Ok(quote! {
        #[cfg(test)]
        #function

        #[cfg(test)]
        fn #drawn() -> impl ::mesh_filter_test::private::Strategy<Value = (#(#types,)*)> {
            (#(#strategies,)*)
        }

        #module
    })
}

/// A parameter, and what it is drawn from if it says so.
struct Input {
    parameter: PatType,
    strategy: Option<Expr>,
}

/// The parameters after the simulation; takes what they are drawn from out of the function.
fn inputs(function: &mut ItemFn) -> Result<Vec<Input>> {
    let signature = function.sig.clone();
    let wrong = |text: &str| Error::new_spanned(&signature, text);
    let mut inputs = Vec::new();
    for parameter in function.sig.inputs.iter_mut().skip(1) {
        let FnArg::Typed(parameter) = parameter else { return Err(wrong("a test has no `self`")) };
        let at = parameter.attrs.iter().position(|attribute| attribute.path().is_ident("strategy"));
        let strategy = match at.map(|at| parameter.attrs.remove(at).meta) {
            None => None,
            Some(Meta::List(list)) => Some(list.parse_args()?),
            Some(other) => {
                return Err(Error::new_spanned(
                    other,
                    "expected `#[strategy(..)]` with what it is drawn from",
                ));
            }
        };
        inputs.push(Input { parameter: parameter.clone(), strategy });
    }
    if inputs.is_empty() {
        return Err(wrong("expected inputs after the simulation: `fn name(sim: &mut Sim, cuts: Cuts)`"));
    }
    Ok(inputs)
}
