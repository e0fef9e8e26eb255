//! gRPC callouts of an Envoy: a server that answers each event of a call as its mock says.

use super::shared::{Event, Shared};
use super::wire;
use crate::grpc::{GrpcAnswer, MockedCall, Reaction};
use crate::sim::AgendaKey;
use crate::traffic::Fault;
use bytes::{Buf as _, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::Request;
use mesh_filter_runtime::host::GrpcPart;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Before each message stand a flag and its size.
const PREFIX: usize = 5;

/// A call that is under way.
pub(super) struct Call {
    mocked: MockedCall,
    /// When Envoy gives it up by itself.
    times_out: Option<Duration>,
    respond: SendResponse<Bytes>,
    /// The response, once it has begun.
    stream: Option<SendStream<Bytes>>,
    /// The response has ended.
    finished: bool,
    /// When the last part comes that is on its way; later answers do not overtake it.
    last: Duration,
    coming: Vec<AgendaKey>,
    /// Whoever waits for its end.
    waker: Option<Waker>,
}

/// What happens to a call at its moment.
pub(super) enum Step {
    Part(GrpcPart),
    Fail(Fault),
    /// Envoy's own clock tells it.
    Timeout,
}

/// Whether a request is gRPC's.
pub(super) fn is_call(request: &Request<RecvStream>) -> bool {
    let is = |name: &str, value: &str| {
        request.headers().get(name).is_some_and(|found| found.as_bytes().starts_with(value.as_bytes()))
    };
    is("content-type", "application/grpc") && is("te", "trailers")
}

/// Plays the cluster for one call.
pub(super) async fn call(
    shared: &Rc<Shared>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    cluster: &str,
) {
    let (head, mut body) = request.into_parts();
    let mut received = wire::received_request(&head);
    let times_out = wire::timeout(&received).map(|timeout| shared.clock.elapsed().saturating_add(timeout));
    // Only unary calls say how long they may take.
    let unary = received.headers.contains(b"grpc-timeout");
    wire::strip_call(&mut received);
    let mut bytes = BytesMut::new();
    if unary {
        while let Some(chunk) = chunk(shared, &mut body).await {
            let Ok(chunk) = chunk else { return };
            bytes.extend_from_slice(&chunk);
        }
        received.messages.extend(std::iter::from_fn(|| next_message(&mut bytes)));
        received.complete = true;
    }
    let (mocked, reaction) = MockedCall::open(&shared.mocks, cluster, received, unary);
    let call = Rc::new(RefCell::new(Call {
        mocked,
        times_out,
        respond,
        stream: None,
        finished: false,
        last: Duration::ZERO,
        coming: Vec::new(),
        waker: None,
    }));
    react(shared, &call, reaction);
    let mut whole = true;
    while let Some(chunk) = chunk(shared, &mut body).await {
        let Ok(chunk) = chunk else {
            whole = false;
            break;
        };
        bytes.extend_from_slice(&chunk);
        while let Some(message) = next_message(&mut bytes) {
            let reaction = call.borrow().mocked.message(&shared.mocks, message);
            react(shared, &call, reaction);
        }
    }
    if whole && !unary {
        let reaction = call.borrow().mocked.end(&shared.mocks);
        react(shared, &call, reaction);
    }
    if whole {
        poll_fn(|context| call.borrow_mut().poll_over(context)).await;
    }
    over(shared, &call);
}

async fn chunk(shared: &Shared, body: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
    let chunk = body.data().await;
    if let Some(Ok(bytes)) = &chunk {
        // Only room is given back; a peer that has gone does not want it.
        let _ = body.flow_control().release_capacity(bytes.len());
    }
    shared.moved();
    chunk
}

/// Takes a whole message from the beginning of what has come.
fn next_message(bytes: &mut BytesMut) -> Option<Bytes> {
    let size = bytes.get(1..PREFIX)?;
    let size = size.iter().fold(0_usize, |size, byte| size << 8 | usize::from(*byte));
    if bytes.len() < PREFIX + size {
        return None;
    }
    bytes.advance(PREFIX);
    Some(bytes.split_to(size).freeze())
}

/// Enters into the agenda what shall come of an event.
fn react(shared: &Shared, call: &Rc<RefCell<Call>>, reaction: Reaction) {
    shared.journal.note(reaction.note);
    if let Some(problem) = reaction.problem {
        shared.problem(problem);
    }
    let Some((answer, delay)) = reaction.answer else { return };
    let mut state = call.borrow_mut();
    let at = shared.clock.elapsed().saturating_add(delay);
    let never = matches!(answer, GrpcAnswer::Fail(Fault::Timeout));
    let late = state.times_out.filter(|end| never || at >= *end);
    let steps = match (late, answer) {
        (Some(_), _) => vec![Step::Timeout],
        // Nothing ever ends it.
        (None, GrpcAnswer::Fail(Fault::Timeout)) => return,
        (None, GrpcAnswer::Fail(fault)) => vec![Step::Fail(fault)],
        (None, GrpcAnswer::Reply(reply)) => state.mocked.parts(&reply).into_iter().map(Step::Part).collect(),
    };
    if matches!(steps.last(), Some(Step::Timeout | Step::Fail(_))) {
        state.mocked.fail();
    }
    state.last = state.last.max(late.unwrap_or(at));
    for step in steps {
        let key = shared.enter(state.last, Event::Grpc(Rc::clone(call), step));
        state.coming.push(key);
    }
}

/// The call has ended; whatever was on its way does not come.
fn over(shared: &Shared, call: &Rc<RefCell<Call>>) {
    let mut state = call.borrow_mut();
    let timed_out = state.times_out.is_some_and(|end| shared.clock.elapsed() >= end);
    if !state.finished && !timed_out {
        shared.journal.note(state.mocked.cancel(&shared.mocks));
    }
    for key in std::mem::take(&mut state.coming) {
        shared.agenda.borrow_mut().remove(key);
    }
    shared.moved();
}

/// Does what is due.
pub(super) fn happen(shared: &Shared, call: &RefCell<Call>, step: Step) {
    if let Err(problem) = call.borrow_mut().happen(step) {
        shared.problem(format!("HTTP/2 cannot carry this answer: {problem}"));
    }
}

impl Call {
    /// The error says what HTTP/2 cannot carry. Where something cannot be sent the peer has gone.
    fn happen(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Timeout => {}
            Step::Fail(fault) => {
                let reason =
                    if fault == Fault::Refused { Reason::REFUSED_STREAM } else { Reason::INTERNAL_ERROR };
                match &mut self.stream {
                    Some(stream) => stream.send_reset(reason),
                    None => self.respond.send_reset(reason),
                }
                self.finished = true;
            }
            Step::Part(GrpcPart::Headers(headers, end)) => {
                self.stream = self.respond.send_response(wire::response(&headers)?, end).ok();
                self.finished = end;
            }
            Step::Part(GrpcPart::Data(bytes, end)) => {
                if let Some(stream) = &mut self.stream {
                    self.finished |= stream.send_data(bytes, end).is_ok() && end;
                }
            }
            Step::Part(GrpcPart::Trailers(trailers)) => {
                if let Some(stream) = &mut self.stream {
                    let _gone = stream.send_trailers(wire::map(&trailers)?);
                }
                self.finished = true;
            }
            // The simulator's way to tell of a failure.
            Step::Part(_) => {}
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Ok(())
    }

    /// Waits until the response has ended or the peer has reset the stream.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.waker = Some(context.waker().clone());
        if self.finished {
            return Poll::Ready(());
        }
        let reset = match &mut self.stream {
            Some(stream) => stream.poll_reset(context),
            None => self.respond.poll_reset(context),
        };
        reset.map(|_reason| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_whole_however_the_bytes_are_cut() {
        let mut bytes = BytesMut::new();
        let mut messages = Vec::new();
        for byte in [&[0, 0, 0, 0, 2, b'a', b'b'][..], &[0; 5], &[0, 0, 0, 1, 0]].concat() {
            bytes.extend_from_slice(&[byte]);
            messages.extend(next_message(&mut bytes));
        }
        assert_eq!(messages, [Bytes::from("ab"), Bytes::new()]);
        assert_eq!(bytes.len(), PREFIX);
    }
}
