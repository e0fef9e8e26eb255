//! Replaces a string in response bodies while they stream through.

mod rewrite;

use mesh_filter::prelude::*;
use rewrite::Pattern;
use std::rc::Rc;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is replaced.
    from: Pattern,
    /// What stands there instead.
    to: String,
    /// Media types of the bodies in which it is replaced.
    #[serde(default = "html")]
    content_types: Vec<String>,
}

fn html() -> Vec<String> {
    vec!["text/html".to_owned()]
}

/// The filter.
pub struct BodyRewrite {
    config: Rc<Config>,
}

impl Filter for BodyRewrite {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { config: Rc::new(config) })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        // A compressed body cannot be searched, so the upstream is not offered to send one.
        request.headers_mut().remove("accept-encoding")?;
        let mut response = next.run(request).await?;
        if self.applies(&response) {
            // Who checks what the upstream promised about its bytes would find them changed.
            response.headers_mut().remove("etag")?;
            let config = Rc::clone(&self.config);
            response.map_body(move |chunk| {
                let rewritten = config.from.replace(chunk.bytes(), config.to.as_bytes(), chunk.is_last());
                if let Some(bytes) = rewritten.bytes {
                    chunk.replace(bytes);
                }
                chunk.keep_back(rewritten.undecided);
                Ok(())
            });
        }
        Ok(response)
    }
}

impl BodyRewrite {
    fn applies(&self, response: &Response) -> bool {
        let headers = response.headers();
        let content_type = headers.get("content-type").and_then(|value| value.as_str().ok()).unwrap_or("");
        let media_type = content_type.split(';').next().unwrap_or("").trim();
        !headers.contains("content-encoding")
            && self.config.content_types.iter().any(|wanted| wanted.eq_ignore_ascii_case(media_type))
    }
}

mesh_filter::register!(BodyRewrite);
