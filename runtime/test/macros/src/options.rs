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
    /// What the module may use.
    pub(crate) budget: Budget,
}

/// What plays a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Native,
    Wasm,
}

/// What a module may use in a test.
#[derive(Default)]
pub(crate) struct Budget {
    pub(crate) fuel: Option<u64>,
    pub(crate) hostcalls: Option<u64>,
    /// Bytes.
    pub(crate) memory: Option<u64>,
    /// Bytes.
    pub(crate) heap_growth: Option<u64>,
}

impl Budget {
    pub(crate) fn is_empty(&self) -> bool {
        self.fuel.is_none() && self.hostcalls.is_none() && self.memory.is_none() && self.heap_growth.is_none()
    }
}

/// Options of `test`.
pub(crate) fn test(input: ParseStream<'_>) -> Result<Options> {
    let mut options = Options::default();
    read(input, |meta| {
        let known = "expected `engine`, `clock`, `seed` or `budget(..)`";
        match name(meta).as_str() {
            "budget" => meta.parse_nested_meta(|meta| limit(&mut options.budget, &meta)),
            _ => common(&mut options, meta, known),
        }
    })?;
    if options.engine == Some(Engine::Native) && !options.budget.is_empty() {
        let text = "a budget is for modules: native code has no fuel and no memory of its own";
        return Err(input.error(text));
    }
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

fn limit(budget: &mut Budget, meta: &ParseNestedMeta<'_>) -> Result<()> {
    let slot = match name(meta).as_str() {
        "fuel" => &mut budget.fuel,
        "hostcalls" => &mut budget.hostcalls,
        "memory" => &mut budget.memory,
        "heap_growth" => &mut budget.heap_growth,
        _ => return Err(meta.error("expected `fuel`, `hostcalls`, `memory` or `heap_growth`")),
    };
    let value = meta.value()?;
    *slot = Some(if value.peek(LitInt) {
        value.parse::<LitInt>()?.base10_parse()?
    } else {
        let text: LitStr = value.parse()?;
        bytes(&text.value()).ok_or_else(|| syn::Error::new(text.span(), "expected a size: 64KiB, 16MiB"))?
    });
    Ok(())
}

/// Reads a number of bytes, such as `100` or `16MiB`.
fn bytes(text: &str) -> Option<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let unit = units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)));
    let (number, shift) = unit.unwrap_or((text, 0));
    number.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
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
        let text = r#"engine = "wasm", seed = 7, budget(fuel = 40_000, memory = "16MiB", heap_growth = 0)"#;
        let options = Parser::parse_str(test, text).unwrap();
        assert!(options.engine == Some(Engine::Wasm) && options.clock.is_none());
        let Budget { fuel, hostcalls, memory, heap_growth } = options.budget;
        assert_eq!((fuel, hostcalls, memory, heap_growth), (Some(40_000), None, Some(16 << 20), Some(0)));
        assert!(Parser::parse_str(property, "cases = 2 * 128").unwrap().cases.is_some());
    }

    #[test]
    fn wrong_options_are_refused_with_what_was_expected() {
        assert!(problem("engines = \"wasm\"").contains("expected `engine`"));
        assert!(problem("engine = \"envoy\"").contains("expected \"native\" or \"wasm\""));
        assert!(problem("budget(fuel = \"a lot\")").contains("expected a size"));
        assert!(problem("budget(cpu = 1)").contains("expected `fuel`"));
        assert!(problem("engine = \"native\", budget(fuel = 1)").contains("a budget is for modules"));
    }
}
