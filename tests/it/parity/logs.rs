//! What guests say in the log: the status of every wrong call, and what each level and standard stream becomes.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use super::exchanges::post;
use super::{Pair, assert_same, routes};
use crate::support::bootstrap::{Filter, listener};
use crate::support::build::guest;
use crate::support::host::Host;

/// How long a line may take from the guest to the file.
const PATIENCE: Duration = Duration::from_secs(20);

/// The lines that guests wrote, from the words `wasm log` on, each once: how often a plugin is configured is the
/// host's affair. Waits for the line that ends with `last`.
fn lines(host: &Host, last: &str) -> BTreeSet<String> {
    let begun = Instant::now();
    loop {
        let log = std::fs::read_to_string(&host.log).unwrap();
        let lines: BTreeSet<_> =
            log.lines().filter_map(|line| line.find("wasm log").map(|at| line[at..].to_owned())).collect();
        if lines.iter().any(|line| line.ends_with(last)) {
            return lines;
        }
        assert!(begun.elapsed() < PATIENCE, "no line `{last}` in the log:\n{log}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn differences(pair: &Pair, last: &str) -> Vec<String> {
    let (envoy, ours) = (lines(&pair.envoy.host, last), lines(&pair.ours.host, last));
    let only_envoy = envoy.difference(&ours).map(|line| format!("  envoy {line}"));
    only_envoy.chain(ours.difference(&envoy).map(|line| format!("  ours  {line}"))).collect()
}

#[test]
fn wrong_calls_get_the_statuses_that_envoy_gives() {
    let statuses = Filter::new("statuses", &guest("statuses"), "");
    let listeners = [listener("statuses", &[statuses], &routes(), &json!({}))];
    let Some(pair) = Pair::start("parity-statuses", &listeners) else { return };
    let mut found = pair.compare("statuses", &[post("POST", "/echo", "abcde")]);
    found.extend(differences(&pair, "log done = 1"));
    assert_same(&found);
}

#[test]
fn guests_log_as_they_do_in_envoy() {
    let mut logs = Filter::new("logs", &guest("logs"), "some text");
    logs.environment = vec![("GREETING", "hello")];
    let listeners = [listener("logs", &[logs], &routes(), &json!({}))];
    let Some(pair) = Pair::start("parity-logs", &listeners) else { return };
    let mut found = pair.compare("logs", &[post("POST", "/echo", "abcde")]);
    found.extend(differences(&pair, "stream done"));
    assert_same(&found);
}
