//! Plugins in the shape that other toolchains give them: they load, start and run.

use super::services;
use crate::abi::{AbiVersion, MapKind};
use crate::exchange::Exchange;
use crate::guest::{Callback, Guest};
use crate::host::{Host, Phase, PluginSettings, View, VmSettings};
use crate::vm::{Engine, Instance, Limits, LoadOptions, Module, UnknownImports};
use std::cell::RefCell;
use std::rc::Rc;

/// Loads a guest, and lets it configure itself and change a request.
///
/// Its `on_configure` answers how it was started: 1 for its start function, 10 for its `main`.
fn runs(name: &str, text: &str, version: AbiVersion, started: u32) {
    let engine = Engine::simulating(Limits::default()).unwrap();
    let bytes = wat::parse_str(text).unwrap();
    let options = LoadOptions { unknown_imports: UnknownImports::Refuse, ..LoadOptions::default() };
    let module = Module::load_with(&engine, &bytes, name, options).unwrap();
    assert_eq!(module.abi_version(), version);

    let services = services();
    let host = Host::new(services.services, VmSettings::default());
    let mut instance = Instance::new(&engine, &module, Rc::clone(&host)).unwrap();
    let root = host.borrow_mut().add_root(Rc::new(PluginSettings::default()));
    let mut call = |callback: Callback, phase| {
        host.borrow_mut().enter(callback.context(), phase);
        instance.call(callback).unwrap()
    };
    call(Callback::ContextCreate { context: root, parent: 0 }, Phase::Configure);
    assert_eq!(call(Callback::VmStart { root, size: 0 }, Phase::Configure), Some(1));
    assert_eq!(call(Callback::Configure { root, size: 0 }, Phase::Configure), Some(started), "{name}");
    assert_eq!(*services.lines.borrow(), ["info configured"]);

    let mut exchange = Exchange::default();
    exchange.request.headers = Some([(":method", "GET")].into_iter().collect());
    let mut view = View::closed(Rc::new(RefCell::new(exchange)), root);
    view.request.headers = true;
    let context = host.borrow_mut().add_stream(view);
    call(Callback::ContextCreate { context, parent: root }, Phase::Running);
    let answer = call(Callback::RequestHeaders { context, count: 1, end_of_stream: true }, Phase::Running);
    assert_eq!(answer, Some(0));
    host.borrow_mut().enter(context, Phase::Running);
    let value = host.borrow().map_value(MapKind::RequestHeaders, b"x-toolchain").unwrap();
    assert_eq!(value.as_ref(), name.as_bytes());
    for callback in [Callback::Done { context }, Callback::Log { context }, Callback::Delete { context }] {
        assert!(call(callback, Phase::Running).is_some());
    }
}

#[test]
fn tinygo_of_0_1_0() {
    runs("tinygo-0.1.0", include_str!("toolchains/tinygo-0.1.0.wat"), AbiVersion::V0_1_0, 1);
}

#[test]
fn tinygo_of_0_2_0() {
    runs("tinygo-0.2.0", include_str!("toolchains/tinygo-0.2.0.wat"), AbiVersion::V0_2_0, 1);
}

#[test]
fn go_for_wasip1() {
    runs("go-wasip1", include_str!("toolchains/go-wasip1.wat"), AbiVersion::V0_2_0, 1);
}

#[test]
fn cpp() {
    runs("cpp", include_str!("toolchains/cpp.wat"), AbiVersion::V0_2_1, 11);
}
