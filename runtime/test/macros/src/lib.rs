//! The attributes of `mesh-filter-test`, which re-exports and documents them.

mod options;
mod property;
mod test;

use proc_macro::TokenStream;
use syn::{ItemFn, parse_macro_input};

/// A test that plays natively and on the module.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options with options::test);
    let function = parse_macro_input!(item as ItemFn);
    test::expand(&options, function).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A property that holds for all inputs, natively and on the module.
#[proc_macro_attribute]
pub fn proptest(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options with options::property);
    let function = parse_macro_input!(item as ItemFn);
    property::expand(&options, function).unwrap_or_else(syn::Error::into_compile_error).into()
}
