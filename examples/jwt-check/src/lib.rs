//! Lets requests with a valid JSON Web Token (RFC 7519) through, with keys that it fetches (RFC 7517).

mod config;
mod keys;
mod refusal;
mod token;

use config::Config;
use keys::Keys;
use mesh_filter::prelude::*;
use refusal::Refusal;
use token::Rules;

/// The request header that tells the upstream who asks.
const USER: &str = "x-user";

/// The filter.
pub struct JwtCheck {
    rules: Rules,
    keys: Keys,
}

impl Filter for JwtCheck {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let errors = setup.counter("jwt.jwks_errors")?;
        Ok(Self { keys: Keys::new(config.jwks, errors), rules: Rules::new(config.issuer, config.audience) })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let user = match self.user(&request).await {
            Ok(user) => user,
            Err(refusal) => return Ok(refusal.response()?),
        };
        // Replaces every copy that the client may have sent.
        request.headers_mut().set(USER, user)?;
        request.headers_mut().remove("authorization")?;
        next.run(request).await
    }
}

impl JwtCheck {
    /// Who asks, if the token shows it.
    async fn user(&self, request: &Request) -> Result<String, Refusal> {
        let token = token::bearer(request.headers())?;
        let header = token::header(&token)?;
        let key = self.keys.find(&header.kid).await?;
        self.rules.subject(&token, header.algorithm, &key)
    }
}

mesh_filter::register!(JwtCheck);
