//! An upstream that answers with what it received, for trying a proxy without a service.
//!
//! Any path answers a JSON document of method, path, headers and body, as httpbin's `/anything`
//! does; `/echo` answers the request's body itself, as it comes, however large.

use super::config::base64;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Largest body that stands in a JSON answer.
const MAX_BODY: usize = 1 << 20;
/// A client that sends nothing of its request for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running echo upstream, over HTTP/1.1 and HTTP/2; it ends when this is dropped.
#[derive(Debug)]
pub struct Echo {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Echo {
    /// Starts it on a thread of its own; port 0 lets the system choose.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                let Ok(socket) = TcpListener::from_std(socket) else { return };
                tokio::select! {
                    () = accept(socket) => {}
                    _ = stopped => {}
                }
            });
        };
        std::thread::Builder::new().name("echo".to_owned()).spawn(run)?;
        Ok(Self { address, _stop: stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(socket: TcpListener) {
    loop {
        let Ok((io, _)) = socket.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _set = io.set_nodelay(true);
        tokio::spawn(async move {
            let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request).await) });
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            if let Err(error) = builder.serve_connection(TokioIo::new(io), service).await {
                tracing::debug!(%error, "a connection to the echo upstream broke");
            }
        });
    }
}

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

async fn answer(request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    if parts.uri.path() == "/echo" {
        let mut response = Response::new(body.boxed());
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
            if let Some(value) = parts.headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        return response;
    }
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            let text = format!("the body is not complete, or larger than {MAX_BODY} bytes; try /echo\n");
            let mut response = full(Bytes::from(text));
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            return response;
        }
    };
    let mut document = json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path_and_query().map_or("/", |path| path.as_str()),
        "headers": headers(&parts),
    });
    if let Some(fields) = document.as_object_mut() {
        let (name, text) = match std::str::from_utf8(&body) {
            Ok(text) => ("body", text.to_owned()),
            Err(_) => ("body_base64", base64::encode(&body)),
        };
        fields.insert(name.to_owned(), Value::String(text));
    }
    let text = format!("{document:#}\n");
    let length = HeaderValue::from(text.len());
    let mut response = full(if parts.method == Method::HEAD { Bytes::new() } else { text.into() });
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A value per name, or a list where a header is repeated.
fn headers(parts: &http::request::Parts) -> Value {
    let mut all = Map::new();
    if let Some(authority) = parts.uri.authority() {
        all.insert(":authority".to_owned(), authority.as_str().into());
    }
    for name in parts.headers.keys() {
        let values = parts.headers.get_all(name).iter();
        let mut values: Vec<Value> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned().into()).collect();
        let value = match values.len() {
            1 => values.pop().unwrap_or_default(),
            _ => Value::Array(values),
        };
        all.insert(name.as_str().to_owned(), value);
    }
    Value::Object(all)
}

fn full(body: Bytes) -> Answer {
    Response::new(Full::new(body).map_err(|never| match never {}).boxed())
}
