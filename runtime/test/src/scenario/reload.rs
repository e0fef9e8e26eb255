//! Reads `reload` and `restart`, new configurations and new VMs while a case runs, and plays them.

use super::body::configuration;
use super::expect::Expect;
use super::files::Folder;
use super::matchers::matcher;
use super::run::{Broken, Play};
use super::stage::{Scope, StartFailure};
use super::template::Variables;
use crate::matcher::Matcher;
use crate::report::Problem;
use mesh_filter_runtime::document::{Node, Place, Result};

/// A filter that is configured anew.
#[derive(Debug, Clone)]
pub(crate) struct Reload {
    place: Place,
    /// `None`: as it is.
    configuration: Option<Vec<u8>>,
    new_vm: bool,
    /// It refuses the configuration, logs this, and goes on with the old one.
    refused: Option<(Place, Matcher)>,
    pub(crate) expect: Box<Expect>,
}

/// Reads a step with `reload` or `restart`.
pub(super) fn step(node: &Node, variables: &Variables, folder: &Folder) -> Result<Reload> {
    let node = variables.expand(node)?;
    let fields = node.mapping(&["reload", "restart", "refused", "expect"])?;
    let (form, value) = fields.one_of(&["reload", "restart"])?;
    let new_vm = form == "restart";
    if new_vm {
        value.choice(&[("vm", ())])?;
        if let Some(node) = fields.get("refused") {
            return Err(node.error("`refused` is for `reload`"));
        }
    }
    let refused = |node: &Node| Ok((node.place().clone(), matcher(node, folder)?));
    let expect = fields.optional("expect", |node| Expect::of_time(node, folder))?;
    Ok(Reload {
        place: value.place().clone(),
        configuration: if new_vm { None } else { Some(configuration(value, folder)?) },
        new_vm,
        refused: fields.optional("refused", refused)?,
        expect: Box::new(expect.unwrap_or_default()),
    })
}

impl Play<'_> {
    fn replace(&mut self, reload: &Reload) -> std::result::Result<(), StartFailure> {
        let mut setup = self.setup.clone();
        if let Some(configuration) = &reload.configuration {
            setup.configuration.clone_from(configuration);
        }
        self.stage.replace(&setup, reload.new_vm)?;
        self.setup = setup;
        Ok(())
    }

    /// Configures the filter anew, where nothing is judged; the error says why it cannot go on.
    pub(super) fn reload_unjudged(&mut self, reload: &Reload) -> std::result::Result<(), String> {
        match self.replace(reload) {
            Err(StartFailure::Refused(_)) if reload.refused.is_some() => Ok(()),
            Err(StartFailure::Refused(error) | StartFailure::Broken(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }

    pub(super) fn reload(&mut self, reload: &Reload, scope: &Scope) -> std::result::Result<(), Broken> {
        let replaced = self.replace(reload);
        let mut deeds = self.stage.deeds(scope);
        let mut problems = Vec::new();
        match (replaced, &reload.refused) {
            (Ok(()), None) => {}
            (Ok(()), Some((place, _))) => {
                let text = "expected that the filter refuses its configuration, but it started";
                problems.push(Problem::at(place, text));
            }
            (Err(StartFailure::Refused(_)), Some((place, matcher))) => {
                if !deeds.say(matcher) {
                    problems.push(Problem::at(place, format!("expected a log line: {}", matcher.describe())));
                }
                // A refusal is logged as an error, which is what was expected.
                deeds.logs.clear();
            }
            (Err(StartFailure::Refused(error) | StartFailure::Broken(error)), _) => {
                problems.push(Problem::at(&reload.place, error));
            }
        }
        self.judge(&reload.expect, &deeds, problems, scope.mark)
    }
}
