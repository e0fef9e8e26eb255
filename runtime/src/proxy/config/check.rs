//! Checks that concern several parts of a configuration.

use std::collections::{HashMap, HashSet};

use super::proto::Proto;
use super::route::{VIRTUAL_HOST_FIELDS, domain};
use super::{Cluster, Listener, Placed};
use crate::document::{Error, Node, Result};

/// Clusters with names that are unique.
pub(super) fn clusters(read: Vec<Placed<Cluster>>) -> Result<Vec<Cluster>> {
    let mut names = HashSet::new();
    for (cluster, place) in &read {
        if !names.insert(&cluster.name) {
            return Err(Error::new(place, format!("a second cluster is named `{}`", cluster.name)));
        }
    }
    Ok(read.into_iter().map(|(cluster, _)| cluster).collect())
}

/// Listeners with names and addresses that are unique.
pub(super) fn listeners(read: Vec<Placed<Listener>>) -> Result<Vec<Listener>> {
    let mut names = HashSet::new();
    let mut addresses = HashMap::new();
    for (listener, place) in &read {
        if !names.insert(&listener.name) {
            return Err(Error::new(place, format!("a second listener is named `{}`", listener.name)));
        }
        if let Some(other) = addresses.insert(listener.address, &listener.name)
            && listener.address.port() != 0
        {
            return Err(Error::new(
                place,
                format!(
                    "the listeners `{other}` and `{}` have the same address {}",
                    listener.name, listener.address
                ),
            ));
        }
    }
    Ok(read.into_iter().map(|(listener, _)| listener).collect())
}

/// That `name` is one of `clusters`.
pub(super) fn known_cluster(node: &Node, name: &str, clusters: &[Cluster]) -> Result<()> {
    if clusters.iter().any(|cluster| cluster.name == name) {
        return Ok(());
    }
    let known = clusters.iter().map(|cluster| format!("`{}`", cluster.name)).collect::<Vec<_>>().join(", ");
    Err(node.error(format!("unknown cluster `{name}`")).with_help(format!("known clusters: {known}")))
}

/// That no domain of the virtual hosts stands twice.
pub(super) fn domains(hosts: &[Node]) -> Result<()> {
    let mut seen = HashSet::new();
    for host in hosts {
        for node in host.proto(&VIRTUAL_HOST_FIELDS)?.required("domains")?.list()? {
            if !seen.insert(domain(node)?) {
                return Err(node.error(format!("the domain `{}` stands in two places", node.text()?)));
            }
        }
    }
    Ok(())
}
