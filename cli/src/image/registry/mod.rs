//! A repository of a registry (OCI distribution specification 1.1), over HTTP.
//!
//! ```text
//!   Store ──► request (bounded tries) ──► login (Basic, or a token for what was asked) ──► ureq
//! ```

mod credentials;
mod login;
mod request;
mod upload;

pub(crate) use request::Connection;

use std::io::Read;

use serde::Deserialize;

use super::digest::Digest;
use super::manifest::{DOCKER_LIST, DOCKER_MANIFEST, Descriptor, Index, OCI_INDEX, OCI_MANIFEST};
use super::reference::Repository;
use super::referrers;
use super::store::{Store, StoreError, Stored, Which};
use request::{Action, Call, Client, Reply};

/// The largest manifest that is read, in bytes: registries take 4 MiB.
const LARGEST_MANIFEST: u64 = 4 * 1024 * 1024;
/// The largest blob that is read, in bytes: proxies take no archive beyond 256 MiB.
const LARGEST_BLOB: u64 = 512 * 1024 * 1024;
/// The most pages of tags that are read.
const MOST_PAGES: usize = 1000;
/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// A repository of a registry.
pub(crate) struct Registry {
    client: Client,
    repository: Repository,
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Registry {
    /// The repository, reached as `connection` says.
    pub(crate) fn new(repository: Repository, connection: &Connection) -> Result<Self, StoreError> {
        Ok(Self { client: Client::new(&repository, connection)?, repository })
    }

    /// Asks whether it takes who we are; gives whether credentials for it are known.
    pub(crate) fn greet(&self) -> Result<bool, StoreError> {
        let mut call = self.pull("sign in".to_owned(), "/v2/".to_owned());
        call.tries = 1;
        self.client.send(&call, |_| Ok(()))?;
        credentials::find(&self.repository).map(|known| !matches!(known, credentials::Credentials::None))
    }

    fn path(&self, what: &str) -> String {
        format!("/v2/{}/{what}", self.repository.name)
    }

    fn pull(&self, what: String, path: String) -> Call {
        Call::new("GET", path, Action::Pull, what)
    }

    /// A list that may come in parts.
    fn pages(&self, what: &str, first: String, accept: &str) -> Result<Vec<Stored>, StoreError> {
        let (mut pages, mut path) = (Vec::new(), first);
        for _ in 0..MOST_PAGES {
            let mut call = self.pull(what.to_owned(), path);
            accept.clone_into(&mut call.accept);
            let (page, next) = self.client.send(&call, |reply| {
                let next = reply.header("link").and_then(next_page);
                Ok((document(reply)?, next))
            })?;
            pages.push(page);
            match next {
                Some(next) => path = next,
                None => break,
            }
        }
        Ok(pages)
    }

    fn missing(&self, what: &str, error: StoreError) -> StoreError {
        match error {
            StoreError::Refused { status: 404, .. } => {
                StoreError::Missing { what: format!("{what} in {}", self.repository) }
            }
            error => error,
        }
    }
}

impl Store for Registry {
    fn manifest(&self, which: &Which) -> Result<Stored, StoreError> {
        let mut call =
            self.pull(format!("get the image `{which}`"), self.path(&format!("manifests/{which}")));
        call.accept = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ");
        let stored = self
            .client
            .send(&call, document)
            .map_err(|error| self.missing(&format!("image `{which}`"), error))?;
        match which {
            Which::Digest(expected) if stored.digest() != *expected => {
                Err(StoreError::Digest { expected: expected.clone(), found: stored.digest() })
            }
            _ => Ok(stored),
        }
    }

    fn put_manifest(&self, which: &Which, stored: &Stored) -> Result<(), StoreError> {
        let path = self.path(&format!("manifests/{which}"));
        let mut call = Call::new("PUT", path, Action::Push, format!("send the image `{which}`"));
        call.content_type.clone_from(&stored.media_type);
        call.body.clone_from(&stored.bytes);
        let listed = self.client.send(&call, |reply| Ok(reply.header("oci-subject").is_some()))?;
        // Without this header the registry keeps no list: whoever stores a referrer does (specification, "Pushing Manifests with
        // Subject").
        match referrers::entry(stored)? {
            Some((subject, entry)) if !listed => referrers::add(self, &subject, entry),
            _ => Ok(()),
        }
    }

    fn blob(&self, descriptor: &Descriptor, told: &mut dyn FnMut(u64)) -> Result<Vec<u8>, StoreError> {
        let Descriptor { digest, size, .. } = descriptor;
        let call = self.pull(format!("get the blob `{digest}`"), self.path(&format!("blobs/{digest}")));
        // A registry that sends more than it promised is cut off there.
        let limit = LARGEST_BLOB.min(*size);
        let bytes = self
            .client
            .send(&call, |reply| whole(reply, limit, told))
            .map_err(|error| self.missing(&format!("blob `{digest}`"), error))?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(StoreError::Digest { expected: digest.clone(), found });
        }
        Ok(bytes)
    }

    fn has_blob(&self, descriptor: &Descriptor) -> Result<bool, StoreError> {
        let digest = &descriptor.digest;
        let path = self.path(&format!("blobs/{digest}"));
        let call = Call::new("HEAD", path, Action::Pull, format!("look for the blob `{digest}`"));
        match self.client.send(&call, |_| Ok(())) {
            Ok(()) => Ok(true),
            Err(StoreError::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn put_blob(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        told: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        upload::upload(&self.client, &self.path("blobs/uploads/"), &descriptor.digest, bytes, told)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        let what = format!("list what refers to `{subject}`");
        let pages = match self.pages(&what, self.path(&format!("referrers/{subject}")), OCI_INDEX) {
            // Older registries know no such path, and say so in one way or another.
            Err(StoreError::Refused { status: 400 | 404 | 405 | 406 | 501, .. }) => None,
            pages => Some(pages?),
        };
        // Some answer every path with a page for people.
        let is_list = |page: &Stored| page.media_type == OCI_INDEX;
        let Some(pages) = pages.filter(|pages| pages.iter().all(is_list)) else {
            return referrers::listed(self, subject);
        };
        let mut all = Vec::new();
        for page in pages {
            let page: Index = serde_json::from_slice(&page.bytes).map_err(|error| StoreError::Malformed {
                what: format!("the list of what refers to `{subject}`"),
                error,
            })?;
            all.extend(page.manifests);
        }
        Ok(all)
    }

    fn tags(&self) -> Result<Vec<String>, StoreError> {
        let pages = self
            .pages("list its tags", self.path("tags/list"), "")
            .map_err(|error| self.missing("repository", error))?;
        let mut all = Vec::new();
        for page in pages {
            let page: Tags = serde_json::from_slice(&page.bytes).map_err(|error| StoreError::Malformed {
                what: format!("the list of tags of {}", self.repository),
                error,
            })?;
            all.extend(page.tags.unwrap_or_default());
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }
}

/// The path of the next page, from `Link: </v2/..>; rel="next"` (RFC 8288). One on another host is none of ours.
fn next_page(link: &str) -> Option<String> {
    let (target, rest) = link.strip_prefix('<')?.split_once('>')?;
    let is_next = rest.contains("rel=\"next\"") || rest.contains("rel=next");
    (is_next && target.starts_with('/') && !target.starts_with("//")).then(|| target.to_owned())
}

/// A manifest or a list, and what the registry says that it is.
fn document(reply: &mut Reply) -> Result<Stored, request::Broken> {
    let media_type = reply.header("content-type").unwrap_or_default().to_owned();
    // Parameters say nothing here.
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
    Ok(Stored { media_type, bytes: whole(reply, LARGEST_MANIFEST, &mut |_| ())? })
}

/// The whole body, up to a limit.
fn whole(reply: &mut Reply, limit: u64, told: &mut dyn FnMut(u64)) -> Result<Vec<u8>, request::Broken> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let size = reply.body().read(&mut piece).map_err(request::Broken::Read)?;
        let Some(read) = piece.get(..size).filter(|read| !read.is_empty()) else { return Ok(bytes) };
        bytes.extend_from_slice(read);
        if bytes.len() as u64 > limit {
            return Err(request::Broken::TooLong(limit));
        }
        told(bytes.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_on_the_same_host() {
        assert_eq!(
            next_page("</v2/a/tags/list?last=x>; rel=\"next\"").as_deref(),
            Some("/v2/a/tags/list?last=x")
        );
        for link in [
            "<https://example.com/v2>; rel=\"next\"",
            "<//example.com/>; rel=\"next\"",
            "</v2>; rel=\"prev\"",
            "x",
        ] {
            assert_eq!(next_page(link), None, "{link}");
        }
    }
}
