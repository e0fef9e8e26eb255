//! Rules that a rate limit service counts. It is asked when this proxy's own rules have let a request pass, and have taken for it.

use super::{Judge, Judged, Ruling};
use crate::rules::Asked;
use crate::service::{Answer, Service};
use crate::table::Client;
use mesh_filter::{Result, clock, log_every, task};

/// Rules about which the service is asked together.
#[derive(Default)]
struct Question<'p> {
    asked: Vec<Asked<'p>>,
    clients: Vec<Client>,
}

impl Judge<'_> {
    /// Asks the service about these rules, unless it is known what it would say.
    pub(crate) async fn ask<'p>(&self, service: &Service, all: Vec<Asked<'p>>, judged: &mut Judged<'p>) {
        let (mut meant, mut shadow) = (Question::default(), Question::default());
        for asked in all {
            let client = service.client(&asked.key);
            if let Some(wait) = service.wait(client, judged.now) {
                self.over(asked.rule, Some(wait), judged);
                continue;
            }
            // What a rule in the shadow comes to must not decide over the others, and the service has one verdict for all.
            let question = if self.refuses(asked.rule) { &mut meant } else { &mut shadow };
            question.asked.push(asked);
            question.clients.push(client);
        }
        if judged.ruling != Ruling::Pass {
            return;
        }
        let (verdict, would_be) = task::join((meant.answer(service), shadow.answer(service))).await;
        drop(self.heard(service, &shadow, would_be, judged));
        judged.answer = self.heard(service, &meant, verdict, judged);
    }

    /// Notes what the service has said, or that it has not.
    fn heard<'p>(
        &self,
        service: &Service,
        question: &Question<'p>,
        answer: Option<Result<Answer>>,
        judged: &mut Judged<'p>,
    ) -> Option<Answer> {
        let answer = match answer? {
            Ok(answer) => answer,
            Err(error) => {
                self.metrics.rls_error.increment(1);
                log_every!(clock::secs(1), Warn, "no answer of the rate limit service: {error}");
                self.unanswered(service, question, judged);
                return None;
            }
        };
        service.remember(&question.clients, &answer, super::now());
        // A service that tells of no rule alone tells of all together.
        let tells = answer.statuses.iter().any(|status| status.over_limit);
        for (index, Asked { rule, .. }) in question.asked.iter().enumerate() {
            let status = answer.statuses.get(index);
            if let Some(standing) = status.and_then(|status| status.standing()) {
                judged.standings.push((&rule.name, standing));
            }
            let over = match (answer.over_limit, tells) {
                (over, false) => over,
                (over, true) => over && status.is_some_and(|status| status.over_limit),
            };
            if over {
                self.over(rule, status.and_then(|status| status.reset), judged);
            } else {
                judged.granted.push(rule);
            }
        }
        Some(answer)
    }

    fn unanswered<'p>(&self, service: &Service, question: &Question<'p>, judged: &mut Judged<'p>) {
        let refuses = |asked: &Asked<'p>| self.refuses(asked.rule);
        match service.deny_on_error {
            Some(status) if question.asked.iter().any(refuses) => {
                if judged.ruling == Ruling::Pass {
                    judged.ruling = Ruling::Unavailable(status);
                }
            }
            _ => self.metrics.failure_mode_allowed.increment(1),
        }
    }
}

impl Question<'_> {
    /// What the service says; nothing where there is nothing to ask.
    async fn answer(&self, service: &Service) -> Option<Result<Answer>> {
        if self.asked.is_empty() {
            return None;
        }
        let descriptors: Vec<_> = self.asked.iter().map(|asked| &asked.descriptor).collect();
        Some(service.ask(&descriptors).await)
    }
}
