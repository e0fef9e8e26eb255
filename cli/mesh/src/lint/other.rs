//! Resources that declare no plugin, and that rules look at: where a plugin attaches, and its credentials.

use std::path::Path;

use mesh_filter_runtime::document::{Document, Result};
use serde_json::Value;

use super::Other;
use crate::Kind;

impl Other {
    /// Reads all resources of a file but those that declare plugins.
    ///
    /// # Errors
    /// If the file cannot be read or is not well-formed.
    pub fn load_all(path: &Path) -> Result<Vec<Self>> {
        Self::from_documents(&Document::load_all(path)?)
    }

    /// The same from a text of YAML.
    ///
    /// # Errors
    /// As [`Other::load_all`].
    pub fn parse_all(name: &str, text: &str) -> Result<Vec<Self>> {
        Self::from_documents(&Document::parse_all(name, text)?)
    }

    fn from_documents(documents: &[Document]) -> Result<Vec<Self>> {
        let mut others = Vec::new();
        for document in documents {
            let mut json = document.root().to_json()?;
            match json.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => others.extend(items.into_iter().filter_map(Self::new)),
                _ => others.extend(Self::new(json)),
            }
        }
        Ok(others)
    }

    fn new(json: Value) -> Option<Self> {
        let text = |path: &str| json.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let kind = text("/kind").filter(|kind| Kind::named(kind).is_none())?;
        let name = text("/metadata/name")?;
        let namespace = text("/metadata/namespace").unwrap_or_else(|| "default".to_owned());
        Some(Self { kind, name, namespace, json })
    }

    /// A text by its JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.json.pointer(pointer).and_then(Value::as_str)
    }

    /// The labels of the pods that it makes, or that it is.
    pub(super) fn pod_labels(&self) -> Option<&Value> {
        match self.kind.as_str() {
            "Pod" => self.json.pointer("/metadata/labels"),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
                self.json.pointer("/spec/template/metadata/labels")
            }
            _ => None,
        }
    }
}
