//! The verdict of all rules together: either every one of them is debited, or none.
//!
//! All are read first, and nothing is written unless all have enough. Then one is written after the other; where another worker
//! was faster and there is not enough any more, what was taken before is given back.

use crate::config::OnContention;
use crate::limit::{Standing, State, Taken};
use crate::metrics::Metrics;
use crate::rules::{Keyed, Rule};
use crate::table::{Debit, Look, Receipt, Verdict};
use mesh_filter::shared::SharedError;
use mesh_filter::{clock, log};

/// What becomes of a request.
#[derive(Debug)]
pub(crate) struct Judged<'r> {
    pub(crate) ruling: Ruling,
    /// Whether it was too much for a rule that did not refuse it.
    pub(crate) not_enforced: bool,
    /// The rules that have a state for it, with that.
    pub(crate) states: Vec<(Keyed<'r>, State)>,
    pub(crate) now: u64,
}

impl Judged<'_> {
    /// Where the client stands, by the names of the rules.
    pub(crate) fn standings(&self) -> impl Iterator<Item = (&str, Standing)> {
        let standing = |keyed: &Keyed<'_>, state| keyed.limit.standing(state, self.now);
        self.states.iter().map(move |(keyed, state)| (keyed.rule.name.as_str(), standing(keyed, *state)))
    }

    /// The rules for which it was too much.
    pub(crate) fn violated(&self) -> impl Iterator<Item = &str> {
        let over = |keyed: &Keyed<'_>, state| {
            matches!(keyed.limit.take(state, self.now, keyed.hits), Taken::Over(_))
        };
        let over = self.states.iter().filter(move |(keyed, state)| over(keyed, *state));
        over.map(|(keyed, _)| keyed.rule.name.as_str())
    }
}

/// Whether a request passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    Pass,
    /// It is too much, for so many nanoseconds; `None`: always.
    Limited(Option<u64>),
    /// It could not be counted.
    Contended,
}

/// A rule of which something was taken.
struct Hold<'r> {
    keyed: Keyed<'r>,
    receipt: Receipt,
}

/// How rules are judged.
pub(crate) struct Judge<'j> {
    pub(crate) metrics: &'j Metrics,
    pub(crate) on_contention: OnContention,
    /// Whether rules refuse requests at all.
    pub(crate) enforced: bool,
}

impl Judge<'_> {
    fn refuses(&self, rule: &Rule) -> bool {
        self.enforced && !rule.shadow
    }

    /// Judges a request by these rules.
    pub(crate) fn judge<'r>(&self, keyed: Vec<Keyed<'r>>) -> Judged<'r> {
        let now = now();
        let mut judged = Judged { ruling: Ruling::Pass, not_enforced: false, states: Vec::new(), now };
        let mut looks = Vec::with_capacity(keyed.len());
        for keyed in keyed {
            match keyed.rule.scope.table.look(keyed.client, keyed.limit, now, keyed.hits) {
                Ok(look) => {
                    if look.overflow {
                        keyed.rule.metrics.overflow.increment(1);
                    }
                    looks.push((keyed, look));
                }
                Err(error) => self.failed(&keyed, Some(&error), &mut judged),
            }
        }
        if judged.ruling == Ruling::Pass {
            for (keyed, look) in &looks {
                if let Verdict::Over(wait) = look.verdict {
                    self.over(keyed.rule, wait, &mut judged);
                }
            }
        }
        match judged.ruling {
            Ruling::Pass => self.take_all(looks, &mut judged),
            _ => judged.states = looks.into_iter().map(|(keyed, look)| (keyed, look.state)).collect(),
        }
        judged
    }

    /// Notes that it is too much for a rule.
    fn over(&self, rule: &Rule, wait: Option<u64>, judged: &mut Judged<'_>) {
        rule.metrics.rate_limited.increment(1);
        if !self.refuses(rule) {
            rule.metrics.shadow.increment(1);
            judged.not_enforced = true;
            return;
        }
        judged.ruling = match judged.ruling {
            // The longest wait counts; none at all is longer than any.
            Ruling::Limited(other) => Ruling::Limited(other.zip(wait).map(|(a, b)| a.max(b))),
            _ => Ruling::Limited(wait),
        };
    }

    /// Notes that a rule could not be counted.
    fn failed(&self, keyed: &Keyed<'_>, error: Option<&SharedError>, judged: &mut Judged<'_>) {
        self.metrics.contention.increment(1);
        if let Some(error) = error {
            log::warn!("rule `{}` cannot be counted: {error}", keyed.rule.name);
        }
        if self.refuses(keyed.rule) && self.on_contention == OnContention::Deny {
            judged.ruling = Ruling::Contended;
        }
    }

    fn take_all<'r>(&self, looks: Vec<(Keyed<'r>, Look)>, judged: &mut Judged<'r>) {
        let now = judged.now;
        let mut holds: Vec<Hold<'r>> = Vec::with_capacity(looks.len());
        for (keyed, look) in looks {
            if let Verdict::Over(_) = look.verdict {
                judged.states.push((keyed, look.state));
                continue;
            }
            if judged.ruling != Ruling::Pass {
                judged.states.push((keyed, look.state));
                continue;
            }
            match keyed.rule.scope.table.take(keyed.client, keyed.limit, (now, keyed.hits), look) {
                Ok(Debit::Done(receipt, retries)) => {
                    if retries > 0 {
                        self.metrics.cas_retry.increment(retries);
                    }
                    holds.push(Hold { keyed, receipt });
                }
                Ok(Debit::Over(look)) => {
                    if let Verdict::Over(wait) = look.verdict {
                        self.over(keyed.rule, wait, judged);
                    }
                    judged.states.push((keyed, look.state));
                }
                Ok(Debit::Contended) => self.failed(&keyed, None, judged),
                Err(error) => self.failed(&keyed, Some(&error), judged),
            }
        }
        for Hold { keyed, receipt } in holds {
            if judged.ruling == Ruling::Pass {
                keyed.rule.metrics.ok.increment(1);
            } else if let Err(error) = give_back(&keyed, receipt) {
                log::warn!("rule `{}` keeps what it took: {error}", keyed.rule.name);
            }
            judged.states.push((keyed, receipt.state));
        }
    }
}

fn give_back(keyed: &Keyed<'_>, receipt: Receipt) -> Result<(), SharedError> {
    keyed.rule.scope.table.give_back(keyed.client, keyed.limit, receipt, now)
}

/// The monotonic clock, which no administrator and no time server sets.
fn now() -> u64 {
    u64::try_from(clock::monotonic().since_start().as_nanos()).unwrap_or(u64::MAX)
}
