//! What a user may say about the resources that declare a filter.

use std::path::PathBuf;

use clap::ValueEnum;
use mesh_filter_mesh::Target;
use mesh_filter_mesh::write::{Form, TargetRef, Traffic};

use crate::image::open::RegistryOptions;

/// From a crate and an image to what meshes are told.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanOptions {
    /// The folder of the crate [default: the crate of this folder, if there is one]
    #[arg(value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
    /// Which crate of the workspace
    #[arg(long, short, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// The image; of one without a tag the crate's own build is pinned [default: `image` of the crate's metadata]
    #[arg(long, value_name = "REF")]
    pub(crate) image: Option<String>,
    /// Where proxies pull it from, when --image is a folder
    #[arg(long, value_name = "HOST/NAME")]
    pub(crate) repository: Option<String>,
    /// A module on a server or in a file of the proxy, in place of an image
    #[arg(long, value_name = "http(s)://..|file:///..", conflicts_with_all = ["image", "repository"])]
    pub(crate) url: Option<String>,
    /// The module that is at --url [default: the crate's]
    #[arg(long, value_name = "FILE.wasm", requires = "url")]
    pub(crate) module: Option<PathBuf>,
    /// Write the tag and no digest: proxies may then load something else tomorrow
    #[arg(long)]
    pub(crate) no_pin: bool,
    /// What it is for, such as istio=1.29, envoy-gateway=1.9 or envoy=1.40
    #[arg(long, value_name = "PRODUCT=VERSION")]
    pub(crate) target: Option<Target>,
    /// The plugin's configuration: JSON, YAML, or anything else as it is [default: that of the crate's metadata]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Name of the resource [default: that of the filter]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Namespace of the resource
    #[arg(long, short, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// A label of the pods that it is for; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) selector: Vec<(String, String)>,
    /// A gateway, route or service that it is for; may be repeated
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) target_ref: Vec<TargetRef>,
    /// Where in Istio's chain it runs [default: that of the crate's metadata]
    #[arg(long, value_enum)]
    pub(crate) phase: Option<PhaseOption>,
    /// Its order within the phase, higher first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) priority: Option<i32>,
    /// What happens to requests when the filter fails
    #[arg(long, value_enum, default_value_t = FailOption::Closed)]
    pub(crate) fail: FailOption,
    /// The side of a proxy that it is for
    #[arg(long, value_enum, default_value_t = TrafficOption::Any)]
    pub(crate) traffic: TrafficOption,
    /// A variable of the plugin's environment; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) env: Vec<(String, String)>,
    /// A variable that it gets from the proxy's environment; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) host_env: Vec<String>,
    /// The Secret with the registry's credentials
    #[arg(long, value_name = "NAME")]
    pub(crate) pull_secret: Option<String>,
    /// Build without the network
    #[arg(long)]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) registry: RegistryOptions,
}

/// The kinds that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindOption {
    /// Istio's, any version
    WasmPlugin,
    /// Istio's from 1.30 on
    TrafficExtension,
    /// Istio's patches: the agent pulls the image, the filter comes by extension discovery
    EnvoyFilter,
    /// Istio's patches with the filter inside: Envoy reads --url by itself
    EnvoyFilterInline,
    /// Envoy Gateway's
    EnvoyExtensionPolicy,
    /// A whole configuration for Envoy by itself
    Bootstrap,
}

/// A phase of Istio's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PhaseOption {
    Authn,
    Authz,
    Stats,
    /// After all others
    None,
}

/// What happens when the filter fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOption {
    /// Requests are refused
    Closed,
    /// Requests pass without it
    Open,
    /// Requests are refused until the proxy has started it again
    Reload,
}

/// A side of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrafficOption {
    /// Both
    Any,
    /// Requests that leave; those of gateways are such
    Client,
    /// Requests that arrive at a workload
    Server,
}

impl From<TrafficOption> for Traffic {
    fn from(option: TrafficOption) -> Self {
        match option {
            TrafficOption::Any => Self::Any,
            TrafficOption::Client => Self::Client,
            TrafficOption::Server => Self::Server,
        }
    }
}

impl KindOption {
    /// The form of resource; `None` for what is none.
    pub(crate) fn form(self) -> Option<Form> {
        match self {
            Self::WasmPlugin => Some(Form::WasmPlugin),
            Self::TrafficExtension => Some(Form::TrafficExtension),
            Self::EnvoyFilter => Some(Form::EnvoyFilter),
            Self::EnvoyFilterInline => Some(Form::EnvoyFilterInline),
            Self::EnvoyExtensionPolicy => Some(Form::EnvoyExtensionPolicy),
            Self::Bootstrap => None,
        }
    }
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as app=cart".to_owned()),
    }
}
