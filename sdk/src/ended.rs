//! An exchange that is over, as far as it can still be read.

use crate::headers::Headers;
use crate::host::MapKind;
use std::cell::OnceCell;
use std::fmt;

/// What [`crate::Filter::log`] can read: the headers as they left the proxy, and every property
/// ([`crate::property`]): status, sizes, durations, flags, route, addresses.
///
/// Nothing is read before it is asked for. A message that never came has no headers. The request's
/// trailers cannot be read any more.
pub struct Ended {
    request: OnceCell<Headers>,
    response: OnceCell<Headers>,
    trailers: OnceCell<Headers>,
}

impl Ended {
    pub(crate) fn new() -> Self {
        Self { request: OnceCell::new(), response: OnceCell::new(), trailers: OnceCell::new() }
    }

    /// The headers of the request as the last filter left them.
    pub fn request(&self) -> &Headers {
        self.request.get_or_init(|| Headers::ended(MapKind::RequestHeaders))
    }

    /// The headers of the response that the client got.
    pub fn response(&self) -> &Headers {
        self.response.get_or_init(|| Headers::ended(MapKind::ResponseHeaders))
    }

    /// The trailers of the response that the client got.
    pub fn response_trailers(&self) -> &Headers {
        self.trailers.get_or_init(|| Headers::ended(MapKind::ResponseTrailers))
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended").finish_non_exhaustive()
    }
}
