//! Google's test files, and the plugins that they are about.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use mesh_filter_runtime::vm::Profile;
use mesh_filter_test::google::{self, Logs, Suite};

use crate::failure::{Failure, Result};
use crate::output::Output;

/// The plugin that was named on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Named {
    pub(crate) plugin: Option<PathBuf>,
    pub(crate) configuration: Option<PathBuf>,
}

/// A file of Google's that has been read, with what its plugin is configured with.
#[derive(Debug)]
pub(crate) struct GoogleFile {
    pub(crate) suite: Suite,
    pub(crate) module: PathBuf,
    pub(crate) configuration: Vec<u8>,
    /// What of the command line has to be there again to play a case of it.
    pub(crate) options: String,
    pub(crate) logs: Logs,
}

/// Whether the file is one of Google's; one that cannot be read is said to be none.
pub(crate) fn is_google_file(path: &Path) -> bool {
    google::is_textpb(path)
        || std::fs::read_to_string(path).is_ok_and(|text| google::is_test_file(path, &text))
}

/// The scenario file that says the same, to stand beside the test file.
pub(crate) fn imported(path: &Path, plugin: Option<&Path>, configuration: Option<&Path>) -> Result<String> {
    let suite = google::load(path)?;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute(path).parent().map(Path::to_owned).unwrap_or_default();
    // What does not stand below the file's folder is named as a whole.
    let beside = |path: &Path| {
        let path = absolute(path);
        path.strip_prefix(&folder).map(Path::to_owned).unwrap_or(path)
    };
    Ok(suite.to_scenarios(plugin.map(beside).as_deref(), configuration.map(beside).as_deref()))
}

impl GoogleFile {
    /// Reads it with the files that it names, and says what of it has no effect.
    pub(crate) fn load(path: &Path, named: &Named, profile: Profile, output: &Output) -> Result<Self> {
        let suite = google::load(path)?;
        for note in suite.notes() {
            output.warning(&note.to_string());
        }
        let module = named.plugin.as_deref().or_else(|| suite.module()).ok_or_else(|| {
            Failure::usage(format!("`{}` does not say which plugin it tests", path.display()))
                .help("name its module: --plugin FILE.wasm, or `wasm_path` in the file's `env`")
        })?;
        let module = module.canonicalize().map_err(|error| {
            let (file, module) = (path.display(), module.display());
            Failure::usage(format!("`{file}` tests `{module}`, which cannot be read")).because(&error)
        })?;
        let configuration = match &named.configuration {
            Some(file) => std::fs::read(file).map_err(|error| {
                Failure::usage(format!("cannot read the configuration `{}`", file.display())).because(&error)
            })?,
            None => suite.configuration()?,
        };
        let mut options = Vec::new();
        if let Some(plugin) = &named.plugin {
            options.push(format!("--plugin {}", plugin.display()));
        }
        if let Some(file) = &named.configuration {
            options.push(format!("--config {}", file.display()));
        }
        if profile != Profile::Tolerant {
            options.push(format!("--profile {}", profile.name()));
        }
        Ok(Self { suite, module, configuration, options: options.join(" "), logs: Logs::default() })
    }

    /// Appends what the plugin has logged to where the file wants it.
    pub(crate) fn write_logs(&self, stdout_is_taken: bool, output: &Output) -> Result<()> {
        let Some(path) = self.suite.log_path() else { return Ok(()) };
        let text = self.logs.text();
        match path.to_str() {
            Some("/dev/stdout") if !stdout_is_taken => {
                output.data(&text);
                Ok(())
            }
            Some("/dev/stdout" | "/dev/stderr") => {
                output.aside(&text);
                Ok(())
            }
            _ => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
                    Failure::usage(format!("cannot append the plugin's log to `{}`", path.display()))
                        .because(&error)
                })
            }
        }
    }
}
