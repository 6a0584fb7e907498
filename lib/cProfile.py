"""Profile programs with the native profiler.

The results are those of `profile`, as `pstats` reads them.
"""

import importlib.machinery
import importlib.util
import io
import marshal
import os
import pstats
import sys

import _lsprof
import profile as _profile

__all__ = ["run", "runctx", "Profile"]


def run(statement, filename=None, sort=-1):
    return _profile._Utils(Profile).run(statement, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    return _profile._Utils(Profile).runctx(statement, globals, locals, filename, sort)


run.__doc__ = _profile.run.__doc__
runctx.__doc__ = _profile.runctx.__doc__


class Profile(_lsprof.Profiler):
    """Profile(timer=None, timeunit=None, subcalls=True, builtins=True)

    A profiler whose results can be printed, written to a file and analysed.
    """

    def print_stats(self, sort=-1):
        if not isinstance(sort, tuple):
            sort = (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*sort).print_stats()

    def dump_stats(self, file):
        self.create_stats()
        with open(file, "wb") as stream:
            marshal.dump(self.stats, stream)

    def create_stats(self):
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        entries = self.getstats()
        # Functions that are equal as labels count as one.
        callers = {}
        self.stats = {}
        for entry in entries:
            function = label(entry.code)
            calls = entry.callcount
            primitive = calls - entry.reccallcount
            own, total = entry.inlinetime, entry.totaltime
            if function in self.stats:
                primitive += self.stats[function][0]
                calls += self.stats[function][1]
                own += self.stats[function][2]
                total += self.stats[function][3]
            known = callers.setdefault(function, {})
            self.stats[function] = primitive, calls, own, total, known
        for entry in entries:
            caller = label(entry.code)
            for call in entry.calls or ():
                known = callers.get(label(call.code))
                if known is None:
                    continue
                calls = call.callcount
                primitive = calls - call.reccallcount
                own, total = call.inlinetime, call.totaltime
                if caller in known:
                    previous = known[caller]
                    calls += previous[0]
                    primitive += previous[1]
                    own += previous[2]
                    total += previous[3]
                # The other way round than in the entries of functions.
                known[caller] = calls, primitive, own, total

    def run(self, cmd):
        import __main__
        namespace = __main__.__dict__
        return self.runctx(cmd, namespace, namespace)

    def runctx(self, cmd, globals, locals):
        self.enable()
        try:
            exec(cmd, globals, locals)
        finally:
            self.disable()
        return self

    def runcall(self, func, /, *args, **kw):
        self.enable()
        try:
            return func(*args, **kw)
        finally:
            self.disable()

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *exc_info):
        self.disable()


def label(code):
    if isinstance(code, str):
        return ("~", 0, code)
    return (code.co_filename, code.co_firstlineno, code.co_name)


def main():
    from optparse import OptionParser

    usage = "cProfile.py [-o output_file_path] [-s sort] [-m module | scriptfile] [arg] ..."
    parser = OptionParser(usage=usage)
    parser.allow_interspersed_args = False
    parser.add_option("-o", "--outfile", dest="outfile",
                      help="Save stats to <outfile>", default=None)
    parser.add_option("-s", "--sort", dest="sort",
                      help="Sort order when printing to stdout, based on pstats.Stats class",
                      default=2, choices=sorted(pstats.Stats.sort_arg_dict_default))
    parser.add_option("-m", dest="module", action="store_true",
                      help="Profile a library module", default=False)
    if not sys.argv[1:]:
        parser.print_usage()
        sys.exit(2)
    options, args = parser.parse_args()
    sys.argv[:] = args
    if options.outfile is not None:
        # The program may change the directory.
        options.outfile = os.path.abspath(options.outfile)
    if not args:
        parser.print_usage()
        return parser
    if options.module:
        import runpy
        code = "run_module(modname, run_name='__main__')"
        globs = {"run_module": runpy.run_module, "modname": args[0]}
        sys.argv[:] = args
    else:
        progname = args[0]
        sys.path.insert(0, os.path.dirname(progname))
        with io.open_code(progname) as stream:
            code = compile(stream.read(), progname, "exec")
        spec = importlib.machinery.ModuleSpec(name="__main__", loader=None, origin=progname)
        module = importlib.util.module_from_spec(spec)
        sys.modules["__main__"] = module
        globs = module.__dict__
        globs.update({
            "__spec__": spec,
            "__file__": spec.origin,
            "__name__": spec.name,
            "__package__": None,
            "__cached__": None,
        })
    try:
        runctx(code, globs, None, options.outfile, options.sort)
    except BrokenPipeError as error:
        # Keep the interpreter from flushing a stream that is gone.
        sys.stdout = None
        sys.exit(error.errno)
    return parser


if __name__ == "__main__":
    main()
