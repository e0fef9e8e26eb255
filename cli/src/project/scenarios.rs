//! Scenario files, and the modules that they are about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mesh_filter_runtime::vm::Profile;
use mesh_filter_test::cost::Measured;
use mesh_filter_test::google::Subject;
use mesh_filter_test::report::Report;
use mesh_filter_test::scenario::{self, Batch, Options as Play, Reading, Suite};
use mesh_filter_test::{Envoy, EnvoyError, World};

use crate::failure::{Failure, Result};
use crate::output::Output;

use super::build::{self, Options};
use super::costs::EnvoyCost;
use super::engine::Engine;
use super::google::{self, GoogleFile, Named};
use super::progress;
use super::workspace::{FilterCrate, Selection, Workspace};

/// How scenario files are named.
const ENDING: &str = ".test.yaml";

/// The scenario files that a path means: itself, or those in the folder or in its `tests/`.
pub(crate) fn files_at(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = listed(path)?;
    files.extend(listed(&path.join("tests"))?);
    if files.is_empty() {
        return Err(Failure::usage(format!("no scenario file in `{}`", path.display())).help(format!(
            "scenario files are named *{ENDING}, and are in the folder itself or in its tests/"
        )));
    }
    Ok(files)
}

/// The scenario files of a crate; there may be none.
pub(crate) fn files_of(filter_crate: &FilterCrate) -> Result<Vec<PathBuf>> {
    listed(&short(&filter_crate.folder).join("tests"))
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Failure::usage(format!("cannot list `{}`", folder.display())).because(&error));
        }
    };
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<_> = files.filter(|file| file.to_string_lossy().ends_with(ENDING)).collect();
    files.sort();
    Ok(files)
}

/// The path as one would type it here.
fn short(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
}

/// A scenario file that has been read.
#[derive(Debug)]
pub(crate) struct ScenarioFile {
    pub(crate) suite: Suite,
    /// The folder of the crate, or the module, that it is about.
    about: PathBuf,
}

impl ScenarioFile {
    /// Reads it, and builds nothing yet.
    pub(crate) fn load(path: &Path, reading: Reading) -> Result<Self> {
        let suite = scenario::load_with(path, reading)?;
        let about = subject(&suite, path)?;
        Ok(Self { suite, about })
    }
}

/// A file with cases.
#[derive(Debug)]
pub(crate) enum TestFile {
    /// A scenario file.
    Scenarios(ScenarioFile),
    /// One of Google's.
    Google(GoogleFile),
}

impl TestFile {
    /// Reads it, whichever kind it is of.
    pub(crate) fn load(
        path: &Path,
        reading: Reading,
        named: &Named,
        profile: Profile,
        output: &Output,
    ) -> Result<Self> {
        if google::is_google_file(path) {
            return GoogleFile::load(path, named, profile, output).map(Self::Google);
        }
        ScenarioFile::load(path, reading).map(Self::Scenarios)
    }

    /// Whether a plugin that is named on the command line is for it.
    fn takes_plugin(&self) -> bool {
        matches!(self, Self::Google(_))
    }

    /// The file, as it was named.
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Scenarios(file) => file.suite.file(),
            Self::Google(file) => file.suite.file(),
        }
    }

    /// Its cases in order: name and line.
    pub(crate) fn cases(&self) -> Vec<(&str, usize)> {
        match self {
            Self::Scenarios(file) => file.suite.cases().collect(),
            Self::Google(file) => file.suite.cases().collect(),
        }
    }

    /// How many cases have this in their name.
    pub(crate) fn count(&self, wanted: &str) -> usize {
        self.cases().iter().filter(|(name, _)| name.contains(wanted)).count()
    }

    fn about(&self) -> &Path {
        match self {
            Self::Scenarios(file) => &file.about,
            Self::Google(file) => &file.module,
        }
    }
}

/// Reads files; where a plugin is named they have to be such as take one.
pub(crate) fn load(
    paths: &[PathBuf],
    reading: Reading,
    named: &Named,
    profile: Profile,
    output: &Output,
) -> Result<Vec<TestFile>> {
    let files = paths.iter().map(|path| TestFile::load(path, reading, named, profile, output));
    let files = files.collect::<Result<Vec<_>>>()?;
    if (named.plugin.is_some() || named.configuration.is_some())
        && let Some(file) = files.iter().find(|file| !file.takes_plugin())
    {
        let problem = format!("`{}` is a scenario file, which names its filter itself", file.file());
        return Err(Failure::usage(problem).help(
            "--plugin and --config are for test files of Google's; `filter:` and `config:` are keys of scenario files",
        ));
    }
    Ok(files)
}

/// Plays scenario files on built modules.
pub(crate) struct Player<'a> {
    options: Options,
    profile: Profile,
    engines: Vec<Engine>,
    output: &'a Output,
    /// The worlds of each subject, in the order of the engines.
    worlds: BTreeMap<PathBuf, Vec<World>>,
    /// The Envoys that run, by their engine.
    envoys: Vec<(Engine, Arc<Envoy>)>,
}

impl<'a> Player<'a> {
    /// A player that has built nothing yet.
    pub(crate) fn new(options: Options, profile: Profile, engines: Vec<Engine>, output: &'a Output) -> Self {
        Self { options, profile, engines, output, worlds: BTreeMap::new(), envoys: Vec::new() }
    }

    /// Plays the cases of these files whose names contain `wanted`.
    pub(crate) fn play(&mut self, files: &[TestFile], wanted: &str, how: Play) -> Result<Report> {
        for file in files {
            // What no case is wanted of need not be built.
            if !self.worlds.contains_key(file.about()) && file.count(wanted) > 0 {
                let worlds = self.worlds_of(file.about())?;
                self.worlds.insert(file.about().to_owned(), worlds);
            }
        }
        let mut worlds = Vec::new();
        for file in files {
            worlds.push(self.worlds_for(file)?);
        }
        let mut batch = Batch::default();
        for (file, worlds) in files.iter().zip(&worlds) {
            match file {
                TestFile::Scenarios(file) => {
                    for world in worlds {
                        batch.add(&file.suite, world, |name| name.contains(wanted));
                    }
                }
                TestFile::Google(_) if worlds.is_empty() => {}
                TestFile::Google(file) => {
                    let engines = self.engines.iter().zip(worlds);
                    let wasm = engines.into_iter().find(|(engine, _)| **engine == Engine::Wasm);
                    let Some((_, world)) = wasm else {
                        return Err(only_wasm(file.suite.file()));
                    };
                    let subject =
                        Subject { world, configuration: &file.configuration, options: &file.options };
                    batch.add_tests(&file.suite, subject, &file.logs, |name| name.contains(wanted));
                }
            }
        }
        Ok(progress::shown(self.output, batch.len(), |begins| batch.play(how, begins)))
    }

    /// Measures the cases of a file whose names contain `wanted`, over so many exchanges each.
    pub(crate) fn measure(
        &mut self,
        file: &TestFile,
        wanted: &str,
        exchanges: usize,
    ) -> Result<Vec<std::result::Result<Measured, String>>> {
        if !self.worlds.contains_key(file.about()) && file.count(wanted) > 0 {
            let worlds = self.worlds_of(file.about())?;
            self.worlds.insert(file.about().to_owned(), worlds);
        }
        let worlds = self.worlds_for(file)?;
        let Some(world) = worlds.first() else { return Ok(Vec::new()) };
        Ok(match file {
            TestFile::Scenarios(file) => file.suite.measure(world, exchanges, |name| name.contains(wanted)),
            TestFile::Google(file) if worlds.len() > 1 => return Err(only_wasm(file.suite.file())),
            TestFile::Google(file) => {
                let subject = Subject { world, configuration: &file.configuration, options: &file.options };
                file.suite.measure(subject, exchanges, |name| name.contains(wanted))
            }
        })
    }

    /// Measures the CPU time of each Envoy for the cases of a file whose names contain `wanted`; by engine and case.
    pub(crate) fn measure_envoys(
        &mut self,
        file: &TestFile,
        wanted: &str,
        exchanges: usize,
    ) -> Result<Vec<EnvoyCost>> {
        let TestFile::Scenarios(scenarios) = file else { return Ok(Vec::new()) };
        let mut costs = Vec::new();
        for (engine, world) in self.engines.clone().iter().zip(self.worlds_for(file)?) {
            if let Engine::Envoy(_) = engine {
                self.output.progress("Measuring", &format!("{} on {engine}", file.file()));
                let measured = scenarios.suite.measure_envoy(&world, exchanges, |name| name.contains(wanted));
                let cost = |(case, cpu)| EnvoyCost { engine: engine.to_string(), case, cpu };
                costs.extend(measured.into_iter().map(cost));
            }
        }
        Ok(costs)
    }

    /// The worlds that a file is played on, with the other filters of its chains; none where none of its
    /// cases is wanted.
    fn worlds_for(&mut self, file: &TestFile) -> Result<Vec<World>> {
        let Some(mut worlds) = self.worlds.get(file.about()).cloned() else { return Ok(Vec::new()) };
        if let TestFile::Scenarios(file) = file {
            for (name, path) in file.suite.other_filters() {
                let about = path.canonicalize().map_err(|error| {
                    Failure::usage(format!(
                        "`{}` has the filter `{name}` in a chain, which cannot be read",
                        file.suite.file()
                    ))
                    .because(&error)
                })?;
                if !self.worlds.contains_key(&about) {
                    let others = self.worlds_of(&about)?;
                    self.worlds.insert(about.clone(), others);
                }
                let others = self.worlds.get(&about).cloned().unwrap_or_default();
                let pairs = worlds.into_iter().zip(others);
                worlds = pairs.map(|(world, other)| world.with_filter(name, other)).collect();
            }
        }
        Ok(worlds)
    }

    fn worlds_of(&mut self, about: &Path) -> Result<Vec<World>> {
        let (module, symbols) = if about.is_dir() {
            let workspace = Workspace::load(Some(about))?;
            let crates = workspace.select(&Selection::default())?;
            let [one] = crates.as_slice() else {
                return Err(Failure::usage(format!(
                    "`{}` is a workspace with several filters",
                    about.display()
                ))
                .help("`filter:` in a scenario file names the folder of one crate, or a module"));
            };
            let artifact = build::build_one(&workspace, one, &self.options, self.output)?;
            (artifact.wasm, artifact.symbols)
        } else {
            let symbols = about.with_extension("symbols.wasm");
            (about.to_owned(), symbols.is_file().then_some(symbols))
        };
        let bytes = crate::module::read::bytes_of(&module)?;
        let symbols = symbols.map(|symbols| crate::module::read::bytes_of(&symbols)).transpose()?;
        let name = module.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut worlds = Vec::new();
        for engine in self.engines.clone() {
            worlds.push(match &engine {
                Engine::Native => continue,
                Engine::Wasm => {
                    World::wasm_in(self.profile, &bytes, &name, symbols.as_deref()).map_err(|error| {
                        Failure::usage(format!("`{}` cannot be loaded", module.display()))
                            .because(&error)
                            .help(format!("see what is in it: {}", self.inspection(&module)))
                    })?
                }
                Engine::Envoy(version) => {
                    let envoy = self.envoy(&engine, version.as_deref())?;
                    let world = World::envoy(&envoy, &bytes, &name).map_err(unusable)?;
                    world.labelled(&engine.to_string())
                }
            });
        }
        Ok(worlds)
    }

    /// The Envoy of an engine; one for all files.
    fn envoy(&mut self, engine: &Engine, version: Option<&str>) -> Result<Arc<Envoy>> {
        if let Some((_, envoy)) = self.envoys.iter().find(|(other, _)| other == engine) {
            return Ok(Arc::clone(envoy));
        }
        let program = super::envoy::find(version, self.options.offline, self.output)?;
        let own =
            std::env::temp_dir().join(format!("mesh-filter-{}-{}", std::process::id(), self.envoys.len()));
        let envoy = Envoy::new(&program, &own, &super::envoy::cache()?.join("clock")).map_err(unusable)?;
        self.envoys.push((engine.clone(), Arc::clone(&envoy)));
        Ok(envoy)
    }

    fn inspection(&self, module: &Path) -> String {
        let profile = match self.profile {
            Profile::Tolerant => String::new(),
            profile => format!(" --profile {}", profile.name()),
        };
        format!("cargo mesh-filter inspect {}{profile}", module.display())
    }
}

/// The folder of the crate, or the module, that a file is about.
fn subject(suite: &Suite, file: &Path) -> Result<PathBuf> {
    let named = suite.filter().map(Path::to_owned);
    let crate_folder = || {
        let absolute = std::path::absolute(file).ok()?;
        absolute.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").is_file()).map(Path::to_owned)
    };
    let Some(about) = named.or_else(crate_folder) else {
        return Err(Failure::usage(format!("`{}` does not say which filter it is about", file.display()))
            .help("write `filter: ../` for the crate above its folder, or the path of a module"));
    };
    about.canonicalize().map_err(|error| {
        Failure::usage(format!("`{}` is about `{}`, which cannot be read", file.display(), about.display()))
            .because(&error)
    })
}

fn only_wasm(file: &str) -> Failure {
    Failure::usage(format!("`{file}` can be played on `wasm` only"))
        .help("Google's test files call single phases; `--import` makes scenario files of them")
}

fn unusable(error: EnvoyError) -> Failure {
    Failure::missing_tool("scenarios cannot be played on Envoy").because(&error)
}
