//! The compiler's doorways: verdicts, errors, warnings, nesting.
//!
//! That its code equals CPython's is tested over the whole library, by the
//! identity task.

use compiler::{CompileError, ErrorKind, Mode, Options, compile, parse};

fn error(source: &str) -> CompileError {
    match compile(source, "<test>", &Options::default()) {
        Err(error) => *error,
        Ok(_) => panic!("compiled: {source}"),
    }
}

fn check_error(source: &str, message: &str, position: [i32; 4]) {
    let error = error(source);
    assert_eq!(error.message, message, "{source}");
    let found = [error.lineno, error.offset, error.end_lineno, error.end_offset];
    assert_eq!(found, position, "{source}");
}

#[test]
fn syntax_errors_are_those_of_cpython() {
    check_error("ub''", "'u' and 'b' prefixes are incompatible", [1, 1, 1, 3]);
    check_error("0010 + 2", LEADING_ZEROS, [1, 1, 1, 3]);
    check_error("(1 + 2", "'(' was never closed", [1, 1, 1, 0]);
    check_error("[1, 2 3]", "invalid syntax. Perhaps you forgot a comma?", [1, 5, 1, 8]);
    check_error("None = 1", "cannot assign to None", [1, 1, 1, 5]);
    check_error("return 1", "'return' outside function", [1, 1, 1, 9]);
    check_error("f(a=1, a=2)", "keyword argument repeated: a", [1, 8, 1, 11]);
    check_error("def f(): nonlocal x", "no binding for nonlocal 'x' found", [1, 10, 1, 20]);
}

const LEADING_ZEROS: &str = "leading zeros in decimal integer literals are not permitted; use an 0o \
                             prefix for octal integers";

#[test]
fn indentation_errors_have_their_own_class() {
    assert_eq!(error("if 1:\nfoo()").kind, ErrorKind::IndentationError);
    assert_eq!(error("foo()\n bar()\n").kind, ErrorKind::IndentationError);
    assert_eq!(error("if 1:\n\tx\n        y\n").kind, ErrorKind::TabError);
}

#[test]
fn nesting_is_an_error_and_no_crash() {
    for (open, close) in [("(", ")"), ("-", ""), ("not ", ""), ("lambda: ", ""), ("a**", "")] {
        let source = format!("{}a{}", open.repeat(100_000), close.repeat(100_000));
        error(&source);
    }
    for chain in ["a+", "a if b else ", "a.", "a or "] {
        let source = format!("{}a", chain.repeat(3_000));
        assert!(compile(&source, "<test>", &Options::default()).is_ok(), "{chain}");
    }
    for nested in ["-", "not ", "x**", "x if y else ", "(lambda:"] {
        error(&format!("f'{{{}x}}'", nested.repeat(100_000)));
        error(&format!("0777; t'{{{}x}}'", nested.repeat(100_000)));
    }
    assert!(
        compile(&format!("f'{{{}x}}'", "-".repeat(3_000)), "<test>", &Options::default()).is_ok()
    );
    assert_eq!(error(&format!("a{}", "()".repeat(100_000))).kind, ErrorKind::RecursionError);
}

#[test]
fn warnings_come_with_the_code() {
    let compiled = compile("x is 'a'\n'\\d'", "<test>", &Options::default()).unwrap();
    let messages: Vec<&str> = compiled.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "\"\\d\" is an invalid escape sequence. Such sequences will not work in the future. \
             Did you mean \"\\\\d\"? A raw string is also an option.",
            "\"is\" with 'str' literal. Did you mean \"==\"?",
        ]
    );
}

#[test]
fn modes() {
    let options = |mode| Options { mode, ..Options::default() };
    assert!(compile("1 + 1", "<test>", &options(Mode::Eval)).is_ok());
    assert!(compile("x = 1", "<test>", &options(Mode::Eval)).is_err());
    assert!(compile("x = 1\ny = 2", "<test>", &options(Mode::Single)).is_err());
    assert!(parse("(int, *str) -> bool", "<test>", &options(Mode::FuncType)).is_ok());
}
