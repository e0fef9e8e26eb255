//! What was measured, as a table and as JSON.

use std::time::Duration;

use mesh_filter_test::cost::{CallbackCost, Cpu, EnvoyCpu, Measured, Spread};
use serde_json::{Value, json};

use crate::output;

/// What a case costs an Envoy, or why that is not known.
#[derive(Debug)]
pub(crate) struct EnvoyCost {
    /// As `--engine` names it.
    pub(crate) engine: String,
    /// The case's name.
    pub(crate) case: String,
    pub(crate) cpu: std::result::Result<EnvoyCpu, String>,
}

/// A case and what it cost, for people.
pub(crate) fn text(file: &str, case: &Measured, envoys: &[EnvoyCost]) -> String {
    let Measured { name, exchanges, fuel, hostcalls, copied, cpu, memory, heap_growth, callbacks } = case;
    let (memory, growth) = (bytes(*memory), bytes(*heap_growth));
    let [fuel, hostcalls, copied] = [fuel, hostcalls, copied].map(spread);
    let mut text = format!(
        "{file}: {name}\n  {exchanges} exchanges: fuel {fuel}, hostcalls {hostcalls}, bytes copied {copied}\n  \
         cpu p50 {}, p99 {}; memory {memory}, grown by {growth}\n",
        micros(cpu.p50),
        micros(cpu.p99),
    );
    for envoy in envoys.iter().filter(|envoy| envoy.case == *name) {
        text.push_str(&envoy.line(cpu));
    }
    let head = ["callback", "calls", "fuel", "hostcalls", "copied", "cpu p50", "cpu p99"];
    text.push_str(&row(&head.map(str::to_owned)));
    for callback in callbacks {
        let CallbackCost { name, calls, fuel, hostcalls, copied, cpu } = callback;
        text.push_str(&row(&[
            name.trim_start_matches("proxy_").to_owned(),
            calls.to_string(),
            fuel.median.to_string(),
            hostcalls.median.to_string(),
            copied.median.to_string(),
            micros(cpu.p50),
            micros(cpu.p99),
        ]));
    }
    text + "\n"
}

impl EnvoyCost {
    fn line(&self, ours: &Cpu) -> String {
        let Self { engine, cpu, .. } = self;
        let EnvoyCpu { batches, with, without, own, .. } = match cpu {
            Ok(cpu) => cpu,
            Err(why) => return format!("  {engine}: not measured: {why}\n"),
        };
        let ratio = self
            .ratio(ours)
            .map(|ratio| format!("; {ratio:.1} times the callbacks here"))
            .unwrap_or_default();
        format!(
            "  {engine}: cpu p50 {}, p99 {}; without the filters p50 {}, p99 {} ({batches} batches)\n  \
             {engine}: the filters add p50 {}, p99 {}{ratio}\n",
            micros(with.p50),
            micros(with.p99),
            micros(without.p50),
            micros(without.p99),
            micros_of(own.p50),
            micros_of(own.p99),
        )
    }

    /// How many times the CPU time of the callbacks here the filters add there.
    fn ratio(&self, ours: &Cpu) -> Option<f64> {
        let own = self.cpu.as_ref().ok()?.own.p50;
        (own > 0 && !ours.p50.is_zero()).then(|| to_micros(own) / (ours.p50.as_secs_f64() * 1e6))
    }

    fn json(&self, ours: &Cpu) -> Value {
        let engine = &self.engine;
        match &self.cpu {
            Err(why) => json!({"engine": engine, "reason": why}),
            Ok(cpu) => json!({
                "engine": engine,
                "exchanges": cpu.exchanges,
                "batches": cpu.batches,
                "with_ns": times(&cpu.with),
                "without_ns": times(&cpu.without),
                "own_ns": {"p50": cpu.own.p50, "p99": cpu.own.p99},
                "ratio": self.ratio(ours),
            }),
        }
    }
}

fn micros_of(nanoseconds: i64) -> String {
    format!("{:.1} us", to_micros(nanoseconds))
}

#[expect(clippy::cast_precision_loss, reason = "CPU times of one exchange")]
fn to_micros(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e3
}

fn row([name, calls, fuel, hostcalls, copied, p50, p99]: &[String; 7]) -> String {
    format!("  {name:<33} {calls:>7} {fuel:>9} {hostcalls:>9} {copied:>9} {p50:>10} {p99:>10}\n")
}

fn bytes(number: u64) -> String {
    output::bytes(usize::try_from(number).unwrap_or(usize::MAX))
}

fn spread(spread: &Spread) -> String {
    let Spread { least, median, most } = spread;
    if least == most { median.to_string() } else { format!("{median} ({least} to {most})") }
}

fn micros(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

/// The same for programs.
pub(crate) fn json(file: &str, case: &Measured, envoys: &[EnvoyCost]) -> Value {
    let Measured { name, exchanges, fuel, hostcalls, copied, cpu, memory, heap_growth, callbacks } = case;
    let callback = |cost: &CallbackCost| {
        json!({
            "name": cost.name,
            "calls": cost.calls,
            "fuel": of(&cost.fuel),
            "hostcalls": of(&cost.hostcalls),
            "bytes_copied": of(&cost.copied),
            "cpu_ns": times(&cost.cpu),
        })
    };
    json!({
        "file": file,
        "name": name,
        "exchanges": exchanges,
        "fuel": of(fuel),
        "hostcalls": of(hostcalls),
        "bytes_copied": of(copied),
        "cpu_ns": times(cpu),
        "memory": memory,
        "heap_growth": heap_growth,
        "envoys": envoys.iter().filter(|envoy| envoy.case == *name).map(|envoy| envoy.json(cpu)).collect::<Vec<_>>(),
        "callbacks": callbacks.iter().map(callback).collect::<Vec<_>>(),
    })
}

fn of(spread: &Spread) -> Value {
    json!({"least": spread.least, "median": spread.median, "most": spread.most})
}

fn times(cpu: &Cpu) -> Value {
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    json!({"p50": nanos(cpu.p50), "p99": nanos(cpu.p99)})
}
