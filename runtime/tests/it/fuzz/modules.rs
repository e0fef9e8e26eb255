//! Loading of modules: whole ones, broken ones, ones with a few bytes changed; what loads is started.

use std::rc::Rc;
use std::sync::OnceLock;

use mesh_filter_runtime::vm::{Instance, LoadOptions, Module, UnknownImports};

use super::exchange::exchange;
use super::guest_memory::engine;
use super::interpreter::interpreter;

/// Bytes of one change: place (two bytes) and new value.
const CHANGE: usize = 3;

pub(crate) fn run(bytes: &[u8]) {
    if bytes.starts_with(b"\0asm") {
        start(bytes, None);
    } else {
        let changed = changed(bytes);
        start(&changed, None);
        // A side file of another module, or a broken one.
        start(whole(), Some(&changed));
    }
}

/// A good module with what `changes` say put into it.
fn changed(changes: &[u8]) -> Vec<u8> {
    let mut module = whole().to_vec();
    for change in changes.chunks_exact(CHANGE) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % module.len();
        module[place] = change[2];
    }
    module
}

fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(interpreter)
}

fn start(bytes: &[u8], symbols: Option<&[u8]>) {
    for unknown_imports in [UnknownImports::Refuse, UnknownImports::Stub] {
        let options = LoadOptions { unknown_imports, symbols };
        match Module::load_with(engine(), bytes, "fuzz", options) {
            Ok(module) => drop(exchange(
                &[],
                Rc::new(move |host| {
                    let instance = Instance::new(engine(), &module, host);
                    Ok(Box::new(instance.map_err(|error| error.to_string())?))
                }),
            )),
            Err(error) => assert!(error.to_string().contains("fuzz"), "{error}"),
        }
    }
}
