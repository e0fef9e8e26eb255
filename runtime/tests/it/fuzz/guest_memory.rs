//! The guest's memory: a plugin that calls any host functions with any pointers and sizes.

use std::rc::Rc;
use std::sync::OnceLock;

use mesh_filter_runtime::vm::{Engine, Instance, Limits, Module};

use super::exchange::exchange;
use super::interpreter::interpreter;

pub(crate) fn run(script: &[u8]) {
    let _said = play(script);
}

/// Plays a script; what it says in the log.
pub(super) fn play(script: &[u8]) -> Vec<String> {
    static MODULE: OnceLock<Module> = OnceLock::new();
    let module = MODULE.get_or_init(|| Module::load(engine(), &interpreter(), "fuzz").expect("it loads"));
    exchange(
        script,
        Rc::new(|host| {
            let instance = Instance::new(engine(), module, host).map_err(|error| error.to_string())?;
            Ok(Box::new(instance))
        }),
    )
}

/// One engine for all runs, with small limits.
pub(super) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let limits = Limits { cpu_per_call: None, fuel_per_call: Some(1_000_000), memory: Some(4 << 20) };
    ENGINE.get_or_init(|| Engine::simulating(limits).expect("there is an engine"))
}
