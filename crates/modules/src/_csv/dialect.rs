//! The rules that a table is written by.

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Int, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Type, alloc_object,
    own, raise,
};

use super::{QUOTE_MINIMAL, QUOTE_NONE, QUOTE_NOTNULL, get_registered};

/// CSV dialect
///
/// The Dialect type records CSV dialect options.
#[pytype(name = "_csv.Dialect", flags = BASETYPE | IMMUTABLETYPE)]
pub(crate) struct Dialect {
    head: Head,
    pub(super) delimiter: u32,
    pub(super) doublequote: bool,
    #[traverse(skip)]
    pub(super) escapechar: Option<u32>,
    lineterminator: Ref<Str>,
    #[traverse(skip)]
    pub(super) terminator: Vec<u32>,
    #[traverse(skip)]
    pub(super) quotechar: Option<u32>,
    pub(super) quoting: i64,
    pub(super) skipinitialspace: bool,
    pub(super) strict: bool,
}

/// One character, or `None` where that is allowed.
fn character(
    th: Thread<'_>,
    name: &str,
    value: Option<Obj<'_>>,
    default: Option<u32>,
    optional: bool,
) -> Result<Option<u32>> {
    let Some(value) = value else { return Ok(default) };
    if value.is_none() && optional {
        return Ok(None);
    }
    let expected = if optional { "a unicode character or None" } else { "a unicode character" };
    let Some(text) = value.downcast::<Str>() else {
        raise!(th, TypeError, "\"{name}\" must be {expected}, not {}", value.type_name());
    };
    match (text.len(), text.get(0)) {
        (1, Some(code)) => Ok(Some(code)),
        (length, _) => {
            raise!(th, TypeError, "\"{name}\" must be {expected}, not a string of length {length}")
        }
    }
}

fn is_one_of(code: u32, characters: &str) -> bool {
    characters.chars().any(|c| u32::from(c) == code)
}

impl Dialect {
    /// Refuse characters that would mean two things.
    fn check(&self, th: Thread<'_>) -> Result<()> {
        let single = [
            ("delimiter", Some(self.delimiter), false),
            ("escapechar", self.escapechar, true),
            ("quotechar", self.quotechar, true),
        ];
        for (name, code, not_space) in single {
            let Some(code) = code else { continue };
            let is_space = not_space && self.skipinitialspace && code == u32::from(' ');
            if is_space || is_one_of(code, "\r\n") {
                raise!(th, ValueError, "bad {name} value");
            }
        }
        let [delimiter, escapechar, quotechar] = single.map(|(name, code, _)| (name, code));
        for (one, two) in [(delimiter, escapechar), (delimiter, quotechar), (escapechar, quotechar)]
        {
            if one.1.is_some() && one.1 == two.1 {
                raise!(th, ValueError, "bad {} or {} value", one.0, two.0);
            }
            for (name, code) in [one, two] {
                if code.is_some_and(|code| self.terminator.contains(&code)) {
                    raise!(th, ValueError, "bad {name} or lineterminator value");
                }
            }
        }
        Ok(())
    }

    fn text(th: Thread<'_>, code: Option<u32>) -> Result<Option<Ref<Str>>> {
        code.map(|code| Str::from_char(th, code)).transpose()
    }
}

#[pymethods]
impl Dialect {
    #[sig = "Dialect(dialect=None, delimiter=<unrepresentable>, doublequote=<unrepresentable>, escapechar=<unrepresentable>, lineterminator=<unrepresentable>, quotechar=<unrepresentable>, quoting=<unrepresentable>, skipinitialspace=<unrepresentable>, strict=<unrepresentable>)"]
    #[allow(clippy::too_many_arguments, reason = "the options of a dialect")]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        dialect: Option<Obj<'_>>,
        delimiter: Option<Obj<'_>>,
        doublequote: Option<Obj<'_>>,
        escapechar: Option<Obj<'_>>,
        lineterminator: Option<Obj<'_>>,
        quotechar: Option<Obj<'_>>,
        quoting: Option<Obj<'_>>,
        skipinitialspace: Option<Obj<'_>>,
        strict: Option<Obj<'_>>,
    ) -> Result<Ref<Dialect>> {
        let given = [
            delimiter,
            doublequote,
            escapechar,
            lineterminator,
            quotechar,
            quoting,
            skipinitialspace,
            strict,
        ];
        let base = match dialect.filter(|dialect| !dialect.is_none()) {
            Some(name) if name.downcast::<Str>().is_some() => Some(get_registered(th, name)?),
            Some(dialect) => Some(dialect.own()),
            None => None,
        };
        if let Some(base) = &base
            && let Some(same) = base.obj().downcast_exact::<Dialect>()
            && cls.obj().is(Dialect::type_object().obj())
            && given.iter().all(Option::is_none)
        {
            return Ok(own(same));
        }
        let option = |name: &str, value: Option<Obj<'_>>| -> Result<Option<Ref>> {
            match (value, &base) {
                (Some(value), _) => Ok(Some(value.own())),
                (None, Some(base)) => match base.getattr(th, &*Str::intern(th, name)?) {
                    Ok(value) => Ok(Some(value)),
                    // COMPAT: any error means that the option is not there.
                    Err(raised) => {
                        th.clear_exception(raised);
                        Ok(None)
                    }
                },
                (None, None) => Ok(None),
            }
        };
        let truth = |value: Option<Ref>, default: bool| {
            value.map_or(Ok(default), |value| value.is_true(th))
        };
        let delimiter = option("delimiter", delimiter)?;
        let doublequote = option("doublequote", doublequote)?;
        let escapechar = option("escapechar", escapechar)?;
        let lineterminator = option("lineterminator", lineterminator)?;
        let quotechar = option("quotechar", quotechar)?;
        let quoting = option("quoting", quoting)?;
        let skipinitialspace = option("skipinitialspace", skipinitialspace)?;
        let strict = option("strict", strict)?;

        let delimiter = character(
            th,
            "delimiter",
            delimiter.as_ref().map(AsObject::obj),
            Some(u32::from(',')),
            false,
        )?;
        let doublequote = truth(doublequote, true)?;
        let escapechar =
            character(th, "escapechar", escapechar.as_ref().map(AsObject::obj), None, true)?;
        let no_quotechar = quotechar.as_ref().is_some_and(|value| value.obj().is_none());
        let quotechar = character(
            th,
            "quotechar",
            quotechar.as_ref().map(AsObject::obj),
            Some(u32::from('"')),
            true,
        )?;
        let lineterminator = match lineterminator {
            None => Str::new(th, "\r\n")?,
            Some(value) => match value.downcast::<Str>() {
                Ok(text) => text,
                Err(value) => raise!(
                    th,
                    TypeError,
                    "\"lineterminator\" must be a string, not {}",
                    value.obj().type_name()
                ),
            },
        };
        let has_quoting = quoting.is_some();
        let mut quoting = match quoting {
            None => QUOTE_MINIMAL,
            Some(value) if value.obj().is_exact::<Int>() => {
                Int::to_i64(value.obj()).unwrap_or(i64::MAX)
            }
            Some(value) => raise!(
                th,
                TypeError,
                "\"quoting\" must be an integer, not {}",
                value.obj().type_name()
            ),
        };
        if !(QUOTE_MINIMAL..=QUOTE_NOTNULL).contains(&quoting) {
            raise!(th, TypeError, "bad \"quoting\" value");
        }
        let skipinitialspace = truth(skipinitialspace, false)?;
        let strict = truth(strict, false)?;
        if no_quotechar && !has_quoting {
            quoting = QUOTE_NONE;
        }
        let Some(delimiter) = delimiter else {
            raise!(th, TypeError, "\"delimiter\" must be a unicode character, not NoneType");
        };
        if quoting != QUOTE_NONE && quotechar.is_none() {
            raise!(th, TypeError, "quotechar must be set if quoting enabled");
        }
        let terminator = lineterminator.units().iter().collect();
        let dialect = Dialect {
            head: Head::new(),
            delimiter,
            doublequote,
            escapechar,
            lineterminator,
            terminator,
            quotechar,
            quoting,
            skipinitialspace,
            strict,
        };
        dialect.check(th)?;
        alloc_object::alloc(th, cls, dialect)
    }

    #[getter]
    #[name = "delimiter"]
    fn get_delimiter(&self, th: Thread<'_>) -> Result<Option<Ref<Str>>> {
        Dialect::text(th, Some(self.delimiter))
    }

    #[getter]
    #[name = "doublequote"]
    fn get_doublequote(&self, _: Thread<'_>) -> bool {
        self.doublequote
    }

    #[getter]
    #[name = "escapechar"]
    fn get_escapechar(&self, th: Thread<'_>) -> Result<Option<Ref<Str>>> {
        Dialect::text(th, self.escapechar)
    }

    #[getter]
    #[name = "lineterminator"]
    fn get_lineterminator(&self, _: Thread<'_>) -> Ref<Str> {
        self.lineterminator.clone()
    }

    #[getter]
    #[name = "quotechar"]
    fn get_quotechar(&self, th: Thread<'_>) -> Result<Option<Ref<Str>>> {
        Dialect::text(th, self.quotechar)
    }

    #[getter]
    #[name = "quoting"]
    fn get_quoting(&self, _: Thread<'_>) -> i64 {
        self.quoting
    }

    #[getter]
    #[name = "skipinitialspace"]
    fn get_skipinitialspace(&self, _: Thread<'_>) -> bool {
        self.skipinitialspace
    }

    #[getter]
    #[name = "strict"]
    fn get_strict(&self, _: Thread<'_>) -> bool {
        self.strict
    }

    /// raises an exception to avoid pickling
    #[sig = "($self, protocol, /)"]
    fn __reduce_ex__(&self, th: Thread<'_>, protocol: Obj<'_>) -> Result<()> {
        let _ = protocol;
        raise!(th, TypeError, "cannot pickle '{}' instances", self.obj().ty().name())
    }

    /// raises an exception to avoid pickling
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<()> {
        raise!(th, TypeError, "cannot pickle '{}' instances", self.obj().ty().name())
    }
}

/// Whether an object is a number: it has `__float__`, `__index__` or `__int__`.
pub(super) fn is_number(object: Obj<'_>) -> bool {
    Int::is_index(object) || object.ty().number().is_some_and(|methods| methods.nb_float.is_some())
}
