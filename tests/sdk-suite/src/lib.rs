//! Uses, with each configuration, one capability of the SDK; the scenario files beside it say what comes of it.
//!
//! They play natively, on the built module in the engine, and on a real Envoy: what the SDK
//! promises is the same in all three.

mod asking;
mod bodies;
mod messages;
mod state;
mod surroundings;
mod work;

use mesh_filter::prelude::*;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is used.
    r#use: Capability,
}

/// A group of capabilities, and the one of it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Capability {
    Headers,
    Reads,
    Trailers,
    Replies,
    Fails(messages::Failing),
    Body(bodies::Using),
    Asks(asking::Using),
    Shares(work::Using),
    Keeps(state::Using),
    Surroundings(surroundings::Using),
}

/// The filter.
pub struct Suite {
    capability: Capability,
    callee: ClusterName,
    work: work::Work,
    state: state::State,
}

impl Filter for Suite {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let callee = ClusterName::new("callee")?;
        Ok(Self {
            work: work::Work::new(&config.r#use, &callee, setup),
            state: state::State::new(&config.r#use, setup)?,
            capability: config.r#use,
            callee,
        })
    }

    async fn handle(&self, request: Request, next: Next) -> Result<Response> {
        match &self.capability {
            Capability::Headers => messages::edit(request, next).await,
            Capability::Reads => messages::reads(&request),
            Capability::Trailers => messages::trailers(request, next).await,
            Capability::Replies => messages::replies(request, next).await,
            Capability::Fails(failing) => failing.handle(request, next).await,
            Capability::Body(using) => using.handle(request, next, &self.callee).await,
            Capability::Asks(using) => using.handle(request, next, &self.callee).await,
            Capability::Shares(using) => self.work.handle(using, request, next).await,
            Capability::Keeps(using) => self.state.handle(using, request, next).await,
            Capability::Surroundings(using) => using.handle(request, next).await,
        }
    }

    fn on_error(&self, failure: &Failure<'_>) -> Recovery {
        match &self.capability {
            Capability::Fails(messages::Failing::Passing) => Recovery::Pass,
            _ => Recovery::Reply(failure.reply()),
        }
    }

    fn log(&self, ended: &Ended) {
        if let Capability::Surroundings(surroundings::Using::End) = &self.capability {
            surroundings::ended(ended);
        }
    }
}

mesh_filter::register!(Suite);
