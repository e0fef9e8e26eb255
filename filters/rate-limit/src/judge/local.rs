//! Rules that this proxy counts itself.
//!
//! All are read first, and nothing is written unless all have enough. Then one is written after the other; where another worker
//! was faster and there is not enough any more, what was taken before is given back.

use super::{Judge, Judged, Ruling};
use crate::config::OnContention;
use crate::rules::Keyed;
use crate::table::{Debit, Look, Verdict};
use mesh_filter::log;
use mesh_filter::shared::SharedError;

impl Judge<'_> {
    /// Judges a request by these rules, and takes from all of them if it passes.
    pub(crate) fn judge<'p>(&self, keyed: Vec<Keyed<'p>>) -> Judged<'p> {
        let mut judged = Judged::new();
        let mut looks = Vec::with_capacity(keyed.len());
        for keyed in keyed {
            match keyed.local.table.look(keyed.client, keyed.limit, judged.now, keyed.hits) {
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
        for (keyed, look) in looks {
            match look.verdict {
                Verdict::Fits(_) | Verdict::Unlimited if judged.ruling == Ruling::Pass => {
                    self.take(keyed, look, &mut judged);
                }
                _ => judged.states.push((keyed, look.state)),
            }
        }
        judged
    }

    fn take<'p>(&self, keyed: Keyed<'p>, look: Look, judged: &mut Judged<'p>) {
        match keyed.local.table.take(keyed.client, keyed.limit, (judged.now, keyed.hits), look) {
            Ok(Debit::Done(receipt, retries)) => {
                if retries > 0 {
                    self.metrics.cas_retry.increment(retries);
                }
                judged.holds.push((keyed, receipt));
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
}
