//! Access logs: a line per exchange in Envoy's format language.

use super::config::{AccessLog, Field, Format, HeaderField, HeaderSource, Part, Sink};
use super::date;
use super::reply::flags;
use crate::exchange::Exchange;
use crate::headers::Headers;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The access logs of a listener, shared by the workers.
#[derive(Debug, Default)]
pub(super) struct AccessLogs(Vec<Log>);

#[derive(Debug)]
struct Log {
    format: Format,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Stdout,
    Stderr,
    File(Mutex<File>),
}

impl AccessLogs {
    /// Opens the logs.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub(super) fn open(configs: &[AccessLog]) -> Result<Self, String> {
        configs.iter().map(Log::open).collect::<Result<_, _>>().map(Self)
    }

    /// Writes a line to each.
    pub(super) fn write(&self, exchange: &Exchange) {
        for log in &self.0 {
            log.write(exchange);
        }
    }
}

impl Log {
    fn open(config: &AccessLog) -> Result<Self, String> {
        let target = match &config.sink {
            Sink::Stdout => Target::Stdout,
            Sink::Stderr => Target::Stderr,
            Sink::File(path) => {
                let file = OpenOptions::new().append(true).create(true).open(path);
                let failed = |error| format!("cannot open the access log `{}`: {error}", path.display());
                Target::File(Mutex::new(file.map_err(failed)?))
            }
        };
        Ok(Self { format: config.format.clone(), target })
    }

    fn write(&self, exchange: &Exchange) {
        let line = line(&self.format, exchange);
        // A log that cannot be written must not stop traffic.
        let _written = match &self.target {
            Target::Stdout => io::stdout().lock().write_all(line.as_bytes()),
            Target::Stderr => io::stderr().lock().write_all(line.as_bytes()),
            Target::File(file) => {
                file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())
            }
        };
    }
}

fn line(format: &Format, exchange: &Exchange) -> String {
    let mut line = String::with_capacity(256);
    for part in format.parts() {
        match part {
            Part::Text(text) => line.push_str(text),
            Part::Field(field) => line.push_str(value(field, exchange).as_deref().unwrap_or("-")),
        }
    }
    line
}

fn value(field: &Field, exchange: &Exchange) -> Option<String> {
    let info = &exchange.info;
    let since_start =
        |moment: Option<u64>| Some((moment?.saturating_sub(info.start_ns) / 1_000_000).to_string());
    match field {
        Field::StartTime => Some(date::log_time(Duration::from_nanos(info.start_ns))),
        Field::Protocol => Some(info.protocol.to_owned()),
        Field::ResponseCode => Some(exchange.response.headers.as_ref().map_or(0, status).to_string()),
        Field::ResponseCodeDetails => {
            Some(info.code_details.replace(' ', "_")).filter(|details| !details.is_empty())
        }
        Field::ResponseFlags => Some(flags::names(info.response_flags)),
        Field::BytesReceived => Some(info.request_bytes.to_string()),
        Field::BytesSent => Some(info.response_bytes.to_string()),
        Field::Duration => since_start(info.end_ns),
        Field::RequestDuration => since_start(info.request_end_ns),
        Field::ResponseDuration => since_start(info.response_start_ns),
        Field::UpstreamHost => Some(info.upstream_remote?.to_string()),
        Field::UpstreamCluster => info.cluster_name.clone(),
        Field::DownstreamRemoteAddress => Some(info.downstream_remote?.to_string()),
        Field::DownstreamRemoteAddressWithoutPort => Some(info.downstream_remote?.ip().to_string()),
        Field::DownstreamLocalAddress => Some(info.downstream_local?.to_string()),
        Field::RouteName => info.route_name.clone().filter(|name| !name.is_empty()),
        Field::Hostname => hostname(),
        Field::Header(header) => header_value(header, exchange),
    }
}

fn header_value(field: &HeaderField, exchange: &Exchange) -> Option<String> {
    let headers = match field.source {
        HeaderSource::Request => exchange.request.headers.as_ref(),
        HeaderSource::Response => exchange.response.headers.as_ref(),
        HeaderSource::ResponseTrailer => exchange.response.trailers.as_ref(),
    }?;
    let alternative = || headers.get(field.alternative.as_ref()?.as_bytes());
    let value = headers.get(field.name.as_bytes()).or_else(alternative)?;
    let length = field.length.unwrap_or(usize::MAX).min(value.len());
    Some(String::from_utf8_lossy(value.get(..length)?).into_owned())
}

/// The status of a response, 0 where there is none.
pub(super) fn status(headers: &Headers) -> u16 {
    headers.get(b":status").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(0)
}

/// The machine's name, where the system tells it without a call of its own.
fn hostname() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    name.map(|name| name.trim().to_owned()).or_else(|| std::env::var("HOSTNAME").ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Info;

    #[test]
    fn the_default_format_is_envoys() {
        let mut exchange = Exchange {
            info: Info {
                protocol: "HTTP/1.1",
                start_ns: 1_700_000_000_123_000_000,
                end_ns: Some(1_700_000_000_125_000_000),
                response_bytes: 5,
                response_flags: flags::NO_ROUTE,
                ..Info::default()
            },
            ..Exchange::default()
        };
        let request =
            [(":method", "GET"), (":path", "/b"), ("x-envoy-original-path", "/a"), (":authority", "h")];
        exchange.request.headers = Some(request.into_iter().collect());
        exchange.response.headers = Some([(":status", "404")].into_iter().collect());
        assert_eq!(
            line(&Format::default(), &exchange),
            "[2023-11-14T22:13:20.123Z] \"GET /a HTTP/1.1\" 404 NR 0 5 2 - \"-\" \"-\" \"-\" \"h\" \"-\"\n"
        );
        let format = Format::parse("%REQ(:path):1% %REQUEST_DURATION%").unwrap();
        assert_eq!(line(&format, &exchange), "/ -");
    }
}
