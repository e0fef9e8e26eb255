//! What exchanges cost a plugin when they go on and on.

use crate::sim::{CallCost, Meter};
use mesh_filter_runtime::guest::Usage;
use std::time::Duration;

/// What the exchanges of a case cost, or the streams of a benchmark.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The case's name.
    pub name: String,
    /// How many exchanges were counted: those of the warm-up are not.
    pub exchanges: usize,
    /// Fuel of an exchange.
    pub fuel: Spread,
    /// Calls of host functions in an exchange.
    pub hostcalls: Spread,
    /// Bytes that host functions copied from and to the plugin's memory in an exchange.
    pub copied: Spread,
    /// CPU time of an exchange's callbacks.
    pub cpu: Cpu,
    /// Bytes of memory in the end.
    pub memory: u64,
    /// Bytes by which the memory grew after the warm-up.
    pub heap_growth: u64,
    /// What its callbacks cost, by name; those between exchanges too.
    pub callbacks: Vec<CallbackCost>,
}

/// Least, middle and most of several numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// The smallest one.
    pub least: u64,
    /// As many are smaller as are larger.
    pub median: u64,
    /// The largest one.
    pub most: u64,
}

/// CPU times, the host's part included, in the engine that serves. No two runs agree on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cpu {
    /// Half of them stay below.
    pub p50: Duration,
    /// 99 of 100 stay below.
    pub p99: Duration,
}

/// What a callback cost.
#[derive(Debug, Clone)]
pub struct CallbackCost {
    /// Name of the export.
    pub name: &'static str,
    /// How often it was called.
    pub calls: usize,
    /// Fuel of a call.
    pub fuel: Spread,
    /// Calls of host functions in a call.
    pub hostcalls: Spread,
    /// Bytes that host functions copied from and to the plugin's memory in a call.
    pub copied: Spread,
    /// CPU time of a call.
    pub cpu: Cpu,
}

/// CPU time of Envoy's worker for an exchange: averages of so many batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnvoyCpu {
    /// How many exchanges were counted.
    pub exchanges: usize,
    /// How many batches they make.
    pub batches: usize,
    /// With the filters.
    pub with: Cpu,
    /// The same exchange past them.
    pub without: Cpu,
    /// What the filters add, in nanoseconds; less than nothing where they save Envoy more than they cost.
    pub own: Added,
}

/// A difference of CPU times, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Added {
    /// Half of them stay below.
    pub p50: i64,
    /// 99 of 100 stay below.
    pub p99: i64,
}

/// Into so many batches exchanges are taken together, because single readings jitter.
const BATCHES: usize = 40;

impl EnvoyCpu {
    /// From pairs: with the filters, and without.
    pub(crate) fn of(readings: &[(Duration, Duration)]) -> Self {
        let size = readings.len().div_ceil(BATCHES).max(1);
        let average = |times: &mut dyn Iterator<Item = Duration>, count: usize| {
            times.sum::<Duration>() / u32::try_from(count.max(1)).unwrap_or(u32::MAX)
        };
        let batches = readings.chunks(size).map(|batch| {
            let with = average(&mut batch.iter().map(|pair| pair.0), batch.len());
            (with, average(&mut batch.iter().map(|pair| pair.1), batch.len()))
        });
        let batches: Vec<(Duration, Duration)> = batches.collect();
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let mut own: Vec<i64> =
            batches.iter().map(|(with, without)| nanos(*with) - nanos(*without)).collect();
        own.sort_unstable();
        Self {
            exchanges: readings.len(),
            batches: batches.len(),
            with: Cpu::of(batches.iter().map(|pair| pair.0).collect()),
            without: Cpu::of(batches.iter().map(|pair| pair.1).collect()),
            own: Added { p50: of_100(&own, 50), p99: of_100(&own, 99) },
        }
    }
}

/// The number below which so many of a hundred stay.
fn of_100<T: Copy + Default>(sorted: &[T], share: usize) -> T {
    sorted.get(sorted.len().saturating_sub(1) * share / 100).copied().unwrap_or_default()
}

/// Takes readings around exchanges, the first of which warm up.
#[derive(Debug)]
pub(crate) struct Tally {
    warm_up: usize,
    wanted: usize,
    before: (Usage, Duration),
    readings: Readings,
}

/// What exchanges used in one engine.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    exchanges: Vec<Reading>,
    /// After the warm-up, and in the end.
    memory: (u64, u64),
    costs: Vec<(&'static str, Vec<CallCost>)>,
}

#[derive(Debug)]
struct Reading {
    fuel: u64,
    hostcalls: u64,
    copied: u64,
    cpu: Duration,
}

impl Tally {
    /// So many exchanges are wanted after those of the warm-up.
    pub(crate) fn new(warm_up: usize, wanted: usize) -> Self {
        Self { warm_up, wanted, before: Default::default(), readings: Readings::default() }
    }

    /// An exchange begins.
    pub(crate) fn begin(&mut self, meter: &Meter) {
        // A VM that has not started yet has used nothing.
        self.before = (meter.usage().unwrap_or_default(), meter.cpu());
        if self.warm_up == 0 && self.readings.exchanges.is_empty() {
            self.readings.memory.0 = self.before.0.memory;
            meter.keep_costs();
        }
    }

    /// It has ended; tells whether more are wanted.
    pub(crate) fn end(&mut self, meter: &Meter) -> bool {
        if self.warm_up > 0 {
            self.warm_up -= 1;
            return true;
        }
        let (before, after) = (self.before.0, meter.usage().unwrap_or_default());
        self.readings.exchanges.push(Reading {
            fuel: after.fuel.saturating_sub(before.fuel),
            hostcalls: after.hostcalls.saturating_sub(before.hostcalls),
            copied: after.copied.saturating_sub(before.copied),
            cpu: meter.cpu().saturating_sub(self.before.1),
        });
        self.readings.memory.1 = after.memory;
        self.readings.exchanges.len() < self.wanted
    }

    /// All of it, with what callbacks cost.
    pub(crate) fn readings(self, meter: &Meter) -> Readings {
        Readings { costs: meter.costs(), ..self.readings }
    }
}

impl Measured {
    /// From the engine that counts, and from the one that serves.
    pub(crate) fn of(name: &str, counted: Readings, timed: Readings) -> Self {
        let of = |of: fn(&Reading) -> u64| Spread::of(counted.exchanges.iter().map(of).collect());
        let callbacks = counted.costs.iter().map(|(name, costs)| {
            let timed = timed.costs.iter().find(|(other, _)| other == name);
            callback(name, costs, timed.map_or(&[], |(_, timed)| timed))
        });
        Self {
            name: name.to_owned(),
            exchanges: counted.exchanges.len(),
            fuel: of(|reading| reading.fuel),
            hostcalls: of(|reading| reading.hostcalls),
            copied: of(|reading| reading.copied),
            cpu: Cpu::of(timed.exchanges.iter().map(|reading| reading.cpu).collect()),
            memory: counted.memory.1,
            heap_growth: counted.memory.1.saturating_sub(counted.memory.0),
            callbacks: callbacks.collect(),
        }
    }
}

impl Spread {
    fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        let at = |index: usize| numbers.get(index).copied().unwrap_or(0);
        Self { least: at(0), median: at(numbers.len() / 2), most: at(numbers.len().saturating_sub(1)) }
    }
}

impl Cpu {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { p50: of_100(&times, 50), p99: of_100(&times, 99) }
    }
}

fn callback(name: &'static str, costs: &[CallCost], timed: &[CallCost]) -> CallbackCost {
    let spread = |of: fn(&CallCost) -> u64| Spread::of(costs.iter().map(of).collect());
    CallbackCost {
        name,
        calls: costs.len(),
        fuel: spread(|cost| cost.fuel),
        hostcalls: spread(|cost| cost.hostcalls),
        copied: spread(|cost| cost.copied),
        cpu: Cpu::of(timed.iter().map(|cost| cost.cpu).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_filters_add_is_the_difference_of_pairs() {
        let micros = Duration::from_micros;
        let pairs: Vec<_> = (0..100).map(|index| (micros(100 + index), micros(70 + index))).collect();
        let cpu = EnvoyCpu::of(&pairs);
        assert_eq!((cpu.exchanges, cpu.batches), (100, 34));
        assert_eq!(cpu.own, Added { p50: 30_000, p99: 30_000 });
        assert!(cpu.with.p50 < cpu.with.p99 && cpu.without.p99 < micros(170), "{cpu:?}");
        // A filter that answers by itself saves Envoy the way to the upstream.
        assert_eq!(EnvoyCpu::of(&[(micros(1), micros(3))]).own, Added { p50: -2_000, p99: -2_000 });
        assert_eq!(EnvoyCpu::of(&[]).own, Added::default());
    }

    #[test]
    fn spreads_are_least_middle_and_most() {
        assert_eq!(Spread::of(vec![5, 1, 3]), Spread { least: 1, median: 3, most: 5 });
        assert_eq!(Spread::of(vec![7]), Spread { least: 7, median: 7, most: 7 });
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
