"""CSV parsing and writing: the engine of the module csv."""

__version__ = '1.0'

QUOTE_MINIMAL, QUOTE_ALL, QUOTE_NONNUMERIC, QUOTE_NONE, QUOTE_STRINGS, QUOTE_NOTNULL = range(6)

(_START_RECORD, _START_FIELD, _ESCAPED, _IN_FIELD, _IN_QUOTED, _ESCAPED_IN_QUOTED,
 _QUOTE_IN_QUOTED, _EAT_CRNL, _AFTER_ESCAPED_CRNL) = range(9)

_dialects = {}
_limit = 128 * 1024
_missing = object()


class Error(Exception):
    pass


Error.__module__ = '_csv'


def _char(name, value, optional=True):
    if value is None and optional:
        return None
    expected = 'a unicode character or None' if optional else 'a unicode character'
    if not isinstance(value, str):
        raise TypeError(f'"{name}" must be {expected}, not {type(value).__name__}')
    if len(value) != 1:
        raise TypeError(f'"{name}" must be {expected}, not a string of length {len(value)}')
    return value


class Dialect:
    """CSV dialect

    The Dialect type records CSV dialect options."""

    __slots__ = ('_delimiter', '_doublequote', '_escapechar', '_lineterminator',
                 '_quotechar', '_quoting', '_skipinitialspace', '_strict')

    def __new__(cls, dialect=None, delimiter=_missing, doublequote=_missing,
                escapechar=_missing, lineterminator=_missing, quotechar=_missing,
                quoting=_missing, skipinitialspace=_missing, strict=_missing):
        given = (delimiter, doublequote, escapechar, lineterminator, quotechar, quoting,
                 skipinitialspace, strict)
        if dialect is not None:
            if isinstance(dialect, str):
                dialect = get_dialect(dialect)
            if type(dialect) is Dialect and cls is Dialect and all(v is _missing for v in given):
                return dialect

        def option(name, value, default):
            if value is not _missing:
                return value
            return default if dialect is None else getattr(dialect, name, default)

        self = object.__new__(cls)
        put = object.__setattr__
        delimiter = _char('delimiter', option('delimiter', delimiter, ','), False)
        doublequote = bool(option('doublequote', doublequote, True))
        escapechar = _char('escapechar', option('escapechar', escapechar, None))
        lineterminator = option('lineterminator', lineterminator, '\r\n')
        if not isinstance(lineterminator, str):
            raise TypeError('"lineterminator" must be a string, not '
                            f'{type(lineterminator).__name__}')
        has_quoting = option('quoting', quoting, _missing) is not _missing
        quotechar_given = option('quotechar', quotechar, _missing)
        quotechar = _char('quotechar', '"' if quotechar_given is _missing else quotechar_given)
        quoting = option('quoting', quoting, QUOTE_MINIMAL)
        if type(quoting) is not int:
            raise TypeError(f'"quoting" must be an integer, not {type(quoting).__name__}')
        if not 0 <= quoting <= 5:
            raise TypeError('bad "quoting" value')
        skipinitialspace = bool(option('skipinitialspace', skipinitialspace, False))
        strict = bool(option('strict', strict, False))
        if quotechar_given is None and not has_quoting:
            quoting = QUOTE_NONE
        if quoting != QUOTE_NONE and quotechar is None:
            raise TypeError('quotechar must be set if quoting enabled')
        for name, char, space in (('delimiter', delimiter, False),
                                  ('escapechar', escapechar, True),
                                  ('quotechar', quotechar, True)):
            if char is not None and (char in '\r\n' or
                                     char == ' ' and space and skipinitialspace):
                raise ValueError(f'bad {name} value')
        for one, two, left, right in (
                ('delimiter', 'escapechar', delimiter, escapechar),
                ('delimiter', 'quotechar', delimiter, quotechar),
                ('escapechar', 'quotechar', escapechar, quotechar)):
            if left is not None and left == right:
                raise ValueError(f'bad {one} or {two} value')
            for name, char in ((one, left), (two, right)):
                if char is not None and char in lineterminator:
                    raise ValueError(f'bad {name} or lineterminator value')
        for name, value in (('delimiter', delimiter), ('doublequote', doublequote),
                            ('escapechar', escapechar), ('lineterminator', lineterminator),
                            ('quotechar', quotechar), ('quoting', quoting),
                            ('skipinitialspace', skipinitialspace), ('strict', strict)):
            put(self, '_' + name, value)
        return self

    delimiter = property(lambda self: self._delimiter)
    doublequote = property(lambda self: self._doublequote)
    escapechar = property(lambda self: self._escapechar)
    lineterminator = property(lambda self: self._lineterminator)
    quotechar = property(lambda self: self._quotechar)
    quoting = property(lambda self: self._quoting)
    skipinitialspace = property(lambda self: self._skipinitialspace)
    strict = property(lambda self: self._strict)

    def __reduce_ex__(self, protocol):
        raise TypeError(f"cannot pickle '{type(self).__name__}' instances")


class Reader:
    """CSV reader

    Reader objects are responsible for reading and parsing tabular data
    in CSV format."""

    def __new__(cls, *args, **kwargs):
        raise TypeError(f"cannot create '_csv.{cls.__name__}' instances")

    def _open(self, iterable, dialect):
        self._lines = iter(iterable)
        self.dialect = dialect
        self.line_num = 0
        self._record = 0

    def __iter__(self):
        return self

    def __next__(self):
        dialect = self.dialect
        delimiter, quotechar, escapechar = (
            dialect._delimiter, dialect._quotechar, dialect._escapechar)
        quoting, strict = dialect._quoting, dialect._strict
        skip, double = dialect._skipinitialspace, dialect._doublequote
        fields, field, unquoted = [], [], True
        self._record += 1
        record = self._record
        state = _START_RECORD

        def save():
            nonlocal field
            text = ''.join(field)
            field = []
            if unquoted:
                if not text and quoting in (QUOTE_NOTNULL, QUOTE_STRINGS):
                    text = None
                elif text and quoting in (QUOTE_NONNUMERIC, QUOTE_STRINGS):
                    text = float(text)
                elif quoting == QUOTE_NONNUMERIC:
                    text = ''
            fields.append(text)

        def add(char):
            if len(field) >= _limit:
                raise Error(f'field larger than field limit ({_limit})')
            field.append(char)

        while True:
            try:
                line = next(self._lines)
            except StopIteration:
                if field or state == _IN_QUOTED:
                    if strict:
                        raise Error('unexpected end of data') from None
                    save()
                    return fields
                if state == _START_RECORD:
                    raise
                save()
                return fields
            if not isinstance(line, str):
                raise Error(f'iterator should return strings, not {type(line).__name__} '
                            '(the file should be opened in text mode)')
            if self._record != record:
                raise Error('iterator has already advanced the reader')
            self.line_num += 1
            for char in (*line, None):
                ends = char is None or char == '\n' or char == '\r'
                if state == _AFTER_ESCAPED_CRNL:
                    if char is None:
                        continue
                    state = _IN_FIELD
                if state == _START_RECORD:
                    if char is None:
                        continue
                    if ends:
                        state = _EAT_CRNL
                        continue
                    state = _START_FIELD
                if state == _START_FIELD:
                    unquoted = True
                    if ends:
                        save()
                        state = _START_RECORD if char is None else _EAT_CRNL
                    elif char == quotechar and quoting != QUOTE_NONE:
                        unquoted = False
                        state = _IN_QUOTED
                    elif char == escapechar:
                        state = _ESCAPED
                    elif char == ' ' and skip:
                        pass
                    elif char == delimiter:
                        save()
                    else:
                        add(char)
                        state = _IN_FIELD
                elif state == _ESCAPED:
                    if char == '\n' or char == '\r':
                        add(char)
                        state = _AFTER_ESCAPED_CRNL
                    else:
                        add('\n' if char is None else char)
                        state = _IN_FIELD
                elif state == _IN_FIELD:
                    if ends:
                        save()
                        state = _START_RECORD if char is None else _EAT_CRNL
                    elif char == escapechar:
                        state = _ESCAPED
                    elif char == delimiter:
                        save()
                        state = _START_FIELD
                    else:
                        add(char)
                elif state == _IN_QUOTED:
                    if char is None:
                        pass
                    elif char == escapechar:
                        state = _ESCAPED_IN_QUOTED
                    elif char == quotechar and quoting != QUOTE_NONE:
                        state = _QUOTE_IN_QUOTED if double else _IN_FIELD
                    else:
                        add(char)
                elif state == _ESCAPED_IN_QUOTED:
                    add('\n' if char is None else char)
                    state = _IN_QUOTED
                elif state == _QUOTE_IN_QUOTED:
                    if char == quotechar and quoting != QUOTE_NONE:
                        add(char)
                        state = _IN_QUOTED
                    elif char == delimiter:
                        save()
                        state = _START_FIELD
                    elif ends:
                        save()
                        state = _START_RECORD if char is None else _EAT_CRNL
                    elif not strict:
                        add(char)
                        state = _IN_FIELD
                    else:
                        raise Error(f"'{delimiter}' expected after '{quotechar}'")
                elif char is None:
                    state = _START_RECORD
                elif not ends:
                    raise Error('new-line character seen in unquoted field - do you need to '
                                "open the file with newline=''?")
            if state == _START_RECORD:
                return fields


class Writer:
    """CSV writer

    Writer objects are responsible for generating tabular data
    in CSV format from sequence input."""

    def __new__(cls, *args, **kwargs):
        raise TypeError(f"cannot create '_csv.{cls.__name__}' instances")

    def _open(self, fileobj, dialect):
        self._write = getattr(fileobj, 'write', None)
        if not callable(self._write):
            raise TypeError('argument 1 must have a "write" method')
        self.dialect = dialect

    def writerow(self, row, /):
        try:
            values = iter(row)
        except TypeError:
            raise Error(f'iterable expected, not {type(row).__name__}') from None
        dialect = self.dialect
        quoting, quotechar, escapechar, delimiter = (
            dialect._quoting, dialect._quotechar, dialect._escapechar, dialect._delimiter)
        special = {delimiter, escapechar, quotechar, '\r', '\n', *dialect._lineterminator}
        fields = []
        lone = False
        for value in values:
            if quoting == QUOTE_NONNUMERIC:
                try:
                    quoted = not hasattr(type(value), '__float__') and not hasattr(
                        type(value), '__index__')
                except AttributeError:
                    quoted = True
            elif quoting == QUOTE_STRINGS:
                quoted = isinstance(value, str)
            elif quoting == QUOTE_NOTNULL:
                quoted = value is not None
            else:
                quoted = quoting == QUOTE_ALL
            text = '' if value is None else value if isinstance(value, str) else str(value)
            if not text and delimiter == ' ' and dialect._skipinitialspace:
                if quoting == QUOTE_NONE or value is None and quoting in (
                        QUOTE_STRINGS, QUOTE_NOTNULL):
                    raise Error('empty field must be quoted if delimiter is a space '
                                'and skipinitialspace is true')
                quoted = True
            out = []
            for char in text:
                if char in special:
                    escape = quoting == QUOTE_NONE
                    if not escape:
                        if char == quotechar:
                            if dialect._doublequote:
                                out.append(quotechar)
                            else:
                                escape = True
                        elif char == escapechar:
                            escape = True
                        if not escape:
                            quoted = True
                    if escape:
                        if escapechar is None:
                            raise Error('need to escape, but no escapechar set')
                        out.append(escapechar)
                out.append(char)
            text = ''.join(out)
            lone = not fields and not text and not quoted
            lone_null = value is None
            fields.append(f'{quotechar}{text}{quotechar}' if quoted else text)
        if len(fields) == 1 and lone:
            if quoting == QUOTE_NONE or lone_null and quoting in (QUOTE_STRINGS, QUOTE_NOTNULL):
                raise Error('single empty field record must be quoted')
            fields = [quotechar * 2]
        return self._write(delimiter.join(fields) + dialect._lineterminator)

    def writerows(self, rows, /):
        for row in rows:
            self.writerow(row)


for _class, _name in ((Reader, 'reader'), (Writer, 'writer')):
    _class.__module__ = '_csv'
    _class.__qualname__ = _class.__name__ = _name
del _class, _name


def reader(iterable, /, dialect=None, **fmtparams):
    self = object.__new__(Reader)
    self._open(iterable, Dialect(dialect, **fmtparams))
    return self


def writer(fileobj, /, dialect=None, **fmtparams):
    self = object.__new__(Writer)
    self._open(fileobj, Dialect(dialect, **fmtparams))
    return self


def register_dialect(name, /, dialect=None, **fmtparams):
    if not isinstance(name, str):
        raise TypeError('dialect name must be a string')
    _dialects[name] = Dialect(dialect, **fmtparams)


def unregister_dialect(name):
    try:
        del _dialects[name]
    except KeyError:
        raise Error('unknown dialect') from None


def get_dialect(name):
    try:
        return _dialects[name]
    except KeyError:
        raise Error('unknown dialect') from None


def list_dialects():
    return list(_dialects)


def field_size_limit(new_limit=_missing, /):
    global _limit
    old = _limit
    if new_limit is not _missing:
        if not isinstance(new_limit, int):
            raise TypeError('limit must be an integer')
        _limit = new_limit
    return old
