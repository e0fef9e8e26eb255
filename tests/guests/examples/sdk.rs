//! Does, with the SDK, one thing that its configuration names: fails, replies, calls, reads or maps a body.

use mesh_filter::prelude::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    act: Act,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Act {
    EditHeaders,
    FailBeforeNext,
    FailAtResponse,
    FailInRequestBody,
    FailInResponseBody,
    PassOnError,
    ReplyBeforeNext,
    ReplyAtResponse,
    CallBeforeNext,
    CallAtResponse,
    MapBodies,
    KeepBack,
    ReadRequest,
    ReadResponse,
    GateOpen,
    GateReply,
    GateCall,
    AppendBodies,
    Trailers,
    ReadProperties,
}

struct Sdk {
    act: Act,
    callee: ClusterName,
}

impl Filter for Sdk {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { act: config.act, callee: ClusterName::new("callee")? })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        match self.act {
            Act::FailBeforeNext | Act::PassOnError => return Err(Error::new("before next")),
            Act::ReplyBeforeNext => return reply(),
            Act::CallBeforeNext => {
                let reply = self.call().await?;
                request.headers_mut().set("x-rep", reply)?;
            }
            Act::EditHeaders => edit(request.headers_mut())?,
            Act::FailInRequestBody => request.map_body(|_| Err(Error::new("in the request body"))),
            Act::MapBodies | Act::CallAtResponse => request.map_body(upper),
            Act::KeepBack => request.map_body(keep_back),
            Act::ReadRequest => {
                let body = request.body(100_000).await?;
                request.headers_mut().set("x-size", body.len().to_string())?;
                if !body.is_empty() {
                    request.set_body(format!("<{}>", body.len()))?;
                }
            }
            Act::GateOpen => request.gate_body(400_000, async |_| Ok(Gate::Open)),
            Act::GateReply => request.gate_body(400_000, async |_| Ok(Gate::Reply(reply()?))),
            Act::GateCall => {
                let callee = self.callee.clone();
                request.gate_body(400_000, async move |body| {
                    let asked = call::post(&callee, "/").header("x-from", "sdk").body(body).send().await?;
                    Ok(if asked.is_success() { Gate::Open } else { Gate::Reply(reply()?) })
                });
            }
            // Without a body there is nothing to add to.
            Act::AppendBodies => drop(request.append_body("<end>")),
            Act::Trailers => {
                request.map_trailers(seen);
                request.add_trailer("x-added", "request")?;
            }
            Act::ReadProperties => property::set("note", "left at the request")?,
            _ => {}
        }
        let mut response = next.run(request).await?;
        match self.act {
            Act::FailAtResponse => return Err(Error::new("at the response")),
            Act::ReplyAtResponse => return reply(),
            Act::CallAtResponse => {
                let reply = self.call().await?;
                response.headers_mut().set("x-reply", reply)?;
            }
            Act::EditHeaders => edit(response.headers_mut())?,
            Act::FailInResponseBody => response.map_body(|_| Err(Error::new("in the response body"))),
            Act::MapBodies => response.map_body(upper),
            Act::KeepBack => response.map_body(keep_back),
            Act::ReadProperties => {
                let seen = properties()?;
                response.headers_mut().set("x-properties", seen)?;
            }
            Act::ReadResponse => {
                let body = response.body(300_000).await?;
                response.headers_mut().set("x-size", body.len().to_string())?;
            }
            Act::AppendBodies => drop(response.append_body("<end>")),
            Act::Trailers => {
                response.map_trailers(seen);
                response.add_trailer("x-added", "response")?;
            }
            _ => {}
        }
        Ok(response)
    }

    fn on_error(&self, failure: &Failure<'_>) -> Recovery {
        match self.act {
            Act::PassOnError => Recovery::Pass,
            _ => Recovery::Reply(failure.reply()),
        }
    }
}

impl Sdk {
    async fn call(&self) -> Result<String> {
        let reply = call::post(&self.callee, "/").header("x-from", "sdk").body("asked").send().await?;
        Ok(reply.status().to_string())
    }
}

fn reply() -> Result<Response> {
    let reply = Response::new(403).with_header("x-why", "one")?.with_header("x-why", "two")?;
    Ok(reply.with_body("no entry\n").with_details("by the guest"))
}

fn edit(headers: &mut mesh_filter::headers::Headers) -> Result<()> {
    headers.set("x-rep", "one")?;
    headers.append("x-new", "1")?;
    headers.append("x-new", "2")?;
    headers.remove("set-cookie")?;
    headers.remove("x-not-there")?;
    Ok(())
}

fn seen(trailers: &mut mesh_filter::headers::Headers) -> Result<()> {
    let count = trailers.len().to_string();
    trailers.set("x-seen", count)?;
    Ok(())
}

fn upper(chunk: &mut Chunk) -> Result<()> {
    chunk.bytes_mut().make_ascii_uppercase();
    Ok(())
}

/// Sends everything one byte late, so that each chunk ends undecided.
fn keep_back(chunk: &mut Chunk) -> Result<()> {
    chunk.keep_back(1);
    Ok(())
}

/// What the properties of the exchange are, at the response; where they have the wrong kind, an error.
fn properties() -> Result<String> {
    let (request, response, upstream) = (property::request(), property::response(), property::upstream());
    let ends = [property::source(), property::destination()];
    let mut ips = Vec::new();
    for end in ends {
        end.port()?;
        ips.push(end.address()?.and_then(|address| address.ip()));
    }
    // Times and numbers of connections differ from run to run: it counts that they can be decoded.
    let started = request.time()?.is_some_and(|time| time <= clock::now());
    property::connection().id()?;
    response.backend_latency()?;
    upstream.connection_pool_wait()?;
    property::listener().direction()?;
    Ok(format!(
        "{:?} {:?} {:?} {started} {ips:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        request.protocol()?,
        request.path()?,
        request.duration()?.is_some(),
        property::connection().mtls()?,
        property::connection().peer_certificate().uri_san()?,
        response.code()?,
        response.headers()?.and_then(|headers| headers.get::<String>(":status")),
        upstream.address()?.and_then(|address| address.ip()),
        property::route().name()?,
        property::virtual_host().name()?,
        property::cluster().name()?,
        property::plugin().root_id()?,
        property::read::<String>(&["note"])?,
        property::filter_state::<String>("wasm.note")?,
        property::dynamic_metadata().get::<f64>(&["nobody", "number"])?,
    ))
}

mesh_filter::register!(Sdk);
