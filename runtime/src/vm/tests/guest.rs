//! Makes small guest modules, function by function.

use crate::abi::table::IMPORTS;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, InstructionSink, MemorySection, MemoryType, Module, StartSection, TypeSection, ValType,
};

/// Where [`GuestModule::data`] stands in memory.
pub(crate) const DATA: i32 = 1024;
/// What the guest's allocator answers.
pub(crate) const HEAP: i32 = 8192;

/// A function: name of its export, parameters, results, code.
struct Defined(&'static str, &'static str, &'static str, Function);

/// A module under construction.
pub(crate) struct GuestModule {
    imports: Vec<(String, String, EntityType)>,
    types: TypeSection,
    functions: Vec<Defined>,
    memory: Option<MemoryType>,
    data: Vec<u8>,
    start: Option<&'static str>,
}

impl GuestModule {
    /// Only one page of memory, exported.
    pub(crate) fn bare() -> Self {
        let memory =
            MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };
        Self {
            imports: Vec::new(),
            types: TypeSection::new(),
            functions: Vec::new(),
            memory: Some(memory),
            data: Vec::new(),
            start: None,
        }
    }

    /// What every module needs: marker and allocator.
    pub(crate) fn new() -> Self {
        Self::bare().function("proxy_abi_version_0_2_1", "", "", |_| {}).function(
            "malloc",
            "i",
            "i",
            |code| {
                code.i32_const(HEAP);
            },
        )
    }

    /// Imports a host function; imports are called by their position, from 0.
    pub(crate) fn import(self, name: &str) -> Self {
        let import = IMPORTS.iter().find(|import| import.name == name).unwrap();
        self.import_as(import.modules()[0], name, import.params, import.result)
    }

    pub(crate) fn import_as(mut self, module: &str, name: &str, params: &str, results: &str) -> Self {
        let ty = self.ty(params, results);
        self.imports.push((module.to_owned(), name.to_owned(), EntityType::Function(ty)));
        self
    }

    pub(crate) fn import_entity(mut self, module: &str, name: &str, entity: EntityType) -> Self {
        self.imports.push((module.to_owned(), name.to_owned(), entity));
        self
    }

    /// Exports a function.
    pub(crate) fn function(
        mut self,
        name: &'static str,
        params: &'static str,
        results: &'static str,
        code: impl FnOnce(&mut InstructionSink<'_>),
    ) -> Self {
        let mut function = Function::new([]);
        code(&mut function.instructions());
        function.instructions().end();
        self.functions.push(Defined(name, params, results, function));
        self
    }

    /// The callback in which most tests happen.
    pub(crate) fn on_configure(self, code: impl FnOnce(&mut InstructionSink<'_>)) -> Self {
        self.function("proxy_on_configure", "ii", "i", code)
    }

    /// Bytes at [`DATA`].
    pub(crate) fn data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    pub(crate) fn memory(mut self, memory: Option<MemoryType>) -> Self {
        self.memory = memory;
        self
    }

    /// Runs the exported function in the start section.
    pub(crate) fn start(mut self, name: &'static str) -> Self {
        self.start = Some(name);
        self
    }

    pub(crate) fn build(mut self) -> Vec<u8> {
        let mut imports = ImportSection::new();
        for (module, name, entity) in &self.imports {
            imports.import(module, name, *entity);
        }
        let (mut functions, mut exports) = (FunctionSection::new(), ExportSection::new());
        let (mut code, mut memories) = (CodeSection::new(), MemorySection::new());
        if let Some(memory) = self.memory {
            memories.memory(memory);
            exports.export("memory", ExportKind::Memory, 0);
        }
        let imported =
            self.imports.iter().filter(|(_, _, entity)| matches!(entity, EntityType::Function(_))).count();
        let first = u32::try_from(imported).unwrap();
        let mut start = None;
        let defined = std::mem::take(&mut self.functions);
        for (index, Defined(name, params, results, function)) in (first..).zip(defined) {
            functions.function(self.ty(params, results));
            exports.export(name, ExportKind::Func, index);
            code.function(&function);
            if self.start == Some(name) {
                start = Some(index);
            }
        }
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&imports)
            .section(&functions)
            .section(&memories)
            .section(&exports);
        if let Some(function_index) = start {
            module.section(&StartSection { function_index });
        }
        module.section(&code);
        if self.memory.is_some() {
            let mut data = DataSection::new();
            data.active(0, &ConstExpr::i32_const(DATA), self.data);
            module.section(&data);
        }
        module.finish()
    }

    fn ty(&mut self, params: &str, results: &str) -> u32 {
        let types = |letters: &str| {
            letters
                .chars()
                .map(|letter| if letter == 'I' { ValType::I64 } else { ValType::I32 })
                .collect::<Vec<_>>()
        };
        let index = self.types.len();
        self.types.ty().function(types(params), types(results));
        index
    }
}
