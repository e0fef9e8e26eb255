//! The templates, embedded in the program, and how they become files.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};

use crate::failure::{Failure, Result};

use super::name::CrateName;
use super::sdk::Sdk;

/// What a new filter begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Template {
    /// A header for the upstream and the client
    Header,
    /// A call to another service before the request goes on, with a fallback
    Callout,
    /// A response body, changed while it streams
    Body,
    /// The `proxy-wasm` crate alone: callbacks in place of the SDK's async function
    Plain,
}

/// A file of the new crate.
struct File {
    /// Its path there.
    path: &'static str,
    /// Its path in `templates/`; what ends with `.jinja` is rendered.
    source: &'static str,
    text: &'static str,
}

macro_rules! file {
    ($path:literal, $source:literal) => {
        File { path: $path, source: $source, text: include_str!(concat!("../../templates/", $source)) }
    };
}

/// Files of every new crate.
const COMMON: &[File] = &[
    file!("Cargo.toml", "common/Cargo.toml.jinja"),
    file!("README.md", "common/README.md.jinja"),
    file!(".gitignore", "common/gitignore"),
    file!("clippy.toml", "common/clippy.toml.jinja"),
    file!("rust-toolchain.toml", "common/rust-toolchain.toml"),
    file!(".github/workflows/ci.yml", "common/ci.yml.jinja"),
];

const HEADER: &[File] = &[
    file!("src/lib.rs", "header/src/lib.rs"),
    file!("tests/scenarios.rs", "header/tests/scenarios.rs.jinja"),
    file!("tests/scenarios.test.yaml", "header/tests/scenarios.test.yaml"),
];

const CALLOUT: &[File] = &[
    file!("src/lib.rs", "callout/src/lib.rs"),
    file!("src/config.rs", "callout/src/config.rs"),
    file!("src/verdict.rs", "callout/src/verdict.rs"),
    file!("tests/scenarios.rs", "callout/tests/scenarios.rs.jinja"),
    file!("tests/scenarios.test.yaml", "callout/tests/scenarios.test.yaml"),
];

const BODY: &[File] = &[
    file!("src/lib.rs", "body/src/lib.rs"),
    file!("src/replace.rs", "body/src/replace.rs"),
    file!("tests/scenarios.rs", "body/tests/scenarios.rs.jinja"),
    file!("tests/scenarios.test.yaml", "body/tests/scenarios.test.yaml"),
];

const PLAIN: &[File] = &[
    file!("src/lib.rs", "plain/src/lib.rs"),
    file!("src/config.rs", "plain/src/config.rs"),
    file!("tests/scenarios.test.yaml", "plain/tests/scenarios.test.yaml"),
    file!(".cargo/config.toml", "plain/cargo-config.toml"),
];

impl Template {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Callout => "callout",
            Self::Body => "body",
            Self::Plain => "plain",
        }
    }

    fn files(self) -> &'static [File] {
        match self {
            Self::Header => HEADER,
            Self::Callout => CALLOUT,
            Self::Body => BODY,
            Self::Plain => PLAIN,
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Header => "Tells the upstream and the client by a header that they met this filter",
            Self::Callout => "Asks another service about each request before it goes on",
            Self::Body => "Replaces a text in response bodies while they stream through",
            Self::Plain => "Says in every response who has served it",
        }
    }

    /// The default configuration, as a value in `Cargo.toml`.
    fn config(self) -> &'static str {
        match self {
            Self::Header => r#"{ header = "x-served-by", value = "mesh-filter" }"#,
            Self::Callout => {
                r#"{ cluster = "guard", header = "x-group", timeout_ms = 50, fallback = "everybody" }"#
            }
            Self::Body => r#"{ from = "http://old.example", to = "https://new.example" }"#,
            Self::Plain => r#"{ header = "x-served-by", value = "mesh-filter" }"#,
        }
    }

    /// The clusters that the filter calls, as a value in `Cargo.toml`.
    fn clusters(self) -> &'static str {
        match self {
            Self::Callout => r#"["guard"]"#,
            Self::Header | Self::Body | Self::Plain => "[]",
        }
    }

    /// The files of a new crate: paths and texts.
    pub(crate) fn render(self, name: &CrateName, sdk: &Sdk) -> Result<Vec<(&'static str, String)>> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Lines with nothing but a tag vanish.
        let syntax =
            SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
        environment
            .set_syntax(syntax.map_err(|error| Failure::failed("the templates' syntax").because(&error))?);
        let checkout = match sdk {
            Sdk::Checkout(checkout) if self != Self::Plain => checkout.display().to_string(),
            _ => String::new(),
        };
        let values: BTreeMap<&str, String> = [
            ("name", name.as_str().to_owned()),
            ("library", name.as_str().replace('-', "_")),
            ("template", self.name().to_owned()),
            ("description", self.description().to_owned()),
            ("config", self.config().to_owned()),
            ("clusters", self.clusters().to_owned()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("checkout", checkout),
            ("sdk", sdk.dependency("mesh-filter")),
            ("harness", sdk.dependency("mesh-filter-test")),
        ]
        .into();
        let values = Value::from(values);
        COMMON
            .iter()
            .chain(self.files())
            .map(|file| {
                if !file.source.ends_with(".jinja") {
                    return Ok((file.path, file.text.to_owned()));
                }
                let text = environment.render_str(file.text, &values).map_err(|error| {
                    Failure::failed(format!("the template `{}` cannot be rendered", file.source))
                        .because(&error)
                })?;
                Ok((file.path, text))
            })
            .collect()
    }
}

/// Writes the files of a new crate below `folder`.
pub(crate) fn write(folder: &Path, files: &[(&'static str, String)]) -> Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| Failure::failed(format!("cannot write `{}`", path.display())).because(&error))?;
    }
    Ok(())
}
