//! `distribution`: how often a field has which value in the exchanges of a step.

use super::field::{Field, Value};
use crate::report::Problem;
use crate::sim::Finished;
use crate::statistics::{chi_squared, chi_squared_tail};
use mesh_filter_runtime::document::{Fields, Node, Place, Result};
use std::collections::BTreeMap;

/// Below so many expected exchanges of a value the chi-squared test says little.
const FEWEST: f64 = 5.0;
/// Which deviations by chance are still taken as chance, where the file does not say.
const DEFAULT_P: f64 = 0.001;
/// How far shares may be from 1 together.
const ROUNDING: f64 = 1e-6;
/// Most values with shares of their own.
const MAX_SHARES: usize = 1000;

/// Shares that the values of a field have.
#[derive(Debug, Clone)]
pub(crate) struct Distribution {
    of: Field,
    /// From 0 to 1, together 1.
    shares: Vec<(Value, f64)>,
    test: Test,
}

/// How shares are compared.
#[derive(Debug, Clone, Copy)]
enum Test {
    /// They fail where chance alone would deviate so far only with a probability below this.
    ChiSquared { p: f64 },
    /// No share deviates further than this.
    Tolerance(f64),
}

impl Distribution {
    pub(crate) fn read(node: &Node) -> Result<Self> {
        let fields = node.mapping(&["of", "shares", "test"])?;
        Ok(Self {
            of: Field::read(fields.required("of")?)?,
            shares: shares(fields.required("shares")?)?,
            test: fields.optional("test", test)?.unwrap_or(Test::ChiSquared { p: DEFAULT_P }),
        })
    }

    /// What does not hold of it.
    pub(crate) fn check(&self, place: &Place, exchanges: &[Finished], problems: &mut Vec<Problem>) {
        let mut counts: BTreeMap<Value, u32> = BTreeMap::new();
        for exchange in exchanges {
            *counts.entry(self.of.of(exchange)).or_default() += 1;
        }
        let total = f64::from(counts.values().sum::<u32>());
        let field = &self.of.name;
        let known = |value: &Value| self.shares.iter().any(|(name, share)| name == value && *share > 0.0);
        let strange: Vec<_> = counts.iter().filter(|(value, _)| !known(value)).collect();
        if !strange.is_empty() {
            let listed = strange.iter().map(|(value, count)| format!("{} ({count} times)", value.shown()));
            let listed: Vec<String> = listed.take(5).collect();
            let text = format!("`{field}`: {} has no share", listed.join(", "));
            problems.push(Problem::at(place, text));
            return;
        }
        let pairs: Vec<(f64, f64)> = (self.shares.iter())
            .map(|(value, share)| (f64::from(counts.get(value).copied().unwrap_or(0)), share * total))
            .collect();
        let wrong = match self.test {
            Test::ChiSquared { p } => {
                if let Some((_, few)) =
                    pairs.iter().find(|(_, expected)| *expected > 0.0 && *expected < FEWEST)
                {
                    let text = format!(
                        "`{field}`: of {total} exchanges {few:.1} are expected to have the rarest value: \
                         `chi_squared` needs {FEWEST}, so repeat more often"
                    );
                    problems.push(Problem::at(place, text));
                    return;
                }
                let statistic = chi_squared(&pairs);
                let values = pairs.iter().filter(|(_, expected)| *expected > 0.0).count();
                let degrees = u32::try_from(values.saturating_sub(1)).unwrap_or(u32::MAX);
                let tail = chi_squared_tail(statistic, degrees);
                (tail < p).then(|| format!("chi-squared {statistic:.2}, p {tail:.2e} is below {p}"))
            }
            Test::Tolerance(tolerance) => {
                let far = |(observed, expected): &(f64, f64)| (observed - expected).abs() > tolerance * total;
                pairs.iter().any(far).then(|| format!("more than {tolerance} apart"))
            }
        };
        if let Some(wrong) = wrong {
            let each = self.shares.iter().zip(&pairs);
            let expected = each.clone().map(|((value, share), _)| format!("{} {share}", value.shown()));
            let got = each
                .map(|((value, _), (count, _))| format!("{} {:.4} ({count})", value.shown(), count / total));
            let joined = |parts: Vec<String>| parts.join(", ");
            let text = format!(
                "`{field}` in {total} exchanges: expected {}, got {}: {wrong}",
                joined(expected.collect()),
                joined(got.collect())
            );
            problems.push(Problem::at(place, text));
        }
    }
}

/// Shares are fractions of 1; or whole numbers, as weights.
fn shares(node: &Node) -> Result<Vec<(Value, f64)>> {
    let mut shares = Vec::new();
    for entry in node.entries()? {
        let share = entry.value.float()?;
        if share < 0.0 {
            return Err(entry.value.expected("a share"));
        }
        shares.push((Value::named(&entry.key), share));
    }
    if shares.is_empty() || shares.len() > MAX_SHARES {
        return Err(node.error(format!("expected 1 to {MAX_SHARES} shares, got {}", shares.len())));
    }
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    let weights = shares.iter().all(|(_, share)| share.fract() == 0.0) && sum > 0.0;
    if !weights && (sum - 1.0).abs() > ROUNDING {
        return Err(node
            .error(format!("the shares are {sum:.4} together, not 1"))
            .with_help("write fractions, `{a: 0.9, b: 0.1}`, or whole numbers as weights, `{a: 9, b: 1}`"));
    }
    shares.iter_mut().for_each(|(_, share)| *share /= sum);
    Ok(shares)
}

fn test(node: &Node) -> Result<Test> {
    let fields = node.mapping(&["chi_squared", "tolerance"])?;
    Ok(match fields.one_of(&["chi_squared", "tolerance"])? {
        ("tolerance", node) => Test::Tolerance(fraction(node)?),
        (_, node) => {
            let fields: Fields<'_> = node.mapping(&["p"])?;
            Test::ChiSquared { p: fraction(fields.required("p")?)? }
        }
    })
}

fn fraction(node: &Node) -> Result<f64> {
    let value = node.float()?;
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err(node.expected("a number between 0 and 1")) }
}
