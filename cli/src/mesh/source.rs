//! Where the code of a plugin comes from: the crate, its image, a URL; and what image and crate say about it.

use std::path::{Path, PathBuf};

use mesh_filter_mesh::declared::Code;
use serde_json::Value;

use crate::commands::package::{self, Pack};
use crate::failure::{Failure, Result};
use crate::image::accept::{self, Accepted};
use crate::image::digest::Digest;
use crate::image::open;
use crate::image::reference::Reference;
use crate::image::runtime_config::RuntimeConfig;
use crate::image::store::Which;
use crate::module::read;
use crate::output::Output;
use crate::project::workspace::{FilterCrate, Selection, Workspace};

use super::options::PlanOptions;

/// Code, and what it has to be.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) code: Code,
    /// In digits: of the image's manifest, or of the module.
    pub(crate) sha256: Option<String>,
    /// What the image was found by.
    pub(crate) found: Option<String>,
    pub(crate) runtime_config: Option<RuntimeConfig>,
}

impl PlanOptions {
    /// The crate that is meant; `None` where an image or a URL is named and no crate is here.
    pub(super) fn filter_crate(&self) -> Result<Option<FilterCrate>> {
        let optional =
            self.path.is_none() && self.package.is_none() && (self.image.is_some() || self.url.is_some());
        let crates = Workspace::load(self.path.as_deref()).and_then(|workspace| {
            let packages = self.package.iter().cloned().collect();
            workspace.select(&Selection { packages, workspace: false })
        });
        match crates {
            Ok(mut crates) if crates.len() == 1 => Ok(crates.pop()),
            Err(_) | Ok(_) if optional => Ok(None),
            Ok(crates) => {
                let names: Vec<_> = crates.iter().map(|one| format!("`{}`", one.name)).collect();
                Err(Failure::usage(format!(
                    "the workspace has {} filters: {}",
                    names.len(),
                    names.join(", ")
                ))
                .help("choose one with --package"))
            }
            Err(failure) => Err(failure.help("name a crate's folder, or an image with --image")),
        }
    }

    /// Finds the code, and its digest.
    pub(super) fn source(&self, filter_crate: Option<&FilterCrate>, output: &Output) -> Result<Source> {
        if let Some(url) = &self.url {
            return self.at_url(url, filter_crate, output);
        }
        let own = filter_crate.and_then(|one| one.filter.as_ref()?.image.clone());
        let text = self.image.clone().or_else(|| own.clone()).ok_or_else(|| {
            Failure::usage("it is not known which image proxies are to pull").help(
                "name it with --image, or set `image` in `[package.metadata.mesh-filter]` of Cargo.toml",
            )
        })?;
        let reference = open::reference(&text)?;
        match (&reference, filter_crate) {
            (Reference::Folder(..), _) => {
                let to = self.repository.clone().or(own).ok_or_else(|| {
                    Failure::usage(format!(
                        "`{reference}` is a folder, and it is not known where proxies pull it from"
                    ))
                    .help("name the place with --repository HOST/NAME")
                })?;
                let to = open::reference(&to)?;
                let accepted = self.accept(&reference, output)?;
                self.pinned(&to, accepted, reference.to_string())
            }
            (Reference::Registry(_, None), Some(one)) if self.no_pin => {
                let tagged = reference.clone().or_tag(&one.version);
                Ok(Source {
                    code: Code::Image(tagged.to_string()),
                    sha256: None,
                    found: None,
                    runtime_config: None,
                })
            }
            // The same module gives the same digest everywhere, so nobody has to be asked.
            (Reference::Registry(_, None), Some(one)) => {
                let packed = self.pack(output)?;
                let folder = open::reference(&format!("oci:{}", packed.display()))?;
                let accepted = self.accept(&folder, output)?;
                self.pinned(&reference, accepted, format!("the build of {} {}", one.name, one.version))
            }
            (Reference::Registry(..), _) => {
                let accepted = self.accept(&reference, output)?;
                self.pinned(&reference, accepted, reference.to_string())
            }
        }
    }

    fn pinned(&self, to: &Reference, accepted: Accepted, found: String) -> Result<Source> {
        let Reference::Registry(repository, which) = to else {
            return Err(Failure::usage(format!("`{to}` is no place that proxies pull from"))
                .help("expected HOST/NAME, such as registry.example.com/team/filter"));
        };
        let runtime_config = accepted.runtime_config.and_then(|text| serde_json::from_slice(&text).ok());
        if self.no_pin {
            let tag = which.clone().unwrap_or_else(|| Which::Tag("latest".to_owned()));
            let code = Code::Image(Reference::Registry(repository.clone(), Some(tag)).to_string());
            return Ok(Source { code, sha256: None, found: None, runtime_config });
        }
        let code = Code::Image(format!("{repository}@{}", accepted.digest));
        Ok(Source { code, sha256: Some(hex(&accepted.digest)), found: Some(found), runtime_config })
    }

    fn accept(&self, reference: &Reference, output: &Output) -> Result<Accepted> {
        let store = self.registry.open(reference)?;
        let mut told = |so_far| open::show(output, "Pulling", &reference.to_string(), so_far, so_far);
        let accepted = accept::accept(&*store, &reference.which(), &mut told);
        output.live(None);
        accepted.map_err(|error| open::refused(reference, &error))
    }

    fn at_url(&self, url: &str, filter_crate: Option<&FilterCrate>, output: &Output) -> Result<Source> {
        let code = Code::from_url(url);
        let bare = Source { code: code.clone(), sha256: None, found: None, runtime_config: None };
        match code {
            // Nobody compares digests of files.
            Code::File(path) if path.starts_with('/') => Ok(bare),
            Code::Http(_) if self.no_pin => Ok(bare),
            Code::Http(_) => {
                let module = match (&self.module, filter_crate) {
                    (Some(module), _) => module.clone(),
                    (None, Some(_)) => self.pack(output)?.with_extension("wasm"),
                    (None, None) => {
                        return Err(Failure::usage(format!("the digest of what is at `{url}` is not known"))
                            .help("name the module with --module FILE.wasm"));
                    }
                };
                let bytes = read::bytes_of(&module)?;
                read::Module::parse(&bytes, &module)?;
                let found = Some(module.display().to_string());
                Ok(Source { sha256: Some(hex(&Digest::of(&bytes))), found, ..bare })
            }
            _ => Err(Failure::usage(format!("`{url}` is no URL of a module"))
                .help("expected http://.., https://.. or file:///PATH; images are named with --image")),
        }
    }

    /// Builds and packs the crate; gives the folder with the image, beside which the module is.
    pub(crate) fn pack(&self, output: &Output) -> Result<PathBuf> {
        let wanted = Pack::one(self.package.clone(), self.path.clone(), self.offline);
        let mut packed = package::pack_crates(&wanted, output)?;
        packed.pop().map(|one| one.folder).ok_or_else(|| Failure::usage("there is no filter crate here"))
    }
}

/// The schema of the configuration: the crate's, or else the one in the image.
pub(super) fn schema(filter_crate: Option<&FilterCrate>, source: &Source) -> Result<Option<Value>> {
    if let Some(schema) = filter_crate.map(package::schema).transpose()?.flatten() {
        return Ok(Some(schema));
    }
    let plugin = source.runtime_config.as_ref().and_then(|config| config.plugin.as_ref());
    Ok(plugin.and_then(|plugin| plugin.config_schema.clone()))
}

/// The digits of a digest.
fn hex(digest: &Digest) -> String {
    let text = digest.to_string();
    text.strip_prefix("sha256:").map(str::to_owned).unwrap_or(text)
}

/// A file's path in words.
pub(super) fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}
