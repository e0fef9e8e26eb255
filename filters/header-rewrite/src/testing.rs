//! A list of headers and a proxy for unit tests.

use crate::claims::Claims;
use crate::fields::Fields;
use crate::template::{Look, Names, Operator, Phase, Template};
use crate::world::World;
use mesh_filter::headers::HeaderError;
use regex_lite::Regex;
use std::cell::Cell;
use std::time::Duration;

/// Headers as a plain list.
pub(crate) struct List(pub(crate) Vec<(String, Vec<u8>)>);

impl List {
    pub(crate) fn new(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect())
    }
}

impl Fields for List {
    fn values(&self, name: &str) -> Vec<&[u8]> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_slice()).collect()
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().copied()
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        let place = self.0.iter().position(|(known, _)| known == name).unwrap_or(self.0.len());
        self.0.retain(|(known, _)| known != name);
        self.0.insert(place, (name.to_owned(), value.to_vec()));
        Ok(())
    }

    fn append(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        self.0.push((name.to_owned(), value.to_vec()));
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), HeaderError> {
        self.0.retain(|(known, _)| known != name);
        Ok(())
    }
}

/// A proxy with a few properties, at a moment.
pub(crate) struct Still;

impl World for Still {
    fn property(&self, path: &str) -> Option<Vec<u8>> {
        match path {
            "source\0address" => Some(b"10.0.0.7:4711".to_vec()),
            "request\0protocol" => Some(b"HTTP/2".to_vec()),
            "connection\0id" => Some(7_u64.to_le_bytes().to_vec()),
            "xds\0route_name" => Some(Vec::new()),
            "metadata\0filter_metadata\0com.example\0weight" => Some(1.5_f64.to_le_bytes().to_vec()),
            _ => None,
        }
    }

    fn items(&self, _path: &str) -> Option<Vec<Vec<u8>>> {
        None
    }

    fn start(&self) -> Duration {
        Duration::new(784_111_777, 5_000_000)
    }

    fn unique_id(&self) -> Option<String> {
        Some("00000000-0000-4000-8000-000000000000".to_owned())
    }

    fn below(&self, _bound: u64) -> Option<u64> {
        Some(0)
    }
}

/// The template of this text, for requests.
pub(crate) fn template(text: &str, expression: Option<&Regex>) -> Result<Template, String> {
    compiled(text, Phase::Request, expression, &mut Vec::new())
}

/// The template of this text; the environment has `TEAM`.
pub(crate) fn compiled(
    text: &str,
    phase: Phase,
    expression: Option<&Regex>,
    saved: &mut Vec<Operator>,
) -> Result<Template, String> {
    let variable = |name: &str| (name == "TEAM").then(|| "blue".to_owned());
    let captured = Cell::new(false);
    Template::new(
        text,
        &Names { phase, expression, captured: &captured, claims: true, variable: &variable },
        saved,
    )
}

/// Does something with what templates see of the plain proxy.
pub(crate) fn with_look<T>(captures: &[Option<String>], run: impl FnOnce(Look<'_>) -> T) -> T {
    run(Look { captures, saved: &[], claims: &Claims::new(None), world: &Still })
}
