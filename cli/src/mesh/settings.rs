//! The plugin's configuration: from a file or the crate's metadata, held to its schema.

use std::path::Path;

use mesh_filter_mesh::config_schema;
use mesh_filter_mesh::declared::Configuration;
use mesh_filter_runtime::document::Document;
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::project::plugin;
use crate::project::workspace::FilterCrate;

use super::source::shown;

/// The configuration, and where it is from, in words.
pub(super) fn read(
    file: Option<&Path>,
    filter_crate: Option<&FilterCrate>,
) -> Result<(Configuration, String)> {
    if let Some(path) = file {
        return Ok((from_file(path)?, shown(path)));
    }
    let metadata = "`config` in `[package.metadata.mesh-filter]`".to_owned();
    let Some((one, filter)) = filter_crate.and_then(|one| Some((one, one.filter.as_ref()?))) else {
        return Ok((Configuration::Absent, metadata));
    };
    match &filter.config {
        Value::Null => Ok((Configuration::Absent, metadata)),
        Value::String(path) => {
            let path = one.folder.join(path);
            Ok((from_file(&path)?, shown(&path)))
        }
        value => Ok((Configuration::Json(value.clone()), metadata)),
    }
}

fn from_file(path: &Path) -> Result<Configuration> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if ["yaml", "yml", "json"].contains(&ending) {
        let value = Document::load(path).and_then(|document| document.root().to_json())?;
        return Ok(if value.is_null() { Configuration::Absent } else { Configuration::Json(value) });
    }
    let text = String::from_utf8(plugin::configuration(path)?);
    text.map(Configuration::Text).map_err(|_| {
        Failure::usage(format!("the configuration {} is no text in UTF-8", shown(path)))
            .help("resources carry JSON and text")
    })
}

/// Whether the filter takes the configuration, as far as its schema says.
pub(super) fn check(configuration: &Configuration, from: &str, schema: Option<&Value>) -> Result<()> {
    let Some(schema) = schema else { return Ok(()) };
    let value = match configuration {
        Configuration::Json(value) => value.clone(),
        // What an absent one is to a filter.
        Configuration::Absent => Value::Object(serde_json::Map::new()),
        Configuration::Text(_) => return Ok(()),
    };
    let violations = config_schema::check(schema, &value);
    if violations.is_empty() {
        return Ok(());
    }
    let what = if *configuration == Configuration::Absent {
        "there is no configuration, and the filter needs one"
    } else {
        "the filter does not take the configuration"
    };
    let mut failure = Failure::usage(format!("{what}: {from}"));
    failure.causes =
        violations
            .iter()
            .map(|one| {
                if one.path.is_empty() {
                    one.problem.clone()
                } else {
                    format!("{}: {}", one.path, one.problem)
                }
            })
            .collect();
    Err(failure.help("--config names the file; the filter's `config.schema.json` says what it takes"))
}
