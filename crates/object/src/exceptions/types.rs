//! The table of exception types.

use crate::{Type, declare::StaticType};

macro_rules! exceptions {
    ($($name:ident : $base:ident, $doc:literal;)*) => { $(
        #[doc = $doc]
        #[allow(non_snake_case, reason = "named as in Python")]
        #[inline(always)]
        pub fn $name() -> &'static Type {
            static TYPE: StaticType = StaticType::new();
            TYPE.get()
        }
    )* };
}

exceptions! {
    BaseException: object, "Common base class for all exceptions.";
    BaseExceptionGroup: BaseException, "A combination of multiple unrelated exceptions.";
    GeneratorExit: BaseException, "Request that a generator exit.";
    KeyboardInterrupt: BaseException, "Program interrupted by user.";
    SystemExit: BaseException, "Request to exit from the interpreter.";
    Exception: BaseException, "Common base class for all non-exit exceptions.";
    ArithmeticError: Exception, "Base class for arithmetic errors.";
    FloatingPointError: ArithmeticError, "Floating-point operation failed.";
    OverflowError: ArithmeticError, "Result too large to be represented.";
    ZeroDivisionError: ArithmeticError, "Second argument to a division or modulo operation was zero.";
    AssertionError: Exception, "Assertion failed.";
    AttributeError: Exception, "Attribute not found.";
    BufferError: Exception, "Buffer error.";
    EOFError: Exception, "Read beyond end of file.";
    ImportError: Exception, "Import can't find module, or can't find name in module.";
    ModuleNotFoundError: ImportError, "Module not found.";
    LookupError: Exception, "Base class for lookup errors.";
    IndexError: LookupError, "Sequence index out of range.";
    KeyError: LookupError, "Mapping key not found.";
    MemoryError: Exception, "Out of memory.";
    NameError: Exception, "Name not found globally.";
    UnboundLocalError: NameError, "Local name referenced but not bound to a value.";
    OSError: Exception, "Base class for I/O related errors.";
    BlockingIOError: OSError, "I/O operation would block.";
    ChildProcessError: OSError, "Child process error.";
    ConnectionError: OSError, "Connection error.";
    BrokenPipeError: ConnectionError, "Broken pipe.";
    ConnectionAbortedError: ConnectionError, "Connection aborted.";
    ConnectionRefusedError: ConnectionError, "Connection refused.";
    ConnectionResetError: ConnectionError, "Connection reset.";
    FileExistsError: OSError, "File already exists.";
    FileNotFoundError: OSError, "File not found.";
    InterruptedError: OSError, "Interrupted by signal.";
    IsADirectoryError: OSError, "Operation doesn't work on directories.";
    NotADirectoryError: OSError, "Operation only works on directories.";
    PermissionError: OSError, "Not enough permissions.";
    ProcessLookupError: OSError, "Process not found.";
    TimeoutError: OSError, "Timeout expired.";
    ReferenceError: Exception, "Weak ref proxy used after referent went away.";
    RuntimeError: Exception, "Unspecified run-time error.";
    NotImplementedError: RuntimeError, "Method or function hasn't been implemented yet.";
    PythonFinalizationError: RuntimeError, "Operation blocked during Python finalization.";
    RecursionError: RuntimeError, "Recursion limit exceeded.";
    StopAsyncIteration: Exception, "Signal the end from iterator.__anext__().";
    StopIteration: Exception, "Signal the end from iterator.__next__().";
    SyntaxError: Exception, "Invalid syntax.";
    IndentationError: SyntaxError, "Improper indentation.";
    TabError: IndentationError, "Improper mixture of spaces and tabs.";
    SystemError: Exception, "Internal error in the Python interpreter.";
    TypeError: Exception, "Inappropriate argument type.";
    ValueError: Exception, "Inappropriate argument value (of correct type).";
    UnicodeError: ValueError, "Unicode related error.";
    UnicodeDecodeError: UnicodeError, "Unicode decoding error.";
    UnicodeEncodeError: UnicodeError, "Unicode encoding error.";
    UnicodeTranslateError: UnicodeError, "Unicode translation error.";
    Warning: Exception, "Base class for warning categories.";
    BytesWarning: Warning, "Base class for warnings about bytes and buffer related problems.";
    DeprecationWarning: Warning, "Base class for warnings about deprecated features.";
    EncodingWarning: Warning, "Base class for warnings about encodings.";
    FutureWarning: Warning, "Base class for warnings about constructs that will change semantically in the future.";
    ImportWarning: Warning, "Base class for warnings about probable mistakes in module imports";
    PendingDeprecationWarning: Warning, "Base class for warnings about features which will be deprecated in the future.";
    ResourceWarning: Warning, "Base class for warnings about resource usage.";
    RuntimeWarning: Warning, "Base class for warnings about dubious runtime behavior.";
    SyntaxWarning: Warning, "Base class for warnings about dubious syntax.";
    UnicodeWarning: Warning, "Base class for warnings about Unicode related problems.";
    UserWarning: Warning, "Base class for warnings generated by user code.";
}
