//! The verdict of all rules together: either every one of them is debited, or none.

mod global;
mod local;

use crate::config::OnContention;
use crate::limit::{Standing, State};
use crate::metrics::Metrics;
use crate::rules::{Keyed, Rule};
use crate::service::Answer;
use crate::table::Receipt;
use mesh_filter::shared::SharedError;
use mesh_filter::{clock, log};

/// What becomes of a request.
#[derive(Debug)]
pub(crate) struct Judged<'p> {
    pub(crate) ruling: Ruling,
    /// Whether it was too much for a rule that did not refuse it.
    pub(crate) not_enforced: bool,
    /// The names of the rules that refused it.
    pub(crate) violated: Vec<&'p str>,
    /// What the rate limit service has to say beside its verdict.
    pub(crate) answer: Option<Answer>,
    /// The rules that have a state for it, with that.
    states: Vec<(Keyed<'p>, State)>,
    /// Where it stands with rules of the service.
    standings: Vec<(&'p str, Standing)>,
    /// What was taken, until it is settled.
    holds: Vec<(Keyed<'p>, Receipt)>,
    /// Rules of the service for which it was not too much.
    granted: Vec<&'p Rule>,
    now: u64,
}

/// Whether a request passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    Pass,
    /// It is too much, for so many nanoseconds; `None`: always, or nobody knows.
    Limited(Option<u64>),
    /// It could not be counted.
    Contended,
    /// The rate limit service has no answer, and requests get this status then.
    Unavailable(u16),
}

/// How rules are judged.
pub(crate) struct Judge<'j> {
    pub(crate) metrics: &'j Metrics,
    pub(crate) on_contention: OnContention,
    /// Whether rules refuse requests at all.
    pub(crate) enforced: bool,
}

impl<'p> Judged<'p> {
    fn new() -> Self {
        Self {
            ruling: Ruling::Pass,
            not_enforced: false,
            violated: Vec::new(),
            answer: None,
            states: Vec::new(),
            standings: Vec::new(),
            holds: Vec::new(),
            granted: Vec::new(),
            now: now(),
        }
    }

    /// Where the client stands, by the names of the rules.
    pub(crate) fn standings(&self) -> Vec<(&'p str, Standing)> {
        let mut all = self.standings.clone();
        for (keyed, state) in &self.states {
            all.push((&keyed.rule.name, keyed.limit.standing(*state, self.now)));
        }
        all
    }
}

impl Judge<'_> {
    fn refuses(&self, rule: &Rule) -> bool {
        self.enforced && !rule.shadow
    }

    /// Notes that it is too much for a rule.
    fn over<'p>(&self, rule: &'p Rule, wait: Option<u64>, judged: &mut Judged<'p>) {
        rule.metrics.rate_limited.increment(1);
        if !self.refuses(rule) {
            rule.metrics.shadow.increment(1);
            judged.not_enforced = true;
            return;
        }
        judged.violated.push(&rule.name);
        judged.ruling = match judged.ruling {
            // The longest wait counts; none at all is longer than any.
            Ruling::Limited(other) => Ruling::Limited(other.zip(wait).map(|(a, b)| a.max(b))),
            _ => Ruling::Limited(wait),
        };
    }

    /// Keeps what was taken if the request passes, and gives it back if it does not.
    pub(crate) fn settle(&self, judged: &mut Judged<'_>) {
        let passes = judged.ruling == Ruling::Pass;
        for (keyed, receipt) in std::mem::take(&mut judged.holds) {
            if passes {
                keyed.rule.metrics.ok.increment(1);
            } else if let Err(error) = give_back(&keyed, receipt) {
                log::warn!("rule `{}` keeps what it took: {error}", keyed.rule.name);
            }
            judged.states.push((keyed, receipt.state));
        }
        for rule in judged.granted.iter().filter(|_| passes) {
            rule.metrics.ok.increment(1);
        }
    }
}

fn give_back(keyed: &Keyed<'_>, receipt: Receipt) -> Result<(), SharedError> {
    keyed.local.table.give_back(keyed.client, keyed.limit, receipt, now)
}

/// The monotonic clock, which no administrator and no time server sets.
fn now() -> u64 {
    u64::try_from(clock::monotonic().since_start().as_nanos()).unwrap_or(u64::MAX)
}
