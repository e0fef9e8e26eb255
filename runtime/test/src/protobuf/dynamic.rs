//! Descriptors that are read while a test runs, and messages by them.

use super::Holds;
use bytes::Bytes;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, SerializeOptions};
use serde_json::Value;

/// The services and messages of a descriptor set.
#[derive(Debug, Clone)]
pub(crate) struct Descriptors(DescriptorPool);

/// A type of messages.
#[derive(Debug, Clone)]
pub(crate) struct MessageType(MessageDescriptor);

impl Descriptors {
    /// Reads what `protoc --include_imports --descriptor_set_out` writes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        DescriptorPool::decode(bytes).map(Self).map_err(|error| format!("not a descriptor set: {error}"))
    }

    /// The services by their full names.
    pub(crate) fn services(&self) -> Vec<String> {
        self.0.services().map(|service| service.full_name().to_owned()).collect()
    }

    /// The methods of a service.
    pub(crate) fn methods(&self, service: &str) -> Vec<String> {
        let service = self.0.get_service_by_name(service);
        service.iter().flat_map(|service| service.methods()).map(|method| method.name().to_owned()).collect()
    }

    /// What a method takes and gives.
    pub(crate) fn method(&self, service: &str, method: &str) -> Option<(MessageType, MessageType)> {
        let service = self.0.get_service_by_name(service)?;
        let method = service.methods().find(|known| known.name() == method)?;
        Some((MessageType(method.input()), MessageType(method.output())))
    }
}

impl MessageType {
    /// Its full name.
    pub(crate) fn name(&self) -> &str {
        self.0.full_name()
    }

    /// Its fields, as the `.proto` file names them.
    pub(crate) fn fields(&self) -> Vec<String> {
        self.0.fields().map(|field| field.name().to_owned()).collect()
    }

    /// What one of its fields holds.
    pub(crate) fn holds(&self, field: &str) -> Holds {
        let Some(field) = self.0.get_field_by_name(field) else { return Holds::Plain };
        let Kind::Message(message) = field.kind() else { return Holds::Plain };
        let is_map = field.is_map();
        let of = if is_map {
            match message.map_entry_value_field().kind() {
                Kind::Message(message) => message,
                _ => return Holds::Plain,
            }
        } else {
            message
        };
        // Times, structs and the like have a JSON form of their own.
        match of.full_name().starts_with("google.protobuf.") {
            true => Holds::Plain,
            false if is_map => Holds::Map(Self(of)),
            false => Holds::Message(Self(of)),
        }
    }

    /// The message that this JSON means.
    pub(crate) fn encode(&self, json: Value) -> Result<Bytes, String> {
        let message = DynamicMessage::deserialize(self.0.clone(), json);
        message.map(|message| message.encode_to_vec().into()).map_err(|error| error.to_string())
    }

    /// The JSON of a message: fields by the names of the `.proto` file, numbers as numbers, defaults included.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<Value, String> {
        let message = DynamicMessage::decode(self.0.clone(), bytes).map_err(|error| error.to_string())?;
        let options = SerializeOptions::new()
            .use_proto_field_name(true)
            .skip_default_fields(false)
            .stringify_64_bit_integers(false);
        message
            .serialize_with_options(serde_json::value::Serializer, &options)
            .map_err(|error| error.to_string())
    }
}
