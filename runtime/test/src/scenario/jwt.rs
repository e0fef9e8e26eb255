//! `jwt` and `jwks`: tokens and key sets that are minted from key files.

use super::files::Folder;
use crate::mint::{ALGORITHMS, Algorithm, Key, sorted, token};
use mesh_filter_runtime::document::{Kind, Node, Result, parse_span};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Claims that are moments: `+5m` and `-1s` are so far from the case's clock.
const MOMENTS: [&str; 3] = ["exp", "nbf", "iat"];

/// What `{jwt: ..}` says, where a variable is nothing but that.
pub(crate) fn specification(value: &Node) -> Option<&Node> {
    match value.kind() {
        Kind::Mapping(entries) => match entries.as_slice() {
            [only] if only.key == "jwt" && matches!(only.value.kind(), Kind::Mapping(_)) => Some(&only.value),
            _ => None,
        },
        _ => None,
    }
}

/// Tokens and key sets by what the file says of them: the same one is signed once.
#[derive(Debug, Default)]
pub(crate) struct Minted(Mutex<BTreeMap<String, String>>);

impl Minted {
    fn get_or(&self, node: &Node, clock: Duration, mint: impl FnOnce() -> Result<String>) -> Result<String> {
        // What a path means depends on the file in which it stands.
        let says = format!("{clock:?} {} {}", node.place().file(), node.to_json()?);
        let known =
            |minted: &Self| minted.0.lock().unwrap_or_else(PoisonError::into_inner).get(&says).cloned();
        if let Some(text) = known(self) {
            return Ok(text);
        }
        let text = mint()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(says, text.clone());
        Ok(text)
    }
}

/// The token, for a case whose clock begins at this moment.
pub(crate) fn mint(node: &Node, folder: &Folder, clock: Duration) -> Result<String> {
    folder.minted().get_or(node, clock, || sign(node, folder, clock))
}

fn sign(node: &Node, folder: &Folder, clock: Duration) -> Result<String> {
    let fields = node.mapping(&["key", "secret", "alg", "kid", "header", "claims"])?;
    let (key, kid) = match fields.at_most_one_of(&["key", "secret"])? {
        Some(("key", node)) => (Some(key(node, folder)?), Some(stem(node)?)),
        Some((_, node)) => (Some(Key::Secret(node.string()?.as_bytes().to_vec())), None),
        None => (None, None),
    };
    let algorithm = match (fields.get("alg"), &key) {
        (Some(node), _) => node.choice(&ALGORITHMS)?,
        (None, Some(key)) => key.algorithm(),
        (None, None) => return Err(node.error("a token needs a `key`, a `secret`, or `alg: none`")),
    };
    if let (Algorithm::None, Some(_)) = (algorithm, &key) {
        return Err(node.error("with `alg: none` nothing is signed, so there is no key"));
    }
    let mut header = match fields.optional("header", Node::to_json)? {
        Some(Value::Object(members)) => members,
        Some(_) => return Err(fields.required("header")?.expected("a mapping")),
        None => Map::from_iter([("typ".to_owned(), json!("JWT"))]),
    };
    let kid = fields.optional("kid", Node::string)?.map(str::to_owned).or(kid);
    if let Some(kid) = kid.filter(|_| !header.contains_key("kid")) {
        header.insert("kid".to_owned(), kid.into());
    }
    let claims = claims(fields.required("claims")?, clock)?;
    token(header, &claims, key.as_ref(), algorithm).map_err(|problem| node.error(problem))
}

fn claims(node: &Node, clock: Duration) -> Result<Value> {
    let mut claims = Map::new();
    for entry in node.entries()? {
        let text = entry.value.scalar().map(|(text, _)| text).filter(|_| MOMENTS.contains(&&*entry.key));
        let apart = |text: &str, sign| text.strip_prefix(sign).and_then(parse_span);
        let moment = text.and_then(|text| {
            apart(text, '+')
                .map(|span| clock.saturating_add(span))
                .or_else(|| apart(text, '-').map(|span| clock.saturating_sub(span)))
        });
        let value = match moment {
            Some(moment) => moment.as_secs().into(),
            None => entry.value.to_json()?,
        };
        claims.insert(entry.key.clone(), value);
    }
    Ok(Value::Object(claims))
}

/// A key set as JSON: of key files, or `{key, kid, alg, use}`.
pub(crate) fn key_set(node: &Node, folder: &Folder) -> Result<String> {
    folder.minted().get_or(node, Duration::ZERO, || public_keys(node, folder))
}

fn public_keys(node: &Node, folder: &Folder) -> Result<String> {
    let one = |node: &Node| -> Result<Value> {
        let (file, members) = match node.kind() {
            Kind::Mapping(_) => {
                let fields = node.mapping(&["key", "kid", "alg", "use"])?;
                let mut members = Map::new();
                for name in ["kid", "alg", "use"] {
                    if let Some(text) = fields.optional(name, Node::string)? {
                        members.insert(name.to_owned(), text.into());
                    }
                }
                (fields.required("key")?, members)
            }
            _ => (node, Map::new()),
        };
        let key = key(file, folder)?;
        let mut jwk = key.public().ok_or_else(|| file.error("a secret has no public part"))?;
        jwk.insert("kid".to_owned(), stem(file)?.into());
        jwk.insert("alg".to_owned(), key.algorithm().name().into());
        jwk.insert("use".to_owned(), "sig".into());
        jwk.extend(members);
        Ok(Value::Object(jwk))
    };
    let keys = node.list()?.iter().map(one).collect::<Result<Vec<_>>>()?;
    Ok(sorted(&json!({ "keys": keys })).to_string())
}

fn key(node: &Node, folder: &Folder) -> Result<Key> {
    let bytes = folder.read(node)?;
    Key::read(&bytes).map_err(|problem| node.error(format!("not a key file: {problem}")))
}

/// A key is called as its file, where nothing else is said.
fn stem(node: &Node) -> Result<String> {
    let path = std::path::Path::new(node.string()?);
    Ok(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default())
}
