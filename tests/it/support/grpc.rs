//! A gRPC upstream over HTTP/2 that records each request and answers what its method's name asks for.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{SendResponse, handshake};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::net::TcpListener;

/// Far more than anything takes to arrive here.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running upstream. It ends with the process.
pub(crate) struct GrpcUpstream {
    pub(crate) address: SocketAddr,
    requests: Mutex<Receiver<String>>,
}

/// A step of an answer.
enum Step {
    /// Headers; `true` where nothing follows.
    Headers(u16, &'static [(&'static str, &'static str)], bool),
    /// Bytes; `true` where nothing follows.
    Data(&'static [u8], bool),
    Trailers(&'static [(&'static str, &'static str)]),
    Reset,
}

use Step::{Data, Headers, Reset, Trailers};

const HEAD: &[(&str, &str)] = &[("content-type", "application/grpc"), ("x-init", "a"), ("x-init", "b")];
const BEGIN: Step = Headers(200, HEAD, false);
const HELLO: Step = Data(b"\0\0\0\0\x05hello", false);
const GOOD: Step = Trailers(&[("grpc-status", "0"), ("x-trail", "t")]);

/// Methods, each of which is answered in another way; the last is one that the upstream does not know.
pub(crate) const METHODS: [&str; 21] = [
    "ok",
    "two",
    "split",
    "empty",
    "none",
    "trailers_only",
    "failed",
    "no_status",
    "no_trailers",
    "only_headers",
    "bad_status",
    "large_status",
    "http_401",
    "http_503",
    "http_503_status",
    "text",
    "compressed",
    "odd_flag",
    "cut",
    "reset",
    "unknown",
];

/// What each method answers, once the request has ended.
fn answer(method: &str) -> Vec<Step> {
    match method {
        "ok" => vec![BEGIN, HELLO, GOOD],
        "two" => vec![BEGIN, Data(b"\0\0\0\0\x03one\0\0\0\0\x03two", false), GOOD],
        "split" => {
            vec![BEGIN, Data(b"\0\0", false), Data(b"\0\0\x05he", false), Data(b"llo", false), GOOD]
        }
        "empty" => vec![BEGIN, Data(b"\0\0\0\0\0", false), GOOD],
        "none" => vec![BEGIN, GOOD],
        "trailers_only" => {
            vec![Headers(200, &[("grpc-status", "7"), ("grpc-message", "no%20entry")], true)]
        }
        "failed" => vec![BEGIN, HELLO, Trailers(&[("grpc-status", "5"), ("grpc-message", "not there")])],
        "no_status" => vec![BEGIN, HELLO, Trailers(&[("x-trail", "t")])],
        "no_trailers" => vec![BEGIN, Data(b"\0\0\0\0\x05hello", true)],
        "only_headers" => vec![Headers(200, HEAD, true)],
        "bad_status" => vec![BEGIN, HELLO, Trailers(&[("grpc-status", "abc")])],
        "large_status" => vec![BEGIN, Trailers(&[("grpc-status", "17"), ("grpc-message", "x")])],
        "http_401" => vec![Headers(401, &[("x-h", "1")], true)],
        "http_503" => vec![Headers(503, &[("x-h", "1")], false), Data(b"text", true)],
        "http_503_status" => vec![Headers(503, &[("grpc-status", "3"), ("grpc-message", "odd")], true)],
        "text" => vec![Headers(200, &[("content-type", "text/plain")], false), Data(b"text", true)],
        "compressed" => vec![BEGIN, Data(b"\x01\0\0\0\x05hello", false), GOOD],
        "odd_flag" => vec![BEGIN, Data(b"\x02\0\0\0\x05hello", false), GOOD],
        "cut" => vec![BEGIN, Data(b"\0\0\0\0\x05he", false), GOOD],
        "reset" => vec![Reset],
        "silent" => Vec::new(),
        _ => vec![Headers(200, &[("grpc-status", "12")], true)],
    }
}

impl GrpcUpstream {
    /// Starts listening on a free port.
    pub(crate) fn start() -> Self {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let (sender, requests) = channel();
        let sender = Arc::new(sender);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let socket = TcpListener::from_std(socket).unwrap();
                while let Ok((io, _)) = socket.accept().await {
                    let sender = Arc::clone(&sender);
                    tokio::spawn(async move {
                        let Ok(mut connection) = handshake(io).await else { return };
                        while let Some(Ok((request, respond))) = connection.accept().await {
                            // A broken stream is the peer's affair; what it shows, the plugin sees.
                            let served = serve(request, respond, Arc::clone(&sender));
                            tokio::spawn(async { drop(served.await) });
                        }
                    });
                }
            });
        });
        Self { address, requests: Mutex::new(requests) }
    }

    /// The next thing that is recorded, once it is; `None` where nothing comes for long.
    pub(crate) fn next(&self) -> Option<String> {
        self.requests.lock().unwrap().recv_timeout(PATIENCE).ok()
    }

    /// The requests that came since the last call: headers in order of their names, and the bytes that had come when
    /// they were answered.
    pub(crate) fn take(&self) -> Vec<String> {
        self.requests.lock().unwrap().try_iter().collect()
    }
}

async fn serve(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    requests: Arc<Sender<String>>,
) -> Result<(), h2::Error> {
    let (parts, mut body) = request.into_parts();
    let mut lines: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort();
    let head = format!("{} {}\n{}", parts.method, parts.uri, lines.join("\n"));
    let method = parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    if method == "hold" {
        // Whether anything of it arrives before it is given up is a race: it is not recorded.
        std::future::pending::<()>().await;
    }
    if method.starts_with("watch") {
        return watch(&method, &mut body, respond, &requests).await;
    }
    let echo = method == "echo";
    let mut send = if echo { Some(respond.send_response(response(200, HEAD), false)?) } else { None };
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        bytes.extend_from_slice(&data);
        if let Some(send) = send.as_mut().filter(|_| !data.is_empty()) {
            send.send_data(data, false)?;
        }
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    let mut trailers: Vec<_> = trailers
        .iter()
        .map(|(name, value)| format!("\ntrailer {name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    trailers.sort();
    // Recorded before the end of the answer, so that a plugin which has it finds the request here.
    let _nobody = requests.send(format!("{head}\n\n{}{}", bytes.escape_ascii(), trailers.concat()));
    if let Some(mut send) = send {
        return send.send_trailers(map(&[("grpc-status", "0")]));
    }
    let steps = answer(&method);
    if steps.is_empty() {
        std::future::pending::<()>().await;
    }
    let mut send: Option<SendStream<Bytes>> = None;
    for step in steps {
        match (step, &mut send) {
            (Headers(status, headers, end), _) => {
                send = Some(respond.send_response(response(status, headers), end)?);
            }
            (Data(data, end), Some(send)) => send.send_data(Bytes::from_static(data), end)?,
            (Trailers(trailers), Some(send)) => send.send_trailers(map(trailers))?,
            (Reset, _) => respond.send_reset(Reason::CANCEL),
            (Data(..) | Trailers(_), None) => unreachable!("answers begin with headers"),
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Records what comes of a request, as it comes, until it is reset; never answers.
async fn watch(
    method: &str,
    body: &mut RecvStream,
    mut respond: SendResponse<Bytes>,
    requests: &Sender<String>,
) -> Result<(), h2::Error> {
    let note = |what: String| drop(requests.send(format!("{method} {what}")));
    note("opened".to_owned());
    loop {
        match body.data().await {
            // Each message is so small that it comes in one piece; its first five bytes tell its length.
            Some(Ok(data)) if !data.is_empty() => {
                body.flow_control().release_capacity(data.len())?;
                note(format!("sent {}", data.get(5..).unwrap_or_default().escape_ascii()));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) => break,
            None => {
                note("ended".to_owned());
                break;
            }
        }
    }
    match poll_fn(|context| respond.poll_reset(context)).await {
        Ok(reason) => note(format!("reset {reason:?}")),
        Err(_) => note("gone with its connection".to_owned()),
    }
    Ok(())
}

fn response(status: u16, headers: &[(&'static str, &'static str)]) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status.try_into().unwrap();
    *response.headers_mut() = map(headers);
    response
}

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}
