//! Every form of many manifests passes its definition, and says what it was to say.

use serde_json::json;

use super::*;
use crate::Version;
use crate::declared::{Code, Configuration, FailurePolicy, PullPolicy, Variable};

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

type Change = fn(&mut Manifest);

fn plugin() -> Declared {
    Declared {
        path: String::new(),
        code: Code::Image(format!("example.com/team/guard@sha256:{DIGEST}")),
        sha256: Some(DIGEST.to_owned()),
        root_id: "guard".to_owned(),
        configuration: Configuration::Json(json!({"a": {"b": [1, "two", null, true, 1.5]}, "z": "yes"})),
        phase: Phase::Unspecified,
        priority: None,
        failure: FailurePolicy::Closed,
        environment: Vec::new(),
        pull: PullPolicy::Unspecified,
        pull_secret: None,
        hold_headers: false,
        network: false,
    }
}

pub(super) fn manifest() -> Manifest {
    Manifest {
        name: "guard".to_owned(),
        namespace: Some("shop".to_owned()),
        selector: BTreeMap::new(),
        target_refs: Vec::new(),
        traffic: Traffic::Any,
        plugin: plugin(),
        clusters: Vec::new(),
        target: None,
    }
}

pub(super) fn targets(one: &str) -> Vec<TargetRef> {
    vec![one.parse().unwrap()]
}

fn config(value: Value) -> Configuration {
    Configuration::Json(value)
}

/// Changes that many forms can say.
const OPTIONS: &[(&str, Change)] = &[
    ("nothing", |_| ()),
    ("no namespace", |m| m.namespace = None),
    ("labels", |m| m.selector = BTreeMap::from([("app.kubernetes.io/name".to_owned(), "cart".to_owned())])),
    ("a gateway", |m| m.target_refs = targets("Gateway/gate")),
    ("a service", |m| m.target_refs = targets("Service/cart")),
    ("a route", |m| m.target_refs = targets("HTTPRoute/cart")),
    ("authn", |m| m.plugin.phase = Phase::Authn),
    ("authz", |m| m.plugin.phase = Phase::Authz),
    ("stats and priority", |m| (m.plugin.phase, m.plugin.priority) = (Phase::Stats, Some(-7))),
    ("the least priority", |m| m.plugin.priority = Some(i64::from(i32::MIN))),
    ("open", |m| m.plugin.failure = FailurePolicy::Open),
    ("reload", |m| m.plugin.failure = FailurePolicy::Reload),
    ("a variable", |m| {
        m.plugin.environment = vec![Variable { name: "A".to_owned(), value: Some("no".to_owned()) }];
    }),
    ("a variable of the host", |m| {
        m.plugin.environment = vec![Variable { name: "HOSTNAME".to_owned(), value: None }];
    }),
    ("no configuration", |m| m.plugin.configuration = Configuration::Absent),
    ("a text", |m| m.plugin.configuration = Configuration::Text("a = 1\n".to_owned())),
    ("a list", |m| m.plugin.configuration = config(json!([1, 2]))),
    ("a large integer", |m| m.plugin.configuration = config(json!({"a": u64::MAX}))),
    ("no root id", |m| m.plugin.root_id = String::new()),
    ("a tag", |m| (m.plugin.code, m.plugin.sha256) = (Code::Image("example.com/guard:1".to_owned()), None)),
    ("always", |m| m.plugin.pull = PullPolicy::Always),
    ("a secret", |m| m.plugin.pull_secret = Some("registry".to_owned())),
    ("a URL", |m| m.plugin.code = Code::Http("https://example.com:8443/guard.wasm".to_owned())),
    ("a file", |m| (m.plugin.code, m.plugin.sha256) = (Code::File("/plugin.wasm".to_owned()), None)),
    ("inbound", |m| m.traffic = Traffic::Server),
    ("outbound", |m| m.traffic = Traffic::Client),
    ("held headers", |m| m.plugin.hold_headers = true),
];

/// What each form refuses; everything else it says.
fn refused(form: Form) -> &'static [&'static str] {
    match form {
        Form::WasmPlugin | Form::TrafficExtension => {
            &["a route", "a text", "a list", "a large integer", "held headers"]
        }
        Form::EnvoyFilter => &["a route", "a secret", "a file"],
        Form::EnvoyFilterInline => &["a route", "a tag", "a secret"],
        Form::EnvoyExtensionPolicy => {
            &["labels", "a service", "reload", "a variable", "a text", "a file", "held headers"]
        }
    }
}

fn changed(form: Form, change: Change) -> Manifest {
    let mut manifest = manifest();
    if form == Form::EnvoyExtensionPolicy {
        manifest.target_refs = targets("Gateway/gate");
    }
    if form == Form::EnvoyFilterInline {
        manifest.plugin.code = Code::Http("http://files.example.com/guard.wasm".to_owned());
    }
    change(&mut manifest);
    manifest
}

#[test]
fn every_form_says_all_that_it_can_and_refuses_the_rest() {
    for form in Form::ALL {
        let mut unsaid = Vec::new();
        for (name, change) in OPTIONS {
            match changed(*form, *change).write(*form) {
                Ok(resource) => {
                    assert_eq!(crd::validate(&resource), [], "{form}: {name}");
                    assert_eq!(said(&resource), wanted(*form, *change), "{form}: {name}");
                }
                Err(Unwritable::Inexpressible { help, .. }) => {
                    assert!(!help.is_empty());
                    unsaid.push(*name);
                }
                Err(error) => panic!("{form}: {name}: {error:?}"),
            }
        }
        assert_eq!(unsaid, refused(*form), "{form}");
    }
}

/// The plugin that a resource declares.
fn said(resource: &Resource) -> Declared {
    let mut declared = resource.declared();
    assert_eq!(declared.len(), 1, "{resource:?}");
    let mut plugin = declared.remove(0);
    plugin.path = String::new();
    plugin.environment.sort_by(|one, other| one.name.cmp(&other.name));
    plugin
}

/// The plugin as the form can say it.
fn wanted(form: Form, change: Change) -> Declared {
    let mut plugin = changed(form, change).plugin;
    match form {
        Form::WasmPlugin | Form::TrafficExtension => {}
        Form::EnvoyFilter | Form::EnvoyFilterInline => {
            plugin.priority = None;
            // The place in the chain stands in the other patch, which declares no plugin.
            if form == Form::EnvoyFilter {
                plugin.phase = Phase::Unspecified;
            }
            if let Configuration::Json(value) = &plugin.configuration {
                plugin.configuration = Configuration::Text(value.to_string());
            }
            // Both stand among the variables.
            let mut own = |name: &str, value: &str| {
                plugin.environment.push(Variable { name: name.to_owned(), value: Some(value.to_owned()) });
            };
            if plugin.pull == PullPolicy::Always {
                own("ISTIO_META_WASM_IMAGE_PULL_POLICY", "Always");
            }
            if plugin.hold_headers {
                own("MESH_FILTER_HOLD_HEADERS", "1");
            }
        }
        Form::EnvoyExtensionPolicy => (plugin.phase, plugin.priority) = (Phase::Unspecified, None),
    }
    plugin
}

#[test]
fn releases_refuse_what_they_do_not_know() {
    let at = |target: &str, form: Form, change: Change| {
        let mut manifest = changed(form, change);
        manifest.target = Some(target.parse().unwrap());
        manifest.write(form).map(|_| ()).map_err(|error| error.to_string())
    };
    let reload: Change = |m| m.plugin.failure = FailurePolicy::Reload;
    let refs: Change = |m| m.target_refs = targets("Gateway/gate");
    assert!(at("istio=1.29", Form::TrafficExtension, |_| ()).is_err());
    assert!(at("istio=1.30", Form::TrafficExtension, |_| ()).is_ok());
    assert!(at("istio=1.26", Form::WasmPlugin, reload).is_err());
    assert!(at("istio=1.27", Form::WasmPlugin, reload).is_ok());
    assert!(at("istio=1.26", Form::EnvoyFilter, refs).is_err());
    assert!(at("istio=1.26", Form::WasmPlugin, refs).is_ok());
    let other = at("envoy-gateway=1.9", Form::WasmPlugin, |_| ()).unwrap_err();
    assert!(other.contains("not known to envoy-gateway=1.9"), "{other}");
    assert!(at("istio=1.29", Form::EnvoyExtensionPolicy, |_| ()).is_err());
    assert!(at("envoy-gateway=1.9", Form::EnvoyExtensionPolicy, |_| ()).is_ok());
}

#[test]
fn an_envoy_filter_by_discovery_is_whole() {
    let mut manifest = manifest();
    manifest.selector.insert("app".to_owned(), "cart".to_owned());
    manifest.plugin.hold_headers = true;
    manifest.traffic = Traffic::Server;
    let spec = manifest.write(Form::EnvoyFilter).unwrap().spec().clone();
    assert_eq!(spec["priority"], 10);
    let [place, arrives] = spec["configPatches"].as_array().unwrap().as_slice() else { panic!("{spec}") };
    assert_eq!(place["match"]["context"], "SIDECAR_INBOUND");
    assert_eq!(place["patch"]["operation"], "INSERT_BEFORE");
    let discovery = &place["patch"]["value"]["config_discovery"];
    assert_eq!(discovery["type_urls"].as_array().unwrap().len(), 2);
    assert!(discovery["type_urls"][1].as_str().unwrap().ends_with("rbac.v3.RBAC"));
    assert_eq!(place["patch"]["value"]["name"], arrives["patch"]["value"]["name"]);
    assert_eq!(arrives["patch"]["operation"], "ADD");
    let config = &arrives["patch"]["value"]["typed_config"]["config"];
    let remote = &config["vm_config"]["code"]["remote"];
    assert_eq!(remote["http_uri"]["timeout"], "30s");
    assert_eq!(remote["http_uri"]["cluster"], "_");
    assert_eq!(remote["sha256"], DIGEST);
    assert_eq!(config["allow_on_headers_stop_iteration"], true);
    assert_eq!(config["vm_config"]["environment_variables"]["key_values"]["MESH_FILTER_HOLD_HEADERS"], "1");
    assert_eq!(config["failure_policy"], "FAIL_CLOSED");
    manifest.target = Some(Target { product: crate::Product::Istio, version: Version::new(1, 24) });
    let spec = manifest.write(Form::EnvoyFilter).unwrap().spec().clone();
    assert_eq!(spec["configPatches"][1]["patch"]["value"]["typed_config"]["config"]["fail_open"], false);
}

#[test]
fn an_inline_url_needs_its_digest_and_a_cluster() {
    let mut manifest = manifest();
    manifest.plugin.code = Code::Http("https://files.example.com/guard.wasm".to_owned());
    let resource = manifest.write(Form::EnvoyFilterInline).unwrap();
    let vm = &resource.spec()["configPatches"][0]["patch"]["value"]["typed_config"]["config"]["vm_config"];
    let remote = &vm["code"]["remote"];
    assert_eq!(remote["http_uri"]["cluster"], "outbound|443||files.example.com");
    assert_eq!(remote["sha256"], DIGEST);
    assert!(manifest.remarks(Form::EnvoyFilterInline).iter().any(|one| one.contains("outbound|443||")));
    manifest.plugin.sha256 = None;
    assert!(manifest.write(Form::EnvoyFilterInline).is_err());
}

#[test]
fn what_its_definition_refuses_is_not_written() {
    let mut manifest = manifest();
    manifest.name = "Not_A_Name".to_owned();
    for form in [Form::WasmPlugin, Form::TrafficExtension, Form::EnvoyFilter] {
        let Err(Unwritable::Invalid { violations, .. }) = manifest.write(form) else { panic!("{form}") };
        assert_eq!(violations[0].path, "metadata.name");
    }
}
