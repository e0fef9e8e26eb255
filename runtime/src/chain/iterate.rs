//! The way of headers, body and trailers from filter to filter, the same for both sides.

use super::callback::{BodyAnswer, HeadersAnswer};
use super::{Chain, Effect, Stopped};
use crate::body::Body;
use crate::exchange::Side;
use crate::headers::Headers;
use crate::plugin::Plugins;
use bytes::Bytes;

impl Chain {
    /// Headers have arrived from the client or the upstream.
    pub(crate) fn headers(&mut self, plugins: &mut Plugins, side: Side, headers: Headers, end: bool) {
        if self.is_over(side) || (side == Side::Response && self.replied) {
            return;
        }
        self.response_began |= side == Side::Response;
        self.exchange.borrow_mut().message_mut(side).headers = Some(headers);
        if side == Side::Response {
            self.note_code();
        }
        self.progress_mut(side).complete = end;
        self.iterate_headers(plugins, side, 0, end);
    }

    /// Body bytes have arrived from the client or the upstream.
    pub(crate) fn body(&mut self, plugins: &mut Plugins, side: Side, bytes: Bytes, end: bool) {
        if self.is_over(side) || (side == Side::Response && self.replied) {
            return;
        }
        if side == Side::Request {
            self.exchange.borrow_mut().info.request_bytes += bytes.len() as u64;
        }
        self.progress_mut(side).complete = end;
        self.iterate_body(plugins, side, 0, bytes.into(), end);
    }

    /// Trailers have arrived from the client or the upstream.
    pub(crate) fn trailers(&mut self, plugins: &mut Plugins, side: Side, trailers: Headers) {
        if self.is_over(side) || (side == Side::Response && self.replied) {
            return;
        }
        self.exchange.borrow_mut().message_mut(side).trailers = Some(trailers);
        self.progress_mut(side).complete = true;
        self.iterate_trailers(plugins, side, 0);
    }

    /// A filter lets its paused side go on.
    pub(crate) fn resume(&mut self, plugins: &mut Plugins, side: Side, index: usize) {
        let place = self.index(side, index);
        if !self.is_over(side)
            && self.filter(side, place).is_some_and(|filter| filter.stopped != Stopped::Nothing)
        {
            self.go_on(plugins, side, place);
        }
    }

    pub(super) fn iterate_headers(&mut self, plugins: &mut Plugins, side: Side, from: usize, end: bool) {
        for place in from..self.filters.len() {
            let answer = self.call_headers(plugins, side, place, end);
            if self.is_over(side) {
                return;
            }
            let Some(filter) = self.filter(side, place) else { return };
            filter.ended = end;
            match answer {
                HeadersAnswer::Continue => filter.headers_continued = true,
                HeadersAnswer::StopHeaders => filter.stopped = Stopped::Single,
                HeadersAnswer::StopAll => filter.stopped = Stopped::All,
            }
            if answer != HeadersAnswer::Continue {
                return;
            }
        }
        if side == Side::Response {
            if self.status().is_none() {
                return self.status_removed(plugins);
            }
            self.note_code();
            self.response_sent = true;
        }
        self.effects.push_back(Effect::Headers { side, end_of_stream: end });
    }

    pub(super) fn iterate_body(
        &mut self,
        plugins: &mut Plugins,
        side: Side,
        from: usize,
        body: Body,
        end: bool,
    ) {
        let (mut body, mut end) = (body, end);
        let mut trailers_added_by = None;
        for place in from..self.filters.len() {
            let had_trailers = self.has_trailers(side);
            let Some(filter) = self.filter(side, place) else { return };
            if filter.stopped == Stopped::All {
                self.progress_mut(side).streaming = true;
                return self.hold(plugins, side, body);
            }
            if filter.ended {
                return;
            }
            filter.ended = end && !had_trailers;
            let last = filter.ended;
            let answer = self.call_body(plugins, side, place, &mut body, last);
            if self.is_over(side) {
                return;
            }
            if !had_trailers && self.has_trailers(side) {
                end = false;
                trailers_added_by.get_or_insert(place);
            }
            if !self.after_body(plugins, side, place, answer, &mut body) {
                // Trailers that were made on the way go on also where the body does not, as in Envoy.
                if let Some(place) = trailers_added_by.filter(|_| !self.is_over(side)) {
                    self.iterate_trailers(plugins, side, place + 1);
                }
                return;
            }
        }
        if side == Side::Response {
            self.exchange.borrow_mut().info.response_bytes += body.len() as u64;
        }
        self.effects.push_back(Effect::Body { side, body, end_of_stream: end });
        if let Some(place) = trailers_added_by {
            self.iterate_trailers(plugins, side, place + 1);
        }
    }

    pub(super) fn iterate_trailers(&mut self, plugins: &mut Plugins, side: Side, from: usize) {
        for place in from..self.filters.len() {
            if self.filter(side, place).is_none_or(|filter| filter.stopped == Stopped::All) {
                return;
            }
            let go_on = self.call_trailers(plugins, side, place);
            if self.is_over(side) {
                return;
            }
            let Some(filter) = self.filter(side, place) else { return };
            match (go_on, filter.stopped) {
                (true, Stopped::Nothing) => {}
                (true, _) => return self.go_on(plugins, side, place),
                (false, _) => {
                    filter.stopped = Stopped::Single;
                    return;
                }
            }
        }
        self.effects.push_back(Effect::Trailers { side });
    }

    /// Whether the next filter gets the bytes now.
    fn after_body(
        &mut self,
        plugins: &mut Plugins,
        side: Side,
        place: usize,
        answer: BodyAnswer,
        body: &mut Body,
    ) -> bool {
        let nothing_left = self.progress(side).complete && !self.has_trailers(side);
        let Some(filter) = self.filter(side, place) else { return false };
        match answer {
            BodyAnswer::Continue if filter.stopped == Stopped::Nothing => return true,
            BodyAnswer::Continue => {
                self.hold(plugins, side, std::mem::take(body));
                if !self.is_over(side) {
                    self.go_on(plugins, side, place);
                }
            }
            BodyAnswer::Buffer | BodyAnswer::Watermark => {
                filter.stopped = Stopped::Single;
                self.progress_mut(side).streaming = answer == BodyAnswer::Watermark;
                self.hold(plugins, side, std::mem::take(body));
            }
            BodyAnswer::Drop => {
                filter.stopped = Stopped::Single;
                if nothing_left {
                    // So that resuming later still ends the message.
                    self.exchange.borrow_mut().message_mut(side).buffer.get_or_insert_default();
                }
            }
        }
        false
    }

    fn go_on(&mut self, plugins: &mut Plugins, side: Side, place: usize) {
        let Some(filter) = self.filter(side, place) else { return };
        let next = if filter.stopped == Stopped::All { place } else { place + 1 };
        filter.stopped = Stopped::Nothing;
        filter.buffering = false;
        let headers_held = !std::mem::replace(&mut filter.headers_continued, true);
        self.close_body(plugins, side, place);
        if headers_held {
            let complete = self.progress(side).complete;
            let body_follows = self.exchange.borrow().message(side).buffer.is_some();
            let end = complete && !body_follows && !self.has_trailers(side);
            self.iterate_headers(plugins, side, place + 1, end);
            if matches!(self.effects.back(), Some(Effect::Headers { side: left, .. }) if *left == side) {
                self.released = Some((side, next));
                return;
            }
        }
        self.rest_goes_on(plugins, side, next);
    }

    /// The rest of a released message goes on.
    pub(crate) fn go_on_released(&mut self, plugins: &mut Plugins) {
        if let Some((side, next)) = self.released.take() {
            self.rest_goes_on(plugins, side, next);
        }
    }

    /// Whether the rest of a message waits for its headers to have left.
    pub(crate) fn has_released(&self) -> bool {
        self.released.is_some()
    }

    /// Held body and trailers go on to the filter at this place.
    fn rest_goes_on(&mut self, plugins: &mut Plugins, side: Side, next: usize) {
        let complete = self.progress(side).complete;
        let had_trailers = self.has_trailers(side);
        let held = self.exchange.borrow_mut().message_mut(side).buffer.take();
        if let Some(held) = held.filter(|_| !self.is_over(side)) {
            self.iterate_body(plugins, side, next, held, complete && !had_trailers);
        }
        if had_trailers && !self.is_over(side) {
            self.iterate_trailers(plugins, side, next);
        }
    }

    /// Keeps bytes before a paused filter; too many of them are an error unless reading stops.
    pub(super) fn hold(&mut self, plugins: &mut Plugins, side: Side, mut body: Body) {
        let held = {
            let mut exchange = self.exchange.borrow_mut();
            let buffer = exchange.message_mut(side).buffer.get_or_insert_default();
            buffer.append(&mut body);
            buffer.len()
        };
        if held > self.buffer_limit && !self.progress(side).streaming {
            self.overflow(plugins, side);
        }
    }

    /// What the response's headers say it is; a filter may have removed that.
    fn status(&self) -> Option<u16> {
        let exchange = self.exchange.borrow();
        let status = exchange.response.headers.as_ref()?.get(b":status")?;
        std::str::from_utf8(status).ok()?.parse().ok().filter(|code| *code >= 100)
    }

    /// Keeps the status for the facts of the exchange.
    pub(super) fn note_code(&self) {
        let code = self.status();
        self.exchange.borrow_mut().info.code = code;
    }

    fn has_trailers(&self, side: Side) -> bool {
        self.exchange.borrow().message(side).trailers.is_some()
    }
}
