//! One request to a registry: signed in where it asks for it, tried again where that may help.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use ureq::http::{Request, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};

use super::login::Login;
use crate::image::reference::Repository;
use crate::image::store::StoreError;

/// How often a request is sent at most, unless it says otherwise.
pub(super) const TRIES: u32 = 4;
/// The pause before the second try, doubled for each further one.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause that a registry may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How much of a refusal's text is shown, in characters.
const SAID: usize = 300;

/// How a registry is reached.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// Without TLS; registries on this machine are always reached so.
    pub(crate) plain_http: bool,
    /// Certificates of authorities in PEM, in place of the usual ones.
    pub(crate) ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub(crate) timeout: Duration,
}

/// For what a token is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Pull,
    Push,
}

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    /// A path of the registry, or a whole URL that it has named.
    pub(crate) target: String,
    pub(crate) action: Action,
    /// What it is for, in messages.
    pub(crate) what: String,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
    /// How often it is sent at most, where it fails in a way that may pass.
    pub(crate) tries: u32,
}

/// What a registry answers.
pub(crate) struct Reply(pub(super) Response<Body>);

/// An answer that broke off, which may pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the connection broke off")]
    Read(#[source] io::Error),
    #[error("more than the {0} bytes that were promised")]
    TooLong(u64),
}

/// Sends requests to one repository.
pub(crate) struct Client {
    agent: Agent,
    /// Scheme and host.
    base: String,
    registry: String,
    login: Login,
}

impl Call {
    pub(crate) fn new(method: &'static str, target: String, action: Action, what: String) -> Self {
        let empty = String::new();
        Self {
            method,
            target,
            action,
            what,
            accept: empty.clone(),
            content_type: empty,
            body: Vec::new(),
            tries: TRIES,
        }
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(crate) fn body(&mut self) -> impl Read {
        self.0.body_mut().as_reader()
    }

    /// The errors of a refusal, as the specification has them, or its text; without what terminals obey.
    fn said(&mut self) -> String {
        let mut text = Vec::new();
        // What cannot be read says nothing.
        let _ = self.body().take(64 * 1024).read_to_end(&mut text);
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let errors = json.get("errors").and_then(|errors| errors.as_array()).into_iter().flatten();
        let word = |error: &serde_json::Value, name: &str| {
            error.get(name).and_then(|word| word.as_str()).unwrap_or_default().to_owned()
        };
        let errors: Vec<_> =
            errors.map(|error| format!("{}: {}", word(error, "code"), word(error, "message"))).collect();
        let said =
            if errors.is_empty() { String::from_utf8_lossy(&text).into_owned() } else { errors.join("; ") };
        let said: String = said.trim().chars().filter(|c| !c.is_control()).take(SAID).collect();
        if said.is_empty() { said } else { format!(": {said}") }
    }
}

impl Client {
    pub(crate) fn new(repository: &Repository, connection: &Connection) -> Result<Self, StoreError> {
        let scheme = if connection.plain_http || repository.is_loopback() && connection.ca_file.is_none() {
            "http"
        } else {
            "https"
        };
        let mut tls = TlsConfig::builder();
        if let Some(path) = &connection.ca_file {
            tls = tls.root_certs(RootCerts::new_with_certs(&authorities(path)?));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(tls.build())
            .timeout_connect(Some(CONNECT))
            .timeout_per_call(Some(connection.timeout))
            .user_agent(concat!("mesh-filter/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = Agent::new_with_config(config);
        let registry = repository.registry.clone();
        Ok(Self {
            login: Login::new(repository),
            agent,
            base: format!("{scheme}://{}", repository.host()),
            registry,
        })
    }

    /// Sends the request and reads the answer, again where either fails in a way that may pass.
    pub(crate) fn send<T>(
        &self,
        call: &Call,
        read: impl FnMut(&mut Reply) -> Result<T, Broken>,
    ) -> Result<T, StoreError> {
        self.send_telling(call, &mut |_| (), read)
    }

    /// The same; `told` is called with the bytes of the body that have been sent.
    pub(crate) fn send_telling<T>(
        &self,
        call: &Call,
        told: &mut dyn FnMut(u64),
        mut read: impl FnMut(&mut Reply) -> Result<T, Broken>,
    ) -> Result<T, StoreError> {
        let mut pause = PAUSE;
        for left in (0..call.tries).rev() {
            let (error, asked) = match self.once(call, told) {
                Ok(mut reply) if (200..300).contains(&reply.status()) => match read(&mut reply) {
                    Ok(value) => return Ok(value),
                    Err(Broken::TooLong(limit)) => {
                        return Err(self.protocol(format!("more than the {limit} bytes that were promised")));
                    }
                    Err(broken) => (self.connection(call, broken.into()), None),
                },
                Ok(mut reply) => match Failed::refused(&self.registry, &call.what, &mut reply) {
                    Failed::Final(error) => return Err(error),
                    Failed::Passing(error, asked) => (error, asked),
                },
                Err(Failed::Final(error)) => return Err(error),
                Err(Failed::Passing(error, asked)) => (error, asked),
            };
            if left == 0 {
                return Err(error);
            }
            tracing::debug!(%error, "trying again");
            std::thread::sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE));
            pause *= 2;
        }
        Err(self.protocol("nothing".to_owned()))
    }

    /// Sends it once, and once more where the registry asks who we are.
    fn once(&self, call: &Call, told: &mut dyn FnMut(u64)) -> Result<Reply, Failed> {
        let broken = |error: ureq::Error| Failed::Passing(self.connection(call, error.into()), None);
        let reply = self.request(call, told).map_err(broken)?;
        if reply.status() != 401 {
            return Ok(reply);
        }
        let challenge = reply.header("www-authenticate").unwrap_or_default().to_owned();
        if !self.login.answer(&self.agent, &challenge, call.action)? {
            return Ok(reply);
        }
        self.request(call, told).map_err(broken)
    }

    fn request(&self, call: &Call, told: &mut dyn FnMut(u64)) -> Result<Reply, ureq::Error> {
        let own = call.target.starts_with('/');
        let url = if own { format!("{}{}", self.base, call.target) } else { call.target.clone() };
        let mut request = Request::builder().method(call.method).uri(&url);
        for (name, value) in [("accept", &call.accept), ("content-type", &call.content_type)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        // Who we are is told to the registry alone, not to hosts that it names.
        let is_ours = own || url.starts_with(&format!("{}/", self.base));
        if let Some(authorization) = self.login.authorization(call.action).filter(|_| is_ours) {
            request = request.header("authorization", authorization);
        }
        let response = if call.body.is_empty() && !matches!(call.method, "PUT" | "POST") {
            self.agent.run(request.body(())?)
        } else {
            let mut body = Counted { rest: &call.body, sent: 0, told };
            let request = request.header("content-length", call.body.len());
            self.agent.run(request.body(SendBody::from_reader(&mut body))?)
        };
        response.map(Reply)
    }

    /// An answer that no registry gives.
    pub(crate) fn protocol(&self, what: String) -> StoreError {
        StoreError::Protocol { registry: self.registry.clone(), what }
    }

    fn connection(&self, call: &Call, error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
        StoreError::Connection { registry: self.registry.clone(), what: call.what.clone(), error }
    }
}

/// A body that tells how much of it has been taken.
struct Counted<'a> {
    rest: &'a [u8],
    sent: u64,
    told: &'a mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.rest.read(buffer)?;
        self.sent += size as u64;
        (self.told)(self.sent);
        Ok(size)
    }
}

/// What came in place of an answer.
pub(super) enum Failed {
    /// It may pass: trying again may help, after so long where the server says it.
    Passing(StoreError, Option<Duration>),
    /// It stays so.
    Final(StoreError),
}

impl Failed {
    /// What a refusal of a registry, or of its token server, means.
    pub(super) fn refused(registry: &str, what: &str, reply: &mut Reply) -> Self {
        let status = reply.status();
        let asked = reply.header("retry-after").and_then(|text| text.trim().parse().ok());
        let (registry, what, said) = (registry.to_owned(), what.to_owned(), reply.said());
        let error = StoreError::Refused { registry, status, what, said };
        match status {
            408 | 429 | 500 | 502 | 503 | 504 => Self::Passing(error, asked.map(Duration::from_secs)),
            _ => Self::Final(error),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

fn authorities(path: &PathBuf) -> Result<Vec<Certificate<'static>>, StoreError> {
    let text = std::fs::read(path)
        .map_err(|error| StoreError::File { what: format!("read `{}`", path.display()), error })?;
    let items = ureq::tls::parse_pem(&text);
    let certificates: Vec<_> = items
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(StoreError::Missing {
            what: format!("certificate in `{}`: PEM was expected", path.display()),
        });
    }
    Ok(certificates)
}
