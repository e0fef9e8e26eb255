//! `TrafficExtension`: the plugin stands below `wasm`.

use serde_json::Value;

use super::{Form, Manifest, Unwritable, istio};

pub(super) fn spec(manifest: &Manifest) -> Result<Value, Unwritable> {
    let mut spec = istio::place(manifest, Form::TrafficExtension)?;
    spec.insert("wasm".to_owned(), Value::Object(istio::plugin(manifest, Form::TrafficExtension)?));
    Ok(Value::Object(spec))
}
