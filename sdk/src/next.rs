//! The rest of the filter chain, and behind it the upstream.

use crate::dispatch::Stream;
use crate::error::{Error, Result};
use crate::host::Side;
use crate::request::{Decide, Gate, GatePlan, Request};
use crate::response::Response;
use std::cell::Cell;
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
    /// When the proxy refuses a change, a function given to [`Request::map_body`] fails on bytes
    /// that are already here, or a gated body is too long or cannot be judged. An upstream that cannot be reached is no error: the proxy
    /// answers for it, and that response comes back.
    pub async fn run(self, request: Request) -> Result<Response> {
        if !request.belongs_to(&self.stream) {
            return Err(Error::new("`next.run` was given the request of another exchange"));
        }
        let gate = request.release()?;
        let mut verdict = gate.map(|gate| Box::pin(self.verdict(gate)));
        let answered = || self.stream.half(Side::Response).is_held();
        let refused = poll_fn(|context| {
            if answered() {
                return Poll::Ready(Ok(None));
            }
            if let Some(deciding) = &mut verdict {
                let Poll::Ready(decided) = deciding.as_mut().poll(context) else { return Poll::Pending };
                verdict = None;
                match decided {
                    Ok(Gate::Open) => self.stream.open_gate(Side::Request)?,
                    Ok(Gate::Reply(reply)) => return Poll::Ready(Ok(Some(reply))),
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            Poll::Pending
        })
        .await?;
        drop(verdict);
        Ok(refused.unwrap_or_else(|| Response::upstream(self.stream)))
    }

    /// What is decided over a gated body, once all of it is here.
    async fn verdict(&self, gate: Box<GatePlan>) -> Result<Gate> {
        let limit = gate.limit;
        match gate.decide {
            Decide::Whole(decide) => {
                let body = poll_fn(|_| self.stream.poll_whole(Side::Request, limit)).await?;
                decide(body).await
            }
            Decide::Watched { mut look, decide } => {
                let seen = Cell::new(0);
                let watched =
                    poll_fn(|_| self.stream.poll_pieces(Side::Request, limit, &seen, &mut *look)).await;
                // What it has learned of the body belongs to who decides.
                drop(look);
                decide(watched).await
            }
        }
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}
