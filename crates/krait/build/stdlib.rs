//! Compiles the standard library and packs it into one file.
//!
//! The Python files come from the crate `rustpython-pylib`; `lib/edits.txt`
//! undoes what was changed in them for another runtime, and the files in `lib/`
//! win over its own. The result is `stdlib.bin`, all codes and sources one after
//! the other, and `stdlib.rs`, the table that says what is where.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Where the files seem to be until the loader knows better.
const PLACEHOLDER: &str = "<stdlib>";

/// Not part of the embedded library: tests, what needs Tcl, and what belongs
/// to other systems or runtimes.
const SKIPPED: &[&str] = &[
    "PSF-LICENSE",
    "README.md",
    "_aix_support.py",
    "_dummy_os.py",
    "_dummy_thread.py",
    "_pycodecs.py",
    "ctypes/macholib",
    "dummy_threading.py",
    "email/architecture.rst",
    "idlelib",
    "lib2to3",
    "test",
    "tkinter",
    "turtle.py",
    "turtledemo",
];

/// Served by the frozen importer: name and the file it is made of.
const FROZEN: &[(&str, &str)] = &[
    ("__hello__", "__hello__.py"),
    ("__hello_alias__", "__hello__.py"),
    ("__hello_only__", "__hello__.py"),
    ("__phello__", "__phello__/__init__.py"),
    ("__phello__.__init__", "__phello__/__init__.py"),
    ("__phello__.ham", "__phello__/ham/__init__.py"),
    ("__phello__.ham.__init__", "__phello__/ham/__init__.py"),
    ("__phello__.ham.eggs", "__phello__/ham/eggs.py"),
    ("__phello__.spam", "__phello__/spam.py"),
    ("__phello_alias__", "__hello__.py"),
    ("__phello_alias__.spam", "__hello__.py"),
    ("_collections_abc", "_collections_abc.py"),
    ("_embedded", "_embedded.py"),
    ("_frozen_importlib", "importlib/_bootstrap.py"),
    ("_frozen_importlib_external", "importlib/_bootstrap_external.py"),
    ("_sitebuiltins", "_sitebuiltins.py"),
    ("abc", "abc.py"),
    ("codecs", "codecs.py"),
    ("genericpath", "genericpath.py"),
    ("importlib.machinery", "importlib/machinery.py"),
    ("importlib.util", "importlib/util.py"),
    ("io", "io.py"),
    ("ntpath", "ntpath.py"),
    ("os", "os.py"),
    ("posixpath", "posixpath.py"),
    ("runpy", "runpy.py"),
    ("site", "site.py"),
    ("stat", "stat.py"),
    ("zipimport", "zipimport.py"),
];

/// Stored as they are, because every start needs them.
const HOT: &[&str] = &["encodings", "encodings.aliases", "encodings.utf_8", "linecache"];

/// Stored as they are, because very many programs need them.
const COMMON: &[&str] = &[
    "_opcode_metadata",
    "_weakrefset",
    "annotationlib",
    "ast",
    "collections",
    "copy",
    "copyreg",
    "dataclasses",
    "dis",
    "enum",
    "functools",
    "importlib",
    "inspect",
    "json",
    "json.decoder",
    "json.encoder",
    "json.scanner",
    "keyword",
    "opcode",
    "operator",
    "re",
    "re._casefix",
    "re._compiler",
    "re._constants",
    "re._parser",
    "reprlib",
    "token",
    "tokenize",
    "types",
    "typing",
    "weakref",
];

/// What a blob's first byte says of the rest.
const RAW: u8 = 0;
const LZ4: u8 = 1;

struct File {
    path: String,
    text: Vec<u8>,
}

/// How often a code is read.
#[derive(Clone, Copy, Default, PartialEq)]
enum Rank {
    Hot,
    Common,
    #[default]
    Rare,
}

#[derive(Default)]
struct Entry {
    name: String,
    origin: String,
    is_package: bool,
    is_frozen: bool,
    rank: Rank,
    code: Vec<u8>,
    source: Vec<u8>,
}

/// Write `stdlib.bin` and `stdlib.rs` into the build's output folder.
pub(crate) fn embed(manifest: &Path, out: &Path) -> Result<(), String> {
    let overlay = manifest.join("../../lib");
    println!("cargo:rerun-if-changed={}", overlay.display());
    build(Path::new(rustpython_pylib::LIB_PATH), &overlay, out)
}

fn build(library: &Path, overlay: &Path, out: &Path) -> Result<(), String> {
    let mut files = BTreeMap::new();
    collect(library, library, &mut files).map_err(|error| error.to_string())?;
    let edits = fs::read_to_string(overlay.join("edits.txt")).map_err(|error| error.to_string())?;
    for edit in parse_edits(&edits)? {
        edit.apply(&mut files)?;
    }
    let mut own = BTreeMap::new();
    collect(overlay, overlay, &mut own).map_err(|error| error.to_string())?;
    own.remove("edits.txt");
    files.extend(own);
    let files: Vec<File> = files.into_iter().map(|(path, text)| File { path, text }).collect();
    let mut entries = in_parallel(&files, |file| entry_of(file, None))?;
    let frozen: Vec<(&str, &File)> = FROZEN
        .iter()
        .filter_map(|(name, path)| Some((*name, files.iter().find(|file| file.path == *path)?)))
        .collect();
    let frozen = in_parallel(&frozen, |(name, file)| entry_of(file, Some(name)))?;
    entries.retain(|entry| frozen.iter().all(|other| other.name != entry.name));
    entries.extend(frozen);
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    write(&entries, out).map_err(|error| error.to_string())
}

/// All files below `folder` that are wanted, by relative path.
fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for item in fs::read_dir(folder)? {
        let path = item?.path();
        let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str) else { continue };
        let name = relative.rsplit('/').next().unwrap_or(relative);
        let unwanted = matches!(name, "__pycache__" | "mypy.ini" | "test" | "tests");
        if unwanted || SKIPPED.contains(&relative) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if !name.ends_with(".pyc") {
            files.insert(relative.to_owned(), fs::read(&path)?);
        }
    }
    Ok(())
}

/// One replacement in one file of the library.
struct Edit {
    path: String,
    old: String,
    new: String,
}

impl Edit {
    fn apply(&self, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), String> {
        let Some(text) = files.get_mut(&self.path) else {
            return Err(format!("lib/edits.txt: no file {}", self.path));
        };
        let old = String::from_utf8_lossy(text).into_owned();
        if old.matches(&self.old).count() != 1 {
            return Err(format!("lib/edits.txt: not exactly once in {}:\n{}", self.path, self.old));
        }
        *text = old.replacen(&self.old, &self.new, 1).into_bytes();
        Ok(())
    }
}

/// `@@ path` starts an edit; then lines to remove, to add and to keep.
fn parse_edits(text: &str) -> Result<Vec<Edit>, String> {
    let mut edits: Vec<Edit> = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("@@ ") {
            edits.push(Edit { path: path.to_owned(), old: String::new(), new: String::new() });
            continue;
        }
        if line.starts_with('#') && edits.is_empty() {
            continue;
        }
        let (kind, rest) = line.split_at_checked(1).unwrap_or((" ", ""));
        let Some(edit) = edits.last_mut() else {
            return Err(format!("lib/edits.txt: before the first @@: {line}"));
        };
        if kind != "+" {
            edit.old.push_str(rest);
            edit.old.push('\n');
        }
        if kind != "-" {
            edit.new.push_str(rest);
            edit.new.push('\n');
        }
    }
    Ok(edits)
}

/// The module name of a file, and whether it is a package's `__init__`.
fn module_name(path: &str) -> (String, bool) {
    let stem = path.strip_suffix(".py").unwrap_or(path);
    match stem.strip_suffix("/__init__") {
        Some(package) => (package.replace('/', "."), true),
        None => (stem.replace('/', "."), false),
    }
}

fn entry_of(file: &File, frozen: Option<&str>) -> Result<Entry, String> {
    if !file.path.ends_with(".py") {
        // A data file: its name is a path.
        let name = file.path.clone();
        return Ok(Entry { name, source: packed(&file.text), ..Entry::default() });
    }
    let (origin, is_package) = module_name(&file.path);
    let filename = match frozen {
        Some(_) => format!("<frozen {origin}>"),
        None => format!("{PLACEHOLDER}/{}", file.path),
    };
    let options = compiler::Options::default();
    let compiled = compiler::compile_bytes(&file.text, &filename, &options, None)
        .map_err(|error| format!("{}: {}", file.path, error.message))?;
    let code = bytecode::marshal::dump_code(&compiled.value, true)
        .map_err(|_| format!("{}: cannot be marshalled", file.path))?;
    let name = frozen.unwrap_or(&origin).to_owned();
    let is_package = match frozen {
        Some(name) => name == "__phello_alias__" || (is_package && !name.ends_with("__init__")),
        None => is_package,
    };
    // COMPAT: how CPython marks modules that are there under a second name.
    let origin = match frozen {
        Some("__hello_only__") => String::new(),
        Some(name) if name.ends_with(".__init__") => format!("<{origin}"),
        _ => origin,
    };
    let rank = match name.as_str() {
        _ if frozen.is_some() => Rank::Hot,
        name if HOT.contains(&name) => Rank::Hot,
        name if COMMON.contains(&name) => Rank::Common,
        _ => Rank::Rare,
    };
    let code = match rank {
        Rank::Rare => packed(&code),
        _ => [&[RAW], code.as_slice()].concat(),
    };
    let source = packed(&file.text);
    Ok(Entry { name, origin, is_package, is_frozen: frozen.is_some(), rank, code, source })
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    [&[LZ4], lz4_flex::compress_prepend_size(bytes).as_slice()].concat()
}

/// Map over a slice with as many threads as there are processors.
fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    job: impl Fn(&T) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = job(item);
            if let Ok(mut done) = done.lock() {
                done.push(result);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let builder = std::thread::Builder::new().stack_size(64 << 20);
            if builder.spawn_scoped(scope, work).is_err() {
                work();
            }
        }
    });
    done.into_inner().map_err(|error| error.to_string())?.into_iter().collect()
}

/// What every start reads lies together at the beginning, so that it fills whole pages.
fn write(entries: &[Entry], out: &Path) -> io::Result<()> {
    let mut blob = Vec::new();
    let mut place = |bytes: &[u8]| {
        let start = blob.len();
        blob.extend_from_slice(bytes);
        format!("part({start}, {})", bytes.len())
    };
    let mut codes = vec![String::new(); entries.len()];
    for rank in [Rank::Hot, Rank::Common, Rank::Rare] {
        for (entry, code) in entries.iter().zip(&mut codes) {
            if entry.rank == rank {
                *code = place(&entry.code);
            }
        }
    }
    let mut table = String::from("&[\n");
    for (entry, code) in entries.iter().zip(codes) {
        let source = place(&entry.source);
        let Entry { name, origin, is_package, is_frozen, .. } = entry;
        let _ = writeln!(
            table,
            "    Embedded {{ name: {name:?}, is_package: {is_package}, origin: {origin:?}, \
             is_frozen: {is_frozen}, code: {code}, source: {source} }},",
        );
    }
    table.push_str("]\n");
    let mut frozen = String::from("[\n");
    for Entry { name, is_package, .. } in entries.iter().filter(|entry| entry.is_frozen) {
        let _ = writeln!(frozen, "    Frozen::named(c{name:?}, {is_package}),");
    }
    frozen.push_str("    Frozen::END,\n]\n");
    fs::write(out.join("frozen.rs"), frozen)?;
    fs::write(out.join("stdlib.bin"), blob)?;
    fs::write(out.join("stdlib.rs"), table)
}
