//! `WasmPlugin`: the plugin, and whom it is for, side by side in `spec`.

use serde_json::Value;

use super::{Form, Manifest, Unwritable, istio};

pub(super) fn spec(manifest: &Manifest) -> Result<Value, Unwritable> {
    let mut spec = istio::place(manifest, Form::WasmPlugin)?;
    spec.extend(istio::plugin(manifest, Form::WasmPlugin)?);
    Ok(Value::Object(spec))
}
