//! A call or stream that the proxy has under way, given up when it is dropped.

use crate::dispatch::{Event, InFlight};
use crate::host::{Status, host};
use std::task::{Context, Poll};

/// A call or stream under way.
pub(super) struct Open {
    in_flight: InFlight,
    /// This side has nothing more to send.
    pub(super) sent: bool,
    /// Nothing more comes.
    pub(super) over: bool,
}

impl Open {
    /// Waits, as the future that runs now, for the call or stream with this token.
    pub(super) fn register(token: u32, unary: bool, max_message: usize) -> Option<Self> {
        let in_flight = InFlight::register(token)?;
        in_flight.limit(max_message);
        Some(Self { in_flight, sent: unary, over: false })
    }

    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Event> {
        self.in_flight.poll_event(context)
    }

    pub(super) fn send(&self, message: &[u8]) -> Result<(), Status> {
        host().grpc_send(self.in_flight.token, message, false)
    }

    /// Ends this side.
    pub(super) fn finish(&mut self) {
        if !self.sent {
            self.sent = true;
            // A proxy that does not know it any more has nothing to end.
            let _ = host().grpc_close(self.in_flight.token);
        }
    }

    /// Gives it up, unless it is over. A proxy keeps a stream until both sides have ended.
    pub(super) fn give_up(&mut self) {
        if self.over {
            self.finish();
        } else {
            (self.sent, self.over) = (true, true);
            let _ = host().grpc_cancel(self.in_flight.token);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.give_up();
    }
}
