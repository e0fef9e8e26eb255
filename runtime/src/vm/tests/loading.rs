//! Which modules are refused, and with which words.

use super::guest::GuestModule;
use super::{Vm, refusal};
use crate::abi::AbiVersion;
use crate::guest::TrapReason;
use crate::vm::outline::Outline;
use crate::vm::{Engine, Limits, LoadOptions, Module, UnknownImports};
use wasm_encoder::{EntityType, GlobalType, MemoryType, ValType};

#[test]
fn what_is_not_a_module_is_told_apart() {
    let whole = GuestModule::new().build();
    let component = b"\0asm\x0d\0\x01\0";
    for (bytes, message) in [
        (&b""[..], "it is empty (0 bytes)"),
        (b"#!/bin/sh\n", "it is not WebAssembly: it begins with `#!/bin/s`"),
        (b"\0a", "it is truncated"),
        (&whole[..whole.len() - 3], "it is truncated"),
        (component, "it is a WebAssembly component; Proxy-Wasm needs a core module"),
        (b"\0asm\x01\0\0\0\x63\0", "it is not a valid module"),
    ] {
        let refusal = refusal(bytes);
        assert!(refusal.starts_with(&format!("cannot load module `guest`: {message}")), "{refusal}");
    }
}

#[test]
fn no_cut_and_no_changed_byte_is_more_than_an_error() {
    let whole = GuestModule::new().import("proxy_log").data(b"data").build();
    for at in 0..whole.len() {
        // Some of these are modules still.
        let _refused = Outline::read(&whole[..at]);
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let _refused = Outline::read(&changed);
    }
}

#[test]
fn the_marker_must_be_there_and_only_one() {
    let none = GuestModule::bare().build();
    let message = refusal(&none);
    assert!(message.contains("missing or unknown Proxy-Wasm ABI version"), "{message}");
    for version in AbiVersion::ALL {
        assert!(message.contains(version.marker()), "{message}");
    }
    let two = GuestModule::new().function("proxy_abi_version_0_1_0", "", "", |_| {}).build();
    assert!(refusal(&two).contains("several Proxy-Wasm ABI versions"));
}

#[test]
fn what_the_host_needs_must_be_exported() {
    let marker = |module: GuestModule| module.function("proxy_abi_version_0_2_0", "", "", |_| {});
    assert!(refusal(&marker(GuestModule::bare()).build()).contains("exports neither `malloc`"));
    assert!(refusal(&marker(GuestModule::bare().memory(None)).build()).contains("memory named `memory`"));
}

#[test]
fn a_wrong_signature_is_named_with_what_was_expected() {
    let export = GuestModule::new().function("proxy_on_tick", "ii", "", |_| {}).build();
    assert!(
        refusal(&export).ends_with(
            "bad function signature of export `proxy_on_tick`: expected (i32) -> (), found (i32, i32) -> ()"
        ),
        "{}",
        refusal(&export)
    );
    let import = GuestModule::new().import_as("env", "proxy_log", "iI", "i").build();
    assert!(
        refusal(&import).ends_with(
            "import `env.proxy_log`: expected (i32, i32, i32) -> (i32), found (i32, i64) -> (i32)"
        ),
        "{}",
        refusal(&import)
    );
}

#[test]
fn only_functions_can_be_imported() {
    let memory =
        MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };
    let memory = GuestModule::new().import_entity("env", "m", EntityType::Memory(memory)).build();
    assert!(refusal(&memory).contains("imports the memory `env.m`"));
    let global = GlobalType { val_type: ValType::I32, mutable: false, shared: false };
    let global = GuestModule::new().import_entity("env", "g", EntityType::Global(global)).build();
    assert!(refusal(&global).contains("imports the global `env.g`"));
}

#[test]
fn an_unknown_import_traps_when_it_is_called() {
    let module = GuestModule::new()
        .import_as("env", "proxy_redis_call", "iiiii", "i")
        .on_configure(|code| {
            for _ in 0..5 {
                code.i32_const(0);
            }
            code.call(0);
        })
        .build();
    let mut vm = Vm::start(&module);
    let trap = vm.configure().unwrap_err();
    assert_eq!(trap.reason, TrapReason::Unknown { function: "env.proxy_redis_call".into() });
}

#[test]
fn a_strict_host_refuses_unknown_imports_and_those_of_other_versions() {
    let engine = Engine::simulating(Limits::default()).unwrap();
    let options = LoadOptions { unknown_imports: UnknownImports::Refuse, ..LoadOptions::default() };
    let module = GuestModule::new()
        .import_as("env", "unknown", "", "")
        .import("proxy_continue_request")
        .import("path_link")
        .build();
    let refused = Module::load_with(&engine, &module, "guest", options).unwrap_err().to_string();
    assert!(
        refused.contains("env.unknown, env.proxy_continue_request, wasi_snapshot_preview1.path_link"),
        "{refused}"
    );
    Module::load(&engine, &module, "guest").unwrap();
}

#[test]
fn header_callbacks_have_two_parameters_or_three() {
    let engine = Engine::simulating(Limits::default()).unwrap();
    for params in ["ii", "iii"] {
        let module = GuestModule::new()
            .function("proxy_on_request_headers", params, "i", |code| {
                code.i32_const(0);
            })
            .build();
        Module::load(&engine, &module, "guest").unwrap();
    }
    let module = GuestModule::new().function("proxy_on_request_headers", "i", "i", |code| {
        code.i32_const(0);
    });
    assert!(refusal(&module.build()).contains("proxy_on_request_headers"));
}
