//! What an API server says about itself: versions, groups, resources, and OpenAPI documents.

use mesh_filter_mesh::{Kind, crd};
use serde_json::{Value, json};

/// The document at a path, if it is one of these.
pub(super) fn document(path: &str) -> Option<Value> {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    Some(match parts.as_slice() {
        ["version"] => json!({"major": "1", "minor": "32", "gitVersion": "v1.32.0"}),
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"]}),
        ["apis"] => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups()}),
        ["api", "v1"] => json!({
            "kind": "APIResourceList", "groupVersion": "v1", "resources": [
                {"name": "namespaces", "singularName": "namespace", "namespaced": false, "kind": "Namespace", "verbs": ["get", "list"]},
                {"name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": ["get", "list"]},
                {"name": "pods/exec", "singularName": "", "namespaced": true, "kind": "PodExecOptions", "verbs": ["create", "get"]},
            ],
        }),
        ["apis", group, version] => {
            let kinds: Vec<_> = kinds_of(group, version).collect();
            if kinds.is_empty() {
                return None;
            }
            let resource = |kind: &&Kind| {
                json!({
                    "name": kind.plural(), "singularName": kind.name().to_lowercase(), "namespaced": true, "kind": kind.name(),
                    "verbs": ["get", "list", "patch", "delete"],
                })
            };
            json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{group}/{version}"),
                "resources": kinds.iter().map(resource).collect::<Vec<_>>(),
            })
        }
        ["openapi", "v3"] => {
            let entry = |kind: &Kind| {
                let path = format!("apis/{}", kind.api_version());
                (path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}")}))
            };
            json!({"paths": Kind::ALL.iter().map(entry).collect::<serde_json::Map<_, _>>()})
        }
        ["openapi", "v3", "apis", group, version] => {
            let kinds: Vec<_> = kinds_of(group, version).collect();
            openapi(&kinds)
        }
        _ => return None,
    })
}

fn kinds_of<'a>(group: &'a str, version: &'a str) -> impl Iterator<Item = &'static Kind> + 'a {
    Kind::ALL.iter().filter(move |kind| kind.group() == group && kind.version() == version)
}

fn groups() -> Vec<Value> {
    let mut groups: Vec<Value> = Vec::new();
    for kind in Kind::ALL {
        let version = json!({"groupVersion": kind.api_version(), "version": kind.version()});
        if !groups.iter().any(|group| group["name"] == kind.group()) {
            groups.push(
                json!({"name": kind.group(), "versions": [version.clone()], "preferredVersion": version}),
            );
        }
    }
    groups
}

/// The paths that `kubectl` looks at to learn whether fields are validated, and the schemas.
fn openapi(kinds: &[&Kind]) -> Value {
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
    let identity =
        |kind: &Kind| json!({"group": kind.group(), "version": kind.version(), "kind": kind.name()});
    let path = |kind: &&Kind| {
        let path =
            format!("/apis/{}/namespaces/{{namespace}}/{}/{{name}}", kind.api_version(), kind.plural());
        let parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map(parameter);
        let operation = json!({
            "parameters": parameters,
            "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": identity(kind), "responses": {},
        });
        (path, json!({"patch": operation}))
    };
    let schema = |kind: &&Kind| {
        let mut schema = crd::schema(**kind).clone();
        schema["x-kubernetes-group-version-kind"] = json!([identity(kind)]);
        (format!("io.{}.{}", kind.version(), kind.name()), schema)
    };
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.32.0"},
        "paths": kinds.iter().map(path).collect::<serde_json::Map<_, _>>(),
        "components": {"schemas": kinds.iter().map(schema).collect::<serde_json::Map<_, _>>()},
    })
}
