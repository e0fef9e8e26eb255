//! What a filter wants of the parts of a message that follow its headers.

use super::Stream;
use crate::body::{BodyError, Chunk, Message, Transform};
use crate::error::Result;
use crate::headers::{HeaderError, Headers};
use crate::host::{MapKind, Pairs, Side};
use std::rc::Rc;

/// What is done to body and trailers besides letting them through, for most messages nothing.
///
/// Requests and responses are moved from future to future: what few of them have is in a box.
#[derive(Default)]
pub(crate) struct Plan(Option<Box<Parts>>);

#[derive(Default)]
pub(super) struct Parts {
    pub(super) body: Option<BodyPlan>,
    pub(super) trailers: Option<TrailersPlan>,
}

impl Plan {
    /// What is done to the body.
    pub(crate) fn body(&mut self) -> &mut Option<BodyPlan> {
        &mut self.0.get_or_insert_default().body
    }

    /// Whether something is done to the body.
    pub(crate) fn has_body(&self) -> bool {
        self.0.as_ref().is_some_and(|parts| parts.body.is_some())
    }

    /// Adds bytes behind what else is done to the body.
    pub(crate) fn append(&mut self, bytes: Vec<u8>) {
        let body = self.body();
        let before = body.take().unwrap_or(BodyPlan::Append(Vec::new()));
        *body = Some(before.with_tail(bytes));
    }

    /// What is done to the trailers.
    pub(crate) fn trailers(&mut self) -> &mut TrailersPlan {
        self.0.get_or_insert_default().trailers.get_or_insert_default()
    }

    pub(super) fn into_parts(self) -> Option<Box<Parts>> {
        self.0
    }
}

/// What is done to a body.
pub(crate) enum BodyPlan {
    Map(Transform),
    Replace(Vec<u8>),
    Append(Vec<u8>),
}

impl BodyPlan {
    pub(crate) fn map(mut function: impl FnMut(&mut Chunk) -> Result<()> + 'static) -> Self {
        Self::Map(Transform::new(Box::new(move |chunk| function(chunk))))
    }

    /// The same with more bytes at the end.
    fn with_tail(self, mut tail: Vec<u8>) -> Self {
        match self {
            Self::Map(transform) => Self::Map(transform.with_tail(tail)),
            Self::Replace(mut body) => {
                body.append(&mut tail);
                Self::Replace(body)
            }
            Self::Append(mut body) => {
                body.append(&mut tail);
                Self::Append(body)
            }
        }
    }

    /// Makes `content-length` right, or takes it away where the length is not known yet.
    pub(super) fn prepare(self, headers: &mut Headers) -> Result<Transform, HeaderError> {
        Ok(match self {
            Self::Map(transform) => {
                headers.remove("content-length")?;
                transform
            }
            Self::Replace(body) => {
                headers.set("content-length", body.len().to_string())?;
                Transform::replacement(body)
            }
            Self::Append(tail) => {
                let length = headers.get("content-length").and_then(|length| length.as_str().ok());
                let longer = length
                    .and_then(|length| length.parse().ok())
                    .and_then(|length: u64| length.checked_add(u64::try_from(tail.len()).ok()?));
                match longer {
                    Some(length) => headers.set("content-length", length.to_string())?,
                    None => headers.remove("content-length")?,
                }
                Transform::appending(tail)
            }
        })
    }
}

type Function = Box<dyn FnOnce(&mut Headers) -> Result<()>>;

/// What is done to trailers.
#[derive(Default)]
pub(crate) struct TrailersPlan {
    function: Option<Function>,
    added: Vec<(String, Vec<u8>)>,
}

impl TrailersPlan {
    pub(crate) fn map(&mut self, function: impl FnOnce(&mut Headers) -> Result<()> + 'static) {
        self.function = Some(Box::new(function));
    }

    /// Adds one, checked here, so that the error comes where the filter is.
    pub(crate) fn add(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        Headers::local(MapKind::ResponseTrailers, Pairs::new()).append(name, value)?;
        self.added.push((name.to_owned(), value.to_vec()));
        Ok(())
    }

    /// Runs over the trailers that came, or makes a list of its own.
    pub(super) fn run(self, stream: &Rc<Stream>, side: Side, came: bool) -> Result<()> {
        if !came && self.added.is_empty() {
            return Ok(());
        }
        let map = match side {
            Side::Request => MapKind::RequestTrailers,
            Side::Response => MapKind::ResponseTrailers,
        };
        let mut trailers = Headers::of(Rc::clone(stream), map);
        if let Some(function) = self.function.filter(|_| came) {
            function(&mut trailers)?;
        }
        for (name, value) in self.added {
            trailers.append(name, value)?;
        }
        Ok(trailers.commit()?)
    }

    /// The message has ended without trailers while its headers waited: proxies make trailers only
    /// with the last bytes of a body that passes.
    pub(super) fn refuse(self, side: Side) -> Result<()> {
        match self.added.is_empty() {
            true => Ok(()),
            false => Err(BodyError::NoTrailers { message: Message::of(side) }.into()),
        }
    }
}
