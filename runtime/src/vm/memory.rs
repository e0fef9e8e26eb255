//! The guest's memory: the only code that reads or writes it, always within bounds and a limit.

use super::state::{Restriction, State};
use crate::host::Host;
use std::cell::{Cell, RefMut};
use wasmtime::{Caller, Extern, Memory};

/// Why guest memory could not be used.
#[derive(Debug)]
pub(crate) enum MemoryError {
    /// A pointer and size do not lie inside the memory, or the guest has none to give.
    OutOfBounds,
    /// The size is beyond what this argument may have.
    TooLarge,
    /// The guest trapped while it allocated.
    Trap(wasmtime::Error),
}

/// The bytes of a guest's memory.
pub(crate) struct GuestMemory<'a> {
    bytes: &'a mut [u8],
    copied: &'a Copied,
}

/// How many bytes of a guest's memory the host has read and written.
#[derive(Debug, Default)]
pub(crate) struct Copied(Cell<u64>);

impl Copied {
    /// Since the VM's beginning.
    pub(super) fn total(&self) -> u64 {
        self.0.get()
    }

    fn add(&self, bytes: usize) {
        self.0.set(self.0.get().wrapping_add(bytes as u64));
    }
}

impl GuestMemory<'_> {
    /// The bytes of an argument, `limit` at most.
    pub(crate) fn read(&self, pointer: u32, size: u32, limit: u32) -> Result<&[u8], MemoryError> {
        if size > limit {
            return Err(MemoryError::TooLarge);
        }
        let (start, size) = (offset(pointer)?, offset(size)?);
        let end = start.checked_add(size).ok_or(MemoryError::OutOfBounds)?;
        let bytes = self.bytes.get(start..end).ok_or(MemoryError::OutOfBounds)?;
        self.copied.add(size);
        Ok(bytes)
    }

    /// A number at an address that need not be aligned.
    pub(crate) fn read_u32(&self, pointer: u32) -> Result<u32, MemoryError> {
        let bytes = self.read(pointer, 4, 4)?.try_into().map_err(|_| MemoryError::OutOfBounds)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Writes all of `bytes`, or nothing.
    pub(crate) fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), MemoryError> {
        self.slice(pointer, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a number at an address that need not be aligned.
    pub(crate) fn write_u32(&mut self, pointer: u32, number: u32) -> Result<(), MemoryError> {
        self.write(pointer, &number.to_le_bytes())
    }

    /// Writes a number at an address that need not be aligned.
    pub(crate) fn write_u64(&mut self, pointer: u32, number: u64) -> Result<(), MemoryError> {
        self.write(pointer, &number.to_le_bytes())
    }

    /// The bytes of a result that is made in place.
    pub(crate) fn slice(&mut self, pointer: u32, size: usize) -> Result<&mut [u8], MemoryError> {
        let start = offset(pointer)?;
        let end = start.checked_add(size).ok_or(MemoryError::OutOfBounds)?;
        let bytes = self.bytes.get_mut(start..end).ok_or(MemoryError::OutOfBounds)?;
        self.copied.add(size);
        Ok(bytes)
    }
}

/// The guest's memory and, beside it, its host.
pub(crate) fn open<'a>(
    caller: &'a mut Caller<'_, State>,
) -> Result<(GuestMemory<'a>, RefMut<'a, Host>), MemoryError> {
    let memory = find(caller)?;
    let (bytes, state) = memory.data_and_store_mut(caller);
    let state: &'a State = state;
    Ok((GuestMemory { bytes, copied: &state.copied }, borrow(state)?))
}

/// The host, where no memory is needed.
pub(crate) fn borrow(state: &State) -> Result<RefMut<'_, Host>, MemoryError> {
    // Nobody holds it while the guest runs. If somebody did, the call ends rather than the proxy.
    state.host.try_borrow_mut().map_err(|error| MemoryError::Trap(wasmtime::Error::new(error)))
}

/// Copies `bytes` into memory that the guest allocates, and tells it where.
///
/// Nothing is allocated for no bytes: SDKs fail when they are asked for 0.
pub(crate) fn give(
    caller: &mut Caller<'_, State>,
    bytes: &[u8],
    pointer_out: u32,
    size_out: u32,
) -> Result<(), MemoryError> {
    let size = u32::try_from(bytes.len()).map_err(|_| MemoryError::TooLarge)?;
    let pointer = if size == 0 { 0 } else { allocate(caller, size)? };
    let memory = find(caller)?;
    let (in_memory, state) = memory.data_and_store_mut(caller);
    let mut memory = GuestMemory { bytes: in_memory, copied: &state.copied };
    memory.write(pointer, bytes)?;
    memory.write_u32(pointer_out, pointer)?;
    memory.write_u32(size_out, size)
}

/// Copies the beginning of an argument, for messages; false where there is no such memory.
pub(super) fn peek(caller: &mut Caller<'_, State>, pointer: u64, place: &mut [u8]) -> bool {
    let Ok(memory) = find(caller) else { return false };
    usize::try_from(pointer).is_ok_and(|pointer| memory.read(&*caller, pointer, place).is_ok())
}

fn allocate(caller: &mut Caller<'_, State>, size: u32) -> Result<u32, MemoryError> {
    let Some(allocator) = caller.data().allocator.clone() else { return Err(MemoryError::OutOfBounds) };
    let before = std::mem::replace(&mut caller.data_mut().restriction, Restriction::Allocator);
    let pointer = allocator.call(&mut *caller, size);
    caller.data_mut().restriction = before;
    match pointer {
        Ok(0) => Err(MemoryError::OutOfBounds),
        Ok(pointer) => Ok(pointer),
        Err(error) => Err(MemoryError::Trap(error)),
    }
}

fn find(caller: &mut Caller<'_, State>) -> Result<Memory, MemoryError> {
    match caller.data().memory {
        Some(memory) => Ok(memory),
        // In a start section the instance does not stand yet.
        None => caller.get_export("memory").and_then(Extern::into_memory).ok_or(MemoryError::OutOfBounds),
    }
}

fn offset(number: u32) -> Result<usize, MemoryError> {
    usize::try_from(number).map_err(|_| MemoryError::OutOfBounds)
}
