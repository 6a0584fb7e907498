"""Path entry finder for the standard library inside the executable.

The library seems to be in the directory sys._stdlib_dir, which need not exist.
Where it does exist (as the parent of site-packages, for one), its files are
found after the embedded ones.
"""

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external
import _imp
import _krait
import sys


class EmbeddedLoader(_external.SourceFileLoader):
    """Loads a module of the embedded standard library."""

    def path_stats(self, path):
        return {'mtime': 0, 'size': len(_krait.source(self.name))}

    def set_data(self, path, data, *, _mode=0o666):
        pass

    def get_data(self, path):
        return _read(path)

    def get_code(self, fullname):
        if sys.flags.optimize:
            return self.source_to_code(_krait.source(fullname), self.path)
        code = _krait.code(fullname)
        _imp._fix_co_filename(code, self.path)
        return code

    def get_source(self, fullname):
        return _external.decode_source(_krait.source(fullname))

    def get_resource_reader(self, name):
        if self.is_package(name):
            return EmbeddedReader(name)


class EmbeddedReader:
    """Gives importlib.resources the data files of an embedded package."""

    def __init__(self, package):
        self._folder = package.replace('.', '/') + '/'

    def open_resource(self, resource):
        import io
        data = _krait.source(self._folder + resource)
        if data is None:
            raise FileNotFoundError(resource)
        return io.BytesIO(data)

    def resource_path(self, resource):
        raise FileNotFoundError(resource)

    def is_resource(self, name):
        return _krait.source(self._folder + name) is not None

    def contents(self):
        return _children(self._folder)

    def files(self):
        from importlib.resources import _common
        if EmbeddedPath not in _common.as_file.registry:
            _common.as_file.register(EmbeddedPath, _as_file)
        return EmbeddedPath(self._folder.rstrip('/'))


def _as_file(path):
    """For importlib.resources.as_file: a copy that keeps its name."""
    from contextlib import contextmanager
    from importlib.resources import _common
    from pathlib import Path
    from tempfile import TemporaryDirectory

    @contextmanager
    def copy():
        with TemporaryDirectory() as folder:
            yield _common._write_contents(Path(folder), path)

    return copy()


def _children(folder):
    start = len(folder)
    names = [name[start:] for name in _krait.names() if name.startswith(folder)]
    return iter(sorted({name.partition('/')[0] for name in names}))


class EmbeddedPath:
    """A folder of the embedded library or a file in one: a Traversable."""

    def __init__(self, path):
        self._path = path

    @property
    def name(self):
        return self._path.rpartition('/')[2]

    def iterdir(self):
        return map(self.joinpath, _children(self._path + '/'))

    def is_dir(self):
        return next(_children(self._path + '/'), None) is not None or self._is_package()

    def _is_package(self):
        return bool(_krait.find(self._path.replace('/', '.')))

    def _bytes(self):
        return _krait.source(_entry(self._path))

    def is_file(self):
        return self._bytes() is not None and not self._is_package()

    def joinpath(self, *descendants):
        return EmbeddedPath('/'.join((self._path, *map(str, descendants))))

    def __truediv__(self, child):
        return self.joinpath(child)

    def read_bytes(self):
        data = None if self.is_dir() else self._bytes()
        if data is None:
            raise FileNotFoundError(self._path)
        return data

    def read_text(self, encoding=None, errors=None):
        with self.open(encoding=encoding, errors=errors) as file:
            return file.read()

    def open(self, mode='r', *args, **kwargs):
        import io
        stream = io.BytesIO(self.read_bytes())
        return stream if 'b' in mode else io.TextIOWrapper(stream, *args, **kwargs)

    def __repr__(self):
        return f'EmbeddedPath({self._path!r})'


class EmbeddedFinder:
    """Finds the modules of one directory of the embedded standard library."""

    def __init__(self, path):
        self.path = path
        self._package = _module_name(path)
        self._files = None

    def find_spec(self, fullname, target=None):
        tail = fullname.rpartition('.')[2]
        name = self._package + '.' + tail if self._package else tail
        is_package = _krait.find(name)
        if is_package is None or name != fullname:
            return self._find_file(fullname, target)
        path = _external._path_join(self.path, tail)
        locations = [path] if is_package else None
        path += '/__init__.py' if is_package else '.py'
        return _external.spec_from_file_location(
            fullname, path, loader=EmbeddedLoader(fullname, path),
            submodule_search_locations=locations)

    def _find_file(self, fullname, target):
        if self._files is None:
            self._files = False
            if _external._path_isdir(self.path):
                details = _external._get_supported_file_loaders()
                self._files = _external.FileFinder(self.path, *details)
        return self._files.find_spec(fullname, target) if self._files else None

    def invalidate_caches(self):
        self._files = None

    def iter_modules(self, prefix=''):
        """For pkgutil.iter_modules."""
        start = self._package + '.' if self._package else ''
        for name in _krait.names():
            tail = name[len(start):]
            if name.startswith(start) and tail and '.' not in tail and '/' not in tail:
                is_package = _krait.find(name)
                if is_package is not None:
                    yield prefix + tail, is_package

    def get_data(self, path):
        return _read(path)

    def __repr__(self):
        return f'EmbeddedFinder({self.path!r})'


def _relative(path):
    """The path below the standard library's directory, or None."""
    root = sys._stdlib_dir
    if path == root:
        return ''
    if path.startswith(root + '/'):
        return path[len(root) + 1:]
    return None


def _module_name(path):
    return _relative(path).replace('/', '.')


def _entry(relative):
    """The name under which a file is embedded."""
    if relative.endswith('.py'):
        return relative[:-3].removesuffix('/__init__').replace('/', '.')
    return relative


def _read(path):
    relative = _relative(path)
    if relative is not None:
        data = _krait.source(_entry(relative))
        if data is not None:
            return data
    with _external._io.open_code(path) as file:
        return file.read()


def _path_hook(path):
    relative = _relative(path)
    if relative is None or relative and not _krait.find(relative.replace('/', '.')):
        raise ImportError('not the embedded standard library', path=path)
    return EmbeddedFinder(path)


def _get_source(cls, fullname):
    """Return the source code of a frozen module, if it is embedded."""
    if not _imp.is_frozen(fullname):
        raise ImportError(f'{fullname!r} is not a frozen module', name=fullname)
    if fullname.startswith(('__hello', '__phello')):
        return None
    source = _krait.source(fullname)
    return None if source is None else _external.decode_source(source)


def _install():
    """Serve sys._stdlib_dir from the executable."""
    _bootstrap.FrozenImporter.get_source = classmethod(_get_source)
    sys.path_hooks.insert(0, _path_hook)
