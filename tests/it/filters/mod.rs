//! The filters for production as their users get them: every example configuration starts in this proxy and in Envoy.

mod files;
mod header_mutation;
mod shapes;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::bootstrap::{self, Filter, cluster, listener};
use crate::support::build::{example, filters, program};
use crate::support::client::exchange;
use crate::support::host::{self, Host};
use crate::support::world::{World, folder};
use files::{envoy, envoy_gateway, istio};

/// What a filter is given in one of its example files.
pub(super) struct Given {
    /// The filter and the file.
    pub(super) place: String,
    pub(super) root_id: Value,
    /// The configuration as text, as every proxy hands it over.
    pub(super) configuration: String,
    /// Environment variables of its VM.
    pub(super) environment: serde_json::Map<String, Value>,
    /// Envoy's switch that lets a filter read the body while it holds the headers.
    pub(super) hold_headers: bool,
}

/// All of them, by filter.
fn given() -> Vec<(String, Vec<Given>)> {
    let read = |package: &Value| {
        let name = package["name"].as_str().unwrap().to_owned();
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().join("examples");
        let given = vec![envoy(&name, &folder), istio(&name, &folder), envoy_gateway(&name, &folder)];
        for given in &given {
            assert_eq!(given.root_id, package["metadata"]["mesh-filter"]["root_id"], "{}", given.place);
        }
        (name, given)
    };
    let given: Vec<_> = filters().iter().map(read).collect();
    assert!(!given.is_empty());
    given
}

#[test]
fn every_example_configuration_starts_and_answers() {
    let (mut listeners, mut names) = (Vec::new(), Vec::new());
    for (name, examples) in given() {
        for given in examples {
            let mut filter = Filter::new(&given.place, &example(&name), &given.configuration);
            filter.hold_headers = given.hold_headers;
            filter.options = json!({
                "root_id": given.root_id,
                "vm_config": {"environment_variables": {"key_values": given.environment}},
            });
            let all = json!([{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}]);
            listeners.push(listener(&given.place, &[filter], &all, &json!({})));
            names.push(given.place);
        }
    }
    let proxies = [(Some(program("mesh-filter-proxy")), "ours"), (host::envoy(), "envoy")];
    for (program, proxy) in proxies.into_iter().filter_map(|(program, name)| Some((program?, name))) {
        let world = World::start(&program, "filters", proxy, &listeners);
        for name in &names {
            let request = b"GET / HTTP/1.1\r\nhost: example.com\r\n\r\n";
            let reply = exchange(world.host.listener(name), request).unwrap();
            let status = reply.messages.last().map_or(0, |message| message.status());
            assert!((200..500).contains(&status), "{name} in {proxy}: {}", reply.shown());
        }
    }
}

#[test]
fn a_configuration_with_another_field_does_not_start() {
    let (name, examples) = given().swap_remove(0);
    let mut broken: Value = serde_json::from_str(&examples[0].configuration).unwrap();
    broken["no_field_at_all"] = json!(1);
    let filter = Filter::new("broken", &example(&name), &broken.to_string());
    let file = folder("filters").join("broken.json");
    bootstrap::write(
        &file,
        &[listener("broken", &[filter], &json!([]), &json!({}))],
        &[cluster("upstream", &[])],
    );
    let log = Host::try_start(&program("mesh-filter-proxy"), &file, "broken", 1).err().unwrap_or_default();
    assert!(log.contains("no_field_at_all"), "{log}");
}

#[test]
fn envoy_takes_the_example_for_envoy_as_it_is() {
    let Some(envoy) = host::envoy() else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return;
    };
    for package in filters() {
        // Where the example looks for it.
        let module = example(package["name"].as_str().unwrap());
        assert!(module.is_file(), "{}", module.display());
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let mut validate = Command::new(&envoy);
        validate.args(["--mode", "validate", "-c", "examples/envoy.yaml", "-l", "error"]).current_dir(folder);
        let output = validate.stdin(Stdio::null()).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}:\n{log}", folder.display());
    }
}
