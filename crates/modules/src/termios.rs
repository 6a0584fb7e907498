//! `termios`: terminal attributes.

use std::cell::OnceCell;

use macros::pymodule;
use object::{
    AsObject, Bytes, Int, IntoObject, Link, List, Module, Obj, Protocol, Raised, Ref, Result, Str,
    Thread, Tuple, exceptions, raise,
};

use crate::support::{Fd, retry};

#[derive(Default)]
struct State(OnceCell<Link>);

#[cold]
fn failure(th: Thread<'_>, error: &std::io::Error) -> Raised {
    let class = th.interp().extensions.get::<State>().0.get().and_then(Link::get);
    let Some(class) = class else { return crate::support::os_error(th, error) };
    let errno = error.raw_os_error().unwrap_or(0);
    let make = || {
        let text = exceptions::strerror(errno).into_object(th)?;
        class.call(th, &[errno.into_object(th)?.obj(), text.obj()])
    };
    match make() {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

fn call<T>(th: Thread<'_>, f: impl FnMut() -> std::io::Result<T>) -> Result<T> {
    retry(th, f)?.map_err(|error| failure(th, &error))
}

/// This module provides an interface to the Posix calls for tty I/O control.
///
/// For a complete description of these calls, see the Posix or Unix manual
/// pages. It is only available for those Unix versions that support Posix
/// termios style tty I/O control (and then only if configured at installation
/// time).
///
/// All functions in this module take a file descriptor fd as their first
/// argument. This can be an integer file descriptor, such as returned by
/// sys.stdin.fileno(), or a file object, such as sys.stdin itself.
#[pymodule]
pub mod termios {
    use super::*;

    /// Get the tty attributes for file descriptor fd.
    ///
    /// Returns a list [iflag, oflag, cflag, lflag, ispeed, ospeed, cc]
    /// where cc is a list of the tty special characters (each a string of
    /// length 1, except the items with indices VMIN and VTIME, which are
    /// integers when these fields are defined).
    #[sig = "(fd, /)"]
    fn tcgetattr(th: Thread<'_>, fd: Fd) -> Result<Ref<List>> {
        let attributes = call(th, || host::terminal::tcgetattr(fd.0))?;
        let (input, output) = host::terminal::speeds(&attributes);
        let canonical = attributes.c_lflag & libc::ICANON != 0;
        let mut characters = Vec::new();
        for (i, byte) in attributes.c_cc.iter().enumerate() {
            let is_number = !canonical && (i == libc::VMIN || i == libc::VTIME);
            characters.push(if is_number {
                byte.into_object(th)?
            } else {
                Bytes::new(th, &[*byte])?.upcast()
            });
        }
        let mut values = Vec::new();
        let flags = [
            attributes.c_iflag,
            attributes.c_oflag,
            attributes.c_cflag,
            attributes.c_lflag,
            input,
            output,
        ];
        for flag in flags {
            values.push(flag.into_object(th)?);
        }
        values.push(List::from_refs(th, characters)?.upcast());
        List::from_refs(th, values)
    }

    /// Set the tty attributes for file descriptor fd.
    ///
    /// The attributes to be set are taken from the attributes argument, which
    /// is a list like the one returned by tcgetattr(). The when argument
    /// determines when the attributes are changed: termios.TCSANOW to
    /// change immediately, termios.TCSADRAIN to change after transmitting all
    /// queued output, or termios.TCSAFLUSH to change after transmitting all
    /// queued output and discarding all queued input.
    #[sig = "(fd, when, attributes, /)"]
    fn tcsetattr(th: Thread<'_>, fd: Fd, when: i32, attributes: Obj<'_>) -> Result<()> {
        let wrong = || object::error!(th, TypeError, "tcsetattr, arg 3: must be 7 element list");
        let Some(list) = attributes.downcast::<List>() else { return Err(wrong()) };
        if list.len() != 7 {
            return Err(wrong());
        }
        let mut new = call(th, || host::terminal::tcgetattr(fd.0))?;
        let number = |i: usize| -> Result<u32> {
            let item = list.get(i).ok_or_else(wrong)?;
            Ok(Int::index_to_i64(th, item.obj())? as u32)
        };
        new.c_iflag = number(0)?;
        new.c_oflag = number(1)?;
        new.c_cflag = number(2)?;
        new.c_lflag = number(3)?;
        let (input, output) = (number(4)?, number(5)?);
        let characters = list.get(6).ok_or_else(wrong)?;
        let count = new.c_cc.len();
        let items = match characters.obj().downcast::<List>() {
            Some(items) if items.len() == count => items,
            _ => raise!(th, TypeError, "tcsetattr: attributes[6] must be {count} element list"),
        };
        for (i, slot) in new.c_cc.iter_mut().enumerate() {
            let Some(item) = items.get(i) else { continue };
            *slot = match item.obj().downcast::<Bytes>().map(Bytes::as_bytes) {
                Some([byte]) => *byte,
                _ if Int::is_int(item.obj()) => Int::index_to_i64(th, item.obj())? as u8,
                _ => raise!(
                    th,
                    TypeError,
                    "tcsetattr: elements of attributes must be characters or integers"
                ),
            };
        }
        call(th, || host::terminal::set_speeds(&mut new, input, output))?;
        call(th, || host::terminal::tcsetattr(fd.0, when, &new))
    }

    /// Send a break on file descriptor fd.
    ///
    /// A zero duration sends a break for 0.25-0.5 seconds; a nonzero duration
    /// has a system dependent meaning.
    #[sig = "(fd, duration, /)"]
    fn tcsendbreak(th: Thread<'_>, fd: Fd, duration: i32) -> Result<()> {
        call(th, || host::terminal::tcsendbreak(fd.0, duration))
    }

    /// Wait until all output written to file descriptor fd has been transmitted.
    #[sig = "(fd, /)"]
    fn tcdrain(th: Thread<'_>, fd: Fd) -> Result<()> {
        call(th, || host::terminal::tcdrain(fd.0))
    }

    /// Discard queued data on file descriptor fd.
    ///
    /// The queue selector specifies which queue: termios.TCIFLUSH for the input
    /// queue, termios.TCOFLUSH for the output queue, or termios.TCIOFLUSH for
    /// both queues.
    #[sig = "(fd, queue, /)"]
    fn tcflush(th: Thread<'_>, fd: Fd, queue: i32) -> Result<()> {
        call(th, || host::terminal::tcflush(fd.0, queue))
    }

    /// Suspend or resume input or output on file descriptor fd.
    #[sig = "(fd, action, /)"]
    fn tcflow(th: Thread<'_>, fd: Fd, action: i32) -> Result<()> {
        call(th, || host::terminal::tcflow(fd.0, action))
    }

    /// Get the tty winsize for file descriptor fd.
    ///
    /// Returns a tuple (ws_row, ws_col).
    #[sig = "(fd, /)"]
    fn tcgetwinsize(th: Thread<'_>, fd: Fd) -> Result<(u16, u16)> {
        call(th, || host::terminal::window_size(fd.0))
    }

    /// Set the tty winsize for file descriptor fd.
    ///
    /// The winsize to be set is taken from the winsize argument, which
    /// is a two-item tuple (ws_row, ws_col) like the one returned by tcgetwinsize().
    #[sig = "(fd, winsize, /)"]
    fn tcsetwinsize(th: Thread<'_>, fd: Fd, winsize: Obj<'_>) -> Result<()> {
        let items = object::protocol::iter::collect(th, winsize)?;
        let [rows, columns] = items.as_slice() else {
            raise!(th, TypeError, "tcsetwinsize, arg 2: must be a two-item sequence");
        };
        let number = |item: &Ref| -> Result<u16> {
            match u16::try_from(Int::index_to_i64(th, item.obj())?) {
                Ok(value) => Ok(value),
                Err(_) => raise!(th, OverflowError, "winsize value(s) out of range."),
            }
        };
        let (rows, columns) = (number(rows)?, number(columns)?);
        call(th, || host::terminal::set_window_size(fd.0, rows, columns))
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        crate::support::add_ints(th, module, CONSTANTS)?;
        let bases = Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?;
        let name = Str::new(th, "termios.error")?;
        let class = crate::support::new_exception(th, &name, &bases)?;
        let state = th.interp().extensions.get::<State>();
        let _ = state.0.set(Link::new(class.clone()));
        module.set(th, "error", class.obj())
    }
}

/// Integer constants of the module.
static CONSTANTS: &[(&str, i64)] = &[
    ("B0", 0),
    ("B1000000", 1000000),
    ("B110", 110),
    ("B115200", 115200),
    ("B1152000", 1152000),
    ("B1200", 1200),
    ("B134", 134),
    ("B14400", 14400),
    ("B150", 150),
    ("B1500000", 1500000),
    ("B1800", 1800),
    ("B19200", 19200),
    ("B200", 200),
    ("B2000000", 2000000),
    ("B230400", 230400),
    ("B2400", 2400),
    ("B2500000", 2500000),
    ("B28800", 28800),
    ("B300", 300),
    ("B3000000", 3000000),
    ("B3500000", 3500000),
    ("B38400", 38400),
    ("B4000000", 4000000),
    ("B460800", 460800),
    ("B4800", 4800),
    ("B50", 50),
    ("B500000", 500000),
    ("B57600", 57600),
    ("B576000", 576000),
    ("B600", 600),
    ("B7200", 7200),
    ("B75", 75),
    ("B76800", 76800),
    ("B921600", 921600),
    ("B9600", 9600),
    ("BRKINT", 2),
    ("BS0", 0),
    ("BS1", 8192),
    ("BSDLY", 8192),
    ("CBAUD", 4111),
    ("CBAUDEX", 4096),
    ("CDSUSP", 25),
    ("CEOF", 4),
    ("CEOL", 0),
    ("CEOT", 4),
    ("CERASE", 127),
    ("CFLUSH", 15),
    ("CIBAUD", 269418496),
    ("CINTR", 3),
    ("CKILL", 21),
    ("CLNEXT", 22),
    ("CLOCAL", 2048),
    ("CQUIT", 28),
    ("CR0", 0),
    ("CR1", 512),
    ("CR2", 1024),
    ("CR3", 1536),
    ("CRDLY", 1536),
    ("CREAD", 128),
    ("CRPRNT", 18),
    ("CRTSCTS", 2147483648),
    ("CS5", 0),
    ("CS6", 16),
    ("CS7", 32),
    ("CS8", 48),
    ("CSIZE", 48),
    ("CSTART", 17),
    ("CSTOP", 19),
    ("CSTOPB", 64),
    ("CSUSP", 26),
    ("CWERASE", 23),
    ("ECHO", 8),
    ("ECHOCTL", 512),
    ("ECHOE", 16),
    ("ECHOK", 32),
    ("ECHOKE", 2048),
    ("ECHONL", 64),
    ("ECHOPRT", 1024),
    ("EXTA", 19200),
    ("EXTB", 38400),
    ("EXTPROC", 65536),
    ("FF0", 0),
    ("FF1", 32768),
    ("FFDLY", 32768),
    ("FIOASYNC", 21586),
    ("FIOCLEX", 21585),
    ("FIONBIO", 21537),
    ("FIONCLEX", 21584),
    ("FIONREAD", 21531),
    ("FLUSHO", 4096),
    ("HUPCL", 1024),
    ("IBSHIFT", 16),
    ("ICANON", 2),
    ("ICRNL", 256),
    ("IEXTEN", 32768),
    ("IGNBRK", 1),
    ("IGNCR", 128),
    ("IGNPAR", 4),
    ("IMAXBEL", 8192),
    ("INLCR", 64),
    ("INPCK", 16),
    ("IOCSIZE_MASK", 1073676288),
    ("IOCSIZE_SHIFT", 16),
    ("ISIG", 1),
    ("ISTRIP", 32),
    ("IUCLC", 512),
    ("IUTF8", 16384),
    ("IXANY", 2048),
    ("IXOFF", 4096),
    ("IXON", 1024),
    ("NCCS", 32),
    ("NL0", 0),
    ("NL1", 256),
    ("NLDLY", 256),
    ("NOFLSH", 128),
    ("N_MOUSE", 2),
    ("N_PPP", 3),
    ("N_SLIP", 1),
    ("N_STRIP", 4),
    ("N_TTY", 0),
    ("OCRNL", 8),
    ("OFDEL", 128),
    ("OFILL", 64),
    ("OLCUC", 2),
    ("ONLCR", 4),
    ("ONLRET", 32),
    ("ONOCR", 16),
    ("OPOST", 1),
    ("PARENB", 256),
    ("PARMRK", 8),
    ("PARODD", 512),
    ("PENDIN", 16384),
    ("TAB0", 0),
    ("TAB1", 2048),
    ("TAB2", 4096),
    ("TAB3", 6144),
    ("TABDLY", 6144),
    ("TCFLSH", 21515),
    ("TCGETS", 21505),
    ("TCIFLUSH", 0),
    ("TCIOFF", 2),
    ("TCIOFLUSH", 2),
    ("TCION", 3),
    ("TCOFLUSH", 1),
    ("TCOOFF", 0),
    ("TCOON", 1),
    ("TCSADRAIN", 1),
    ("TCSAFLUSH", 2),
    ("TCSANOW", 0),
    ("TCSBRK", 21513),
    ("TCSBRKP", 21541),
    ("TCSETS", 21506),
    ("TCSETSF", 21508),
    ("TCSETSW", 21507),
    ("TCXONC", 21514),
    ("TIOCCONS", 21533),
    ("TIOCEXCL", 21516),
    ("TIOCGETD", 21540),
    ("TIOCGICOUNT", 21597),
    ("TIOCGLCKTRMIOS", 21590),
    ("TIOCGPGRP", 21519),
    ("TIOCGSERIAL", 21534),
    ("TIOCGSOFTCAR", 21529),
    ("TIOCGWINSZ", 21523),
    ("TIOCINQ", 21531),
    ("TIOCLINUX", 21532),
    ("TIOCMBIC", 21527),
    ("TIOCMBIS", 21526),
    ("TIOCMGET", 21525),
    ("TIOCMIWAIT", 21596),
    ("TIOCMSET", 21528),
    ("TIOCM_CAR", 64),
    ("TIOCM_CD", 64),
    ("TIOCM_CTS", 32),
    ("TIOCM_DSR", 256),
    ("TIOCM_DTR", 2),
    ("TIOCM_LE", 1),
    ("TIOCM_RI", 128),
    ("TIOCM_RNG", 128),
    ("TIOCM_RTS", 4),
    ("TIOCM_SR", 16),
    ("TIOCM_ST", 8),
    ("TIOCNOTTY", 21538),
    ("TIOCNXCL", 21517),
    ("TIOCOUTQ", 21521),
    ("TIOCPKT", 21536),
    ("TIOCPKT_DATA", 0),
    ("TIOCPKT_DOSTOP", 32),
    ("TIOCPKT_FLUSHREAD", 1),
    ("TIOCPKT_FLUSHWRITE", 2),
    ("TIOCPKT_NOSTOP", 16),
    ("TIOCPKT_START", 8),
    ("TIOCPKT_STOP", 4),
    ("TIOCSCTTY", 21518),
    ("TIOCSERCONFIG", 21587),
    ("TIOCSERGETLSR", 21593),
    ("TIOCSERGETMULTI", 21594),
    ("TIOCSERGSTRUCT", 21592),
    ("TIOCSERGWILD", 21588),
    ("TIOCSERSETMULTI", 21595),
    ("TIOCSERSWILD", 21589),
    ("TIOCSER_TEMT", 1),
    ("TIOCSETD", 21539),
    ("TIOCSLCKTRMIOS", 21591),
    ("TIOCSPGRP", 21520),
    ("TIOCSSERIAL", 21535),
    ("TIOCSSOFTCAR", 21530),
    ("TIOCSTI", 21522),
    ("TIOCSWINSZ", 21524),
    ("TOSTOP", 256),
    ("VDISCARD", 13),
    ("VEOF", 4),
    ("VEOL", 11),
    ("VEOL2", 16),
    ("VERASE", 2),
    ("VINTR", 0),
    ("VKILL", 3),
    ("VLNEXT", 15),
    ("VMIN", 6),
    ("VQUIT", 1),
    ("VREPRINT", 12),
    ("VSTART", 8),
    ("VSTOP", 9),
    ("VSUSP", 10),
    ("VSWTC", 7),
    ("VSWTCH", 7),
    ("VT0", 0),
    ("VT1", 16384),
    ("VTDLY", 16384),
    ("VTIME", 5),
    ("VWERASE", 14),
    ("XCASE", 4),
    ("XTABS", 6144),
    ("_POSIX_VDISABLE", 0),
];
