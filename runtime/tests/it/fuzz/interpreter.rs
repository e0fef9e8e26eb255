//! A plugin that carries out a script of calls: a byte that chooses the host function, then three bytes for each argument.
//!
//! The script is its configuration. Most arguments fall in or near its memory.

use mesh_filter_runtime::abi::table::{AbiVersion, IMPORTS, Import};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, InstructionSink, MemArg, MemorySection, MemoryType,
    TypeSection, ValType,
};

/// Where the interpreter keeps what it is told about its configuration.
const POINTER_AND_SIZE: i32 = 8;
/// Where its allocator begins. It never frees, and answers what lies beyond its memory in the end.
const HEAP: i32 = 16 << 10;
/// Kind of the buffer that holds the configuration.
const CONFIGURATION: i32 = 7;
/// Bytes of an argument.
const ARGUMENT: i32 = 3;

/// Globals: where the heap goes on; where the script stands, and its end.
const NEXT: u32 = 0;
const SCRIPT: u32 = 1;
const END: u32 = 2;

/// The functions that a script can call, by their number.
pub(super) fn calls() -> Vec<&'static Import> {
    IMPORTS.iter().filter(|import| import.since.includes(AbiVersion::V0_2_1)).collect()
}

/// The interpreter as a module of ABI 0.2.1.
pub(super) fn interpreter() -> Vec<u8> {
    let calls = calls();
    let configuration = calls.iter().position(|import| import.name == "proxy_get_buffer_bytes");
    let configuration = u32::try_from(configuration.expect("it is in the table")).unwrap();
    let mut module = Parts::default();
    for import in &calls {
        let ty = module.ty(import.params, import.result);
        module.imports.import(import.modules()[0], import.name, EntityType::Function(ty));
    }
    let count = u32::try_from(calls.len()).unwrap();

    module.function(count, "proxy_abi_version_0_2_1", "", "", |_| {});
    module.function(count, "malloc", "i", "i", |code| {
        code.global_get(NEXT).global_get(NEXT).local_get(0).i32_add().global_set(NEXT);
    });
    let script = count + 2;
    module.function(count, "run", "", "", |code| interpret(code, &calls));
    module.function(count, "proxy_on_configure", "ii", "i", |code| {
        code.i32_const(CONFIGURATION).i32_const(0).local_get(1);
        code.i32_const(POINTER_AND_SIZE).i32_const(POINTER_AND_SIZE + 4).call(configuration).drop();
        code.i32_const(POINTER_AND_SIZE).i32_load(at(0)).global_set(SCRIPT);
        code.global_get(SCRIPT).i32_const(POINTER_AND_SIZE).i32_load(at(4)).i32_add().global_set(END);
        code.call(script).i32_const(1);
    });
    for (callback, parameters) in [
        ("proxy_on_request_headers", "iii"),
        ("proxy_on_request_body", "iii"),
        ("proxy_on_response_headers", "iii"),
    ] {
        module.function(count, callback, parameters, "i", |code| {
            code.call(script).i32_const(0);
        });
    }
    module.function(count, "proxy_on_log", "i", "", |code| {
        code.call(script);
    });
    module.finish()
}

/// Carries out the script: one call after the other, without looking at the answers.
fn interpret(code: &mut InstructionSink<'_>, calls: &[&Import]) {
    const HERE: u32 = 0;
    code.global_get(SCRIPT).local_set(HERE);
    code.loop_(BlockType::Empty);
    code.local_get(HERE).global_get(END).i32_ge_u().if_(BlockType::Empty).return_().end();
    for _ in calls {
        code.block(BlockType::Empty);
    }
    let count = u32::try_from(calls.len()).unwrap();
    let places: Vec<u32> = (0..count).collect();
    code.local_get(HERE).i32_load8_u(at(0)).i32_const(count.cast_signed()).i32_rem_u();
    code.br_table(places, 0);
    for (depth, import) in (0..count).zip(calls) {
        code.end();
        let mut size = 1;
        for letter in import.params.chars() {
            code.local_get(HERE).i32_load8_s(at(size)).i32_const(12).i32_shl();
            code.local_get(HERE).i32_load16_s(at(size + 1)).i32_add();
            if letter == 'I' {
                code.i64_extend_i32_s();
            }
            size += ARGUMENT;
        }
        code.call(depth);
        if !import.result.is_empty() {
            code.drop();
        }
        code.local_get(HERE).i32_const(size).i32_add().local_set(HERE);
        // Of the blocks that remain, the loop is the outermost.
        code.br(count - 1 - depth);
    }
    code.end();
}

fn at(offset: i32) -> MemArg {
    MemArg { offset: u64::try_from(offset).unwrap(), align: 0, memory_index: 0 }
}

/// The sections of a module under construction.
#[derive(Default)]
struct Parts {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    exports: ExportSection,
    code: CodeSection,
}

impl Parts {
    fn ty(&mut self, params: &str, results: &str) -> u32 {
        let ty = |letter| if letter == b'I' { ValType::I64 } else { ValType::I32 };
        self.types.ty().function(params.bytes().map(ty), results.bytes().map(ty));
        self.types.len() - 1
    }

    /// An exported function, after `imports` imported ones, with one local number.
    fn function(
        &mut self,
        imports: u32,
        name: &str,
        params: &str,
        results: &str,
        body: impl FnOnce(&mut InstructionSink<'_>),
    ) {
        let index = imports + self.functions.len();
        let ty = self.ty(params, results);
        self.functions.function(ty);
        self.exports.export(name, ExportKind::Func, index);
        let mut function = Function::new([(1, ValType::I32)]);
        body(&mut function.instructions());
        function.instructions().end();
        self.code.function(&function);
    }

    fn finish(mut self) -> Vec<u8> {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        self.exports.export("memory", ExportKind::Memory, 0);
        let mut globals = GlobalSection::new();
        for start in [HEAP, 0, 0] {
            let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
            globals.global(ty, &ConstExpr::i32_const(start));
        }
        let mut module = wasm_encoder::Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions)
            .section(&memories)
            .section(&globals)
            .section(&self.exports)
            .section(&self.code);
        module.finish()
    }
}
