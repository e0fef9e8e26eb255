//! Puts each user into a variant of an experiment, and keeps them there.

mod config;
mod path;
mod split;

use config::Config;
use mesh_filter::prelude::*;
use split::Split;

/// The cookie that tells users apart.
const COOKIE: &str = "uid";

/// The request header that tells the upstream the variant.
const HEADER: &str = "x-variant";

/// The filter.
pub struct VariantSplit {
    split: Split,
}

impl Filter for VariantSplit {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { split: Split::new(config)? })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let known = request.headers().cookie(COOKIE).map(|uid| uid.as_bytes().to_vec());
        // Who comes for the first time is counted from this request on.
        let new = if known.is_some() { None } else { Some(random::uuid_v4()?.to_string()) };
        let user = known.as_deref().or(new.as_deref().map(str::as_bytes)).unwrap_or_default();

        let variant = self.split.variant(user);
        // Replaces what the client may claim.
        request.headers_mut().set(HEADER, &variant.name)?;
        if let Some(prefix) = &variant.path_prefix
            && let Some(target) = request.target().and_then(|target| path::moved(target.as_bytes(), prefix))
        {
            request.headers_mut().set(":path", target)?;
        }
        let mut response = next.run(request).await?;
        if let Some(user) = new {
            response.headers_mut().append("set-cookie", format!("{COOKIE}={user}; Path=/; SameSite=Lax"))?;
        }
        Ok(response)
    }
}

mesh_filter::register!(VariantSplit);
