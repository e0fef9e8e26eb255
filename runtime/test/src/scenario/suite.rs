//! A scenario file as a whole: settings, scenarios, and the cases that they stand for.

use super::body::{bytes, configuration};
use super::chain::{Link, chain};
use super::chunking::{Plan, chunking};
use super::earlier::check_names;
use super::fault::faults;
use super::files::Folder;
use super::golden::Goldens;
use super::include::Included;
use super::matchers::matcher;
use super::message::{behaviour, rules};
use super::portable::{Need, requires};
use super::properties::properties;
use super::step::Step;
use super::template::Variables;
use super::time::moment;
use super::workers::workers;
use crate::matcher::Matcher;
use crate::sim::{Fault, Properties, Rules, Setup};
use crate::traffic::{Behaviour, Chunking, Message};
use bytes::Bytes;
use mesh_filter_runtime::document::{Document, Entry, Error, Fields, Node, Place, Result};
use mesh_filter_runtime::plugin::FailurePolicy;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// The version of the format that is read.
const VERSION: &str = "1";

/// A scenario file that has been read and found well-formed.
#[derive(Debug)]
pub struct Suite {
    pub(super) file: String,
    pub(super) filter: Option<PathBuf>,
    pub(super) cases: Vec<Case>,
    /// With so many seeds each case is played.
    pub(super) seeds: NonZeroU32,
}

/// One case: a scenario with the values of one row of its `each`.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) settings: Settings,
    pub(super) steps: Vec<Step>,
    /// The filter does not start, and logs this.
    pub(super) refused: Option<(Place, Matcher)>,
}

/// What stands at the file's top or in a scenario.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) setup: Setup,
    pub(super) mocks: BTreeMap<String, Rules>,
    pub(super) upstream: Behaviour,
    pub(super) chunking: Plan,
    /// In force before the filter starts.
    pub(super) faults: Vec<Fault>,
    /// Shared data that is there before the filter starts.
    pub(super) shared_data: Vec<(String, Bytes)>,
    pub(super) properties: Properties,
    /// The filters that requests go through; none stands for the own one.
    pub(super) chain: Vec<Link>,
    /// What the file says that a world must have.
    pub(super) requires: Option<Need>,
}

/// The settings that file and scenario have in common.
const SETTINGS: [&str; 17] = [
    "config",
    "clock",
    "seed",
    "mocks",
    "upstream",
    "chunking",
    "faults",
    "shared_data",
    "properties",
    "workers",
    "chain",
    "requires",
    "vars",
    "plugin",
    "fail_open",
    "failure_policy",
    "hold_headers",
];

/// How a scenario file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// Golden files are written when its cases are played, not compared with.
    pub bless: bool,
    /// Each case is played with so many seeds, its own and those after it, until it fails.
    pub seeds: NonZeroU32,
}

impl Default for Reading {
    fn default() -> Self {
        Self { bless: false, seeds: NonZeroU32::MIN }
    }
}

impl Reading {
    /// So that golden files are written.
    #[must_use]
    pub fn blessing(bless: bool) -> Self {
        Self { bless, ..Self::default() }
    }

    /// So that each case is played with so many seeds.
    #[must_use]
    pub fn sweeping(self, seeds: NonZeroU32) -> Self {
        Self { seeds, ..self }
    }
}

/// Reads a scenario file; nothing runs yet.
///
/// # Errors
/// If the file cannot be read, or anything in it is not as the format says; tells where.
pub fn load(path: &Path) -> Result<Suite> {
    load_with(path, Reading::default())
}

/// As [`load`], in some other way.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: &Path, reading: Reading) -> Result<Suite> {
    read(&Document::load(path)?, path, reading)
}

/// Reads the text of a scenario file that would stand at `path`.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, text: &str) -> Result<Suite> {
    parse_with(path, text, Reading::default())
}

/// As [`parse`], in some other way.
///
/// # Errors
/// As [`load`].
pub fn parse_with(path: &Path, text: &str, reading: Reading) -> Result<Suite> {
    read(&Document::parse(&path.display().to_string(), text)?, path, reading)
}

fn read(document: &Document, path: &Path, reading: Reading) -> Result<Suite> {
    let folder = Folder::of(path, Goldens::new(reading.bless));
    let root = document.root();
    let mut known = vec!["version", "filter", "include", "scenarios"];
    known.extend(SETTINGS);
    let fields = root.mapping(&known)?;
    let version = fields.required("version")?;
    if version.string()? != VERSION {
        return Err(version.expected("`1`, the only version of the format"));
    }
    let filter = fields.optional("filter", |node| folder.path(node))?;
    let included = Included::read(&fields, &folder)?;
    let variables = variables(&fields, included.variables(Variables::new(&folder))?)?;
    let mut settings = settings(&fields, Settings::default(), &variables, &folder)?;
    let variables = variables.at(settings.setup.start)?;
    included.mocks(&variables, &folder, &mut settings.mocks)?;
    let scenarios = fields.required("scenarios")?;
    let mut suite =
        Suite { file: path.display().to_string(), filter, cases: Vec::new(), seeds: reading.seeds };
    for scenario in scenarios.list()? {
        cases(scenario, &settings, &variables, &folder, &mut suite.cases)?;
    }
    if suite.cases.is_empty() {
        return Err(scenarios.error("no scenario stands here"));
    }
    Ok(suite)
}

impl Suite {
    /// The crate folder or module that `filter` names, relative to the working directory.
    #[must_use]
    pub fn filter(&self) -> Option<&Path> {
        self.filter.as_deref()
    }

    /// The file, as it was named to the reader.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The cases in order: name, and line of the scenario.
    pub fn cases(&self) -> impl Iterator<Item = (&str, usize)> {
        self.cases.iter().map(|case| (case.name.as_str(), case.place.line()))
    }

    /// The names of the cases, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|case| case.name.as_str())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            setup: Setup::default(),
            mocks: BTreeMap::new(),
            upstream: Behaviour::reply(Message::response(200)),
            chunking: Plan::Once(Chunking::AsWritten),
            faults: Vec::new(),
            shared_data: Vec::new(),
            properties: Properties::new(),
            chain: Vec::new(),
            requires: None,
        }
    }
}

fn cases(
    node: &Node,
    base: &Settings,
    variables_before: &Variables,
    folder: &Folder,
    cases: &mut Vec<Case>,
) -> Result<()> {
    let mut known = vec!["name", "each", "steps", "refused"];
    known.extend(SETTINGS);
    let fields = node.mapping(&known)?;
    let rows = match fields.get("each") {
        Some(each) if each.list()?.is_empty() => return Err(each.expected("at least one row")),
        Some(each) => each.list()?.iter().map(Some).collect(),
        None => vec![None],
    };
    for row in rows {
        let mut with_row = variables_before.clone();
        if let Some(row) = row {
            set_all(&mut with_row, row)?;
        }
        let variables = variables(&fields, with_row)?;
        let name = variables.expand(fields.required("name")?)?.string()?.to_owned();
        if let Some(twin) = cases.iter().find(|case| case.name == name) {
            let problem =
                format!("a second case is named `{name}`, the first is in line {}", twin.place.line());
            return Err(fields
                .required("name")?
                .error(problem)
                .with_help("put a variable of `each` into the name"));
        }
        let mut settings = settings(&fields, base.clone(), &variables, folder)?;
        let variables = variables.at(settings.setup.start)?;
        let refused = fields.optional("refused", |node| {
            let node = variables.expand(node)?;
            Ok((node.place().clone(), matcher(&node, folder)?))
        })?;
        let steps =
            fields.each("steps", |step| Step::read(step, settings.setup.workers, &variables, folder))?;
        check_names(&steps)?;
        let mut interleaved = steps.iter().filter(|step| step.interleave().is_some());
        settings.setup.threads = interleaved.next().is_some();
        if let Some(place) = interleaved.next().and_then(Step::place) {
            return Err(Error::new(place, "a scenario can have one step with `interleave`"));
        }
        match (&refused, steps.is_empty()) {
            (None, true) => return Err(node.error("a scenario needs `steps`, or `refused`")),
            (Some((place, _)), false) => {
                return Err(Error::new(place, "a filter that is refused can have no `steps`"));
            }
            _ => {}
        }
        cases.push(Case { name, place: node.place().clone(), settings, steps, refused });
    }
    Ok(())
}

fn variables(fields: &Fields<'_>, mut variables: Variables) -> Result<Variables> {
    if let Some(node) = fields.get("vars") {
        set_all(&mut variables, node)?;
    }
    Ok(variables)
}

/// Each value may use the variables before it.
pub(super) fn set_all(variables: &mut Variables, node: &Node) -> Result<()> {
    for Entry { key, place, value } in node.entries()? {
        let simple = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if key.is_empty() || !simple || key == "i" {
            let problem = format!("`{key}` cannot be the name of a variable");
            return Err(
                Error::new(place, problem).with_help("letters, digits and `_`; `i` counts repetitions")
            );
        }
        variables.define(key, value)?;
    }
    Ok(())
}

fn settings(
    fields: &Fields<'_>,
    mut settings: Settings,
    variables: &Variables,
    folder: &Folder,
) -> Result<Settings> {
    if let Some(node) = fields.get("clock") {
        settings.setup.start = moment(&variables.expand(node)?)?;
    }
    let variables = variables.at(settings.setup.start)?;
    let expanded = |name: &str| fields.get(name).map(|node| variables.expand(node)).transpose();
    let setup = &mut settings.setup;
    if let Some(node) = expanded("config")? {
        setup.configuration = configuration(&node, folder)?;
    }
    if let Some(node) = expanded("seed")? {
        setup.seed = node.u32(0..=u32::MAX)?.into();
    }
    if let Some(node) = expanded("workers")? {
        setup.workers = workers(&node)?;
    }
    if let Some(node) = expanded("fail_open")? {
        setup.failure_policy = if node.bool()? { FailurePolicy::Open } else { FailurePolicy::Closed };
    }
    if let Some(node) = expanded("failure_policy")? {
        if fields.get("fail_open").is_some() {
            return Err(node.error("`fail_open` and `failure_policy` exclude each other"));
        }
        let interval = FailurePolicy::DEFAULT_RELOAD_INTERVAL;
        setup.failure_policy = node.choice(&[
            ("closed", FailurePolicy::Closed),
            ("open", FailurePolicy::Open),
            ("reload", FailurePolicy::Reload { interval }),
        ])?;
    }
    if let Some(node) = expanded("hold_headers")? {
        setup.hold_headers = node.bool()?;
    }
    if let Some(node) = expanded("plugin")? {
        plugin(&node, setup, folder)?;
    }
    if let Some(node) = expanded("mocks")? {
        for entry in node.entries()? {
            settings.mocks.insert(entry.key.clone(), rules(&entry.value, folder)?);
        }
    }
    if let Some(node) = expanded("upstream")? {
        settings.upstream = behaviour(&node, folder)?;
    }
    if let Some(node) = expanded("faults")? {
        settings.faults = faults(&node, folder)?;
    }
    if let Some(node) = expanded("shared_data")? {
        let value = |entry: &Entry| Ok((entry.key.clone(), bytes(&entry.value, folder)?));
        settings.shared_data = node.entries()?.iter().map(value).collect::<Result<_>>()?;
    }
    if let Some(node) = expanded("properties")? {
        settings.properties.extend(properties(&node, folder)?);
    }
    if let Some(node) = expanded("chain")? {
        settings.chain = chain(&node, folder)?;
    }
    if let Some(node) = expanded("requires")? {
        settings.requires = Some(requires(&node)?);
    }
    if let Some(node) = expanded("chunking")? {
        settings.chunking = chunking(&node)?;
    }
    Ok(settings)
}

fn plugin(node: &Node, setup: &mut Setup, folder: &Folder) -> Result<()> {
    let fields = node.mapping(&["name", "root_id", "vm_id", "vm_config", "environment"])?;
    let text = |name: &str, field: &mut String| -> Result<()> {
        if let Some(node) = fields.get(name) {
            *field = node.string()?.to_owned();
        }
        Ok(())
    };
    text("name", &mut setup.name)?;
    text("root_id", &mut setup.root_id)?;
    text("vm_id", &mut setup.vm_id)?;
    if let Some(node) = fields.get("vm_config") {
        setup.vm_configuration = configuration(node, folder)?;
    }
    if let Some(node) = fields.get("environment") {
        let pair = |entry: &Entry| Ok((entry.key.clone(), entry.value.string()?.to_owned()));
        setup.environment = node.entries()?.iter().map(pair).collect::<Result<_>>()?;
    }
    Ok(())
}
