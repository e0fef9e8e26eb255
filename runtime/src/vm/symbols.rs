//! The side file of a stripped module: the same code with names and line numbers.

use super::fault::LoadFault;
use super::outline::Outline;
use super::trap::demangle;
use addr2line::Context;
use gimli::{Dwarf, EndianSlice, LittleEndian};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// A side file whose code is that of its module.
///
/// It is kept as bytes: what is read from it cannot be shared by threads, and traps are rare.
#[derive(Clone)]
pub(super) struct Symbols {
    file: Arc<[u8]>,
    /// Where the code of the module begins; line numbers count from there.
    code_start: u64,
}

impl Symbols {
    /// Takes the side file of a module, given as its bytes and outline.
    pub(super) fn new(module: &[u8], outline: &Outline, file: &[u8]) -> Result<Self, LoadFault> {
        let side = Outline::read(file)
            .map_err(|fault| LoadFault::Symbols { message: format!("the file cannot be read: {fault}") })?;
        let code = module.get(outline.code.clone()).unwrap_or_default();
        // Another build may have moved functions: its lines would be wrong, which is worse than none.
        let other = file.get(side.code.clone()).unwrap_or_default();
        if other != code {
            let (own, other) = (short_hash(code), short_hash(other));
            let message = format!(
                "the hash of its code is `{own}`, that of the side file's `{other}`; build both at once"
            );
            return Err(LoadFault::Symbols { message });
        }
        Ok(Self { file: file.into(), code_start: outline.code.start as u64 })
    }

    /// Names and lines, read for one backtrace.
    pub(super) fn read(&self) -> Lines<'_> {
        let mut sections = HashMap::new();
        let mut names = HashMap::new();
        for payload in Parser::new(0).parse_all(&self.file).map_while(Result::ok) {
            let Payload::CustomSection(section) = payload else { continue };
            match section.as_known() {
                KnownCustom::Name(section) => {
                    for name in section.into_iter().map_while(Result::ok) {
                        let Name::Function(functions) = name else { continue };
                        names.extend(
                            functions.into_iter().map_while(Result::ok).map(|name| (name.index, name.name)),
                        );
                    }
                }
                _ => {
                    sections.insert(section.name(), section.data());
                }
            }
        }
        let dwarf = Dwarf::load(|id| {
            let section = sections.get(id.name()).copied().unwrap_or_default();
            Ok::<_, gimli::Error>(EndianSlice::new(section, LittleEndian))
        });
        let lines = dwarf.and_then(Context::from_dwarf).ok();
        Lines { names, lines, code_start: self.code_start }
    }
}

/// As much of the SHA-256 of a code section as tells builds apart.
fn short_hash(code: &[u8]) -> String {
    Sha256::digest(code).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// What a side file tells about functions and offsets.
pub(super) struct Lines<'a> {
    names: HashMap<u32, &'a str>,
    lines: Option<Context<EndianSlice<'a, LittleEndian>>>,
    code_start: u64,
}

/// A place in the source.
pub(super) struct Place {
    /// Function, demangled.
    pub(super) function: Option<String>,
    /// File and, where it is known, the line.
    pub(super) file: Option<(String, Option<u32>)>,
}

impl Lines<'_> {
    /// The name of a function.
    pub(super) fn function(&self, index: u32) -> Option<&str> {
        self.names.get(&index).copied()
    }

    /// The places that an offset in the module stands for, inlined functions first.
    pub(super) fn places(&self, module_offset: usize) -> Vec<Place> {
        self.find(module_offset).unwrap_or_default()
    }

    fn find(&self, module_offset: usize) -> Option<Vec<Place>> {
        let offset = (module_offset as u64).checked_sub(self.code_start)?;
        let mut frames = self.lines.as_ref()?.find_frames(offset).skip_all_loads().ok()?;
        let mut places = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let function = frame.function.and_then(|name| Some(demangle(&name.raw_name().ok()?)));
            let file = frame.location.and_then(|location| Some((location.file?.to_owned(), location.line)));
            places.push(Place { function, file });
        }
        Some(places)
    }
}
