//! Replaces a text in response bodies while they stream through, wherever the network cuts them.

mod replace;

use std::rc::Rc;

use mesh_filter::prelude::*;
use replace::replace;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is replaced.
    from: String,
    /// What stands there instead.
    to: String,
}

/// The filter.
pub struct Rewrite {
    config: Rc<Config>,
}

impl Filter for Rewrite {
    type Config = Config;

    /// Runs once for each worker of the proxy, when the plugin is configured.
    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        if config.from.is_empty() {
            return Err(Error::new("`from` is empty"));
        }
        Ok(Self {
            config: Rc::new(config),
        })
    }

    /// Runs once for each request.
    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        // In a compressed body nothing would be found.
        request.headers_mut().remove("accept-encoding")?;

        let mut response = next.run(request).await?;
        if is_text(&response) {
            // It named bytes that the client will not get.
            response.headers_mut().remove("etag")?;
            let config = Rc::clone(&self.config);
            response.map_body(move |chunk| {
                let from = config.from.as_bytes();
                let (bytes, undecided) = replace(chunk.bytes(), from, config.to.as_bytes());
                chunk.replace(bytes);
                // What may be the beginning of `from` waits for the next chunk.
                if !chunk.is_last() {
                    chunk.keep_back(undecided);
                }
                Ok(())
            });
        }
        Ok(response)
    }
}

fn is_text(response: &Response) -> bool {
    let content_type = response.headers().get("content-type");
    let content_type = content_type.as_ref().and_then(|value| value.as_str().ok());
    !response.headers().contains("content-encoding")
        && content_type.is_some_and(|content_type| content_type.starts_with("text/"))
}

mesh_filter::register!(Rewrite);

#[cfg(test)]
mod tests {
    use super::Rewrite;
    use mesh_filter_test::prelude::*;

    #[test]
    fn an_empty_text_cannot_be_replaced() {
        let config = json!({"from": "", "to": "x"});
        assert!(Sim::new().filter::<Rewrite>(config).is_err());
    }
}
