//! The configuration: command line, `-X` options and environment together.
//!
//! What is wrong with it is fatal before there is an interpreter, in CPython's
//! words.

use std::{env, os::unix::ffi::OsStringExt};

use object::{Flags, alloc::Mode};

use crate::{
    command_line::{CommandLine, Program},
    paths::Paths,
};

/// How to start.
pub(crate) struct Config {
    pub(crate) line: Box<CommandLine>,
    pub(crate) flags: Flags,
    pub(crate) paths: Paths,
    /// `sys.warnoptions`
    pub(crate) warnings: Vec<Vec<u8>>,
    pub(crate) malloc: Mode,
    /// Frames of a traceback of `tracemalloc`, if it is on from the start.
    pub(crate) tracemalloc: Option<i32>,
    /// Report on the allocator at the end.
    pub(crate) malloc_stats: bool,
    pub(crate) hash_secret: (u64, u64),
    pub(crate) import_time: i32,
    pub(crate) without_frozen: bool,
    /// `faulthandler` is on from the start.
    pub(crate) fault_handler: bool,
    pub(crate) pycache_prefix: Option<Vec<u8>>,
    /// Encoding and error handler of the standard streams, if given.
    pub(crate) stream_encoding: Option<String>,
    pub(crate) stream_errors: Option<String>,
    /// The locale is "C" or "POSIX" or stands in for them.
    pub(crate) is_c_locale: bool,
    /// Standard input is a terminal, or `-i` says to treat it as one.
    pub(crate) stdin_prompts: bool,
}

/// The report of a configuration that cannot be used.
fn fatal(function: &str, message: &str, state: &str) -> String {
    format!("Fatal Python error: {function}: {message}\nPython runtime state: {state}\n\n")
}

/// An environment variable, if it is set and not empty.
fn variable(name: &str) -> Option<Vec<u8>> {
    env::var_os(name).map(OsStringExt::into_vec).filter(|value| !value.is_empty())
}

/// Reads `PYTHON*` variables unless they are to be ignored.
pub(crate) struct Environment {
    ignored: bool,
}

impl Environment {
    /// The value of a variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<Vec<u8>> {
        if self.ignored { None } else { variable(name) }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    /// Raise a counter to what the variable says: its number, or 1.
    fn count(&self, name: &str, counter: &mut i32) {
        let Some(value) = self.text(name) else { return };
        let value = value.trim_start().parse::<i32>().unwrap_or(1);
        let value = if value < 0 { 1 } else { value };
        *counter = (*counter).max(value);
    }
}

impl Config {
    /// Complete the command line with the environment.
    pub(crate) fn new(line: Box<CommandLine>) -> Result<Config, String> {
        let environment = Environment { ignored: line.isolated || line.ignore_environment };
        let xoption = |name: &str| xoption(&line.xoptions, name);
        let dev_mode = xoption("dev").is_some() || environment.get("PYTHONDEVMODE").is_some();
        let malloc = match environment.text("PYTHONMALLOC") {
            None => Mode::from_name(if dev_mode { "debug" } else { "default" }).unwrap_or_default(),
            Some(name) => Mode::from_name(&name).ok_or_else(|| {
                let message = "PYTHONMALLOC: unknown allocator";
                fatal("preconfig_init_allocator", message, "preinitializing")
            })?,
        };
        check_gil(xoption("gil"), &environment)?;
        let locale = Locale::new(&environment);
        let utf8_mode = utf8_mode(xoption("utf8"), &environment, &locale)?;
        let paths = Paths::new(&line, &environment);
        let stdin_is_tty = host::terminal::isatty(0);
        let interactive = line.inspect;
        let mut flags = Flags {
            debug: line.debug,
            inspect: line.inspect,
            interactive,
            optimize: line.optimize,
            dont_write_bytecode: line.dont_write_bytecode,
            no_user_site: i32::from(line.no_user_site || line.isolated),
            no_site: i32::from(line.no_site),
            ignore_environment: i32::from(line.ignore_environment || line.isolated),
            verbose: line.verbose,
            bytes_warning: line.bytes_warning,
            quiet: line.quiet,
            hash_randomization: 1,
            isolated: i32::from(line.isolated),
            dev_mode,
            utf8_mode,
            warn_default_encoding: i32::from(
                xoption("warn_default_encoding").is_some()
                    || environment.get("PYTHONWARNDEFAULTENCODING").is_some(),
            ),
            safe_path: line.safe_path
                || line.isolated
                || environment.get("PYTHONSAFEPATH").is_some(),
            int_max_str_digits: int_max_str_digits(xoption("int_max_str_digits"), &environment)?,
            thread_inherit_context: switch(
                "thread_inherit_context",
                xoption("thread_inherit_context"),
                &environment,
            )?,
            context_aware_warnings: switch(
                "context_aware_warnings",
                xoption("context_aware_warnings"),
                &environment,
            )?,
            no_debug_ranges: xoption("no_debug_ranges").is_some()
                || environment.get("PYTHONNODEBUGRANGES").is_some(),
            ascii_names: utf8_mode == 0 && host::locale::is_ascii(),
            unbuffered: line.unbuffered || environment.get("PYTHONUNBUFFERED").is_some(),
            cpu_count: -1,
        };
        environment.count("PYTHONDEBUG", &mut flags.debug);
        environment.count("PYTHONVERBOSE", &mut flags.verbose);
        environment.count("PYTHONOPTIMIZE", &mut flags.optimize);
        environment.count("PYTHONDONTWRITEBYTECODE", &mut flags.dont_write_bytecode);
        for switch in [&mut flags.debug, &mut flags.dont_write_bytecode] {
            *switch = (*switch).min(1);
        }
        environment.count("PYTHONNOUSERSITE", &mut flags.no_user_site);
        if environment.get("PYTHONINSPECT").is_some() {
            flags.inspect = flags.inspect.max(1);
        }
        if let Some(imports_site) = paths.path_file_imports_site {
            isolate(&mut flags, imports_site);
        }
        let fault_handler = dev_mode
            || xoption("faulthandler").is_some()
            || environment.get("PYTHONFAULTHANDLER").is_some();
        let seed = hash_seed(line.random_hash, &environment)?;
        flags.hash_randomization = i32::from(seed != Some(0));
        let (stream_encoding, stream_errors) = stream_settings(&environment);
        let pycache_prefix = match xoption("pycache_prefix") {
            Some(value) => value.filter(|value| !value.is_empty()),
            None => environment.get("PYTHONPYCACHEPREFIX"),
        };
        flags.cpu_count = cpu_count(xoption("cpu_count"), &environment)?;
        check_values(&line, &environment)?;
        let is_stdin = matches!(line.program, Program::Stdin);
        Ok(Config {
            warnings: warning_options(&line, &environment, &flags),
            paths,
            malloc,
            tracemalloc: tracemalloc(xoption("tracemalloc"), &environment)?,
            malloc_stats: environment.get("PYTHONMALLOCSTATS").is_some(),
            hash_secret: hash_secret(seed),
            without_frozen: is_off(xoption("frozen_modules"), &environment),
            import_time: import_time(xoption("importtime"), &environment),
            fault_handler,
            pycache_prefix,
            stream_encoding,
            stream_errors,
            is_c_locale: locale.is_c || locale.is_c_utf8,
            stdin_prompts: is_stdin && (stdin_is_tty || interactive > 0),
            flags,
            line,
        })
    }
}

/// A `._pth` file shuts out everything else that could add to `sys.path`.
fn isolate(flags: &mut Flags, imports_site: bool) {
    flags.isolated = 1;
    flags.ignore_environment = 1;
    flags.safe_path = true;
    flags.no_site = i32::from(!imports_site);
}

/// The value of the last `-X name[=value]`: `Some(None)` without a value.
fn xoption(options: &[Vec<u8>], name: &str) -> Option<Option<Vec<u8>>> {
    options.iter().rev().find_map(|option| {
        let rest = option.strip_prefix(name.as_bytes())?;
        match rest.split_first() {
            None => Some(None),
            Some((b'=', value)) => Some(Some(value.to_vec())),
            Some(_) => None,
        }
    })
}

/// The `LC_CTYPE` locale of the process.
struct Locale {
    is_c: bool,
    is_c_utf8: bool,
}

impl Locale {
    /// Take the locale from the environment. "C", where text is ASCII, makes way for one
    /// with UTF-8 (PEP 538).
    fn new(environment: &Environment) -> Locale {
        let name = host::locale::set_ctype_from_environment();
        let is_c = matches!(name.as_slice(), b"C" | b"POSIX");
        let is_c_utf8 = matches!(name.as_slice(), b"C.UTF-8" | b"C.utf8" | b"UTF-8");
        if is_c {
            coerce_locale(environment.get("PYTHONCOERCECLOCALE").as_deref());
        }
        Locale { is_c, is_c_utf8 }
    }
}

fn coerce_locale(setting: Option<&[u8]>) {
    let coerced = match setting {
        Some(b"0") => None,
        _ => host::locale::coerce_ctype_to_utf8(),
    };
    if !matches!(setting, Some(b"warn")) {
        return;
    }
    match coerced {
        Some(name) => complain!(
            "Python detected LC_CTYPE=C: LC_CTYPE coerced to {} (set another locale or \
             PYTHONCOERCECLOCALE=0 to disable this locale coercion behavior).",
            name.to_string_lossy()
        ),
        None => complain!(
            "Python runtime initialized with LC_CTYPE=C (a locale with default ASCII encoding), \
             which may cause Unicode compatibility problems. Using C.UTF-8, C.utf8, or UTF-8 (if \
             available) as alternative Unicode-compatible locales is recommended."
        ),
    }
}

/// The depth of tracebacks that `-X tracemalloc` or `PYTHONTRACEMALLOC` asks for.
fn tracemalloc(
    option: Option<Option<Vec<u8>>>,
    environment: &Environment,
) -> Result<Option<i32>, String> {
    let (value, source) = match option {
        Some(None) => return Ok(Some(1)),
        Some(Some(value)) => (value, "-X tracemalloc=NFRAME"),
        None => match environment.get("PYTHONTRACEMALLOC") {
            Some(value) => (value, "PYTHONTRACEMALLOC"),
            None => return Ok(None),
        },
    };
    let number = std::str::from_utf8(&value).ok().and_then(|text| text.parse::<i32>().ok());
    match number {
        Some(0) => Ok(None),
        Some(number @ 1..=65535) => Ok(Some(number)),
        Some(65536..) => Err("Fatal Python error: init_interp_main: can't start tracemalloc\n\
             Python runtime state: core initialized\n\
             ValueError: the number of frames must be in range [1; 65535]\n\n"
            .to_owned()),
        _ => {
            let message = format!("{source}: invalid number of frames");
            Err(fatal("config_init_tracemalloc", &message, "preinitialized"))
        }
    }
}

fn utf8_mode(
    option: Option<Option<Vec<u8>>>,
    environment: &Environment,
    locale: &Locale,
) -> Result<i32, String> {
    let wrong = |message: &str| fatal("preconfig_init_utf8_mode", message, "preinitializing");
    if let Some(value) = option {
        return match value.as_deref() {
            None | Some(b"1") => Ok(1),
            Some(b"0") => Ok(0),
            Some(_) => Err(wrong("invalid -X utf8 option value")),
        };
    }
    match environment.get("PYTHONUTF8").as_deref() {
        Some(b"1") => Ok(1),
        Some(b"0") => Ok(0),
        Some(_) => Err(wrong("invalid PYTHONUTF8 environment variable value")),
        None => Ok(i32::from(locale.is_c)),
    }
}

fn int_max_str_digits(
    option: Option<Option<Vec<u8>>>,
    environment: &Environment,
) -> Result<i32, String> {
    let (source, value) = match option {
        Some(value) => ("-X int_max_str_digits", value.unwrap_or_default()),
        None => match environment.get("PYTHONINTMAXSTRDIGITS") {
            Some(value) => ("PYTHONINTMAXSTRDIGITS", value),
            None => return Ok(4300),
        },
    };
    let number = std::str::from_utf8(&value).ok().and_then(|text| text.trim().parse::<i32>().ok());
    match number {
        Some(number) if number == 0 || number >= 640 => Ok(number),
        _ => {
            let message = format!("{source}: invalid limit; must be >= 640 or 0 for unlimited.");
            Err(fatal("config_init_int_max_str_digits", &message, "preinitialized"))
        }
    }
}

/// `-X cpu_count`; -1 if it is not given or says `default`.
fn cpu_count(option: Option<Option<Vec<u8>>>, environment: &Environment) -> Result<i32, String> {
    let value = match option {
        Some(value) => value.unwrap_or_default(),
        None => match environment.get("PYTHON_CPU_COUNT") {
            Some(value) => value,
            None => return Ok(-1),
        },
    };
    if value.as_slice() == b"default" {
        return Ok(-1);
    }
    match std::str::from_utf8(&value).ok().and_then(|text| text.trim().parse::<i32>().ok()) {
        Some(count) if count > 0 => Ok(count),
        _ => {
            let message = "-X cpu_count=n option: n is missing or an invalid number, n must be \
                           greater than 0";
            Err(fatal("config_init_cpu_count", message, "preinitialized"))
        }
    }
}

/// Refuse values that options and variables cannot have.
fn check_values(line: &CommandLine, environment: &Environment) -> Result<(), String> {
    let wrong = |function: &str, message: &str| Err(fatal(function, message, "preinitialized"));
    let option = |name: &str| xoption(&line.xoptions, name);
    let number = |value: &[u8]| std::str::from_utf8(value).ok()?.trim().parse::<i64>().ok();
    if let Some(Some(value)) = option("importtime") {
        if number(&value).is_some_and(|value| !matches!(value, 1 | 2)) {
            let message = "-X importtime: values other than 1 and 2 are reserved for future use.";
            return wrong("config_init_import_time", message);
        }
    } else if let Some(value) = environment.get("PYTHONPROFILEIMPORTTIME")
        && number(&value).is_some_and(|value| !matches!(value, 1 | 2))
    {
        let message = "PYTHONPROFILEIMPORTTIME: numeric values other than 1 and 2 are reserved for \
                       future use.";
        return wrong("config_init_import_time", message);
    }
    let is_frames = |value: &[u8]| number(value).is_some_and(|frames| frames >= 0);
    if let Some(value) = option("tracemalloc") {
        if value.is_some_and(|value| !is_frames(&value)) {
            let message = "-X tracemalloc=NFRAME: invalid number of frames";
            return wrong("config_init_tracemalloc", message);
        }
    } else if environment.get("PYTHONTRACEMALLOC").is_some_and(|value| !is_frames(&value)) {
        let message = "PYTHONTRACEMALLOC: invalid number of frames";
        return wrong("config_init_tracemalloc", message);
    }
    frozen_modules(option("frozen_modules"), environment)
}

/// `-X importtime`: 0, 1 or 2.
fn import_time(option: Option<Option<Vec<u8>>>, environment: &Environment) -> i32 {
    let value = match option {
        Some(value) => Some(value.unwrap_or_default()),
        None => environment.get("PYTHONPROFILEIMPORTTIME"),
    };
    match value.as_deref() {
        None => 0,
        Some(b"2") => 2,
        Some(_) => 1,
    }
}

/// `-X frozen_modules=off`
fn is_off(option: Option<Option<Vec<u8>>>, environment: &Environment) -> bool {
    let value = match option {
        Some(value) => value,
        None => environment.get("PYTHON_FROZEN_MODULES"),
    };
    value.is_some_and(|value| value.as_slice() == b"off")
}

/// Refuse other values than `on` and `off`.
fn frozen_modules(
    option: Option<Option<Vec<u8>>>,
    environment: &Environment,
) -> Result<(), String> {
    let is_known = |value: &[u8]| matches!(value, b"on" | b"off" | b"");
    let source = match option {
        Some(Some(value)) if !is_known(&value) => "option -X frozen_modules",
        None if environment.get("PYTHON_FROZEN_MODULES").is_some_and(|value| !is_known(&value)) => {
            "PYTHON_FROZEN_MODULES"
        }
        _ => return Ok(()),
    };
    Err(format!(
        "Fatal Python error: bad value for {source} (expected \"on\" or \"off\")\n\
         Python runtime state: preinitialized\n\n"
    ))
}

/// `-X name=0|1` or `PYTHON_NAME=0|1`.
fn switch(
    name: &str,
    option: Option<Option<Vec<u8>>>,
    environment: &Environment,
) -> Result<i32, String> {
    let variable = format!("PYTHON_{}", name.to_uppercase());
    let (value, what) = match option {
        Some(value) => (value, format!("-X {name}=n: n")),
        None => match environment.get(&variable) {
            Some(value) => (Some(value), format!("{variable}=N: N")),
            None => return Ok(0),
        },
    };
    match value.as_deref() {
        Some(b"0") => Ok(0),
        Some(b"1") => Ok(1),
        _ => {
            let message = format!("{what} is missing or invalid");
            Err(fatal(&format!("config_init_{name}"), &message, "preinitialized"))
        }
    }
}

/// `-X gil`, `PYTHON_GIL`: there is a GIL, and it cannot be turned off.
fn check_gil(option: Option<Option<Vec<u8>>>, environment: &Environment) -> Result<(), String> {
    let value = match option {
        Some(value) => value.unwrap_or_default(),
        None => match environment.get("PYTHON_GIL") {
            Some(value) => value,
            None => return Ok(()),
        },
    };
    let message = match value.as_slice() {
        b"1" => return Ok(()),
        b"0" => "Disabling the GIL is not supported by this build",
        _ => "PYTHON_GIL / -X gil must be \"0\" or \"1\"",
    };
    Err(fatal("config_read_gil", message, "preinitialized"))
}

/// The seed of `PYTHONHASHSEED`; `None` for a random one.
fn hash_seed(random: bool, environment: &Environment) -> Result<Option<u32>, String> {
    if random {
        return Ok(None);
    }
    let Some(value) = environment.get("PYTHONHASHSEED") else { return Ok(None) };
    if value.as_slice() == b"random" {
        return Ok(None);
    }
    match std::str::from_utf8(&value).ok().and_then(|text| text.trim_start().parse().ok()) {
        Some(seed) => Ok(Some(seed)),
        None => {
            let message =
                "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]";
            Err(fatal("config_init_hash_seed", message, "preinitialized"))
        }
    }
}

/// The key of string hashing: random, or from the seed as CPython makes it.
fn hash_secret(seed: Option<u32>) -> (u64, u64) {
    let mut bytes = [0; 16];
    match seed {
        None => {
            // Without random numbers hashes repeat, which is no reason to stop.
            let _ = host::random::fill(&mut bytes);
        }
        Some(0) => {}
        Some(seed) => {
            let mut state = seed;
            for byte in &mut bytes {
                state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
                *byte = (state >> 16) as u8;
            }
        }
    }
    let whole = u128::from_le_bytes(bytes);
    (whole as u64, (whole >> 64) as u64)
}

/// `PYTHONIOENCODING=encoding[:errors]`.
fn stream_settings(environment: &Environment) -> (Option<String>, Option<String>) {
    let Some(value) = environment.text("PYTHONIOENCODING") else { return (None, None) };
    let (encoding, errors) = value.split_once(':').unwrap_or((&value, ""));
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let errors = some(errors).or_else(|| some(encoding).map(|_| "strict".to_owned()));
    (some(encoding), errors)
}

fn warning_options(line: &CommandLine, environment: &Environment, flags: &Flags) -> Vec<Vec<u8>> {
    let mut options = Vec::new();
    if flags.dev_mode {
        options.push(b"default".to_vec());
    }
    if let Some(value) = environment.get("PYTHONWARNINGS") {
        options.extend(value.split(|byte| *byte == b',').map(<[u8]>::to_vec));
    }
    options.extend(line.warnings.iter().cloned());
    match flags.bytes_warning {
        0 => {}
        1 => options.push(b"default::BytesWarning".to_vec()),
        _ => options.push(b"error::BytesWarning".to_vec()),
    }
    // Later ones win; a repeated one counts where it stands last.
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for option in options {
        kept.retain(|other| *other != option);
        kept.push(option);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_cpythons_secret() {
        assert_eq!(hash_secret(Some(0)), (0, 0));
        // lcg_urandom(1): 0x29, 0x23, 0xbe, 0x84, …
        assert_eq!(hash_secret(Some(1)).0 & 0xffff_ffff, 0x84be_2329);
    }

    #[test]
    fn the_last_x_option_counts() {
        let options = [b"a=1".to_vec(), b"ab".to_vec(), b"a=2".to_vec()];
        assert_eq!(xoption(&options, "a"), Some(Some(b"2".to_vec())));
        assert_eq!(xoption(&options, "ab"), Some(None));
        assert_eq!(xoption(&options, "c"), None);
    }
}
