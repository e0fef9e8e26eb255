//! Reads `interleave`, exchanges on several workers at once, and plays a case in one schedule after the other.
//!
//! Schedules are tried by how often another worker runs than the one that would by itself: first those
//! with no such turn, then those with one, and so on: races show in few turns. Where not all of
//! them are within the maximum, its last quarter goes to schedules of chance.

use super::run::Broken;
use super::workers::worker;
use crate::sim::{Choice, Schedule};
use mesh_filter_runtime::document::{Node, Result};
use std::collections::VecDeque;

/// How many schedules are tried where the file does not say.
const DEFAULT_MAX: u32 = 100;
/// Most schedules that are tried.
const MAX: u32 = 100_000;

/// How exchanges are interleaved.
#[derive(Debug, Clone)]
pub(crate) struct Interleave {
    pub(crate) workers: Vec<usize>,
    /// Only this schedule.
    only: Option<Vec<usize>>,
    max: usize,
}

/// What became of the schedule of a run.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    pub(crate) schedule: Schedule,
    pub(crate) choices: Vec<Choice>,
}

impl Interleave {
    /// Reads it, in a case with so many workers.
    pub(super) fn read(node: &Node, workers: usize) -> Result<Self> {
        let fields = node.mapping(&["workers", "schedules", "max"])?;
        let list = match fields.get("workers") {
            Some(node) => node.list()?.iter().map(|item| worker(item, workers)).collect::<Result<_>>()?,
            None => (0..workers).collect::<Vec<_>>(),
        };
        let mut distinct = list.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < 2 || distinct.len() < list.len() {
            return Err(node
                .error("two or more workers can be interleaved, each once")
                .with_help("`workers: 2` beside `config` makes it two"));
        }
        let only = match fields.get("schedules") {
            Some(node) if node.scalar().is_none_or(|(text, _)| text != "all") => Some(turns(node, &list)?),
            _ => None,
        };
        let max = fields.optional("max", |node| node.u32(1..=MAX))?.unwrap_or(DEFAULT_MAX);
        Ok(Self { workers: list, only, max: usize::try_from(max).unwrap_or(usize::MAX) })
    }

    /// Plays the case in schedule after schedule, until it fails in one.
    pub(super) fn explore(
        &self,
        seed: u64,
        mut play: impl FnMut(&mut Turns) -> std::result::Result<usize, Broken>,
    ) -> std::result::Result<usize, Broken> {
        let mut in_schedule = |schedule: Schedule| {
            let mut turns = Turns { schedule, choices: Vec::new() };
            let played = play(&mut turns);
            played.map(|longest| (longest, turns.choices.clone())).map_err(|(problems, mut seen)| {
                let name = name(&turns);
                seen.insert(
                    0,
                    format!("in the schedule `{name}`, which `schedules: \"{name}\"` plays alone"),
                );
                (problems, seen)
            })
        };
        if let Some(only) = &self.only {
            return in_schedule(Schedule { turns: only.clone(), seed: None }).map(|(longest, _)| longest);
        }
        let by_chance = self.max / 4;
        let mut next = VecDeque::from([Vec::new()]);
        let (mut longest, mut played) = (0, 0);
        while let Some(turns) = next.pop_front() {
            if played == self.max || (played == self.max - by_chance && self.max > 1) {
                break;
            }
            let decided = turns.len();
            let (most, choices) = in_schedule(Schedule { turns, seed: None })?;
            (longest, played) = (most.max(longest), played + 1);
            for (at, choice) in choices.iter().enumerate().skip(decided) {
                if next.len() + played > self.max {
                    break;
                }
                let before = choices.iter().take(at).map(|choice| choice.chosen);
                for other in choice.workers.iter().filter(|worker| **worker != choice.chosen) {
                    next.push_back(before.clone().chain([*other]).collect());
                }
            }
        }
        if !next.is_empty() {
            for number in played..self.max {
                let number = u64::try_from(number).unwrap_or(u64::MAX);
                let schedule = Schedule { turns: Vec::new(), seed: Some(seed.wrapping_add(number)) };
                in_schedule(schedule)?;
            }
        }
        Ok(longest)
    }
}

/// A schedule as files write it: who runs, and for how many moments.
fn name(turns: &Turns) -> String {
    let chosen: Vec<usize> = turns.choices.iter().map(|choice| choice.chosen).collect();
    let told = if turns.schedule.seed.is_some() { chosen.len() } else { turns.schedule.turns.len().max(1) };
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for worker in chosen.into_iter().take(told) {
        match runs.last_mut() {
            Some((last, count)) if *last == worker => *count += 1,
            _ => runs.push((worker, 1)),
        }
    }
    let run = |(worker, count): (usize, usize)| {
        if count == 1 { worker.to_string() } else { format!("{worker}x{count}") }
    };
    runs.into_iter().map(run).collect::<Vec<_>>().join(" ")
}

/// Reads a schedule.
fn turns(node: &Node, workers: &[usize]) -> Result<Vec<usize>> {
    let wrong =
        || node.expected("`all`, or a schedule such as `0x5 1 0x2`: workers, each for so many moments");
    let mut turns = Vec::new();
    for run in node.string()?.split_whitespace() {
        let (worker, count) = run.split_once('x').unwrap_or((run, "1"));
        let worker: usize = worker.parse().map_err(|_| wrong())?;
        let count: u32 = count.parse().map_err(|_| wrong())?;
        if !workers.contains(&worker) || count > MAX {
            return Err(wrong());
        }
        turns.extend((0..count).map(|_| worker));
    }
    if turns.is_empty() { Err(wrong()) } else { Ok(turns) }
}
