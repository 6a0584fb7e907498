//! What `sys` says of the runtime: versions, limits, flags.

use object::{
    AsObject, Dict, Flags, Float, Int, IntoObject, Module, Protocol, PyStruct, Ref, Result, Str,
    Thread, Tuple, types,
    types::structseq::{self, Description},
};

/// The version of CPython whose behaviour and ABI this is.
const VERSION: (i64, i64, i64) = (3, 14, 10);

/// `sys.version`
pub const VERSION_TEXT: &str =
    concat!("3.14.10 (main, Nov 21 2026, 00:00:00) [Krait ", env!("CARGO_PKG_VERSION"), "]");

static VERSION_INFO: Description = Description {
    name: "sys.version_info",
    doc: "sys.version_info\n\nVersion information as a named tuple.",
    fields: &[
        ("major", "Major release number"),
        ("minor", "Minor release number"),
        ("micro", "Patch release number"),
        ("releaselevel", "'alpha', 'beta', 'candidate', or 'final'"),
        ("serial", "Serial release number"),
    ],
    visible: 5,
    instantiable: false,
};

static FLAGS: Description = Description {
    name: "sys.flags",
    doc: "sys.flags\n\nFlags provided through command line arguments or environment vars.",
    fields: &[
        ("debug", "-d"),
        ("inspect", "-i"),
        ("interactive", "-i"),
        ("optimize", "-O or -OO"),
        ("dont_write_bytecode", "-B"),
        ("no_user_site", "-s"),
        ("no_site", "-S"),
        ("ignore_environment", "-E"),
        ("verbose", "-v"),
        ("bytes_warning", "-b"),
        ("quiet", "-q"),
        ("hash_randomization", "-R"),
        ("isolated", "-I"),
        ("dev_mode", "-X dev"),
        ("utf8_mode", "-X utf8"),
        ("warn_default_encoding", "-X warn_default_encoding"),
        ("safe_path", "-P"),
        ("int_max_str_digits", "-X int_max_str_digits"),
        ("gil", "-X gil"),
        ("thread_inherit_context", "-X thread_inherit_context"),
        ("context_aware_warnings", "-X context_aware_warnings"),
    ],
    visible: 18,
    instantiable: false,
};

static FLOAT_INFO: Description = Description {
    name: "sys.float_info",
    doc: "sys.float_info\n\nA named tuple holding information about the float type.",
    fields: &[
        ("max", "DBL_MAX -- maximum representable finite float"),
        ("max_exp", "DBL_MAX_EXP -- maximum int e such that radix**(e-1) is representable"),
        ("max_10_exp", "DBL_MAX_10_EXP -- maximum int e such that 10**e is representable"),
        ("min", "DBL_MIN -- Minimum positive normalized float"),
        ("min_exp", "DBL_MIN_EXP -- minimum int e such that radix**(e-1) is a normalized float"),
        ("min_10_exp", "DBL_MIN_10_EXP -- minimum int e such that 10**e is a normalized float"),
        ("dig", "DBL_DIG -- maximum number of decimal digits that can be faithfully represented"),
        ("mant_dig", "DBL_MANT_DIG -- mantissa digits"),
        ("epsilon", "DBL_EPSILON -- Difference between 1 and the next representable float"),
        ("radix", "FLT_RADIX -- radix of exponent"),
        ("rounds", "FLT_ROUNDS -- rounding mode used for arithmetic operations"),
    ],
    visible: 11,
    instantiable: false,
};

static INT_INFO: Description = Description {
    name: "sys.int_info",
    doc: "sys.int_info\n\nA named tuple that holds information about Python's internal representation of integers.",
    fields: &[
        ("bits_per_digit", "size of a digit in bits"),
        ("sizeof_digit", "size in bytes of the C type used to represent a digit"),
        ("default_max_str_digits", "maximum string conversion digits limitation"),
        ("str_digits_check_threshold", "minimum positive value for int_max_str_digits"),
    ],
    visible: 4,
    instantiable: false,
};

static HASH_INFO: Description = Description {
    name: "sys.hash_info",
    doc: "hash_info\n\nA named tuple providing parameters used for computing hashes.",
    fields: &[
        ("width", "width of the type used for hashing, in bits"),
        ("modulus", "prime number giving the modulus on which the hash function is based"),
        ("inf", "value to be used for hash of a positive infinity"),
        ("nan", "value to be used for hash of a nan"),
        ("imag", "multiplier used for the imaginary part of a complex number"),
        ("algorithm", "name of the algorithm for hashing of str, bytes and memoryviews"),
        ("hash_bits", "internal output size of hash algorithm"),
        ("seed_bits", "seed size of hash algorithm"),
        ("cutoff", "small string optimization cutoff"),
    ],
    visible: 9,
    instantiable: false,
};

static THREAD_INFO: Description = Description {
    name: "sys.thread_info",
    doc: "sys.thread_info\n\nA named tuple holding information about the thread implementation.",
    fields: &[
        ("name", "name of the thread implementation"),
        ("lock", "name of the lock implementation"),
        ("version", "name and version of the thread library"),
    ],
    visible: 3,
    instantiable: false,
};

fn make(th: Thread<'_>, description: &'static Description, values: Vec<Ref>) -> Result<Ref> {
    let class = structseq::make_type(th, description)?;
    structseq::instance(th, &class, values)
}

fn objects(th: Thread<'_>, ints: &[i64]) -> Result<Vec<Ref>> {
    ints.iter().map(|value| Int::from_i64(th, *value)).collect()
}

/// A new `sys.version_info`.
pub fn version_info(th: Thread<'_>) -> Result<Ref> {
    let (major, minor, micro) = VERSION;
    let mut values = objects(th, &[major, minor, micro])?;
    values.push("final".into_object(th)?);
    values.push(Int::from_i64(th, 0)?);
    make(th, &VERSION_INFO, values)
}

/// A new `sys.flags`.
pub fn flags(th: Thread<'_>, flags: &Flags) -> Result<Ref> {
    let int = |value: i32| Int::from_i64(th, i64::from(value));
    let bool_ = |value: bool| Ok(types::bool_(value).own());
    let values: Result<Vec<Ref>> = [
        int(flags.debug),
        int(flags.inspect),
        int(flags.interactive),
        int(flags.optimize),
        int(flags.dont_write_bytecode),
        int(flags.no_user_site),
        int(flags.no_site),
        int(flags.ignore_environment),
        int(flags.verbose),
        int(flags.bytes_warning),
        int(flags.quiet),
        int(flags.hash_randomization),
        int(flags.isolated),
        bool_(flags.dev_mode),
        int(flags.utf8_mode),
        int(flags.warn_default_encoding),
        bool_(flags.safe_path),
        int(flags.int_max_str_digits),
        int(1),
        int(flags.thread_inherit_context),
        int(flags.context_aware_warnings),
    ]
    .into_iter()
    .collect();
    make(th, &FLAGS, values?)
}

fn float_info(th: Thread<'_>) -> Result<Ref> {
    let float = |value: f64| Float::new(th, value).map(Ref::upcast);
    let mut values = vec![float(f64::MAX)?];
    values.extend(objects(th, &[i64::from(f64::MAX_EXP), i64::from(f64::MAX_10_EXP)])?);
    values.push(float(f64::MIN_POSITIVE)?);
    values.extend(objects(
        th,
        &[
            i64::from(f64::MIN_EXP),
            i64::from(f64::MIN_10_EXP),
            i64::from(f64::DIGITS),
            i64::from(f64::MANTISSA_DIGITS),
        ],
    )?);
    values.push(float(f64::EPSILON)?);
    values.extend(objects(th, &[2, 1])?);
    make(th, &FLOAT_INFO, values)
}

fn hash_info(th: Thread<'_>) -> Result<Ref> {
    let mut values = objects(th, &[64, (1 << 61) - 1, 314_159, 0, 1_000_003])?;
    values.push("siphash13".into_object(th)?);
    values.extend(objects(th, &[64, 128, 0])?);
    make(th, &HASH_INFO, values)
}

fn implementation(th: Thread<'_>, version: &Ref, hexversion: &Ref) -> Result<Ref> {
    let namespace = types::namespace::new(th, &*Dict::new(th)?)?;
    let set =
        |name: &str, value: Ref| namespace.setattr(th, &*Str::intern(th, name)?, Some(value.obj()));
    set("name", "cpython".into_object(th)?)?;
    set("cache_tag", "cpython-314".into_object(th)?)?;
    set("version", version.clone())?;
    set("hexversion", hexversion.clone())?;
    set("_multiarch", "x86_64-linux-gnu".into_object(th)?)?;
    set("supports_isolated_interpreters", types::bool_(true).own())?;
    Ok(namespace)
}

/// Fill in what does not depend on the command line.
pub(super) fn fill(th: Thread<'_>, module: &Module) -> Result<()> {
    let set = |name: &str, value: Ref| module.set(th, name, value.obj());
    let (major, minor, micro) = VERSION;
    let version = version_info(th)?;
    let hexversion = Int::from_i64(th, major << 24 | minor << 16 | micro << 8 | 0xf0)?;
    set("version", VERSION_TEXT.into_object(th)?)?;
    set("implementation", implementation(th, &version, &hexversion)?)?;
    set("hexversion", hexversion)?;
    set("version_info", version)?;
    let current = th.interp().flags.borrow().clone();
    set("flags", flags(th, &current)?)?;
    set("api_version", Int::from_i64(th, 1013)?)?;
    set("copyright", COPYRIGHT.into_object(th)?)?;
    set("platform", "linux".into_object(th)?)?;
    set("byteorder", "little".into_object(th)?)?;
    set("platlibdir", "lib".into_object(th)?)?;
    set("maxsize", Int::from_i64(th, i64::MAX)?)?;
    set("maxunicode", Int::from_i64(th, 0x0010_ffff)?)?;
    set("float_repr_style", "short".into_object(th)?)?;
    set("abiflags", "".into_object(th)?)?;
    set("_framework", "".into_object(th)?)?;
    set("pycache_prefix", types::none().own())?;
    set("float_info", float_info(th)?)?;
    set("hash_info", hash_info(th)?)?;
    set("int_info", make(th, &INT_INFO, objects(th, &[30, 4, 4300, 640])?)?)?;
    let thread = ["pthread", "semaphore", "NPTL 2.43"];
    let thread: Result<Vec<Ref>> = thread.iter().map(|text| text.into_object(th)).collect();
    set("thread_info", make(th, &THREAD_INFO, thread?)?)?;
    let git: Result<Vec<Ref>> =
        ["CPython", "", ""].iter().map(|text| text.into_object(th)).collect();
    set("_git", Tuple::from_refs(th, git?)?.upcast())?;
    let names: Result<Vec<Ref>> = STDLIB_MODULES
        .split_whitespace()
        .map(|name| Str::intern(th, name).map(Ref::upcast))
        .collect();
    let names = Tuple::from_refs(th, names?)?;
    let frozenset = types::set::FrozenSet::type_object().obj().call(th, &[names.obj()])?;
    set("stdlib_module_names", frozenset)?;
    Ok(())
}

/// `sys.copyright`.
pub const COPYRIGHT: &str = "Copyright (c) 2001 Python Software Foundation.\nAll Rights Reserved.\n\nCopyright (c) 2000 BeOpen.com.\nAll Rights Reserved.\n\nCopyright (c) 1995-2001 Corporation for National Research Initiatives.\nAll Rights Reserved.\n\nCopyright (c) 1991-1995 Stichting Mathematisch Centrum, Amsterdam.\nAll Rights Reserved.";

/// `sys.stdlib_module_names` of CPython 3.14.
const STDLIB_MODULES: &str = include_str!("stdlib_module_names.txt");
