//! What `--help` and its like print.

/// The line before the complaint about a wrong option.
pub(crate) fn usage_line(program: &str) -> String {
    format!("usage: {program} [option] ... [-c cmd | -m mod | file | -] [arg] ...\n")
}

/// `--help`
pub(crate) const OPTIONS: &str = "\
Options (the variable that does the same is in brackets):
-b     : warn when bytes are converted to or compared with str; -bb: raise
-B     : do not write .pyc files [PYTHONDONTWRITEBYTECODE]
-c cmd : run the program text cmd; ends the options
-d     : parser debugging (accepted, no effect) [PYTHONDEBUG]
-E     : ignore PYTHON* environment variables
-h     : print this text and exit (also -? and --help)
-i     : prompt for more when the program has ended [PYTHONINSPECT]
-I     : isolated mode: -E, -P and -s
-m mod : run the library module mod as a program; ends the options
-O     : remove assert statements and code under __debug__ [PYTHONOPTIMIZE]
-OO    : as -O, and remove docstrings
-P     : do not put an unsafe path in front of sys.path [PYTHONSAFEPATH]
-q     : no version and copyright at the prompt
-s     : no user site directory in sys.path [PYTHONNOUSERSITE]
-S     : do not import the module site
-u     : unbuffered stdout and stderr [PYTHONUNBUFFERED]
-v     : trace imports; twice for more [PYTHONVERBOSE]
-V     : print the version and exit (also --version); twice for more
-W arg : warning filter action:message:category:module:lineno [PYTHONWARNINGS]
-x     : skip the first line of the program
-X opt : set an option of the implementation, see --help-xoptions
--check-hash-based-pycs always|default|never:
         when to compare hash-based .pyc files with their source
--help-env: print what environment variables do and exit
--help-xoptions: print what -X options there are and exit
--help-all: print all of these and exit

Arguments:
file   : run this script, directory or zip file
-      : read the program from standard input (the default; a terminal prompts)
arg ...: arguments for the program, in sys.argv[1:]
";

/// `--help-env`
pub(crate) const ENVIRONMENT: &str = "\
Environment variables:
PYTHON_BASIC_REPL : a prompt without line editing
PYTHONBREAKPOINT  : what breakpoint() calls; 0 for nothing
PYTHON_COLORS     : 1 for coloured reports, 0 for plain ones
PYTHONHASHSEED    : random, or a number for hashes that repeat
PYTHON_HISTORY    : where the prompt keeps its history
PYTHONHOME        : the directory with lib/python3.14 to use
PYTHONIOENCODING  : encoding[:errors] of the standard streams
PYTHONMALLOC      : memory allocator: default, debug, malloc or malloc_debug
PYTHONPATH        : directories for the front of sys.path, separated by colons
PYTHONPLATLIBDIR  : sys.platlibdir
PYTHONSTARTUP     : file to run before the first prompt
PYTHONUSERBASE    : the user base directory of site

These variables have equivalent options:
PYTHON_CPU_COUNT          : -X cpu_count
PYTHONDEBUG               : -d
PYTHONDEVMODE             : -X dev
PYTHONDONTWRITEBYTECODE   : -B
PYTHONFAULTHANDLER        : -X faulthandler
PYTHON_FROZEN_MODULES     : -X frozen_modules
PYTHONINSPECT             : -i
PYTHONINTMAXSTRDIGITS     : -X int_max_str_digits
PYTHONNOUSERSITE          : -s
PYTHONOPTIMIZE            : -O
PYTHONPROFILEIMPORTTIME   : -X importtime
PYTHONPYCACHEPREFIX       : -X pycache_prefix
PYTHONSAFEPATH            : -P
PYTHONTRACEMALLOC         : -X tracemalloc
PYTHONUNBUFFERED          : -u
PYTHONUTF8                : -X utf8
PYTHONVERBOSE             : -v
PYTHONWARNDEFAULTENCODING : -X warn_default_encoding
PYTHONWARNINGS            : -W
";

/// `--help-xoptions`
pub(crate) const X_OPTIONS: &str = "\
Options of the implementation:
-X cpu_count=N: what os.cpu_count() returns; default undoes it
-X dev: development mode: more checks and warnings
-X faulthandler: report crashes with a traceback
-X frozen_modules=on|off: whether modules come from the executable
-X importtime[=2]: tell how long imports take
-X int_max_str_digits=N: limit of conversions between int and str; 0 for none
-X no_debug_ranges: leave the columns out of code objects
-X pycache_prefix=PATH: write .pyc files to a tree of their own
-X tracemalloc[=N]: trace memory allocations with N frames of traceback
-X utf8[=0|1]: UTF-8 mode
-X warn_default_encoding: warn when text files are opened without encoding
";
