//! Looks for what the commands need on this machine, and says how to mend what is missing.
//!
//! Nothing is changed, and nothing is waited for longer than a bounded time.

mod ask;
mod project;
mod tools;

use std::sync::mpsc;
use std::time::Duration;

use serde::Serialize;

use crate::image::open::RegistryOptions;
use crate::image::reference::Repository;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Ok,
    Missing,
    /// It is there, and does not work.
    Broken,
}

/// What was found out about one thing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    pub(crate) name: &'static str,
    pub(crate) state: State,
    /// Whether filters cannot be built without it, or it was asked for.
    pub(crate) required: bool,
    /// What was found, or why it does not work.
    pub(crate) found: String,
    pub(crate) needed_for: &'static str,
    /// The command that mends it, where it is not well.
    pub(crate) mend: Option<String>,
}

/// Looks at everything; `registry` is one that was asked for.
pub(crate) fn examine(registry: Option<Repository>, options: &RegistryOptions) -> Vec<Finding> {
    let mut findings = vec![tools::cli(), tools::rust(), tools::cargo(), tools::target()];
    let (sdk, published) = project::look();
    findings.extend(sdk);
    findings.extend([tools::wasm_opt(), tools::envoy()]);
    let kubectl = tools::kubectl();
    let cluster = tools::cluster(&kubectl);
    findings.extend([kubectl, cluster]);
    let asked = registry.is_some();
    findings.extend(registry.or(published).map(|repository| project::registry(repository, options, asked)));
    findings
}

impl Finding {
    fn well(name: &'static str, required: bool, needed_for: &'static str, found: String) -> Self {
        Self { name, state: State::Ok, required, found, needed_for, mend: None }
    }

    fn ill(self, state: State, mend: impl Into<String>) -> Self {
        Self { state, mend: Some(mend.into()), ..self }
    }

    /// In words.
    pub(crate) fn text(&self) -> String {
        let Self { name, state, required, found, needed_for, mend } = self;
        let state = match (state, required) {
            (State::Ok, _) => "ok",
            (State::Missing, true) => "MISSING",
            (State::Missing, false) => "missing",
            (State::Broken, true) => "BROKEN",
            (State::Broken, false) => "broken",
        };
        let mut text = format!("{name:<9} {state:<8} {found}\n");
        if let Some(mend) = mend {
            text.push_str(&format!("{:18} needed for {needed_for}\n{:18} mend it: {mend}\n", "", ""));
        }
        text
    }
}

/// Does something that knows no bound itself; `None` where it has not come to an end in time.
fn bounded<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(patience).ok()
}
