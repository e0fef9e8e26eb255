//! The API server of tests: keeps objects, and refuses what the definitions refuse.
//!
//! Structure, unknown fields and rules in CEL are those of `mesh_filter_mesh::crd`. What it does not have: authentication,
//! watching, admission webhooks, other kinds of patches than server-side apply.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mesh_filter_mesh::{Kind, crd};
use serde_json::{Value, json};

use super::apply::{apply, written};
use super::http::{Answer, Request, Server};
use super::{discovery, exec};

/// Which object: plural name of its kind, namespace, name.
type Key = (String, String, String);

/// What the server keeps.
#[derive(Default)]
struct State {
    objects: BTreeMap<Key, Value>,
    /// Where Envoy's admin of a pod listens.
    admins: BTreeMap<String, String>,
    /// Grows with each change.
    revision: u64,
    /// Method and path of each request.
    requests: Vec<String>,
}

/// A running API server with the namespaces `default`, `shop` and `istio-system`.
pub(super) struct Api {
    server: Server,
    state: Arc<Mutex<State>>,
}

const NAMESPACES: [&str; 3] = ["default", "shop", "istio-system"];

impl Api {
    /// Begins.
    pub(super) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let server = Server::start(move |request| answer(&shared, request));
        Self { server, state }
    }

    /// Host and port.
    pub(super) fn address(&self) -> String {
        self.server.address()
    }

    /// Adds a running pod with a sidecar whose Envoy has its admin at this address.
    pub(super) fn add_pod(&self, namespace: &str, name: &str, labels: &Value, admin: &str) {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"containers": [{"name": "app"}, {"name": "istio-proxy"}]}, "status": {"phase": "Running"},
        });
        let mut state = self.state.lock().unwrap();
        state.objects.insert(("pods".into(), namespace.into(), name.into()), pod);
        state.admins.insert(name.to_owned(), admin.to_owned());
    }

    /// An object as it is kept.
    pub(super) fn object(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let key = (plural.to_owned(), namespace.to_owned(), name.to_owned());
        self.state.lock().unwrap().objects.get(&key).cloned()
    }

    /// How many requests have had this method.
    pub(super) fn count(&self, method: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.requests.iter().filter(|request| request.starts_with(method)).count()
    }
}

fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    let mut state = state.lock().unwrap();
    state.requests.push(format!("{} {}", request.method, request.path));
    if let Some(document) = discovery::document(&request.path).filter(|_| request.method == "GET") {
        return Answer::Json(200, document);
    }
    let parts: Vec<_> = request.path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", "v1", rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return missing("the server could not find the requested resource"),
    };
    match rest {
        ["namespaces", name] => match NAMESPACES.contains(name) {
            true => Answer::Json(
                200,
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
            ),
            false => missing(&format!("namespaces \"{name}\" not found")),
        },
        ["namespaces", namespace, "pods", name, "exec"] => {
            let admin = state.admins.get(*name).cloned();
            drop(state);
            exec::answer(request, namespace, admin)
        }
        ["namespaces", namespace, plural, name] => {
            let key = ((*plural).to_owned(), (*namespace).to_owned(), (*name).to_owned());
            one(&mut state, request, group, &key)
        }
        ["namespaces", namespace, plural] => list(&state, request, plural, Some(namespace)),
        [plural] => list(&state, request, plural, None),
        _ => missing("the server could not find the requested resource"),
    }
}

fn one(state: &mut State, request: &Request, group: &str, key: &Key) -> Answer {
    let absent = format!("{}.{group} \"{}\" not found", key.0, key.2);
    match request.method.as_str() {
        "GET" => {
            state.objects.get(key).map_or_else(|| missing(&absent), |one| Answer::Json(200, one.clone()))
        }
        "DELETE" => match state.objects.remove(key) {
            Some(_) => Answer::Json(200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
            None => missing(&absent),
        },
        "PATCH" => patch(state, request, key).unwrap_or_else(|refusal| refusal),
        method => failure(405, "MethodNotAllowed", &format!("{method} is not supported"), Vec::new()),
    }
}

fn patch(state: &mut State, request: &Request, key: &Key) -> Result<Answer, Answer> {
    let (plural, namespace, name) = key;
    let bad = |message: &str| failure(400, "BadRequest", message, Vec::new());
    let kind = Kind::ALL.iter().find(|kind| kind.plural() == plural);
    let kind = *kind.ok_or_else(|| missing("the server could not find the requested resource"))?;
    if !NAMESPACES.contains(&namespace.as_str()) {
        return Err(missing(&format!("namespaces \"{namespace}\" not found")));
    }
    if request.headers.get("content-type").is_none_or(|kind| kind != "application/apply-patch+yaml") {
        return Err(failure(415, "UnsupportedMediaType", "only server-side apply is supported", Vec::new()));
    }
    if request.parameter("fieldValidation") != Some("Strict") {
        return Err(bad("this server validates strictly only: fieldValidation=Strict is missing"));
    }
    let manager = request.parameter("fieldManager").ok_or_else(|| bad("fieldManager is required"))?;
    let applied: Value = serde_json::from_slice(&request.body).map_err(|error| bad(&error.to_string()))?;
    if applied["metadata"]["name"] != **name || applied["metadata"]["namespace"] != **namespace {
        return Err(bad("the name of the object does not match the name on the URL"));
    }
    let unknown: Vec<_> = crd::validate_json(kind, &applied)
        .into_iter()
        .filter(|violation| violation.problem.starts_with("unknown field"))
        .map(|violation| format!("unknown field \"{}\"", violation.path))
        .collect();
    if !unknown.is_empty() {
        return Err(bad(&format!(
            "{name} ({kind}) has errors: strict decoding error: {}",
            unknown.join(", ")
        )));
    }
    let live = state.objects.get(key);
    let force = request.parameter("force") == Some("true");
    // The clock of the server, as far as tests can tell.
    let time = format!("2026-01-01T00:{:02}:{:02}Z", state.revision / 60, state.revision % 60);
    let mut merged = apply(live, &applied, manager, force, &time).map_err(|conflicts| {
        let named: Vec<_> = conflicts
            .iter()
            .map(|one| format!("conflict with {:?}: {}", one.manager, written(&one.path)))
            .collect();
        let causes = conflicts.iter().map(|one| {
            let message = format!("conflict with {:?}", one.manager);
            json!({"reason": "FieldManagerConflict", "message": message, "field": written(&one.path)})
        });
        let message = format!("Apply failed with {} conflict(s): {}", conflicts.len(), named.join(", "));
        failure(409, "Conflict", &message, causes.collect())
    })?;
    fill_defaults(crd::schema(kind), &mut merged);
    if let Some(violation) = crd::validate_json(kind, &merged).first() {
        let message = format!(
            "{kind}.{} \"{name}\" is invalid: {}: {}",
            kind.group(),
            violation.path,
            violation.problem
        );
        return Err(failure(422, "Invalid", &message, Vec::new()));
    }
    let is_new = live.is_none();
    if live != Some(&merged) {
        let respecified = live.is_none_or(|live| live["spec"] != merged["spec"]);
        let generation = live.map_or(0, |live| live["metadata"]["generation"].as_u64().unwrap());
        merged["metadata"]["generation"] = json!(generation + u64::from(respecified));
        merged["metadata"]["resourceVersion"] = json!((state.revision + 1).to_string());
        if is_new {
            merged["metadata"]["uid"] = json!(format!("uid-{}", state.revision + 1));
            merged["metadata"]["creationTimestamp"] = json!(time);
        }
        if request.parameter("dryRun").is_none() {
            state.revision += 1;
            state.objects.insert(key.clone(), merged.clone());
        }
    }
    Ok(Answer::Json(if is_new { 201 } else { 200 }, merged))
}

fn list(state: &State, request: &Request, plural: &str, namespace: Option<&str>) -> Answer {
    let selector = request.parameter("labelSelector").unwrap_or_default();
    let wanted: Vec<_> = selector.split(',').filter_map(|pair| pair.split_once('=')).collect();
    let is_selected = |object: &&Value| {
        wanted.iter().all(|(key, value)| object["metadata"]["labels"][*key] == value.trim_start_matches('='))
    };
    let field = request.parameter("fieldSelector").and_then(|field| field.strip_prefix("metadata.name="));
    let items = state.objects.iter().filter(|((kind, place, name), _)| {
        kind == plural
            && namespace.is_none_or(|wanted| wanted == place)
            && field.is_none_or(|wanted| wanted == name)
    });
    let items: Vec<_> = items.map(|(_, object)| object).filter(is_selected).collect();
    let (api_version, kind) = match Kind::ALL.iter().find(|kind| kind.plural() == plural) {
        Some(kind) => (kind.api_version(), kind.name()),
        None if plural == "pods" => ("v1".to_owned(), "Pod"),
        None => return missing("the server could not find the requested resource"),
    };
    Answer::Json(
        200,
        json!({"apiVersion": api_version, "kind": format!("{kind}List"), "metadata": {"resourceVersion": "1"}, "items": items}),
    )
}

/// Sets what the definition has a default for, in objects that are there.
fn fill_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
                if let Some(default) = schema.get("default").filter(|_| !members.contains_key(key)) {
                    members.insert(key.clone(), default.clone());
                }
                if let Some(value) = members.get_mut(key) {
                    fill_defaults(schema, value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill_defaults(&schema["items"], item)),
        _ => {}
    }
}

fn missing(message: &str) -> Answer {
    failure(404, "NotFound", message, Vec::new())
}

fn failure(code: u16, reason: &str, message: &str, causes: Vec<Value>) -> Answer {
    Answer::Json(
        code,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
            "details": {"causes": causes}, "code": code,
        }),
    )
}
