//! A filter that does what the path of the request says.

use mesh_filter::prelude::*;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    greeting: String,
    tick_ms: Option<u64>,
    /// A property that is logged at the start.
    property: Option<String>,
}

/// A property by its path with dots: as text, else in hexadecimal digits.
fn property(path: &str) -> Result<Option<String>> {
    let segments: Vec<&str> = path.split('.').collect();
    let value = property::read::<Vec<u8>>(&segments)?;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(value.map(|value| match std::str::from_utf8(&value) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => hex(&value),
    }))
}

pub(crate) struct Probe {
    config: Config,
    requests: Counter,
    level: Gauge,
}

#[expect(clippy::panic, reason = "what becomes of a panic is under test")]
impl Filter for Probe {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        if config.greeting == "panic" {
            panic!("no such greeting");
        }
        if let Some(path) = &config.property {
            log::info!("{path} is {:?}", property(path)?);
        }
        if let Some(period) = config.tick_ms {
            let ticks = setup.counter("probe.ticks")?;
            setup.every(millis(period), async move || {
                ticks.increment(1);
                call::get(&ClusterName::new("flags")?, "/flags").timeout(millis(10)).send().await?;
                Ok(())
            })?;
        }
        Ok(Self { config, requests: setup.counter("probe.requests")?, level: setup.gauge("probe.level")? })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        self.requests.increment(1);
        self.level.add(2);
        let path = request.path().and_then(|path| path.as_str().ok()).unwrap_or("/").to_owned();
        match path.as_str() {
            "/deny" => {
                return Ok(Response::new(403)
                    .with_header("content-type", "application/json")?
                    .with_body(r#"{"error": "denied", "code": 7, "tags": ["a", "b"]}"#));
            }
            "/hang" => std::future::pending::<()>().await,
            "/panic" => panic!("on request"),
            "/error" => log::error!("something is wrong with {path}"),
            "/fail" => return Err(Error::new("cannot go on")),
            "/time" => {
                let now = clock::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
                request.headers_mut().set("x-time", now.as_millis().to_string())?;
            }
            "/random" => {
                let [byte] = random::bytes::<1>()?;
                request.headers_mut().set("x-random", format!("{byte:02x}"))?;
            }
            "/upper" => request.map_body(|chunk| {
                chunk.bytes_mut().make_ascii_uppercase();
                Ok(())
            }),
            _ => {}
        }
        if let Some((name, value)) = path.strip_prefix("/set/").and_then(|rest| rest.split_once('/')) {
            property::set(name, value)?;
            request.headers_mut().set("x-property", property(name)?.unwrap_or_default())?;
        }
        if let Some(path) = path.strip_prefix("/property/")
            && let Some(value) = property(path)?
        {
            request.headers_mut().set("x-property", value)?;
        }
        if let Some((percent, user)) = path.strip_prefix("/variant/").and_then(|rest| rest.split_once('/')) {
            // Spread evenly, with one user in each percent of a hundred.
            let (percent, user): (u64, u64) = (percent.parse().unwrap_or(0), user.parse().unwrap_or(0));
            let variant = if user.wrapping_mul(37) % 100 < percent { "b" } else { "a" };
            request.headers_mut().set("x-variant", variant)?;
        }
        if let Some(cluster) = path.strip_prefix("/ask/") {
            let reply =
                call::post(&ClusterName::new(cluster)?, "/who").body("me").timeout(millis(100)).send();
            match reply.await {
                Ok(reply) => {
                    request.headers_mut().set("x-status", reply.status().to_string())?;
                    request.headers_mut().set("x-who", reply.text().unwrap_or_default())?;
                }
                Err(error) => log::warn!("nobody answered: {error}"),
            }
        }
        let mut response = next.run(request).await?;
        if path == "/break" {
            response.map_body(|_| Err(Error::new("broken off")));
        }
        response.headers_mut().set("x-greeting", &self.config.greeting)?;
        Ok(response)
    }
}
