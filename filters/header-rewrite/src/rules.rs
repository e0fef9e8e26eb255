//! The rules of a configuration, and how an exchange goes through them.

use crate::claims::{Claims, Source};
use crate::condition::{RequestMatch, ResponseMatch};
use crate::editor::{Editor, Refused};
use crate::fields::Fields;
use crate::operation::{Operation, Pseudo};
use crate::parameter::ParameterOperation;
use crate::place::{HostRewrite, PathRewrite};
use crate::safety::Safety;
use crate::template::{Look, Operator};
use crate::world::World;

/// Everything that exchanges are changed by.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) rules: Vec<Rule>,
    pub(crate) safety: Safety,
    pub(crate) claims: Option<Source>,
}

/// What is done to exchanges of a kind.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) request: RequestMatch,
    pub(crate) response: ResponseMatch,
    pub(crate) request_operations: Vec<Operation>,
    pub(crate) parameters: Vec<ParameterOperation>,
    pub(crate) path: Option<PathRewrite>,
    pub(crate) host: Option<HostRewrite>,
    pub(crate) method: Option<String>,
    pub(crate) response_operations: Vec<Operation>,
    /// What response operations need to know of the request.
    pub(crate) saved: Vec<Operator>,
}

/// What is remembered of a request until its response comes: for each rule that has something to do then, what it saved.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    rules: Vec<(usize, Vec<Option<Vec<u8>>>)>,
}

impl Passage {
    /// Whether there is something to do to the response.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// How a message went through the rules.
pub(crate) struct Passed<T> {
    pub(crate) outcome: Result<T, Refused>,
    /// Changes that were not made.
    pub(crate) rejected: u32,
}

impl Policy {
    /// Changes a request. A rule sees what those before it have made of it.
    pub(crate) fn request(&self, fields: &mut dyn Fields, world: &dyn World) -> Passed<Passage> {
        let claims = Claims::new(self.claims.as_ref());
        let mut editor = Editor::new(fields, &self.safety);
        let outcome = self.pass_request(&mut editor, &claims, world);
        Passed { outcome, rejected: editor.rejected }
    }

    fn pass_request(
        &self,
        editor: &mut Editor<'_>,
        claims: &Claims<'_>,
        world: &dyn World,
    ) -> Result<Passage, Refused> {
        let mut due: Vec<(usize, &Rule, Vec<Option<String>>)> = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let look = Look { captures: &[], saved: &[], claims, world };
            let Some(captures) = rule.request.matches(editor.fields, look) else { continue };
            rule.change_request(editor, Look { captures: &captures, ..look })?;
            if !rule.response_operations.is_empty() {
                due.push((index, rule, captures));
            }
        }
        // Responses are told of the request as it leaves.
        let mut passage = Passage::default();
        for (index, rule, captures) in due {
            let view = Look { captures: &captures, saved: &[], claims, world }.over(editor.fields);
            passage.rules.push((index, rule.saved.iter().map(|operator| view.value(operator)).collect()));
        }
        Ok(passage)
    }

    /// Changes a response.
    pub(crate) fn response(
        &self,
        passage: &Passage,
        fields: &mut dyn Fields,
        world: &dyn World,
    ) -> Passed<()> {
        let claims = Claims::new(None);
        let mut editor = Editor::new(fields, &self.safety);
        let mut change = || {
            for (index, saved) in &passage.rules {
                let Some(rule) = self.rules.get(*index) else { continue };
                if !rule.response.is_any() && !rule.response.matches(editor.fields) {
                    continue;
                }
                let look = Look { captures: &[], saved, claims: &claims, world };
                rule.response_operations
                    .iter()
                    .try_for_each(|operation| operation.apply(&mut editor, look))?;
            }
            Ok(())
        };
        let outcome = change();
        Passed { outcome, rejected: editor.rejected }
    }
}

impl Rule {
    fn change_request(&self, editor: &mut Editor<'_>, look: Look<'_>) -> Result<(), Refused> {
        self.request_operations.iter().try_for_each(|operation| operation.apply(editor, look))?;
        self.parameters.iter().try_for_each(|operation| operation.apply(editor, look))?;
        if let Some(path) = &self.path {
            path.apply(editor, look)?;
        }
        if let Some(host) = &self.host {
            host.apply(editor, look)?;
        }
        self.method.as_ref().map_or(Ok(()), |method| Pseudo::Method.set(editor, method.as_bytes()))
    }
}

#[cfg(test)]
mod tests;
