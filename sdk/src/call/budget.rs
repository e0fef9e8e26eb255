//! How many retries a cluster bears: where many calls fail, retrying them all would be what keeps
//! the service down.

use super::ClusterName;
use crate::clock::monotonic;

/// Over how long calls and retries are counted, by parts of a second.
const WINDOW_SECONDS: u64 = 10;
const PARTS: usize = 10;
/// Clusters that are counted in one VM. Names may come from what clients send.
const MAX_CLUSTERS: usize = 256;

/// How many of the calls to a cluster may be retries, in the last ten seconds and in one VM.
///
/// Counted are calls with a [`super::Retry`]: each once, and each retry. Unless it is set, retries
/// may be a fifth of the calls, and ten in any case.
///
/// ```
/// use mesh_filter::call::{Budget, Retry};
///
/// let careful = Retry::times(3).budget(Budget::percent(5).at_least(3));
/// # drop(careful);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Budget {
    percent: u32,
    at_least: u32,
}

impl Budget {
    /// For each hundred calls so many retries.
    pub const fn percent(percent: u32) -> Self {
        Self { percent, at_least: Self::DEFAULT.at_least }
    }

    /// So many retries in ten seconds even where there are few calls.
    pub const fn at_least(mut self, retries: u32) -> Self {
        self.at_least = retries;
        self
    }

    const DEFAULT: Self = Self { percent: 20, at_least: 10 };
}

impl Default for Budget {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What was called and retried of late, by cluster.
#[derive(Debug, Default)]
pub(crate) struct Budgets(Vec<Window>);

impl Budgets {
    /// A call is made for the first time.
    pub(super) fn count_call(&mut self, cluster: &ClusterName) {
        self.count(cluster, |_, part| part.calls += 1);
    }

    /// Whether a call may be made again; if so, it is counted.
    pub(super) fn take(&mut self, cluster: &ClusterName, budget: Budget) -> bool {
        let mut allowed = false;
        self.count(cluster, |last, part| {
            let share = u64::from(last.calls) * u64::from(budget.percent) / 100;
            allowed = u64::from(last.retries) < share.max(budget.at_least.into());
            part.retries += u32::from(allowed);
        });
        allowed
    }

    /// Hands out what the last ten seconds were, and the part that counts now.
    fn count(&mut self, cluster: &ClusterName, count: impl FnOnce(Part, &mut Part)) {
        let second = monotonic().since_start().as_secs();
        let place = self.0.iter().position(|window| window.cluster == *cluster);
        let window = match place {
            Some(place) => self.0.get_mut(place),
            None => {
                if self.0.len() >= MAX_CLUSTERS {
                    self.forget_idlest();
                }
                self.0.push(Window { cluster: cluster.clone(), parts: [Part::default(); PARTS] });
                self.0.last_mut()
            }
        };
        let Some(window) = window else { return };
        let last = window.sum(second);
        if let Some(part) = window.parts.get_mut(usize::try_from(second).unwrap_or(0) % PARTS) {
            if part.second != second {
                *part = Part { second, ..Part::default() };
            }
            count(last, part);
        }
    }

    fn forget_idlest(&mut self) {
        let idlest = self.0.iter().enumerate().min_by_key(|(_, window)| window.last_use());
        if let Some(place) = idlest.map(|(place, _)| place) {
            self.0.swap_remove(place);
        }
    }
}

/// Counts for one cluster.
#[derive(Debug)]
struct Window {
    cluster: ClusterName,
    parts: [Part; PARTS],
}

/// Counts of one second of the monotonic clock.
#[derive(Debug, Default, Clone, Copy)]
struct Part {
    second: u64,
    calls: u32,
    retries: u32,
}

impl Window {
    fn sum(&self, second: u64) -> Part {
        let recent = self.parts.iter().filter(|part| part.second + WINDOW_SECONDS > second);
        recent.fold(Part::default(), |sum, part| Part {
            second,
            calls: sum.calls.saturating_add(part.calls),
            retries: sum.retries.saturating_add(part.retries),
        })
    }

    fn last_use(&self) -> u64 {
        self.parts.iter().map(|part| part.second).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::host::install;
    use std::rc::Rc;

    fn cluster(name: impl ToString) -> ClusterName {
        ClusterName::new(name.to_string()).unwrap()
    }

    #[test]
    fn retries_are_a_share_of_the_calls_of_the_last_ten_seconds() {
        let fake = Rc::new(Fake::default());
        let _installed = install(fake.clone());
        let (mut budgets, sick, budget) =
            (Budgets::default(), cluster("sick"), Budget::percent(10).at_least(2));
        let taken = |budgets: &mut Budgets| (0..50).filter(|_| budgets.take(&sick, budget)).count();
        assert_eq!(taken(&mut budgets), 2, "the least, without any call");
        (0..40).for_each(|_| budgets.count_call(&sick));
        assert_eq!(taken(&mut budgets), 2, "a tenth of forty, less those taken");
        fake.now_ms.set(9_999);
        assert_eq!(taken(&mut budgets), 0);
        assert!(budgets.take(&cluster("well"), budget), "clusters do not share it");
        fake.now_ms.set(10_000);
        assert_eq!(taken(&mut budgets), 2, "all that was counted is forgotten");
    }

    #[test]
    fn the_cluster_unused_for_longest_is_forgotten_when_there_are_too_many() {
        let fake = Rc::new(Fake::default());
        let _installed = install(fake.clone());
        let mut budgets = Budgets::default();
        for number in 0..=MAX_CLUSTERS {
            fake.now_ms.set(1000 * (number as u64));
            budgets.count_call(&cluster(number));
        }
        assert_eq!(budgets.0.len(), MAX_CLUSTERS);
        assert!(budgets.0.iter().all(|window| window.cluster != cluster(0)));
    }
}
