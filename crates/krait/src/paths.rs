//! Where things are: `sys.executable`, the prefixes, the module search path.
//!
//! The standard library is inside the executable and only seems to be in
//! `<prefix>/lib/python3.14`, where `<prefix>` is the directory above the
//! executable's, or that of the installation a virtual environment names.
//! `PYTHONHOME` names a directory with a library of files instead. A file `NAME._pth` beside the
//! executable NAME overrides all that: it lists the search path.

use std::{
    env, fs,
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::PermissionsExt as _,
    },
    path::{Component, Path, PathBuf},
};

use crate::{command_line::CommandLine, config::Environment};

/// What `sys` says of places.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    pub(crate) executable: Vec<u8>,
    pub(crate) base_executable: Vec<u8>,
    pub(crate) prefix: Vec<u8>,
    pub(crate) exec_prefix: Vec<u8>,
    pub(crate) base_prefix: Vec<u8>,
    pub(crate) base_exec_prefix: Vec<u8>,
    pub(crate) platlibdir: Vec<u8>,
    pub(crate) stdlib: Vec<u8>,
    /// The library is inside the executable.
    pub(crate) is_embedded: bool,
    /// `sys.path` before `site`.
    pub(crate) search_path: Vec<Vec<u8>>,
    /// A `._pth` file said all this; whether it imports `site`.
    pub(crate) path_file_imports_site: Option<bool>,
}

impl Paths {
    /// What a start that fails tells of where it looked.
    pub(crate) fn report(&self, environment: bool) -> String {
        let quoted = |bytes: &[u8]| format!("'{}'", String::from_utf8_lossy(bytes));
        let variable = |name: &str| match env::var_os(name).filter(|_| environment) {
            Some(value) => quoted(value.as_bytes()),
            None => "(not set)".to_owned(),
        };
        let mut report = "Python path configuration:\n".to_owned();
        for (name, value) in [
            ("PYTHONHOME", variable("PYTHONHOME")),
            ("PYTHONPATH", variable("PYTHONPATH")),
            ("stdlib dir", quoted(&self.stdlib)),
            ("sys._base_executable", quoted(&self.base_executable)),
            ("sys.base_prefix", quoted(&self.base_prefix)),
            ("sys.base_exec_prefix", quoted(&self.base_exec_prefix)),
            ("sys.platlibdir", quoted(&self.platlibdir)),
            ("sys.executable", quoted(&self.executable)),
            ("sys.prefix", quoted(&self.prefix)),
            ("sys.exec_prefix", quoted(&self.exec_prefix)),
        ] {
            report += &format!("  {name} = {value}\n");
        }
        report += "  sys.path = [\n";
        for path in &self.search_path {
            report += &format!("    {},\n", quoted(path));
        }
        report + "  ]"
    }

    /// Find out.
    pub(crate) fn new(line: &CommandLine, environment: &Environment) -> Paths {
        let executable = executable(line.orig_argv.first());
        let platlibdir = environment.get("PYTHONPLATLIBDIR").unwrap_or_else(|| b"lib".to_vec());
        let mut paths = Paths {
            base_executable: executable.clone(),
            executable,
            platlibdir,
            is_embedded: true,
            ..Paths::default()
        };
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(&paths.executable));
        if paths.read_path_file(&path) {
            return paths;
        }
        let venv = VirtualEnvironment::of(&path);
        if let Some(venv) = &venv
            && let Some(base) = &venv.base_executable
        {
            paths.base_executable = bytes(base);
        }
        // A link to the executable still finds the real installation.
        let base = match &venv {
            Some(venv) => venv.home.clone(),
            None => fs::canonicalize(&path)
                .ok()
                .and_then(|real| real.parent().map(Path::to_owned))
                .or_else(|| path.parent().map(Path::to_owned))
                .unwrap_or_default(),
        };
        let above = base.parent().map_or_else(|| PathBuf::from("/usr/local"), Path::to_owned);
        let above = if above.as_os_str().is_empty() { PathBuf::from("/usr/local") } else { above };
        paths.base_prefix = bytes(&above);
        paths.base_exec_prefix = bytes(&above);
        if let Some(home) = environment.get("PYTHONHOME") {
            let mut parts = home.splitn(2, |byte| *byte == b':');
            paths.base_prefix = parts.next().unwrap_or_default().to_vec();
            paths.base_exec_prefix = parts.next().unwrap_or(&paths.base_prefix).to_vec();
            paths.is_embedded = false;
        }
        paths.prefix = paths.base_prefix.clone();
        paths.exec_prefix = paths.base_exec_prefix.clone();
        if let Some(venv) = &venv {
            paths.prefix = bytes(&venv.prefix);
            paths.exec_prefix = paths.prefix.clone();
        }
        paths.stdlib = join(&paths.base_prefix, b"lib/python3.14");
        if let Some(extra) = environment.get("PYTHONPATH") {
            paths.search_path.extend(extra.split(|byte| *byte == b':').map(absolute));
        }
        let platlib = |rest: &[u8]| join(&paths.platlibdir, rest);
        paths.search_path.push(join(&paths.base_prefix, &platlib(b"python314.zip")));
        let stdlib = paths.stdlib.clone();
        let dynload = join(&paths.base_exec_prefix, &platlib(b"python3.14/lib-dynload"));
        paths.search_path.push(stdlib);
        paths.search_path.push(dynload);
        paths
    }

    /// Take everything from the `._pth` file beside the executable, if there is one.
    fn read_path_file(&mut self, executable: &Path) -> bool {
        let name = [executable.as_os_str().as_bytes(), b"._pth"].concat();
        let (Ok(text), Some(folder)) = (fs::read(as_os(&name)), executable.parent()) else {
            return false;
        };
        let mut imports_site = false;
        for line in text.split(|byte| *byte == b'\n') {
            let end = line.iter().position(|byte| *byte == b'#').unwrap_or(line.len());
            match line.get(..end).unwrap_or_default().trim_ascii() {
                b"" => {}
                b"import site" => imports_site = true,
                line if line.starts_with(b"import ") => {
                    complain!("unsupported 'import' line in ._pth file");
                }
                line => self.search_path.push(normalized(&folder.join(as_os(line)))),
            }
        }
        self.path_file_imports_site = Some(imports_site);
        self.prefix = bytes(folder);
        self.exec_prefix = self.prefix.clone();
        self.base_prefix = self.prefix.clone();
        self.base_exec_prefix = self.prefix.clone();
        self.stdlib = join(&self.prefix, b"lib/python3.14");
        true
    }
}

/// A path without `.` and `..`, whatever links there are.
fn normalized(path: &Path) -> Vec<u8> {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(result.pop()),
            component => result.push(component),
        }
    }
    bytes(&result)
}

/// `pyvenv.cfg` beside the executable or one level up.
struct VirtualEnvironment {
    prefix: PathBuf,
    home: PathBuf,
    base_executable: Option<PathBuf>,
}

impl VirtualEnvironment {
    fn of(executable: &Path) -> Option<VirtualEnvironment> {
        let folder = executable.parent()?;
        for candidate in [folder, folder.parent().unwrap_or(folder)] {
            let Ok(text) = fs::read_to_string(candidate.join("pyvenv.cfg")) else { continue };
            let value = |wanted: &str| {
                text.lines().find_map(|line| {
                    let (key, value) = line.split_once('=')?;
                    (key.trim().eq_ignore_ascii_case(wanted)).then(|| PathBuf::from(value.trim()))
                })
            };
            let home = value("home")?;
            let base_executable =
                value("executable").or_else(|| executable.file_name().map(|name| home.join(name)));
            let prefix = folder.parent().unwrap_or(candidate).to_owned();
            // COMPAT: links within an installation name its real directory.
            let real = base_executable.as_ref().and_then(|path| fs::canonicalize(path).ok());
            let home = real.and_then(|path| path.parent().map(Path::to_owned)).unwrap_or(home);
            return Some(VirtualEnvironment { prefix, home, base_executable });
        }
        None
    }
}

/// The absolute path of the executable, as the caller named it.
fn executable(name: Option<&Vec<u8>>) -> Vec<u8> {
    let running = || env::current_exe().map(|path| bytes(&path)).unwrap_or_default();
    let Some(name) = name.filter(|name| !name.is_empty()) else { return running() };
    if name.contains(&b'/') {
        return absolute(name);
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).map(|folder| folder.join(Path::new(as_os(name))));
    match found.into_iter().find(|path| is_executable(path)) {
        Some(path) => absolute(&bytes(&path)),
        None => running(),
    }
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn as_os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::ffi::OsStr::from_bytes(bytes)
}

fn bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

fn join(folder: &[u8], rest: &[u8]) -> Vec<u8> {
    if folder.is_empty() {
        return rest.to_vec();
    }
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    [folder, b"/", rest].concat()
}

/// The path with the working directory in front, if it is relative.
pub(crate) fn absolute(path: &[u8]) -> Vec<u8> {
    if path.first() == Some(&b'/') {
        return path.to_vec();
    }
    match env::current_dir() {
        Ok(folder) => {
            let path = path.strip_prefix(b"./").unwrap_or(path);
            join(&folder.into_os_string().into_vec(), path)
        }
        Err(_) => path.to_vec(),
    }
}

/// The path of a script with the working directory in front.
pub(crate) fn absolute_script(path: &[u8]) -> Vec<u8> {
    if path.first() == Some(&b'/') {
        return path.to_vec();
    }
    if matches!(path, b"" | b".") {
        return working_folder();
    }
    match env::current_dir() {
        Ok(folder) => join(&folder.into_os_string().into_vec(), path),
        Err(_) => path.to_vec(),
    }
}

/// The working directory; empty if it is gone.
pub(crate) fn working_folder() -> Vec<u8> {
    env::current_dir().map(|path| bytes(&path)).unwrap_or_default()
}

/// The directory of a script, for the front of `sys.path`: links followed.
pub(crate) fn script_folder(path: &[u8]) -> Vec<u8> {
    let path = Path::new(as_os(path));
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real.parent().map(bytes).unwrap_or_default()
}
