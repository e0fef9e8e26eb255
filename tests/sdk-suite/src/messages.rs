//! Headers, trailers, local replies and errors.

use mesh_filter::headers::Headers;
use mesh_filter::prelude::*;

/// Sets, appends and removes, both ways.
pub(crate) async fn edit(mut request: Request, next: Next) -> Result<Response> {
    change(request.headers_mut())?;
    request.headers_mut().set(":path", "/changed?a=b")?;
    let mut response = next.run(request).await?;
    change(response.headers_mut())?;
    response.set_status(202)?;
    Ok(response)
}

fn change(headers: &mut Headers) -> Result<()> {
    headers.set("X-Set", "one")?;
    headers.append("x-new", "1")?;
    headers.append("x-new", "2")?;
    headers.append("x-more", [0xff])?;
    headers.remove("x-gone")?;
    headers.remove("x-never-there")?;
    let seen = headers.get_all("x-new").count();
    headers.set("x-seen", seen.to_string())?;
    Ok(())
}

/// Replies with what it reads of the request.
pub(crate) fn reads(request: &Request) -> Result<Response> {
    let headers = request.headers();
    let text = |value: Option<mesh_filter::headers::Value<'_>>| format!("{value:?}");
    let query = request.query();
    let body = [
        format!("method {}", text(request.method())),
        format!("path {}", text(request.path())),
        format!("authority {}", text(request.authority())),
        format!("query {:?}", query.get("q").map(|value| String::from_utf8_lossy(&value).into_owned())),
        format!("cookie {}", text(headers.cookie("b"))),
        format!("type {:?}", headers.content_type()),
        format!("several {:?}", headers.get_all("x-several").collect::<Vec<_>>()),
        format!("bytes {}", text(headers.get("x-bytes"))),
    ];
    Ok(Response::new(200).with_body(body.join("\n")))
}

/// Counts trailers and adds one, both ways.
pub(crate) async fn trailers(mut request: Request, next: Next) -> Result<Response> {
    request.map_trailers(count);
    request.add_trailer("x-added", "request")?;
    let mut response = next.run(request).await?;
    response.map_trailers(count);
    response.add_trailer("x-added", "response")?;
    Ok(response)
}

fn count(trailers: &mut Headers) -> Result<()> {
    let count = trailers.len();
    trailers.set("x-count", count.to_string())?;
    Ok(())
}

/// Replies before the upstream or in place of it, as the path says.
pub(crate) async fn replies(request: Request, next: Next) -> Result<Response> {
    match request.path().map(|path| path.as_bytes().to_vec()).as_deref() {
        Some(b"/before") => {
            let reply = Response::new(403).with_header("x-why", "one")?.with_header("x-why", "two")?;
            Ok(reply.with_body("no entry\n").with_details("by the suite"))
        }
        Some(b"/grpc") => Ok(Response::grpc(7, "no entry")),
        Some(b"/empty") => Ok(Response::new(204)),
        _ => {
            let upstream = next.run(request).await?.status();
            Ok(Response::new(418).with_body(format!("in place of {upstream}\n")))
        }
    }
}

/// Where it fails.
#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failing {
    AtRequest,
    AtResponse,
    InBody,
    Passing,
}

impl Failing {
    pub(crate) async fn handle(self, request: Request, next: Next) -> Result<Response> {
        if matches!(self, Self::AtRequest | Self::Passing) {
            return Err(Error::new("failed at the request"));
        }
        let mut response = next.run(request).await?;
        if self == Self::AtResponse {
            // Any error of a library does.
            let status: u16 = "1x".parse()?;
            Ok(Response::new(status))
        } else {
            response.map_body(|_| Err(Error::new("failed in the body")));
            Ok(response)
        }
    }
}
