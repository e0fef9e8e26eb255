//! Tells the upstream and the client by a header that they met this filter.

use mesh_filter::prelude::*;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The header, in requests and in responses.
    header: HeaderName,
    /// Its value.
    value: String,
}

/// The filter.
pub struct Stamp {
    config: Config,
    requests: Counter,
}

impl Filter for Stamp {
    type Config = Config;

    /// Runs once for each worker of the proxy, when the plugin is configured.
    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        Ok(Self {
            requests: setup.counter("stamp.requests")?,
            config,
        })
    }

    /// Runs once for each request.
    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        self.requests.increment(1);
        // Replaces every copy that the client may have sent.
        request
            .headers_mut()
            .set(&self.config.header, &self.config.value)?;

        // The request goes to the upstream here; what follows runs when the response headers arrive.
        let mut response = next.run(request).await?;
        response
            .headers_mut()
            .set(&self.config.header, &self.config.value)?;
        Ok(response)
    }
}

mesh_filter::register!(Stamp);

#[cfg(test)]
mod tests {
    use super::Stamp;
    use mesh_filter_test::prelude::*;

    #[test]
    fn a_header_that_cannot_be_is_refused_at_the_start() {
        let config = json!({"header": "two words", "value": "x"});
        assert!(Sim::new().filter::<Stamp>(config).is_err());
    }
}
