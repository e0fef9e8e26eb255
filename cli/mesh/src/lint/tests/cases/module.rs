//! Modules and crates by themselves.

use super::super::facts::good_module;
use super::*;
use crate::lint::{Crate, Module};
use serde_json::json;

fn module(rule: &'static str, found: bool, change: fn(&mut Facts)) -> Case {
    Case { rule, text: String::new(), with: change, found }
}

fn changed(facts: &mut Facts, change: impl FnOnce(&mut Module)) {
    let mut module = good_module();
    change(&mut module);
    facts.modules.push(module);
}

fn importing(facts: &mut Facts, from: &str, name: &str, signature: &str) {
    changed(facts, |module| {
        module.imports.push((from.to_owned(), name.to_owned(), Some(signature.to_owned())));
    });
}

fn without(facts: &mut Facts, export: &str) {
    changed(facts, |module| module.exports.retain(|(name, _)| name != export));
}

fn of_crate(facts: &mut Facts, configuration: serde_json::Value, variable: &str) {
    facts.crates.push(Crate {
        manifest: "Cargo.toml".to_owned(),
        schema: Some(json!({"properties": {"limit": {"type": "integer"}}})),
        configuration: Some(configuration),
        environment: vec![variable.to_owned()],
    });
}

pub(super) fn cases() -> Vec<Case> {
    const WASI: &str = "wasi_snapshot_preview1";
    vec![
        module("L07", true, |facts| of_crate(facts, json!({"limit": "ten"}), "A")),
        module("L07", false, |facts| of_crate(facts, json!({"limit": 10}), "A")),
        module("L18", true, |facts| of_crate(facts, json!({}), "ISTIO_META_A")),
        module("L18", false, |facts| of_crate(facts, json!({}), "A")),
        module("L08", true, |facts| without(facts, "proxy_abi_version_0_2_1")),
        module("L08", true, |facts| without(facts, "proxy_on_memory_allocate")),
        module("L08", true, |facts| without(facts, "_initialize")),
        module("L08", true, |facts| changed(facts, |module| module.component = true)),
        module("L08", true, |facts| {
            changed(facts, |module| {
                module.exports.push(("proxy_abi_version_0_2_0".to_owned(), "->".to_owned()));
            });
        }),
        module("L08", true, |facts| {
            changed(facts, |module| module.exports.push(("proxy_on_tick".to_owned(), "ii->i".to_owned())));
        }),
        module("L08", false, |facts| changed(facts, |_| ())),
        module("L09", true, |facts| importing(facts, WASI, "proc_raise", "i->i")),
        module("L09", true, |facts| importing(facts, "env", "proxy_redis_init", "iiiiiii->i")),
        module("L09", true, |facts| importing(facts, "env", "proxy_log", "ii->i")),
        module("L09", true, |facts| importing(facts, "env", "proxy_clear_route_cache", "->")),
        module("L09", true, |facts| {
            facts.targets = vec!["istio=1.25".parse().unwrap()];
            importing(facts, WASI, "sched_yield", "->i");
        }),
        module("L09", false, |facts| importing(facts, WASI, "sched_yield", "->i")),
        module("L10", true, |facts| changed(facts, |module| module.bytes = 300 << 20)),
        module("L10", true, |facts| changed(facts, |module| module.bytes = 20 << 20)),
        module("L10", true, |facts| {
            changed(facts, |module| module.custom_sections.push((".debug_info".to_owned(), 50_000)));
        }),
        module("L10", false, |facts| {
            changed(facts, |module| module.custom_sections.push(("producers".to_owned(), 50_000)));
        }),
    ]
}
