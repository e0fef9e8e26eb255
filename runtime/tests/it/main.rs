//! The proxy as a whole, in this process: connections, both protocols, failures, administration.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod support;
