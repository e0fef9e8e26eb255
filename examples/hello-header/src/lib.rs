//! The smallest filter: adds the header `x-hello` to each response.

use mesh_filter::prelude::*;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Value of the header.
    value: String,
}

/// The filter.
pub struct HelloHeader {
    config: Config,
}

impl Filter for HelloHeader {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { config })
    }

    async fn handle(&self, request: Request, next: Next) -> Result<Response> {
        let mut response = next.run(request).await?;
        response.headers_mut().set("x-hello", &self.config.value)?;
        Ok(response)
    }
}

mesh_filter::register!(HelloHeader);
