//! From a module, a crate's metadata and a configuration file to a configured plugin.

use std::path::{Path, PathBuf};

use mesh_filter_runtime::document::Document;
use mesh_filter_runtime::proxy::config::Plugin;
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::module::read;

use super::build::Artifact;
use super::filter::Filter;

/// The variable by which a filter learns that its proxy lets bodies in while headers are held.
pub(crate) const HOLD_HEADERS: &str = "MESH_FILTER_HOLD_HEADERS";

/// A plugin for a module that was built from a crate.
pub(crate) fn from_artifact(artifact: &Artifact) -> Result<Plugin> {
    let filter = artifact.filter_crate.filter.clone().unwrap_or_default();
    let name = filter.name.clone().unwrap_or_else(|| artifact.filter_crate.name.clone());
    let mut plugin = Plugin::from_file(&name, &artifact.wasm);
    plugin.configuration = default_configuration(&filter, &artifact.filter_crate.folder)?;
    plugin.root_id = filter.root_id;
    plugin.vm.environment = filter.environment.into_iter().collect();
    if filter.hold_headers {
        plugin.allow_on_headers_stop_iteration = true;
        plugin.vm.environment.push((HOLD_HEADERS.to_owned(), "1".to_owned()));
    }
    Ok(plugin)
}

/// A plugin for a module that is just a file.
pub(crate) fn from_file(path: &Path) -> Result<Plugin> {
    // A missing or broken file is better said now than by each worker.
    let bytes = read::bytes_of(path)?;
    crate::module::read::Module::parse(&bytes, path)?;
    let name =
        path.file_stem().map_or_else(|| "plugin".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Plugin::from_file(&name, path))
}

/// The bytes of a configuration file, as the plugin gets them: YAML becomes JSON, JSON is checked,
/// everything else is passed as it is.
pub(crate) fn configuration(path: &Path) -> Result<Vec<u8>> {
    let is = |endings: &[&str]| {
        path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known))
    };
    if is(&["yaml", "yml"]) {
        let value = Document::load(path).and_then(|document| document.root().to_json())?;
        return to_bytes(&value);
    }
    if is(&["json"]) {
        Document::load(path)?;
    }
    std::fs::read(path).map_err(|error| {
        Failure::usage(format!("cannot read the configuration `{}`", path.display())).because(&error)
    })
}

/// The configuration in the crate's metadata: a table, or the path of a file.
pub(crate) fn default_configuration(filter: &Filter, folder: &Path) -> Result<Vec<u8>> {
    match &filter.config {
        Value::Null => Ok(Vec::new()),
        Value::String(path) => configuration(&folder.join(PathBuf::from(path))),
        value => to_bytes(value),
    }
}

fn to_bytes(value: &Value) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Failure::failed("the configuration has no JSON form").because(&error))
}
