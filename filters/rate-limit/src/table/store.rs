//! Where groups are kept: in this worker alone, or in the proxy for all of its workers.

use super::group::Group;
use mesh_filter::shared::{Pages, SharedError, Version};
use std::cell::RefCell;

/// Where the groups of a table are kept.
#[derive(Debug)]
pub(crate) enum Store {
    /// In the memory of this worker, all of it taken at once.
    Worker(RefCell<Vec<Group>>),
    /// In the proxy's shared data.
    Process(Pages),
    /// Where tests interleave several workers.
    #[cfg(test)]
    Model(super::model::Pages),
}

/// With which version a group was read.
#[derive(Debug)]
pub(super) enum Read {
    Worker,
    Process(Version),
    #[cfg(test)]
    Model(u32),
}

impl Store {
    pub(crate) fn worker(groups: u32) -> Self {
        Self::Worker(RefCell::new(vec![Group::default(); usize::try_from(groups).unwrap_or(usize::MAX)]))
    }

    pub(super) fn read(&self, group: u32) -> Result<(Group, Read), SharedError> {
        match self {
            Self::Worker(groups) => {
                let index = usize::try_from(group).unwrap_or(usize::MAX);
                Ok((groups.borrow().get(index).copied().unwrap_or_default(), Read::Worker))
            }
            Self::Process(pages) => {
                let (bytes, version) = pages.read(group)?;
                Ok((Group::decode(bytes.as_deref()), Read::Process(version)))
            }
            #[cfg(test)]
            Self::Model(pages) => {
                let (bytes, version) = pages.read(group);
                Ok((Group::decode(bytes.as_deref()), Read::Model(version)))
            }
        }
    }

    /// Writes a group unless somebody else did since it was read; answers whether it did.
    pub(super) fn replace(&self, number: u32, read: &Read, group: &Group) -> Result<bool, SharedError> {
        match (self, read) {
            (Self::Worker(groups), _) => {
                let index = usize::try_from(number).unwrap_or(usize::MAX);
                if let Some(place) = groups.borrow_mut().get_mut(index) {
                    *place = *group;
                }
                Ok(true)
            }
            (Self::Process(pages), Read::Process(version)) => pages.replace(number, *version, group.bytes()),
            #[cfg(test)]
            (Self::Model(pages), Read::Model(version)) => Ok(pages.replace(number, *version, group.bytes())),
            // A version of another store.
            _ => Ok(false),
        }
    }
}
