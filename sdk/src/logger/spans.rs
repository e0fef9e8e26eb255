//! `tracing` on the proxy's log: an event is a line, with the spans around it in front.
//!
//! `outer{user=7}:inner: message key=value`

use super::line::Line;
use super::{wants, write};
use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::num::NonZeroU64;
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::{Dispatch, Event, Interest, Level, Metadata, Subscriber, dispatcher};

/// Spans around an event that are shown, from the inside.
const MAX_SHOWN: usize = 16;

thread_local! {
    /// Natively a program has one subscriber; the spans of a plugin stay on its thread.
    static SPANS: RefCell<Spans> = RefCell::default();
}

/// Does nothing when the program has a subscriber already, which only native tests can have.
pub(super) fn install() {
    let _ = dispatcher::set_global_default(Dispatch::new(ProxySubscriber));
}

struct ProxySubscriber;

#[derive(Default)]
struct Spans {
    /// A span's id is its place, from 1; places are used again.
    all: Vec<Option<Span>>,
    entered: Vec<u64>,
}

struct Span {
    metadata: &'static Metadata<'static>,
    fields: Fields,
    parent: Option<u64>,
    references: usize,
}

/// The message of an event, and the fields of an event or a span.
#[derive(Default)]
struct Fields {
    message: Line,
    pairs: Line,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.pairs.pair(field.name(), format_args!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            let _ = self.message.write_str(value);
        } else {
            self.pairs.pair(field.name(), format_args!("{value}"));
        }
    }
}

impl Spans {
    fn get(&mut self, id: u64) -> Option<&mut Span> {
        self.all.get_mut(place(id)?)?.as_mut()
    }

    fn insert(&mut self, span: Span) -> u64 {
        let free = self.all.iter().position(Option::is_none).unwrap_or(self.all.len());
        match self.all.get_mut(free) {
            Some(slot) => *slot = Some(span),
            None => self.all.push(Some(span)),
        }
        u64::try_from(free).unwrap_or(u64::MAX - 1) + 1
    }

    fn hold(&mut self, id: u64) {
        if let Some(span) = self.get(id) {
            span.references += 1;
        }
    }

    /// Lets a span go, and with the last holder of it its hold on the span around it.
    fn release(&mut self, id: u64) -> bool {
        let mut closed = false;
        let mut next = Some(id);
        while let Some(id) = next.take() {
            let Some(span) = self.get(id) else { break };
            span.references = span.references.saturating_sub(1);
            if span.references == 0 {
                next = span.parent;
                closed = true;
                if let Some(slot) = place(id).and_then(|place| self.all.get_mut(place)) {
                    *slot = None;
                }
            }
        }
        closed
    }

    /// The spans around an event, from the outside: `outer{a=1}:inner: `.
    fn around(&mut self, innermost: Option<u64>) -> String {
        let mut shown = Vec::new();
        let mut next = innermost;
        while let Some(span) = next.take().and_then(|id| self.get(id))
            && shown.len() < MAX_SHOWN
        {
            next = span.parent;
            let name = span.metadata.name();
            shown.push(match span.fields.pairs.as_str() {
                "" => name.to_owned(),
                pairs => format!("{name}{{{pairs}}}"),
            });
        }
        if shown.is_empty() {
            return String::new();
        }
        shown.reverse();
        format!("{}: ", shown.join(":"))
    }
}

fn place(id: u64) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}

fn with<R>(f: impl FnOnce(&mut Spans) -> R) -> Option<R> {
    SPANS.try_with(|spans| spans.try_borrow_mut().ok().map(|mut spans| f(&mut spans))).ok().flatten()
}

fn level(metadata: &Metadata<'_>) -> log::Level {
    match *metadata.level() {
        Level::TRACE => log::Level::Trace,
        Level::DEBUG => log::Level::Debug,
        Level::INFO => log::Level::Info,
        Level::WARN => log::Level::Warn,
        Level::ERROR => log::Level::Error,
    }
}

impl Subscriber for ProxySubscriber {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // In native tests the host's own events come here too, in the middle of hostcalls.
        if metadata.target().starts_with("mesh_filter_runtime") {
            Interest::never()
        } else {
            Interest::sometimes()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() || wants(level(metadata))
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let id = with(|spans| {
            let parent = match attributes.parent() {
                Some(parent) => Some(parent.into_u64()),
                None if attributes.is_contextual() => spans.entered.last().copied(),
                None => None,
            };
            if let Some(parent) = parent {
                spans.hold(parent);
            }
            spans.insert(Span { metadata: attributes.metadata(), fields, parent, references: 1 })
        });
        Id::from_non_zero_u64(id.and_then(NonZeroU64::new).unwrap_or(NonZeroU64::MAX))
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        // Values may log while they are formatted, so the spans are not borrowed then.
        let mut fields = Fields::default();
        values.record(&mut fields);
        with(|spans| {
            if let Some(span) = spans.get(id.into_u64()) {
                span.fields.pairs.append(&fields.pairs);
            }
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let around = with(|spans| {
            let innermost = match event.parent() {
                Some(parent) => Some(parent.into_u64()),
                None if event.is_contextual() => spans.entered.last().copied(),
                None => None,
            };
            spans.around(innermost)
        });
        let mut line = Line::of(format_args!("{}", around.unwrap_or_default()));
        line.append(&fields.message);
        line.append(&fields.pairs);
        write(level(event.metadata()), &line.finish());
    }

    fn enter(&self, id: &Id) {
        with(|spans| spans.entered.push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        with(|spans| {
            if let Some(place) = spans.entered.iter().rposition(|entered| *entered == id.into_u64()) {
                spans.entered.remove(place);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        with(|spans| spans.hold(id.into_u64()));
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        with(|spans| spans.release(id.into_u64())).unwrap_or(false)
    }

    fn current_span(&self) -> Current {
        let current = with(|spans| {
            let id = spans.entered.last().copied()?;
            Some((id, spans.get(id)?.metadata))
        });
        match current.flatten() {
            Some((id, metadata)) => Current::new(Id::from_u64(id), metadata),
            None => Current::none(),
        }
    }
}
