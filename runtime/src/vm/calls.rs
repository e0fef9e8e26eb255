//! The last hostcalls of a callback, which a trap shows.

use super::memory;
use super::state::State;
use super::trace;
use crate::abi::Status;
use crate::abi::table::{Chapter, Import};
use std::fmt::Write as _;
use wasmtime::Caller;

/// So many hostcalls are shown, the last ones.
const MAX_CALLS: usize = 16;
/// As many parameters as the longest hostcall has.
const MAX_PARAMS: usize = 12;
/// So much of a name or message is shown.
const MAX_TEXT: usize = 40;

/// A ring of hostcalls, without allocations while calls are noted.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    ring: Vec<Call>,
    /// Of the callback so far.
    count: usize,
    /// Of the callbacks before.
    earlier: u64,
}

#[derive(Debug, Clone, Copy)]
struct Call {
    import: &'static Import,
    params: [u64; MAX_PARAMS],
    text: [u8; MAX_TEXT],
    text_size: usize,
    /// What it answered; nothing yet while it runs.
    code: Option<u32>,
}

/// Which call in a callback.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(usize);

impl Calls {
    /// Another callback begins.
    pub(super) fn clear(&mut self) {
        self.earlier += self.count as u64;
        self.count = 0;
    }

    /// How many there have been since the VM's beginning.
    pub(super) fn total(&self) -> u64 {
        self.earlier + self.count as u64
    }

    fn begin(&mut self, call: Call) -> Ticket {
        let ticket = Ticket(self.count);
        match self.ring.get_mut(self.count % MAX_CALLS) {
            Some(place) => *place = call,
            None => self.ring.push(call),
        }
        self.count += 1;
        ticket
    }

    fn end(&mut self, ticket: Ticket, code: u32) {
        // Its place may have been taken, by calls of the guest's allocator.
        if ticket.0 + MAX_CALLS >= self.count
            && let Some(call) = self.ring.get_mut(ticket.0 % MAX_CALLS)
        {
            call.code = Some(code);
        }
    }

    /// One line for each, the last one last.
    pub(super) fn lines(&self) -> Vec<String> {
        let first = self.count.saturating_sub(MAX_CALLS);
        let mut lines: Vec<_> = (first..self.count)
            .filter_map(|number| self.ring.get(number % MAX_CALLS))
            .map(Call::line)
            .collect();
        if first > 0 {
            lines.insert(0, format!("({first} earlier ones)"));
        }
        lines
    }
}

impl Call {
    /// `name(arguments) = status`: pointer and size of a name or message stand as its text.
    fn line(&self) -> String {
        let mut line = format!("{}(", self.import.name);
        let text_at = self.import.text();
        let params = self.params.iter().zip(self.import.params.chars()).enumerate();
        let mut separator = "";
        for (index, (value, letter)) in params {
            if index > 0 && text_at == Some(index - 1) {
                continue;
            }
            line.push_str(separator);
            separator = ", ";
            if text_at == Some(index) {
                let size = self.params.get(index + 1).copied().unwrap_or_default();
                let text = self.text.get(..self.text_size).unwrap_or_default();
                let more = if size > self.text_size as u64 { ".." } else { "" };
                let _infallible = write!(line, "\"{}\"{more}", text.escape_ascii());
            } else if letter == 'I' {
                let _infallible = write!(line, "{}", value.cast_signed());
            } else {
                let _infallible = write!(line, "{value}");
            }
        }
        let answer = match self.code {
            None => "did not return".to_owned(),
            Some(code) if self.import.chapter == Chapter::Wasi => code.to_string(),
            Some(code) => Status(code).name().to_owned(),
        };
        let _infallible = write!(line, ") = {answer}");
        line
    }
}

/// Notes that a hostcall begins; `text` is [`Import::text`], looked up once.
pub(crate) fn begin(
    caller: &mut Caller<'_, State>,
    import: &'static Import,
    text: Option<usize>,
    given: &[u64],
) -> Ticket {
    let mut call = Call { import, params: [0; MAX_PARAMS], text: [0; MAX_TEXT], text_size: 0, code: None };
    for (place, value) in call.params.iter_mut().zip(given) {
        *place = *value;
    }
    if let Some(at) = text
        && let (Some(pointer), Some(size)) = (given.get(at), given.get(at + 1))
    {
        let size = usize::try_from(*size).unwrap_or(MAX_TEXT).min(MAX_TEXT);
        if let Some(place) = call.text.get_mut(..size)
            && memory::peek(caller, *pointer, place)
        {
            call.text_size = size;
        }
    }
    caller.data_mut().calls.begin(call)
}

/// Notes what it answered, and tells whoever traces the VM.
pub(crate) fn end(caller: &mut Caller<'_, State>, ticket: Ticket, code: u32) {
    let state = caller.data_mut();
    state.calls.end(ticket, code);
    if state.trace.is_some()
        && let Some(Call { import, params, .. }) = state.calls.ring.get(ticket.0 % MAX_CALLS).copied()
    {
        trace::tell(caller, import, &params, code);
    }
}
