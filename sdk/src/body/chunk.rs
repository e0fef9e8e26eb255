//! A piece of a body on its way through a filter.

/// A piece of a streamed body, as [`crate::Response::map_body`] shows it.
///
/// Chunks end wherever the network cut them. A filter that looks for something longer than a byte
/// keeps the undecided end back, and finds it in front of the next chunk:
///
/// ```
/// use mesh_filter::Chunk;
///
/// /// Removes every `--`, also one that a chunk boundary cuts in two.
/// fn remove_double_dashes(chunk: &mut Chunk) {
///     let text = String::from_utf8_lossy(chunk.bytes()).replace("--", "");
///     let undecided = usize::from(text.ends_with('-'));
///     chunk.replace(text);
///     if !chunk.is_last() {
///         chunk.keep_back(undecided);
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Chunk {
    bytes: Vec<u8>,
    last: bool,
    changed: bool,
    keep: usize,
}

impl Chunk {
    pub(crate) fn new(bytes: Vec<u8>, last: bool) -> Self {
        Self { bytes, last, changed: false, keep: 0 }
    }

    /// The bytes: first those that were kept back, then those that are new.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, to change them in place.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        self.changed = true;
        &mut self.bytes
    }

    /// Puts other bytes in place of these.
    pub fn replace(&mut self, bytes: impl Into<Vec<u8>>) {
        *self.bytes_mut() = bytes.into();
    }

    /// Whether the body ends with this chunk. It may be empty.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// Does not send the last `count` bytes yet, but shows them again in front of the next chunk.
    ///
    /// In the last chunk nothing can be kept back: there the call does nothing.
    pub fn keep_back(&mut self, count: usize) {
        self.keep = count;
    }

    /// What is sent, what is kept back, and whether either differs from what was given.
    pub(crate) fn finish(mut self) -> Finished {
        let keep = if self.last { 0 } else { self.keep.min(self.bytes.len()) };
        let kept = self.bytes.split_off(self.bytes.len() - keep);
        Finished { sent: self.bytes, kept, changed: self.changed }
    }
}

pub(crate) struct Finished {
    pub(crate) sent: Vec<u8>,
    pub(crate) kept: Vec<u8>,
    pub(crate) changed: bool,
}
