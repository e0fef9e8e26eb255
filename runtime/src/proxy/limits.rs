//! Limits of plugins as one option of a command line: `cpu=100ms,memory=64MiB,shared-data=16MiB`.

use crate::document::parse_span;
use crate::host::Quotas;
use crate::vm::Limits;
use std::str::FromStr;
use std::time::Duration;

/// Everything that bounds plugins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PluginLimits {
    /// What each VM may use.
    pub vm: Limits,
    /// What plugins may have the proxy keep and do.
    pub quotas: Quotas,
}

/// An option that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// Nothing of this name is limited.
    #[error("there is no limit `{name}`; known are `{}`", NAMES.join("`, `"))]
    Unknown {
        /// The name.
        name: String,
    },
    /// The value is none.
    #[error("limit `{name}` expects {expected}, got `{value}`")]
    Value {
        /// The limit.
        name: String,
        /// What it expects.
        expected: &'static str,
        /// What stands there.
        value: String,
    },
    /// It stands there twice.
    #[error("limit `{name}` is given twice")]
    Twice {
        /// The limit.
        name: String,
    },
}

const NAMES: [&str; 9] =
    ["cpu", "memory", "headers", "body", "log-line", "callouts", "shared-data", "queues", "metrics"];
const DURATION: &str = "a time above 0 such as `100ms`, or `none`";
const SIZE: &str = "a size above 0 such as `65536`, `64KiB`, `64MiB` or `1GiB`, or `none`";
const COUNT: &str = "a number above 0, or `none`";

impl FromStr for PluginLimits {
    type Err = LimitError;

    /// Reads `NAME=VALUE,...`, or `none` for no limit of CPU time and memory, or `default`.
    fn from_str(text: &str) -> Result<Self, LimitError> {
        let mut limits = Self::default();
        match text {
            "default" => return Ok(limits),
            "none" => {
                limits.vm = Limits::NONE;
                return Ok(limits);
            }
            _ => {}
        }
        let mut seen = Vec::new();
        for part in text.split(',') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            limits.set(name.trim(), value.trim())?;
            if seen.contains(&name.trim()) {
                return Err(LimitError::Twice { name: name.trim().to_owned() });
            }
            seen.push(name.trim());
        }
        Ok(limits)
    }
}

impl PluginLimits {
    fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
        let wrong = |expected| LimitError::Value { name: name.to_owned(), expected, value: value.to_owned() };
        let quota = match name {
            "cpu" => {
                self.vm.cpu_per_call = or_none(value, duration).ok_or_else(|| wrong(DURATION))?;
                return Ok(());
            }
            "memory" => {
                self.vm.memory = or_none(value, size).ok_or_else(|| wrong(SIZE))?;
                return Ok(());
            }
            "headers" => &mut self.quotas.headers,
            "body" => &mut self.quotas.body,
            "log-line" => &mut self.quotas.log_line,
            "shared-data" => &mut self.quotas.shared_data,
            "queues" => &mut self.quotas.queues,
            "callouts" => &mut self.quotas.callouts,
            "metrics" => &mut self.quotas.metrics,
            _ => return Err(LimitError::Unknown { name: name.to_owned() }),
        };
        let (read, expected): (fn(&str) -> Option<u64>, _) =
            if matches!(name, "callouts" | "metrics") { (count, COUNT) } else { (size, SIZE) };
        let number = or_none(value, read).ok_or_else(|| wrong(expected))?;
        *quota = number.map_or(usize::MAX, |number| usize::try_from(number).unwrap_or(usize::MAX));
        Ok(())
    }
}

/// The value, which may be `none`; nothing where it is wrong.
fn or_none<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text == "none" { Some(None) } else { read(text).map(Some) }
}

fn duration(text: &str) -> Option<Duration> {
    parse_span(text).filter(|duration| !duration.is_zero())
}

fn count(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}

fn size(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let unit = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (number, bytes) = unit.unwrap_or((text, 1));
    count(number)?.checked_mul(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_changed_and_the_rest_stays() {
        let limits: PluginLimits =
            "cpu=100ms,memory=64MiB,shared-data=4KiB,callouts=3,body=none".parse().unwrap();
        assert_eq!(limits.vm.cpu_per_call, Some(Duration::from_millis(100)));
        assert_eq!(limits.vm.memory, Some(64 << 20));
        let quotas = Quotas { shared_data: 4096, callouts: 3, body: usize::MAX, ..Quotas::default() };
        assert_eq!(limits.quotas, quotas);
        assert_eq!("default".parse(), Ok(PluginLimits::default()));
        assert_eq!("none".parse::<PluginLimits>().unwrap().vm, Limits::NONE);
    }

    #[test]
    fn every_limit_can_be_named() {
        for name in NAMES {
            assert!(format!("{name}=none").parse::<PluginLimits>().is_ok(), "{name}");
        }
    }

    #[test]
    fn wrong_limits_say_what_is_expected() {
        for (text, part) in [
            ("cpu=fast", "`cpu` expects a time above 0 such as `100ms`, or `none`, got `fast`"),
            ("cpu=0", "got `0`"),
            ("memory=64MB", "`memory` expects a size"),
            ("memory=0", "expects a size"),
            ("memory=99999999999GiB", "expects a size"),
            ("callouts=+1", "expects a number"),
            ("callouts", "got ``"),
            ("cups=1", "no limit `cups`; known are `cpu`, `memory`, "),
            ("cpu=1s,cpu=2s", "`cpu` is given twice"),
            ("", "no limit ``"),
        ] {
            let error = text.parse::<PluginLimits>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
