//! An HTTP/2 client without TLS that sends trailers and reads them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use tokio::net::TcpStream;

/// Far more than any answer takes; reached only by a host that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request of a connection of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Http2Request {
    pub(crate) path: String,
    /// Lower-case names and values.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// One DATA frame each.
    pub(crate) chunks: Vec<&'static str>,
    pub(crate) trailers: Vec<(&'static str, &'static str)>,
}

/// What the client got as text, and its own address.
pub(crate) fn exchange(address: SocketAddr, request: &Http2Request) -> io::Result<(String, SocketAddr)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stream = TcpStream::connect(address).await?;
        let client = stream.local_addr()?;
        let answered = tokio::time::timeout(PATIENCE, send(stream, address, request)).await;
        let shown = match answered {
            Ok(Ok(shown)) => shown,
            Ok(Err(error)) => format!("({error})"),
            Err(_) => "(nothing came)".to_owned(),
        };
        Ok((shown, client))
    })
}

async fn send(stream: TcpStream, address: SocketAddr, request: &Http2Request) -> Result<String, h2::Error> {
    let (client, connection) = h2::client::handshake(stream).await?;
    let driver = tokio::spawn(connection);
    let mut client = client.ready().await?;
    let method = if request.chunks.is_empty() { Method::GET } else { Method::POST };
    let uri = format!("http://{address}{}", request.path);
    let mut head = Request::builder().method(method).uri(uri).body(()).expect("a request");
    head.headers_mut().extend(map(&request.headers));
    let ends = request.chunks.is_empty() && request.trailers.is_empty();
    let (response, mut body) = client.send_request(head, ends)?;
    for (index, chunk) in request.chunks.iter().enumerate() {
        let last = index + 1 == request.chunks.len() && request.trailers.is_empty();
        body.send_data(Bytes::from_static(chunk.as_bytes()), last)?;
    }
    if !request.trailers.is_empty() {
        body.send_trailers(map(&request.trailers))?;
    }
    let (head, mut body) = response.await?.into_parts();
    let mut shown = format!("{}\n{}\n", head.status.as_u16(), lines(&head.headers, ""));
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => bytes.extend_from_slice(&data),
            // How much came before the stream was reset is a race.
            Err(error) => return Ok(format!("{shown}\n({error})")),
        }
    }
    shown = format!("{shown}\n{}", bytes.escape_ascii());
    if let Some(trailers) = body.trailers().await? {
        shown = format!("{shown}\n{}", lines(&trailers, "trailer "));
    }
    driver.abort();
    Ok(shown)
}

fn lines(headers: &HeaderMap, before: &str) -> String {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        format!("{before}{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    headers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}
