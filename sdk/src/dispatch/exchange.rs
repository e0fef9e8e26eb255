//! The life of one exchange: its future, and what its callbacks answer.
//!
//! | the future | the proxy sees |
//! |---|---|
//! | waits before `next.run` | request paused |
//! | waits in `next.run` | request released; polled again at the response headers |
//! | waits in `next.run` of a gated request | headers released, body paused until the verdict |
//! | waits after `next.run` | response paused |
//! | ends with the upstream's response | response released |
//! | ends with another response | local reply |
//! | ends with an error | what [`crate::Filter::on_error`] says: local reply 503 or 500 |
//! | a body function fails after the headers left | stream reset |
//! | is dropped | the stream was reset, or the proxy answered before the filter did |

use super::reactor::Reactor;
use super::stream::Gate;
use super::{Action, Handler, Stream, Task};
use crate::ended::Ended;
use crate::error::{Error, Result};
use crate::filter::{Failure, Phase, Recovery};
use crate::host::{HostError, Side, host};
use crate::metrics::Counter;
use crate::next::Next;
use crate::request::Request;
use crate::response::Response;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

pub(crate) struct Exchange {
    stream: Rc<Stream>,
    handler: Rc<dyn Handler>,
    errors: Option<Counter>,
    reactor: Rc<Reactor>,
    task: Option<Task<Result<Response>>>,
    waker: Waker,
    /// A local reply or a reset is on its way: nothing of this exchange goes further.
    answered: bool,
}

impl Exchange {
    pub(crate) fn new(
        stream: Stream,
        handler: Rc<dyn Handler>,
        errors: Option<Counter>,
        reactor: Rc<Reactor>,
    ) -> Self {
        let waker = reactor.ready.waker(stream.owner);
        Self { stream: Rc::new(stream), handler, errors, reactor, task: None, waker, answered: false }
    }

    pub(crate) fn root(&self) -> u32 {
        self.stream.owner.root()
    }

    pub(crate) fn request_headers(&mut self, end_of_stream: bool) {
        self.stream.half(Side::Request).arrive(end_of_stream);
        let request = Request::new(Rc::clone(&self.stream));
        let next = Next::new(Rc::clone(&self.stream));
        self.task = Some(Rc::clone(&self.handler).handle(request, next));
        self.poll();
    }

    pub(crate) fn response_headers(&mut self, end_of_stream: bool) {
        let half = self.stream.half(Side::Response);
        half.arrive(end_of_stream);
        let asked = self.stream.half(Side::Request).gate.get() == Gate::Open;
        if self.answered || !asked || self.task.is_none() {
            // Our own reply, or one that the proxy gave while the filter still thought.
            half.gate.set(Gate::Open);
            self.task = None;
        } else {
            self.poll();
        }
    }

    pub(crate) fn body(&mut self, side: Side, size: usize, end_of_stream: bool) {
        let half = self.stream.half(side);
        half.grow(size, end_of_stream);
        half.ending.set(end_of_stream);
        if half.is_awaited() {
            self.poll();
        } else if !self.answered {
            let stepped = half.transform_bytes().and_then(|()| self.finish(side));
            stepped.unwrap_or_else(|error| self.reset(side, &error));
        }
        self.stream.half(side).ending.set(false);
    }

    pub(crate) fn trailers(&mut self, side: Side) {
        let half = self.stream.half(side);
        half.end();
        if half.is_awaited() {
            self.poll();
        } else if !self.answered {
            let ended = half.transform_end().and_then(|()| self.finish(side));
            ended.unwrap_or_else(|error| self.reset(side, &error));
        }
    }

    /// Does what the filter wants of the trailers, if the message has ended.
    fn finish(&self, side: Side) -> Result<()> {
        if !self.stream.half(side).has_ended() {
            return Ok(());
        }
        let reactor = &self.reactor;
        reactor.enter(self.stream.owner, || self.stream.finish(side))
    }

    /// The future can go on. `resume` unless a callback of this stream runs, whose answer does it.
    pub(crate) fn wake(&mut self, resume: bool) {
        self.poll();
        if resume {
            self.resume(Side::Request);
            self.resume(Side::Response);
        }
    }

    /// The access log is written: all that was exchanged can be read a last time.
    pub(crate) fn log(&mut self) {
        self.task = None;
        let reactor = Rc::clone(&self.reactor);
        reactor.enter(self.stream.owner, || self.handler.log(&Ended::new()));
    }

    /// The stream has ended.
    pub(crate) fn end(&mut self) {
        self.task = None;
    }

    fn poll(&mut self) {
        let Some(mut task) = self.task.take() else { return };
        let reactor = Rc::clone(&self.reactor);
        reactor.enter(self.stream.owner, || {
            match task.as_mut().poll(&mut Context::from_waker(&self.waker)) {
                Poll::Pending => self.task = Some(task),
                Poll::Ready(result) => {
                    drop(task);
                    if let Err(error) = result.and_then(|response| self.deliver(response)) {
                        self.fail(&error);
                    }
                }
            }
        });
    }

    /// Gives the filter's response to the proxy.
    fn deliver(&mut self, response: Response) -> Result<()> {
        if response.is_local() {
            response.send()?;
            self.answered = true;
            Ok(())
        } else {
            response.release(&self.stream)
        }
    }

    fn fail(&mut self, error: &Error) {
        let held = |side| self.stream.half(side).is_held();
        let phase = if held(Side::Response) { Phase::Response } else { Phase::Request };
        self.count(error);
        let failure = Failure::new(error, phase);
        let reply = match self.handler.on_error(&failure) {
            Recovery::Reply(response) => response,
            Recovery::Pass => {
                for half in [Side::Request, Side::Response].map(|side| self.stream.half(side)) {
                    if half.is_awaited() {
                        half.pass();
                    }
                }
                return;
            }
        };
        if let Err(error) = self.deliver(reply) {
            log::error!("the reply of `on_error` could not be sent: {error}");
            if let Err(error) = self.deliver(failure.reply()) {
                self.reset(Side::Request, &error);
            }
        }
    }

    /// Ends the exchange when it is too late for a reply.
    fn reset(&mut self, side: Side, error: &Error) {
        self.count(error);
        self.answered = true;
        self.task = None;
        if let Err(status) = host().close_stream(side) {
            log::error!("{}", HostError::new("proxy_close_stream", format!("{side:?}"), status));
        }
    }

    fn count(&self, error: &Error) {
        log::warn!("{error}");
        if let Some(errors) = &self.errors {
            errors.increment(1);
        }
    }

    /// The answer to a callback of this side; the other side goes on where it can.
    pub(crate) fn action(&mut self, side: Side) -> Action {
        self.resume(match side {
            Side::Request => Side::Response,
            Side::Response => Side::Request,
        });
        let half = self.stream.half(side);
        let pause = half.stops();
        half.paused.set(pause);
        if pause { Action::Pause } else { Action::Continue }
    }

    fn resume(&self, side: Side) {
        let half = self.stream.half(side);
        if self.answered || !half.paused.get() || half.stops() {
            return;
        }
        half.paused.set(false);
        if let Err(status) = host().continue_stream(side) {
            log::error!("{}", HostError::new("proxy_continue_stream", format!("{side:?}"), status));
        }
    }
}
