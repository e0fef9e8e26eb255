//! Log statements that write once in a while.

use crate::clock::{self, Instant};
use crate::vm;
use std::fmt;
use std::time::Duration;

/// Logs at most once in each `period` per VM, and says how many times it did not.
///
/// The level is one of `Trace`, `Debug`, `Info`, `Warn` and `Error`; the rest is as for
/// [`log::info!`]. Each place in the code counts for itself.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn run(cluster: ClusterName, error: Error) {
/// log_every!(secs(10), Warn, "`{cluster}` does not answer: {error}");
/// // `flags` does not answer: .. (and 1234 times more since the last line)
/// # }
/// ```
#[macro_export]
macro_rules! log_every {
    ($period:expr, $level:ident, $($message:tt)+) => {{
        const SITE: &str = concat!(file!(), ":", line!(), ":", column!());
        if $crate::log::log_enabled!($crate::log::Level::$level) {
            if let Some(more) = $crate::private::due(SITE, $period) {
                $crate::log::log!($crate::log::Level::$level, "{}{more}", format_args!($($message)+));
            }
        }
    }};
}

/// Where statements stand, and when each wrote last.
pub(super) type Limits = Vec<Limit>;

pub(super) struct Limit {
    site: &'static str,
    last: Instant,
    suppressed: u64,
}

/// What a statement suppressed since it wrote last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct More(u64);

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => f.write_str(" (and once more since the last line)"),
            count => write!(f, " (and {count} times more since the last line)"),
        }
    }
}

/// Whether the statement at this place writes now.
#[must_use]
pub fn due(site: &'static str, period: Duration) -> Option<More> {
    let now = clock::monotonic();
    let vm = vm::current();
    let mut limits = vm.log.limits.borrow_mut();
    let Some(limit) = limits.iter_mut().find(|limit| limit.site == site) else {
        limits.push(Limit { site, last: now, suppressed: 0 });
        return Some(More(0));
    };
    if now - limit.last < period {
        limit.suppressed += 1;
        return None;
    }
    limit.last = now;
    Some(More(std::mem::take(&mut limit.suppressed)))
}
