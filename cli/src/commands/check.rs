//! `check`: what proxies and control planes would refuse, ignore or do differently than meant.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use mesh_filter_mesh::lint::{self, Crate, Facts, Finding, Level, Other, RULES, Rule, fix};
use mesh_filter_mesh::{Resource, Target};

use crate::failure::{Failure, Result};
use crate::image::folder::Folder;
use crate::image::open::{REF, RegistryOptions};
use crate::mesh::image_facts;
use crate::mesh::lint::{self as rules, Lint};
use crate::module::read;
use crate::output::{Format, Output};
use crate::project::plugin;
use crate::project::workspace::{Selection, Workspace};

const HELP: &str = "\
Examples:
  cargo mesh-filter check
  cargo mesh-filter check plugin.yaml gateway.yaml --target istio=1.29
  cargo mesh-filter check registry.example.com/team/jwt:1.2 --key filter.pub
  cargo mesh-filter check plugin.yaml --fix
  cargo mesh-filter check --explain L02

Images that resources name are fetched, unless --offline is given, and the
configuration is checked against the schema in the image. Resources of other
kinds, such as Gateway, Service and Secret, tell where a plugin attaches: name
their files too. Without --target the newest releases are meant: istio=1.31,
envoy-gateway=1.9, envoy=1.40.

Exit codes: 0 nothing, or information only, and warnings that are not denied;
1 errors, and with `--deny warnings` warnings; 2 wrong usage, or a file that
cannot be read";

/// Check modules, images and resources: what proxies would refuse or ignore
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// A crate's folder, a module (.wasm), an image, or a file of resources (.yaml, .json); the current crate if absent
    #[arg(value_name = "PATH|REF")]
    what: Vec<String>,
    /// The releases that are meant, such as istio=1.29, envoy-gateway=1.9, envoy=1.40; may be repeated
    #[arg(long, value_name = "PRODUCT=VERSION", value_parser = rules::target, value_delimiter = ',')]
    target: Vec<Target>,
    /// Tell what is behind a rule
    #[arg(long, value_name = "ID", conflicts_with_all = ["list", "fix"])]
    explain: Option<String>,
    /// List all rules
    #[arg(long, conflicts_with = "fix")]
    list: bool,
    /// Mend the files where that changes nothing else
    #[arg(long)]
    fix: bool,
    /// What makes the command fail beside errors
    #[arg(long, value_name = "LEVEL", value_parser = ["warnings"])]
    deny: Option<String>,
    /// The public key by which images have to be signed: a file, or `env://NAME`
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// Plugins for a whole namespace or mesh are meant so
    #[arg(long)]
    yes_mesh_wide: bool,
    /// Fetch no image that resources name
    #[arg(long)]
    offline: bool,
    /// A file with the Secret of a registry's credentials; may be repeated
    #[arg(long, value_name = "FILE")]
    pull_secret: Vec<PathBuf>,
    /// A registry in the proxies' WASM_INSECURE_REGISTRIES, or `*`; may be repeated
    #[arg(long, value_name = "HOST[:PORT]")]
    insecure_registry: Vec<String>,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    /// Reads, fetches, checks, reports.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        if let Some(id) = &self.explain {
            return explain(id, self.format, output);
        }
        if self.list {
            return list(self.format, output);
        }
        let files = self.files();
        let mut findings = self.findings(output)?;
        if self.fix && mend(&files, &findings, output)? {
            findings = self.findings(output)?;
        }
        match self.format {
            Format::Json => output.json(&self.json(&findings))?,
            Format::Text => output.data(&self.text(&findings)),
        }
        let least = if self.deny.is_some() { Level::Warning } else { Level::Error };
        rules::verdict(&findings, least)
    }

    /// The files of resources on the command line.
    fn files(&self) -> Vec<PathBuf> {
        self.what.iter().map(PathBuf::from).filter(|path| is_resource(path)).collect()
    }

    fn targets(&self) -> Vec<Target> {
        if self.target.is_empty() { Facts::newest() } else { self.target.clone() }
    }

    fn findings(&self, output: &Output) -> Result<Vec<Finding>> {
        let mut wanted = Lint {
            targets: self.targets(),
            mesh_wide: self.yes_mesh_wide,
            offline: self.offline,
            key: self.key.clone(),
            insecure_registries: self.insecure_registry.clone(),
            others: rules::others(&self.pull_secret)?,
            ..Lint::default()
        };
        let here = [".".to_owned()];
        let what = if self.what.is_empty() { &here[..] } else { &self.what };
        for text in what {
            let path = Path::new(text);
            if is_resource(path) {
                wanted.resources.extend(Resource::load_all(path)?.0);
                wanted.others.extend(Other::load_all(path)?);
            } else if path.extension().is_some_and(|end| end == "wasm") {
                wanted.modules.push(image_facts::of_module(text, &module(path)?));
            } else if path.is_dir() && !Folder::new(path).is_layout() {
                for (path, facts) in built(path)? {
                    let name = path.display().to_string();
                    wanted.modules.push(image_facts::of_module(&name, &module(&path)?));
                    wanted.crates.push(facts);
                }
            } else if path.is_file() {
                return Err(Failure::usage(format!("`{text}` is none of what is checked"))
                    .help("modules end with .wasm, resources with .yaml, .yml or .json"));
            } else {
                wanted.images.push(text.clone());
            }
        }
        rules::lint(wanted, &self.registry, output)
    }

    fn text(&self, findings: &[Finding]) -> String {
        let mut text = String::new();
        for Finding { rule, level, place, message, help, .. } in findings {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{level}[{rule}]: {place}\n  {message}");
            if let Some(help) = help {
                let _ = writeln!(text, "  help: {help}");
            }
        }
        let targets: Vec<_> = self.targets().iter().map(Target::to_string).collect();
        let by = if self.target.is_empty() { ", the newest known: see --target" } else { "" };
        let count = |level| findings.iter().filter(|finding| finding.level == level).count();
        let _ = writeln!(
            text,
            "{} error(s), {} warning(s), {} information(s) for {}{by}",
            count(Level::Error),
            count(Level::Warning),
            count(Level::Info),
            targets.join(", ")
        );
        text
    }

    fn json(&self, findings: &[Finding]) -> serde_json::Value {
        let targets: Vec<_> = self.targets().iter().map(Target::to_string).collect();
        serde_json::json!({"targets": targets, "findings": findings})
    }
}

fn is_resource(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    ["yaml", "yml", "json"].contains(&end.as_str())
}

fn module(path: &Path) -> Result<Vec<u8>> {
    let bytes = read::bytes_of(path)?;
    // Components are told apart by the rules; what is no Wasm at all is wrong usage.
    if bytes.get(6).is_none_or(|layer| *layer == 0) {
        read::Module::parse(&bytes, path)?;
    }
    Ok(bytes)
}

/// The built modules of a folder's filter crates, and what the crates say.
fn built(folder: &Path) -> Result<Vec<(PathBuf, Crate)>> {
    let manifest = (folder != Path::new(".")).then_some(folder);
    let workspace = Workspace::load(manifest)?;
    let crates = workspace.select(&Selection::default())?.into_iter().map(|one| {
        let path = workspace.target().join("mesh-filter").join(format!("{}.wasm", one.name));
        if !path.is_file() {
            return Err(Failure::usage(format!("there is no `{}`", path.display()))
                .help("build the filter first: cargo mesh-filter build"));
        }
        let filter = one.filter.clone().unwrap_or_default();
        let configuration = plugin::default_configuration(&filter, &one.folder)?;
        let facts = Crate {
            manifest: one.folder.join("Cargo.toml").display().to_string(),
            schema: super::package::schema(&one)?,
            // What is not JSON is the filter's own affair.
            configuration: serde_json::from_slice(&configuration).ok(),
            environment: filter.environment.into_keys().collect(),
        };
        Ok((path, facts))
    });
    crates.collect()
}

/// Writes the files that have fixes; says whether any was.
fn mend(files: &[PathBuf], findings: &[Finding], output: &Output) -> Result<bool> {
    let mut any = false;
    for file in files {
        let cannot = |error: &std::io::Error| {
            Failure::usage(format!("cannot mend `{}`", file.display())).because(error)
        };
        let text = std::fs::read_to_string(file).map_err(|error| cannot(&error))?;
        let fixed = fix::apply(&file.display().to_string(), &text, findings)?;
        for line in &fixed.done {
            output.progress("Fixed", line);
        }
        for line in &fixed.left {
            output.warning(&format!("not fixed, because its text is in several lines or shared: {line}"));
        }
        if !fixed.done.is_empty() {
            std::fs::write(file, &fixed.text).map_err(|error| cannot(&error))?;
            any = true;
        }
    }
    Ok(any)
}

fn explain(id: &str, format: Format, output: &Output) -> Result<()> {
    let Some(Rule { id, level, title, explanation, evidence, .. }) = Rule::named(id) else {
        return Err(Failure::usage(format!("there is no rule `{id}`"))
            .help("`cargo mesh-filter check --list` shows all of them: L01 to L24"));
    };
    match format {
        Format::Json => output.json(&serde_json::json!({
            "id": id, "level": level, "title": title, "explanation": explanation, "evidence": evidence,
        })),
        Format::Text => {
            output
                .data(&format!("{id} ({level}): {title}\n\n{explanation}\n\nSee {}\n", evidence.join(", ")));
            Ok(())
        }
    }
}

fn list(format: Format, output: &Output) -> Result<()> {
    match format {
        Format::Json => {
            let rules = RULES
                .iter()
                .map(|rule| serde_json::json!({"id": rule.id, "level": rule.level, "title": rule.title}));
            output.json(&rules.collect::<Vec<_>>())
        }
        Format::Text => {
            let lines = RULES
                .iter()
                .map(|rule| format!("{:<7}{:<7}  {}\n", rule.id, rule.level.to_string(), rule.title));
            let rest = [
                (lint::CRD, "what the API server refuses, by the definition of a resource's kind"),
                (lint::FETCH, "an image that cannot be fetched"),
            ];
            let rest = rest.map(|(id, title)| format!("{id:<7}{:<7}  {title}\n", "error"));
            output.data(&(lines.collect::<String>() + &rest.concat()));
            Ok(())
        }
    }
}
