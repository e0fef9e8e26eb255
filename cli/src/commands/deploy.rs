//! `deploy`: resources into a cluster, with their images verified and pinned.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::cluster::kubectl::ClusterOptions;
use crate::cluster::objects;
use crate::cluster::wanted::{Plan, Wanted};
use crate::commands::status::{self, duration};
use crate::failure::{Failure, Result};
use crate::image::open::REF;
use crate::output::{Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter deploy plugin.yaml --key filter.pub
  cargo mesh-filter deploy plugin.yaml --image registry.example.com/team/jwt:1.3 --key filter.pub --wait
  cargo mesh-filter deploy plugin.yaml --no-verify --dry-run server

Images are pulled as proxies pull them, verified, and pinned by digest. Resources
are checked by their definitions and the rules of `check`, whose errors refuse
them, then applied by `kubectl apply --server-side` with the field manager
`mesh-filter`. The last 10 specs are kept for `rollback`.

Exit codes: 0 deployed, 1 refused or failed, 2 wrong usage or a wrong resource,
3 no kubectl";

/// Deploy resources to a cluster, with their images verified and pinned
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    cluster: ClusterOptions,
    /// Change nothing: `client` prints what would be applied, `server` asks the cluster, too
    #[arg(long, value_enum, value_name = "WHERE")]
    dry_run: Option<DryRun>,
    /// Take over fields that other managers own
    #[arg(long)]
    force_conflicts: bool,
    /// A resource without a selector in the root namespace is meant for the whole mesh
    #[arg(long)]
    yes_mesh_wide: bool,
    /// Istio's root namespace
    #[arg(long, value_name = "NAME", default_value = "istio-system")]
    root_namespace: String,
    /// Wait until all proxies have it, at most so long (such as 90s or 5m; 2m without a value)
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "2m", value_parser = duration)]
    wait: Option<Duration>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DryRun {
    Client,
    Server,
}

#[derive(Debug, Serialize)]
struct Report {
    resource: String,
    result: &'static str,
    /// What its plugins are pinned by.
    digests: Vec<String>,
}

impl Args {
    /// Deploys.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let resources = self.wanted.read(output)?;
        for resource in &resources {
            let selects = [
                "spec.selector.matchLabels",
                "spec.targetRefs",
                "spec.targetRef",
                "spec.workloadSelector.labels",
            ];
            let is_wide = resource.namespace.as_deref().or(self.cluster.namespace.as_deref())
                == Some(self.root_namespace.as_str())
                && selects.iter().all(|path| resource.at(path).is_none());
            if is_wide && !self.yes_mesh_wide {
                return Err(Failure::usage(format!(
                    "`{}` has no selector and is in the root namespace: it is for every proxy of the mesh",
                    resource.name
                ))
                .help("`--yes-mesh-wide` says that this is meant"));
            }
        }
        self.wanted.lint(&resources, self.yes_mesh_wide, output)?;
        if self.dry_run == Some(DryRun::Client) {
            let items: Vec<_> = resources
                .iter()
                .map(|one| objects::with_history(&one.json, None, false, output))
                .collect::<Result<_>>()?;
            return output.json(&serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}));
        }
        let kubectl = self.cluster.kubectl();
        // All are asked about before the first is changed.
        let mut plans = Vec::new();
        for resource in resources {
            plans.push(Plan::ask(&kubectl, resource, self.force_conflicts, output)?);
        }
        let mut reports = Vec::new();
        for plan in &plans {
            let result = match (&plan.live, plan.changes()) {
                (None, _) => "created",
                (Some(_), true) => "configured",
                (Some(_), false) => "unchanged",
            };
            if plan.changes() && self.dry_run.is_none() {
                let respecified =
                    plan.live.as_ref().is_some_and(|live| live.get("spec") != plan.after.get("spec"));
                let object =
                    objects::with_history(&plan.resource.json, plan.live.as_ref(), respecified, output)?;
                objects::apply(&kubectl, &object, self.force_conflicts, false)?;
            }
            let plugins = plan.resource.declared();
            let digests = plugins.iter().filter_map(|one| one.pinned_by().map(str::to_owned)).collect();
            reports.push(Report { resource: plan.title(), result, digests });
        }
        match self.format {
            Format::Json => output.json(&reports)?,
            Format::Text => {
                output.data(&reports.iter().map(|one| one.text(self.dry_run.is_some())).collect::<String>())
            }
        }
        match self.wait.filter(|_| self.dry_run.is_none()) {
            Some(limit) => {
                let resources =
                    plans.iter().map(|plan| with_namespace(&plan.after)).collect::<Result<Vec<_>>>()?;
                status::wait(&kubectl, &resources, &[], &self.root_namespace, Some(limit), output)
                    .and_then(status::all_loaded)
            }
            None => Ok(()),
        }
    }
}

/// The resource as the cluster has it, with the namespace that it got.
fn with_namespace(after: &Value) -> Result<mesh_filter_mesh::Resource> {
    Ok(mesh_filter_mesh::Resource::from_json("the cluster", after)?)
}

impl Report {
    fn text(&self, dry: bool) -> String {
        let mut text = format!("{} {}{}\n", self.resource, self.result, if dry { " (dry run)" } else { "" });
        text.extend(self.digests.iter().map(|digest| format!("  sha256:{digest}\n")));
        text
    }
}
