//! Asks two services at once, again where one fails, and goes on without what comes too late.

use mesh_filter::call::{On, Retry};
use mesh_filter::prelude::*;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Cluster that knows who the user is.
    users: ClusterName,
    /// Cluster that knows the flags.
    flags: ClusterName,
    /// How long the request waits for both.
    within: clock::Span,
}

/// The filter.
pub struct Enrich {
    config: Config,
}

impl Filter for Enrich {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { config })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let both = task::join((ask(&self.config.users, "/user"), ask(&self.config.flags, "/flags")));
        match task::timeout(self.config.within.into(), both).await {
            Ok((user, flags)) => {
                request.headers_mut().set("x-user", user.unwrap_or_default())?;
                request.headers_mut().set("x-flags", flags.unwrap_or_default())?;
            }
            Err(elapsed) => log::warn!("neither user nor flags: {elapsed}"),
        }
        next.run(request).await
    }
}

/// The body of a good reply; one that is bad is asked for once more.
async fn ask(cluster: &ClusterName, path: &str) -> Option<Vec<u8>> {
    let retry =
        Retry::times(1).on([On::Unreachable, On::Reset, On::Status(503)]).backoff(millis(1)..millis(2));
    match call::get(cluster, path).timeout(millis(150)).retry(retry).send().await {
        Ok(reply) if reply.is_success() => Some(reply.into_body()),
        Ok(reply) => {
            log::warn!("`{cluster}` replied {}", reply.status());
            None
        }
        Err(error) => {
            log::warn!("{error}");
            None
        }
    }
}

mesh_filter::register!(Enrich);
