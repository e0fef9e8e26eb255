//! Asks another service about each request before it goes on, and survives that service's failures.

mod config;
mod verdict;

use mesh_filter::call::CallError;
use mesh_filter::prelude::*;

use config::Config;
use verdict::Verdict;

/// The filter.
pub struct Guard {
    config: Config,
    denied: Counter,
    unanswered: Counter,
}

impl Filter for Guard {
    type Config = Config;

    /// Runs once for each worker of the proxy, when the plugin is configured.
    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        Ok(Self {
            denied: setup.counter("guard.denied")?,
            unanswered: setup.counter("guard.unanswered")?,
            config,
        })
    }

    /// Runs once for each request.
    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let verdict = match self.ask(&request).await {
            Ok(reply) => Verdict::of(reply.status(), reply.body()),
            Err(error) => {
                log::warn!("the guard service did not answer: {error}");
                Verdict::Unknown
            }
        };
        let group = match verdict {
            Verdict::Denied => {
                self.denied.increment(1);
                // An answer of our own: the upstream never sees the request.
                return Ok(Response::new(403).with_body("not for you\n"));
            }
            Verdict::Group(group) => group,
            Verdict::Unknown => {
                self.unanswered.increment(1);
                self.config.fallback.clone()
            }
        };
        // Replaces every copy that the client may have sent.
        request.headers_mut().set(&self.config.header, group)?;
        next.run(request).await
    }
}

impl Guard {
    async fn ask(&self, request: &Request) -> Result<call::Reply, CallError> {
        let user = request.headers().get("x-user");
        let user = user.as_ref().map_or(&b""[..], |user| user.as_bytes());
        call::get(&self.config.cluster, "/group")
            .header("x-user", user)
            .timeout(millis(self.config.timeout_ms))
            .send()
            .await
    }
}

mesh_filter::register!(Guard);

#[cfg(test)]
mod tests {
    use super::Guard;
    use mesh_filter_test::prelude::*;

    #[test]
    fn a_service_that_is_late_is_not_waited_for() {
        let sim = Sim::new();
        sim.cluster("guard")
            .reply(reply(200).body("gold").delay(ms(51)));
        let config = json!({"cluster": "guard", "header": "x-group"});
        let filter = sim.filter::<Guard>(config).unwrap();

        let exchange = filter.request(get("/"));

        exchange.expect(status(200));
        assert_eq!(sim.metric("guard.unanswered"), 1);
    }
}
