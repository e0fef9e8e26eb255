//! One resource of Kubernetes, as a file has it.

use std::path::Path;

use mesh_filter_runtime::document::{Document, Error, Kind as NodeKind, Node, Place, Result};
use serde_json::Value;

use crate::Kind;
use crate::crd::Violation;

/// The namespace of what names none.
const DEFAULT_NAMESPACE: &str = "default";

/// A resource that declares plugins, and where its fields stand.
#[derive(Debug, Clone)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, if it says one.
    pub namespace: Option<String>,
    /// All of it.
    pub json: Value,
    node: Node,
}

impl Resource {
    /// Reads all resources of a YAML or JSON file that declare plugins. Resources of other kinds are left out; their
    /// kinds come second. A `List` is read as its items.
    ///
    /// # Errors
    /// If the file cannot be read, is not well-formed, or has something in it that is no resource.
    pub fn load_all(path: &Path) -> Result<(Vec<Self>, Vec<String>)> {
        Self::from_documents(&Document::load_all(path)?)
    }

    /// The same from a text of YAML. `name` stands in errors.
    ///
    /// # Errors
    /// As [`Resource::load_all`].
    pub fn parse_all(name: &str, text: &str) -> Result<(Vec<Self>, Vec<String>)> {
        Self::from_documents(&Document::parse_all(name, text)?)
    }

    fn from_documents(documents: &[Document]) -> Result<(Vec<Self>, Vec<String>)> {
        let mut resources = Vec::new();
        let mut others = Vec::new();
        for document in documents {
            let root = document.root();
            let items = match text(root, "kind") {
                Some(kind) if kind.ends_with("List") => child(root, "items").map(Node::list).transpose()?,
                _ => None,
            };
            for node in items.unwrap_or(std::slice::from_ref(root)) {
                match Self::from_node(node)? {
                    Ok(resource) => resources.push(resource),
                    Err(kind) => others.push(kind),
                }
            }
        }
        Ok((resources, others))
    }

    /// The resource, or the kind of what declares no plugins.
    fn from_node(node: &Node) -> Result<std::result::Result<Self, String>> {
        node.entries()?;
        let required = |name: &str| {
            text(node, name).ok_or_else(|| {
                node.error(format!("`{name}` is missing"))
                    .with_help("a resource of Kubernetes has `apiVersion`, `kind`, `metadata` and `spec`")
            })
        };
        let (api_version, kind) = (required("apiVersion")?, required("kind")?);
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let Some(kind) = Kind::named(kind).filter(|kind| kind.group() == group) else {
            return Ok(Err(kind.to_owned()));
        };
        if api_version != kind.api_version() {
            let place = child(node, "apiVersion").unwrap_or(node);
            return Err(place.error(format!("expected `{}`, got `{api_version}`", kind.api_version())));
        }
        let metadata = child(node, "metadata").unwrap_or(node);
        let name = text(metadata, "name")
            .filter(|name| !name.is_empty())
            .ok_or_else(|| metadata.error("the resource has no `metadata.name`"))?;
        Ok(Ok(Self {
            kind,
            name: name.to_owned(),
            namespace: text(metadata, "namespace").map(str::to_owned),
            json: node.to_json()?,
            node: node.clone(),
        }))
    }

    /// A resource that no file has, such as one that is about to be written. Its fields stand in `name`, without lines.
    ///
    /// # Errors
    /// If it is no resource that declares plugins.
    pub fn from_json(name: &str, json: &Value) -> Result<Self> {
        let (mut resources, others) = Self::parse_all(name, &json.to_string())?;
        resources.pop().ok_or_else(|| {
            Error::new(&Place::start_of(name), format!("declares no plugin: {}", others.join(", ")))
        })
    }

    /// The namespace it is in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
    }

    /// `spec`, which is [`Value::Null`] where it is missing.
    #[must_use]
    pub fn spec(&self) -> &Value {
        self.json.get("spec").unwrap_or(&Value::Null)
    }

    /// What is at a path such as `spec.match[0].mode`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        let mut value = &self.json;
        for step in path.split('.') {
            let (key, indices) = step.split_once('[').map_or((step, ""), |(key, rest)| (key, rest));
            value = value.get(key)?;
            for index in indices.split('[').filter(|index| !index.is_empty()) {
                value = value.get(index.trim_end_matches(']').parse::<usize>().ok()?)?;
            }
        }
        Some(value)
    }

    /// Where the field at `path` stands, or else the nearest field around it that is there.
    #[must_use]
    pub fn place(&self, path: &str) -> &Place {
        nearest(&self.node, "", path).place()
    }

    /// Where the field at `path` stands; nothing where it is not there.
    pub(crate) fn exact_place(&self, path: &str) -> Option<&Place> {
        self.at(path).map(|_| self.place(path))
    }

    /// Where the key of the field at `path` stands.
    pub(crate) fn key_place(&self, path: &str) -> Option<&Place> {
        let (parent, key) = path.rsplit_once('.')?;
        match nearest(&self.node, "", parent).kind() {
            NodeKind::Mapping(entries) => {
                entries.iter().find(|entry| entry.key == key).map(|entry| &entry.place)
            }
            _ => None,
        }
    }

    /// An error at a field, which names its path even where the field is missing.
    pub fn error(&self, path: &str, problem: impl Into<String>) -> Error {
        let place = self.place(path);
        let problem = problem.into();
        match place.path().ends_with(path) || path.is_empty() {
            true => Error::new(place, problem),
            false => Error::new(place, format!("`{path}`: {problem}")),
        }
    }

    /// A broken rule of its definition, at its line.
    #[must_use]
    pub fn violation(&self, violation: &Violation) -> Error {
        self.error(&violation.path, &violation.problem)
    }
}

/// The path of a member, as Kubernetes writes it.
pub(crate) fn member(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn child<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match node.kind() {
        NodeKind::Mapping(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
        _ => None,
    }
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    match child(node, key)?.kind() {
        NodeKind::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

/// The deepest node on the way from `node`, which is at `path`, to `wanted`. Keys may have dots in them, so ways are
/// compared as they are written.
fn nearest<'a>(node: &'a Node, path: &str, wanted: &str) -> &'a Node {
    let leads = |path: &str| {
        wanted.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    match node.kind() {
        NodeKind::Mapping(entries) => {
            let next = entries.iter().map(|entry| (&entry.value, member(path, &entry.key)));
            // The longest key that leads there: `a.b` before `a`.
            next.filter(|(_, path)| leads(path))
                .max_by_key(|(_, path)| path.len())
                .map_or(node, |(value, path)| nearest(value, &path, wanted))
        }
        NodeKind::List(items) => {
            let mut next = items.iter().enumerate().map(|(index, item)| (item, format!("{path}[{index}]")));
            next.find(|(_, path)| leads(path)).map_or(node, |(item, path)| nearest(item, &path, wanted))
        }
        _ => node,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: one, namespace: shop}
spec:
  url: oci://example.com/one
  selector:
    matchLabels:
      app.kubernetes.io/name: cart
---
apiVersion: v1
kind: Service
metadata: {name: other}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: two}
spec: {configPatches: [{applyTo: HTTP_FILTER}]}
";

    #[test]
    fn resources_are_found_among_others() {
        let (resources, others) = Resource::parse_all("file.yaml", TWO).unwrap();
        let names: Vec<_> =
            resources.iter().map(|one| (one.kind, one.name.as_str(), one.namespace())).collect();
        assert_eq!(names, [(Kind::WasmPlugin, "one", "shop"), (Kind::EnvoyFilter, "two", "default")]);
        assert_eq!(others, ["Service"]);
        assert_eq!(resources[1].at("spec.configPatches[0].applyTo").unwrap(), "HTTP_FILTER");
    }

    #[test]
    fn fields_know_their_lines_even_with_dots_in_their_names() {
        let (resources, _) = Resource::parse_all("file.yaml", TWO).unwrap();
        let line = |path: &str| resources[0].place(path).line();
        assert_eq!(line("spec.selector.matchLabels.app.kubernetes.io/name"), 8);
        assert_eq!(line("spec.url"), 5);
        assert_eq!(
            resources[0].error("spec.phase", "is missing").to_string(),
            "file.yaml:5:3: spec: `spec.phase`: is missing"
        );
    }

    #[test]
    fn what_is_no_resource_is_refused_with_its_place() {
        let problem = |text: &str| Resource::parse_all("file.yaml", text).unwrap_err().to_string();
        assert_eq!(problem("a: 1\n"), "file.yaml:1:1: `apiVersion` is missing");
        assert_eq!(
            problem("apiVersion: extensions.istio.io/v1\nkind: WasmPlugin\n"),
            "file.yaml:1:13: apiVersion: expected `extensions.istio.io/v1alpha1`, got `extensions.istio.io/v1`"
        );
        assert!(
            problem("apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n").contains("metadata.name")
        );
    }
}
