//! Tells the upstream what the proxy knows of the client's connection, and the access log which route it was.

use mesh_filter::prelude::*;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How the headers begin.
    prefix: HeaderName,
}

/// The filter.
pub struct PeerFacts {
    config: Config,
}

impl Filter for PeerFacts {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { config })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let connection = property::connection();
        let address = property::source().address()?.and_then(|address| address.ip());
        let facts = [
            ("ip", address.map(|ip| ip.to_string())),
            ("mtls", connection.mtls()?.map(|mtls| mtls.to_string())),
            ("identity", connection.peer_certificate().uri_san()?),
        ];
        for (name, value) in facts {
            let name = HeaderName::new(format!("{}{name}", self.config.prefix))?;
            match value {
                Some(value) => request.headers_mut().set(&name, value)?,
                // Nobody else says it in the proxy's place.
                None => request.headers_mut().remove(&name)?,
            }
        }
        if let Some(route) = property::route().name()? {
            property::set("peer_facts.route", route)?;
        }
        next.run(request).await
    }
}

mesh_filter::register!(PeerFacts);
