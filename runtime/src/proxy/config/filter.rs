//! The HTTP filter chain: Wasm filters, closed by the router.

use std::path::PathBuf;
use std::time::Duration;

use super::any;
use super::proto::Proto;
use crate::document::{Fields, Node, Result};

pub(super) const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
pub(super) const ROUTER: &str = "envoy.extensions.filters.http.router.v3.Router";
/// The engine that every build of Envoy has. This host has its own and takes the name as given.
pub(super) const RUNTIME: &str = "envoy.wasm.runtime.v8";

/// One Wasm filter of the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct WasmFilter {
    /// The filter's name in the chain.
    pub name: String,
    /// The plugin.
    pub plugin: Plugin,
}

/// A configured plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    /// The name; plugins read it as `plugin_name`. May be empty.
    pub name: String,
    /// Which root context of the module; may be empty.
    pub root_id: String,
    /// The VM it runs in.
    pub vm: Vm,
    /// What `proxy_on_configure` is given.
    pub configuration: Vec<u8>,
    /// What happens to traffic when the plugin fails.
    pub failure_policy: FailurePolicy,
    /// First and longest pause between reloads under [`FailurePolicy::FailReload`].
    pub reload_backoff: Backoff,
    /// The hostcalls that the plugin may use; empty is all.
    pub allowed_capabilities: Vec<String>,
    /// Whether returning `StopIteration` from the headers callback holds them while the body comes in.
    pub allow_on_headers_stop_iteration: bool,
}

/// The VM of a plugin: plugins with equal values here share one.
#[derive(Debug, Clone, PartialEq)]
pub struct Vm {
    /// Separates shared data and VMs; may be empty.
    pub vm_id: String,
    /// The engine as Envoy names it; this host has its own.
    pub runtime: String,
    /// The module.
    pub code: Code,
    /// What `proxy_on_vm_start` is given.
    pub configuration: Vec<u8>,
    /// Accepted for Envoy; precompiled sections are not used here.
    pub allow_precompiled: bool,
    /// Variables of this process that the plugin sees under the same name.
    pub host_env_keys: Vec<String>,
    /// Variables with the values that the plugin sees.
    pub environment: Vec<(String, String)>,
}

/// Where a module comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A file, which existed when the configuration was read.
    File(PathBuf),
    /// The module itself.
    Inline(Vec<u8>),
}

/// What happens to traffic when a plugin fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Requests are answered with 503.
    #[default]
    FailClosed,
    /// Requests pass without the plugin.
    FailOpen,
    /// The plugin is loaded again after a pause; until then 503.
    FailReload,
}

/// A pause that grows from `base` to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub base: Duration,
    /// The longest.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), max: Duration::from_secs(10) }
    }
}

/// Reads `http_filters`: Wasm filters, then exactly one router.
pub(super) fn chain(node: &Node) -> Result<Vec<WasmFilter>> {
    let mut filters = Vec::new();
    let mut router: Option<&Node> = None;
    for item in node.list()? {
        if let Some(router) = router {
            return Err(router.error("the router must be the last filter of the chain"));
        }
        let fields = item.proto(&["name", "typed_config"])?;
        let name = fields.required("name")?.nonempty()?;
        let config = fields.required("typed_config")?;
        match config.type_name()?.as_str() {
            ROUTER => {
                config.typed(ROUTER, &[])?;
                router = Some(item);
            }
            WASM => {
                let plugin = plugin(config.typed(WASM, &["config"])?.required("config")?)?;
                filters.push(WasmFilter { name, plugin });
            }
            other => {
                return Err(config
                    .error(format!("the HTTP filter `{other}` is not supported"))
                    .with_help(format!("known here: `{WASM}`, `{ROUTER}`")));
            }
        }
    }
    match router {
        Some(_) => Ok(filters),
        None => {
            Err(node
                .error("the chain has no router, expected `envoy.filters.http.router` as the last filter"))
        }
    }
}

fn plugin(node: &Node) -> Result<Plugin> {
    let fields = node.proto(&[
        "name",
        "root_id",
        "vm_config",
        "configuration",
        "fail_open",
        "failure_policy",
        "reload_config",
        "capability_restriction_config",
        "allow_on_headers_stop_iteration",
    ])?;
    let text = |name| fields.optional(name, Proto::text).map(Option::unwrap_or_default);
    Ok(Plugin {
        name: text("name")?,
        root_id: text("root_id")?,
        vm: vm(fields.required("vm_config")?)?,
        configuration: fields.optional("configuration", any::bytes)?.unwrap_or_default(),
        failure_policy: failure_policy(&fields)?,
        reload_backoff: fields.optional("reload_config", backoff)?.unwrap_or_default(),
        allowed_capabilities: fields
            .optional("capability_restriction_config", capabilities)?
            .unwrap_or_default(),
        allow_on_headers_stop_iteration: fields
            .optional("allow_on_headers_stop_iteration", Node::bool)?
            .unwrap_or_default(),
    })
}

fn failure_policy(fields: &Fields<'_>) -> Result<FailurePolicy> {
    let open = fields.optional("fail_open", Node::bool)?.unwrap_or_default();
    let policy = fields.optional("failure_policy", |node| {
        node.enumeration(&[
            ("UNSPECIFIED", 0, None),
            ("FAIL_RELOAD", 1, Some(FailurePolicy::FailReload)),
            ("FAIL_CLOSED", 2, Some(FailurePolicy::FailClosed)),
            ("FAIL_OPEN", 3, Some(FailurePolicy::FailOpen)),
        ])
    })?;
    match (open, policy.flatten(), fields.get("fail_open")) {
        (true, Some(_), Some(node)) => Err(node
            .error("`fail_open` and `failure_policy` exclude each other")
            .with_help("leave out `fail_open`")),
        (true, ..) => Ok(FailurePolicy::FailOpen),
        (false, policy, _) => Ok(policy.unwrap_or_default()),
    }
}

fn backoff(node: &Node) -> Result<Backoff> {
    let Some(node) = node.proto(&["backoff"])?.get("backoff") else {
        return Ok(Backoff::default());
    };
    let fields = node.proto(&["base_interval", "max_interval"])?;
    let least = Duration::from_millis(1);
    let interval = |node: &Node| -> Result<Duration> {
        Some(node.time()?).filter(|time| *time >= least).ok_or_else(|| node.expected("at least `0.001s`"))
    };
    let base = interval(fields.required("base_interval")?)?;
    let max = fields.optional("max_interval", interval)?;
    if let (Some(max), Some(node)) = (max, fields.get("max_interval"))
        && max < base
    {
        return Err(node.error("`max_interval` is shorter than `base_interval`"));
    }
    Ok(Backoff { base, max: max.unwrap_or(base.saturating_mul(10)) })
}

fn capabilities(node: &Node) -> Result<Vec<String>> {
    let Some(allowed) = node.proto(&["allowed_capabilities"])?.get("allowed_capabilities") else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in allowed.entries()? {
        entry.value.proto(&[])?;
        names.push(entry.key.clone());
    }
    Ok(names)
}

fn vm(node: &Node) -> Result<Vm> {
    let fields = node.proto(&[
        "vm_id",
        "runtime",
        "code",
        "configuration",
        "allow_precompiled",
        "environment_variables",
    ])?;
    let runtime = fields.required("runtime")?;
    let (host_env_keys, environment) =
        fields.optional("environment_variables", environment)?.unwrap_or_default();
    Ok(Vm {
        vm_id: fields.optional("vm_id", Proto::text)?.unwrap_or_default(),
        runtime: runtime.choice(&[(RUNTIME, RUNTIME.to_owned())])?,
        code: code(fields.required("code")?)?,
        configuration: fields.optional("configuration", any::bytes)?.unwrap_or_default(),
        allow_precompiled: fields.optional("allow_precompiled", Node::bool)?.unwrap_or_default(),
        host_env_keys,
        environment,
    })
}

fn code(node: &Node) -> Result<Code> {
    let local = node.proto(&["local"])?.required("local")?;
    let fields = local.proto(&["filename", "inline_bytes"])?;
    match fields.one_of(&["filename", "inline_bytes"])? {
        ("filename", node) => {
            let path = PathBuf::from(node.nonempty()?);
            match std::fs::metadata(&path) {
                Ok(file) if file.is_file() => Ok(Code::File(path)),
                Ok(_) => Err(node.error(format!("`{}` is not a file", path.display()))),
                Err(error) => {
                    Err(node.error(format!("cannot read the module `{}`: {error}", path.display())))
                }
            }
        }
        (_, node) => {
            let bytes = node.base64()?;
            if bytes.is_empty() {
                return Err(node.error("expected a module, got nothing"));
            }
            Ok(Code::Inline(bytes))
        }
    }
}

type Environment = (Vec<String>, Vec<(String, String)>);

fn environment(node: &Node) -> Result<Environment> {
    let fields = node.proto(&["host_env_keys", "key_values"])?;
    let mut keys: Vec<String> = Vec::new();
    fields.each("host_env_keys", |node| {
        let key = node.text()?;
        if keys.contains(&key) {
            return Err(node.error(format!("the variable `{key}` is set twice")));
        }
        keys.push(key);
        Ok(())
    })?;
    let mut values = Vec::new();
    if let Some(node) = fields.get("key_values") {
        for entry in node.entries()? {
            if keys.contains(&entry.key) {
                return Err(entry.value.error(format!("the variable `{}` is set twice", entry.key)));
            }
            values.push((entry.key.clone(), entry.value.text()?));
        }
    }
    Ok((keys, values))
}
