//! From a crate, an image and options to the resources that declare the plugin: what `manifest` writes and `deploy` applies.

use std::collections::BTreeMap;

use mesh_filter_mesh::declared::{Declared, FailurePolicy, Phase, PullPolicy, Variable};
use mesh_filter_mesh::write::{Form, Manifest, Unwritable};
use mesh_filter_mesh::{Product, Resource, Version};

use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::project::filter;

use super::options::{FailOption, KindOption, PhaseOption, PlanOptions};
use super::{settings, source};

/// What meshes are to be told.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The plugin, and whom it is for.
    pub(crate) manifest: Manifest,
    /// What the image was found by, where it is pinned.
    pub(crate) found: Option<String>,
}

impl Plan {
    /// Reads crate, image and configuration.
    pub(crate) fn new(options: &PlanOptions, output: &Output) -> Result<Self> {
        let filter_crate = options.filter_crate()?;
        let source = options.source(filter_crate.as_ref(), output)?;
        let schema = source::schema(filter_crate.as_ref(), &source)?;
        let (configuration, from) = settings::read(options.config.as_deref(), filter_crate.as_ref())?;
        settings::check(&configuration, &from, schema.as_ref())?;

        let inside = source.runtime_config.as_ref().and_then(|config| config.plugin.clone());
        let crate_name = filter_crate.as_ref().map(|one| one.name.clone());
        let known = filter_crate.and_then(|one| one.filter);
        let phase = known.as_ref().map_or_else(|| inside.as_ref().and_then(|one| one.phase), |one| one.phase);
        let priority =
            known.as_ref().map_or_else(|| inside.as_ref().and_then(|one| one.priority), |one| one.priority);
        let root_id = match (&known, &source.runtime_config) {
            (Some(filter), _) => filter.root_id.clone(),
            (None, Some(config)) => config.config.root_ids.first().cloned().unwrap_or_default(),
            (None, None) => String::new(),
        };
        let name = options
            .name
            .clone()
            .or_else(|| Some(resource_name(&known.as_ref()?.name.clone().or_else(|| crate_name.clone())?)))
            .or_else(|| Some(resource_name(&inside.as_ref()?.name)))
            .or_else(|| crate_name.as_deref().map(resource_name))
            .ok_or_else(|| {
                Failure::usage("it is not known what the resource is to be called")
                    .help("name it with --name")
            })?;
        let hold = |filter: &filter::Filter| filter.hold_headers;
        let plugin = Declared {
            path: String::new(),
            code: source.code,
            sha256: source.sha256,
            root_id,
            configuration,
            phase: match options.phase {
                Some(PhaseOption::Authn) => Phase::Authn,
                Some(PhaseOption::Authz) => Phase::Authz,
                Some(PhaseOption::Stats) => Phase::Stats,
                Some(PhaseOption::None) => Phase::Unspecified,
                None => phase.map_or(Phase::Unspecified, |phase| match phase {
                    filter::Phase::Authn => Phase::Authn,
                    filter::Phase::Authz => Phase::Authz,
                    filter::Phase::Stats => Phase::Stats,
                }),
            },
            priority: options.priority.or(priority).map(i64::from),
            failure: match options.fail {
                FailOption::Closed => FailurePolicy::Closed,
                FailOption::Open => FailurePolicy::Open,
                FailOption::Reload => FailurePolicy::Reload,
            },
            environment: environment(
                options,
                known.as_ref().map(|filter| filter.environment.clone()).unwrap_or_default(),
            ),
            pull: PullPolicy::Unspecified,
            pull_secret: options.pull_secret.clone(),
            hold_headers: known
                .as_ref()
                .map_or_else(|| inside.as_ref().is_some_and(|one| one.hold_headers), hold),
            network: false,
        };
        if let (None, Some(inside)) = (&known, &inside) {
            for name in inside
                .environment
                .iter()
                .filter(|name| plugin.environment.iter().all(|one| one.name != **name))
            {
                output.warning(&format!(
                    "the filter reads the variable `{name}`: give it by --env {name}=VALUE or --host-env {name}"
                ));
            }
        }
        let clusters = known.map(|filter| filter.clusters).or_else(|| inside.map(|one| one.clusters));
        let manifest = Manifest {
            name,
            namespace: options.namespace.clone(),
            selector: options.selector.iter().cloned().collect(),
            target_refs: options.target_ref.clone(),
            traffic: options.traffic.into(),
            plugin,
            clusters: clusters.unwrap_or_default(),
            target: options.target,
        };
        Ok(Self { manifest, found: source.found })
    }

    /// The form where none is asked for; says why where it is not the usual one.
    pub(crate) fn default_kind(&self, output: &Output) -> KindOption {
        let usual = match self.manifest.target {
            Some(target) if target.product == Product::EnvoyGateway => {
                return KindOption::EnvoyExtensionPolicy;
            }
            Some(target) if target.product == Product::Envoy => return KindOption::Bootstrap,
            Some(target) if target.version >= Version::new(1, 30) => KindOption::TrafficExtension,
            _ => KindOption::WasmPlugin,
        };
        if !self.manifest.plugin.hold_headers {
            return usual;
        }
        output.warning(
            "the filter reads bodies while it holds the headers (`hold_headers`), for which neither WasmPlugin nor TrafficExtension \
             has a field: it is written as an EnvoyFilter",
        );
        KindOption::EnvoyFilter
    }

    /// The resource in this form, validated.
    pub(crate) fn resource(&self, form: Form) -> Result<Resource> {
        self.manifest.write(form).map_err(|error| {
            let mut failure = Failure::usage(error.to_string());
            if let Unwritable::Invalid { violations, .. } = &error {
                failure.causes =
                    violations.iter().map(|one| format!("{}: {}", one.path, one.problem)).collect();
            }
            match error.help() {
                Some(help) => failure.help(help),
                None => failure,
            }
        })
    }
}

/// The metadata's variables; those of the command line take the place of equal names.
fn environment(options: &PlanOptions, known: BTreeMap<String, String>) -> Vec<Variable> {
    let mut all: BTreeMap<String, Option<String>> =
        known.into_iter().map(|(name, value)| (name, Some(value))).collect();
    all.extend(options.env.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
    all.extend(options.host_env.iter().map(|name| (name.clone(), None)));
    all.into_iter().map(|(name, value)| Variable { name, value }).collect()
}

/// A name of a crate or filter as Kubernetes takes it.
fn resource_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}
