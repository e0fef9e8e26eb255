//! What was measured, as a table and as JSON.

use std::time::Duration;

use mesh_filter_test::cost::{CallbackCost, Cpu, Measured, Spread};
use serde_json::{Value, json};

use crate::output;

/// A case and what it cost, for people.
pub(crate) fn text(file: &str, case: &Measured) -> String {
    let Measured { name, exchanges, fuel, hostcalls, copied, cpu, memory, heap_growth, callbacks } = case;
    let (memory, growth) = (bytes(*memory), bytes(*heap_growth));
    let [fuel, hostcalls, copied] = [fuel, hostcalls, copied].map(spread);
    let mut text = format!(
        "{file}: {name}\n  {exchanges} exchanges: fuel {fuel}, hostcalls {hostcalls}, bytes copied {copied}\n  \
         cpu p50 {}, p99 {}; memory {memory}, grown by {growth}\n",
        micros(cpu.p50),
        micros(cpu.p99),
    );
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
pub(crate) fn json(file: &str, case: &Measured) -> Value {
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
