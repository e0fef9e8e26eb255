//! Messages as tonic reads and writes them.

use crate::messages::{Request, Response};
use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Protobuf.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Protobuf;

impl Codec for Protobuf {
    type Encode = Response;
    type Decode = Request;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Protobuf {
    type Item = Response;
    type Error = Status;

    fn encode(&mut self, message: Response, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Protobuf {
    type Item = Request;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Request>, Status> {
        Request::decode(buffer).map(Some).map_err(|error| Status::invalid_argument(error.to_string()))
    }
}
