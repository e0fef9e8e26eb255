//! Acceptance tests: whole programs and the repository itself, seen from outside.

#[cfg(test)]
mod assemblyscript;
#[cfg(test)]
mod breakages;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod embed;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod flights;
#[cfg(test)]
mod google;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod harm;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod queues;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod size;
#[cfg(test)]
mod streaming;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod timing;
#[cfg(test)]
mod worlds;
