//! Variadic functions: C calls them with arguments in registers and on the
//! stack, which a trampoline puts into a `va_list` for the Rust function.
//!
//! Each Rust function here takes the parameters that are declared and, last, a
//! pointer to the list; the functions of C that take a `va_list` are the same.

use std::{arch::global_asm, ffi::c_void};

/// `va_list` of the System V ABI for x86-64.
#[repr(C)]
pub(crate) struct VaList {
    gp_offset: u32,
    fp_offset: u32,
    overflow_arg_area: *mut u8,
    reg_save_area: *mut u8,
}

/// The linker takes an object file for the sake of a symbol that Rust knows.
#[unsafe(no_mangle)]
static KRAIT_VARIADIC: u8 = 0;

/// Bytes of the save area for integer registers, and for all.
const GENERAL: u32 = 48;
const ALL: u32 = 176;

impl VaList {
    /// The next argument of up to eight bytes that is not a float.
    ///
    /// # Safety
    ///
    /// The caller passed an argument of that type.
    pub(crate) unsafe fn next<T: Copy>(&mut self) -> T {
        const { assert!(size_of::<T>() <= 8) };
        if self.gp_offset < GENERAL {
            // SAFETY: inside the save area.
            let at = unsafe { self.reg_save_area.add(self.gp_offset as usize) };
            self.gp_offset += 8;
            // SAFETY: a register's worth of bytes is there.
            return unsafe { at.cast::<T>().read() };
        }
        // SAFETY: the caller passed as many arguments.
        unsafe { self.take_from_stack() }
    }

    /// The next argument, a `double`.
    ///
    /// # Safety
    ///
    /// The caller passed one.
    pub(crate) unsafe fn next_f64(&mut self) -> f64 {
        if self.fp_offset < ALL {
            // SAFETY: inside the save area.
            let at = unsafe { self.reg_save_area.add(self.fp_offset as usize) };
            self.fp_offset += 16;
            // SAFETY: a register's worth of bytes is there.
            return unsafe { at.cast::<f64>().read() };
        }
        // SAFETY: the caller passed as many arguments.
        unsafe { self.take_from_stack() }
    }

    /// The next argument, a struct of two doubles' size passed in memory.
    ///
    /// # Safety
    ///
    /// The caller passed as many arguments.
    unsafe fn take_from_stack<T: Copy>(&mut self) -> T {
        let at = self.overflow_arg_area;
        // SAFETY: the caller passed one more argument.
        self.overflow_arg_area = unsafe { at.add(8) };
        // SAFETY: as above.
        unsafe { at.cast::<T>().read() }
    }

    /// The next argument, a pointer; null ends some lists.
    ///
    /// # Safety
    ///
    /// The caller passed one.
    pub(crate) unsafe fn pointer<T>(&mut self) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { self.next::<*mut c_void>() }.cast()
    }
}

/// `name` for C: its `fixed` parameters are in registers, the list's address
/// goes into the next one.
macro_rules! variadic {
    ($($name:literal $register:literal $fixed:literal => $target:path;)*) => { $(
        global_asm!(
            concat!(".globl ", $name),
            concat!(".type ", $name, ",@function"),
            concat!($name, ":"),
            ".cfi_startproc",
            "sub rsp, 216",
            ".cfi_adjust_cfa_offset 216",
            "mov [rsp], rdi",
            "mov [rsp + 8], rsi",
            "mov [rsp + 16], rdx",
            "mov [rsp + 24], rcx",
            "mov [rsp + 32], r8",
            "mov [rsp + 40], r9",
            "test al, al",
            "je 2f",
            "movaps [rsp + 48], xmm0",
            "movaps [rsp + 64], xmm1",
            "movaps [rsp + 80], xmm2",
            "movaps [rsp + 96], xmm3",
            "movaps [rsp + 112], xmm4",
            "movaps [rsp + 128], xmm5",
            "movaps [rsp + 144], xmm6",
            "movaps [rsp + 160], xmm7",
            "2:",
            concat!("mov dword ptr [rsp + 176], 8 * ", $fixed),
            "mov dword ptr [rsp + 180], 48",
            "lea r11, [rsp + 224]",
            "mov [rsp + 184], r11",
            "mov [rsp + 192], rsp",
            concat!("lea ", $register, ", [rsp + 176]"),
            "call {target}",
            "add rsp, 216",
            ".cfi_adjust_cfa_offset -216",
            "ret",
            ".cfi_endproc",
            concat!(".size ", $name, ", . - ", $name),
            target = sym $target,
        );
    )* };
}

use crate::{
    abstract_ as call, bytesobject, getargs, getargs_keywords, modsupport, osmodule, pyerrors,
    sysmodule, tupleobject, unicode_format as format, warnings,
};

variadic! {
    "PyArg_Parse" "rdx" "2" => getargs::PyArg_VaParse;
    "_PyArg_Parse_SizeT" "rdx" "2" => getargs::PyArg_VaParse;
    "PyArg_ParseTuple" "rdx" "2" => getargs::parse_tuple;
    "_PyArg_ParseTuple_SizeT" "rdx" "2" => getargs::parse_tuple;
    "_PyArg_ParseStack" "rcx" "3" => getargs::parse_stack;
    "PyArg_ParseTupleAndKeywords" "r8" "4" => getargs_keywords::PyArg_VaParseTupleAndKeywords;
    "_PyArg_ParseTupleAndKeywords_SizeT" "r8" "4" => getargs_keywords::PyArg_VaParseTupleAndKeywords;
    "_PyArg_ParseTupleAndKeywordsFast" "rcx" "3" => getargs_keywords::parse_fast;
    "_PyArg_ParseStackAndKeywords" "r8" "4" => getargs_keywords::parse_stack_and_keywords;
    "PyArg_UnpackTuple" "r8" "4" => getargs::unpack_tuple;
    "Py_BuildValue" "rsi" "1" => modsupport::Py_VaBuildValue;
    "_Py_BuildValue_SizeT" "rsi" "1" => modsupport::Py_VaBuildValue;
    "PyErr_Format" "rdx" "2" => pyerrors::PyErr_FormatV;
    "_PyErr_FormatFromCause" "rdx" "2" => pyerrors::format_from_cause;
    "_PyErr_Format" "rcx" "3" => pyerrors::format_in;
    "PyErr_FormatUnraisable" "rsi" "1" => pyerrors::format_unraisable;
    "PyErr_WarnFormat" "rcx" "3" => warnings::warn_format;
    "PyErr_WarnExplicitFormat" "rdi" "0" => osmodule::warn_explicit_format;
    "PyErr_ResourceWarning" "rcx" "3" => warnings::resource_warning;
    "PyUnicode_FromFormat" "rsi" "1" => format::PyUnicode_FromFormatV;
    "PyUnicodeWriter_Format" "rdx" "2" => format::writer_format;
    "PyBytes_FromFormat" "rsi" "1" => bytesobject::PyBytes_FromFormatV;
    "PyTuple_Pack" "rsi" "1" => tupleobject::pack;
    "PyObject_CallFunction" "rdx" "2" => call::call_function;
    "_PyObject_CallFunction_SizeT" "rdx" "2" => call::call_function;
    "PyEval_CallFunction" "rdx" "2" => call::call_function;
    "PyObject_CallMethod" "rcx" "3" => call::call_method;
    "_PyObject_CallMethod_SizeT" "rcx" "3" => call::call_method;
    "PyEval_CallMethod" "rcx" "3" => call::call_method;
    "_PyObject_CallMethodId" "rcx" "3" => call::call_method_id;
    "PyObject_CallFunctionObjArgs" "rsi" "1" => call::call_function_obj_args;
    "PyObject_CallMethodObjArgs" "rdx" "2" => call::call_method_obj_args;
    "PyOS_snprintf" "rcx" "3" => pyerrors::PyOS_vsnprintf;
    "PySys_WriteStdout" "rsi" "1" => sysmodule::write_stdout;
    "PySys_WriteStderr" "rsi" "1" => sysmodule::write_stderr;
    "PySys_FormatStdout" "rsi" "1" => sysmodule::format_stdout;
    "PySys_FormatStderr" "rsi" "1" => sysmodule::format_stderr;
    "PySys_Audit" "rdx" "2" => sysmodule::audit;
}
