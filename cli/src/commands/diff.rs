//! `diff`: what `deploy` would change.

use std::fmt::Write;

use mesh_filter_mesh::differ::{self, Difference};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cluster::kubectl::ClusterOptions;
use crate::cluster::objects;
use crate::cluster::wanted::{Plan, Wanted};
use crate::failure::{Exit, Failure, Result};
use crate::image::open::REF;
use crate::output::{Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter diff plugin.yaml --no-verify
  cargo mesh-filter diff plugin.yaml --key filter.pub --format json

The cluster itself says what it would make of the files (a dry run on the
server), so its defaults and its webhooks are in it.

Exit codes: 0 no difference, 1 differences, 2 it could not be found out,
3 no kubectl";

/// Show what deploy would change
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    cluster: ClusterOptions,
    /// Take over fields that other managers own
    #[arg(long)]
    force_conflicts: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Report {
    resource: String,
    is_new: bool,
    differences: Vec<Difference>,
}

impl Args {
    /// Compares.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        // One is the code of differences.
        let reports = self.reports(output).map_err(|failure| match failure.exit {
            Exit::Failed => Failure { exit: Exit::Usage, ..failure },
            _ => failure,
        })?;
        match self.format {
            Format::Json => output.json(&reports)?,
            Format::Text => output.data(&reports.iter().map(Report::text).collect::<String>()),
        }
        match reports.iter().filter(|one| one.is_new || !one.differences.is_empty()).count() {
            0 => Ok(()),
            count => Err(Failure::failed(format!("{count} of {} resources differ", reports.len()))),
        }
    }

    fn reports(&self, output: &Output) -> Result<Vec<Report>> {
        let kubectl = self.cluster.kubectl();
        let mut reports = Vec::new();
        for resource in self.wanted.read(output)? {
            let plan = Plan::ask(&kubectl, resource, self.force_conflicts, output)?;
            let before = plan.live.as_ref().map_or_else(|| json!({}), objects::essence);
            let differences = differ::differences(&before, &objects::essence(&plan.after));
            reports.push(Report { resource: plan.title(), is_new: plan.live.is_none(), differences });
        }
        Ok(reports)
    }
}

impl Report {
    fn text(&self) -> String {
        let state = match (self.is_new, self.differences.is_empty()) {
            (true, _) => "new",
            (false, true) => "no difference",
            (false, false) => "differs",
        };
        let mut text = format!("{}: {state}\n", self.resource);
        for Difference { path, before, after } in &self.differences {
            // Writing to a string does not fail.
            let _ = match (before, after) {
                (Some(before), Some(after)) => writeln!(text, "  ~ {path}: {before} -> {after}"),
                (Some(before), None) => writeln!(text, "  - {path}: {before}"),
                (None, after) => writeln!(text, "  + {path}: {}", after.as_ref().unwrap_or(&Value::Null)),
            };
        }
        text
    }
}
