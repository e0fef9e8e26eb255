//! The host functions as guests import them: one file per chapter of the ABI.
//!
//! Each function decodes its arguments, makes one call into [`crate::host`] and encodes the
//! answer; decisions are made there. Read [`call`] first, then any chapter.

mod buffers;
mod call;
mod contexts;
mod emscripten;
mod foreign;
mod grpc_calls;
mod http_calls;
mod link;
mod log;
mod maps;
mod metrics;
mod properties;
mod queues;
mod shared_data;
mod streams;
mod time;
mod wasi;

pub(crate) use link::{restricted, stub};

use crate::vm::state::State;
use link::Link;
use wasmtime::Linker;

/// A linker that has every function of the table.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    let mut link = Link::new(engine);
    log::link(&mut link)?;
    time::link(&mut link)?;
    maps::link(&mut link)?;
    buffers::link(&mut link)?;
    streams::link(&mut link)?;
    shared_data::link(&mut link)?;
    queues::link(&mut link)?;
    http_calls::link(&mut link)?;
    grpc_calls::link(&mut link)?;
    metrics::link(&mut link)?;
    properties::link(&mut link)?;
    contexts::link(&mut link)?;
    foreign::link(&mut link)?;
    emscripten::link(&mut link)?;
    wasi::link(&mut link)?;
    Ok(link.finish())
}

#[cfg(test)]
mod tests {
    use super::linker;
    use crate::abi::table::IMPORTS;
    use crate::host::Host;
    use crate::vm::state::State;
    use crate::vm::tests::services;
    use std::collections::BTreeMap;
    use wasmtime::{Engine, Store, ValType};

    fn letters(types: impl Iterator<Item = ValType>) -> String {
        types
            .map(|ty| {
                if ty.is_i64() {
                    'I'
                } else if ty.is_i32() {
                    'i'
                } else {
                    '?'
                }
            })
            .collect()
    }

    #[test]
    fn the_linker_has_exactly_the_functions_of_the_table() {
        let engine = Engine::default();
        let host = Host::new(services().services, crate::host::VmSettings::default());
        let mut store = Store::new(&engine, State::for_tests(host));
        let linker = linker(&engine).unwrap();

        let registered: BTreeMap<_, _> = linker
            .iter(&mut store)
            .map(|(module, name, item)| ((module.to_owned(), name.to_owned()), item))
            .collect();
        let registered: BTreeMap<_, _> = registered
            .into_iter()
            .map(|(name, item)| {
                let ty = item.into_func().unwrap().ty(&store);
                (name, (letters(ty.params()), letters(ty.results())))
            })
            .collect();

        let mut expected = BTreeMap::new();
        for import in IMPORTS {
            for module in import.modules() {
                let signature = (import.params.to_owned(), import.result.to_owned());
                expected.insert(((*module).to_owned(), import.name.to_owned()), signature);
            }
        }
        assert_eq!(registered, expected);
    }
}
