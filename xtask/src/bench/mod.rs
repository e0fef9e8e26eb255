//! `cargo xtask bench`: CPU time per request and latency of this proxy beside Envoy's, in one run on one machine.
//!
//! Both hosts have one worker, the same bootstrap file and the same modules. Runs alternate in pairs, so that a busy
//! machine slows both alike; what counts is the median of the pairs' ratios.

mod chain;
mod filters;
mod harness;
mod load;
mod measure;
mod sdk;
mod start;
mod upstream;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::host::Host;
use crate::tools;
use crate::workspace::{self, target};
use load::Load;
use measure::{Comparison, compare};
use workload::WORKLOADS;

/// The most that this proxy may need of Envoy's CPU time per request.
const ALLOWED_RATIO: f64 = 0.5;

/// Fewer pairs give no median worth the name.
const FEWEST_PAIRS: usize = 5;

/// Compare this proxy's CPU time per request, latency and start with Envoy's
///
/// `slope` is what one more filter costs, `chain-of-five` what each of five costs by what one alone costs, `start-cold` and
/// `start-warm` the time to the first response without and with the module compiled before. `harness` is what scenarios
/// cost; it is printed and compared with nothing. `sdk` is what an exchange costs with the SDK and by hand, counted.
///
/// `--filter jwt-auth` and the names of other filters measure what those add to Envoy's CPU time, beside a filter that does nothing and
/// Envoy's own filter for the same; only where they are named.
///
/// Writes `target/bench.json` and fails if a judged workload needs more than half of Envoy's CPU time: those with a
/// filter, but for the page of 64 KiB, where the kernel's copying prevails. Fails too if the SDK costs more than a fifth, or
/// 3,000 fuel, more than a filter by hand.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Pairs of runs for each workload
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Run only the workloads, `chain`, `start`, `harness`, `sdk` and filters whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Measure this program in place of the workspace's proxy
    #[arg(long, value_name = "PATH")]
    proxy: Option<PathBuf>,
}

pub(crate) fn exec(arguments: &Arguments) -> Result<ExitCode> {
    ensure!(
        arguments.pairs >= FEWEST_PAIRS,
        "`--pairs` is {}, at least {FEWEST_PAIRS} are needed",
        arguments.pairs
    );
    let envoy_program = tools::envoy().context("bringing Envoy, the measure of this bench")?;
    let proxy = match &arguments.proxy {
        Some(path) => path.clone(),
        None => workspace::program("mesh-filter-proxy")?,
    };
    let chosen = |name: &str| arguments.filter.as_deref().is_none_or(|text| name.contains(text));
    let workloads: Vec<_> = WORKLOADS.iter().filter(|workload| chosen(workload.name)).collect();
    let with_chain = chosen("chain");
    let with_start = chosen("start");
    let with_harness = chosen("harness");
    let with_sdk = chosen("sdk");
    // They take minutes, and are of interest to who works on that filter.
    let tables: Vec<_> =
        filters::TABLES.iter().filter(|table| arguments.filter.is_some() && chosen(table.name)).collect();
    ensure!(
        !workloads.is_empty() || !tables.is_empty() || with_chain || with_start || with_harness || with_sdk,
        "`--filter` matches no workload and no filter, nor `chain`, `start`, `harness` or `sdk`"
    );
    let mut modules = workload::modules(&workloads);
    modules.extend(with_chain.then_some(chain::MODULE));
    modules.extend(with_start.then_some(start::MODULE));
    modules.extend(with_harness.then_some(harness::MODULE));
    modules.extend(if with_sdk { &sdk::MODULES[..] } else { &[] });
    for module in modules {
        workspace::build_example(module)?;
    }

    let load = Load::start()?;
    let mut comparisons = Vec::new();
    let mut chain = None;
    if with_chain || !workloads.is_empty() {
        let more = if with_chain { chain::listeners() } else { Vec::new() };
        let bootstrap = workload::write_bootstrap(&workloads, more, load.upstream)?;
        let ours = Host::start(&proxy, &bootstrap, "ours")?;
        let envoy = Host::start(&envoy_program, &bootstrap, "envoy")?;
        for workload in workloads {
            let comparison = compare(workload, &load, [&ours, &envoy], arguments.pairs)?;
            println!("{comparison}");
            comparisons.push(comparison);
        }
        if with_chain {
            chain = Some(chain::measure(&load, [&ours, &envoy], arguments.pairs)?);
        }
    }
    let start =
        if with_start { Some(start::measure(&proxy, &envoy_program, &load, arguments.pairs)?) } else { None };
    let harness = if with_harness { Some(harness::measure(arguments.pairs)?) } else { None };
    let sdk = if with_sdk { Some(sdk::measure()?) } else { None };
    let tables: Vec<_> = tables
        .iter()
        .map(|table| table.measure(&envoy_program, &load, arguments.pairs))
        .collect::<Result<_>>()?;
    println!();
    for comparison in &comparisons {
        println!("ratio {} {:.2}", comparison.workload.name, comparison.ratio);
    }
    if let Some(chain) = &chain {
        println!("ratio slope {:.2}\nratio chain-of-five {:.2}", chain.slope, chain.growth);
    }
    if let Some(start) = &start {
        println!("ratio start-cold {:.2}\nratio start-warm {:.2}", start.cold, start.warm);
    }
    if let Some(harness) = &harness {
        harness.print();
    }
    if let Some(sdk) = &sdk {
        sdk.print();
    }
    tables.iter().for_each(filters::Measured::print);
    let unjudged: Vec<_> =
        comparisons.iter().map(|it| it.workload).filter(|it| !it.judged).map(|it| it.name).collect();
    if !unjudged.is_empty() {
        println!("measured only, the kernel's work prevails: {}", unjudged.join(", "));
    }
    let file = target().join("bench.json");
    let workloads: Vec<_> = comparisons.iter().map(Comparison::json).collect();
    let document = json!({
        "envoy_version": tools::ENVOY_VERSION,
        "allowed_ratio": ALLOWED_RATIO,
        "pairs": arguments.pairs,
        "workloads": workloads,
        "chain": chain.map(|chain| chain.json()),
        "start": start.map(|start| start.json()),
        "harness": harness.map(|harness| harness.json()),
        "sdk": sdk.as_ref().map(sdk::Sdk::json),
        "filters": tables.iter().map(filters::Measured::json).collect::<Vec<_>>(),
    });
    std::fs::write(&file, serde_json::to_string_pretty(&document)?)
        .with_context(|| format!("writing `{}`", file.display()))?;

    let mut passed = tables.iter().all(filters::Measured::holds);
    for comparison in comparisons.iter().filter(|it| it.workload.judged && it.ratio > ALLOWED_RATIO) {
        passed = false;
        println!(
            "too slow: {} needs {:.2} of Envoy's CPU time, {ALLOWED_RATIO} is allowed",
            comparison.workload.name, comparison.ratio
        );
    }
    if let Some(excess) = sdk.and_then(|sdk| sdk.excess()) {
        passed = false;
        println!("too slow: {excess}");
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
