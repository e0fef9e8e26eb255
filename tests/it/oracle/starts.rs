//! Plugins that do not start: whether a host serves all the same, and what it answers then.
//!
//! Such a plugin ends the process in most cases, so each is started in one of its own.

use std::path::Path;

use serde_json::{Value, json};

use super::Seen;
use super::case::case;
use crate::support::bootstrap::{self, listener};
use crate::support::build::root;
use crate::support::client::exchange;
use crate::support::compare::mask;
use crate::support::host::Host;
use crate::support::world::folder;

const POLICIES: [&str; 3] = ["FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"];

/// What each program is called, and the program.
const PROGRAMS: [(&str, &str); 8] = [
    ("vm-start-answers-false", "vm_start:\n  return 0\n"),
    ("configure-answers-false", "configure:\n  return 0\n"),
    ("context-create-traps", "context_create:\n  trap\n"),
    ("vm-start-traps", "vm_start:\n  trap\n"),
    ("configure-traps", "configure:\n  trap\n"),
    ("vm-start-answers-another-number", "vm_start:\n  return 2\n"),
    ("not-a-module", NOT_A_MODULE),
    ("no-such-file", NO_FILE),
];

/// These say of the module, not of the program, what is wrong.
const NOT_A_MODULE: &str = "(not a module)";
const NO_FILE: &str = "(no file)";

/// What is seen of all of them, by name.
pub(super) fn play(host: &Path, name: &str) -> Seen {
    let played = cases().map(|(case, policy, program)| {
        let seen = seen(host, name, &case, policy, program);
        (case, seen)
    });
    played.collect()
}

/// Names, policies and programs.
fn cases() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let of = |policy: &'static str| {
        PROGRAMS.map(|(what, program)| {
            let case = format!("starts/{policy}-{what}").to_lowercase().replace('_', "-");
            (case, policy, program)
        })
    };
    POLICIES.into_iter().flat_map(of).filter(|(case, ..)| super::is_wanted(case))
}

/// Each case in which this proxy does something else than Envoy, with its row of the table.
pub(super) fn known_differences() -> impl Iterator<Item = (String, &'static str)> {
    cases()
        .filter(|(case, ..)| case.ends_with("context-create-traps"))
        .map(|(case, ..)| (case, "trap-in-a-root"))
}

fn seen(host: &Path, name: &str, case_name: &str, policy: &str, program: &str) -> Value {
    let mut filters = case(case_name, program).plugins;
    let filter = &mut filters[0];
    filter.options = json!({"failure_policy": policy});
    match program {
        NOT_A_MODULE => filter.module = root().join("Cargo.toml"),
        NO_FILE => filter.module = root().join("tests/no-such-file.wasm"),
        _ => {}
    }
    let routes = json!([{"name": "all", "domains": ["*"], "routes": [
        {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "served"}}}
    ]}]);
    let listener = listener(case_name, &filters, &routes, &json!({}));
    let file = folder("oracle-starts").join(format!("{name}.json"));
    bootstrap::write(&file, &[listener], &[]);
    let Ok(host) = Host::try_start(host, &file, name, 1) else { return json!("(does not serve)") };
    let reply = exchange(host.listener(case_name), b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let shown = reply.map_or_else(|error| format!("({error})"), |reply| reply.shown());
    mask(&shown).lines().collect()
}
