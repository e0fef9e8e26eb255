//! Shared data: one map per `vm_id` for the whole process, with compare-and-swap numbers.

use super::Host;
use super::quotas::MAX_SHARED_DATA;
use crate::abi::Status;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The shared data of a process.
#[derive(Debug)]
pub struct SharedData {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last_cas: u32,
    bytes: usize,
    values: HashMap<String, HashMap<Vec<u8>, (Bytes, u32)>>,
}

impl Default for SharedData {
    fn default() -> Self {
        Self::with_limit(MAX_SHARED_DATA)
    }
}

impl SharedData {
    /// So many bytes of keys and values at most.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// The value and its compare-and-swap number.
    ///
    /// # Errors
    /// `NotFound` where the key is unknown.
    pub fn get(&self, vm_id: &str, key: &[u8]) -> Result<(Bytes, u32), Status> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.values.get(vm_id).and_then(|values| values.get(key)).cloned().ok_or(Status::NOT_FOUND)
    }

    /// Sets a value; `cas` 0 sets it in any case.
    ///
    /// # Errors
    /// `CasMismatch` where the key has another number; `InternalFailure` beyond the limit.
    pub fn set(&self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let old = state.values.get(vm_id).and_then(|values| values.get(key));
        if let Some((_, current)) = old
            && cas != 0
            && cas != *current
        {
            return Err(Status::CAS_MISMATCH);
        }
        let released = old.map_or(0, |(value, _)| key.len() + value.len());
        let bytes = state.bytes - released + key.len() + value.len();
        if bytes > self.limit {
            return Err(Status::INTERNAL_FAILURE);
        }
        state.bytes = bytes;
        state.last_cas = state.last_cas.checked_add(1).unwrap_or(1);
        let entry = (Bytes::copy_from_slice(value), state.last_cas);
        state.values.entry(vm_id.to_owned()).or_default().insert(key.to_owned(), entry);
        Ok(())
    }
}

impl Host {
    /// Reads a shared value of this `vm_id`.
    ///
    /// # Errors
    /// As [`SharedData::get`].
    pub fn shared_data(&self, key: &[u8]) -> Result<(Bytes, u32), Status> {
        self.services.shared_data.get(&self.vm.id, key)
    }

    /// Writes a shared value of this `vm_id`.
    ///
    /// # Errors
    /// As [`SharedData::set`].
    pub fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        self.services.shared_data.set(&self.vm.id, key, value, cas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_number_is_refused_and_a_new_key_ignores_it() {
        let data = SharedData::default();
        data.set("vm", b"k", b"1", 99).unwrap();
        let (_, cas) = data.get("vm", b"k").unwrap();
        data.set("vm", b"k", b"2", cas).unwrap();
        assert_eq!(data.set("vm", b"k", b"3", cas), Err(Status::CAS_MISMATCH));
        assert_eq!(data.get("vm", b"k").unwrap().0, "2");
        assert_eq!(data.get("other", b"k"), Err(Status::NOT_FOUND));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let data = SharedData::with_limit(10);
        data.set("vm", b"k", b"12345678", 0).unwrap();
        assert_eq!(data.set("vm", b"l", b"1", 0), Err(Status::INTERNAL_FAILURE));
        data.set("vm", b"k", b"1", 0).unwrap();
        data.set("vm", b"l", b"1", 0).unwrap();
    }

    #[test]
    fn numbers_grow_over_all_keys() {
        let data = SharedData::default();
        for key in [b"a", b"b", b"a"] {
            data.set("vm", key, b"", 0).unwrap();
        }
        assert_eq!(data.get("vm", b"b").unwrap().1, 2);
        assert_eq!(data.get("vm", b"a").unwrap().1, 3);
    }
}
