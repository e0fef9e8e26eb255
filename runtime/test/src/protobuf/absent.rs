//! Stands where the feature `protobuf` is not: no descriptors can be read.

use super::Holds;
use bytes::Bytes;
use serde_json::Value;

/// There are none.
#[derive(Debug, Clone)]
pub(crate) struct Descriptors(Never);

/// There are none.
#[derive(Debug, Clone)]
pub(crate) struct MessageType(Never);

#[derive(Debug, Clone, Copy)]
enum Never {}

impl Descriptors {
    pub(crate) fn parse(_: &[u8]) -> Result<Self, String> {
        Err("descriptors are read with the feature `protobuf` of `mesh-filter-test` only: \
             `mesh-filter-test = { .., features = [\"protobuf\"] }`; `cargo mesh-filter test` has it"
            .to_owned())
    }

    pub(crate) fn services(&self) -> Vec<String> {
        match self.0 {}
    }

    pub(crate) fn methods(&self, _: &str) -> Vec<String> {
        match self.0 {}
    }

    pub(crate) fn method(&self, _: &str, _: &str) -> Option<(MessageType, MessageType)> {
        match self.0 {}
    }
}

impl MessageType {
    pub(crate) fn name(&self) -> &str {
        match self.0 {}
    }

    pub(crate) fn fields(&self) -> Vec<String> {
        match self.0 {}
    }

    pub(crate) fn holds(&self, _: &str) -> Holds {
        match self.0 {}
    }

    pub(crate) fn encode(&self, _: Value) -> Result<Bytes, String> {
        match self.0 {}
    }

    pub(crate) fn decode(&self, _: &[u8]) -> Result<Value, String> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::Descriptors;

    #[test]
    fn who_has_not_turned_the_feature_on_is_told_how() {
        let problem = Descriptors::parse(b"").unwrap_err();
        assert!(problem.contains("features = [\"protobuf\"]"), "{problem}");
    }
}
