//! What stands in the brackets of an attribute.

use syn::meta::ParseNestedMeta;
use syn::parse::{ParseStream, Parser, Result};
use syn::{Expr, LitInt, LitStr, Token};

/// What a test is told.
#[derive(Default)]
pub(crate) struct Options {
    /// Where it plays; absent: everywhere.
    pub(crate) engine: Option<Engine>,
    /// The wall clock at the beginning, as scenario files write it.
    pub(crate) clock: Option<LitStr>,
    /// From which random bytes come.
    pub(crate) seed: Option<LitInt>,
    /// How many inputs a property is tried with.
    pub(crate) cases: Option<Expr>,
}

/// What plays a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Native,
    Wasm,
}

/// Options of `test`.
pub(crate) fn test(input: ParseStream<'_>) -> Result<Options> {
    let mut options = Options::default();
    read(input, |meta| common(&mut options, meta, "expected `engine`, `clock` or `seed`"))?;
    Ok(options)
}

/// Options of `proptest`.
pub(crate) fn property(input: ParseStream<'_>) -> Result<Options> {
    let mut options = Options::default();
    read(input, |meta| {
        let known = "expected `cases`, `engine`, `clock` or `seed`";
        match name(meta).as_str() {
            "cases" => set(&mut options.cases, meta),
            _ => common(&mut options, meta, known),
        }
    })?;
    Ok(options)
}

fn read(input: ParseStream<'_>, mut option: impl FnMut(&ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    let tokens = input.parse()?;
    syn::meta::parser(|meta| option(&meta)).parse2(tokens)
}

fn common(options: &mut Options, meta: &ParseNestedMeta<'_>, known: &str) -> Result<()> {
    match name(meta).as_str() {
        "engine" => {
            let engine: LitStr = meta.value()?.parse()?;
            options.engine = Some(match engine.value().as_str() {
                "native" => Engine::Native,
                "wasm" => Engine::Wasm,
                _ => return Err(syn::Error::new(engine.span(), "expected \"native\" or \"wasm\"")),
            });
            Ok(())
        }
        "clock" => set(&mut options.clock, meta),
        "seed" => set(&mut options.seed, meta),
        _ => Err(meta.error(known)),
    }
}

fn set<T: syn::parse::Parse>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>) -> Result<()> {
    meta.input.parse::<Token![=]>()?;
    *slot = Some(meta.input.parse()?);
    Ok(())
}

fn name(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Parser::parse_str(test, text).err().unwrap().to_string()
    }

    #[test]
    fn options_are_read() {
        let options = Parser::parse_str(test, "engine = \"wasm\", seed = 7").unwrap();
        assert!(options.engine == Some(Engine::Wasm) && options.clock.is_none());
        assert_eq!(options.seed.unwrap().base10_digits(), "7");
        assert!(Parser::parse_str(property, "cases = 2 * 128").unwrap().cases.is_some());
    }

    #[test]
    fn wrong_options_are_refused_with_what_was_expected() {
        assert!(problem("engines = \"wasm\"").contains("expected `engine`"));
        assert!(problem("engine = \"envoy\"").contains("expected \"native\" or \"wasm\""));
    }
}
