//! What is around an exchange: properties, clock, randomness, the log, and its end.

use mesh_filter::prelude::*;

/// What is used of it.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Using {
    Properties,
    Clock,
    Randomness,
    Log,
    End,
}

impl Using {
    pub(crate) async fn handle(self, mut request: Request, next: Next) -> Result<Response> {
        match self {
            Self::Properties => {
                property::set("note", "left at the request")?;
                let seen = format!("{:?} {:?}", property::request().method()?, property::request().path()?);
                request.headers_mut().set("x-properties", seen)?;
            }
            Self::Clock => {
                let (started, now) = (clock::monotonic(), clock::now());
                let slept = async {
                    task::sleep(millis(250)).await;
                    started.elapsed()
                };
                let other = ClusterName::new("other")?;
                let (slept, _) = task::join((slept, call::get(&other, "/").send())).await;
                let seconds = now.duration_since(std::time::UNIX_EPOCH)?.as_secs();
                request.headers_mut().set("x-seconds", seconds.to_string())?;
                request.headers_mut().set("x-slept", format!("{slept:?}"))?;
            }
            Self::Randomness => {
                request.headers_mut().set("x-uuid", random::uuid_v4()?.to_string())?;
                request.headers_mut().set("x-below", random::below(10)?.to_string())?;
            }
            Self::Log => {
                log::debug!("a line of debugging");
                log::info!(user = "alice", path = "/a b"; "a line\nin two lines");
                log::warn!("a warning");
                log_every!(secs(10), Info, "once in a while");
            }
            Self::End => {}
        }
        let mut response = next.run(request).await?;
        if let Self::Properties = self {
            let seen = properties()?;
            response.headers_mut().set("x-properties", seen)?;
        }
        Ok(response)
    }
}

/// What is the same in each world; where a property has another kind, an error.
fn properties() -> Result<String> {
    let (request, response) = (property::request(), property::response());
    request.time()?;
    property::source().port()?;
    property::connection().id()?;
    Ok(format!(
        "{:?} {:?} {:?} {:?} {:?}",
        response.code()?,
        property::plugin().root_id()?,
        property::read::<String>(&["note"])?,
        property::filter_state::<String>("wasm.note")?,
        property::read::<Vec<u8>>(&["never", "there"])?,
    ))
}

/// Logs what is there at the end.
pub(crate) fn ended(ended: &Ended) {
    let text = |value: Option<mesh_filter::headers::Value<'_>>| {
        value.map_or("-".to_owned(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let status = text(ended.response().get(":status"));
    log::info!("{} {status}", text(ended.request().get(":path")));
}
