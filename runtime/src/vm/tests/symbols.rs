//! Names in traps, from the module or from its side file.

use super::guest::GuestModule;
use super::{TestServices, services};
use crate::guest::{Callback, Guest};
use crate::host::{Host, VmSettings};
use crate::vm::{Engine, Instance, Limits, Module};
use wasm_encoder::{Encode, NameMap, NameSection, Section};

/// Traps in function 2: 0 is the marker, 1 the allocator.
fn trapping() -> Vec<u8> {
    let module = GuestModule::new().on_configure(|code| {
        code.unreachable();
    });
    module.build()
}

/// The module with a name section at its end.
fn with_name(mut module: Vec<u8>, name: &str) -> Vec<u8> {
    let (mut names, mut section) = (NameMap::new(), NameSection::new());
    names.append(2, name);
    section.functions(&names);
    module.push(section.id());
    section.encode(&mut module);
    module
}

fn backtrace(module: &[u8], symbols: Option<&[u8]>) -> Vec<String> {
    let engine = Engine::simulating(Limits::default()).unwrap();
    let module = match symbols {
        Some(symbols) => Module::load_with_symbols(&engine, module, "guest", symbols),
        None => Module::load(&engine, module, "guest"),
    };
    let TestServices { services, .. } = services();
    let mut instance =
        Instance::new(&engine, &module.unwrap(), Host::new(services, VmSettings::default())).unwrap();
    instance.call(Callback::Configure { root: 1, size: 0 }).unwrap_err().backtrace
}

#[test]
fn a_frame_without_any_names_is_an_offset() {
    let frames = backtrace(&trapping(), None);
    assert_eq!(frames.len(), 1);
    assert!(frames[0].starts_with("function 2 at offset 0x"), "{frames:?}");
}

#[test]
fn names_are_demangled() {
    for (name, expected) in [
        ("_ZN5guest4work17h0123456789abcdefE", "guest::work at offset"),
        ("_RNvC5guest4work", "guest::work at offset"),
        ("_Z4workiPKc", "work(int, char const*) at offset"),
        ("plain", "plain at offset"),
    ] {
        let frames = backtrace(&with_name(trapping(), name), None);
        assert!(frames[0].starts_with(expected), "{frames:?}");
    }
}

#[test]
fn a_stripped_module_takes_its_names_from_the_side_file() {
    let frames = backtrace(&trapping(), Some(&with_name(trapping(), "_RNvC5guest4work")));
    assert!(frames[0].starts_with("guest::work at offset"), "{frames:?}");
}
