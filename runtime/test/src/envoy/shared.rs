//! What the tasks of a case share: its exchanges, its mocks, and what is to happen when.

use super::{grpc, wire};
use crate::sim::{Agenda, AgendaKey, Journal, Mocks, VirtualClock};
use crate::traffic::{Behaviour, Chunking, Message, Piece, Received};
use bytes::Bytes;
use h2::SendStream;
use h2::server::SendResponse;
use mesh_filter_runtime::headers::Headers;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The state of one run of a case.
pub(super) struct Shared {
    pub(super) clock: Arc<VirtualClock>,
    pub(super) journal: Arc<Journal>,
    pub(super) mocks: Mocks,
    /// Grows with everything that is received: where it stays the same, nothing moves.
    activity: Cell<u64>,
    pub(super) agenda: RefCell<Agenda<Event>>,
    /// Messages of which parts are to be sent, each when the one before has been taken.
    pub(super) senders: RefCell<VecDeque<Sender>>,
    pub(super) exchanges: RefCell<Vec<Exchange>>,
    /// Exchanges by the port of their client.
    pub(super) ports: RefCell<BTreeMap<u16, usize>>,
    pub(super) problems: RefCell<Vec<String>>,
    /// Requests that are never answered.
    pub(super) held: RefCell<Vec<SendResponse<Bytes>>>,
}

/// What happens at its moment.
pub(super) enum Event {
    /// Mock or upstream answer.
    Answer(SendResponse<Bytes>, Message, Chunking),
    /// The answer begins and breaks off.
    Break(SendResponse<Bytes>),
    /// The stream breaks.
    Cut(SendStream<Bytes>),
    /// No connection.
    Refuse(SendResponse<Bytes>),
    /// Something happens to a gRPC callout.
    Grpc(Rc<RefCell<grpc::Call>>, grpc::Step),
    /// A timeout of Envoy's that a request waits for; the response may still be kept, so that nobody is told.
    Timeout { _response: SendResponse<Bytes> },
}

/// One exchange as client and upstream have seen it so far.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) sent: Headers,
    pub(super) behaviour: Behaviour,
    pub(super) chunking: Chunking,
    pub(super) upstream: Option<Received>,
    pub(super) response: Option<Received>,
    /// The headers that the upstream has answered with.
    pub(super) answered: Option<Headers>,
    pub(super) reset: bool,
    pub(super) done: bool,
}

/// A message of which parts are to be sent.
pub(super) struct Sender {
    stream: SendStream<Bytes>,
    pieces: VecDeque<Piece>,
}

impl Shared {
    pub(super) fn new(clock: VirtualClock) -> Self {
        let clock = Arc::new(clock);
        let journal = Arc::new(Journal::new(Arc::clone(&clock)));
        Self {
            mocks: Mocks::new(Arc::clone(&journal)),
            clock,
            journal,
            activity: Cell::new(0),
            agenda: RefCell::default(),
            senders: RefCell::default(),
            exchanges: RefCell::default(),
            ports: RefCell::default(),
            problems: RefCell::default(),
            held: RefCell::default(),
        }
    }

    /// Something was received.
    pub(super) fn moved(&self) {
        self.activity.set(self.activity.get().wrapping_add(1));
    }

    /// What has been received so far, to compare with later.
    pub(super) fn activity(&self) -> u64 {
        self.activity.get()
    }

    /// Enters what shall happen at a moment.
    pub(super) fn enter(&self, at: Duration, event: Event) -> AgendaKey {
        // The count of what has come in is another one each time.
        self.moved();
        self.agenda.borrow_mut().enter(at, self.activity(), event)
    }

    /// When the next answer is due.
    pub(super) fn next_answer(&self) -> Option<Duration> {
        self.agenda.borrow().next(|_| true).map(|(at, _)| at)
    }

    pub(super) fn problem(&self, text: String) {
        self.problems.borrow_mut().push(text);
    }

    /// Changes an exchange.
    pub(super) fn exchange<T>(&self, index: usize, change: impl FnOnce(&mut Exchange) -> T) -> Option<T> {
        self.moved();
        self.exchanges.borrow_mut().get_mut(index).map(change)
    }

    /// Does what is due.
    pub(super) fn happen(&self, event: Event) {
        match event {
            Event::Answer(respond, message, chunking) => self.answer(respond, message, chunking),
            Event::Break(mut respond) => {
                if let Ok(head) = wire::response(&Message::response(200).headers)
                    && let Ok(stream) = respond.send_response(head, false)
                {
                    // A reset would take back headers that have not left yet.
                    self.enter(self.clock.elapsed(), Event::Cut(stream));
                }
            }
            Event::Cut(mut stream) => stream.send_reset(h2::Reason::INTERNAL_ERROR),
            Event::Grpc(call, step) => grpc::happen(self, &call, step),
            Event::Refuse(mut respond) => respond.send_reset(h2::Reason::REFUSED_STREAM),
            // Envoy's own clock has told it.
            Event::Timeout { .. } => {}
        }
        self.moved();
    }

    fn answer(&self, mut respond: SendResponse<Bytes>, message: Message, chunking: Chunking) {
        let mut pieces = message.pieces(chunking);
        let Some(Piece::Headers(headers, end)) = pieces.pop_front() else { return };
        match wire::response(&headers) {
            // Where it cannot be sent the peer has gone.
            Ok(head) => {
                if let Ok(stream) = respond.send_response(head, end) {
                    self.send(stream, pieces);
                }
            }
            Err(problem) => {
                self.problem(format!("HTTP/2 cannot carry this reply: {problem}"));
                respond.send_reset(h2::Reason::INTERNAL_ERROR);
            }
        }
    }

    /// Sends the first of these pieces now; the others when it has been taken.
    pub(super) fn send(&self, stream: SendStream<Bytes>, pieces: VecDeque<Piece>) {
        self.send_next(Sender { stream, pieces });
    }

    /// Sends these pieces one by one, each when everything before has been taken.
    pub(super) fn wait_to_send(&self, stream: SendStream<Bytes>, pieces: VecDeque<Piece>) {
        self.senders.borrow_mut().push_back(Sender { stream, pieces });
    }

    /// Sends one more piece of a message that waits; `false` where none does.
    pub(super) fn send_more(&self) -> bool {
        let Some(sender) = self.senders.borrow_mut().pop_front() else { return false };
        self.send_next(sender);
        true
    }

    fn send_next(&self, mut sender: Sender) {
        let sent = match sender.pieces.pop_front() {
            None => return,
            Some(Piece::Headers(..)) => Ok(()),
            Some(Piece::Body(bytes, end)) => sender.stream.send_data(bytes, end).map_err(|_gone| ()),
            Some(Piece::Trailers(trailers)) => match wire::map(&trailers) {
                Ok(map) => sender.stream.send_trailers(map).map_err(|_gone| ()),
                Err(problem) => {
                    self.problem(format!("HTTP/2 cannot carry these trailers: {problem}"));
                    Err(())
                }
            },
        };
        if sent.is_ok() && !sender.pieces.is_empty() {
            self.senders.borrow_mut().push_back(sender);
        }
    }
}
