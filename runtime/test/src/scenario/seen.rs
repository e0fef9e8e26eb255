//! What was seen of a step, a line each, for failures.

use super::check::asked;
use crate::matcher::shown;
use crate::sim::Finished;
use crate::traffic::Received;

/// Of an exchange: what upstream and client got.
pub(super) fn exchange_lines(finished: &Finished) -> Vec<String> {
    let mut lines = Vec::new();
    match &finished.upstream {
        Some(request) => lines.push(format!("upstream saw: {}", request_line(request))),
        None => lines.push("upstream: not called".to_owned()),
    }
    match &finished.response {
        Some(response) => lines.push(format!("client got: {}{}", response.status(), rest(response))),
        None => lines.push("client got: nothing".to_owned()),
    }
    for (path, value) in &finished.set_properties {
        lines.push(format!("property `{path}` was set to {}", shown(value)));
    }
    if finished.reset {
        lines.push("then the stream was reset".to_owned());
    }
    lines
}

/// Of a callout: the request.
pub(super) fn request_line(request: &Received) -> String {
    format!("{}{}", asked(request), rest(request))
}

fn rest(message: &Received) -> String {
    let mut text = String::new();
    for (name, value) in message.headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
        text.push_str(&format!("  {}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
    }
    if !message.body.is_empty() {
        text.push_str(&format!("  body {}", shown(&message.body)));
    }
    for sent in &message.messages {
        text.push_str(&format!("  message {}", shown(sent)));
    }
    if message.cancelled {
        text.push_str("  cancelled");
    }
    for (name, value) in message.trailers.iter() {
        text.push_str(&format!(
            "  trailer {}: {}",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value)
        ));
    }
    text
}
