//! The requests that both hosts are sent.

/// One request with a name for reports.
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) request: Request,
}

/// How it is sent.
pub(super) enum Request {
    /// These bytes.
    Http1(Vec<u8>),
    /// These arguments of curl, `ADDRESS` standing for the listener.
    Http2(Vec<&'static str>),
}

/// A request in HTTP/1.1: the text with its line ends made right.
pub(super) fn http1(name: &str, text: &str) -> Exchange {
    Exchange { name: name.to_owned(), request: Request::Http1(text.replace('\n', "\r\n").into_bytes()) }
}

/// A request in HTTP/2.
pub(super) fn http2(name: &str, arguments: &[&'static str]) -> Exchange {
    Exchange { name: format!("{name}, HTTP/2"), request: Request::Http2(arguments.to_vec()) }
}

/// A GET with more header lines.
pub(super) fn get(name: &str, path: &str, lines: &str) -> Exchange {
    http1(name, &format!("GET {path} HTTP/1.1\nHost: example.com\n{lines}\n"))
}

/// A POST of text with a length.
pub(super) fn post(name: &str, path: &str, body: &str) -> Exchange {
    let length = body.len();
    let mut exchange =
        http1(name, &format!("POST {path} HTTP/1.1\nHost: example.com\nContent-Length: {length}\n\n"));
    if let Request::Http1(bytes) = &mut exchange.request {
        bytes.extend_from_slice(body.as_bytes());
    }
    exchange
}

/// What every filter is sent: each kind of message once.
pub(super) fn common() -> Vec<Exchange> {
    vec![
        get("GET", "/echo?a=1", "X-Upper: Value\nX-Rep: 1\nCookie: a=1\nX-Rep: 2\nX-Empty:\n"),
        post("POST with length", "/echo", "abcde"),
        http1(
            "POST in chunks",
            "POST /echo HTTP/1.1\nHost: example.com\nTransfer-Encoding: chunked\n\n3\nabc\n2\nde\n0\n\n",
        ),
        post("POST, large", "/large", &"0123456789".repeat(20_000)),
        http1("HEAD", "HEAD /echo HTTP/1.1\nHost: example.com\n\n"),
        get("chunked response", "/chunked", ""),
        get("repeated response headers", "/case", ""),
        get("response without body", "/no-content", ""),
        get("response until close", "/until-close", ""),
        get("error of the upstream", "/error", ""),
        get("no route", "/none", "").with_host("nothing.example"),
        get("connection refused", "/refused", ""),
        get("direct response", "/direct", ""),
        http2("GET", &["http://ADDRESS/echo?a=1", "--header", "x-rep: 1", "--header", "x-rep: 2"]),
        http2("POST", &["http://ADDRESS/echo", "--data", "abcde"]),
        http2("HEAD", &["http://ADDRESS/echo", "--head"]),
        http2("no route", &["http://ADDRESS/none", "--header", "host: nothing.example"]),
    ]
}

impl Exchange {
    pub(super) fn is_http2(&self) -> bool {
        matches!(self.request, Request::Http2(_))
    }

    fn with_host(mut self, host: &str) -> Self {
        if let Request::Http1(bytes) = &mut self.request {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text.replace("example.com", host).into_bytes();
        }
        self
    }
}
