//! `new`: a filter crate that builds, runs and has tests from its first minute.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::project::workspace::{self, Membership};
use crate::scaffold::name::CrateName;
use crate::scaffold::sdk::Sdk;
use crate::scaffold::template::{self, Template};

const HELP: &str = "\
Examples:
  cargo mesh-filter new shop-guard
  cargo mesh-filter new shop-guard --template callout
  cargo mesh-filter new shop-guard --path filters         in filters/shop-guard
  cargo mesh-filter new shop-guard --sdk ../mesh-filter   SDK from a checkout
  cargo mesh-filter new shop-guard --sdk 0.1.0            SDK from the registry

Without --sdk the SDK comes from the checkout that this program was built from,
while that exists, and from the registry otherwise. Inside a workspace whose
`members` do not include it, the crate gets an empty [workspace] table and
stands alone.

Exit codes: 0 made, 1 a file could not be written, 2 wrong usage, such as a
folder that is not empty";

/// Make a new filter crate: code, tests, scenarios, lints, README, CI
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Name of the crate, and of its folder
    name: String,
    /// What to begin with
    #[arg(long, short, value_enum, default_value_t = Template::Header)]
    template: Template,
    /// Where the SDK comes from: a checkout of mesh-filter, or a version
    #[arg(long, value_name = "PATH|VERSION")]
    sdk: Option<String>,
    /// Folder in which to make the crate's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    path: PathBuf,
}

impl Args {
    /// Writes the crate, then says how to go on.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let name = CrateName::parse(&self.name)?;
        let sdk = Sdk::choose(self.sdk.as_deref())?;
        let folder =
            if self.path == Path::new(".") { name.as_str().into() } else { self.path.join(name.as_str()) };
        refuse_occupied(&folder)?;
        template::write(&folder, &self.template.render(&name, &sdk)?)?;
        output.progress(
            "Created",
            &format!("`{}` from the template `{}`", folder.display(), self.template.name()),
        );
        if self.template != Template::Plain {
            output.progress("SDK", &sdk.text());
        }
        match workspace::membership(&folder)? {
            Membership::Alone => {}
            Membership::Member(root) => {
                output.progress("Workspace", &format!("a member of `{}`", root.display()));
            }
            Membership::Stranger => {
                stand_alone(&folder)?;
                output.progress(
                    "Workspace",
                    &format!(
                        "inside another workspace, the crate stands alone by an empty [workspace] table in `{}`; \
                         to join, remove the table and add the crate to the workspace's `members`",
                        folder.join("Cargo.toml").display()
                    ),
                );
            }
        }
        output.progress(
            "Next",
            &format!("cd {}; cargo mesh-filter test; cargo mesh-filter run", folder.display()),
        );
        Ok(())
    }
}

fn refuse_occupied(folder: &Path) -> Result<()> {
    if folder.is_file() {
        return Err(
            Failure::usage(format!("`{}` is a file", folder.display())).help("choose another name or --path")
        );
    }
    let occupied = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(Failure::usage(format!("the folder `{}` exists and is not empty", folder.display()))
            .help("choose another name or --path, or remove the folder; nothing is overwritten"));
    }
    Ok(())
}

fn stand_alone(folder: &Path) -> Result<()> {
    let manifest = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .map(|text| text + "\n# Stands alone, within another workspace's folder.\n[workspace]\n");
    text.and_then(|text| std::fs::write(&manifest, text))
        .map_err(|error| Failure::failed(format!("cannot write `{}`", manifest.display())).because(&error))
}
