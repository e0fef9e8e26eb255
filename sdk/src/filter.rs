//! What a filter author implements: one async function over one exchange.

use crate::body::{BodyError, Message};
use crate::config::Configuration;
use crate::ended::Ended;
use crate::error::{Error, Result};
use crate::next::Next;
use crate::request::Request;
use crate::response::Response;
use crate::setup::Setup;

/// An HTTP filter.
///
/// One value is made for each configuration in each VM (a proxy runs a VM per worker thread), and
/// shared by all its exchanges: state goes into `Cell`s and `RefCell`s.
///
/// ```no_run
/// use mesh_filter::prelude::*;
///
/// #[derive(Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Config { team: String }
///
/// struct Team { config: Config }
///
/// impl Filter for Team {
///     type Config = Config;
///
///     fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
///         Ok(Self { config })
///     }
///
///     async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
///         request.headers_mut().set("x-team", &self.config.team)?;
///         let mut response = next.run(request).await?;
///         response.headers_mut().remove("server")?;
///         Ok(response)
///     }
/// }
///
/// mesh_filter::register!(Team);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a filter",
    label = "`mesh_filter::Filter` is not implemented for this type",
    note = "write `impl Filter for {Self}` with `type Config`, `fn new(config, setup)` and \
            `async fn handle(&self, request, next)`"
)]
pub trait Filter: Sized + 'static {
    /// The plugin's configuration, read from JSON. `()` for none.
    type Config: Configuration;

    /// Makes the filter; here metrics and timed jobs are set up too.
    ///
    /// # Errors
    /// Whatever it returns refuses the configuration: the proxy then keeps the old one, or does
    /// not start.
    fn new(config: Self::Config, setup: &mut Setup) -> Result<Self>;

    /// Handles one exchange.
    ///
    /// `next.run(request)` gives the request to the next filter and comes back with the headers of
    /// the response; what is returned goes to the client.
    ///
    /// | what happens | what becomes of the exchange |
    /// |---|---|
    /// | the response of `next.run` is returned | its headers leave with their changes, its body streams |
    /// | another [`Response`] is returned before `next.run` | a local reply; the upstream sees nothing |
    /// | another [`Response`] is returned after `next.run` | it takes the place of the upstream's, whose rest is dropped |
    /// | `Err` before `next.run`, or while it waits | [`Filter::on_error`]; 503 (413 for a body that is too long) |
    /// | `Err` while the response is here | [`Filter::on_error`]; 500 |
    /// | a function of `map_body` or `map_trailers` fails after the headers have left | a reset |
    /// | `request` and `next` are dropped with a body in flight | as the result says; nothing of the body goes on |
    /// | the upstream answers before it has the whole request | `next.run` comes back; the request's body goes on streaming |
    /// | the upstream cannot be reached, times out or resets before its headers | `next.run` comes back with the proxy's 503 or 504 |
    /// | the response breaks off later | a reset; [`Filter::log`] still runs |
    /// | 100 Continue, 103 Early Hints | they pass without the filter |
    /// | the client or the proxy resets the stream, or the proxy answers by itself | the future is dropped where it waits; [`Filter::log`] still runs |
    /// | a panic | the VM is gone with all its exchanges: 503 until the proxy reloads it, as its failure policy says |
    ///
    /// # Errors
    /// [`Filter::on_error`] says what becomes of them.
    fn handle(&self, request: Request, next: Next) -> impl Future<Output = Result<Response>>;

    /// Chooses what happens to an exchange that [`Filter::handle`] could not handle: 503 while the
    /// request is here and 500 while the response is here, unless it says otherwise.
    ///
    /// It is not asked when a function of [`Response::map_body`] fails, because the headers have
    /// left by then: that stream is reset. Every error is logged as a warning and counted in
    /// `mesh_filter.errors` before.
    fn on_error(&self, failure: &Failure<'_>) -> Recovery {
        Recovery::Reply(failure.reply())
    }

    /// Sees every exchange once more when it is over, when the proxy writes its access log: also
    /// those that were reset, and those that the proxy answered before this filter did.
    ///
    /// The future of [`Filter::handle`] has been dropped by then. Nothing can be changed and no
    /// call be awaited here; [`crate::task::spawn`] starts what goes on.
    fn log(&self, ended: &Ended) {
        let _nothing = ended;
    }
}

/// An exchange that could not be handled; see [`Filter::on_error`].
#[derive(Debug)]
pub struct Failure<'a> {
    error: &'a Error,
    phase: Phase,
}

impl<'a> Failure<'a> {
    pub(crate) fn new(error: &'a Error, phase: Phase) -> Self {
        Self { error, phase }
    }

    /// What went wrong.
    #[must_use]
    pub fn error(&self) -> &'a Error {
        self.error
    }

    /// How far the exchange had come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The reply without body that clients get by default, with details `mesh_filter_error`: 413
    /// where the request's body was longer than the filter accepts, else 503 before a response has
    /// come and 500 after. Clients of gRPC get the gRPC status that proxies make of it.
    #[must_use]
    pub fn reply(&self) -> Response {
        let status = match (self.error.downcast_ref(), self.phase) {
            (Some(BodyError::TooLarge { message: Message::Request, .. }), _) => 413,
            (_, Phase::Request) => 503,
            (_, Phase::Response) => 500,
        };
        Response::new(status).with_details("mesh_filter_error")
    }
}

/// How far an exchange has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// No response has come yet.
    Request,
    /// The headers of the response are here.
    Response,
}

/// What becomes of an exchange that could not be handled.
#[derive(Debug)]
#[non_exhaustive]
pub enum Recovery {
    /// The client gets this.
    Reply(Response),
    /// The exchange goes on as if the filter were not there. Changes that were not yet written
    /// (those of a request before [`Next::run`], those of a response) are lost.
    Pass,
}
