//! `status`: what each proxy has loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mesh_filter_mesh::Resource;
use mesh_filter_mesh::loaded::State;

use crate::cluster::kubectl::{ClusterOptions, Kubectl};
use crate::cluster::objects;
use crate::cluster::proxies::{self, Dumps, Proxy, Row};
use crate::failure::{Failure, Result};
use crate::output::{Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter status --namespace shop
  cargo mesh-filter status jwt --namespace shop --wait 2m
  cargo mesh-filter status --file plugin.yaml --admin 127.0.0.1:15000

States: loaded; other digest or other configuration (an older one); fetch failed,
denies all, or allows all (what Istio's agent puts in place of a plugin that it
could not fetch; it does not try again before the next change); awaited; missing;
unreachable. Pods are asked by `kubectl exec` in their container istio-proxy;
Envoys elsewhere by `--admin`.

Exit codes: 0 all have what is wanted, 1 not, 2 wrong usage, 3 no kubectl";

/// How many proxies are asked at once.
const AT_ONCE: usize = 8;
/// Between two rounds of `--wait`.
const INTERVAL: Duration = Duration::from_millis(500);

/// Show what each proxy has loaded
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The resources, with their kind where several have the name; without them all that were deployed
    #[arg(value_name = "[KIND/]NAME", conflicts_with = "files")]
    resources: Vec<String>,
    /// Files with what is wanted, in place of the cluster's resources
    #[arg(long = "file", short = 'f', value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Ask the Envoy whose admin listens at HOST:PORT, in place of pods
    #[arg(long, value_name = "ADDRESS")]
    admin: Vec<String>,
    #[command(flatten)]
    cluster: ClusterOptions,
    /// Istio's root namespace, whose resources are for all namespaces
    #[arg(long, value_name = "NAME", default_value = "istio-system")]
    root_namespace: String,
    /// Ask again until all have it, at most so long (such as 90s or 5m; 2m without a value)
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "2m", value_parser = duration)]
    wait: Option<Duration>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    /// Asks.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let kubectl = self.cluster.kubectl();
        let resources = self.wanted(&kubectl)?;
        let rows = wait(&kubectl, &resources, &self.admin, &self.root_namespace, self.wait, output)?;
        match self.format {
            Format::Json => output.json(&rows)?,
            Format::Text => output.data(&table(&rows)),
        }
        all_loaded(rows)
    }

    fn wanted(&self, kubectl: &Kubectl) -> Result<Vec<Resource>> {
        let mut resources = Vec::new();
        for file in &self.files {
            resources.extend(Resource::load_all(file)?.0);
        }
        for name in &self.resources {
            resources.push(Resource::from_json("the cluster", &objects::named(kubectl, name)?.1)?);
        }
        if self.files.is_empty() && self.resources.is_empty() {
            resources = objects::managed(kubectl, kubectl.namespace().is_none())?;
        }
        if resources.is_empty() {
            return Err(Failure::failed("there is no resource to ask proxies about").help(
                "name one, or a file by `--file`; `deploy` makes those that are found without a name",
            ));
        }
        Ok(resources)
    }
}

/// Asks all proxies, until all have it or the time is over.
pub(crate) fn wait(
    kubectl: &Kubectl,
    resources: &[Resource],
    admin: &[String],
    root: &str,
    limit: Option<Duration>,
    output: &Output,
) -> Result<Vec<Row>> {
    let begun = Instant::now();
    loop {
        let rows = ask(kubectl, resources, admin, root)?;
        let good = rows.iter().filter(|row| row.state == Some(State::Loaded)).count();
        if limit.is_none_or(|limit| begun.elapsed() >= limit) || (good == rows.len() && good > 0) {
            output.live(None);
            return Ok(rows);
        }
        output.live(Some((
            "Waiting",
            &format!("{good} of {} proxies, {} s", rows.len(), begun.elapsed().as_secs()),
        )));
        std::thread::sleep(INTERVAL);
    }
}

/// Fails where a proxy has not what is wanted.
pub(crate) fn all_loaded(rows: Vec<Row>) -> Result<()> {
    let others = rows.iter().filter(|row| row.state != Some(State::Loaded)).count();
    match (rows.len(), others) {
        (0, _) => Err(Failure::failed("no running proxy is selected")
            .help("do the selector's labels fit pods with a sidecar, in the resource's namespace?")),
        (_, 0) => Ok(()),
        (all, others) => Err(Failure::failed(format!("{others} of {all} have not loaded what is wanted"))),
    }
}

fn ask(kubectl: &Kubectl, resources: &[Resource], admin: &[String], root: &str) -> Result<Vec<Row>> {
    let mut selected: Vec<(&Resource, Vec<Proxy>)> = Vec::new();
    for resource in resources {
        let proxies = match admin.is_empty() {
            true => proxies::pods(kubectl, resource, root)?,
            false => admin.iter().cloned().map(Proxy::Admin).collect(),
        };
        selected.push((resource, proxies));
    }
    // Each proxy once, whoever wants to know.
    let all: BTreeSet<Proxy> = selected.iter().flat_map(|(_, proxies)| proxies.clone()).collect();
    let all: Vec<Proxy> = all.into_iter().collect();
    let mut dumps: Dumps = BTreeMap::new();
    for some in all.chunks(AT_ONCE) {
        let answers: Vec<_> = std::thread::scope(|scope| {
            let asked: Vec<_> = some.iter().map(|proxy| scope.spawn(|| proxy.ask(kubectl))).collect();
            asked.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        for (proxy, answer) in some.iter().zip(answers) {
            let answer = answer.map_err(|_| Failure::failed("asking a proxy broke off"))?;
            // One that takes too long is one that cannot be reached.
            let answer = answer.unwrap_or_else(|failure| Err(failure.message));
            dumps.insert(proxy.clone(), answer);
        }
    }
    Ok(selected.iter().flat_map(|(resource, proxies)| proxies::rows(resource, proxies, &dumps)).collect())
}

/// Reads `90s`, `5m`, `1h` or `500ms`.
pub(crate) fn duration(text: &str) -> std::result::Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let milliseconds = number.parse().ok().and_then(|number: u64| number.checked_mul(scale));
    match milliseconds.filter(|_| scale > 0) {
        Some(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        None => Err("expected a duration such as `90s` or `5m`".to_owned()),
    }
}

fn table(rows: &[Row]) -> String {
    let mut lines = vec![["PROXY", "PLUGIN", "STATE", "DIGEST"].map(str::to_owned)];
    for row in rows {
        let state = row.state.map_or("unreachable", State::text).to_owned();
        let digest =
            row.digest.as_deref().map(|digits| format!("sha256:{}", digits.get(..12).unwrap_or(digits)));
        lines.push([row.proxy.clone(), row.plugin.clone(), state, digest.unwrap_or_else(|| "-".to_owned())]);
    }
    let width =
        |column: usize| lines.iter().filter_map(|line| line.get(column).map(String::len)).max().unwrap_or(0);
    let (proxy, plugin, state) = (width(0), width(1), width(2));
    let mut text = String::new();
    for [a, b, c, d] in &lines {
        text.push_str(&format!("{a:<proxy$}  {b:<plugin$}  {c:<state$}  {d}\n"));
    }
    let problems: BTreeSet<_> =
        rows.iter().filter_map(|row| Some((&row.proxy, row.problem.as_ref()?))).collect();
    text.extend(problems.iter().map(|(proxy, problem)| format!("{proxy}: {problem}\n")));
    text
}
