//! Which variation an id gets: functions of the id and the configuration alone, the same as in the clients of GrowthBook and
//! Unleash.
//!
//! Coverage is a part of each variation's own share, from its beginning on (GrowthBook), or is decided by a hash of its own
//! (Unleash). So a coverage that grows brings ids in and moves none from one variation to another.

#[cfg(test)]
mod tests;

use crate::hash::{Fnv, Murmur};
use mesh_filter_policy::Problem;
use serde::Deserialize;

/// With which seed Unleash chooses variants; the rollout is decided with 0.
const UNLEASH_VARIANTS: u32 = 86_028_157;

/// Weights are rounded by people: three thirds may be 0.99. GrowthBook's client allows as much.
const ROUNDED: f64 = 1.01;

/// Weights up to which Unleash's arithmetic is exact; its own are thousandths.
const HEAVIEST: f64 = 1_000_000.0;

/// How ids are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Algorithm {
    /// GrowthBook with `hashVersion` 2: ten thousand places, no bias between experiments.
    #[default]
    GrowthbookV2,
    /// GrowthBook with `hashVersion` 1: a thousand places.
    GrowthbookV1,
    /// Unleash's gradual rollout, and its variants.
    Unleash,
}

/// How the ids of an experiment are shared out.
#[derive(Debug)]
pub struct Assignment {
    algorithm: Algorithm,
    seed: String,
    parts: Parts,
}

#[derive(Debug)]
enum Parts {
    /// Where the share of each variation begins, and how long it is at full coverage.
    Shares(Vec<(f64, f64)>),
    /// From where to where the ids of each variation lie, whatever the coverage.
    Ranges(Vec<(f64, f64)>),
    /// Unleash's weights, and their sum.
    Weights(Vec<f64>, f64),
}

impl Assignment {
    /// Shares by weight: fractions of 1 (what is missing to 1 is in no variation), or whole numbers in relation to each other.
    ///
    /// # Errors
    /// Where nobody would get any variation, or the weights cannot be meant.
    pub fn weighted(algorithm: Algorithm, seed: &str, weights: &[f64]) -> Result<Self, Problem> {
        let problem = |text: &str| Err(Problem::new("variations", text));
        let total: f64 = weights.iter().sum();
        let are_whole = weights.iter().all(|weight| weight.fract() == 0.0);
        if weights.iter().any(|weight| !(0.0..=HEAVIEST).contains(weight)) {
            return problem("expected each `weight` from 0 to 1000000");
        }
        if total <= 0.0 {
            return problem("expected one with a `weight` above 0");
        }
        let parts = match algorithm {
            Algorithm::Unleash if are_whole => Parts::Weights(weights.to_vec(), total),
            Algorithm::Unleash => {
                return problem("Unleash has whole numbers as `weight`, which are 1000 together");
            }
            Algorithm::GrowthbookV1 | Algorithm::GrowthbookV2 => {
                let scale = match total <= ROUNDED {
                    true => 1.0,
                    false if are_whole => total,
                    false => return problem("the `weight`s are fractions, and more than 1 together"),
                };
                let (mut start, mut shares) = (0.0, Vec::new());
                for weight in weights {
                    shares.push((start, weight / scale));
                    start += weight / scale;
                }
                Parts::Shares(shares)
            }
        };
        Ok(Self { algorithm, seed: seed.to_owned(), parts })
    }

    /// The same share for each of so many variations.
    ///
    /// # Errors
    /// Where there is none, and for Unleash, which has no such thing.
    pub fn equal(algorithm: Algorithm, seed: &str, variations: u32) -> Result<Self, Problem> {
        if algorithm == Algorithm::Unleash {
            return Err(Problem::new("variations", "with the hash of Unleash each has a `weight`"));
        }
        let weight = 1.0 / f64::from(variations);
        Self::weighted(algorithm, seed, &(0..variations).map(|_| weight).collect::<Vec<_>>())
    }

    /// From where to where the ids of each variation lie, between 0 and 1.
    ///
    /// # Errors
    /// Where a range is none, two have ids in common, and for Unleash, which has no such thing.
    pub fn ranged(algorithm: Algorithm, seed: &str, ranges: &[[f64; 2]]) -> Result<Self, Problem> {
        if algorithm == Algorithm::Unleash {
            return Err(Problem::new("variations", "the hash of Unleash has no `range`"));
        }
        for (index, [from, to]) in ranges.iter().enumerate() {
            let place = || format!("variations[{index}].range");
            if !is_range(*from, *to) {
                return Err(Problem::new(place(), NO_RANGE));
            }
            let meets = |[other, end]: &[f64; 2]| from < end && other < to;
            if ranges.iter().take(index).any(meets) {
                return Err(Problem::new(place(), "an earlier variation has a part of this range"));
            }
        }
        let parts = Parts::Ranges(ranges.iter().map(|[from, to]| (*from, *to)).collect());
        Ok(Self { algorithm, seed: seed.to_owned(), parts })
    }

    /// Whether coverage has a say.
    pub(crate) fn has_coverage(&self) -> bool {
        !matches!(self.parts, Parts::Ranges(_))
    }

    /// The number of the id's variation; none where the id is not in the experiment at this coverage, which is from 0 to 1.
    #[must_use]
    pub fn variation(&self, id: &str, coverage: f64) -> Option<usize> {
        match &self.parts {
            Parts::Shares(shares) => {
                let place = place(self.algorithm, &self.seed, id);
                shares.iter().position(|(start, length)| *start <= place && place < start + coverage * length)
            }
            Parts::Ranges(ranges) => {
                let place = place(self.algorithm, &self.seed, id);
                ranges.iter().position(|(from, to)| *from <= place && place < *to)
            }
            Parts::Weights(weights, total) => {
                // A coverage of 0.29 is 29 percent, and not a little less.
                let percent = (coverage * 1_000_000.0).round() / 10_000.0;
                if unleash(&self.seed, id, 0, 100.0) > percent {
                    return None;
                }
                let target = unleash(&self.seed, id, UNLEASH_VARIANTS, *total);
                let mut sum = 0.0;
                weights.iter().position(|weight| {
                    sum += weight;
                    *weight > 0.0 && sum >= target
                })
            }
        }
    }
}

/// A part of all ids, of which several experiments may have one each, so that nobody is in two of them.
#[derive(Debug)]
pub struct Namespace {
    seed: String,
    from: f64,
    to: f64,
}

impl Namespace {
    /// The part of the namespace `id` between two places, from 0 to 1.
    ///
    /// # Errors
    /// Where that is no range.
    pub fn new(id: &str, [from, to]: [f64; 2]) -> Result<Self, Problem> {
        if !is_range(from, to) {
            return Err(Problem::new("namespace_range", NO_RANGE));
        }
        Ok(Self { seed: format!("__{id}"), from, to })
    }

    /// Whether the id is in this part.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        let place = place(Algorithm::GrowthbookV1, &self.seed, id);
        self.from <= place && place < self.to
    }
}

const NO_RANGE: &str = "expected two numbers from 0 to 1, the first one less";

fn is_range(from: f64, to: f64) -> bool {
    0.0 <= from && from < to && to <= 1.0
}

/// Where GrowthBook puts an id, from 0 on and below 1.
pub(crate) fn place(algorithm: Algorithm, seed: &str, id: &str) -> f64 {
    match algorithm {
        Algorithm::GrowthbookV1 => f64::from(Fnv::new().text(id).text(seed).finish() % 1000) / 1000.0,
        _ => {
            let first = Fnv::new().text(seed).text(id).finish();
            f64::from(Fnv::new().decimal(first).finish() % 10_000) / 10_000.0
        }
    }
}

/// Where Unleash puts an id, from 1 to `places`.
fn unleash(group: &str, id: &str, seed: u32, places: f64) -> f64 {
    f64::from(Murmur::new(seed).text(group).text(":").text(id).finish()) % places + 1.0
}
