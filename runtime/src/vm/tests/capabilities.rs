//! Plugins that may not do everything.

use super::guest::{DATA, GuestModule};
use super::services;
use crate::guest::{Callback, Guest};
use crate::host::{Host, Phase, PluginSettings, VmSettings};
use crate::vm::{Capabilities, Engine, Instance, Limits, Module};
use std::rc::Rc;

/// Answers what a host function and one of WASI answer, as `status * 1000 + errno`.
fn guest() -> Vec<u8> {
    let module = GuestModule::new().import("proxy_set_tick_period_milliseconds").import("random_get");
    let module = module.on_configure(|code| {
        code.i32_const(0).call(0).i32_const(1000).i32_mul();
        code.i32_const(DATA).i32_const(4).call(1).i32_add();
    });
    module.build()
}

/// The answer, and what was logged.
fn configure(allowed: &[&str]) -> (Option<u32>, Vec<String>) {
    let engine = Engine::simulating(Limits::default()).unwrap();
    let capabilities = Capabilities::only(allowed.iter().map(|name| (*name).to_owned()));
    let module = Module::load(&engine, &guest(), "guest").unwrap();
    let module = module.restricted(&engine, capabilities).unwrap();
    let services = services();
    let host = Host::new(services.services, VmSettings::default());
    let mut instance = Instance::new(&engine, &module, Rc::clone(&host)).unwrap();
    host.borrow_mut().add_root(Rc::new(PluginSettings::default()));
    host.borrow_mut().enter(1, Phase::Configure);
    let answer = instance.call(Callback::Configure { root: 1, size: 0 }).unwrap();
    let again = instance.call(Callback::Configure { root: 1, size: 0 }).unwrap();
    assert_eq!(answer, again);
    (answer, services.lines.take())
}

#[test]
fn without_a_list_everything_is_allowed() {
    assert_eq!(configure(&[]), (Some(0), vec![]));
}

#[test]
fn what_is_not_listed_cannot_be_called() {
    // The plugin's own log has nothing of it, as in Envoy.
    assert_eq!(configure(&["proxy_on_configure"]), (Some(10 * 1000 + 76), vec![]));
    assert_eq!(configure(&["proxy_on_configure", "random_get"]).0, Some(10 * 1000));
    assert_eq!(configure(&["proxy_on_configure", "proxy_set_tick_period_milliseconds"]).0, Some(76));
}

#[test]
fn a_callback_that_is_not_listed_is_not_called() {
    assert_eq!(configure(&["random_get"]), (None, vec![]));
}
