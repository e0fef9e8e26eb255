//! What decisions do to the request, and to its response.

use crate::config::Policy;
use crate::experiment::Variation;
use crate::visit::{Decision, Found};
use mesh_filter::prelude::*;
use std::rc::Rc;

impl Decision {
    /// The variation of the configuration, where it is one.
    fn variation<'p>(&self, policy: &'p Policy) -> Option<&'p Variation> {
        policy.experiments.get(self.experiment)?.variations.get(self.cohort.variation?)
    }
}

/// Tells the upstream what has been decided, and nothing else under the same names.
pub(crate) fn tell_upstream(
    request: &mut Request,
    policy: &Policy,
    decisions: &[Decision],
    found: &Found,
) -> Result<()> {
    policy.owned.remove_from(request)?;
    for decision in decisions {
        let Some(experiment) = policy.experiments.get(decision.experiment) else { continue };
        if let Some(name) = &experiment.request_header {
            request.headers_mut().set(name, decision.cohort.key.as_bytes())?;
        }
        if policy.filter_state {
            let name = format!("ab_bucket.{}", experiment.key);
            // Access logs are not worth a request, nor is the text of the error its size.
            drop(property::set(&name, decision.cohort.key.as_bytes()));
        }
        if let Some(variation) = decision.variation(policy) {
            apply(request, variation)?;
        }
    }
    if let Some(name) = &policy.experiments_header
        && !decisions.is_empty()
    {
        let mut all = String::new();
        for decision in decisions {
            let Some(experiment) = policy.experiments.get(decision.experiment) else { continue };
            if !all.is_empty() {
                all.push(';');
            }
            all.push_str(&experiment.key);
            all.push('=');
            all.push_str(&decision.cohort.key);
        }
        request.headers_mut().set(name, all)?;
    }
    if let (Some(name), Some(id)) = (&policy.unit_header, &found.id) {
        // An id of a client that cannot stand in a header stays out of it.
        if !id.chars().any(char::is_control) {
            request.headers_mut().set(name, id)?;
        }
    }
    Ok(())
}

fn apply(request: &mut Request, variation: &Variation) -> Result<()> {
    for (name, value) in &variation.request_headers {
        request.headers_mut().set(name, value)?;
    }
    let target = request.target().map(|target| target.as_bytes()).unwrap_or_default();
    if let Some(target) = variation.rewrites.iter().find_map(|rewrite| rewrite.of(target)) {
        request.headers_mut().set(":path", target)?;
    }
    if let Some(host) = &variation.host_rewrite {
        request.headers_mut().set(":authority", host)?;
    }
    Ok(())
}

/// Counts and logs what has been decided.
pub(crate) fn report(policy: &Policy, decisions: &[Decision], found: &Found) {
    for decision in decisions {
        let Some(experiment) = policy.experiments.get(decision.experiment) else { continue };
        if let Some(counters) = &experiment.counters {
            counters.count(decision.cohort.variation, decision.how);
        }
        if let Some(log) = &policy.exposure_log {
            log.write(&experiment.key, &decision.cohort.key, decision.how, found.id.as_deref());
        }
    }
}

/// What a response gets.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    cookies: Vec<String>,
    headers: Vec<(HeaderName, String)>,
    /// Whether no cache between client and proxy may keep it.
    private: bool,
}

impl Answer {
    pub(crate) fn new(policy: &Policy, decisions: &[Decision], found: &Found) -> Self {
        let mut answer =
            Self { private: policy.private_responses && !decisions.is_empty(), ..Self::default() };
        if let Some(id) = found.id.as_ref().filter(|_| found.is_new) {
            answer.cookies.extend(policy.units.set_cookie(id));
        }
        if let Some(sticky) = &policy.sticky {
            let new = |number: usize| {
                let own = |decision: &&Decision| decision.experiment == number && decision.how.is_new();
                let remembers = policy.experiments.get(number)?.sticky;
                decisions
                    .iter()
                    .find(own)
                    .filter(|_| remembers)
                    .map(|decision| Rc::clone(&decision.cohort.key))
            };
            answer.cookies.extend(sticky.set_cookie(&policy.experiments, &found.kept, new));
        }
        for decision in decisions {
            let named =
                policy.experiments.get(decision.experiment).and_then(|one| one.response_header.as_ref());
            if let Some(name) = named {
                answer.headers.push((name.clone(), decision.cohort.key.as_ref().to_owned()));
            }
            let more = decision.variation(policy).map(|one| one.response_headers.as_slice());
            for header in more.unwrap_or_default() {
                answer.headers.push(header.clone());
            }
        }
        answer
    }

    /// Writes it into the response.
    pub(crate) fn write(self, response: &mut Response) -> Result<()> {
        for (name, value) in self.headers {
            response.headers_mut().set(name, value)?;
        }
        if self.private {
            let known = response.headers().get_all("cache-control").map(|value| value.as_bytes());
            if let Some(value) = private(known) {
                response.headers_mut().set("cache-control", value)?;
            }
        }
        for cookie in self.cookies {
            response.headers_mut().append("set-cookie", cookie)?;
        }
        Ok(())
    }
}

/// The value of `cache-control` (RFC 9111, section 5.2.2) that shared caches obey; none where they obey the present one.
fn private<'v>(values: impl Iterator<Item = &'v [u8]>) -> Option<Vec<u8>> {
    let is = |directive: &[u8], name: &str| directive.eq_ignore_ascii_case(name.as_bytes());
    let mut kept = Vec::new();
    for value in values {
        for directive in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if is(directive, "private") || is(directive, "no-store") {
                return None;
            }
            let for_all = is(directive, "public")
                || directive.get(..8).is_some_and(|start| is(start, "s-maxage"))
                || directive.is_empty();
            if !for_all {
                kept.extend_from_slice(directive);
                kept.extend_from_slice(b", ");
            }
        }
    }
    kept.extend_from_slice(b"private");
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_caches_are_told_to_keep_nothing() {
        for (values, expected) in [
            (&[][..], Some("private")),
            (&["max-age=60"], Some("max-age=60, private")),
            (&["public, max-age=60, S-MaxAge=10"], Some("max-age=60, private")),
            (&["Private"], None),
            (&["max-age=1", "no-store"], None),
            (&["private=\"x\", public"], Some("private=\"x\", private")),
        ] {
            let value = private(values.iter().map(|value| value.as_bytes()));
            assert_eq!(value.as_deref(), expected.map(str::as_bytes), "{values:?}");
        }
    }
}
