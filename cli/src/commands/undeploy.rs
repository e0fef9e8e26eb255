//! `undeploy`: deletes what `deploy` made.

use crate::cluster::kubectl::ClusterOptions;
use crate::cluster::objects;
use crate::failure::{Failure, Result};
use crate::output::Output;

const HELP: &str = "\
Examples:
  cargo mesh-filter undeploy jwt --namespace shop
  cargo mesh-filter undeploy WasmPlugin/jwt EnvoyFilter/jwt

What `deploy` did not make is refused: it has to have the label
`app.kubernetes.io/managed-by: mesh-filter`, and fields of this field manager.

Exit codes: 0 deleted, 1 refused or failed, 2 wrong usage, 3 no kubectl";

/// Delete deployed resources
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The resources, with their kind where several have the name
    #[arg(value_name = "[KIND/]NAME", required = true)]
    resources: Vec<String>,
    #[command(flatten)]
    cluster: ClusterOptions,
}

impl Args {
    /// Deletes; nothing, where one of them is refused.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let kubectl = self.cluster.kubectl();
        let mut found = Vec::new();
        for name in &self.resources {
            let (kind, object) = objects::named(&kubectl, name)?;
            if !objects::is_ours(&object) {
                return Err(Failure::failed(format!(
                    "{kind} `{name}` was not deployed by `cargo mesh-filter deploy`"
                ))
                .help("delete it by the tool that made it, or by kubectl"));
            }
            found.push((kind, object));
        }
        for ((kind, object), name) in found.iter().zip(&self.resources) {
            objects::delete(&kubectl, *kind, object)?;
            output.data(&format!("{kind} {name} deleted\n"));
        }
        Ok(())
    }
}
