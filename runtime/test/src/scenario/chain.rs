//! Reads `chain`: the filters that requests go through, in order.

use super::body::configuration;
use super::files::Folder;
use super::suite::Suite;
use crate::sim::Setup;
use mesh_filter_runtime::document::{Node, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The word for the filter that the file is about.
const OWN: &str = "self";
/// Most filters of a chain.
const MAX: usize = 32;

/// One filter of a chain.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// As the file names it, and relative to the working directory; `None`: the file's own.
    filter: Option<(String, PathBuf)>,
    /// The plugin's name, if it is said.
    name: Option<String>,
    /// `None`: the own filter has that of the case, others have none.
    configuration: Option<Vec<u8>>,
}

/// Reads it.
pub(super) fn chain(node: &Node, folder: &Folder) -> Result<Vec<Link>> {
    let links = node.list()?;
    if links.is_empty() || links.len() > MAX {
        return Err(node.expected(&format!("1 to {MAX} filters")));
    }
    let chain = links.iter().map(|link| read(link, folder)).collect::<Result<Vec<_>>>()?;
    if chain.iter().filter(|link| link.filter.is_none()).count() != 1 {
        return Err(node
            .error("a chain has the filter that the file is about once")
            .with_help("`self` stands for it: `chain: [../other, self]`"));
    }
    Ok(chain)
}

fn read(node: &Node, folder: &Folder) -> Result<Link> {
    let filter = |node: &Node| -> Result<Option<(String, PathBuf)>> {
        let name = node.string()?;
        Ok(if name == OWN { None } else { Some((name.to_owned(), folder.path(node)?)) })
    };
    if node.scalar().is_some() {
        return Ok(Link { filter: filter(node)?, name: None, configuration: None });
    }
    let fields = node.mapping(&["filter", "name", "config"])?;
    Ok(Link {
        filter: filter(fields.required("filter")?)?,
        name: fields.optional("name", |node| node.string().map(str::to_owned))?,
        configuration: fields.optional("config", |node| configuration(node, folder))?,
    })
}

impl Link {
    /// As the file names it; `None`: the filter that the file is about.
    pub(super) fn filter(&self) -> Option<&str> {
        self.filter.as_ref().map(|(name, _)| name.as_str())
    }

    /// How its plugin is set up in a case whose own filter is set up so.
    pub(super) fn setup(&self, own: &Setup) -> Setup {
        let mut setup = own.clone();
        if let Some((_, path)) = &self.filter {
            setup.name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            setup.configuration = Vec::new();
        }
        if let Some(configuration) = &self.configuration {
            setup.configuration.clone_from(configuration);
        }
        if let Some(name) = &self.name {
            setup.name.clone_from(name);
        }
        setup
    }
}

impl Suite {
    /// The other filters that chains name, as the file names them and relative to the working directory.
    #[must_use]
    pub fn other_filters(&self) -> BTreeMap<&str, &Path> {
        let links = self.cases.iter().flat_map(|case| &case.settings.chain);
        links
            .filter_map(|link| link.filter.as_ref())
            .map(|(name, path)| (name.as_str(), path.as_path()))
            .collect()
    }
}
