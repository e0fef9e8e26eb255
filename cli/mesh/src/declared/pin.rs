//! Writing into a resource which image it declares, by its digest.

use serde_json::Value;

use super::{Declared, camel};
use crate::{Kind, Resource};

impl Resource {
    /// The resource as JSON, where `plugin` has this URL and these digits for its image; `None` where it has no place for them.
    #[must_use]
    pub fn pinned(&self, plugin: &Declared, url: &str, digits: &str) -> Option<Value> {
        let mut json = self.json.clone();
        let mut place = &mut json;
        for step in plugin.path.split('.') {
            let (key, index) = step.split_once('[').map_or((step, None), |(key, rest)| (key, Some(rest)));
            place = place.get_mut(key)?;
            if let Some(index) = index {
                place = place.get_mut(index.trim_end_matches(']').parse::<usize>().ok()?)?;
            }
        }
        let image = match self.kind {
            Kind::WasmPlugin | Kind::TrafficExtension => place,
            Kind::EnvoyExtensionPolicy => place.pointer_mut("/code/image")?,
            Kind::EnvoyFilter => {
                let mut typed = inner(place, "typed_config")?;
                // A `TypedStruct` wraps the filter.
                if typed.get("config").is_none() {
                    typed = typed.get_mut("value")?;
                }
                let code = inner(inner(inner(typed, "config")?, "vm_config")?, "code")?;
                let remote = inner(code, "remote")?;
                *inner(inner(remote, "http_uri")?, "uri")? = Value::from(url);
                remote.as_object_mut()?.insert("sha256".to_owned(), Value::from(digits));
                return Some(json);
            }
        };
        let image = image.as_object_mut()?;
        image.insert("url".to_owned(), Value::from(url));
        image.insert("sha256".to_owned(), Value::from(digits));
        Some(json)
    }
}

/// A member by its name in protobuf or in lowerCamelCase, to be changed.
fn inner<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let key = if value.get(name).is_some() { name.to_owned() } else { camel(name) };
    value.get_mut(&key)
}

#[cfg(test)]
mod tests {
    use crate::Resource;

    #[test]
    fn each_kind_declares_what_was_pinned() {
        let text = "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: one}
spec: {url: 'oci://example.com/f:1'}
---
apiVersion: extensions.istio.io/v1alpha1
kind: TrafficExtension
metadata: {name: one}
spec: {wasm: {url: example.com/f:1}}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata: {name: one}
spec: {wasm: [{name: a, code: {type: Image, image: {url: example.com/f:1}}}]}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: one}
spec:
  configPatches:
  - applyTo: EXTENSION_CONFIG
    patch:
      value:
        name: a
        typedConfig:
          '@type': type.googleapis.com/udpa.type.v1.TypedStruct
          type_url: type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
          value: {config: {vmConfig: {code: {remote: {http_uri: {uri: 'oci://example.com/f:1'}}}}}}
";
        let digits = "a".repeat(64);
        let url = format!("oci://example.com/f@sha256:{digits}");
        let resources = Resource::parse_all("file.yaml", text).unwrap().0;
        assert_eq!(resources.len(), 4);
        for resource in resources {
            let pinned = resource.pinned(&resource.declared()[0], &url, &digits).unwrap();
            let pinned = Resource::from_json("pinned", &pinned).unwrap().declared().remove(0);
            assert_eq!(pinned.pinned_by(), Some(digits.as_str()));
            assert_eq!(pinned.code, crate::declared::Code::from_url(&url), "{}", resource.kind);
        }
    }
}
