//! What `inspect REF` says about an image before it comes to the module inside.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::open::{self, RegistryOptions};
use crate::failure::Result;
use crate::image::accept::{self, Accepted, Variant};
use crate::image::digest::Digest;
use crate::image::referrers::{self, Referrer};
use crate::image::runtime_config::RuntimeConfig;
use crate::output::{self, Output};

/// An image as proxies see it.
#[derive(Debug, Serialize)]
pub(crate) struct ImageReport {
    reference: String,
    manifest: Digest,
    /// Where it was found in an index: pinned by this digest it would not load.
    index: Option<Digest>,
    layout: Variant,
    layers: Vec<(Digest, u64)>,
    config: Digest,
    module: Digest,
    annotations: BTreeMap<String, String>,
    runtime_config: Option<RuntimeConfig>,
    referrers: Vec<Referrer>,
}

/// Fetches an image, and gives its module.
pub(crate) fn fetch(
    text: &str,
    options: &RegistryOptions,
    output: &Output,
) -> Result<(ImageReport, Vec<u8>)> {
    let reference = open::reference(text)?;
    let store = options.open(&reference)?;
    let mut told = |so_far| open::show(output, "Pulling", &reference.to_string(), so_far, so_far);
    let accepted = accept::accept(&*store, &reference.which(), &mut told);
    output.live(None);
    let Accepted { digest, index, variant, manifest, module, runtime_config } =
        accepted.map_err(|error| open::refused(&reference, &error))?;
    // What an index is about is about its image, too.
    let mut about = Vec::new();
    for subject in index.iter().chain([&digest]) {
        about.extend(referrers::of(&*store, subject).map_err(|error| open::failed(&reference, &error))?);
    }
    let report = ImageReport {
        referrers: about,
        reference: reference.to_string(),
        manifest: digest,
        index,
        layout: variant,
        layers: manifest.layers.into_iter().map(|layer| (layer.digest, layer.size)).collect(),
        config: manifest.config.digest,
        module: Digest::of(&module),
        annotations: manifest.annotations,
        // One of another's making may have another form.
        runtime_config: runtime_config.and_then(|text| serde_json::from_slice(&text).ok()),
    };
    Ok((report, module))
}

impl ImageReport {
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.reference);
        let mut fact = |name: &str, value: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {name:<12} {value}");
        };
        if let Some(index) = &self.index {
            fact("index", &format!("{index} (pinned by this digest, no proxy loads it)"));
        }
        fact("manifest", &self.manifest.to_string());
        fact("layout", self.layout.text());
        for (digest, size) in &self.layers {
            let size = output::bytes(usize::try_from(*size).unwrap_or(usize::MAX));
            fact("layer", &format!("{digest} ({size})"));
        }
        fact("config", &self.config.to_string());
        fact("module", &self.module.to_string());
        for (name, value) in &self.annotations {
            fact("annotation", &format!("{name}: {value}"));
        }
        if let Some(config) = &self.runtime_config {
            fact("root ids", &format!("{:?}", config.config.root_ids));
            if let Some(plugin) = &config.plugin {
                fact("plugin", &format!("{} {}", plugin.name, plugin.version.as_deref().unwrap_or_default()));
                fact(
                    "schema",
                    if plugin.config_schema.is_some() { "of its configuration is inside" } else { "none" },
                );
            }
        }
        for one in &self.referrers {
            let size = output::bytes(usize::try_from(one.size).unwrap_or(usize::MAX));
            let kind = one.artifact_type.as_deref().unwrap_or("of no type");
            fact("referrer", &format!("{} ({size}) {kind}", one.digest));
        }
        text.push('\n');
        text
    }
}
