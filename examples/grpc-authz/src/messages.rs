//! The messages of the service: what `protoc` makes of its `.proto` file.

/// May this request pass?
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Check {
    #[prost(string, tag = "1")]
    pub(crate) user: String,
    #[prost(string, tag = "2")]
    pub(crate) path: String,
}

/// Whether, and why.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Verdict {
    #[prost(bool, tag = "1")]
    pub(crate) allowed: bool,
    #[prost(string, tag = "2")]
    pub(crate) reason: String,
}
