//! A configuration that cannot be read.

use mesh_filter::prelude::*;

struct Settings {
    team: String,
}

struct Team(Settings);

impl Filter for Team {
    type Config = Settings;

    fn new(config: Settings, _setup: &mut Setup) -> Result<Self> {
        Ok(Self(config))
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        request.headers_mut().set("x-team", &self.0.team)?;
        next.run(request).await
    }
}

mesh_filter::register!(Team);

fn main() {}
