//! The response that a client gets: the upstream's, or one that the filter makes.

use crate::body::{BodyError, Chunk, Message};
use crate::dispatch::{BodyPlan, Plan, Stream};
use crate::error::{Error, Result};
use crate::headers::{HeaderError, Headers, check_status};
use crate::host::{HostError, MapKind, Side, host};
use std::fmt;
use std::rc::Rc;

/// A response: either the upstream's, whose headers wait in the proxy, or a local reply.
///
/// ```
/// use mesh_filter::prelude::*;
///
/// # fn deny() -> Result<Response> {
/// let response = Response::new(403)
///     .with_header("x-reason", "no token")?
///     .with_body("a token is needed\n");
/// # Ok(response) }
/// ```
pub struct Response {
    headers: Headers,
    plan: Plan,
    origin: Origin,
}

enum Origin {
    Upstream(Rc<Stream>),
    Local(Box<Local>),
}

/// What a local reply has beside headers.
#[derive(Default)]
struct Local {
    body: Vec<u8>,
    details: String,
    grpc_status: Option<u32>,
}

impl Response {
    /// A local reply with this status, without a body.
    ///
    /// A status outside 200 to 599 is an error when the reply is sent.
    #[must_use]
    pub fn new(status: u16) -> Self {
        let pairs = [(":status", status.to_string())].into_iter().collect();
        Self {
            headers: Headers::local(MapKind::ResponseHeaders, pairs),
            plan: Plan::default(),
            origin: Origin::Local(Box::new(Local {
                details: "mesh_filter_reply".to_owned(),
                ..Local::default()
            })),
        }
    }

    /// A local reply for clients of gRPC: this status (0 to 16) and message.
    ///
    /// To a gRPC request proxies send it as trailers alone; other clients get the HTTP status that
    /// [gRPC's own mapping](https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto)
    /// has for it, with the message as body.
    ///
    /// ```
    /// use mesh_filter::Response;
    ///
    /// const UNAUTHENTICATED: u32 = 16;
    /// assert_eq!(Response::grpc(UNAUTHENTICATED, "a token is needed").status(), 401);
    /// ```
    #[must_use]
    pub fn grpc(status: u32, message: impl Into<String>) -> Self {
        let http = match status {
            0 => 200,
            3 | 9 | 11 => 400,
            16 => 401,
            7 => 403,
            5 => 404,
            6 | 10 => 409,
            8 => 429,
            1 => 499,
            12 => 501,
            14 => 503,
            4 => 504,
            _ => 500,
        };
        Self::new(http).with_body(message.into()).with_grpc_status(status)
    }

    pub(crate) fn upstream(stream: Rc<Stream>) -> Self {
        let headers = Headers::of(Rc::clone(&stream), MapKind::ResponseHeaders);
        Self { headers, plan: Plan::default(), origin: Origin::Upstream(stream) }
    }

    /// The same with one more header.
    ///
    /// # Errors
    /// When the name or the value cannot be.
    pub fn with_header(
        mut self,
        name: impl AsRef<str>,
        value: impl AsRef<[u8]>,
    ) -> Result<Self, HeaderError> {
        self.headers.append(name, value)?;
        Ok(self)
    }

    /// The same with this body. For an upstream's response without a body it does nothing; where
    /// that matters use [`Response::set_body`].
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        drop(self.set_body(body));
        self
    }

    /// The same with this reason for the access log (`%RESPONSE_CODE_DETAILS%`); only for local
    /// replies. What would break a log line apart becomes underscores.
    #[must_use]
    pub fn with_details(mut self, reason: impl Into<String>) -> Self {
        if let Origin::Local(local) = &mut self.origin {
            let unfit = |character: char| character.is_whitespace() || character.is_control();
            local.details = reason.into().replace(unfit, "_");
        }
        self
    }

    /// The same with this gRPC status (0 to 16), for gRPC clients; only for local replies.
    #[must_use]
    pub fn with_grpc_status(mut self, status: u32) -> Self {
        if let Origin::Local(local) = &mut self.origin {
            local.grpc_status = Some(status);
        }
        self
    }

    /// The status; 0 if the proxy gave none.
    #[must_use]
    pub fn status(&self) -> u16 {
        let status = self.headers.get(":status").and_then(|status| status.as_str().ok());
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Changes the status.
    ///
    /// # Errors
    /// When it is not one of 200 to 599.
    pub fn set_status(&mut self, status: u16) -> Result<(), HeaderError> {
        self.headers.set(":status", status.to_string())
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The headers, to change them. Changes are written when the response is returned.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }

    /// Reads the whole body while the headers wait, at most `limit` bytes.
    ///
    /// As for [`crate::Request::body`], the proxy has to allow it.
    ///
    /// # Errors
    /// [`BodyError::HoldNotAllowed`] at once where the proxy does not allow it,
    /// [`BodyError::TooLarge`] as soon as the limit is passed.
    pub async fn body(&mut self, limit: usize) -> Result<Vec<u8>> {
        match &self.origin {
            Origin::Upstream(stream) => stream.collect(Side::Response, limit).await,
            Origin::Local(local) if local.body.len() > limit => {
                Err(BodyError::TooLarge { message: Message::Response, limit }.into())
            }
            Origin::Local(local) => Ok(local.body.clone()),
        }
    }

    /// Puts another body in place of this, with its `content-length`.
    ///
    /// # Errors
    /// [`BodyError::None`] when the upstream's response has no body.
    pub fn set_body(&mut self, body: impl Into<Vec<u8>>) -> Result<(), BodyError> {
        match &mut self.origin {
            Origin::Local(local) => local.body = body.into(),
            Origin::Upstream(stream) if stream.half(Side::Response).is_bodiless() => {
                return Err(BodyError::None { message: Message::Response });
            }
            Origin::Upstream(_) => *self.plan.body() = Some(BodyPlan::Replace(body.into())),
        }
        Ok(())
    }

    /// Runs a function over the body while it streams to the client.
    ///
    /// `content-length` is removed. A response without a body is left alone. An error of the
    /// function resets the stream, because its headers have left.
    pub fn map_body(&mut self, function: impl FnMut(&mut Chunk) -> Result<()> + 'static) {
        *self.plan.body() = Some(BodyPlan::map(function));
    }

    /// Adds bytes at the end of the body, behind what else is done to it; `content-length` is
    /// corrected.
    ///
    /// # Errors
    /// [`BodyError::None`] when the upstream's response has no body. Trailers that follow a single
    /// chunk of more than 64 KiB directly leave no moment to add bytes: that stream is reset.
    pub fn append_body(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), BodyError> {
        match &mut self.origin {
            Origin::Local(local) if !self.plan.has_body() => local.body.append(&mut bytes.into()),
            Origin::Upstream(stream) if stream.half(Side::Response).is_bodiless() => {
                return Err(BodyError::None { message: Message::Response });
            }
            _ => self.plan.append(bytes.into()),
        }
        Ok(())
    }

    /// Runs a function over the trailers, if any come.
    ///
    /// Local replies have none. An error of the function resets the stream, because its headers
    /// have left.
    pub fn map_trailers(&mut self, function: impl FnOnce(&mut Headers) -> Result<()> + 'static) {
        self.plan.trailers().map(function);
    }

    /// Adds a trailer: to those that come, or as the first.
    ///
    /// Peers that speak HTTP/1.1 get trailers only where the proxy is configured to pass them.
    ///
    /// # Errors
    /// When the name or the value cannot be. A response without a body and a local reply get no
    /// trailers, and a response whose body was read before its headers left only where it has some
    /// already: else it fails with [`BodyError::NoTrailers`].
    pub fn add_trailer(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.plan.trailers().add(name.as_ref(), value.as_ref())
    }

    pub(crate) fn is_local(&self) -> bool {
        matches!(self.origin, Origin::Local(_))
    }

    /// Sends a local reply.
    pub(crate) fn send(mut self) -> Result<()> {
        let Origin::Local(local) = self.origin else {
            return Err(Error::new("an upstream's response cannot be sent as a local reply"));
        };
        let status = self.headers.get(":status").map(|status| status.as_bytes()).unwrap_or_default();
        check_status(status)?;
        let status = std::str::from_utf8(status)?.parse()?;
        let Local { mut body, details, grpc_status } = *local;
        if let Some(BodyPlan::Map(mut transform)) = self.plan.body().take() {
            body = transform.whole(body)?;
        }
        let headers = self.headers.plain_fields();
        host()
            .send_local_response(status, &details, &body, &headers, grpc_status)
            .map_err(|code| HostError::new("proxy_send_local_response", status.to_string(), code))?;
        Ok(())
    }

    /// Lets an upstream's response go, with its changes.
    pub(crate) fn release(mut self, stream: &Rc<Stream>) -> Result<()> {
        match &self.origin {
            Origin::Upstream(own) if Rc::ptr_eq(own, stream) => {
                stream.release(Side::Response, &mut self.headers, self.plan)
            }
            _ => Err(Error::new("the filter returned the response of another exchange")),
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("headers", &self.headers).finish_non_exhaustive()
    }
}
