//! What the rules know: resources, the images they name, modules, and what they are for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::declared::{Code, Declared};
use crate::{Kind, Product, Resource, Target, Version};

/// Everything that the rules look at.
#[derive(Debug, Default)]
pub struct Facts {
    /// What the resources and modules are for.
    pub targets: Vec<Target>,
    /// Resources that declare plugins.
    pub resources: Vec<Resource>,
    /// Other resources of the same files: Gateways, Services, Secrets.
    pub others: Vec<Other>,
    /// Images by the reference that resources have, without `oci://`.
    pub images: BTreeMap<String, Image>,
    /// Modules that are checked by themselves.
    pub modules: Vec<Module>,
    /// Crates of plugins, by what their `Cargo.toml` says.
    pub crates: Vec<Crate>,
    /// Plugins for a whole namespace or mesh are meant so.
    pub mesh_wide: bool,
    /// Registries that the proxies' `WASM_INSECURE_REGISTRIES` has.
    pub insecure_registries: Vec<String>,
}

/// A resource that declares no plugin.
#[derive(Debug, Clone)]
pub struct Other {
    /// `kind`.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, or the default one.
    pub namespace: String,
    /// All of it.
    pub json: Value,
}

/// An image as it was found in its registry.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Why proxies do not load it, if they do not.
    pub refused: Option<Refusal>,
    /// What proxies take from it.
    pub loaded: Option<Loaded>,
    /// The index in which it was found.
    pub index: Option<Index>,
    /// What is known of its signature.
    pub signature: Signature,
    /// How its registry was reached.
    pub transport: Transport,
}

/// Why proxies do not load an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No layout that they know.
    Layout(String),
    /// An index without an image for them.
    Platform(String),
    /// No such image, or a registry that did not give it.
    Fetch(String),
}

/// What proxies take from an image. Digests are `sha256:` and 64 digits.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The image manifest's digest.
    pub digest: String,
    /// The configuration's.
    pub config: String,
    /// The layers'.
    pub layers: Vec<String>,
    /// The module.
    pub module: Module,
    /// The module's digest.
    pub module_digest: String,
    /// What the image says about its plugin.
    pub plugin: Option<Plugin>,
}

/// What `runtime-config.json` in an image says.
#[derive(Debug, Clone, Default)]
pub struct Plugin {
    /// The root contexts of the module.
    pub root_ids: Vec<String>,
    /// Where in the chain it belongs: `authn`, `authz` or `stats`.
    pub phase: Option<String>,
    /// The JSON Schema of its configuration.
    pub schema: Option<Value>,
}

/// A list of images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// Its digest.
    pub digest: String,
    /// Its entries' platforms, as `os/architecture`.
    pub platforms: Vec<String>,
    /// How many of them are attestations and not images.
    pub attestations: usize,
}

/// What is known of an image's signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Signature {
    /// Nobody looked.
    #[default]
    NotLooked,
    /// It is signed by the key.
    Valid,
    /// There is none, or none by the key.
    Invalid(String),
}

/// How a registry was reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// With an authority that everybody trusts, or not at all.
    #[default]
    Public,
    /// With an authority that had to be named.
    OwnAuthority,
    /// Without TLS.
    Plain,
}

/// What a crate says of its plugin, before it is an image.
#[derive(Debug, Clone, Default)]
pub struct Crate {
    /// Its `Cargo.toml`.
    pub manifest: String,
    /// The JSON Schema of its configuration.
    pub schema: Option<Value>,
    /// Its default configuration.
    pub configuration: Option<Value>,
    /// Variables that it wants in its environment.
    pub environment: Vec<String>,
}

/// What is in a module.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// The file or image.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Whether it is a component and no core module.
    pub component: bool,
    /// Imports: module, name, signature (`ii->i`; nothing where it is no function).
    pub imports: Vec<(String, String, Option<String>)>,
    /// Exported functions with their signatures.
    pub exports: Vec<(String, String)>,
    /// Custom sections with their sizes.
    pub custom_sections: Vec<(String, u64)>,
    /// Whether its text names Envoy's filter for JWTs, whose claims it then reads.
    pub reads_claims: bool,
}

/// A plugin of a resource, with its image where that is known.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) resource: &'a Resource,
    pub(super) declared: Declared,
    pub(super) image: Option<&'a Image>,
}

impl Subject<'_> {
    /// The path of a member of the plugin's part.
    pub(super) fn path(&self, member: &str) -> String {
        format!("{}.{member}", self.declared.path)
    }

    /// The path of the field with the URL.
    pub(super) fn url_path(&self) -> String {
        self.path(match self.resource.kind {
            Kind::WasmPlugin | Kind::TrafficExtension => "url",
            Kind::EnvoyExtensionPolicy if matches!(self.declared.code, Code::Http(_)) => "code.http.url",
            Kind::EnvoyExtensionPolicy => "code.image.url",
            Kind::EnvoyFilter => return self.envoy_path("vm_config.code.remote.http_uri.uri"),
        })
    }

    /// The path of the field with the digest.
    pub(super) fn sha256_path(&self) -> String {
        self.path(match self.resource.kind {
            Kind::WasmPlugin | Kind::TrafficExtension => "sha256",
            Kind::EnvoyExtensionPolicy if matches!(self.declared.code, Code::Http(_)) => "code.http.sha256",
            Kind::EnvoyExtensionPolicy => "code.image.sha256",
            Kind::EnvoyFilter => return self.envoy_path("vm_config.code.remote.sha256"),
        })
    }

    /// The path below the configuration of Envoy's filter, in the spelling that the resource has.
    pub(super) fn envoy_path(&self, rest: &str) -> String {
        let mut path = self.declared.path.clone();
        for name in ["typed_config", "value", "config"].into_iter().chain(rest.split('.')) {
            let spellings = [name.to_owned(), camel(name)];
            let there = spellings.iter().find(|name| self.resource.at(&format!("{path}.{name}")).is_some());
            match there {
                Some(name) => path = format!("{path}.{name}"),
                // A `TypedStruct` has its filter in `value`, others have not.
                None if name == "value" => {}
                None => path = format!("{path}.{name}"),
            }
        }
        path
    }

    /// The URL as the resource has it.
    pub(super) fn url(&self) -> Option<&str> {
        self.resource.at(&self.url_path()).and_then(Value::as_str)
    }
}

/// A protobuf field's name in lowerCamelCase.
pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// A member of a protobuf message, by either spelling.
pub(super) fn either<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| value.get(camel(name)))
}

impl Facts {
    /// The newest releases, for those who name none.
    #[must_use]
    pub fn newest() -> Vec<Target> {
        let newest = [
            (Product::Istio, Version::new(1, 31)),
            (Product::EnvoyGateway, Version::new(1, 9)),
            (Product::Envoy, Version::new(1, 40)),
        ];
        newest.into_iter().map(|(product, version)| Target { product, version }).collect()
    }

    /// The plugins of all resources.
    pub(super) fn plugins(&self) -> impl Iterator<Item = Subject<'_>> {
        self.resources.iter().flat_map(move |resource| {
            resource.declared().into_iter().map(move |declared| {
                let image = match &declared.code {
                    Code::Image(reference) => self.images.get(reference),
                    _ => None,
                };
                Subject { resource, declared, image }
            })
        })
    }

    /// The versions of a product that are meant.
    pub(super) fn versions(&self, product: Product) -> impl Iterator<Item = Version> {
        self.targets.iter().filter(move |target| target.product == product).map(|target| target.version)
    }

    /// Whether a kind is read by one of the products that are meant.
    #[must_use]
    pub fn reads(&self, kind: Kind) -> bool {
        self.targets.iter().any(|target| match kind {
            Kind::EnvoyExtensionPolicy => target.product == Product::EnvoyGateway,
            _ => target.product == Product::Istio,
        })
    }

    /// All modules: those by themselves, and those of images.
    pub(super) fn all_modules(&self) -> impl Iterator<Item = &Module> {
        let loaded = self.images.values().filter_map(|image| image.loaded.as_ref());
        self.modules.iter().chain(loaded.map(|loaded| &loaded.module))
    }

    /// Other resources of a kind.
    pub(super) fn others_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Other> {
        self.others.iter().filter(move |other| other.kind == kind)
    }
}
