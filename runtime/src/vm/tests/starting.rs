//! What a guest may do while it starts and while it allocates.

use super::guest::GuestModule;
use super::{Vm, services};
use crate::guest::TrapReason;
use crate::host::{Host, VmSettings};
use crate::vm::{Engine, Instance, Limits, Module, StartError};
use wasm_encoder::InstructionSink;

fn log(code: &mut InstructionSink<'_>, offset: i32) {
    code.i32_const(2).i32_const(super::guest::DATA + offset).i32_const(1).call(0).drop();
}

fn start_failure(module: GuestModule) -> StartError {
    let engine = Engine::simulating(Limits::default()).unwrap();
    let module = Module::load(&engine, &module.build(), "guest").unwrap();
    let host = Host::new(services().services, VmSettings::default());
    Instance::new(&engine, &module, host).unwrap_err()
}

#[test]
fn a_reactor_runs_its_start_section_initialize_and_main() {
    let module = GuestModule::new()
        .import("proxy_log")
        .data(b"abcd")
        .function("first", "", "", |code| log(code, 0))
        .function("_initialize", "", "", |code| log(code, 1))
        .function("main", "ii", "i", |code| {
            log(code, 2);
            code.i32_const(0);
        })
        .function("_start", "", "", |code| log(code, 3))
        .start("first");
    assert_eq!(Vm::start(&module.build()).lines(), ["info a", "info b", "info c"]);
}

#[test]
fn a_command_runs_its_start_function() {
    let module =
        GuestModule::new().import("proxy_log").data(b"s").function("_start", "", "", |code| log(code, 0));
    assert_eq!(Vm::start(&module.build()).lines(), ["info s"]);
}

#[test]
fn a_hostcall_that_needs_a_context_traps_while_the_guest_starts() {
    let module = GuestModule::new().import("proxy_done").function("_initialize", "", "", |code| {
        code.call(0).drop();
    });
    let StartError::Trap { trap, .. } = start_failure(module) else { panic!("no trap") };
    assert_eq!(trap.reason, TrapReason::Restricted { hostcall: "proxy_done" });
}

#[test]
fn a_hostcall_of_the_allocator_traps() {
    let module = GuestModule::bare()
        .import("proxy_done")
        .import("proxy_get_configuration")
        .function("proxy_abi_version_0_2_1", "", "", |_| {})
        .function("malloc", "i", "i", |code| {
            code.call(0);
        })
        .on_configure(|code| {
            code.i32_const(16).i32_const(20).call(1);
        });
    let trap = Vm::start(&module.build()).configure().unwrap_err();
    assert_eq!(trap.reason, TrapReason::Restricted { hostcall: "proxy_done" });
}

#[test]
fn a_trap_at_the_start_names_the_module() {
    let module = GuestModule::new().function("_start", "", "", |code| {
        code.unreachable();
    });
    let message = start_failure(module).to_string();
    assert!(message.starts_with("cannot start module `guest`: the plugin trapped: "), "{message}");
}

#[test]
fn proc_exit_returns_but_not_for_ever() {
    let module = GuestModule::new().import("proc_exit").on_configure(|code| {
        code.loop_(wasm_encoder::BlockType::Empty).i32_const(3).call(0).br(0).end().unreachable();
    });
    let mut vm = Vm::start(&module.build());
    let trap = vm.configure().unwrap_err();
    assert!(trap.to_string().contains("`proc_exit` more than 16 times"), "{trap}");
    assert_eq!(vm.lines().len(), 16);
}
