//! The enumerations of the ABI, checked when they come from a guest.

/// Defines an enumeration whose numbers are fixed by the ABI.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant = $number),* }

        impl $name {
            /// The variant with this number; `None` for a number that the ABI does not name.
            #[must_use]
            pub fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// Its name here, for people.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }

            /// The number on the wire.
            #[must_use]
            pub fn number(self) -> u32 {
                match self { $(Self::$variant => $number),* }
            }
        }
    };
}

kinds! {
    /// `proxy_log_level_t`.
    LogLevel {
        /// Everything.
        Trace = 0,
        /// For the filter's developer.
        Debug = 1,
        /// For the operator, in the normal run of things.
        Info = 2,
        /// Something is not as it should be.
        Warn = 3,
        /// Something failed.
        Error = 4,
        /// The filter cannot go on.
        Critical = 5,
    }
}

impl LogLevel {
    /// The level with this word of Envoy's.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let levels = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Critical];
        levels.into_iter().find(|level| level.name() == name)
    }

    /// Envoy's word for the level.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

kinds! {
    /// `proxy_buffer_type_t`.
    BufferKind {
        /// Request body, or what of it is visible now.
        RequestBody = 0,
        /// Response body, or what of it is visible now.
        ResponseBody = 1,
        /// Bytes from the client on a TCP connection.
        DownstreamData = 2,
        /// Bytes from the server on a TCP connection.
        UpstreamData = 3,
        /// Body of the HTTP callout's response that is being delivered.
        CallResponseBody = 4,
        /// Message of the gRPC callout that is being delivered.
        GrpcReceive = 5,
        /// `vm_config.configuration`.
        VmConfiguration = 6,
        /// The plugin's `configuration`.
        PluginConfiguration = 7,
        /// Arguments of a foreign function's callback.
        CallData = 8,
    }
}

kinds! {
    /// `proxy_map_type_t`.
    MapKind {
        /// Request headers.
        RequestHeaders = 0,
        /// Request trailers.
        RequestTrailers = 1,
        /// Response headers.
        ResponseHeaders = 2,
        /// Response trailers.
        ResponseTrailers = 3,
        /// Initial metadata of the gRPC callout that is being delivered.
        GrpcInitialMetadata = 4,
        /// Trailing metadata of the gRPC callout that is being delivered.
        GrpcTrailingMetadata = 5,
        /// Headers of the HTTP callout's response that is being delivered.
        CallResponseHeaders = 6,
        /// Trailers of the HTTP callout's response that is being delivered.
        CallResponseTrailers = 7,
    }
}

kinds! {
    /// `proxy_stream_type_t`.
    StreamKind {
        /// The request of an HTTP exchange.
        Request = 0,
        /// The response of an HTTP exchange.
        Response = 1,
        /// The client's side of a TCP connection.
        Downstream = 2,
        /// The server's side of a TCP connection.
        Upstream = 3,
    }
}

kinds! {
    /// `proxy_metric_type_t`.
    MetricKind {
        /// Only grows.
        Counter = 0,
        /// A level.
        Gauge = 1,
        /// A distribution.
        Histogram = 2,
    }
}
