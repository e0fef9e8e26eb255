//! `inspect`: what is inside a module, and what hosts will make of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use mesh_filter_runtime::vm::Profile;
use serde::Serialize;

use crate::failure::Result;
use crate::image::folder::Folder;
use crate::image::open::RegistryOptions;
use crate::image::report::{self, ImageReport};
use crate::module::check::{self, Verdict, Warning};
use crate::module::read::{self, Memory, Module, Section};
use crate::module::size::{self, Share, Sizes};
use crate::output::{Format, Output, bytes};
use crate::project::profile::ProfileOption;

const HELP: &str = "\
Examples:
  cargo mesh-filter inspect target/mesh-filter/jwt-auth.wasm
  cargo mesh-filter inspect plugin.wasm --top 40
  cargo mesh-filter inspect plugin.wasm --profile envoy
  cargo mesh-filter inspect registry.example.com/team/jwt:1.2
  cargo mesh-filter inspect plugin.wasm --format json | jq '.warnings[].name'

Any core module will do, whatever language it was written in. Names of
functions come from the module, or from the side file `<name>.symbols.wasm`
beside it, if that holds the same code. Whether proxies of the profile load
it stands after `profile`; warnings tell why not.

Exit codes: 0 shown (warnings included), 1 proxies would not load the image,
2 not a Wasm module, or wrong usage";

/// Show what is inside a Wasm module, or an image: digests, ABI, imports, callbacks, sizes, warnings
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The module, or an image with a module
    #[arg(value_name = "FILE.wasm|REF")]
    file: String,
    /// How many crates and functions to list
    #[arg(long, value_name = "N", default_value_t = 15)]
    top: usize,
    #[command(flatten)]
    profile: ProfileOption,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Everything that is shown about a module.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageReport>,
    file: PathBuf,
    bytes: usize,
    gzip_bytes: usize,
    profile: &'static str,
    loads: bool,
    abi_version: Option<&'static str>,
    producers: Vec<[String; 3]>,
    features: Vec<String>,
    memory: Option<Memory>,
    allocator: Option<&'static str>,
    start_functions: Vec<&'static str>,
    callbacks: Vec<&'static str>,
    imports: Vec<ImportLine>,
    other_exports: Vec<String>,
    sections: Vec<Section>,
    functions: usize,
    data_bytes: usize,
    names_from: Option<PathBuf>,
    sizes: Sizes,
    warnings: Vec<Warning>,
}

#[derive(Debug, Serialize)]
struct ImportLine {
    module: String,
    name: String,
    signature: Option<String>,
    verdict: Verdict,
}

impl Args {
    /// Reads, then reports.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let path = PathBuf::from(&self.file);
        // What looks like a file is one, also where it is missing or a folder.
        let is_file = path.is_file()
            || path.extension().is_some_and(|extension| extension == "wasm")
            || path.is_dir() && !Folder::new(&path).is_layout();
        let (image, bytes) = match is_file {
            true => (None, read::bytes_of(&path)?),
            false => {
                let (image, module) = report::fetch(&self.file, &self.registry, output)?;
                (Some(image), module)
            }
        };
        let module = Module::parse(&bytes, &path)?;
        let mut report = Report::new(path, &bytes, module, self.profile.profile());
        report.image = image;
        report.sizes.crates.truncate(self.top);
        report.sizes.functions.truncate(self.top);
        match self.format {
            Format::Json => output.json(&report)?,
            Format::Text => output.data(&report.text()),
        }
        Ok(())
    }
}

impl Report {
    fn new(file: PathBuf, bytes: &[u8], module: Module, profile: Profile) -> Self {
        let version = check::abi_version(&module);
        let mut warnings = check::warnings(&module, profile);
        let (names, names_from) = names(&file, &module, &mut warnings);
        let callbacks = check::callbacks(&module);
        let others = module.exports.iter().map(|export| export.name.clone());
        Self {
            image: None,
            bytes: bytes.len(),
            gzip_bytes: super::build::gzip_size(bytes),
            profile: profile.name(),
            loads: !warnings.iter().any(|warning| warning.refused),
            abi_version: version.map(|version| version.name()),
            memory: module.memory,
            allocator: check::allocator(&module),
            start_functions: check::start_functions(&module),
            other_exports: others.filter(|name| !callbacks.contains(&name.as_str())).collect(),
            imports: module
                .imports
                .iter()
                .map(|import| ImportLine {
                    module: import.module.clone(),
                    name: import.name.clone(),
                    signature: import.signature.clone(),
                    verdict: check::judge(import, version),
                })
                .collect(),
            callbacks,
            functions: module.bodies.len(),
            data_bytes: module.data_bytes,
            sizes: size::measure(&module, &names),
            names_from,
            warnings,
            producers: module.producers,
            features: module.features,
            sections: module.sections,
            file,
        }
    }

    fn text(&self) -> String {
        let mut text = self.image.as_ref().map_or_else(String::new, ImageReport::text);
        line(&mut text, &self.file.display().to_string());
        let mut fact = |name: &str, value: &str| line(&mut text, &format!("  {name:<12} {value}"));
        fact("size", &format!("{} ({} gzipped)", bytes(self.bytes), bytes(self.gzip_bytes)));
        fact("ABI", self.abi_version.unwrap_or("none: no `proxy_abi_version_*` export"));
        let loads = if self.loads { "loads" } else { "does not load" };
        fact("profile", &format!("{}: {loads}", self.profile));
        for [field, name, version] in &self.producers {
            fact(field, format!("{name} {version}").trim_end());
        }
        let memory = self.memory.map_or_else(
            || "none".to_owned(),
            |memory| {
                let most =
                    memory.max_pages.map_or_else(|| "no maximum".to_owned(), |max| format!("at most {max}"));
                format!("{} pages of 64 KiB at the start, {most}", memory.min_pages)
            },
        );
        fact("memory", &memory);
        fact("data", &bytes(self.data_bytes));
        fact("allocator", self.allocator.unwrap_or("none"));
        fact("start", &or_none(&self.start_functions.join(", ")));
        fact("callbacks", &or_none(&self.callbacks.join("\n               ")));

        line(&mut text, &format!("\nimports ({})", self.imports.len()));
        for import in &self.imports {
            let mark = if import.verdict == Verdict::Known {
                String::new()
            } else {
                format!("  <- {}", import.verdict.text())
            };
            let signature = import.signature.as_deref().unwrap_or("not a function");
            line(&mut text, &format!("  {}.{} {signature}{mark}", import.module, import.name));
        }
        line(&mut text, "\nsections");
        for section in &self.sections {
            let kind = if section.custom { " (custom)" } else { "" };
            line(&mut text, &format!("  {:>9}  {}{kind}", section.bytes, section.name));
        }
        let source = match &self.names_from {
            Some(path) if *path != self.file => format!("; names from {}", path.display()),
            Some(_) => String::new(),
            None => "; the module has no names, and there is no side file".to_owned(),
        };
        line(&mut text, &format!("\ncode by group ({} functions{source})", self.functions));
        table(&mut text, &self.sizes.groups, true);
        if self.names_from.is_some() {
            line(&mut text, "\ncode by crate or package");
            table(&mut text, &self.sizes.crates, true);
        }
        line(&mut text, "\nlargest functions");
        table(&mut text, &self.sizes.functions, false);
        if !self.warnings.is_empty() {
            line(&mut text, "\nwarnings");
            for warning in &self.warnings {
                line(&mut text, &format!("  {}: {}", warning.name, warning.message));
            }
        }
        text
    }
}

/// Names of functions from the module itself, or from the side file that `build` writes.
fn names(
    file: &Path,
    module: &Module,
    warnings: &mut Vec<Warning>,
) -> (BTreeMap<u32, String>, Option<PathBuf>) {
    if !module.names.is_empty() {
        return (module.names.clone(), Some(file.to_owned()));
    }
    let side = file.with_extension("symbols.wasm");
    if !side.is_file() || side == file {
        return (BTreeMap::new(), None);
    }
    let symbols = read::bytes_of(&side).and_then(|bytes| Module::parse(&bytes, &side));
    match symbols {
        Ok(symbols) if symbols.code == module.code => (symbols.names, Some(side)),
        Ok(_) => {
            let message = format!("`{}` belongs to other code: build again", side.display());
            warnings.push(Warning { name: "stale-symbols", refused: false, message });
            (BTreeMap::new(), None)
        }
        Err(failure) => {
            warnings.push(Warning { name: "stale-symbols", refused: false, message: failure.message });
            (BTreeMap::new(), None)
        }
    }
}

fn table(text: &mut String, shares: &[Share], count: bool) {
    for share in shares {
        let functions = if count { format!("{:>6}", share.functions) } else { String::new() };
        line(text, &format!("  {:>9}{functions}  {}", share.bytes, share.name));
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}
