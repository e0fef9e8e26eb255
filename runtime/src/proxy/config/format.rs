//! Access log formats: text with commands such as `%REQ(:METHOD)%`.

use std::fmt;

/// Envoy's format where the file gives none.
const DEFAULT: &str = concat!(
    "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% ",
    "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% ",
    "\"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" ",
    "\"%UPSTREAM_HOST%\"\n"
);

/// Commands without parameters.
const PLAIN: [(&str, Field); 17] = [
    ("START_TIME", Field::StartTime),
    ("PROTOCOL", Field::Protocol),
    ("RESPONSE_CODE", Field::ResponseCode),
    ("RESPONSE_CODE_DETAILS", Field::ResponseCodeDetails),
    ("RESPONSE_FLAGS", Field::ResponseFlags),
    ("BYTES_RECEIVED", Field::BytesReceived),
    ("BYTES_SENT", Field::BytesSent),
    ("DURATION", Field::Duration),
    ("REQUEST_DURATION", Field::RequestDuration),
    ("RESPONSE_DURATION", Field::ResponseDuration),
    ("UPSTREAM_HOST", Field::UpstreamHost),
    ("UPSTREAM_CLUSTER", Field::UpstreamCluster),
    ("DOWNSTREAM_REMOTE_ADDRESS", Field::DownstreamRemoteAddress),
    ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Field::DownstreamRemoteAddressWithoutPort),
    ("DOWNSTREAM_LOCAL_ADDRESS", Field::DownstreamLocalAddress),
    ("ROUTE_NAME", Field::RouteName),
    ("HOSTNAME", Field::Hostname),
];

/// A format that was found to be well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    text: String,
    parts: Vec<Part>,
}

/// A piece of a log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// Something about the request.
    Field(Field),
}

/// What a command stands for; Envoy writes `-` where there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// When the request came, as `2024-05-01T12:00:00.000Z`.
    StartTime,
    /// `HTTP/1.1`, `HTTP/2`.
    Protocol,
    /// The status sent downstream, 0 if none.
    ResponseCode,
    /// Why this status was sent.
    ResponseCodeDetails,
    /// What was unusual, in short form.
    ResponseFlags,
    /// Body bytes from downstream.
    BytesReceived,
    /// Body bytes to downstream.
    BytesSent,
    /// Milliseconds from the start to the last byte out.
    Duration,
    /// Milliseconds until the last request byte came.
    RequestDuration,
    /// Milliseconds until the first response byte came from upstream.
    ResponseDuration,
    /// The upstream's address and port.
    UpstreamHost,
    /// The upstream's cluster.
    UpstreamCluster,
    /// The client's address and port.
    DownstreamRemoteAddress,
    /// The client's address.
    DownstreamRemoteAddressWithoutPort,
    /// The listener's address and port.
    DownstreamLocalAddress,
    /// The route's name.
    RouteName,
    /// This machine's name.
    Hostname,
    /// A header: the first value found.
    Header(HeaderField),
}

/// `%REQ(NAME?ALTERNATIVE):LENGTH%` and its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderField {
    /// Where the header is looked for.
    pub source: HeaderSource,
    /// The name, in lower case.
    pub name: String,
    /// What is taken if the first is absent, in lower case.
    pub alternative: Option<String>,
    /// How many bytes are written at most.
    pub length: Option<usize>,
}

/// Where a logged header is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderSource {
    /// `%REQ()%`: request headers.
    Request,
    /// `%RESP()%`: response headers.
    Response,
    /// `%TRAILER()%`: response trailers.
    ResponseTrailer,
}

impl Format {
    /// Reads a format.
    ///
    /// # Errors
    /// What is wrong, for the file's reader: a lone `%`, an unknown command, bad parameters.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, command)) = rest.split_once('%') {
            literal.push_str(before);
            if let Some(after) = command.strip_prefix('%') {
                literal.push('%');
                rest = after;
                continue;
            }
            let (command, after) = command
                .split_once('%')
                .ok_or("a `%` begins a command that does not end, write `%%` for the sign")?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Field(field(command)?));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The pieces of a line, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether this is Envoy's default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.text == DEFAULT
    }
}

impl Default for Format {
    fn default() -> Self {
        Self::parse(DEFAULT).unwrap_or(Self { text: String::new(), parts: Vec::new() })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads what stands between two `%`.
fn field(command: &str) -> Result<Field, String> {
    let known =
        || PLAIN.iter().map(|(name, _)| *name).chain(["REQ()", "RESP()", "TRAILER()"]).collect::<Vec<_>>();
    let unknown = || format!("unknown command `%{command}%`, known are {}", known().join(", "));
    let Some((name, parameters)) = command.split_once('(') else {
        let found = PLAIN.iter().find(|(name, _)| *name == command);
        return found.map(|(_, field)| field.clone()).ok_or_else(unknown);
    };
    let source = match name {
        "REQ" => HeaderSource::Request,
        "RESP" => HeaderSource::Response,
        "TRAILER" => HeaderSource::ResponseTrailer,
        _ => return Err(unknown()),
    };
    let malformed = || format!("expected `%{name}(HEADER?ALTERNATIVE):LENGTH%`, got `%{command}%`");
    let (names, length) = parameters.split_once(')').ok_or_else(malformed)?;
    let length = match length.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().map_err(|_| malformed())?)
        }
        None if length.is_empty() => None,
        _ => return Err(malformed()),
    };
    let mut names = names.split('?').map(|name| header(name).ok_or_else(malformed));
    let name = names.next().unwrap_or_else(|| Err(malformed()))?;
    let alternative = names.next().transpose()?;
    if names.next().is_some() {
        return Err(malformed());
    }
    Ok(Field::Header(HeaderField { source, name, alternative, length }))
}

fn header(name: &str) -> Option<String> {
    let bare = name.strip_prefix(':').unwrap_or(name);
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (!bare.is_empty() && bare.bytes().all(valid)).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_split_into_text_and_fields() {
        let format = Format::parse("100%% %REQ(X-A?:PATH):12%%PROTOCOL%\n").unwrap();
        let header = HeaderField {
            source: HeaderSource::Request,
            name: "x-a".to_owned(),
            alternative: Some(":path".to_owned()),
            length: Some(12),
        };
        assert_eq!(
            format.parts(),
            [
                Part::Text("100% ".to_owned()),
                Part::Field(Field::Header(header)),
                Part::Field(Field::Protocol),
                Part::Text("\n".to_owned()),
            ]
        );
    }

    #[test]
    fn the_default_is_well_formed() {
        assert!(Format::parse(DEFAULT).is_ok() && Format::default().is_default());
    }

    #[test]
    fn malformed_formats_are_refused() {
        for wrong in
            ["%", "a%", "%a", "%%%", "%FOO%", "%REQ%", "%REQ()%", "%REQ(A):%", "%REQ(A):x%", "%REQ(A?B?C)%"]
        {
            assert!(Format::parse(wrong).is_err(), "{wrong}");
        }
    }
}
