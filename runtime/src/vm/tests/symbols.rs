//! Names in traps, from the module or from its side file.

use super::guest::{DATA, GuestModule};
use super::{TestServices, Vm, services};
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

#[test]
fn a_side_file_of_another_build_is_refused_by_the_hash_of_its_code() {
    let engine = Engine::simulating(Limits::default()).unwrap();
    let other = GuestModule::new().on_configure(|code| {
        code.nop().unreachable();
    });
    let refused = Module::load_with_symbols(&engine, &trapping(), "guest", &other.build());
    let message = refused.unwrap_err().to_string();
    let (start, rest) = message.split_once('`').unwrap();
    assert_eq!((start, rest.split_once('`').unwrap().0), ("cannot load module ", "guest"));
    assert!(message.contains("its symbols are of another build: the hash of its code is `"), "{message}");
    assert!(message.ends_with("; build both at once"), "{message}");
}

#[test]
fn a_trap_tells_the_hostcalls_before_it() {
    let guest = GuestModule::new()
        .import("proxy_define_metric")
        .import("proxy_increment_metric")
        .data(b"requests")
        .on_configure(|code| {
            for _ in 0..17 {
                code.i32_const(0).i32_const(DATA).i32_const(8).i32_const(64).call(0).drop();
            }
            code.i32_const(9).i64_const(-1).call(1).drop();
            code.unreachable();
        });
    let mut vm = Vm::start(&guest.build());
    let trap = vm.configure().unwrap_err();
    assert_eq!(trap.hostcalls.len(), 17);
    assert_eq!(trap.hostcalls[0], "(2 earlier ones)");
    assert_eq!(trap.hostcalls[15], "proxy_define_metric(0, \"requests\", 64) = Ok");
    let last = &trap.hostcalls[16];
    assert!(last.starts_with("proxy_increment_metric(9, -1) = "), "{last}");
    assert!(trap.to_string().ends_with(&format!("\n    {last}")), "{trap}");
}

#[test]
fn a_trap_inside_a_hostcall_tells_which() {
    let guest = GuestModule::bare()
        .function("proxy_abi_version_0_2_1", "", "", |_| {})
        .import("proxy_get_buffer_bytes")
        .function("malloc", "i", "i", |code| {
            code.unreachable();
        })
        .on_configure(|code| {
            code.i32_const(7).i32_const(0).i32_const(99).i32_const(64).i32_const(68).call(0);
        });
    let mut vm = Vm::start(&guest.build());
    let trap = vm.configure().unwrap_err();
    assert_eq!(trap.hostcalls, ["proxy_get_buffer_bytes(7, 0, 99, 64, 68) = did not return"]);
}
