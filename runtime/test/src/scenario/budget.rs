//! `budget`: what exchanges may cost the proxy, and `soak`: enough of them to know.

use super::expect::{Placed, placed};
use super::size::{shown, size};
use crate::report::Problem;
use mesh_filter_runtime::document::{Kind, Node, Result};
use mesh_filter_runtime::guest::Usage;

/// Before so many exchanges allocators and caches of a module have not come to rest.
pub(crate) const WARM_UP: usize = 10;
/// Most exchanges of a step.
const MAX_EXCHANGES: u32 = 10_000_000;

/// Many exchanges, the first of which are not held to a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Soak {
    pub(crate) exchanges: usize,
    pub(crate) warm_up: usize,
}

impl Soak {
    /// Reads `soak`: how many exchanges, and how many of them warm up.
    pub(crate) fn read(node: &Node) -> Result<Self> {
        let number = |node: &Node, least: u32| {
            node.u32(least..=MAX_EXCHANGES).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
        };
        let soak = if matches!(node.kind(), Kind::Mapping(_)) {
            let fields = node.mapping(&["exchanges", "warm_up"])?;
            Self {
                exchanges: number(fields.required("exchanges")?, 1)?,
                warm_up: fields.optional("warm_up", |node| number(node, 0))?.unwrap_or(WARM_UP),
            }
        } else {
            Self { exchanges: number(node, 1)?, warm_up: WARM_UP }
        };
        if soak.exchanges <= soak.warm_up {
            let problem = format!("the first {} exchanges warm up, so there must be more", soak.warm_up);
            return Err(node.error(problem).with_help("for fewer exchanges write `repeat`"));
        }
        Ok(soak)
    }
}

/// What may be used. Fuel and hostcalls: by one exchange; the rest: in the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget {
    fuel: Option<Placed<Limit>>,
    hostcalls: Option<Placed<Limit>>,
    memory: Option<Placed<Limit>>,
    heap_growth: Option<Placed<Limit>>,
    module_size: Option<Placed<Limit>>,
}

/// How much of something may be used.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Exactly(u64),
    AtMost(u64),
}

/// What a step has cost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cost {
    /// The use so far: before the step, and after each of its exchanges; `None` where nobody counts.
    pub(crate) readings: Vec<Option<Usage>>,
    /// How many exchanges are not held to the budget.
    pub(crate) warm_up: usize,
    /// Bytes of the module.
    pub(crate) module_size: Option<u64>,
}

impl Budget {
    pub(crate) fn read(node: &Node) -> Result<Self> {
        let fields = node.mapping(&["fuel", "hostcalls", "memory", "heap_growth", "module_size"])?;
        if node.entries()?.is_empty() {
            return Err(node.expected("what the budget is of, such as `fuel`"));
        }
        let limit = |node: &Node| {
            let limit = match node.kind() {
                Kind::Mapping(_) => Limit::AtMost(size(node.mapping(&["max"])?.required("max")?)?),
                _ => Limit::Exactly(size(node)?),
            };
            Ok(placed(node, limit))
        };
        Ok(Self {
            fuel: fields.optional("fuel", limit)?,
            hostcalls: fields.optional("hostcalls", limit)?,
            memory: fields.optional("memory", limit)?,
            heap_growth: fields.optional("heap_growth", limit)?,
            module_size: fields.optional("module_size", limit)?,
        })
    }

    /// What does not hold of it.
    pub(crate) fn check(&self, cost: &Cost, problems: &mut Vec<Problem>) {
        let readings: Option<Vec<Usage>> = cost.readings.iter().copied().collect();
        // Worlds that do not count do not play what has a budget.
        let readings = readings.unwrap_or_default();
        let counted = readings.get(cost.warm_up..).unwrap_or_default();
        for (what, limit, of) in [
            ("fuel", &self.fuel, (|usage| usage.fuel) as fn(&Usage) -> u64),
            ("hostcalls", &self.hostcalls, |usage| usage.hostcalls),
        ] {
            let each = counted.iter().zip(counted.iter().skip(1));
            let each: Vec<u64> = each.map(|(before, after)| of(after).saturating_sub(of(before))).collect();
            problems.extend(limit.as_ref().and_then(|limit| exchanges(what, limit, &each, cost.warm_up)));
        }
        let memory = |usage: Option<&Usage>| usage.map_or(0, |usage| usage.memory);
        let (first, last) = (memory(counted.first()), memory(counted.last()));
        let of_whole = |what: &str, limit: &Option<Placed<Limit>>, actual: u64, why: String| {
            let Placed { place, value } = limit.as_ref().filter(|limit| !limit.value.holds(actual))?;
            Some(Problem::at(
                place,
                format!("{what}: expected {}, got {}{why}", value.shown(), shown(actual)),
            ))
        };
        problems.extend(of_whole("memory", &self.memory, last, String::new()));
        let grown = format!(": from {} to {}", shown(first), shown(last));
        problems.extend(of_whole("heap growth", &self.heap_growth, last.saturating_sub(first), grown));
        let module = cost.module_size.unwrap_or(0);
        problems.extend(of_whole("module size", &self.module_size, module, String::new()));
    }
}

impl Limit {
    fn holds(self, actual: u64) -> bool {
        match self {
            Self::Exactly(expected) => actual == expected,
            Self::AtMost(most) => actual <= most,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Exactly(expected) => shown(expected),
            Self::AtMost(most) => format!("at most {}", shown(most)),
        }
    }
}

/// The exchange that is furthest from the limit speaks for all.
fn exchanges(what: &str, limit: &Placed<Limit>, each: &[u64], warm_up: usize) -> Option<Problem> {
    let Placed { place, value } = limit;
    let wrong = each.iter().enumerate().filter(|(_, actual)| !value.holds(**actual));
    let count = wrong.clone().count();
    // Of several that are as far the first.
    let (index, worst) = wrong.rev().max_by_key(|(_, actual)| **actual)?;
    let mut text = format!("{what} of an exchange: expected {}, got {worst}", value.plain());
    if each.len() > 1 {
        text.push_str(&format!(
            " where `i` is {}; so in {count} of {} exchanges",
            index + warm_up,
            each.len()
        ));
    }
    Some(Problem::at(place, text))
}

impl Limit {
    /// As [`Self::shown`], for numbers that are not of bytes.
    fn plain(self) -> String {
        match self {
            Self::Exactly(expected) => expected.to_string(),
            Self::AtMost(most) => format!("at most {most}"),
        }
    }
}
