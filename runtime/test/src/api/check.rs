//! What tests in Rust expect of an exchange.

use super::exchange::Exchange;
use crate::matcher::{HeaderMatcher, Matcher, Mismatch};
use crate::traffic::Received;
use mesh_filter_runtime::abi::LogLevel;
use std::ops::Deref;

/// An expectation; made by [`status`], [`header`] and their siblings.
pub struct Check(Box<Holds>);

/// Looks at the exchange and at the message in question; an error says what does not hold.
type Holds = dyn Fn(&Exchange, Option<&Received>) -> Result<(), String>;

/// An exchange of which something has been expected already.
#[derive(Debug)]
pub struct Checked(pub(super) Exchange);

impl Checked {
    /// As [`Exchange::expect`].
    ///
    /// # Panics
    /// When it does not hold.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the last expectation ends the chain")]
    pub fn expect(self, check: Check) -> Self {
        self.0.expect(check)
    }

    /// As [`Exchange::upstream`].
    ///
    /// # Panics
    /// When it does not hold.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the last expectation ends the chain")]
    pub fn upstream(self, check: Check) -> Self {
        self.0.upstream(check)
    }
}

impl Deref for Checked {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        &self.0
    }
}

impl Check {
    pub(super) fn of(&self, exchange: &Exchange, message: Option<&Received>) -> Result<(), String> {
        (self.0)(exchange, message)
    }

    fn new(check: impl Fn(&Exchange, Option<&Received>) -> Result<(), String> + 'static) -> Self {
        Self(Box::new(check))
    }

    fn on_message(check: impl Fn(&Received) -> Result<(), Mismatch> + 'static) -> Self {
        Self::new(move |_, message| match message {
            Some(message) => check(message).map_err(|mismatch| mismatch.problem),
            None => Err("there was none".to_owned()),
        })
    }

    fn on_header(name: &str, matcher: HeaderMatcher) -> Self {
        let name = name.to_ascii_lowercase();
        Self::on_message(move |message| {
            let checked = matcher.check(&message.headers, &name);
            checked.map_err(|mismatch| mismatch.of(&format!("header `{name}`")))
        })
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").finish_non_exhaustive()
    }
}

/// The response has this status.
#[must_use]
pub fn status(status: u16) -> Check {
    Check::on_message(move |message| {
        let expected: Matcher = status.to_string().into();
        expected.check(message.status().to_string().as_bytes()).map_err(|mismatch| mismatch.of("status"))
    })
}

/// The header is there once, with this value. Pseudo headers (`:path`) are headers too.
#[must_use]
pub fn header(name: &str, value: impl Into<Matcher>) -> Check {
    Check::on_header(name, HeaderMatcher::One(value.into()))
}

/// The header is not there.
#[must_use]
pub fn no_header(name: &str) -> Check {
    Check::on_header(name, HeaderMatcher::Absent)
}

/// The trailer is there once, with this value.
#[must_use]
pub fn trailer(name: &str, value: impl Into<Matcher>) -> Check {
    let (name, matcher) = (name.to_ascii_lowercase(), HeaderMatcher::One(value.into()));
    Check::on_message(move |message| {
        matcher.check(&message.trailers, &name).map_err(|mismatch| mismatch.of(&format!("trailer `{name}`")))
    })
}

/// The whole body is this.
#[must_use]
pub fn body(value: impl Into<Matcher>) -> Check {
    let matcher = value.into();
    Check::on_message(move |message| matcher.check(&message.body).map_err(|mismatch| mismatch.of("body")))
}

/// The message has come to its end.
#[must_use]
pub fn complete() -> Check {
    Check::on_message(|message| {
        if message.complete {
            Ok(())
        } else {
            Err(Mismatch::new("expected a whole message, its end is missing"))
        }
    })
}

/// The client saw a reset.
#[must_use]
pub fn reset() -> Check {
    Check::new(
        |exchange, _| if exchange.finished.reset { Ok(()) } else { Err("expected a reset".to_owned()) },
    )
}

/// A filter set the property with this path (with dots), last to such a value.
#[must_use]
pub fn set_property(path: &str, value: impl Into<Matcher>) -> Check {
    let (path, value) = (path.to_owned(), value.into());
    Check::new(move |exchange, _| {
        let set = exchange.finished.set_properties.get(&path).map(Vec::as_slice).unwrap_or_default();
        value.check(set).map_err(|mismatch| mismatch.of(&format!("property `{path}`")).problem)
    })
}

/// The upstream was not called.
#[must_use]
pub fn no_upstream_call() -> Check {
    Check::new(|exchange, _| match &exchange.finished.upstream {
        None => Ok(()),
        Some(_) => Err("expected no upstream request, got one".to_owned()),
    })
}

/// The filter logged such a line during the exchange.
#[must_use]
pub fn log(level: LogLevel, message: impl Into<Matcher>) -> Check {
    let message = message.into();
    Check::new(move |exchange, _| {
        let found = (exchange.logs.iter())
            .any(|line| line.level == level && message.check(line.message.as_bytes()).is_ok());
        let wanted = || format!("expected a log line at level {}: {}", level.name(), message.describe());
        if found { Ok(()) } else { Err(wanted()) }
    })
}

/// The counter grew by so much during the exchange; the gauge has this value.
#[must_use]
pub fn metric(name: &str, value: u64) -> Check {
    let name = name.to_owned();
    Check::new(move |exchange, _| {
        let now = exchange.metrics.get(&name).copied().unwrap_or(0);
        let before = exchange.metrics_before.get(&name).copied().unwrap_or(0);
        let actual = if exchange.gauges.contains(&name) { now } else { now.saturating_sub(before) };
        if actual == value { Ok(()) } else { Err(format!("metric `{name}`: expected {value}, got {actual}")) }
    })
}

/// A value that contains this.
#[must_use]
pub fn contains(part: &str) -> Matcher {
    Matcher::Contains(part.as_bytes().to_vec())
}

/// A value that starts with this.
#[must_use]
pub fn starts(start: &str) -> Matcher {
    Matcher::Starts(start.as_bytes().to_vec())
}

/// A value that ends with this.
#[must_use]
pub fn ends(end: &str) -> Matcher {
    Matcher::Ends(end.as_bytes().to_vec())
}

/// A value of which a part matches the regular expression.
///
/// # Panics
/// When the expression is not valid.
#[track_caller]
#[must_use]
pub fn matches(expression: &str) -> Matcher {
    match Matcher::regex(expression) {
        Ok(matcher) => matcher,
        Err(problem) => super::fail(&format!("`{expression}` is not a regular expression: {problem}")),
    }
}

/// A value that is not such.
#[must_use]
pub fn not(matcher: impl Into<Matcher>) -> Matcher {
    Matcher::Not(Box::new(matcher.into()))
}
