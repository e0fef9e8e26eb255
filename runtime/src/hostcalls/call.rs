//! One hostcall: access to memory and host while it lasts, and how its answer is encoded.

use crate::abi::table::{Chapter, Import};
use crate::abi::{BufferKind, LogLevel, MapKind, MetricKind, Status, StreamKind};
use crate::host::Host;
use crate::vm::calls::{self, Ticket};
use crate::vm::memory::{self, GuestMemory, MemoryError};
use crate::vm::state::{RestrictedCall, State};
use std::cell::RefMut;
use wasmtime::Caller;

/// Longest name, key, path, header value or log line; as much as a header list may have.
pub(super) const MAX_TEXT: u32 = 1 << 20;
/// Longest body, message or shared value; guests have memory for no more than a few of them.
pub(super) const MAX_DATA: u32 = 256 << 20;

/// WASI's number for a pointer outside the memory.
const FAULT: u32 = 21;
/// WASI's number for arguments that cannot be.
const INVAL: u32 = 28;

/// How a hostcall ends.
pub(super) type Answer<T = ()> = Result<T, Failure>;

/// Why a hostcall did not do what it says.
#[derive(Debug)]
pub(super) enum Failure {
    /// With this number for the guest.
    Code(u32),
    /// A pointer does not lie in memory.
    OutOfBounds,
    /// An argument is beyond its limit.
    TooLarge,
    /// The guest cannot go on.
    Trap(wasmtime::Error),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Code(status.0)
    }
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::OutOfBounds => Self::OutOfBounds,
            MemoryError::TooLarge => Self::TooLarge,
            MemoryError::Trap(error) => Self::Trap(error),
        }
    }
}

/// A hostcall that is running.
pub(super) struct Call<'a> {
    caller: Caller<'a, State>,
    ticket: Ticket,
}

impl<'a> Call<'a> {
    /// Notes the call, and begins it where the phase allows it.
    pub(super) fn enter(
        mut caller: Caller<'a, State>,
        import: &'static Import,
        text: Option<usize>,
        params: &[u64],
    ) -> wasmtime::Result<Self> {
        let ticket = calls::begin(&mut caller, import, text, params);
        if caller.data().restriction.allows(import) {
            Ok(Self { caller, ticket })
        } else {
            Err(wasmtime::Error::new(RestrictedCall { hostcall: import.name }))
        }
    }

    /// The number that the guest gets in place of what the host would answer.
    pub(super) fn fault(&mut self, import: &Import) -> Option<u32> {
        let code = self.caller.data().faults.as_ref()?.answer(import.name)?;
        self.note(code);
        Some(code)
    }

    /// Ends the call: the number that the guest gets, in the words of the function's chapter.
    pub(super) fn leave(&mut self, import: &Import, answer: Answer) -> wasmtime::Result<u32> {
        let code = encode(import, answer)?;
        self.note(code);
        Ok(code)
    }

    /// Notes what it answers.
    pub(super) fn note(&mut self, code: u32) {
        calls::end(&mut self.caller, self.ticket, code);
    }

    /// The guest's memory and the host.
    pub(super) fn open(&mut self) -> Answer<(GuestMemory<'_>, RefMut<'_, Host>)> {
        Ok(memory::open(&mut self.caller)?)
    }

    /// The guest's memory.
    pub(super) fn memory(&mut self) -> Answer<GuestMemory<'_>> {
        Ok(self.open()?.0)
    }

    /// The host.
    pub(super) fn host(&mut self) -> Answer<RefMut<'_, Host>> {
        Ok(memory::borrow(self.caller.data())?)
    }

    /// What the store holds.
    pub(super) fn state(&mut self) -> &mut State {
        self.caller.data_mut()
    }

    /// Gives bytes to the guest, in memory that it allocates.
    pub(super) fn give(&mut self, bytes: &[u8], pointer_out: u32, size_out: u32) -> Answer {
        Ok(memory::give(&mut self.caller, bytes, pointer_out, size_out)?)
    }
}

/// The number for an answer.
fn encode(import: &Import, answer: Answer) -> wasmtime::Result<u32> {
    let wasi = import.chapter == Chapter::Wasi;
    match answer {
        Ok(()) => Ok(0),
        Err(Failure::Code(code)) => Ok(code),
        Err(Failure::OutOfBounds) => Ok(if wasi { FAULT } else { Status::INVALID_MEMORY_ACCESS.0 }),
        Err(Failure::TooLarge) => Ok(if wasi { INVAL } else { Status::BAD_ARGUMENT.0 }),
        Err(Failure::Trap(error)) => Err(error),
    }
}

/// The kind of this number.
///
/// # Errors
/// `BadArgument`, as for every number that the ABI does not name.
pub(super) fn kind<K: Kind>(number: u32) -> Answer<K> {
    K::from_number(number).ok_or(Failure::Code(Status::BAD_ARGUMENT.0))
}

/// An enumeration of the ABI.
pub(super) trait Kind: Sized {
    fn from_number(number: u32) -> Option<Self>;
}

macro_rules! kinds {
    ($($name:ident),*) => {$(
        impl Kind for $name {
            fn from_number(number: u32) -> Option<Self> {
                Self::from_number(number)
            }
        }
    )*};
}

kinds!(LogLevel, BufferKind, MapKind, StreamKind, MetricKind);

/// As much as is taken of what is written to a standard stream at once.
pub(super) fn clip(text: &[u8]) -> &[u8] {
    let limit = usize::try_from(MAX_TEXT).unwrap_or(usize::MAX);
    text.get(..limit).unwrap_or(text)
}

/// A size that the guest sees; larger ones than it can address are cut.
pub(super) fn size(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
