//! The rest of the filter chain, and behind it the upstream.

use crate::dispatch::Stream;
use crate::error::{Error, Result};
use crate::host::Side;
use crate::request::Request;
use crate::response::Response;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// What handles the request after this filter.
///
/// Code that touches a request after it has left does not compile:
///
/// ```compile_fail,E0382
/// # use mesh_filter::prelude::*;
/// async fn handle(mut request: Request, next: Next) -> Result<Response> {
///     let response = next.run(request).await?;
///     request.headers_mut().set("x-late", "1")?;
///     Ok(response)
/// }
/// ```
pub struct Next {
    stream: Rc<Stream>,
}

impl Next {
    pub(crate) fn new(stream: Rc<Stream>) -> Self {
        Self { stream }
    }

    /// Lets the request go, with its changes, and waits for the headers of the response.
    ///
    /// The request is consumed: its headers are on their way and cannot be read any more. What the
    /// response phase needs of them goes into a local variable before.
    ///
    /// # Errors
    /// When the proxy refuses a change, or a function given to [`Request::map_body`] fails on
    /// bytes that are already here. An upstream that cannot be reached is no error: the proxy
    /// answers for it, and that response comes back.
    pub async fn run(self, request: Request) -> Result<Response> {
        if !request.belongs_to(&self.stream) {
            return Err(Error::new("`next.run` was given the request of another exchange"));
        }
        request.release()?;
        poll_fn(|_| match self.stream.half(Side::Response).is_held() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        Ok(Response::upstream(self.stream))
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}
