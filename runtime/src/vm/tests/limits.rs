//! Calls end, whatever the guest does.

use super::guest::GuestModule;
use super::{Vm, services};
use crate::guest::TrapReason;
use crate::host::{Host, VmSettings};
use crate::vm::{Engine, Instance, Limits, Module};
use cpu_time::ThreadTime;
use std::time::Duration;
use wasm_encoder::BlockType;

fn endless() -> Vec<u8> {
    let module = GuestModule::new().on_configure(|code| {
        code.loop_(BlockType::Empty).br(0).end().unreachable();
    });
    module.build()
}

/// Grows its memory until that fails, then aborts.
fn greedy() -> Vec<u8> {
    let module = GuestModule::new().on_configure(|code| {
        code.loop_(BlockType::Empty).i32_const(1024).memory_grow(0).i32_const(-1).i32_ne().br_if(0).end();
        code.unreachable();
    });
    module.build()
}

#[test]
fn an_endless_loop_ends_after_its_cpu_time() {
    let limit = Duration::from_millis(30);
    let engine = Engine::serving(Limits { cpu_per_call: Some(limit), ..Limits::default() }).unwrap();
    let mut vm = Vm::start_in(&engine, &endless());
    let before = ThreadTime::now();
    let trap = vm.configure().unwrap_err();
    let used = before.elapsed();
    assert_eq!(trap.reason, TrapReason::CpuLimit { limit_ms: 30 });
    // Generous above: the ticker may be late on a busy machine, by wall time, while the loop runs.
    assert!(used >= limit && used < Duration::from_millis(500), "{used:?}");
}

#[test]
fn an_endless_loop_ends_after_its_fuel() {
    let engine = Engine::simulating(Limits { fuel_per_call: Some(100_000), ..Limits::default() }).unwrap();
    let mut vm = Vm::start_in(&engine, &endless());
    let trap = vm.configure().unwrap_err();
    assert_eq!(trap.reason, TrapReason::FuelLimit { limit: 100_000 });
    assert!(vm.instance.fuel_consumed() >= 100_000);
}

#[test]
fn the_same_call_costs_the_same_fuel_in_every_vm() {
    let module = GuestModule::new().on_configure(|code| {
        code.local_get(0).local_get(1).i32_add();
    });
    let module = module.build();
    let fuel = |calls: u32| {
        let mut vm = Vm::start(&module);
        for _ in 0..calls {
            vm.configure().unwrap();
        }
        vm.instance.fuel_consumed()
    };
    assert!(fuel(1) > 0);
    assert_eq!(fuel(1), fuel(1));
    assert_eq!(fuel(3), 3 * fuel(1));
}

#[test]
fn a_serving_engine_lets_short_calls_pass_again_and_again() {
    let limit = Duration::from_millis(2);
    let engine = Engine::serving(Limits { cpu_per_call: Some(limit), ..Limits::default() }).unwrap();
    let module = GuestModule::new().on_configure(|code| {
        code.local_get(0);
    });
    let mut vm = Vm::start_in(&engine, &module.build());
    let before = ThreadTime::now();
    while before.elapsed() < 10 * limit {
        assert_eq!(vm.configure().unwrap(), Some(1));
    }
}

#[test]
fn a_guest_that_takes_all_memory_and_aborts_is_told_so() {
    let limit = 64 << 20;
    let engine = Engine::simulating(Limits { memory: Some(limit), ..Limits::default() }).unwrap();
    let mut vm = Vm::start_in(&engine, &greedy());
    let trap = vm.configure().unwrap_err();
    assert_eq!(trap.reason, TrapReason::MemoryLimit { limit });
    assert!(vm.instance.memory_size() <= limit);
}

#[test]
fn refused_growth_is_an_ordinary_answer_for_the_guest() {
    let engine = Engine::simulating(Limits { memory: Some(1 << 20), ..Limits::default() }).unwrap();
    let module = GuestModule::new().on_configure(|code| {
        code.i32_const(1024).memory_grow(0);
    });
    let mut vm = Vm::start_in(&engine, &module.build());
    assert_eq!(vm.configure().unwrap(), Some(u32::MAX));
}

#[test]
fn endless_recursion_is_a_trap() {
    // Functions of the guest: 0 is the marker, 1 the allocator, 2 the callback itself.
    let module = GuestModule::new().on_configure(|code| {
        code.local_get(0).local_get(1).call(2);
    });
    let trap = Vm::start(&module.build()).configure().unwrap_err();
    assert!(trap.to_string().contains("call stack exhausted"), "{trap}");
    assert_eq!(trap.backtrace.len(), 20);
}

#[test]
fn a_dead_vm_answers_with_its_trap() {
    let module = GuestModule::new().on_configure(|code| {
        code.unreachable();
    });
    let mut vm = Vm::start(&module.build());
    let trap = vm.configure().unwrap_err();
    assert_eq!(vm.configure().unwrap_err(), trap);
}

#[test]
fn without_limits_calls_run_in_both_engines() {
    let module = GuestModule::new().on_configure(|code| {
        code.local_get(0);
    });
    let module = module.build();
    for engine in [Engine::serving(Limits::NONE), Engine::simulating(Limits::NONE)] {
        let mut vm = Vm::start_in(&engine.unwrap(), &module);
        assert_eq!(vm.configure().unwrap(), Some(1));
    }
}

#[test]
fn a_module_whose_first_memory_is_too_large_does_not_start() {
    let engine = Engine::simulating(Limits { memory: Some(1000), ..Limits::default() }).unwrap();
    let module = Module::load(&engine, &GuestModule::new().build(), "guest").unwrap();
    let host = Host::new(services().services, VmSettings::default());
    let refused = Instance::new(&engine, &module, host).unwrap_err().to_string();
    assert!(refused.starts_with("cannot start module `guest`: "), "{refused}");
    assert!(refused.contains("memory"), "{refused}");
}
