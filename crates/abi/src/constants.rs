//! The constants that C code is compiled with, by header.

use core::ffi::{c_int, c_ulong};

use crate::{Py_hash_t, Py_ssize_t, digit};

constants! {
    // From `patchlevel.h`.
    PY_VERSION_HEX: c_int = 51251952;

    // From `pyport.h`.
    PY_SSIZE_T_MAX: Py_ssize_t = 9223372036854775807;
    PY_SSIZE_T_MIN: Py_ssize_t = -9223372036854775808;

    // From `pybuffer.h`.
    PyBUF_MAX_NDIM: c_int = 0x40;
    PyBUF_SIMPLE: c_int = 0;
    PyBUF_WRITABLE: c_int = 1;
    PyBUF_WRITEABLE: c_int = 1;
    PyBUF_FORMAT: c_int = 4;
    PyBUF_ND: c_int = 8;
    PyBUF_STRIDES: c_int = 0x18;
    PyBUF_C_CONTIGUOUS: c_int = 0x38;
    PyBUF_F_CONTIGUOUS: c_int = 0x58;
    PyBUF_ANY_CONTIGUOUS: c_int = 0x98;
    PyBUF_INDIRECT: c_int = 0x118;
    PyBUF_CONTIG: c_int = 9;
    PyBUF_CONTIG_RO: c_int = 8;
    PyBUF_STRIDED: c_int = 0x19;
    PyBUF_STRIDED_RO: c_int = 0x18;
    PyBUF_RECORDS: c_int = 0x1d;
    PyBUF_RECORDS_RO: c_int = 0x1c;
    PyBUF_FULL: c_int = 0x11d;
    PyBUF_FULL_RO: c_int = 0x11c;
    PyBUF_READ: c_int = 0x100;
    PyBUF_WRITE: c_int = 0x200;

    // From `object.h`.
    Py_TP_USE_SPEC: c_int = 0;
    Py_PRINT_RAW: c_int = 1;
    _Py_TPFLAGS_STATIC_BUILTIN: c_ulong = 1 << 1;
    Py_TPFLAGS_INLINE_VALUES: c_ulong = 1 << 2;
    Py_TPFLAGS_MANAGED_WEAKREF: c_ulong = 1 << 3;
    Py_TPFLAGS_MANAGED_DICT: c_ulong = 1 << 4;
    Py_TPFLAGS_PREHEADER: c_ulong = Py_TPFLAGS_MANAGED_WEAKREF | Py_TPFLAGS_MANAGED_DICT;
    Py_TPFLAGS_SEQUENCE: c_ulong = 1 << 5;
    Py_TPFLAGS_MAPPING: c_ulong = 1 << 6;
    Py_TPFLAGS_DISALLOW_INSTANTIATION: c_ulong = 1 << 7;
    Py_TPFLAGS_IMMUTABLETYPE: c_ulong = 1 << 8;
    Py_TPFLAGS_HEAPTYPE: c_ulong = 1 << 9;
    Py_TPFLAGS_BASETYPE: c_ulong = 1 << 10;
    Py_TPFLAGS_HAVE_VECTORCALL: c_ulong = 1 << 11;
    _Py_TPFLAGS_HAVE_VECTORCALL: c_ulong = 1 << 11;
    Py_TPFLAGS_READY: c_ulong = 1 << 12;
    Py_TPFLAGS_READYING: c_ulong = 1 << 13;
    Py_TPFLAGS_HAVE_GC: c_ulong = 1 << 14;
    Py_TPFLAGS_HAVE_STACKLESS_EXTENSION: c_ulong = 0;
    Py_TPFLAGS_METHOD_DESCRIPTOR: c_ulong = 1 << 17;
    Py_TPFLAGS_VALID_VERSION_TAG: c_ulong = 1 << 19;
    Py_TPFLAGS_IS_ABSTRACT: c_ulong = 1 << 20;
    _Py_TPFLAGS_MATCH_SELF: c_ulong = 1 << 22;
    Py_TPFLAGS_ITEMS_AT_END: c_ulong = 1 << 23;
    Py_TPFLAGS_LONG_SUBCLASS: c_ulong = 1 << 24;
    Py_TPFLAGS_LIST_SUBCLASS: c_ulong = 1 << 25;
    Py_TPFLAGS_TUPLE_SUBCLASS: c_ulong = 1 << 26;
    Py_TPFLAGS_BYTES_SUBCLASS: c_ulong = 1 << 27;
    Py_TPFLAGS_UNICODE_SUBCLASS: c_ulong = 1 << 28;
    Py_TPFLAGS_DICT_SUBCLASS: c_ulong = 1 << 29;
    Py_TPFLAGS_BASE_EXC_SUBCLASS: c_ulong = 1 << 30;
    Py_TPFLAGS_TYPE_SUBCLASS: c_ulong = 1 << 31;
    Py_TPFLAGS_DEFAULT: c_ulong = 0;
    Py_TPFLAGS_HAVE_FINALIZE: c_ulong = 1 << 0;
    Py_TPFLAGS_HAVE_VERSION_TAG: c_ulong = 1 << 18;
    Py_CONSTANT_NONE: c_int = 0;
    Py_CONSTANT_FALSE: c_int = 1;
    Py_CONSTANT_TRUE: c_int = 2;
    Py_CONSTANT_ELLIPSIS: c_int = 3;
    Py_CONSTANT_NOT_IMPLEMENTED: c_int = 4;
    Py_CONSTANT_ZERO: c_int = 5;
    Py_CONSTANT_ONE: c_int = 6;
    Py_CONSTANT_EMPTY_STR: c_int = 7;
    Py_CONSTANT_EMPTY_BYTES: c_int = 8;
    Py_CONSTANT_EMPTY_TUPLE: c_int = 9;
    Py_LT: c_int = 0;
    Py_LE: c_int = 1;
    Py_EQ: c_int = 2;
    Py_NE: c_int = 3;
    Py_GT: c_int = 4;
    Py_GE: c_int = 5;

    // From `refcount.h`.
    _Py_STATICALLY_ALLOCATED_FLAG: u16 = 4;
    _Py_IMMORTAL_FLAGS: u16 = 1;
    _Py_IMMORTAL_INITIAL_REFCNT: u32 = 0xc0000000;
    _Py_IMMORTAL_MINIMUM_REFCNT: u32 = 0x80000000;
    _Py_STATIC_FLAG_BITS: u16 = 5;
    _Py_STATIC_IMMORTAL_INITIAL_REFCNT: i64 = 0x50000c0000000;

    // From `typeslots.h`.
    Py_bf_getbuffer: c_int = 1;
    Py_bf_releasebuffer: c_int = 2;
    Py_mp_ass_subscript: c_int = 3;
    Py_mp_length: c_int = 4;
    Py_mp_subscript: c_int = 5;
    Py_nb_absolute: c_int = 6;
    Py_nb_add: c_int = 7;
    Py_nb_and: c_int = 8;
    Py_nb_bool: c_int = 9;
    Py_nb_divmod: c_int = 10;
    Py_nb_float: c_int = 11;
    Py_nb_floor_divide: c_int = 12;
    Py_nb_index: c_int = 13;
    Py_nb_inplace_add: c_int = 14;
    Py_nb_inplace_and: c_int = 15;
    Py_nb_inplace_floor_divide: c_int = 16;
    Py_nb_inplace_lshift: c_int = 17;
    Py_nb_inplace_multiply: c_int = 18;
    Py_nb_inplace_or: c_int = 19;
    Py_nb_inplace_power: c_int = 20;
    Py_nb_inplace_remainder: c_int = 21;
    Py_nb_inplace_rshift: c_int = 22;
    Py_nb_inplace_subtract: c_int = 23;
    Py_nb_inplace_true_divide: c_int = 24;
    Py_nb_inplace_xor: c_int = 25;
    Py_nb_int: c_int = 26;
    Py_nb_invert: c_int = 27;
    Py_nb_lshift: c_int = 28;
    Py_nb_multiply: c_int = 29;
    Py_nb_negative: c_int = 30;
    Py_nb_or: c_int = 31;
    Py_nb_positive: c_int = 32;
    Py_nb_power: c_int = 33;
    Py_nb_remainder: c_int = 34;
    Py_nb_rshift: c_int = 35;
    Py_nb_subtract: c_int = 36;
    Py_nb_true_divide: c_int = 37;
    Py_nb_xor: c_int = 38;
    Py_sq_ass_item: c_int = 39;
    Py_sq_concat: c_int = 40;
    Py_sq_contains: c_int = 41;
    Py_sq_inplace_concat: c_int = 42;
    Py_sq_inplace_repeat: c_int = 43;
    Py_sq_item: c_int = 44;
    Py_sq_length: c_int = 45;
    Py_sq_repeat: c_int = 46;
    Py_tp_alloc: c_int = 47;
    Py_tp_base: c_int = 48;
    Py_tp_bases: c_int = 49;
    Py_tp_call: c_int = 50;
    Py_tp_clear: c_int = 51;
    Py_tp_dealloc: c_int = 52;
    Py_tp_del: c_int = 53;
    Py_tp_descr_get: c_int = 54;
    Py_tp_descr_set: c_int = 55;
    Py_tp_doc: c_int = 56;
    Py_tp_getattr: c_int = 57;
    Py_tp_getattro: c_int = 58;
    Py_tp_hash: c_int = 59;
    Py_tp_init: c_int = 60;
    Py_tp_is_gc: c_int = 61;
    Py_tp_iter: c_int = 62;
    Py_tp_iternext: c_int = 63;
    Py_tp_methods: c_int = 64;
    Py_tp_new: c_int = 65;
    Py_tp_repr: c_int = 66;
    Py_tp_richcompare: c_int = 67;
    Py_tp_setattr: c_int = 68;
    Py_tp_setattro: c_int = 69;
    Py_tp_str: c_int = 70;
    Py_tp_traverse: c_int = 71;
    Py_tp_members: c_int = 72;
    Py_tp_getset: c_int = 73;
    Py_tp_free: c_int = 74;
    Py_nb_matrix_multiply: c_int = 75;
    Py_nb_inplace_matrix_multiply: c_int = 76;
    Py_am_await: c_int = 77;
    Py_am_aiter: c_int = 78;
    Py_am_anext: c_int = 79;
    Py_tp_finalize: c_int = 80;
    Py_am_send: c_int = 81;
    Py_tp_vectorcall: c_int = 82;
    Py_tp_token: c_int = 83;

    // From `cpython/pyhash.h`.
    PyHASH_MULTIPLIER: Py_hash_t = 1000003;
    PyHASH_BITS: Py_hash_t = 61;
    PyHASH_MODULUS: Py_hash_t = 2305843009213693951;
    PyHASH_INF: Py_hash_t = 314159;
    PyHASH_IMAG: Py_hash_t = 1000003;

    // From `unicodeobject.h`.
    Py_UNICODE_REPLACEMENT_CHARACTER: c_int = 65533;

    // From `cpython/unicodeobject.h`.
    SSTATE_NOT_INTERNED: u32 = 0;
    SSTATE_INTERNED_MORTAL: u32 = 1;
    SSTATE_INTERNED_IMMORTAL: u32 = 2;
    SSTATE_INTERNED_IMMORTAL_STATIC: u32 = 3;

    // From `longobject.h`.
    Py_ASNATIVEBYTES_DEFAULTS: c_int = -1;
    Py_ASNATIVEBYTES_BIG_ENDIAN: c_int = 0;
    Py_ASNATIVEBYTES_LITTLE_ENDIAN: c_int = 1;
    Py_ASNATIVEBYTES_NATIVE_ENDIAN: c_int = 3;
    Py_ASNATIVEBYTES_UNSIGNED_BUFFER: c_int = 4;
    Py_ASNATIVEBYTES_REJECT_NEGATIVE: c_int = 8;
    Py_ASNATIVEBYTES_ALLOW_INDEX: c_int = 16;

    // From `cpython/longintrepr.h`.
    PyLong_SHIFT: digit = 30;
    PyLong_BASE: digit = 1073741824;
    PyLong_MASK: digit = 1073741823;
    _PyLong_SIGN_MASK: usize = 3;
    _PyLong_NON_SIZE_BITS: usize = 3;

    // From `cpython/memoryobject.h`.
    _Py_MANAGED_BUFFER_RELEASED: c_int = 1;
    _Py_MANAGED_BUFFER_FREE_FORMAT: c_int = 2;
    _Py_MEMORYVIEW_RELEASED: c_int = 1;
    _Py_MEMORYVIEW_C: c_int = 2;
    _Py_MEMORYVIEW_FORTRAN: c_int = 4;
    _Py_MEMORYVIEW_SCALAR: c_int = 8;
    _Py_MEMORYVIEW_PIL: c_int = 16;
    _Py_MEMORYVIEW_RESTRICTED: c_int = 32;

    // From `cpython/setobject.h`.
    PySet_MINSIZE: Py_ssize_t = 8;

    // From `methodobject.h`.
    METH_VARARGS: c_int = 1;
    METH_KEYWORDS: c_int = 2;
    METH_NOARGS: c_int = 4;
    METH_O: c_int = 8;
    METH_CLASS: c_int = 0x10;
    METH_STATIC: c_int = 0x20;
    METH_COEXIST: c_int = 0x40;
    METH_FASTCALL: c_int = 0x80;
    METH_STACKLESS: c_int = 0;
    METH_METHOD: c_int = 0x200;

    // From `moduleobject.h`.
    Py_mod_create: c_int = 1;
    Py_mod_exec: c_int = 2;
    Py_mod_multiple_interpreters: c_int = 3;
    Py_mod_gil: c_int = 4;
    _Py_mod_LAST_SLOT: c_int = 4;
    Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED: c_int = 0;
    Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED: c_int = 1;
    Py_MOD_PER_INTERPRETER_GIL_SUPPORTED: c_int = 2;
    Py_MOD_GIL_USED: c_int = 0;
    Py_MOD_GIL_NOT_USED: c_int = 1;

    // From `cpython/monitoring.h`.
    PY_MONITORING_EVENT_PY_START: c_int = 0;
    PY_MONITORING_EVENT_PY_RESUME: c_int = 1;
    PY_MONITORING_EVENT_PY_RETURN: c_int = 2;
    PY_MONITORING_EVENT_PY_YIELD: c_int = 3;
    PY_MONITORING_EVENT_CALL: c_int = 4;
    PY_MONITORING_EVENT_LINE: c_int = 5;
    PY_MONITORING_EVENT_INSTRUCTION: c_int = 6;
    PY_MONITORING_EVENT_JUMP: c_int = 7;
    PY_MONITORING_EVENT_BRANCH_LEFT: c_int = 8;
    PY_MONITORING_EVENT_BRANCH_RIGHT: c_int = 9;
    PY_MONITORING_EVENT_STOP_ITERATION: c_int = 10;
    PY_MONITORING_EVENT_RAISE: c_int = 11;
    PY_MONITORING_EVENT_EXCEPTION_HANDLED: c_int = 12;
    PY_MONITORING_EVENT_PY_UNWIND: c_int = 13;
    PY_MONITORING_EVENT_PY_THROW: c_int = 14;
    PY_MONITORING_EVENT_RERAISE: c_int = 15;
    PY_MONITORING_EVENT_C_RETURN: c_int = 16;
    PY_MONITORING_EVENT_C_RAISE: c_int = 17;
    PY_MONITORING_EVENT_BRANCH: c_int = 18;

    // From `cpython/code.h`.
    CO_OPTIMIZED: c_int = 0x1;
    CO_NEWLOCALS: c_int = 0x2;
    CO_VARARGS: c_int = 0x4;
    CO_VARKEYWORDS: c_int = 0x8;
    CO_NESTED: c_int = 0x10;
    CO_GENERATOR: c_int = 0x20;
    CO_COROUTINE: c_int = 0x80;
    CO_ITERABLE_COROUTINE: c_int = 0x100;
    CO_ASYNC_GENERATOR: c_int = 0x200;
    CO_FUTURE_DIVISION: c_int = 0x20000;
    CO_FUTURE_ABSOLUTE_IMPORT: c_int = 0x40000;
    CO_FUTURE_WITH_STATEMENT: c_int = 0x80000;
    CO_FUTURE_PRINT_FUNCTION: c_int = 0x100000;
    CO_FUTURE_UNICODE_LITERALS: c_int = 0x200000;
    CO_FUTURE_BARRY_AS_BDFL: c_int = 0x400000;
    CO_FUTURE_GENERATOR_STOP: c_int = 0x800000;
    CO_FUTURE_ANNOTATIONS: c_int = 0x1000000;
    CO_NO_MONITORING_EVENTS: c_int = 0x2000000;
    CO_HAS_DOCSTRING: c_int = 0x4000000;
    CO_METHOD: c_int = 0x8000000;
    CO_MAXBLOCKS: c_int = 21;

    // From `pystate.h`.
    MAX_CO_EXTRA_USERS: c_int = 255;

    // From `cpython/pystate.h`.
    PyTrace_CALL: c_int = 0;
    PyTrace_EXCEPTION: c_int = 1;
    PyTrace_LINE: c_int = 2;
    PyTrace_RETURN: c_int = 3;
    PyTrace_C_CALL: c_int = 4;
    PyTrace_C_EXCEPTION: c_int = 5;
    PyTrace_C_RETURN: c_int = 6;
    PyTrace_OPCODE: c_int = 7;
    _Py_MAX_SCRIPT_PATH_SIZE: c_int = 512;

    // From `descrobject.h`.
    Py_T_SHORT: c_int = 0;
    Py_T_INT: c_int = 1;
    Py_T_LONG: c_int = 2;
    Py_T_FLOAT: c_int = 3;
    Py_T_DOUBLE: c_int = 4;
    Py_T_STRING: c_int = 5;
    _Py_T_OBJECT: c_int = 6;
    Py_T_CHAR: c_int = 7;
    Py_T_BYTE: c_int = 8;
    Py_T_UBYTE: c_int = 9;
    Py_T_USHORT: c_int = 10;
    Py_T_UINT: c_int = 11;
    Py_T_ULONG: c_int = 12;
    Py_T_STRING_INPLACE: c_int = 13;
    Py_T_BOOL: c_int = 14;
    Py_T_OBJECT_EX: c_int = 16;
    Py_T_LONGLONG: c_int = 17;
    Py_T_ULONGLONG: c_int = 18;
    Py_T_PYSSIZET: c_int = 19;
    _Py_T_NONE: c_int = 20;
    Py_READONLY: c_int = 1;
    Py_AUDIT_READ: c_int = 2;
    _Py_WRITE_RESTRICTED: c_int = 4;
    Py_RELATIVE_OFFSET: c_int = 8;

    // From `cpython/descrobject.h`.
    PyWrapperFlag_KEYWORDS: c_int = 1;

    // From `pythread.h`.
    WAIT_LOCK: c_int = 1;
    NOWAIT_LOCK: c_int = 0;

    // From `modsupport.h`.
    Py_CLEANUP_SUPPORTED: c_int = 131072;
    PYTHON_API_VERSION: c_int = 1013;
    PYTHON_ABI_VERSION: c_int = 3;

    // From `compile.h`.
    Py_single_input: c_int = 256;
    Py_file_input: c_int = 257;
    Py_eval_input: c_int = 258;
    Py_func_type_input: c_int = 345;

    // From `cpython/compile.h`.
    PyCF_MASK: c_int = 0x1fe0000;
    PyCF_MASK_OBSOLETE: c_int = 0x10;
    PyCF_SOURCE_IS_UTF8: c_int = 0x100;
    PyCF_DONT_IMPLY_DEDENT: c_int = 0x200;
    PyCF_ONLY_AST: c_int = 0x400;
    PyCF_IGNORE_COOKIE: c_int = 0x800;
    PyCF_TYPE_COMMENTS: c_int = 0x1000;
    PyCF_ALLOW_TOP_LEVEL_AWAIT: c_int = 0x2000;
    PyCF_ALLOW_INCOMPLETE_INPUT: c_int = 0x4000;
    PyCF_OPTIMIZED_AST: c_int = 0x8400;
    PyCF_COMPILE_MASK: c_int = 0xf600;

    // From `cpython/pylifecycle.h`.
    PyInterpreterConfig_DEFAULT_GIL: c_int = 0;
    PyInterpreterConfig_SHARED_GIL: c_int = 1;
    PyInterpreterConfig_OWN_GIL: c_int = 2;

    // From `ceval.h`.
    FVC_MASK: c_int = 3;
    FVC_NONE: c_int = 0;
    FVC_STR: c_int = 1;
    FVC_REPR: c_int = 2;
    FVC_ASCII: c_int = 3;
    FVS_MASK: c_int = 4;
    FVS_HAVE_SPEC: c_int = 4;

    // From `abstract.h`.
    PY_VECTORCALL_ARGUMENTS_OFFSET: usize = 9223372036854775808;

    // From `pystrtod.h`.
    Py_DTSF_SIGN: c_int = 1;
    Py_DTSF_ADD_DOT_0: c_int = 2;
    Py_DTSF_ALT: c_int = 4;
    Py_DTSF_NO_NEG_0: c_int = 8;
    Py_DTST_FINITE: c_int = 0;
    Py_DTST_INFINITE: c_int = 1;
    Py_DTST_NAN: c_int = 2;

    // From `marshal.h`.
    Py_MARSHAL_VERSION: c_int = 5;

    // Enumerations.
    PyRefTracer_CREATE: c_int = 0;
    PyRefTracer_DESTROY: c_int = 1;
    PyUnicode_1BYTE_KIND: u32 = 1;
    PyUnicode_2BYTE_KIND: u32 = 2;
    PyUnicode_4BYTE_KIND: u32 = 4;
    PyDict_EVENT_ADDED: c_int = 0;
    PyDict_EVENT_MODIFIED: c_int = 1;
    PyDict_EVENT_DELETED: c_int = 2;
    PyDict_EVENT_CLONED: c_int = 3;
    PyDict_EVENT_CLEARED: c_int = 4;
    PyDict_EVENT_DEALLOCATED: c_int = 5;
    PyFunction_EVENT_CREATE: c_int = 0;
    PyFunction_EVENT_DESTROY: c_int = 1;
    PyFunction_EVENT_MODIFY_CODE: c_int = 2;
    PyFunction_EVENT_MODIFY_DEFAULTS: c_int = 3;
    PyFunction_EVENT_MODIFY_KWDEFAULTS: c_int = 4;
    PyGILState_LOCKED: c_int = 0;
    PyGILState_UNLOCKED: c_int = 1;
    Py_CONTEXT_SWITCHED: c_int = 1;
}

/// Where `interned` starts in `PyASCIIObject::state`.
pub const PyUnicode_STATE_INTERNED_SHIFT: u32 = 0;
/// The bits of `interned` (an `SSTATE_*` value).
pub const PyUnicode_STATE_INTERNED_MASK: u32 = 0b11;
/// Where `kind` (bytes per character) starts.
pub const PyUnicode_STATE_KIND_SHIFT: u32 = 2;
/// The bits of `kind`, in place.
pub const PyUnicode_STATE_KIND_MASK: u32 = 0b111 << 2;
/// Data follows the struct.
pub const PyUnicode_STATE_COMPACT: u32 = 1 << 5;
/// Every character is below 128.
pub const PyUnicode_STATE_ASCII: u32 = 1 << 6;
/// The string lives in static memory.
pub const PyUnicode_STATE_STATICALLY_ALLOCATED: u32 = 1 << 7;

/// Bit 2 of `lv_tag`: an immortal small `int`.
pub const _PyLong_IMMORTALITY_BIT_MASK: usize = 4;
