//! The command line, as CPython reads it.
//!
//! Options are single letters that can be joined (`-bB`) and a few long words.
//! `-c` and `-m` end them: what follows belongs to the program.

use crate::usage;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Command(Vec<u8>),
    Module(Vec<u8>),
    /// A script, directory or zip file.
    File(Vec<u8>),
    Stdin,
}

/// What the command line says; numbers count repetitions.
#[derive(Debug)]
pub(crate) struct CommandLine {
    pub(crate) program: Program,
    /// `sys.argv`
    pub(crate) argv: Vec<Vec<u8>>,
    pub(crate) orig_argv: Vec<Vec<u8>>,
    pub(crate) bytes_warning: i32,
    pub(crate) dont_write_bytecode: i32,
    pub(crate) debug: i32,
    pub(crate) ignore_environment: bool,
    pub(crate) inspect: i32,
    pub(crate) isolated: bool,
    pub(crate) optimize: i32,
    pub(crate) safe_path: bool,
    pub(crate) quiet: i32,
    pub(crate) no_user_site: bool,
    pub(crate) no_site: bool,
    pub(crate) unbuffered: bool,
    pub(crate) verbose: i32,
    pub(crate) random_hash: bool,
    pub(crate) skip_first_line: bool,
    pub(crate) warnings: Vec<Vec<u8>>,
    pub(crate) xoptions: Vec<Vec<u8>>,
    pub(crate) check_hash_pycs: &'static str,
}

/// What the command line asks for.
pub(crate) enum Request {
    Run(Box<CommandLine>),
    Print(String),
    Fail(String),
}

impl CommandLine {
    fn new(args: &[Vec<u8>]) -> CommandLine {
        CommandLine {
            program: Program::Stdin,
            argv: Vec::new(),
            orig_argv: args.to_vec(),
            bytes_warning: 0,
            dont_write_bytecode: 0,
            debug: 0,
            ignore_environment: false,
            inspect: 0,
            isolated: false,
            optimize: 0,
            safe_path: false,
            quiet: 0,
            no_user_site: false,
            no_site: false,
            unbuffered: false,
            verbose: 0,
            random_hash: false,
            skip_first_line: false,
            warnings: Vec::new(),
            xoptions: Vec::new(),
            check_hash_pycs: "default",
        }
    }
}

/// The version, as `-V` prints it.
pub(crate) const VERSION: &str = "3.14.10";

/// Read the arguments; the first is the program's name.
pub(crate) fn parse(args: &[Vec<u8>]) -> Request {
    let program = args
        .first()
        .map_or_else(|| "krait".to_owned(), |name| String::from_utf8_lossy(name).into_owned());
    let fail = |message: String| {
        let usage = usage::usage_line(&program);
        Request::Fail(format!("{message}{usage}Try `python -h' for more information.\n"))
    };
    let mut line = CommandLine::new(args);
    let (mut version, mut index) = (0, 1);
    let mut show: Option<fn(&str) -> String> = None;
    'args: while let Some(arg) = args.get(index) {
        if arg.first() != Some(&b'-') || arg.as_slice() == b"-" {
            break;
        }
        index += 1;
        if arg.as_slice() == b"--" {
            break;
        }
        if let Some(name) = arg.strip_prefix(b"--") {
            match name {
                b"help" => show = Some(help),
                b"help-env" => show = Some(|_| usage::ENVIRONMENT.to_owned()),
                b"help-xoptions" => show = Some(|_| usage::X_OPTIONS.to_owned()),
                b"help-all" => {
                    show = Some(|program| {
                        format!("{}\n{}\n{}", help(program), usage::ENVIRONMENT, usage::X_OPTIONS)
                    });
                }
                b"version" => version += 1,
                b"check-hash-based-pycs" => {
                    line.check_hash_pycs = match args.get(index).map(Vec::as_slice) {
                        Some(b"always") => "always",
                        Some(b"default") => "default",
                        Some(b"never") => "never",
                        Some(_) => {
                            let allowed = "'default', 'always', or 'never'";
                            let option = "--check-hash-based-pycs must be one of";
                            return fail(format!("{option} {allowed}\n"));
                        }
                        None => {
                            let option = "--check-hash-based-pycs";
                            return fail(format!("Argument expected for the {option} options\n"));
                        }
                    };
                    index += 1;
                }
                _ => {
                    let name = String::from_utf8_lossy(name);
                    return fail(format!("Unknown option: --{name}\n"));
                }
            }
            continue;
        }
        let mut letters = arg.get(1..).unwrap_or_default();
        while let Some((letter, rest)) = letters.split_first() {
            letters = rest;
            match letter {
                b'b' => line.bytes_warning += 1,
                b'B' => line.dont_write_bytecode += 1,
                b'd' => line.debug += 1,
                b'E' => line.ignore_environment = true,
                b'h' | b'?' => show = Some(help),
                b'i' => line.inspect += 1,
                b'I' => line.isolated = true,
                b'O' => line.optimize += 1,
                b'P' => line.safe_path = true,
                b'q' => line.quiet += 1,
                b'R' => line.random_hash = true,
                b's' => line.no_user_site = true,
                b'S' => line.no_site = true,
                b't' => {}
                b'u' => line.unbuffered = true,
                b'v' => line.verbose += 1,
                b'V' => version += 1,
                b'x' => line.skip_first_line = true,
                b'c' | b'm' | b'W' | b'X' => {
                    let value = if rest.is_empty() {
                        let Some(value) = args.get(index) else {
                            let letter = char::from(*letter);
                            return fail(format!("Argument expected for the -{letter} option\n"));
                        };
                        index += 1;
                        value.clone()
                    } else {
                        rest.to_vec()
                    };
                    letters = &[];
                    match letter {
                        b'W' => line.warnings.push(value),
                        b'X' => line.xoptions.push(value),
                        b'c' => {
                            line.program = Program::Command([value.as_slice(), b"\n"].concat());
                            break 'args;
                        }
                        _ => {
                            line.program = Program::Module(value);
                            break 'args;
                        }
                    }
                }
                _ => {
                    let letter = char::from(*letter);
                    return fail(format!("Unknown option: -{letter}\n"));
                }
            }
        }
    }
    if let Some(show) = show {
        return Request::Print(show(&program));
    }
    if version > 0 {
        return Request::Print(version_text(version));
    }
    let rest = args.get(index..).unwrap_or_default();
    line.argv = match &line.program {
        Program::Command(_) => with_first(b"-c", rest),
        Program::Module(_) => with_first(b"-m", rest),
        _ if rest.is_empty() => vec![Vec::new()],
        _ => rest.to_vec(),
    };
    if line.program == Program::Stdin
        && let Some(file) = rest.first()
        && file.as_slice() != b"-"
    {
        line.program = Program::File(file.clone());
    }
    Request::Run(Box::new(line))
}

fn with_first(first: &[u8], rest: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut argv = vec![first.to_vec()];
    argv.extend_from_slice(rest);
    argv
}

fn help(program: &str) -> String {
    usage::usage_line(program) + usage::OPTIONS
}

fn version_text(count: i32) -> String {
    if count == 1 {
        return format!("Python {VERSION}\n");
    }
    format!("Python {}\n", modules::sys::VERSION_TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> CommandLine {
        let args: Vec<Vec<u8>> =
            std::iter::once("krait").chain(args.iter().copied()).map(|arg| arg.into()).collect();
        match parse(&args) {
            Request::Run(line) => *line,
            Request::Print(text) | Request::Fail(text) => panic!("{text}"),
        }
    }

    fn failure(args: &[&str]) -> String {
        let args: Vec<Vec<u8>> =
            std::iter::once("krait").chain(args.iter().copied()).map(|arg| arg.into()).collect();
        match parse(&args) {
            Request::Fail(text) => text.lines().next().unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }

    #[test]
    fn letters_can_be_joined_and_a_command_ends_them() {
        let line = run(&["-bBc", "pass", "-x"]);
        assert_eq!((line.bytes_warning, line.dont_write_bytecode), (1, 1));
        assert_eq!(line.program, Program::Command(b"pass\n".to_vec()));
        assert_eq!(line.argv, [b"-c".to_vec(), b"-x".to_vec()]);
        assert!(!line.skip_first_line);
    }

    #[test]
    fn values_are_joined_or_follow() {
        let line = run(&["-Wa", "-W", "b", "-Xdev", "x.py", "-i"]);
        assert_eq!(line.warnings, [b"a".to_vec(), b"b".to_vec()]);
        assert_eq!(line.xoptions, [b"dev".to_vec()]);
        assert_eq!(line.program, Program::File(b"x.py".to_vec()));
        assert_eq!(line.inspect, 0);
    }

    #[test]
    fn a_dash_is_standard_input() {
        let line = run(&["-", "a"]);
        assert_eq!(line.program, Program::Stdin);
        assert_eq!(line.argv, [b"-".to_vec(), b"a".to_vec()]);
        assert_eq!(run(&[]).argv, [b"".to_vec()]);
    }

    #[test]
    fn wrong_options_are_named() {
        assert_eq!(failure(&["-Z"]), "Unknown option: -Z");
        assert_eq!(failure(&["--foo"]), "Unknown option: --foo");
        assert_eq!(failure(&["-c"]), "Argument expected for the -c option");
    }
}
