//! Reads what a module imports and exports, without compiling it.

use super::fault::LoadFault;
use std::fmt;
use std::ops::Range;
use wasmparser::{BinaryReaderError, ExternalKind, FuncType, Parser, Payload, TypeRef, ValType};

/// Largest module that is read; the largest plugins, in Go, have some 30 MiB.
pub const MAX_MODULE_BYTES: usize = 256 << 20;

/// A signature, in the letters of [`crate::abi::table`]: `i` i32, `I` i64, `f` f32, `F` f64, `v`
/// vector, `r` reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Parameters.
    pub params: String,
    /// Results.
    pub results: String,
}

impl Signature {
    /// A signature of the table.
    #[must_use]
    pub fn new(params: &str, results: &str) -> Self {
        Self { params: params.to_owned(), results: results.to_owned() }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |letters: &str| letters.chars().map(type_name).collect::<Vec<_>>().join(", ");
        write!(f, "({}) -> ({})", list(&self.params), list(&self.results))
    }
}

/// A function that the module needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFunction {
    /// Module of the import, e.g. `env`.
    pub module: String,
    /// Name.
    pub name: String,
    /// Signature.
    pub signature: Signature,
}

/// A function that the module offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFunction {
    /// Name.
    pub name: String,
    /// Signature.
    pub signature: Signature,
}

/// What a module needs and offers.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// Imported functions.
    pub imports: Vec<ImportedFunction>,
    /// Imports that are not functions: module, name and what they are.
    pub other_imports: Vec<(String, String, &'static str)>,
    /// Exported functions.
    pub exports: Vec<ExportedFunction>,
    /// It exports a 32-bit memory called `memory`.
    pub has_memory: bool,
    /// Where the code section's content stands in the file.
    pub code: Range<usize>,
}

impl Outline {
    /// Reads a module.
    ///
    /// # Errors
    /// When the bytes are not a complete core module.
    pub fn read(bytes: &[u8]) -> Result<Self, LoadFault> {
        recognise(bytes)?;
        let mut reading = Reading::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(broken)?;
            if let Payload::UnknownSection { id, range, .. } = payload {
                let message = format!("unknown section {id} at byte {}", range.start);
                return Err(LoadFault::Malformed { message });
            }
            reading.take(payload).map_err(broken)?;
        }
        Ok(reading.outline)
    }

    /// The exported function with this name.
    #[must_use]
    pub fn export(&self, name: &str) -> Option<&ExportedFunction> {
        self.exports.iter().find(|export| export.name == name)
    }
}

/// Tells apart the ways in which bytes are not a module at all.
fn recognise(bytes: &[u8]) -> Result<(), LoadFault> {
    if bytes.is_empty() {
        return Err(LoadFault::Empty);
    }
    if bytes.len() > MAX_MODULE_BYTES {
        return Err(LoadFault::TooLarge { size: bytes.len(), limit: MAX_MODULE_BYTES });
    }
    let magic = b"\0asm";
    if !bytes.starts_with(magic) && !magic.starts_with(bytes) {
        let head = bytes.get(..bytes.len().min(8)).unwrap_or_default();
        return Err(LoadFault::NotWasm { head: head.escape_ascii().to_string() });
    }
    if bytes.len() < 8 {
        return Err(LoadFault::Truncated { size: bytes.len() });
    }
    if Parser::is_component(bytes) {
        return Err(LoadFault::Component);
    }
    Ok(())
}

fn broken(error: BinaryReaderError) -> LoadFault {
    // The reader tells a cut file from a wrong one only in words.
    if error.message().contains("unexpected end") {
        LoadFault::Truncated { size: error.offset() }
    } else {
        LoadFault::Malformed { message: error.to_string() }
    }
}

/// What is known while the sections go by.
#[derive(Default)]
struct Reading {
    outline: Outline,
    types: Vec<Option<Signature>>,
    functions: Vec<u32>,
    memories: Vec<bool>,
}

impl Reading {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group?.into_types() {
                        self.types.push(match ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(function) => Some(signature(&function)),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(&import?);
                }
            }
            Payload::FunctionSection(section) => {
                for function in section {
                    self.functions.push(function?);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory?;
                    self.memories.push(!memory.memory64 && !memory.shared);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.export(&export?);
                }
            }
            Payload::CodeSectionStart { range, .. } => self.outline.code = range,
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: &wasmparser::Import<'_>) {
        let (module, name) = (import.module.to_owned(), import.name.to_owned());
        let other = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.functions.push(ty);
                let signature = self.signature(ty);
                self.outline.imports.push(ImportedFunction { module, name, signature });
                return;
            }
            TypeRef::Memory(_) => {
                self.memories.push(false);
                "memory"
            }
            TypeRef::Table(_) => "table",
            TypeRef::Global(_) => "global",
            TypeRef::Tag(_) => "tag",
        };
        self.outline.other_imports.push((module, name, other));
    }

    fn export(&mut self, export: &wasmparser::Export<'_>) {
        let index = usize::try_from(export.index).unwrap_or(usize::MAX);
        match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                let ty = self.functions.get(index).copied().unwrap_or(u32::MAX);
                let signature = self.signature(ty);
                self.outline.exports.push(ExportedFunction { name: export.name.to_owned(), signature });
            }
            ExternalKind::Memory if export.name == "memory" => {
                self.outline.has_memory = self.memories.get(index).copied().unwrap_or_default();
            }
            _ => {}
        }
    }

    /// A type that is not there is left to the compiler, which refuses the module.
    fn signature(&self, ty: u32) -> Signature {
        let ty = usize::try_from(ty).ok().and_then(|ty| self.types.get(ty)?.clone());
        ty.unwrap_or_else(|| Signature::new("", ""))
    }
}

fn signature(function: &FuncType) -> Signature {
    let letters = |types: &[ValType]| types.iter().map(letter).collect();
    Signature { params: letters(function.params()), results: letters(function.results()) }
}

fn letter(ty: &ValType) -> char {
    match ty {
        ValType::I32 => 'i',
        ValType::I64 => 'I',
        ValType::F32 => 'f',
        ValType::F64 => 'F',
        ValType::V128 => 'v',
        ValType::Ref(_) => 'r',
    }
}

fn type_name(letter: char) -> &'static str {
    match letter {
        'i' => "i32",
        'I' => "i64",
        'f' => "f32",
        'F' => "f64",
        'v' => "v128",
        _ => "reference",
    }
}
