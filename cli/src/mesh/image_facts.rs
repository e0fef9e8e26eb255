//! What the rules of `check` want to know of images and modules.

use std::path::Path;

use mesh_filter_mesh::lint::{Image, Index, Loaded, Module, Plugin, Refusal, Signature, Transport};
use serde_json::Value;

use crate::image::accept::{self, Accepted, Refused};
use crate::image::digest::Digest;
use crate::image::manifest;
use crate::image::open::RegistryOptions;
use crate::image::reference::Reference;
use crate::image::signature::{self, PublicKey, Unverified};
use crate::image::store::{Store, StoreError, Which};
use crate::module::read;

/// The name of Envoy's filter that leaves the claims of JWTs as metadata.
const CLAIMS: &[u8] = b"envoy.filters.http.jwt_authn";
/// The marks of attestations in an index, as buildx writes them.
const ATTESTATION: &str = "vnd.docker.reference.type";

/// All of an image, as proxies see it.
pub(crate) fn of_image(
    name: &str,
    reference: &Reference,
    options: &RegistryOptions,
    key: Option<&PublicKey>,
) -> Image {
    let mut image = Image { transport: transport(reference, options), ..Image::default() };
    let store = match options.open(reference) {
        Ok(store) => store,
        Err(failure) => {
            image.refused = Some(Refusal::Fetch([vec![failure.message], failure.causes].concat().join(": ")));
            return image;
        }
    };
    let which = reference.which();
    image.index = index(&*store, &which);
    let mut accepted = accept::accept(&*store, &which, &mut |_| ());
    // A digest that is none of a manifest: what the tag beside it names tells whose it is, if it is of that image.
    if let (
        Err(Refused::Store(StoreError::Missing { .. } | StoreError::Refused { .. })),
        Which::Digest(given),
    ) = (&accepted, &which)
    {
        let tag = Which::Tag(tag_of(name));
        if let Ok(found) = accept::accept(&*store, &tag, &mut |_| ())
            && is_part(&found, given)
        {
            (image.index, accepted) = (index(&*store, &tag), Ok(found));
        }
    }
    match accepted {
        Ok(accepted) => {
            if let Some(key) = key {
                image.signature = verified(&*store, &accepted, key);
            }
            image.loaded = Some(loaded(name, accepted));
        }
        Err(error) => {
            let text = whole(&error);
            image.refused = Some(match error {
                Refused::Store(_) => Refusal::Fetch(format!("the image cannot be fetched: {text}")),
                Refused::Platform => Refusal::Platform(text),
                _ => Refusal::Layout(text),
            });
        }
    }
    image
}

/// Whether a digest is that of something in an image, so that it was taken for the image's.
fn is_part(accepted: &Accepted, given: &Digest) -> bool {
    let layers = accepted.manifest.layers.iter().map(|layer| &layer.digest);
    layers.chain([&accepted.manifest.config.digest]).any(|digest| digest == given)
        || Digest::of(&accepted.module) == *given
}

/// The tag of a reference that may have a digest, too.
fn tag_of(name: &str) -> String {
    let name = name.split('@').next().unwrap_or_default();
    let tag = name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    tag.unwrap_or("latest").to_owned()
}

/// An error with all its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        next = error.source();
    }
    text
}

/// By what means the registry was reached.
fn transport(reference: &Reference, options: &RegistryOptions) -> Transport {
    match reference {
        Reference::Folder(..) => Transport::Public,
        Reference::Registry(..) if options.has_ca() => Transport::OwnAuthority,
        Reference::Registry(..) if options.is_plain() => Transport::Plain,
        Reference::Registry(..) => Transport::Public,
    }
}

/// The index that a reference names, if it is one.
fn index(store: &dyn Store, which: &Which) -> Option<Index> {
    let stored = store.manifest(which).ok().filter(|stored| stored.is_index())?;
    let json: manifest::Index = serde_json::from_slice(&stored.bytes).ok()?;
    let platforms = json.manifests.iter().map(|entry| match &entry.platform {
        Some(platform) => format!("{}/{}", platform.os, platform.architecture),
        None => "no platform".to_owned(),
    });
    let is_attestation = |entry: &&manifest::Descriptor| {
        entry.annotations.contains_key(ATTESTATION)
            || entry.platform.as_ref().is_some_and(|platform| platform.os == "unknown")
    };
    Some(Index {
        digest: stored.digest().to_string(),
        platforms: platforms.collect(),
        attestations: json.manifests.iter().filter(is_attestation).count(),
    })
}

fn verified(store: &dyn Store, accepted: &Accepted, key: &PublicKey) -> Signature {
    // Of an index the index may be signed, or the image that proxies take from it.
    let mut problem = String::new();
    for digest in accepted.index.iter().chain([&accepted.digest]) {
        match signature::verify(store, digest, key) {
            Ok(_) => return Signature::Valid,
            Err(error @ Unverified::NoneFits { .. }) => return Signature::Invalid(whole(&error)),
            Err(error) => problem = whole(&error),
        }
    }
    Signature::Invalid(problem)
}

fn loaded(name: &str, accepted: Accepted) -> Loaded {
    let Accepted { digest, manifest, module, runtime_config, .. } = accepted;
    Loaded {
        digest: digest.to_string(),
        config: manifest.config.digest.to_string(),
        layers: manifest.layers.iter().map(|layer| layer.digest.to_string()).collect(),
        module_digest: Digest::of(&module).to_string(),
        module: of_module(name, &module),
        plugin: runtime_config.and_then(|bytes| plugin(&serde_json::from_slice(&bytes).ok()?)),
    }
}

/// What `runtime-config.json` says. One of another's making may have other members, or lack some.
fn plugin(json: &Value) -> Option<Plugin> {
    let ids = json.pointer("/config/root_ids").and_then(Value::as_array).into_iter().flatten();
    let own = json.get("mesh-filter");
    Some(Plugin {
        root_ids: ids.filter_map(Value::as_str).map(str::to_owned).collect(),
        phase: own.and_then(|own| own.get("phase")).and_then(Value::as_str).map(str::to_owned),
        schema: own.and_then(|own| own.get("configSchema")).cloned(),
    })
}

/// What is in a module; of what is none, its size alone.
pub(crate) fn of_module(name: &str, bytes: &[u8]) -> Module {
    let size = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let mut facts = Module { name: name.to_owned(), bytes: size(bytes.len()), ..Module::default() };
    // The version word: 1 is a core module, and components have a layer in its second half.
    facts.component = bytes.get(6).is_some_and(|layer| *layer != 0);
    if facts.component {
        return facts;
    }
    if let Ok(module) = read::Module::parse(bytes, Path::new(name)) {
        let imports = module.imports.into_iter().map(|import| (import.module, import.name, import.signature));
        facts.imports = imports.collect();
        facts.exports =
            module.exports.into_iter().filter_map(|export| Some((export.name, export.signature?))).collect();
        let custom = module.sections.into_iter().filter(|section| section.custom);
        facts.custom_sections = custom.map(|section| (section.name, size(section.bytes))).collect();
        facts.reads_claims = bytes.windows(CLAIMS.len()).any(|window| window == CLAIMS);
    }
    facts
}
