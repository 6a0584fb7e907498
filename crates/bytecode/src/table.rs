//! The instruction set: every opcode, declared once.
//!
//! [`for_each_op!`] is the only place where an opcode's number, inline cache
//! size, stack effect, properties and documentation are written down. Whoever
//! needs a view of the instruction set invokes it with a macro of their own.
//! A test compares the table with CPython 3.14.10's.

/// Invoke `$view!` with the whole instruction set.
///
/// The first token is the name that stands for the instruction's argument in
/// the rows. Each row reads
/// `NAME = number [caches] (inputs -- outputs) [flags] of BASE;`
/// where `values[n]` stands for `n` stack items and `of BASE` is there for
/// specialised and instrumented forms. The last input or output is the top of
/// the stack. Numbers from 256 are pseudo-ops, which only the compiler sees.
#[macro_export]
macro_rules! for_each_op {
    ($view:ident) => {
        $view! {
            oparg =>

            /// Inline cache space after an instruction; never executed.
            CACHE = 0 [0] (--) [];

            /// Push `container[start:stop]`.
            BINARY_SLICE = 1 [0] (container, start, stop -- result) [error escapes];

            /// Make a template string from a tuple of strings and a tuple of interpolations.
            BUILD_TEMPLATE = 2 [0] (strings, interpolations -- template) [error escapes];

            /// `BINARY_OP` for `name = name + str` where the next instruction stores to the same local.
            BINARY_OP_INPLACE_ADD_UNICODE = 3 [5] (lhs, rhs --) [local error escapes] of BINARY_OP;

            /// Call with a tuple of positional and, unless null, a mapping of keyword arguments.
            CALL_FUNCTION_EX = 4 [0] (callable, self_or_null, args, kwargs -- result) [eval_break error escapes];

            /// Split an exception group by a type; push the rest and the match.
            CHECK_EG_MATCH = 5 [0] (exception, kind -- rest, matched) [error escapes];

            /// Test whether an exception matches a type, for `except`.
            CHECK_EXC_MATCH = 6 [0] (exception, kind -- exception, matches) [error escapes];

            /// Handle an exception thrown into a suspended `yield from` or `await`.
            CLEANUP_THROW = 7 [0] (sub_iter, last_sent, exception -- none, value) [error escapes];

            /// Do `del container[sub]`.
            DELETE_SUBSCR = 8 [0] (container, sub --) [error escapes];

            /// Drop the value left by an exhausted iterator at the end of a `for` loop.
            END_FOR = 9 [0] (value --) [escapes];

            /// Drop the iterator below the value of a finished `SEND` loop.
            END_SEND = 10 [0] (receiver, value -- value) [escapes pure];

            /// Check that `__init__` returned None, when its frame was entered directly.
            EXIT_INIT_CHECK = 11 [0] (should_be_none --) [error escapes];

            /// Format a value with an empty specification.
            FORMAT_SIMPLE = 12 [0] (value -- text) [error escapes];

            /// Format a value with a specification.
            FORMAT_WITH_SPEC = 13 [0] (value, spec -- text) [error escapes];

            /// Push the asynchronous iterator of an object.
            GET_AITER = 14 [0] (object -- iter) [error escapes];

            /// Push the awaitable of the next item of an asynchronous iterator.
            GET_ANEXT = 15 [0] (aiter -- aiter, awaitable) [error escapes];

            /// Push the iterator of an object.
            GET_ITER = 16 [0] (iterable -- iter) [error escapes];

            /// Reserved number; never emitted.
            RESERVED = 17 [0] (--) [];

            /// Push the length of the top of the stack, which stays.
            GET_LEN = 18 [0] (object -- object, length) [error escapes];

            /// Push the iterator that `yield from` drives.
            GET_YIELD_FROM_ITER = 19 [0] (iterable -- iter) [error escapes];

            /// Leave the interpreter with the value of the outermost frame.
            INTERPRETER_EXIT = 20 [0] (value --) [escapes];

            /// Push `builtins.__build_class__`.
            LOAD_BUILD_CLASS = 21 [0] (-- build_class) [error escapes];

            /// Push the frame's local namespace.
            LOAD_LOCALS = 22 [0] (-- locals) [error escapes];

            /// Make a function of a code object.
            MAKE_FUNCTION = 23 [0] (code -- function) [error escapes];

            /// Push a tuple of the values a mapping has for a tuple of keys, or None.
            MATCH_KEYS = 24 [0] (subject, keys -- subject, keys, values_or_none) [error escapes];

            /// Push whether the subject is a mapping, for `match`.
            MATCH_MAPPING = 25 [0] (subject -- subject, result) [];

            /// Push whether the subject is a sequence, for `match`.
            MATCH_SEQUENCE = 26 [0] (subject -- subject, result) [];

            /// Do nothing.
            NOP = 27 [0] (--) [pure];

            /// Mark the path on which a conditional jump was not taken; seen by monitoring.
            NOT_TAKEN = 28 [0] (--) [pure];

            /// Restore the previously handled exception.
            POP_EXCEPT = 29 [0] (exception --) [escapes];

            /// Drop the iterator of a `for` loop.
            POP_ITER = 30 [0] (iter --) [escapes pure];

            /// Drop the top of the stack.
            POP_TOP = 31 [0] (value --) [escapes pure];

            /// Make the exception on the stack the handled one, keeping the previous below it.
            PUSH_EXC_INFO = 32 [0] (exception -- previous, exception) [];

            /// Push a null, the absent `self` of a call.
            PUSH_NULL = 33 [0] (-- null) [pure];

            /// Make a generator of the current frame and return it to the caller.
            RETURN_GENERATOR = 34 [0] (-- generator) [error escapes];

            /// Return the top of the stack to the caller.
            RETURN_VALUE = 35 [0] (value -- result) [escapes];

            /// Make sure that the local namespace has `__annotations__`.
            SETUP_ANNOTATIONS = 36 [0] (--) [error escapes];

            /// Do `container[start:stop] = value`.
            STORE_SLICE = 37 [0] (value, container, start, stop --) [error escapes];

            /// Do `container[sub] = value`.
            STORE_SUBSCR = 38 [1] (value, container, sub --) [error escapes];

            /// Convert the top of the stack to a bool.
            TO_BOOL = 39 [3] (value -- truth) [error escapes];

            /// Push `~value`.
            UNARY_INVERT = 40 [0] (value -- result) [error escapes];

            /// Push `-value`.
            UNARY_NEGATIVE = 41 [0] (value -- result) [error escapes];

            /// Push `not value` of a bool.
            UNARY_NOT = 42 [0] (value -- result) [pure];

            /// Call `__exit__` with the exception being handled.
            WITH_EXCEPT_START = 43 [0] (exit_func, exit_self, lasti, previous, exception -- exit_func, exit_self, lasti, previous, exception, result) [error escapes];

            /// Apply the binary operator `oparg` (of the `NB_*` table) to two values.
            BINARY_OP = 44 [5] (lhs, rhs -- result) [arg error escapes];

            /// Make an interpolation of a value, its text, and, if bit 0 is set, a format specification; the conversion is `oparg >> 2`.
            BUILD_INTERPOLATION = 45 [0] (value, text, format[oparg & 1] -- interpolation) [arg error escapes];

            /// Make a list of `oparg` values.
            BUILD_LIST = 46 [0] (values[oparg] -- list) [arg error escapes];

            /// Make a dict of `oparg` keys and values.
            BUILD_MAP = 47 [0] (values[oparg * 2] -- map) [arg error escapes];

            /// Make a set of `oparg` values.
            BUILD_SET = 48 [0] (values[oparg] -- set) [arg error escapes];

            /// Make a slice of two or three values.
            BUILD_SLICE = 49 [0] (args[oparg] -- slice) [arg error];

            /// Concatenate `oparg` strings.
            BUILD_STRING = 50 [0] (pieces[oparg] -- text) [arg error];

            /// Make a tuple of `oparg` values.
            BUILD_TUPLE = 51 [0] (values[oparg] -- tuple) [arg error];

            /// Call with `oparg` positional arguments.
            CALL = 52 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes];

            /// Call the one-argument intrinsic function `oparg`.
            CALL_INTRINSIC_1 = 53 [0] (value -- result) [arg error escapes];

            /// Call the two-argument intrinsic function `oparg`.
            CALL_INTRINSIC_2 = 54 [0] (value2, value1 -- result) [arg error escapes];

            /// Call with `oparg` arguments, the last of which are named by a tuple.
            CALL_KW = 55 [3] (callable, self_or_null, args[oparg], names -- result) [arg error escapes];

            /// Compare two values; the operator is `oparg >> 5`, bit 4 asks for a bool.
            COMPARE_OP = 56 [1] (lhs, rhs -- result) [arg error escapes];

            /// Test for membership, inverted if `oparg` is 1.
            CONTAINS_OP = 57 [1] (lhs, rhs -- result) [arg error escapes];

            /// Convert with `str`, `repr` or `ascii` (1, 2, 3).
            CONVERT_VALUE = 58 [0] (value -- result) [arg error escapes];

            /// Push a copy of the item `oparg` from the top, counted from 1.
            COPY = 59 [0] (bottom, unused[oparg - 1] -- bottom, unused[oparg - 1], top) [arg pure];

            /// Copy the `oparg` cells of the function's closure into the frame.
            COPY_FREE_VARS = 60 [0] (--) [arg];

            /// Do `del owner.name`.
            DELETE_ATTR = 61 [0] (owner --) [arg name error escapes];

            /// Empty a cell.
            DELETE_DEREF = 62 [0] (--) [arg free error escapes];

            /// Unbind a local variable.
            DELETE_FAST = 63 [0] (--) [arg local error escapes];

            /// Delete a global variable.
            DELETE_GLOBAL = 64 [0] (--) [arg name error escapes];

            /// Delete a name from the local namespace.
            DELETE_NAME = 65 [0] (--) [arg name error escapes];

            /// Merge a mapping of keyword arguments into a dict; a duplicate is an error.
            DICT_MERGE = 66 [0] (callable, null, dunno, dict, unused[oparg - 1], update -- callable, null, dunno, dict, unused[oparg - 1]) [arg error escapes];

            /// Update the dict `oparg` below with a mapping.
            DICT_UPDATE = 67 [0] (dict, unused[oparg - 1], update -- dict, unused[oparg - 1]) [arg error escapes];

            /// End an `async for` on StopAsyncIteration, or raise again; the argument leads back to the loop's `SEND`.
            END_ASYNC_FOR = 68 [0] (awaitable, exception --) [arg jump error escapes];

            /// Supply the next higher byte of the following instruction's argument.
            EXTENDED_ARG = 69 [0] (--) [arg];

            /// Push the next value of an iterator, or jump when it is exhausted.
            FOR_ITER = 70 [1] (iter -- iter, next) [arg jump error escapes];

            /// Push the iterator that `await` drives; `oparg` says why, for the error.
            GET_AWAITABLE = 71 [0] (iterable -- iter) [arg error escapes];

            /// Push the attribute of a module, for `from module import name`.
            IMPORT_FROM = 72 [0] (module -- module, value) [arg name error escapes];

            /// Import a module.
            IMPORT_NAME = 73 [0] (level, fromlist -- module) [arg name error escapes];

            /// Test for identity, inverted if `oparg` is 1.
            IS_OP = 74 [0] (lhs, rhs -- result) [arg];

            /// Jump backward by `oparg`, checking for pending work.
            JUMP_BACKWARD = 75 [1] (--) [arg jump eval_break error escapes];

            /// Jump backward by `oparg` without a check.
            JUMP_BACKWARD_NO_INTERRUPT = 76 [0] (--) [arg jump];

            /// Jump forward by `oparg`.
            JUMP_FORWARD = 77 [0] (--) [arg jump];

            /// Append a value to the list `oparg` below.
            LIST_APPEND = 78 [0] (list, unused[oparg - 1], value -- list, unused[oparg - 1]) [arg error];

            /// Extend the list `oparg` below with an iterable.
            LIST_EXTEND = 79 [0] (list, unused[oparg - 1], iterable -- list, unused[oparg - 1]) [arg error escapes];

            /// Push an attribute; with bit 0 set, a method and its `self`, or the attribute and null. The name is `oparg >> 1`.
            LOAD_ATTR = 80 [9] (owner -- attr, self_or_null[oparg & 1]) [arg name error escapes];

            /// Push one of a few common builtin objects.
            LOAD_COMMON_CONSTANT = 81 [0] (-- value) [arg];

            /// Push a constant.
            LOAD_CONST = 82 [0] (-- value) [arg constant];

            /// Push the content of a cell.
            LOAD_DEREF = 83 [0] (-- value) [arg local error escapes];

            /// Push a local variable that is known to be bound.
            LOAD_FAST = 84 [0] (-- value) [arg local pure];

            /// Push a local variable, or null if it is unbound, and unbind it.
            LOAD_FAST_AND_CLEAR = 85 [0] (-- value) [arg local];

            /// Push a local variable without counting the reference.
            LOAD_FAST_BORROW = 86 [0] (-- value) [arg local pure];

            /// Push two local variables without counting; their numbers are `oparg >> 4` and `oparg & 15`.
            LOAD_FAST_BORROW_LOAD_FAST_BORROW = 87 [0] (-- value1, value2) [arg local];

            /// Push a local variable, or raise UnboundLocalError.
            LOAD_FAST_CHECK = 88 [0] (-- value) [arg local error escapes];

            /// Push two local variables; their numbers are `oparg >> 4` and `oparg & 15`.
            LOAD_FAST_LOAD_FAST = 89 [0] (-- value1, value2) [arg local];

            /// Push a name from a mapping, or else the content of a cell.
            LOAD_FROM_DICT_OR_DEREF = 90 [0] (mapping -- value) [arg free error escapes];

            /// Push a name from a mapping, or else a global variable.
            LOAD_FROM_DICT_OR_GLOBALS = 91 [0] (mapping -- value) [arg name error escapes];

            /// Push a global variable, and a null if bit 0 is set. The name is `oparg >> 1`.
            LOAD_GLOBAL = 92 [4] (-- value, null[oparg & 1]) [arg name error escapes];

            /// Push a name from the locals, globals or builtins.
            LOAD_NAME = 93 [0] (-- value) [arg name error escapes];

            /// Push the int `oparg`.
            LOAD_SMALL_INT = 94 [0] (-- value) [arg];

            /// Push the special method `oparg` of an object and its `self`.
            LOAD_SPECIAL = 95 [0] (owner -- attr, self_or_null) [arg error escapes];

            /// Push an attribute found by `super`; bit 0 asks for a method, bit 1 says that `super` had two arguments.
            LOAD_SUPER_ATTR = 96 [1] (global_super, class, instance -- attr, null[oparg & 1]) [arg name error escapes];

            /// Put a cell around a local variable.
            MAKE_CELL = 97 [0] (--) [arg free error escapes];

            /// Set a key of the dict `oparg` below.
            MAP_ADD = 98 [0] (dict, unused[oparg - 1], key, value -- dict, unused[oparg - 1]) [arg error escapes];

            /// Push a tuple of the attributes of a class pattern, or None.
            MATCH_CLASS = 99 [0] (subject, class, names -- attrs_or_none) [arg error escapes];

            /// Jump if the bool on top is false; pop it.
            POP_JUMP_IF_FALSE = 100 [1] (condition --) [arg jump];

            /// Jump if the value on top is None; pop it.
            POP_JUMP_IF_NONE = 101 [1] (value --) [arg jump];

            /// Jump if the value on top is not None; pop it.
            POP_JUMP_IF_NOT_NONE = 102 [1] (value --) [arg jump];

            /// Jump if the bool on top is true; pop it.
            POP_JUMP_IF_TRUE = 103 [1] (condition --) [arg jump];

            /// Raise again (0), an exception (1), or an exception with its cause (2).
            RAISE_VARARGS = 104 [0] (args[oparg] --) [arg error escapes];

            /// Raise the exception on top again; a non-zero `oparg` restores the instruction pointer kept below.
            RERAISE = 105 [0] (values[oparg], exception -- values[oparg]) [arg error escapes];

            /// Send a value to an iterator; push what it yields, or jump when it returns.
            SEND = 106 [1] (receiver, value -- receiver, result) [arg jump error escapes];

            /// Add a value to the set `oparg` below.
            SET_ADD = 107 [0] (set, unused[oparg - 1], value -- set, unused[oparg - 1]) [arg error escapes];

            /// Set defaults, annotations or closure of a new function.
            SET_FUNCTION_ATTRIBUTE = 108 [0] (attr, function -- function) [arg error escapes];

            /// Update the set `oparg` below with an iterable.
            SET_UPDATE = 109 [0] (set, unused[oparg - 1], iterable -- set, unused[oparg - 1]) [arg error escapes];

            /// Do `owner.name = value`.
            STORE_ATTR = 110 [4] (value, owner --) [arg name error escapes];

            /// Set the content of a cell.
            STORE_DEREF = 111 [0] (value --) [arg free escapes];

            /// Pop a value into a local variable.
            STORE_FAST = 112 [0] (value --) [arg local escapes];

            /// Pop into the local `oparg >> 4`, push the local `oparg & 15`.
            STORE_FAST_LOAD_FAST = 113 [0] (value1 -- value2) [arg local escapes];

            /// Pop into the local `oparg >> 4`, then into the local `oparg & 15`.
            STORE_FAST_STORE_FAST = 114 [0] (value2, value1 --) [arg local escapes];

            /// Pop into a global variable.
            STORE_GLOBAL = 115 [0] (value --) [arg name error escapes];

            /// Pop into a name of the local namespace.
            STORE_NAME = 116 [0] (value --) [arg name error escapes];

            /// Swap the top with the item `oparg` from the top, counted from 1.
            SWAP = 117 [0] (bottom, unused[oparg - 2], top -- bottom, unused[oparg - 2], top) [arg pure];

            /// Unpack with a starred target: `oparg & 255` values before it, `oparg >> 8` after it.
            UNPACK_EX = 118 [0] (seq -- right[oparg >> 8], middle, left[oparg & 255]) [arg error escapes];

            /// Unpack exactly `oparg` values, the first one on top.
            UNPACK_SEQUENCE = 119 [1] (seq -- values[oparg]) [arg error escapes];

            /// Suspend the generator with a value.
            YIELD_VALUE = 120 [0] (value -- sent) [arg escapes];

            /// Start, or start again: check for pending work; `oparg` says where.
            RESUME = 128 [0] (--) [arg eval_break error escapes];

            /// `BINARY_OP` for two exact floats and `+`.
            BINARY_OP_ADD_FLOAT = 129 [5] (lhs, rhs -- result) [error] of BINARY_OP;

            /// `BINARY_OP` for two exact ints and `+`.
            BINARY_OP_ADD_INT = 130 [5] (lhs, rhs -- result) [error escapes] of BINARY_OP;

            /// `BINARY_OP` for two exact strings and `+`.
            BINARY_OP_ADD_UNICODE = 131 [5] (lhs, rhs -- result) [error] of BINARY_OP;

            /// `BINARY_OP` for a pair of types with a registered fast function.
            BINARY_OP_EXTEND = 132 [5] (lhs, rhs -- result) [error escapes] of BINARY_OP;

            /// `BINARY_OP` for two exact floats and `*`.
            BINARY_OP_MULTIPLY_FLOAT = 133 [5] (lhs, rhs -- result) [error] of BINARY_OP;

            /// `BINARY_OP` for two exact ints and `*`.
            BINARY_OP_MULTIPLY_INT = 134 [5] (lhs, rhs -- result) [error escapes] of BINARY_OP;

            /// `BINARY_OP` for subscribing an exact dict.
            BINARY_OP_SUBSCR_DICT = 135 [5] (lhs, rhs -- result) [error escapes] of BINARY_OP;

            /// `BINARY_OP` for subscribing through a Python `__getitem__`.
            BINARY_OP_SUBSCR_GETITEM = 136 [5] (lhs, rhs -- result) [] of BINARY_OP;

            /// `BINARY_OP` for subscribing a list with a small non-negative int.
            BINARY_OP_SUBSCR_LIST_INT = 137 [5] (lhs, rhs -- result) [escapes] of BINARY_OP;

            /// `BINARY_OP` for subscribing a list with a slice.
            BINARY_OP_SUBSCR_LIST_SLICE = 138 [5] (lhs, rhs -- result) [error escapes] of BINARY_OP;

            /// `BINARY_OP` for subscribing a string with a small non-negative int.
            BINARY_OP_SUBSCR_STR_INT = 139 [5] (lhs, rhs -- result) [escapes] of BINARY_OP;

            /// `BINARY_OP` for subscribing a tuple with a small non-negative int.
            BINARY_OP_SUBSCR_TUPLE_INT = 140 [5] (lhs, rhs -- result) [] of BINARY_OP;

            /// `BINARY_OP` for two exact floats and `-`.
            BINARY_OP_SUBTRACT_FLOAT = 141 [5] (lhs, rhs -- result) [error] of BINARY_OP;

            /// `BINARY_OP` for two exact ints and `-`.
            BINARY_OP_SUBTRACT_INT = 142 [5] (lhs, rhs -- result) [error escapes] of BINARY_OP;

            /// `CALL` of a class: allocate, and enter a Python `__init__`.
            CALL_ALLOC_AND_ENTER_INIT = 143 [3] (callable, self_or_null, args[oparg] -- result) [arg error escapes] of CALL;

            /// `CALL` of a bound Python method with exactly its arguments.
            CALL_BOUND_METHOD_EXACT_ARGS = 144 [3] (callable, self_or_null, args[oparg] -- result) [arg escapes] of CALL;

            /// `CALL` of a bound Python method.
            CALL_BOUND_METHOD_GENERAL = 145 [3] (callable, self_or_null, args[oparg] -- result) [arg error escapes] of CALL;

            /// `CALL` of a builtin class with a vectorcall.
            CALL_BUILTIN_CLASS = 146 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of a builtin function with positional arguments.
            CALL_BUILTIN_FAST = 147 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of a builtin function that takes keywords.
            CALL_BUILTIN_FAST_WITH_KEYWORDS = 148 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of a builtin function with one argument.
            CALL_BUILTIN_O = 149 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of `isinstance` with two arguments.
            CALL_ISINSTANCE = 150 [3] (callable, self_or_null, args[oparg] -- result) [arg error escapes] of CALL;

            /// `CALL_KW` of a bound Python method.
            CALL_KW_BOUND_METHOD = 151 [3] (callable, self_or_null, args[oparg], names -- result) [arg error escapes] of CALL_KW;

            /// `CALL_KW` of anything but a Python function.
            CALL_KW_NON_PY = 152 [3] (callable, self_or_null, args[oparg], names -- result) [arg eval_break error escapes] of CALL_KW;

            /// `CALL_KW` of a Python function.
            CALL_KW_PY = 153 [3] (callable, self_or_null, args[oparg], names -- result) [arg error escapes] of CALL_KW;

            /// `CALL` of `len` with one argument.
            CALL_LEN = 154 [3] (callable, self_or_null, args[oparg] -- result) [error escapes] of CALL;

            /// `CALL` of `list.append` whose result is dropped.
            CALL_LIST_APPEND = 155 [3] (callable, list, arg --) [arg error escapes] of CALL;

            /// `CALL` of a builtin method with positional arguments.
            CALL_METHOD_DESCRIPTOR_FAST = 156 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of a builtin method that takes keywords.
            CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS = 157 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of a builtin method without arguments.
            CALL_METHOD_DESCRIPTOR_NOARGS = 158 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of a builtin method with one argument.
            CALL_METHOD_DESCRIPTOR_O = 159 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of anything but a Python function.
            CALL_NON_PY_GENERAL = 160 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of a Python function with exactly its arguments.
            CALL_PY_EXACT_ARGS = 161 [3] (callable, self_or_null, args[oparg] -- result) [arg] of CALL;

            /// `CALL` of a Python function.
            CALL_PY_GENERAL = 162 [3] (callable, self_or_null, args[oparg] -- result) [arg error escapes] of CALL;

            /// `CALL` of `str` with one argument.
            CALL_STR_1 = 163 [3] (callable, null, arg -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of `tuple` with one argument.
            CALL_TUPLE_1 = 164 [3] (callable, null, arg -- result) [arg eval_break error escapes] of CALL;

            /// `CALL` of `type` with one argument.
            CALL_TYPE_1 = 165 [3] (callable, null, arg -- result) [arg escapes] of CALL;

            /// `COMPARE_OP` for two exact floats.
            COMPARE_OP_FLOAT = 166 [1] (lhs, rhs -- result) [arg] of COMPARE_OP;

            /// `COMPARE_OP` for two exact ints.
            COMPARE_OP_INT = 167 [1] (lhs, rhs -- result) [arg] of COMPARE_OP;

            /// `COMPARE_OP` for equality of two exact strings.
            COMPARE_OP_STR = 168 [1] (lhs, rhs -- result) [arg] of COMPARE_OP;

            /// `CONTAINS_OP` for an exact dict.
            CONTAINS_OP_DICT = 169 [1] (lhs, rhs -- result) [arg error escapes] of CONTAINS_OP;

            /// `CONTAINS_OP` for an exact set or frozenset.
            CONTAINS_OP_SET = 170 [1] (lhs, rhs -- result) [arg error escapes] of CONTAINS_OP;

            /// `FOR_ITER` over a generator, entered directly.
            FOR_ITER_GEN = 171 [1] (iter -- iter, next) [arg] of FOR_ITER;

            /// `FOR_ITER` over a list.
            FOR_ITER_LIST = 172 [1] (iter -- iter, next) [arg jump escapes] of FOR_ITER;

            /// `FOR_ITER` over a range.
            FOR_ITER_RANGE = 173 [1] (iter -- iter, next) [arg jump error] of FOR_ITER;

            /// `FOR_ITER` over a tuple.
            FOR_ITER_TUPLE = 174 [1] (iter -- iter, next) [arg jump escapes] of FOR_ITER;

            /// `JUMP_BACKWARD` that counts towards compiling the loop.
            JUMP_BACKWARD_JIT = 175 [1] (--) [arg jump eval_break error escapes] of JUMP_BACKWARD;

            /// `JUMP_BACKWARD` without counting.
            JUMP_BACKWARD_NO_JIT = 176 [1] (--) [arg jump eval_break error escapes] of JUMP_BACKWARD;

            /// `LOAD_ATTR` of a class.
            LOAD_ATTR_CLASS = 177 [9] (owner -- attr, self_or_null[oparg & 1]) [arg] of LOAD_ATTR;

            /// `LOAD_ATTR` of a class method of a class.
            LOAD_ATTR_CLASS_WITH_METACLASS_CHECK = 178 [9] (owner -- attr, self_or_null[oparg & 1]) [arg] of LOAD_ATTR;

            /// `LOAD_ATTR` through a Python `__getattribute__`.
            LOAD_ATTR_GETATTRIBUTE_OVERRIDDEN = 179 [9] (owner -- attr) [arg name] of LOAD_ATTR;

            /// `LOAD_ATTR` of a value stored inline in the instance.
            LOAD_ATTR_INSTANCE_VALUE = 180 [9] (owner -- attr, self_or_null[oparg & 1]) [arg escapes] of LOAD_ATTR;

            /// `LOAD_ATTR` of a class method by an instance that may have attributes of its own.
            LOAD_ATTR_METHOD_LAZY_DICT = 181 [9] (owner -- attr, receiver) [arg] of LOAD_ATTR;

            /// `LOAD_ATTR` of a method where the type has no instance dicts.
            LOAD_ATTR_METHOD_NO_DICT = 182 [9] (owner -- attr, receiver) [arg] of LOAD_ATTR;

            /// `LOAD_ATTR` of a method where instances store values inline.
            LOAD_ATTR_METHOD_WITH_VALUES = 183 [9] (owner -- attr, receiver) [arg] of LOAD_ATTR;

            /// `LOAD_ATTR` of a module.
            LOAD_ATTR_MODULE = 184 [9] (owner -- attr, self_or_null[oparg & 1]) [arg escapes] of LOAD_ATTR;

            /// `LOAD_ATTR` of a plain class attribute where the type has no instance dicts.
            LOAD_ATTR_NONDESCRIPTOR_NO_DICT = 185 [9] (owner -- attr) [arg escapes] of LOAD_ATTR;

            /// `LOAD_ATTR` of a plain class attribute where instances store values inline.
            LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES = 186 [9] (owner -- attr) [arg escapes] of LOAD_ATTR;

            /// `LOAD_ATTR` through a property with a Python getter.
            LOAD_ATTR_PROPERTY = 187 [9] (owner -- attr) [arg] of LOAD_ATTR;

            /// `LOAD_ATTR` of a slot.
            LOAD_ATTR_SLOT = 188 [9] (owner -- attr, self_or_null[oparg & 1]) [arg] of LOAD_ATTR;

            /// `LOAD_ATTR` from the instance's dict at a remembered place.
            LOAD_ATTR_WITH_HINT = 189 [9] (owner -- attr, self_or_null[oparg & 1]) [arg name escapes] of LOAD_ATTR;

            /// `LOAD_CONST` of an immortal object.
            LOAD_CONST_IMMORTAL = 190 [0] (-- value) [arg constant] of LOAD_CONST;

            /// `LOAD_CONST` of a counted object.
            LOAD_CONST_MORTAL = 191 [0] (-- value) [arg constant] of LOAD_CONST;

            /// `LOAD_GLOBAL` found in the builtins.
            LOAD_GLOBAL_BUILTIN = 192 [4] (-- value, null[oparg & 1]) [arg] of LOAD_GLOBAL;

            /// `LOAD_GLOBAL` found in the module.
            LOAD_GLOBAL_MODULE = 193 [4] (-- value, null[oparg & 1]) [arg] of LOAD_GLOBAL;

            /// `LOAD_SUPER_ATTR` of an attribute, for the true `super`.
            LOAD_SUPER_ATTR_ATTR = 194 [1] (global_super, class, instance -- attr) [arg name error escapes] of LOAD_SUPER_ATTR;

            /// `LOAD_SUPER_ATTR` of a method, for the true `super`.
            LOAD_SUPER_ATTR_METHOD = 195 [1] (global_super, class, instance -- attr, self_or_null) [arg name error escapes] of LOAD_SUPER_ATTR;

            /// `RESUME` when nothing is pending.
            RESUME_CHECK = 196 [0] (--) [] of RESUME;

            /// `SEND` to a generator, entered directly.
            SEND_GEN = 197 [1] (receiver, value -- receiver, result) [arg] of SEND;

            /// `STORE_ATTR` to a value stored inline in the instance.
            STORE_ATTR_INSTANCE_VALUE = 198 [4] (value, owner --) [escapes] of STORE_ATTR;

            /// `STORE_ATTR` to a slot.
            STORE_ATTR_SLOT = 199 [4] (value, owner --) [escapes] of STORE_ATTR;

            /// `STORE_ATTR` to the instance's dict at a remembered place.
            STORE_ATTR_WITH_HINT = 200 [4] (value, owner --) [arg name escapes] of STORE_ATTR;

            /// `STORE_SUBSCR` to an exact dict.
            STORE_SUBSCR_DICT = 201 [1] (value, container, sub --) [error escapes] of STORE_SUBSCR;

            /// `STORE_SUBSCR` to a list with a small non-negative int.
            STORE_SUBSCR_LIST_INT = 202 [1] (value, container, sub --) [escapes] of STORE_SUBSCR;

            /// `TO_BOOL` of an instance whose type has neither `__bool__` nor `__len__`.
            TO_BOOL_ALWAYS_TRUE = 203 [3] (value -- truth) [escapes] of TO_BOOL;

            /// `TO_BOOL` of a bool.
            TO_BOOL_BOOL = 204 [3] (value -- truth) [] of TO_BOOL;

            /// `TO_BOOL` of an int.
            TO_BOOL_INT = 205 [3] (value -- truth) [escapes] of TO_BOOL;

            /// `TO_BOOL` of a list.
            TO_BOOL_LIST = 206 [3] (value -- truth) [] of TO_BOOL;

            /// `TO_BOOL` of None.
            TO_BOOL_NONE = 207 [3] (value -- truth) [] of TO_BOOL;

            /// `TO_BOOL` of a string.
            TO_BOOL_STR = 208 [3] (value -- truth) [escapes] of TO_BOOL;

            /// `UNPACK_SEQUENCE` of a list.
            UNPACK_SEQUENCE_LIST = 209 [1] (seq -- values[oparg]) [arg] of UNPACK_SEQUENCE;

            /// `UNPACK_SEQUENCE` of a tuple.
            UNPACK_SEQUENCE_TUPLE = 210 [1] (seq -- values[oparg]) [arg] of UNPACK_SEQUENCE;

            /// `UNPACK_SEQUENCE` of a tuple of two.
            UNPACK_SEQUENCE_TWO_TUPLE = 211 [1] (seq -- value1, value0) [arg escapes] of UNPACK_SEQUENCE;

            /// `FOR_ITER` over pairs that the next instruction unpacks, without making them. Not CPython's.
            FOR_ITER_PAIR = 212 [1] (iter -- iter, second, first) [arg jump error escapes] of FOR_ITER;

            /// `END_FOR`, monitored.
            INSTRUMENTED_END_FOR = 234 [0] (receiver, value -- receiver) [error escapes] of END_FOR;

            /// `POP_ITER`, monitored.
            INSTRUMENTED_POP_ITER = 235 [0] (iter --) [escapes] of POP_ITER;

            /// `END_SEND`, monitored.
            INSTRUMENTED_END_SEND = 236 [0] (receiver, value -- value) [error escapes] of END_SEND;

            /// `FOR_ITER`, monitored.
            INSTRUMENTED_FOR_ITER = 237 [1] (iter -- iter, next) [arg jump error escapes] of FOR_ITER;

            /// Any instruction under per-instruction monitoring.
            INSTRUMENTED_INSTRUCTION = 238 [0] (--) [error escapes];

            /// `JUMP_FORWARD`, monitored.
            INSTRUMENTED_JUMP_FORWARD = 239 [0] (--) [arg] of JUMP_FORWARD;

            /// `NOT_TAKEN`, monitored.
            INSTRUMENTED_NOT_TAKEN = 240 [0] (--) [] of NOT_TAKEN;

            /// `POP_JUMP_IF_TRUE`, monitored.
            INSTRUMENTED_POP_JUMP_IF_TRUE = 241 [1] (condition --) [arg] of POP_JUMP_IF_TRUE;

            /// `POP_JUMP_IF_FALSE`, monitored.
            INSTRUMENTED_POP_JUMP_IF_FALSE = 242 [1] (condition --) [arg] of POP_JUMP_IF_FALSE;

            /// `POP_JUMP_IF_NONE`, monitored.
            INSTRUMENTED_POP_JUMP_IF_NONE = 243 [1] (value --) [arg escapes] of POP_JUMP_IF_NONE;

            /// `POP_JUMP_IF_NOT_NONE`, monitored.
            INSTRUMENTED_POP_JUMP_IF_NOT_NONE = 244 [1] (value --) [arg escapes] of POP_JUMP_IF_NOT_NONE;

            /// `RESUME`, monitored.
            INSTRUMENTED_RESUME = 245 [0] (--) [arg eval_break error escapes] of RESUME;

            /// `RETURN_VALUE`, monitored.
            INSTRUMENTED_RETURN_VALUE = 246 [0] (value -- result) [error escapes] of RETURN_VALUE;

            /// `YIELD_VALUE`, monitored.
            INSTRUMENTED_YIELD_VALUE = 247 [0] (value -- sent) [arg error escapes] of YIELD_VALUE;

            /// `END_ASYNC_FOR`, monitored.
            INSTRUMENTED_END_ASYNC_FOR = 248 [0] (awaitable, exception --) [arg jump error escapes] of END_ASYNC_FOR;

            /// `LOAD_SUPER_ATTR`, monitored.
            INSTRUMENTED_LOAD_SUPER_ATTR = 249 [1] (global_super, class, instance -- attr, null[oparg & 1]) [arg name error escapes] of LOAD_SUPER_ATTR;

            /// `CALL`, monitored.
            INSTRUMENTED_CALL = 250 [3] (callable, self_or_null, args[oparg] -- result) [arg eval_break error escapes] of CALL;

            /// `CALL_KW`, monitored.
            INSTRUMENTED_CALL_KW = 251 [3] (callable, self_or_null, args[oparg], names -- result) [arg error escapes] of CALL_KW;

            /// `CALL_FUNCTION_EX`, monitored.
            INSTRUMENTED_CALL_FUNCTION_EX = 252 [0] (callable, self_or_null, args, kwargs -- result) [eval_break error escapes] of CALL_FUNCTION_EX;

            /// `JUMP_BACKWARD`, monitored.
            INSTRUMENTED_JUMP_BACKWARD = 253 [1] (--) [arg eval_break error escapes] of JUMP_BACKWARD;

            /// Any instruction that starts a line, under line monitoring.
            INSTRUMENTED_LINE = 254 [0] (--) [escapes];

            /// Enter machine code compiled for a loop.
            ENTER_EXECUTOR = 255 [0] (--) [arg];

            /// Pseudo: where the deferred annotations of a module or class are set up.
            ANNOTATIONS_PLACEHOLDER = 256 [0] (--) [pure];

            /// Pseudo: jump in whichever direction the target lies.
            JUMP = 257 [0] (--) [arg jump eval_break error escapes];

            /// Pseudo: jump if the value on top is false; keep it.
            JUMP_IF_FALSE = 258 [0] (condition -- condition) [arg jump error escapes];

            /// Pseudo: jump if the value on top is true; keep it.
            JUMP_IF_TRUE = 259 [0] (condition -- condition) [arg jump error escapes];

            /// Pseudo: `JUMP` without a check for pending work.
            JUMP_NO_INTERRUPT = 260 [0] (--) [arg jump];

            /// Pseudo: push the cell of a variable.
            LOAD_CLOSURE = 261 [0] (-- value) [arg local pure];

            /// Pseudo: end of the innermost exception handler's range.
            POP_BLOCK = 262 [0] (--) [pure];

            /// Pseudo: start of a range whose handler needs the instruction pointer.
            SETUP_CLEANUP = 263 [0] (-- lasti, exception) [arg pure];

            /// Pseudo: start of a range with an exception handler.
            SETUP_FINALLY = 264 [0] (-- exception) [arg pure];

            /// Pseudo: start of the body of a `with`.
            SETUP_WITH = 265 [0] (-- exception) [arg pure];

            /// Pseudo: pop a value or null into a local variable.
            STORE_FAST_MAYBE_NULL = 266 [0] (value --) [arg local escapes];
        }
    };
}
