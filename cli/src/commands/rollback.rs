//! `rollback`: an earlier spec again.

use mesh_filter_mesh::history::{self, Entry};
use mesh_filter_mesh::{Kind, Resource};
use serde_json::{Value, json};

use crate::cluster::kubectl::ClusterOptions;
use crate::cluster::objects;
use crate::failure::{Failure, Result};
use crate::output::{Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter rollback jwt --namespace shop
  cargo mesh-filter rollback WasmPlugin/jwt --namespace shop --list
  cargo mesh-filter rollback jwt --to sha256:4f1c
  cargo mesh-filter rollback jwt --to 3

Without `--to` the spec before the present one. The present one goes into the
history, so that a rollback can be rolled back.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no kubectl";

/// Apply an earlier spec of a deployed resource
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The resource, with its kind where several have the name
    #[arg(value_name = "[KIND/]NAME")]
    resource: String,
    /// The revision, or the beginning of the digest of its module or image
    #[arg(long, value_name = "N|DIGEST", conflicts_with = "list")]
    to: Option<String>,
    /// List the specs that are kept
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    cluster: ClusterOptions,
    /// Take over fields that other managers own
    #[arg(long)]
    force_conflicts: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    /// Rolls back, or lists.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let kubectl = self.cluster.kubectl();
        let (kind, live) = objects::named(&kubectl, &self.resource)?;
        if !objects::is_ours(&live) {
            return Err(Failure::failed(format!(
                "{kind} `{}` was not deployed by `cargo mesh-filter deploy`",
                self.resource
            )));
        }
        let earlier = history::read(&live)
            .map_err(|error| Failure::failed("the resource's history is broken").because(&error))?;
        if self.list {
            let spec = live.get("spec").cloned().unwrap_or_default();
            let mut all = vec![Entry { revision: history::revision(&live), spec }];
            all.extend(earlier);
            return self.print(kind, &live, &all, output);
        }
        let entry = self.chosen(kind, &live, &earlier)?;
        let object = objects::with_spec(&live, &entry.spec);
        let changed = live.get("spec") != Some(&entry.spec);
        let object = objects::with_history(&object, Some(&live), changed, output)?;
        let after = objects::apply(&kubectl, &object, self.force_conflicts, false)?;
        let revision = history::revision(&after);
        match self.format {
            Format::Json => output.json(&json!({
                "resource": self.resource, "from": history::revision(&live), "to": entry.revision, "revision": revision,
                "digests": digests(kind, &after, &entry.spec),
            })),
            Format::Text => {
                let digests: String =
                    digests(kind, &after, &entry.spec).iter().map(|digest| format!("  sha256:{digest}\n")).collect();
                output.data(&format!(
                    "{kind} {} is revision {} again, as revision {revision}\n{digests}",
                    self.resource, entry.revision
                ));
                Ok(())
            }
        }
    }

    fn chosen<'a>(&self, kind: Kind, live: &Value, earlier: &'a [Entry]) -> Result<&'a Entry> {
        let help = "`--list` shows the specs that are kept";
        let Some(to) = &self.to else {
            return earlier.first().ok_or_else(|| {
                Failure::failed(format!("{kind} `{}` has no earlier spec", self.resource)).help(help)
            });
        };
        if let Some(entry) =
            to.parse().ok().and_then(|revision: u64| earlier.iter().find(|one| one.revision == revision))
        {
            return Ok(entry);
        }
        let digits = to.strip_prefix("sha256:").unwrap_or(to);
        let has = |entry: &&Entry| digests(kind, live, &entry.spec).iter().any(|one| one.starts_with(digits));
        earlier
            .iter()
            .find(has)
            .filter(|_| !digits.is_empty())
            .ok_or_else(|| Failure::usage(format!("no earlier spec is `{to}`")).help(help))
    }

    fn print(&self, kind: Kind, live: &Value, all: &[Entry], output: &Output) -> Result<()> {
        if self.format == Format::Json {
            let entry = |one: &Entry| json!({"revision": one.revision, "digests": digests(kind, live, &one.spec), "spec": one.spec});
            return output.json(&all.iter().map(entry).collect::<Vec<_>>());
        }
        let mut text = String::new();
        for (index, entry) in all.iter().enumerate() {
            let digests: Vec<_> =
                digests(kind, live, &entry.spec).iter().map(|one| format!("sha256:{one}")).collect();
            let present = if index == 0 { "  (present)" } else { "" };
            text.push_str(&format!("{:>4}  {}{present}\n", entry.revision, digests.join(" ")));
        }
        output.data(&text);
        Ok(())
    }
}

/// What the plugins of a spec are pinned by.
fn digests(kind: Kind, live: &Value, spec: &Value) -> Vec<String> {
    let object = objects::with_spec(live, spec);
    let resource = Resource::from_json(kind.name(), &object);
    let plugins = resource.map(|resource| resource.declared()).unwrap_or_default();
    plugins.iter().filter_map(|one| one.pinned_by().map(str::to_owned)).collect()
}
