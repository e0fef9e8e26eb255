//! The cargo workspace that a command works on, and its filter crates.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};

use crate::failure::{Failure, Result};

use super::filter::Filter;

/// The package of the SDK.
pub(crate) const SDK: &str = "mesh-filter";

/// A workspace as `cargo metadata` sees it.
#[derive(Debug)]
pub(crate) struct Workspace {
    metadata: Metadata,
    /// The manifest that was named, or else the nearest one above the current folder.
    manifest: Option<PathBuf>,
}

/// A crate that builds to a plugin.
#[derive(Debug, Clone)]
pub(crate) struct FilterCrate {
    /// The package's name.
    pub(crate) name: String,
    /// The package's version.
    pub(crate) version: String,
    /// The folder of its `Cargo.toml`.
    pub(crate) folder: PathBuf,
    /// Its metadata table, when it has one.
    pub(crate) filter: Option<Filter>,
    /// The packages that it names as dependencies.
    pub(crate) dependencies: Vec<String>,
}

/// Which crates of a workspace a command means.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Packages by name.
    pub(crate) packages: Vec<String>,
    /// All filter crates.
    pub(crate) workspace: bool,
}

impl Workspace {
    /// Loads the workspace of a manifest; without one, that of the current folder.
    pub(crate) fn load(manifest: Option<&Path>) -> Result<Self> {
        let mut command = MetadataCommand::new();
        command.no_deps();
        let mut nearest = nearest_manifest();
        if let Some(manifest) = manifest {
            let manifest = if manifest.is_dir() { manifest.join("Cargo.toml") } else { manifest.to_owned() };
            if !manifest.is_file() {
                return Err(Failure::usage(format!("there is no manifest `{}`", manifest.display()))
                    .help("--manifest-path takes the `Cargo.toml` of a crate or workspace, or its folder"));
            }
            nearest = Some(manifest.clone());
            command.manifest_path(manifest);
        }
        let metadata = command.exec().map_err(|error| match error {
            cargo_metadata::Error::CargoMetadata { stderr } => not_a_project(&stderr),
            error => Failure::missing_tool("`cargo metadata` cannot be run")
                .because(&error)
                .help("install the Rust toolchain, and see that `cargo` is in PATH"),
        })?;
        Ok(Self { metadata, manifest: nearest.and_then(|manifest| manifest.canonicalize().ok()) })
    }

    /// The root folder.
    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// The filter crates that a selection means.
    ///
    /// A crate named on the command line, or stood in, needs only be a `cdylib`; otherwise the
    /// filter crates are those with `[package.metadata.mesh-filter]`.
    pub(crate) fn select(&self, selection: &Selection) -> Result<Vec<FilterCrate>> {
        if !selection.packages.is_empty() {
            return selection.packages.iter().map(|name| self.named(name)).collect();
        }
        if !selection.workspace {
            match self.here() {
                Some(package) if is_cdylib(package) => return Ok(vec![filter_crate(package)?]),
                Some(package) if self.metadata.workspace_members.len() == 1 => {
                    return Err(no_cdylib(package));
                }
                _ => {}
            }
        }
        let members = self.metadata.workspace_packages();
        let found: Vec<_> = members
            .into_iter()
            .filter(|package| is_cdylib(package) && package.metadata.get("mesh-filter").is_some())
            .map(filter_crate)
            .collect::<Result<_>>()?;
        if found.is_empty() {
            return Err(Failure::usage(format!("no filter crate in the workspace `{}`", self.root().display()))
                .help("a filter crate is a `cdylib` with `[package.metadata.mesh-filter]`; name any other cdylib with --package"));
        }
        Ok(found)
    }

    /// The package of the manifest, unless that is of a workspace alone.
    ///
    /// Cargo's own answer to this is part of the resolved graph, which is not asked for.
    fn here(&self) -> Option<&Package> {
        let manifest = self.manifest.as_deref()?;
        let is_it = |package: &&Package| {
            package.manifest_path.as_std_path().canonicalize().is_ok_and(|path| path == manifest)
        };
        self.metadata.packages.iter().find(is_it)
    }

    fn named(&self, name: &str) -> Result<FilterCrate> {
        let members = self.metadata.workspace_packages();
        let Some(package) = members.iter().find(|package| package.name.as_str() == name) else {
            let names: Vec<_> = members.iter().map(|package| format!("`{}`", package.name)).collect();
            return Err(Failure::usage(format!(
                "no package `{name}` in the workspace `{}`",
                self.root().display()
            ))
            .help(format!("its packages are {}", names.join(", "))));
        };
        if is_cdylib(package) { filter_crate(package) } else { Err(no_cdylib(package)) }
    }
}

fn nearest_manifest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.is_file())
}

fn is_cdylib(package: &Package) -> bool {
    package.targets.iter().any(|target| target.kind.contains(&TargetKind::CDyLib))
}

fn filter_crate(package: &Package) -> Result<FilterCrate> {
    let folder =
        package.manifest_path.parent().map_or_else(PathBuf::new, |folder| folder.as_std_path().to_owned());
    Ok(FilterCrate {
        name: package.name.to_string(),
        version: package.version.to_string(),
        folder,
        filter: Filter::from_package(package)?,
        dependencies: package.dependencies.iter().map(|dependency| dependency.name.clone()).collect(),
    })
}

fn no_cdylib(package: &Package) -> Failure {
    Failure::usage(format!("`{}` builds no Wasm module: its library is not a `cdylib`", package.name)).help(
        format!("add `crate-type = [\"cdylib\", \"rlib\"]` under `[lib]` in `{}`", package.manifest_path),
    )
}

fn not_a_project(stderr: &str) -> Failure {
    let reason = stderr.trim().trim_start_matches("error: ");
    let failure = Failure::usage(reason);
    if reason.contains("could not find `Cargo.toml`") {
        failure.help("go to the folder of a filter crate, or make one: cargo mesh-filter new NAME")
    } else {
        failure.help("`cargo metadata` says so; mend the manifest")
    }
}

/// How a crate relates to a workspace around it.
#[derive(Debug)]
pub(crate) enum Membership {
    /// There is none, or it leaves the crate out on purpose.
    Alone,
    /// It names the crate, by a pattern perhaps.
    Member(PathBuf),
    /// It does not name the crate, or is broken: cargo refuses to work on the crate.
    Stranger,
}

/// Asks cargo, whose rules decide.
pub(crate) fn membership(folder: &Path) -> Result<Membership> {
    let mut command = MetadataCommand::new();
    match command.no_deps().manifest_path(folder.join("Cargo.toml")).exec() {
        Ok(metadata) => {
            let root = metadata.workspace_root.into_std_path_buf();
            let own = folder
                .canonicalize()
                .is_ok_and(|folder| root.canonicalize().is_ok_and(|root| root == folder));
            Ok(if own { Membership::Alone } else { Membership::Member(root) })
        }
        // The crate's own manifest is in order: it is a workspace above that cargo objects to.
        Err(cargo_metadata::Error::CargoMetadata { .. }) => Ok(Membership::Stranger),
        Err(error) => Err(Failure::missing_tool("`cargo metadata` cannot be run").because(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_of_a_manifest_is_meant_alone_also_among_others() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let names = |folder: &str| -> Vec<String> {
            let workspace = Workspace::load(Some(&root.join(folder))).unwrap();
            let crates = workspace.select(&Selection::default()).unwrap();
            crates.into_iter().map(|one| one.name).collect()
        };
        assert_eq!(names("examples/hello-header"), ["hello-header"]);
        assert!(names("").len() > 1);
    }
}
