//! What a function's name says: readable form, crate or package, and group.

use std::borrow::Cow;

/// The readable form of a name in the name section.
pub(crate) fn demangle(name: &str) -> String {
    // The alternate form leaves out the hash at the end.
    format!("{:#}", rustc_demangle::demangle(name))
}

/// The Rust crate or Go package of a readable name; `None` where the name does not tell.
pub(crate) fn owner(name: &str) -> Option<Cow<'_, str>> {
    if let Some(package) = go_package(name) {
        return Some(Cow::Borrowed(package));
    }
    if !name.contains("::") {
        return None;
    }
    // Of `<&mut alloc::string::String as core::fmt::Write>::write_str` the type tells; where that
    // is `&T` or a tuple, the trait does.
    let mut rest = name;
    if let Some(inner) = name.strip_prefix('<') {
        let (kind, of_trait) = inner.split_once(" as ").unwrap_or((inner, ""));
        rest = if path_crate(kind).is_some() { kind } else { of_trait };
    }
    path_crate(rest).map(Cow::Borrowed)
}

/// The first segment of a path, references and brackets left out.
fn path_crate(path: &str) -> Option<&str> {
    let path = path.trim_start_matches(['&', '*', '(', '[', '<', ' ']);
    let path = path.strip_prefix("mut ").or_else(|| path.strip_prefix("dyn ")).unwrap_or(path);
    let path = path.strip_prefix("const ").or_else(|| path.strip_prefix("dyn ")).unwrap_or(path);
    let end = path.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(path.len());
    let (name, after) = path.split_at_checked(end)?;
    // v0 names carry the crate's hash: `core[8f08d63]::fmt`.
    let after = after.split_once(']').filter(|_| after.starts_with('[')).map_or(after, |(_, after)| after);
    (after.starts_with("::") && !name.is_empty()).then_some(name)
}

/// `github.com/one/two` of `github.com/one/two.(*Kind).Method`, `runtime` of `runtime.alloc`.
fn go_package(name: &str) -> Option<&str> {
    if name.contains("::") || name.starts_with('_') {
        return None;
    }
    let name = name.trim_start_matches(['(', '*']);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name.get(last..)?.find('.')? + last;
    name.get(..dot).filter(|package| !package.is_empty())
}

/// Where code belongs, by what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Exported callbacks, which the host calls.
    Callbacks,
    /// Crates and packages besides the standard library.
    Crates,
    /// Text formatting.
    Formatting,
    /// Panics and what reports them.
    Panics,
    /// Memory allocation.
    Allocator,
    /// The rest of the language's library.
    Library,
    /// Names without an owner: C code, glue of the linker.
    Native,
    /// Functions without a name.
    Unnamed,
}

impl Group {
    /// What the group is called in a report.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Callbacks => "exports",
            Self::Crates => "crates and packages",
            Self::Formatting => "text formatting",
            Self::Panics => "panics",
            Self::Allocator => "allocator",
            Self::Library => "standard library",
            Self::Native => "C code and glue",
            Self::Unnamed => "unnamed",
        }
    }

    /// The group of a function by its readable name and owner.
    pub(crate) fn of(name: &str, owner: Option<&str>, exported: bool) -> Self {
        const ALLOCATOR: [&str; 9] = [
            "dlmalloc",
            "malloc",
            "free",
            "calloc",
            "realloc",
            "__rust_alloc",
            "__rust_dealloc",
            "__rust_realloc",
            "sbrk",
        ];
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if exported && owner.is_none() {
            Self::Callbacks
        } else if ALLOCATOR.contains(&name)
            || has(&["__rdl_", "dispose_chunk", "std::alloc::", "alloc::raw_vec"])
        {
            Self::Allocator
        } else if has(&["panicking", "rust_panic", "unwind", "handle_alloc_error", "std::backtrace"]) {
            Self::Panics
        } else if has(&[
            "core::fmt",
            "alloc::fmt",
            "core::num::fmt",
            "core::unicode::printable",
            "fmt.Sprint",
        ]) {
            Self::Formatting
        } else {
            match owner {
                Some(
                    "core" | "alloc" | "std" | "compiler_builtins" | "runtime" | "~lib" | "rustc_demangle",
                ) => Self::Library,
                Some(_) => Self::Crates,
                None => Self::Native,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_function_is_its_crate_or_package() {
        for (name, expected) in [
            ("proxy_wasm::dispatcher::on_tick", Some("proxy_wasm")),
            ("<alloc::string::String as core::fmt::Write>::write_str", Some("alloc")),
            ("<&T as core::fmt::Debug>::fmt", Some("core")),
            ("<&mut dyn shop::Guard as core::fmt::Debug>::fmt", Some("shop")),
            ("core[8f08d63]::fmt::write", Some("core")),
            ("<shop[12ab]::Guard as proxy_wasm[1]::Context>::on_done", Some("shop")),
            ("runtime.alloc", Some("runtime")),
            ("github.com/one/two.(*Kind).Method", Some("github.com/one/two")),
            ("(*main.httpContext).OnHttpRequestHeaders", Some("main")),
            ("memcpy", None),
            ("__wasm_call_ctors", None),
        ] {
            assert_eq!(owner(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn legacy_names_lose_their_hash() {
        assert_eq!(demangle("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
    }

    #[test]
    fn a_function_is_grouped_by_what_it_does() {
        for (name, exported, expected) in [
            ("proxy_on_request_headers", true, Group::Callbacks),
            ("core::fmt::write", false, Group::Formatting),
            ("core::panicking::panic_fmt", false, Group::Panics),
            ("dlmalloc::dlmalloc::Dlmalloc<A>::malloc", false, Group::Crates),
            ("malloc", true, Group::Callbacks),
            ("malloc", false, Group::Allocator),
            ("alloc::vec::push", false, Group::Library),
            ("memcpy", false, Group::Native),
        ] {
            assert_eq!(Group::of(name, owner(name).as_deref(), exported), expected, "{name}");
        }
    }
}
