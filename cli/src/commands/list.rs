//! `list`: the tags of a repository.

use crate::failure::Result;
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::output::{Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter list registry.example.com/team/jwt
  cargo mesh-filter list oci:mirror --format json

Exit codes: 0 listed, 1 the registry failed, 2 wrong usage";

/// List the tags of a repository
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// The repository; a tag says nothing here
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    /// Lists.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let reference = open::reference(&self.reference)?;
        let store = self.registry.open(&reference)?;
        let tags = store.tags().map_err(|error| failed(&reference, &error))?;
        match self.format {
            Format::Json => output.json(&serde_json::json!({ "tags": tags })),
            Format::Text => {
                output.data(&tags.iter().map(|tag| format!("{tag}\n")).collect::<String>());
                Ok(())
            }
        }
    }
}
