//! Administration pages, named and formed as Envoy's.
//!
//! Reading order: this file answers requests, `pages` makes the small pages, `stats` the numbers.

mod pages;
mod stats;

use super::server::{Overview, Stage};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A client of these pages that sends nothing for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
pub(super) struct Page {
    status: StatusCode,
    content_type: &'static str,
    text: String,
}

impl Page {
    fn text(text: impl Into<String>) -> Self {
        Self { status: StatusCode::OK, content_type: "text/plain; charset=UTF-8", text: text.into() }
    }

    fn json(text: impl Into<String>) -> Self {
        Self { content_type: "application/json", ..Self::text(text) }
    }

    fn html(text: impl Into<String>) -> Self {
        Self { content_type: "text/html; charset=UTF-8", ..Self::text(text) }
    }

    fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

/// Serves the pages until `stopped`.
pub(super) fn run(
    socket: std::net::TcpListener,
    overview: &Arc<Overview>,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpListener::from_std(socket)?;
        tokio::select! {
            () = accept(socket, overview) => {}
            // Dropped where the server is.
            _ = stopped => {}
        }
        Ok(())
    })
}

async fn accept(socket: TcpListener, overview: &Arc<Overview>) {
    loop {
        let Ok((io, _)) = socket.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let overview = Arc::clone(overview);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let response = answer(&overview, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            let connection = builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            if let Err(error) = connection.serve_connection(TokioIo::new(io), service).await {
                tracing::debug!(%error, "an admin connection broke");
            }
        });
    }
}

fn answer(overview: &Overview, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let page =
        page(overview, request.method(), request.uri().path(), request.uri().query().unwrap_or_default());
    let mut response = Response::new(Full::new(Bytes::from(page.text)));
    *response.status_mut() = page.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(page.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, max-age=0"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::SERVER, HeaderValue::from_static("envoy"));
    response
}

fn page(overview: &Overview, method: &Method, path: &str, query: &str) -> Page {
    let changes = matches!(path, "/logging" | "/quitquitquit");
    if changes && method != Method::POST {
        let text = format!("Method {method} not allowed, POST required.");
        return Page::text(text).with_status(StatusCode::METHOD_NOT_ALLOWED);
    }
    match path {
        "/" => pages::home(),
        "/ready" => pages::ready(overview),
        "/clusters" => pages::clusters(overview),
        "/listeners" => pages::listeners(overview, is_json(query)),
        "/config_dump" => pages::config_dump(overview),
        "/server_info" => pages::server_info(overview),
        "/logging" => pages::logging(overview, query),
        "/stats" => stats::stats(overview, query),
        "/stats/prometheus" => stats::prometheus(overview, query),
        "/quitquitquit" => {
            overview.stage.send_if_modified(|stage| {
                let running = *stage == Stage::Running;
                if running {
                    *stage = Stage::Draining;
                }
                running
            });
            Page::text("OK\n")
        }
        _ => pages::unknown(),
    }
}

fn is_json(query: &str) -> bool {
    parameters(query).any(|(name, value)| name == "format" && value == "json")
}

/// The parts of a query: `a=b&c`.
fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap_or((part, "")))
}
