//! What commands take as REF: an image in a registry, or in a folder.

use std::fmt;
use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::folder::Folder;
use super::store::Which;

/// What a reference without a tag means.
const DEFAULT_TAG: &str = "latest";
/// The registry that names without one are of, and the host that answers for it.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// An image's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    Registry(Repository, Option<Which>),
    Folder(PathBuf, Option<Which>),
}

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    /// Host, and port where there is one.
    pub(crate) registry: String,
    pub(crate) name: String,
}

/// A text that is no reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` names no image: {reason}")]
pub(crate) struct NoReference {
    text: String,
    reason: &'static str,
}

impl Reference {
    /// Reads `[oci://]HOST[:PORT]/NAME[:TAG][@DIGEST]`, `oci:DIR[:TAG][@DIGEST]`, or the path of a folder with images.
    pub(crate) fn parse(text: &str) -> Result<Self, NoReference> {
        let error = |reason| NoReference { text: text.to_owned(), reason };
        if let Some(rest) = text.strip_prefix("oci:").filter(|rest| !rest.starts_with("//")) {
            let (path, which) = split(rest).map_err(error)?;
            return match path.is_empty() {
                true => Err(error("expected `oci:DIR`")),
                false => Ok(Self::Folder(path.into(), which)),
            };
        }
        let is_path = text.starts_with(['.', '/']) || Folder::new(text).is_layout();
        if is_path {
            return Ok(Self::Folder(text.into(), None));
        }
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        if rest.contains("://") {
            return Err(error("expected `oci://` or no scheme"));
        }
        let (path, which) = split(rest).map_err(error)?;
        let (host, name) = path.split_once('/').unwrap_or(("", path));
        // As docker has it: a first part that is no host is part of a name of its own registry.
        let is_host = host.contains(['.', ':']) || host == "localhost";
        let (registry, name) = match (is_host, host) {
            (true, _) => (host, name.to_owned()),
            (false, "") => (DOCKER_HUB.0, format!("library/{path}")),
            (false, _) => (DOCKER_HUB.0, path.to_owned()),
        };
        if !is_name(&name) {
            return Err(error(
                "expected a name of small letters, digits, `.`, `_`, `-` and `/`, such as `example.com/team/filter:1.0`",
            ));
        }
        Ok(Self::Registry(Repository { registry: registry.to_owned(), name }, which))
    }

    /// Which image; without a word of it the one tagged `latest`, in a folder the only one.
    pub(crate) fn which(&self) -> Which {
        let (Self::Registry(_, which) | Self::Folder(_, which)) = self;
        which.clone().unwrap_or_else(|| Which::Tag(DEFAULT_TAG.to_owned()))
    }

    /// What a file of its module is called.
    pub(crate) fn file_name(&self) -> String {
        let name = match self {
            Self::Registry(repository, _) => repository.name.clone(),
            Self::Folder(path, _) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        };
        format!("{}.wasm", name.rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or("plugin"))
    }

    /// The image of this digest in the same place.
    #[must_use]
    pub(crate) fn with_digest(self, digest: &Digest) -> Self {
        let which = Some(Which::Digest(digest.clone()));
        match self {
            Self::Registry(repository, _) => Self::Registry(repository, which),
            Self::Folder(path, _) => Self::Folder(path, which),
        }
    }

    /// The same place, with this tag where there is none.
    #[must_use]
    pub(crate) fn or_tag(self, tag: &str) -> Self {
        let tag = || Some(Which::Tag(tag.to_owned()));
        match self {
            Self::Registry(repository, which) => Self::Registry(repository, which.or_else(tag)),
            Self::Folder(path, which) => Self::Folder(path, which.or_else(tag)),
        }
    }
}

impl Repository {
    /// The host that answers.
    pub(crate) fn host(&self) -> &str {
        if self.registry == DOCKER_HUB.0 { DOCKER_HUB.1 } else { &self.registry }
    }

    /// The name under which credentials are kept.
    pub(crate) fn credentials_key(&self) -> &str {
        if self.registry == DOCKER_HUB.0 { "https://index.docker.io/v1/" } else { &self.registry }
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = match self.registry.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.registry.split(':').next().unwrap_or_default(),
        };
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// The part before tag and digest, and which image they name. Of both the digest counts, as everywhere.
fn split(text: &str) -> Result<(&str, Option<Which>), &'static str> {
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => {
            let digest = Digest::try_from(digest.to_owned());
            (text, Some(digest.map_err(|_| "expected `sha256:` and 64 digits of 0-9 and a-f after `@`")?))
        }
        None => (text, None),
    };
    let (path, tag) = match text.rsplit_once(':') {
        // What has a slash after the colon is a port's.
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (text, None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err("expected a tag of letters, digits, `.`, `_` and `-`, at most 128");
    }
    Ok((path, digest.map(Which::Digest).or_else(|| tag.map(|tag| Which::Tag(tag.to_owned())))))
}

/// OCI distribution specification, "Pulling manifests".
pub(crate) fn is_tag(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    text.len() <= 128
        && text.bytes().all(fits)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn is_name(text: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    let is_part = |part: &str| {
        let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        !part.is_empty() && part.bytes().all(fits) && part.starts_with(ends) && part.ends_with(ends)
    };
    text.len() <= 255 && text.split('/').all(is_part)
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self {
            Self::Registry(repository, which) => {
                write!(f, "{repository}")?;
                which
            }
            Self::Folder(path, which) => {
                write!(f, "oci:{}", Path::display(path))?;
                which
            }
        };
        match which {
            Some(Which::Tag(tag)) => write!(f, ":{tag}"),
            Some(Which::Digest(digest)) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Reference::parse(text).unwrap().to_string()
    }

    #[test]
    fn references_are_read_as_docker_and_proxies_read_them() {
        let digest = Digest::of(b"");
        for (text, expected) in [
            ("example.com/a/b:1.0", "example.com/a/b:1.0".to_owned()),
            ("oci://example.com/a/b", "example.com/a/b".to_owned()),
            ("localhost:5000/a:x", "localhost:5000/a:x".to_owned()),
            ("127.0.0.1:5000/a", "127.0.0.1:5000/a".to_owned()),
            ("team/filter", "docker.io/team/filter".to_owned()),
            ("filter:2", "docker.io/library/filter:2".to_owned()),
            (&format!("example.com/a:1@{digest}"), format!("example.com/a@{digest}")),
            ("oci:some/dir", "oci:some/dir".to_owned()),
            ("oci:some/dir:1.0", "oci:some/dir:1.0".to_owned()),
            ("./some/dir", "oci:./some/dir".to_owned()),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert_eq!(Reference::parse("example.com/a").unwrap().which(), Which::Tag("latest".to_owned()));
    }

    #[test]
    fn what_names_no_image_is_refused() {
        for text in [
            "",
            "example.com/",
            "example.com/A",
            "https://example.com/a",
            "example.com/a:",
            "example.com/a:ä",
            "example.com/a@sha256:1",
            "example.com//a",
            "oci:",
            "example.com/a/-b",
            "example.com/a b",
        ] {
            assert!(Reference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_address() {
        let at = |registry: &str| Repository { registry: registry.to_owned(), name: "a".to_owned() };
        for registry in
            ["localhost", "localhost:1", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000", "a.localhost"]
        {
            assert!(at(registry).is_loopback(), "{registry}");
        }
        for registry in ["example.com", "10.0.0.1", "localhost.example.com", "[::2]:1"] {
            assert!(!at(registry).is_loopback(), "{registry}");
        }
    }
}
