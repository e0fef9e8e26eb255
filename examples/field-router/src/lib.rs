//! Puts a field of a request's JSON body into a header, by which the proxy can route: headers wait for the body.

use mesh_filter::prelude::*;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Field at the top of the body, with a string in it.
    field: String,
    /// Header that gets it.
    header: HeaderName,
    /// Longest body that is read.
    max_bytes: usize,
}

/// The filter.
pub struct FieldRouter {
    config: Config,
}

impl Filter for FieldRouter {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { config })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        // Only this filter says who it is.
        request.headers_mut().remove(&self.config.header)?;
        if request.headers().content_type().as_deref() == Some("application/json") {
            let body = request.body(self.config.max_bytes).await?;
            let value = match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(body) => body.get(&self.config.field).and_then(|value| value.as_str()).map(str::to_owned),
                Err(error) => return Ok(Response::new(400).with_body(format!("not JSON: {error}\n"))),
            };
            if let Some(value) = value {
                request.headers_mut().set(&self.config.header, value)?;
            }
        }
        next.run(request).await
    }
}

mesh_filter::register!(FieldRouter);
