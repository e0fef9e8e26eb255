//! Reads any Wasm module into plain data.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use wasmparser::{
    CompositeInnerType, ExternalKind, KnownCustom, Name, Parser, Payload, TypeRef, ValType, Validator,
};

use crate::failure::{Failure, Result};

/// Largest file that is read: plugins have a few megabytes, and Envoy's own limit is 256 MiB.
const MAX_FILE: u64 = 256 << 20;

/// A module taken apart.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Sections in order, with the size of their contents.
    pub(crate) sections: Vec<Section>,
    /// Imports in order.
    pub(crate) imports: Vec<Import>,
    /// Exports in order.
    pub(crate) exports: Vec<Export>,
    /// The linear memory; the first, if there are several.
    pub(crate) memory: Option<Memory>,
    /// Whether there is a start section, which runs at instantiation.
    pub(crate) start_section: bool,
    /// Defined functions: index and size of the body.
    pub(crate) bodies: Vec<(u32, usize)>,
    /// Names of functions, by index.
    pub(crate) names: BTreeMap<u32, String>,
    /// What produced it: field, name, version.
    pub(crate) producers: Vec<[String; 3]>,
    /// Extensions of Wasm that the compiler was allowed to use.
    pub(crate) features: Vec<String>,
    /// Bytes of initial data.
    pub(crate) data_bytes: usize,
    /// The contents of the code section.
    pub(crate) code: Vec<u8>,
    types: Vec<Option<String>>,
    functions: Vec<u32>,
}

/// One section.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    /// Its kind, or the name of a custom section.
    pub(crate) name: String,
    /// Whether it is a custom section.
    pub(crate) custom: bool,
    /// Size of its contents.
    pub(crate) bytes: usize,
}

/// One import.
#[derive(Debug)]
pub(crate) struct Import {
    /// The module it comes from.
    pub(crate) module: String,
    /// Its name.
    pub(crate) name: String,
    /// Of a function: its signature, as `ii->i`; `None` for everything else.
    pub(crate) signature: Option<String>,
}

/// One export.
#[derive(Debug)]
pub(crate) struct Export {
    /// Its name.
    pub(crate) name: String,
    /// Of a function: its index.
    pub(crate) function: Option<u32>,
    /// Of a function: its signature.
    pub(crate) signature: Option<String>,
}

/// Size of a linear memory, in pages of 64 KiB.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Memory {
    /// At the start.
    pub(crate) min_pages: u64,
    /// At most, where the module says so.
    pub(crate) max_pages: Option<u64>,
}

/// Reads a file that should be a module.
pub(crate) fn bytes_of(path: &Path) -> Result<Vec<u8>> {
    let cannot = |error: &std::io::Error| {
        Failure::usage(format!("cannot read `{}`", path.display()))
            .because(error)
            .help("a Wasm module was expected there; `cargo mesh-filter build` prints where it puts them")
    };
    let facts = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    if facts.is_dir() {
        return Err(Failure::usage(format!(
            "`{}` is a folder, and a `.wasm` file was expected",
            path.display()
        ))
        .help("build the filter first: cargo mesh-filter build; the module is in target/mesh-filter/"));
    }
    if facts.len() > MAX_FILE {
        return Err(Failure::usage(format!(
            "`{}` has {} bytes, and modules of at most {MAX_FILE} bytes are read",
            path.display(),
            facts.len()
        )));
    }
    std::fs::read(path).map_err(|error| cannot(&error))
}

impl Module {
    /// Takes a module apart, after checking that it is valid.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        recognise(bytes, path)?;
        let validated = Validator::new().validate_all(bytes).map(|_| ());
        validated.and_then(|()| Self::read(bytes)).map_err(|error| {
            let message = error.message();
            let place = format!("offset {:#x} of {:#x}", error.offset(), bytes.len());
            if message.contains("unexpected end") {
                Failure::usage(format!(
                    "`{}` is truncated: it ends within a section ({place})",
                    path.display()
                ))
                .help("copy or build the file again")
            } else {
                Failure::usage(format!(
                    "`{}` is not a valid Wasm module: {message} ({place})",
                    path.display()
                ))
                .help("no host will load it; build it again")
            }
        })
    }

    fn read(bytes: &[u8]) -> wasmparser::Result<Self> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            module.add(payload?, bytes)?;
        }
        // Types of exported functions are known once all functions are.
        let signatures: Vec<_> = module
            .exports
            .iter()
            .map(|export| export.function.and_then(|index| module.signature_of(index)))
            .collect();
        for (export, signature) in module.exports.iter_mut().zip(signatures) {
            export.signature = signature;
        }
        Ok(module)
    }

    fn add(&mut self, payload: Payload<'_>, bytes: &[u8]) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(reader) => {
                self.section("type", reader.range().len());
                for group in reader {
                    for kind in group?.into_types() {
                        self.types.push(match &kind.composite_type.inner {
                            CompositeInnerType::Func(function) => Some(format!(
                                "{}->{}",
                                letters(function.params()),
                                letters(function.results())
                            )),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(reader) => {
                self.section("import", reader.range().len());
                for import in reader.into_imports() {
                    let import = import?;
                    let mut signature = None;
                    match import.ty {
                        TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                            self.functions.push(index);
                            signature = Some(self.signature_of_type(index));
                        }
                        TypeRef::Memory(memory) => self.memory = self.memory.or(Some(limits(&memory))),
                        _ => {}
                    }
                    self.imports.push(Import {
                        module: import.module.into(),
                        name: import.name.into(),
                        signature,
                    });
                }
            }
            Payload::FunctionSection(reader) => {
                self.section("function", reader.range().len());
                for index in reader {
                    self.functions.push(index?);
                }
            }
            Payload::MemorySection(reader) => {
                self.section("memory", reader.range().len());
                for memory in reader {
                    self.memory = self.memory.or(Some(limits(&memory?)));
                }
            }
            Payload::ExportSection(reader) => {
                self.section("export", reader.range().len());
                for export in reader {
                    let export = export?;
                    let function = matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact);
                    let function = function.then_some(export.index);
                    self.exports.push(Export { name: export.name.into(), function, signature: None });
                }
            }
            Payload::StartSection { range, .. } => {
                self.section("start", range.len());
                self.start_section = true;
            }
            Payload::CodeSectionStart { range, .. } => {
                self.section("code", range.len());
                self.code = bytes.get(range).unwrap_or_default().to_vec();
            }
            Payload::CodeSectionEntry(body) => {
                let imported = self.functions.len().saturating_sub(self.defined());
                let index = u32::try_from(imported + self.bodies.len()).unwrap_or(u32::MAX);
                self.bodies.push((index, body.range().len()));
            }
            Payload::DataSection(reader) => {
                self.section("data", reader.range().len());
                for data in reader {
                    self.data_bytes += data?.data.len();
                }
            }
            Payload::TableSection(reader) => self.section("table", reader.range().len()),
            Payload::GlobalSection(reader) => self.section("global", reader.range().len()),
            Payload::ElementSection(reader) => self.section("element", reader.range().len()),
            Payload::TagSection(reader) => self.section("tag", reader.range().len()),
            Payload::CustomSection(section) => {
                let bytes = section.range().len();
                self.sections.push(Section { name: section.name().to_owned(), custom: true, bytes });
                // A custom section that does not keep its format harms nobody but its reader.
                let _ = self.add_custom(&section);
            }
            _ => {}
        }
        Ok(())
    }

    fn add_custom(&mut self, section: &wasmparser::CustomSectionReader<'_>) -> wasmparser::Result<()> {
        match section.as_known() {
            KnownCustom::Name(reader) => {
                for subsection in reader {
                    if let Name::Function(names) = subsection? {
                        for naming in names {
                            let naming = naming?;
                            self.names.insert(naming.index, naming.name.to_owned());
                        }
                    }
                }
            }
            KnownCustom::Producers(reader) => {
                for field in reader {
                    let field = field?;
                    for value in field.values {
                        let value = value?;
                        self.producers.push([field.name.into(), value.name.into(), value.version.into()]);
                    }
                }
            }
            _ if section.name() == "target_features" => {
                let mut reader = section.data_reader();
                for _ in 0..reader.read_var_u32()? {
                    let used = reader.read_u8()? == b'+';
                    let name = reader.read_string()?;
                    if used {
                        self.features.push(name.to_owned());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn section(&mut self, name: &str, bytes: usize) {
        self.sections.push(Section { name: name.to_owned(), custom: false, bytes });
    }

    /// How many functions the module defines itself.
    fn defined(&self) -> usize {
        let imported = self.imports.iter().filter(|import| import.signature.is_some()).count();
        self.functions.len().saturating_sub(imported)
    }

    fn signature_of(&self, function: u32) -> Option<String> {
        let index = self.functions.get(usize::try_from(function).ok()?)?;
        Some(self.signature_of_type(*index))
    }

    fn signature_of_type(&self, index: u32) -> String {
        let known = usize::try_from(index).ok().and_then(|index| self.types.get(index)).cloned().flatten();
        known.unwrap_or_else(|| "?".to_owned())
    }
}

/// Refuses what is not a core module, saying what it looks like.
fn recognise(bytes: &[u8], path: &Path) -> Result<()> {
    let path = path.display();
    let (message, help) = match bytes {
        [] => (format!("`{path}` is empty (0 bytes)"), "build or copy the module again"),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => return Ok(()),
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => (
            format!("`{path}` is a Wasm component, and Proxy-Wasm hosts run core modules"),
            "build for wasm32-wasip1, not for wasm32-wasip2",
        ),
        [b'\0', b'a', b's', b'm', _, _, _, _, ..] => {
            (format!("`{path}` is Wasm of an unknown version"), "version 1 of the binary format was expected")
        }
        [0x1f, 0x8b, ..] => (format!("`{path}` is compressed by gzip, not a Wasm module"), "unpack it first"),
        _ if b"\0asm".starts_with(bytes) || bytes.starts_with(b"\0asm") => (
            format!("`{path}` is truncated: it has only {} of the 8 bytes of a header", bytes.len()),
            "copy or build it again",
        ),
        _ if bytes.trim_ascii_start().starts_with(b"(module") => (
            format!("`{path}` is Wasm in text form, and the binary form was expected"),
            "convert it by `wat2wasm`",
        ),
        _ => (
            format!("`{path}` is not a Wasm module: it does not begin with `\\0asm`"),
            "a file made by a compiler for Wasm was expected",
        ),
    };
    Err(Failure::usage(message).help(help))
}

/// Value types as letters: i32 `i`, i64 `I`, f32 `f`, f64 `F`, others `?`.
fn letters(types: &[ValType]) -> String {
    let letter = |kind: &ValType| match kind {
        ValType::I32 => 'i',
        ValType::I64 => 'I',
        ValType::F32 => 'f',
        ValType::F64 => 'F',
        _ => '?',
    };
    types.iter().map(letter).collect()
}

fn limits(memory: &wasmparser::MemoryType) -> Memory {
    Memory { min_pages: memory.initial, max_pages: memory.maximum }
}
