//! How often something may happen: Envoy's token bucket, and the windows of rate limit services.

use super::node::{Node, Object};
use crate::limit::{Bucket, Limit, Unit, Window};
use mesh_filter_policy::Problem;
use std::cell::Cell;
use std::num::NonZeroU32;
use std::rc::Rc;

/// The longest window in seconds: a year.
const LONGEST: u64 = 366 * 86_400;
const UNITS: [&str; 7] = ["second", "minute", "hour", "day", "week", "month", "year"];

/// Limits, and where their windows find the calendar: where the wall clock was when the monotonic clock began, in nanoseconds.
pub(super) struct Limits {
    pub(super) epoch: Rc<Cell<u64>>,
    /// Whether there are windows.
    pub(super) windows: bool,
}

impl Limits {
    /// The one limit of two that may be given.
    #[inline(never)]
    pub(super) fn read(&mut self, object: &mut Object) -> Result<Limit, Problem> {
        match (object.take("token_bucket"), object.take("fixed_window")) {
            (Some(node), None) => bucket(node).map_err(|problem| problem.inside("token_bucket")),
            (None, Some(node)) => {
                self.windows = true;
                self.window(node).map_err(|problem| problem.inside("fixed_window"))
            }
            _ => Err(Problem::new("", "expected one of `token_bucket` and `fixed_window`")),
        }
    }

    fn window(&self, node: Node) -> Result<Limit, Problem> {
        let mut object = Object::new(node, &["requests_per_unit", "unit", "unit_multiplier"])?;
        let requests = positive(&mut object, "requests_per_unit")?;
        let requests = requests.ok_or_else(|| Problem::new("", "missing field `requests_per_unit`"))?;
        let times = object.number("unit_multiplier", 1, u32::MAX)?;
        let unit = object.word("unit", &UNITS)?.ok_or_else(|| Problem::new("", "missing field `unit`"))?;
        let unit = match (unit, times) {
            (4, None) => Unit::Week,
            (5, None) => Unit::Month,
            (6, None) => Unit::Year,
            (4.., _) => {
                let text = "windows of several weeks, months or years are not supported";
                return Err(Problem::new("unit_multiplier", text));
            }
            (short, times) => {
                let seconds = [1, 60, 3600, 86_400].get(short).copied().unwrap_or(1);
                let length = seconds * u64::from(times.unwrap_or(1));
                if length > LONGEST {
                    return Err(Problem::new("unit_multiplier", "expected a window of 366 days at most"));
                }
                Unit::Seconds(length)
            }
        };
        Ok(Limit::Window(Window::new(requests, unit, Rc::clone(&self.epoch))))
    }
}

fn bucket(node: Node) -> Result<Limit, Problem> {
    let mut object = Object::new(node, &["max_tokens", "tokens_per_fill", "fill_interval"])?;
    let most = positive(&mut object, "max_tokens")?;
    let most = most.ok_or_else(|| Problem::new("", "missing field `max_tokens`"))?;
    let per_fill = positive(&mut object, "tokens_per_fill")?.unwrap_or(NonZeroU32::MIN);
    let interval = object.span("fill_interval")?;
    let interval = interval.ok_or_else(|| Problem::new("", "missing field `fill_interval`"))?;
    let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    Bucket::new(most, per_fill, interval).map(Limit::Bucket).ok_or_else(|| {
        let text = "expected a time in which each token has a nanosecond at least, and the bucket fills in 292 years at most";
        Problem::new("fill_interval", text)
    })
}

fn positive(object: &mut Object, name: &str) -> Result<Option<NonZeroU32>, Problem> {
    Ok(object.number(name, 1, u32::MAX)?.and_then(NonZeroU32::new))
}
