//! The rules of `check`, applied to resources whose images are fetched: for commands that lint before they act.

use std::path::PathBuf;

use mesh_filter_mesh::declared::Code;
use mesh_filter_mesh::lint::{self, Crate, Facts, Finding, Level, Module, Other};
use mesh_filter_mesh::{NoTarget, Resource, Target};

use super::image_facts;
use crate::failure::{Failure, Result};
use crate::image::open::{self, RegistryOptions};
use crate::image::reference::Reference;
use crate::image::signature::PublicKey;
use crate::output::Output;

/// What is checked, and how.
#[derive(Debug, Default)]
pub(crate) struct Lint {
    /// Resources that declare plugins.
    pub(crate) resources: Vec<Resource>,
    /// Other resources of the same files.
    pub(crate) others: Vec<Other>,
    /// Images that are checked by themselves.
    pub(crate) images: Vec<String>,
    /// Modules that are checked by themselves.
    pub(crate) modules: Vec<Module>,
    /// Crates, by what their `Cargo.toml` says.
    pub(crate) crates: Vec<Crate>,
    /// What they are for; the newest releases if empty.
    pub(crate) targets: Vec<Target>,
    /// Plugins for a whole namespace or mesh are meant so.
    pub(crate) mesh_wide: bool,
    /// No image of a resource is fetched.
    pub(crate) offline: bool,
    /// The public key by which images have to be signed, as [`open::key`] takes it.
    pub(crate) key: Option<String>,
    /// Registries that the proxies' `WASM_INSECURE_REGISTRIES` has.
    pub(crate) insecure_registries: Vec<String>,
}

/// Files that are read for what they say of a cluster.
pub(crate) fn others(files: &[PathBuf]) -> Result<Vec<Other>> {
    let mut others = Vec::new();
    for file in files {
        others.extend(Other::load_all(file)?);
    }
    Ok(others)
}

/// A target of the command line.
pub(crate) fn target(text: &str) -> std::result::Result<Target, NoTarget> {
    text.parse()
}

/// Fetches what has to be fetched, and applies all rules.
pub(crate) fn lint(wanted: Lint, registry: &RegistryOptions, output: &Output) -> Result<Vec<Finding>> {
    let key = wanted.key.as_deref().map(|from| {
        PublicKey::read(&open::key(from)?)
            .map_err(|error| Failure::usage(format!("`{from}` cannot be used to verify")).because(&error))
    });
    let key = key.transpose()?;
    let mut facts = Facts {
        targets: if wanted.targets.is_empty() { Facts::newest() } else { wanted.targets },
        resources: wanted.resources,
        others: wanted.others,
        modules: wanted.modules,
        crates: wanted.crates,
        mesh_wide: wanted.mesh_wide,
        insecure_registries: wanted.insecure_registries,
        ..Facts::default()
    };
    let mut references: Vec<(String, Reference)> = Vec::new();
    for text in wanted.images {
        references.push((text.clone(), open::reference(&text)?));
    }
    if !wanted.offline {
        let plugins = facts.resources.iter().flat_map(Resource::declared);
        // One that is no reference is refused where it is read: by its definition, or by L05.
        references.extend(plugins.filter_map(|plugin| match plugin.code {
            Code::Image(text) => Reference::parse(&text).ok().map(|reference| (text, reference)),
            _ => None,
        }));
    }
    for (text, reference) in references {
        facts.images.entry(text).or_insert_with_key(|text| {
            output.live(Some(("Pulling", text)));
            let image = image_facts::of_image(text, &reference, registry, key.as_ref());
            output.live(None);
            image
        });
    }
    Ok(lint::check(&facts))
}

/// The command's end: nothing above information, or a failure that counts.
pub(crate) fn verdict(findings: &[Finding], least: Level) -> Result<()> {
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let refused = findings.iter().any(|finding| finding.level >= least);
    match refused {
        false => Ok(()),
        true => Err(Failure::failed(format!("{errors} error(s), {warnings} warning(s)"))
            .help("`cargo mesh-filter check --explain ID` tells what proxies do, `--fix` mends what is safe to mend")),
    }
}
