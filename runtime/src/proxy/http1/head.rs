//! Heads of HTTP/1.1 messages: parsed into headers and framing, with Envoy's refusals.

use super::body::Framing;
use crate::exchange::Side;
use crate::headers::Headers;
use bytes::{Bytes, BytesMut};

/// Most bytes of a response head. Envoy lets 62000 bytes pass.
const MAX_RESPONSE_BYTES: usize = 128 << 10;
/// Most headers of a response.
const MAX_RESPONSE_HEADERS: usize = 100;
/// Up to this size an incomplete head is looked at on each read, so that garbage is refused early.
const EAGER: usize = 4 << 10;

/// Methods that Envoy's parser knows; others are refused.
const METHODS: [&str; 35] = [
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "CONNECT",
    "TRACE",
    "COPY",
    "LOCK",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "SEARCH",
    "UNLOCK",
    "BIND",
    "REBIND",
    "UNBIND",
    "ACL",
    "REPORT",
    "MKACTIVITY",
    "CHECKOUT",
    "MERGE",
    "M-SEARCH",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "PURGE",
    "MKCALENDAR",
    "LINK",
    "UNLINK",
    "SOURCE",
    "QUERY",
];

/// How large a request head may be.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) struct Bounds {
    /// Bytes.
    pub(in crate::proxy) bytes: usize,
    /// Headers, `host` included.
    pub(in crate::proxy) headers: usize,
}

/// Why a request is refused before it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Refusal {
    BadRequest,
    TooLarge,
    NotImplemented,
    UpgradeRequired,
    Timeout,
}

impl Refusal {
    /// Status and body of the answer.
    pub(in crate::proxy) fn answer(self) -> (u16, &'static str) {
        match self {
            Self::BadRequest => (400, "Bad Request"),
            Self::TooLarge => (431, "Request Header Fields Too Large"),
            Self::NotImplemented => (501, "Not Implemented"),
            Self::UpgradeRequired => (426, "Upgrade Required"),
            Self::Timeout => (408, "Request Timeout"),
        }
    }
}

/// A request head.
#[derive(Debug, PartialEq)]
pub(super) struct RequestHead {
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    pub(super) keep_alive: bool,
    pub(super) expects_continue: bool,
    pub(super) is_head: bool,
}

/// A response head.
#[derive(Debug, PartialEq)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    pub(super) keep_alive: bool,
}

/// Where names and values lie in the buffer; kept between heads.
#[derive(Debug, Default)]
pub(super) struct Parser {
    fields: Vec<[usize; 4]>,
}

impl Parser {
    /// The request at the beginning of the buffer, once its head is complete.
    pub(super) fn request(
        &mut self,
        input: &mut BytesMut,
        bounds: Bounds,
    ) -> Result<Option<RequestHead>, Refusal> {
        while matches!(input.first(), Some(b'\r' | b'\n')) {
            drop(input.split_to(1));
        }
        if input.is_empty() {
            return Ok(None);
        }
        if input.len() > EAGER && !has_end(input) {
            return if input.len() > bounds.bytes { Err(Refusal::TooLarge) } else { Ok(None) };
        }
        let scanned = match self.scan_request(input, bounds) {
            Err(Refusal::BadRequest) if unfold(input) => self.scan_request(input, bounds),
            scanned => scanned,
        };
        let Line { length, method, target } = match scanned? {
            Some(found) => found,
            None if input.len() > bounds.bytes => return Err(Refusal::TooLarge),
            None => return Ok(None),
        };
        let size: usize = self.fields.iter().map(|[_, name, _, value]| name + value).sum();
        if size + target.1 > bounds.bytes {
            return Err(Refusal::TooLarge);
        }
        let head = self.take(input, length);
        let method = slice(&head, method);
        let (authority, path) = target_parts(&slice(&head, target), &method)?;
        let mut headers = Headers::with_capacity(self.fields.len() + 8);
        let mut facts = Facts::default();
        let mut host: Option<Bytes> = None;
        let mut expects_continue = false;
        for [name_at, name_len, value_at, value_len] in self.fields.drain(..) {
            let name = slice(&head, (name_at, name_len));
            let value = slice(&head, (value_at, value_len));
            if value.contains(&0) {
                return Err(Refusal::BadRequest);
            }
            if name == "host" {
                host = Some(host.map_or(value.clone(), |first| [&first[..], b",", &value].concat().into()));
                continue;
            }
            if name == "expect" && value.eq_ignore_ascii_case(b"100-continue") {
                expects_continue = true;
                continue;
            }
            facts.note(&name, &value)?;
            headers.add(Side::Request, name, value);
        }
        let is_head = method == "HEAD";
        // What follows a CONNECT would be the tunnel's, and there is none.
        let keep_alive = !facts.close && method != "CONNECT";
        if let Some(authority) = authority.or(host) {
            headers.append(Bytes::from_static(b":authority"), authority);
        }
        headers.append(Bytes::from_static(b":path"), path);
        headers.append(Bytes::from_static(b":method"), method);
        let framing = facts.framing().unwrap_or(Framing::Empty);
        Ok(Some(RequestHead { headers, framing, keep_alive, expects_continue, is_head }))
    }

    /// The response at the beginning of the buffer, once its head is complete.
    pub(super) fn response(
        &mut self,
        input: &mut BytesMut,
        to_head: bool,
    ) -> Result<Option<ResponseHead>, ()> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_RESPONSE_HEADERS];
        let mut response = httparse::Response::new(&mut fields);
        let (length, status, version) = match response.parse(input) {
            Ok(httparse::Status::Complete(length)) => {
                (length, response.code.ok_or(())?, response.version.ok_or(())?)
            }
            Ok(httparse::Status::Partial) if input.len() <= MAX_RESPONSE_BYTES => return Ok(None),
            _ => return Err(()),
        };
        self.record(input, response.headers);
        let head = self.take(input, length);
        let mut headers = Headers::with_capacity(self.fields.len() + 8);
        headers.append(Bytes::from_static(b":status"), status.to_string().into());
        let mut facts = Facts::default();
        for [name_at, name_len, value_at, value_len] in self.fields.drain(..) {
            let name = slice(&head, (name_at, name_len));
            let value = slice(&head, (value_at, value_len));
            facts.note(&name, &value).map_err(|_| ())?;
            headers.add(Side::Response, name, value);
        }
        let bodiless = to_head || status < 200 || status == 204 || status == 304;
        let framing = if bodiless { Framing::Empty } else { facts.framing().unwrap_or(Framing::UntilClose) };
        let keep_alive = !facts.close && version == 1 && framing != Framing::UntilClose && status != 101;
        Ok(Some(ResponseHead { status, headers, framing, keep_alive }))
    }

    /// Finds the parts of a complete head.
    fn scan_request(&mut self, input: &BytesMut, bounds: Bounds) -> Result<Option<Line>, Refusal> {
        let mut few = [httparse::EMPTY_HEADER; 100];
        let mut many = Vec::new();
        let fields = match few.get_mut(..bounds.headers) {
            Some(fields) => fields,
            None => {
                many.resize(bounds.headers.min(input.len()), httparse::EMPTY_HEADER);
                many.as_mut_slice()
            }
        };
        let mut request = httparse::Request::new(fields);
        let length = match request.parse(input) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TooLarge),
            Err(_) => return Err(first_line_refusal(input)),
        };
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(Refusal::BadRequest);
        };
        if !METHODS.contains(&method) {
            return Err(Refusal::BadRequest);
        }
        if request.version != Some(1) {
            return Err(Refusal::UpgradeRequired);
        }
        let base = input.as_ptr().addr();
        let at = |text: &str| (text.as_ptr().addr() - base, text.len());
        let (method, target) = (at(method), at(target));
        self.record(input, request.headers);
        Ok(Some(Line { length, method, target }))
    }

    fn record(&mut self, input: &BytesMut, fields: &[httparse::Header<'_>]) {
        let base = input.as_ptr().addr();
        self.fields.clear();
        self.fields.extend(fields.iter().map(|field| {
            let (name, value) = (field.name, field.value);
            [name.as_ptr().addr() - base, name.len(), value.as_ptr().addr() - base, value.len()]
        }));
    }

    /// Takes the head out of the buffer, names in lower case.
    fn take(&self, input: &mut BytesMut, length: usize) -> Bytes {
        let mut head = super::socket::cut(input, length);
        for [at, len, ..] in &self.fields {
            if let Some(name) = head.get_mut(*at..at + len) {
                name.make_ascii_lowercase();
            }
        }
        head.freeze()
    }
}

/// A complete head: its length, and where method and target lie in it.
struct Line {
    length: usize,
    method: (usize, usize),
    target: (usize, usize),
}

/// What headers say about connection and body.
#[derive(Debug, Default)]
struct Facts {
    length: Option<u64>,
    chunked: bool,
    close: bool,
}

impl Facts {
    fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), Refusal> {
        match name {
            b"content-length" => {
                let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                let length =
                    std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
                if self.length.is_some() || self.chunked || length.is_none() {
                    return Err(Refusal::BadRequest);
                }
                self.length = length;
            }
            b"transfer-encoding" => {
                if !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Refusal::NotImplemented);
                }
                if self.length.is_some() || self.chunked {
                    return Err(Refusal::BadRequest);
                }
                self.chunked = true;
            }
            b"connection" => {
                for token in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                    self.close |= token.eq_ignore_ascii_case(b"close");
                    if forbidden_nomination(token) {
                        return Err(Refusal::BadRequest);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn framing(&self) -> Option<Framing> {
        match (self.chunked, self.length) {
            (true, _) => Some(Framing::Chunked),
            (false, Some(0)) => Some(Framing::Empty),
            (false, Some(length)) => Some(Framing::Length(length)),
            (false, None) => None,
        }
    }
}

/// Headers that a client must not have removed by naming them in `connection`.
fn forbidden_nomination(token: &[u8]) -> bool {
    let names = [&b"host"[..], b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"];
    token.first() == Some(&b':') || names.iter().any(|name| token.eq_ignore_ascii_case(name))
}

/// Authority, where the target has one, and path.
fn target_parts(target: &Bytes, method: &[u8]) -> Result<(Option<Bytes>, Bytes), Refusal> {
    if !target.iter().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::BadRequest);
    }
    if target.first() == Some(&b'/') || target == "*" && method == b"OPTIONS" || method == b"CONNECT" {
        return Ok((None, target.clone()));
    }
    let scheme = [&b"http://"[..], b"https://"]
        .into_iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)));
    let rest = target.slice(scheme.ok_or(Refusal::BadRequest)?.len()..);
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, path) = (rest.slice(..end), rest.slice(end..));
    if authority.is_empty() {
        return Err(Refusal::BadRequest);
    }
    let path = match path.first() {
        Some(b'/') => path,
        _ => [&b"/"[..], &path].concat().into(),
    };
    Ok((Some(authority), path))
}

/// Tells a wrong version from other errors.
fn first_line_refusal(input: &[u8]) -> Refusal {
    let line = input.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let mut words = line.split(|byte| *byte == b' ');
    let known = words.next().is_some_and(|word| METHODS.iter().any(|method| method.as_bytes() == word));
    match (known, words.next(), words.next(), words.next()) {
        (true, Some(_), None, _) => Refusal::UpgradeRequired,
        (true, Some(_), Some(version), None) if version.starts_with(b"HTTP/") && version != b"HTTP/1.1" => {
            Refusal::UpgradeRequired
        }
        _ => Refusal::BadRequest,
    }
}

/// Joins header lines that were continued on the next one, as HTTP/1.0 allowed; whether there were any.
fn unfold(input: &mut BytesMut) -> bool {
    let head = input.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(input.len());
    let folds = |three: &[u8]| matches!(three, [b'\r', b'\n', b' ' | b'\t']);
    let Some((head, rest)) = input.split_at_checked(head).filter(|(head, _)| head.windows(3).any(folds))
    else {
        return false;
    };
    let mut joined = BytesMut::with_capacity(input.len());
    let mut skip = 0;
    for (at, byte) in head.iter().enumerate() {
        if skip == 0 && head.get(at..at + 3).is_some_and(folds) {
            skip = 2;
        }
        if skip > 0 {
            skip -= 1;
        } else {
            joined.extend_from_slice(&[*byte]);
        }
    }
    joined.extend_from_slice(rest);
    *input = joined;
    true
}

fn has_end(input: &[u8]) -> bool {
    input.windows(2).any(|pair| pair == b"\n\n") || input.windows(4).any(|four| four == b"\r\n\r\n")
}

fn slice(head: &Bytes, (at, len): (usize, usize)) -> Bytes {
    head.slice(at..at + len)
}

#[cfg(test)]
mod tests;
