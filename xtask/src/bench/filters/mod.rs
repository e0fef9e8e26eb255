//! What a filter adds to Envoy's CPU time, beside a filter that does nothing and beside Envoy's own filter for the same.
//!
//! Each table has rows, and each row a listener of one Envoy with one worker. Runs go through the rows in turn, so that what a
//! busy machine does to one it does to all; what counts is the median, over the rounds, of the difference to no filter.

mod ab_bucket;
mod header_rewrite;
mod hmac_auth;
mod jwt_auth;
mod rate_limit;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::load::Load;
use super::measure::median;
use crate::bootstrap;
use crate::host::Host;
use crate::workspace::{self, target};

pub(super) use jwt_auth::jwks;

/// The row that the others are measured by.
const NONE: &str = "no filter";
/// The row of the SDK's own part, which comes next, unless bodies are read.
const IDLE: &str = "an idle filter of the SDK";

/// A filter and what it is compared with.
pub(super) struct Table {
    /// The filter; `--filter` chooses it.
    pub(super) name: &'static str,
    /// The crates whose modules are built.
    modules: &'static [&'static str],
    rows: fn() -> Vec<Row>,
    claims: fn(&Costs) -> Vec<Claim>,
}

pub(super) const TABLES: &[Table] =
    &[jwt_auth::TABLE, hmac_auth::TABLE, header_rewrite::TABLE, rate_limit::TABLE, ab_bucket::TABLE];

/// One way of an exchange.
struct Row {
    name: &'static str,
    /// The filters, as Envoy's configuration has them.
    filters: Vec<Value>,
    request: Vec<u8>,
    /// Requests in one run: a few tenths of a second of CPU time.
    requests: u32,
}

/// Something that should hold of the figures.
struct Claim {
    text: &'static str,
    measured: f64,
    allowed: f64,
    unit: &'static str,
}

/// Microseconds that each row adds to a request.
struct Costs {
    added: BTreeMap<&'static str, f64>,
}

/// A measured table.
pub(super) struct Measured {
    name: &'static str,
    /// Microseconds of a request without any filter.
    base: f64,
    rows: Vec<(&'static str, f64)>,
    claims: Vec<Claim>,
}

impl Costs {
    fn of(&self, row: &str) -> f64 {
        self.added.get(row).copied().unwrap_or(f64::NAN)
    }
}

impl Claim {
    /// One figure is at most another one.
    fn microseconds(text: &'static str, measured: f64, allowed: f64) -> Self {
        Self { text, measured, allowed, unit: " µs" }
    }

    /// One figure is at most so many times another one.
    fn ratio(text: &'static str, measured: f64, of: f64, allowed: f64) -> Self {
        Self { text, measured: measured / of, allowed, unit: "" }
    }

    fn holds(&self) -> bool {
        self.measured <= self.allowed
    }
}

impl Table {
    /// Measures all rows in Envoy.
    pub(super) fn measure(&self, envoy: &Path, load: &Load, rounds: usize) -> Result<Measured> {
        for module in ["idle"].iter().chain(self.modules) {
            workspace::build_example(module)?;
        }
        let rows = (self.rows)();
        let listeners: Vec<_> =
            rows.iter().map(|row| bootstrap::listener(row.name, row.filters.clone())).collect();
        let folder = target().join("bench").join(self.name);
        let clusters = [bootstrap::cluster("upstream", load.upstream)];
        let host = Host::start(envoy, &bootstrap::write(&folder, &listeners, &clusters)?, "envoy")?;
        let mut runs = Vec::new();
        for round in 0..=rounds {
            let mut figures = Vec::new();
            // To and fro, so that no row is always the first.
            let order: Vec<_> =
                if round % 2 == 0 { rows.iter().collect() } else { rows.iter().rev().collect() };
            for row in order {
                let figure = run(&host, load, row).with_context(|| format!("measuring `{}`", row.name))?;
                figures.push((row.name, figure));
            }
            // The first round warms up: connections, caches, compilers.
            if round > 0 {
                runs.push(figures.into_iter().collect::<BTreeMap<_, _>>());
            }
        }
        let figure = |row: &str, of: fn(f64, f64) -> f64| {
            let each = runs.iter().filter_map(|run| Some(of(*run.get(row)?, *run.get(NONE)?)));
            median(&each.collect::<Vec<_>>())
        };
        let added: BTreeMap<_, _> =
            rows.iter().map(|row| (row.name, figure(row.name, |own, none| own - none))).collect();
        let costs = Costs { added };
        Ok(Measured {
            name: self.name,
            base: figure(NONE, |own, _| own),
            rows: rows.iter().map(|row| (row.name, costs.of(row.name))).skip(1).collect(),
            claims: (self.claims)(&costs),
        })
    }
}

/// Microseconds of the worker for a request.
fn run(host: &Host, load: &Load, row: &Row) -> Result<f64> {
    let before = host.worker_time()?;
    let sent = load.send(host.listener(row.name)?, row.request.clone(), row.requests)?.len();
    let spent = host.worker_time()?.saturating_sub(before);
    Ok(spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(sent)?))
}

impl Measured {
    /// A table for the filter's README, and what should hold.
    pub(super) fn print(&self) {
        // The first row is that of an idle filter.
        let idle = self.rows.first().map_or(f64::NAN, |(_, added)| *added);
        println!("\n{}: an exchange without a filter takes {:.1} µs of the worker\n", self.name, self.base);
        println!("| | added to an exchange | by an idle filter |\n|---|---|---|");
        for (name, added) in &self.rows {
            println!("| {name} | {added:.1} µs | {:.2} |", added / idle);
        }
        println!();
        for claim in &self.claims {
            let Claim { text, measured, allowed, unit } = claim;
            let verdict = if claim.holds() { "holds" } else { "MISSED" };
            println!("{verdict}: {text}: {measured:.2}{unit}, allowed {allowed:.2}{unit}");
        }
    }

    pub(super) fn json(&self) -> Value {
        let rows: BTreeMap<_, _> = self.rows.iter().copied().collect();
        let claim = |claim: &Claim| json!({"claim": claim.text, "measured": claim.measured, "allowed": claim.allowed});
        json!({
            "name": self.name,
            "microseconds_without_filter": self.base,
            "added_microseconds": rows,
            "claims": self.claims.iter().map(claim).collect::<Vec<_>>(),
        })
    }

    pub(super) fn holds(&self) -> bool {
        self.claims.iter().all(Claim::holds)
    }
}
