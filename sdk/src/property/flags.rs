//! What went wrong with an exchange, as access logs say it in `%RESPONSE_FLAGS%`.

use std::fmt;

/// What went wrong with an exchange; several things can.
///
/// Prints as access logs print it: `UF,URX`, and `-` for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ResponseFlags(pub u64);

/// A constant for each flag, and the list of their codes in access logs.
macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $code:literal,)*) => {
        impl ResponseFlags {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
        }

        /// Code and flag.
        const CODES: &[(&str, ResponseFlags)] = &[$(($code, ResponseFlags::$name)),*];
    };
}

flags! {
    /// The upstream host failed the local health check.
    FAILED_LOCAL_HEALTH_CHECK = 0 "LH",
    /// No healthy host in the cluster.
    NO_HEALTHY_UPSTREAM = 1 "UH",
    /// The upstream did not answer in time.
    UPSTREAM_REQUEST_TIMEOUT = 2 "UT",
    /// The proxy reset the stream.
    LOCAL_RESET = 3 "LR",
    /// The upstream reset the stream.
    UPSTREAM_REMOTE_RESET = 4 "UR",
    /// The upstream could not be connected to.
    UPSTREAM_CONNECTION_FAILURE = 5 "UF",
    /// The upstream closed the connection.
    UPSTREAM_CONNECTION_TERMINATION = 6 "UC",
    /// A circuit breaker of the cluster was open.
    UPSTREAM_OVERFLOW = 7 "UO",
    /// No route fits the request.
    NO_ROUTE = 8 "NR",
    /// The fault filter delayed it.
    DELAY_INJECTED = 9 "DI",
    /// The fault filter aborted it.
    FAULT_INJECTED = 10 "FI",
    /// The rate limit filter refused it.
    RATE_LIMITED = 11 "RL",
    /// The external authorization refused it.
    UNAUTHORIZED_EXTERNAL_SERVICE = 12 "UAEX",
    /// The rate limit service failed.
    RATE_LIMIT_SERVICE_ERROR = 13 "RLSE",
    /// The client closed the connection.
    DOWNSTREAM_CONNECTION_TERMINATION = 14 "DC",
    /// All retries were used, or no more connections may be tried.
    UPSTREAM_RETRY_LIMIT_EXCEEDED = 15 "URX",
    /// The stream was idle for too long.
    STREAM_IDLE_TIMEOUT = 16 "SI",
    /// A header that steers the proxy had a value that is not allowed.
    INVALID_ENVOY_REQUEST_HEADERS = 17 "IH",
    /// The client broke its protocol.
    DOWNSTREAM_PROTOCOL_ERROR = 18 "DPE",
    /// The upstream stream lasted too long.
    UPSTREAM_MAX_STREAM_DURATION_REACHED = 19 "UMSDR",
    /// The response came from the cache filter.
    RESPONSE_FROM_CACHE_FILTER = 20 "RFCF",
    /// A filter's configuration did not arrive in time.
    NO_FILTER_CONFIG_FOUND = 21 "NFCF",
    /// The request took longer than it may.
    DURATION_TIMEOUT = 22 "DT",
    /// The upstream broke its protocol.
    UPSTREAM_PROTOCOL_ERROR = 23 "UPE",
    /// The route's cluster does not exist.
    NO_CLUSTER_FOUND = 24 "NC",
    /// The proxy was overloaded.
    OVERLOAD_MANAGER = 25 "OM",
    /// The upstream's name could not be resolved.
    DNS_RESOLUTION_FAILED = 26 "DF",
    /// The cluster drops a share of its load.
    DROP_OVERLOAD = 27 "DO",
    /// The client reset the stream.
    DOWNSTREAM_REMOTE_RESET = 28 "DR",
    /// The cluster drops all of its load.
    UNCONDITIONAL_DROP_OVERLOAD = 29 "UDO",
}

impl ResponseFlags {
    /// Whether all of these flags are set.
    #[must_use]
    pub fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether nothing went wrong.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for ResponseFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("-");
        }
        let mut rest = self.0;
        let mut separator = "";
        for (code, flag) in CODES.iter().filter(|(_, flag)| self.contains(*flag)) {
            write!(f, "{separator}{code}")?;
            rest &= !flag.0;
            separator = ",";
        }
        if rest != 0 {
            // A newer proxy knows more.
            write!(f, "{separator}{rest:#x}")?;
        }
        Ok(())
    }
}
