//! `include`: variables and mocks that several scenario files share.

use super::files::Folder;
use super::message::rules;
use super::suite::set_all;
use super::template::Variables;
use crate::sim::Rules;
use mesh_filter_runtime::document::{Document, Fields, Kind, Node, Result};
use std::collections::BTreeMap;

/// The files that a scenario file includes, in order.
#[derive(Debug, Default)]
pub(super) struct Included(Vec<Document>);

impl Included {
    /// Reads the files; what stands in them is read where it is used.
    pub(super) fn read(fields: &Fields<'_>, folder: &Folder) -> Result<Self> {
        let Some(node) = fields.get("include") else { return Ok(Self::default()) };
        let file = |node: &Node| {
            let path = folder.path(node)?;
            if !path.is_file() {
                return Err(node.error(format!("there is no file `{}`", path.display())));
            }
            let document = Document::load(&path)?;
            known(document.root())?;
            Ok(document)
        };
        match node.kind() {
            Kind::List(items) => items.iter().map(file).collect::<Result<_>>().map(Self),
            _ => Ok(Self(vec![file(node)?])),
        }
    }

    /// These variables and those of the files; of one name, the last.
    pub(super) fn variables(&self, mut variables: Variables) -> Result<Variables> {
        for document in &self.0 {
            if let Some(node) = known(document.root())?.get("vars") {
                set_all(&mut variables, node)?;
            }
        }
        Ok(variables)
    }

    /// Adds the mocks of clusters that have none yet; of one cluster, the last.
    pub(super) fn mocks(
        &self,
        variables: &Variables,
        folder: &Folder,
        mocks: &mut BTreeMap<String, Rules>,
    ) -> Result<()> {
        for document in self.0.iter().rev() {
            let Some(node) = known(document.root())?.get("mocks") else { continue };
            for entry in variables.expand(node)?.entries()? {
                let rules = rules(&entry.value, folder)?;
                mocks.entry(entry.key.clone()).or_insert(rules);
            }
        }
        Ok(())
    }
}

/// What may be included.
fn known(node: &Node) -> Result<Fields<'_>> {
    node.mapping(&["vars", "mocks"])
}
