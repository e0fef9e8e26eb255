//! Messages as tests describe them and as mocks and clients have seen them.

use bytes::Bytes;
use mesh_filter_runtime::headers::Headers;
use mesh_filter_runtime::host::Random as _;
use mesh_filter_runtime::host::random::SeededRandom;
use std::collections::VecDeque;
use std::time::Duration;

/// A message that is sent into the simulation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) headers: Headers,
    /// The chunks in which the body arrives; `None` where the message ends with its headers.
    pub(crate) body: Option<Vec<Bytes>>,
    pub(crate) trailers: Option<Headers>,
}

/// One part of a message.
#[derive(Debug)]
pub(crate) enum Piece {
    Headers(Headers, bool),
    Body(Bytes, bool),
    Trailers(Headers),
}

impl Message {
    /// A response that ends with its headers.
    pub(crate) fn response(status: u16) -> Self {
        let headers = [(":status", status.to_string())].into_iter().collect();
        Self { headers, body: None, trailers: None }
    }

    /// A request that ends with its headers.
    pub(crate) fn request(authority: &str, path: &str, method: &str, scheme: &str) -> Self {
        let pseudo = [(":authority", authority), (":path", path), (":method", method), (":scheme", scheme)];
        let headers = pseudo.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Self { headers, body: None, trailers: None }
    }

    /// The body as a whole.
    pub(crate) fn whole_body(&self) -> Bytes {
        match self.body.as_deref() {
            None => Bytes::new(),
            Some([chunk]) => chunk.clone(),
            Some(chunks) => chunks.concat().into(),
        }
    }

    /// The parts in which it arrives.
    pub(crate) fn pieces(self, chunking: Chunking) -> VecDeque<Piece> {
        let chunks = match (self.body, chunking) {
            (None, _) => Vec::new(),
            (Some(chunks), Chunking::AsWritten) if chunks.is_empty() => vec![Bytes::new()],
            (Some(chunks), chunking) => chunking.cut(chunks),
        };
        let mut pieces = VecDeque::new();
        let more = self.trailers.is_some();
        pieces.push_back(Piece::Headers(self.headers, chunks.is_empty() && !more));
        let last = chunks.len();
        for (index, chunk) in chunks.into_iter().enumerate() {
            pieces.push_back(Piece::Body(chunk, index + 1 == last && !more));
        }
        pieces.extend(self.trailers.map(Piece::Trailers));
        pieces
    }
}

/// How bodies are cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Chunking {
    /// As the test describes them.
    #[default]
    AsWritten,
    /// Chunks of this size.
    Size(usize),
    /// Two chunks, the first of this size.
    SplitAt(usize),
    /// Chunks of 1 to so many bytes, by this seed.
    Random { seed: u64, most: usize },
}

impl Chunking {
    fn cut(self, chunks: Vec<Bytes>) -> Vec<Bytes> {
        let whole = || -> Bytes { chunks.concat().into() };
        match self {
            Self::AsWritten => chunks,
            Self::Size(size) => {
                let whole = whole();
                let starts = (0..whole.len().max(1)).step_by(size.max(1));
                starts.map(|at| whole.slice(at..at.saturating_add(size).min(whole.len()))).collect()
            }
            Self::Random { seed, most } => {
                let whole = whole();
                let mut random = SeededRandom::new(seed);
                let (mut rest, mut cut) = (whole, Vec::new());
                while rest.len() > 1 {
                    let mut bytes = [0; 8];
                    random.fill(&mut bytes);
                    let most = u64::try_from(most.max(1)).unwrap_or(u64::MAX);
                    let size = usize::try_from(u64::from_le_bytes(bytes) % most + 1).unwrap_or(usize::MAX);
                    cut.push(rest.split_to(size.min(rest.len())));
                }
                if !rest.is_empty() || cut.is_empty() {
                    cut.push(rest);
                }
                cut
            }
            Self::SplitAt(at) => {
                let whole = whole();
                if at == 0 || at >= whole.len() {
                    vec![whole]
                } else {
                    vec![whole.slice(..at), whole.slice(at..)]
                }
            }
        }
    }
}

/// How a cluster or the upstream behaves.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    pub(crate) answer: Answer,
    /// After which it answers.
    pub(crate) delay: Duration,
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A response.
    Reply(Message),
    /// None.
    Fail(Fault),
}

/// How a callout or an upstream request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No answer comes: the caller's timeout ends it with 504.
    Timeout,
    /// The connection breaks after the response has begun.
    Reset,
    /// No connection comes about: 503.
    Refused,
    /// The proxy does not know the cluster.
    NoCluster,
}

impl Behaviour {
    pub(crate) fn reply(message: Message) -> Self {
        Self { answer: Answer::Reply(message), delay: Duration::ZERO }
    }

    pub(crate) fn fail(fault: Fault) -> Self {
        Self { answer: Answer::Fail(fault), delay: Duration::ZERO }
    }
}

impl Behaviour {
    /// Length of the body that comes back.
    pub(crate) fn body_len(&self) -> usize {
        match &self.answer {
            Answer::Reply(message) => message.whole_body().len(),
            Answer::Fail(_) => 0,
        }
    }
}

/// A message as its receiver has seen it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Headers, pseudo headers included.
    pub headers: Headers,
    /// Body, chunks joined.
    pub body: Vec<u8>,
    /// Trailers; empty where there are none.
    pub trailers: Headers,
    /// Its end has been seen.
    pub complete: bool,
    /// The messages of a gRPC callout, which has no body here.
    pub messages: Vec<Bytes>,
    /// The plugin gave the gRPC callout up.
    pub cancelled: bool,
}

impl Received {
    /// The first value of a header as text; `None` where it is missing or no UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        self.headers.get(name.as_bytes()).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Service and method of a gRPC callout.
    #[must_use]
    pub fn grpc_method(&self) -> (&str, &str) {
        let path = self.header(":path").unwrap_or_default();
        path.strip_prefix('/').and_then(|path| path.rsplit_once('/')).unwrap_or_default()
    }

    /// The status of a response; 0 where there is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.header(":status").and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(body: &'static str, chunking: Chunking) -> Vec<String> {
        let message = Message { body: Some(vec![body.into()]), ..Message::response(200) };
        let bodies = message.pieces(chunking).into_iter().filter_map(|piece| match piece {
            Piece::Body(bytes, end) => {
                Some(format!("{}{}", String::from_utf8_lossy(&bytes), if end { "." } else { "" }))
            }
            _ => None,
        });
        bodies.collect()
    }

    #[test]
    fn bodies_are_cut_as_asked_and_the_last_chunk_ends_the_message() {
        assert_eq!(chunks("abc", Chunking::AsWritten), ["abc."]);
        assert_eq!(chunks("abc", Chunking::Size(1)), ["a", "b", "c."]);
        assert_eq!(chunks("abc", Chunking::Size(2)), ["ab", "c."]);
        assert_eq!(chunks("abc", Chunking::SplitAt(1)), ["a", "bc."]);
        assert_eq!(chunks("abc", Chunking::SplitAt(3)), ["abc."]);
        assert_eq!(chunks("", Chunking::Size(1)), ["."]);
        assert_eq!(chunks("", Chunking::AsWritten), ["."]);
    }

    #[test]
    fn random_chunks_are_whole_and_the_same_for_the_same_seed() {
        let text = "the quick brown fox jumps over the lazy dog";
        let cut = |seed, most| chunks(text, Chunking::Random { seed, most });
        for seed in 0..20 {
            let chunks = cut(seed, 7);
            assert_eq!(chunks.concat(), format!("{text}."), "{seed}");
            assert!(chunks.iter().all(|chunk| (1..=8).contains(&chunk.len())), "{chunks:?}");
            assert_eq!(chunks, cut(seed, 7), "{seed}");
        }
        assert_ne!(cut(1, 7), cut(2, 7));
        assert_eq!(cut(1, 1).len(), text.len());
        assert_eq!(chunks("", Chunking::Random { seed: 0, most: 3 }), ["."]);
    }
}
