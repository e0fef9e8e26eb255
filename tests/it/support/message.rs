//! HTTP/1.1 messages as bytes: where they end, and how they compare.

use std::io::{self, Read};

/// A message as it stood on the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Message {
    /// Start line and header lines, each without its line end.
    pub(crate) head: Vec<String>,
    /// The body without its framing.
    pub(crate) body: Vec<u8>,
    /// Lines after the last chunk.
    pub(crate) trailers: Vec<String>,
    /// Whether the peer closed before the message was complete.
    pub(crate) broken: bool,
}

/// Reads messages from one connection.
pub(crate) struct Reader<R> {
    stream: R,
    buffered: Vec<u8>,
}

impl Message {
    /// The value of the first header with this lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.iter().skip(1).filter_map(|line| line.split_once(':'));
        lines
            .map(|(key, value)| (key, value.trim()))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The status code of a response.
    pub(crate) fn status(&self) -> u16 {
        self.head
            .first()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    /// All of it as text, for comparisons that a person reads.
    pub(crate) fn shown(&self) -> String {
        let mut shown = self.head.join("\n");
        shown.push_str("\n\n");
        shown.push_str(&self.body.escape_ascii().to_string());
        for trailer in &self.trailers {
            shown.push_str("\ntrailer ");
            shown.push_str(trailer);
        }
        if self.broken {
            shown.push_str("\n(broken off)");
        }
        shown
    }
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, buffered: Vec::new() }
    }

    /// The next message, or `None` if the peer closed before it began. `bodyless` is for answers to HEAD.
    pub(crate) fn message(&mut self, bodyless: bool) -> io::Result<Option<Message>> {
        let Some(head) = self.head()? else { return Ok(None) };
        let mut message = Message { head, ..Message::default() };
        let bodyless = bodyless || matches!(message.status(), 100..=199 | 204 | 304);
        let chunked =
            message.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        let is_response = message.status() != 0 && message.head[0].starts_with("HTTP/");
        let length = message.header("content-length").and_then(|value| value.parse().ok());
        match length {
            _ if bodyless => {}
            _ if chunked => self.chunks(&mut message)?,
            Some(length) => {
                while self.buffered.len() < length && self.fill()? {}
                message.broken = self.buffered.len() < length;
                message.body = self.take(length);
            }
            None if is_response => {
                while self.fill()? {}
                message.body = std::mem::take(&mut self.buffered);
            }
            None => {}
        }
        Ok(Some(message))
    }

    /// Whether the peer closes now without another byte.
    pub(crate) fn ends(&mut self) -> io::Result<bool> {
        Ok(self.buffered.is_empty() && !self.fill()?)
    }

    fn chunks(&mut self, message: &mut Message) -> io::Result<()> {
        loop {
            let Some(line) = self.line()? else {
                message.broken = true;
                return Ok(());
            };
            let digits = line.split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(digits, 16)
                .map_err(|_| io::Error::other(format!("chunk size `{line}`")))?;
            if size == 0 {
                while let Some(line) = self.line()?.filter(|line| !line.is_empty()) {
                    message.trailers.push(line);
                }
                return Ok(());
            }
            while self.buffered.len() < size + 2 && self.fill()? {}
            message.broken = self.buffered.len() < size + 2;
            message.body.extend(self.take(size));
            self.take(2);
            if message.broken {
                return Ok(());
            }
        }
    }

    fn head(&mut self) -> io::Result<Option<Vec<String>>> {
        let mut lines = Vec::new();
        loop {
            match self.line()? {
                None => return Ok(None),
                // Line ends before a message are no message.
                Some(line) if line.is_empty() && lines.is_empty() => {}
                Some(line) if line.is_empty() => return Ok(Some(lines)),
                Some(line) => lines.push(line),
            }
        }
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.buffered.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.take(end);
                self.take(2);
                return Ok(Some(line.iter().map(|byte| char::from(*byte)).collect()));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn fill(&mut self) -> io::Result<bool> {
        let mut space = [0; 16 << 10];
        let count = match self.stream.read(&mut space) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return self.fill(),
            count => count?,
        };
        self.buffered.extend_from_slice(&space[..count]);
        Ok(count > 0)
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.buffered.drain(..count.min(self.buffered.len())).collect()
    }
}
