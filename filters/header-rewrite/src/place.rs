//! Where a request goes: its path, its authority and its method.

use crate::editor::{Editor, Refused};
use crate::operation::Pseudo;
use crate::substitution::Rewrite;
use crate::target;
use crate::template::{Look, Template};

/// What becomes of the path, without its query.
#[derive(Debug)]
pub(crate) enum PathRewrite {
    /// What the rule's match has matched, which is so long, becomes this.
    Prefix(usize, String),
    /// Matches become something else.
    Regex(Rewrite),
    /// It becomes this.
    Template(Template),
}

/// What becomes of the authority.
#[derive(Debug)]
pub(crate) enum HostRewrite {
    Template(Template),
    /// The value of this header.
    Header(String),
    /// The path, with its matches replaced.
    Path(Rewrite),
}

impl PathRewrite {
    /// Does it to a request.
    pub(crate) fn apply(&self, editor: &mut Editor<'_>, look: Look<'_>) -> Result<(), Refused> {
        let Some(whole) = editor.fields.first(":path").map(<[u8]>::to_vec) else { return Ok(()) };
        let (path, query) = target::split(&whole);
        let rewritten = match self {
            Self::Prefix(length, replacement) => target::replace_prefix(path, *length, replacement),
            Self::Regex(rewrite) => rewrite.apply(path),
            Self::Template(template) => match template.render_path(&look.over(editor.fields)) {
                Some(path) => path,
                None => return Ok(()),
            },
        };
        match rewritten == path {
            true => Ok(()),
            false => write(editor, &rewritten, query),
        }
    }
}

impl HostRewrite {
    /// Does it to a request.
    pub(crate) fn apply(&self, editor: &mut Editor<'_>, look: Look<'_>) -> Result<(), Refused> {
        let host = match self {
            Self::Template(template) => template.render(&look.over(editor.fields)),
            Self::Header(name) => editor.fields.first(name).map(<[u8]>::to_vec),
            Self::Path(rewrite) => {
                editor.fields.first(":path").map(|path| rewrite.apply(target::split(path).0))
            }
        };
        host.map_or(Ok(()), |host| Pseudo::Authority.set(editor, &host))
    }
}

/// Writes another path, if it can be one. Else the request is refused: with its old path it would go where nobody wanted it.
fn write(editor: &mut Editor<'_>, path: &[u8], query: Option<&[u8]>) -> Result<(), Refused> {
    match target::is_path(path) {
        true => put(editor, path, query),
        false => Err(Refused::Target),
    }
}

/// Writes a path that was there, and its query.
pub(crate) fn put(editor: &mut Editor<'_>, path: &[u8], query: Option<&[u8]>) -> Result<(), Refused> {
    let whole = target::join(path, query);
    match whole.len() <= editor.longest_value() {
        true => Ok(editor.fields.set(":path", &whole)?),
        false => Err(Refused::Target),
    }
}
