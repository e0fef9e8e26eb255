//! A case: plugins in a listener, and the exchanges that go through them.

use serde_json::{Value, json};

use crate::support::bootstrap::{Filter, listener};
use crate::support::build::guest;
use crate::support::http2::Http2Request;
use crate::support::world::routes;

/// One behaviour of a host.
pub(super) struct Case {
    /// `CHAPTER/BEHAVIOUR`; also the name of the listener, of the first filter, and its root id and vm id.
    pub(super) name: String,
    pub(super) plugins: Vec<Filter>,
    pub(super) exchanges: Vec<Exchange>,
    /// How many bytes a connection buffers, if not as many as usual.
    limit: Option<u32>,
    /// The metrics to look at after the exchanges: what their names begin with.
    pub(super) metrics: Option<&'static str>,
    /// How the log of an exchange ends.
    pub(super) ends: Ends,
    /// The row of the table of known differences that says why this proxy does something else.
    pub(super) differs: Option<&'static str>,
}

/// When all that an exchange writes to the log is there.
#[derive(Clone, Copy)]
pub(super) enum Ends {
    /// Every context that was created is deleted.
    Deleted,
    /// A line ends so, for what goes on after the exchanges; nothing is looked at behind it.
    Line(&'static str),
    /// The VM of the plugin in this place dies and writes no more; the contexts of the others are deleted.
    Dies(usize),
}

/// One request: what the client does, step by step. After the steps it reads the response.
#[derive(Clone, Default)]
pub(super) struct Exchange {
    pub(super) steps: Vec<Step>,
    /// Whether the client goes away instead of reading the response.
    pub(super) hangs_up: bool,
    /// An HTTP/2 request instead of the steps.
    pub(super) http2: Option<Http2Request>,
}

#[derive(Clone)]
pub(super) enum Step {
    Send(Vec<u8>),
    /// Waits until a line of the log has this in it.
    Await(&'static str),
    /// Lets the upstream send the second part of its answer.
    Release,
}

/// A case with one plugin that runs a program.
pub(super) fn case(name: &str, program: &str) -> Case {
    Case {
        name: name.to_owned(),
        plugins: vec![plugin(name, program)],
        exchanges: Vec::new(),
        limit: None,
        metrics: None,
        ends: Ends::Deleted,
        differs: None,
    }
}

fn plugin(name: &str, program: &str) -> Filter {
    Filter::new(name, &guest("program"), &unindented(program))
}

/// What `CALL` stands for in a program: a callout to the service.
pub(super) const CALL: &str =
    "http_call 'callee' {':method'='GET', ':path'='/', ':authority'='callee'} '' '' 1000 &number";

/// A program without the indentation that it has in the source.
fn unindented(program: &str) -> String {
    let program = program.replace("CALL\n", &format!("{CALL}\n"));
    let lines = || program.lines().filter(|line| !line.trim().is_empty());
    let indent = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines().map(|line| format!("{}\n", line[indent..].trim_end())).collect()
}

impl Case {
    /// Another plugin behind the first.
    pub(super) fn then(mut self, program: &str) -> Self {
        let name = format!("{}+{}", self.name, self.plugins.len());
        self.plugins.push(plugin(&name, program));
        self
    }

    /// The newest plugin is the interpreter for ABI 0.1.0.
    pub(super) fn of_0_1_0(mut self) -> Self {
        self.plugins.last_mut().expect("a case has a plugin").module = guest("program_0_1_0");
        self
    }

    /// Options of the newest plugin, as in Envoy's `PluginConfig`.
    pub(super) fn option(mut self, options: Value) -> Self {
        self.plugins.last_mut().expect("a case has a plugin").options = options;
        self
    }

    /// The newest plugin may read the body while it holds the headers.
    pub(super) fn holding_headers(mut self) -> Self {
        self.plugins.last_mut().expect("a case has a plugin").hold_headers = true;
        self
    }

    /// Connections buffer so many bytes.
    pub(super) fn limit(mut self, bytes: u32) -> Self {
        self.limit = Some(bytes);
        self
    }

    pub(super) fn metrics(mut self, prefix: &'static str) -> Self {
        self.metrics = Some(prefix);
        self
    }

    pub(super) fn ends(mut self, ends: Ends) -> Self {
        self.ends = ends;
        self
    }

    pub(super) fn differs(mut self, row: &'static str) -> Self {
        self.differs = Some(row);
        self
    }

    pub(super) fn exchange(mut self, exchange: Exchange) -> Self {
        self.exchanges.push(exchange);
        self
    }

    /// A GET.
    pub(super) fn get(self, path: &str) -> Self {
        self.get_with(path, "")
    }

    /// A GET with more header lines.
    pub(super) fn get_with(self, path: &str, lines: &str) -> Self {
        self.exchange(Exchange::get(path, lines))
    }

    /// A POST of text with a length.
    pub(super) fn post(self, path: &str, body: &str) -> Self {
        self.exchange(Exchange::post(path, body))
    }

    /// A request over HTTP/2: a POST if there is a body.
    pub(super) fn http2(self, request: Http2Request) -> Self {
        self.exchange(Exchange { http2: Some(request), ..Exchange::default() })
    }

    /// A POST in chunks, sent at once, with trailer lines.
    pub(super) fn post_chunks(self, path: &str, chunks: &[&str], trailers: &str) -> Self {
        let chunks: String = chunks.iter().map(|chunk| format!("{:x}\n{chunk}\n", chunk.len())).collect();
        let head = format!("POST {path} HTTP/1.1\nHost: example.com\nTransfer-Encoding: chunked\n\n");
        self.exchange(Exchange::default().send(&format!("{head}{chunks}0\n{trailers}\n")))
    }

    pub(super) fn listener(&self) -> Value {
        let mut listener = listener(&self.name, &self.plugins, &routes(), &json!({}));
        if let Some(limit) = self.limit {
            listener["per_connection_buffer_limit_bytes"] = json!(limit);
        }
        listener
    }
}

impl Exchange {
    pub(super) fn get(path: &str, lines: &str) -> Self {
        Self::default().send(&format!("GET {path} HTTP/1.1\nHost: example.com\n{lines}\n"))
    }

    pub(super) fn post(path: &str, body: &str) -> Self {
        let length = body.len();
        Self::default()
            .send(&format!("POST {path} HTTP/1.1\nHost: example.com\nContent-Length: {length}\n\n{body}"))
    }

    /// Sends a text, its line ends made right.
    pub(super) fn send(mut self, text: &str) -> Self {
        self.steps.push(Step::Send(text.replace('\n', "\r\n").into_bytes()));
        self
    }

    pub(super) fn awaits(mut self, line: &'static str) -> Self {
        self.steps.push(Step::Await(line));
        self
    }

    pub(super) fn release(mut self) -> Self {
        self.steps.push(Step::Release);
        self
    }

    pub(super) fn hangs_up(mut self) -> Self {
        self.hangs_up = true;
        self
    }
}
