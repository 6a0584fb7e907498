//! The type `socket`: a descriptor, what it is, and its timeout.

use std::{cell::Cell, io};

use host::socket::{self as sys, Address};
use macros::{pymethods, pytype};
use object::{
    Args, AsObject, Bytes, Dict, Head, Int, IntoObject, Kwargs, Obj, Protocol, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object, exceptions, raise, types,
};

use super::{
    Settings, address,
    arguments::{count, int_or, size_or},
    wait::{Deadline, Failure, Ready, parse_timeout},
};
use crate::{
    support::{Buffer, Writable, check, int_arg},
    sys::audit,
};

/// socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object
/// socket(family=-1, type=-1, proto=-1, fileno=None) -> socket object
///
/// Open a socket of the given type.  The family argument specifies the
/// address family; it defaults to AF_INET.  The type argument specifies
/// whether this is a stream (SOCK_STREAM, this is the default)
/// or datagram (SOCK_DGRAM) socket.  The protocol argument defaults to 0,
/// specifying the default protocol.  Keyword arguments are accepted.
/// The socket is created as non-inheritable.
///
/// When a fileno is passed in, family, type and proto are auto-detected,
/// unless they are explicitly set.
///
/// A socket object represents one endpoint of a network connection.
#[pytype(name = "_socket.socket", flags = BASETYPE | IMMUTABLETYPE)]
pub(crate) struct Socket {
    head: Head,
    pub(crate) fd: Cell<i32>,
    pub(super) family: Cell<i32>,
    kind: Cell<i32>,
    pub(super) proto: Cell<i32>,
    /// Nanoseconds; -1 waits for ever, 0 does not wait.
    pub(crate) timeout: Cell<i64>,
}

impl Socket {
    /// Take over a descriptor.
    fn adopt(&self, th: Thread<'_>, fd: i32, family: i32, kind: i32, proto: i32) -> Result<()> {
        self.fd.set(fd);
        self.family.set(family);
        self.kind.set(kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC));
        self.proto.set(proto);
        if kind & libc::SOCK_NONBLOCK != 0 {
            self.timeout.set(0);
            return Ok(());
        }
        let timeout = Settings::of(th).default_timeout.get();
        self.timeout.set(timeout);
        if timeout >= 0 {
            check(th, host::fs::set_blocking(fd, false))?;
        }
        Ok(())
    }

    /// A new socket object for a descriptor, which is closed on failure.
    pub(super) fn from_fd(
        th: Thread<'_>,
        fd: i32,
        family: i32,
        kind: i32,
        proto: i32,
    ) -> Result<Ref<Socket>> {
        let made = Socket::empty(th, <Socket as object::PyStruct>::type_object());
        match made.and_then(|socket| socket.adopt(th, fd, family, kind, proto).map(|()| socket)) {
            Ok(socket) => Ok(socket),
            Err(raised) => {
                let _ = host::fs::close(fd);
                Err(raised)
            }
        }
    }

    fn empty(th: Thread<'_>, cls: &Type) -> Result<Ref<Socket>> {
        let socket = Socket {
            head: Head::new(),
            fd: Cell::new(-1),
            family: Cell::new(0),
            kind: Cell::new(0),
            proto: Cell::new(0),
            timeout: Cell::new(-1),
        };
        alloc_object::alloc(th, cls, socket)
    }

    fn set_timeout_ns(&self, th: Thread<'_>, timeout: i64) -> Result<()> {
        self.timeout.set(timeout);
        let fd = self.fd.get();
        check(th, th.allow_threads(|| host::fs::set_blocking(fd, timeout < 0)))
    }

    fn address_arg(&self, th: Thread<'_>, object: Obj<'_>, function: &str) -> Result<Address> {
        address::from_python(th, self, object, function)
    }

    pub(super) fn show(&self, th: Thread<'_>, address: &Address) -> Result<Ref> {
        address::to_python(th, address, self.proto.get())
    }

    /// Begin a connection and wait for it.
    fn connect_to(&self, th: Thread<'_>, to: &Address) -> Result<Result<(), Failure>> {
        let (fd, timeout) = (self.fd.get(), self.timeout.get());
        let error = match th.allow_threads(|| sys::connect(fd, to)) {
            Ok(()) => return Ok(Ok(())),
            Err(error) => error,
        };
        let wait = match error.raw_os_error() {
            Some(libc::EINTR) => {
                crate::_signal::run_pending_signals(th)?;
                timeout != 0
            }
            Some(libc::EINPROGRESS) => timeout > 0,
            _ => false,
        };
        if !wait {
            return Ok(Err(Failure::Error(error)));
        }
        self.attempt_until(th, Ready::Connect, &Deadline::new(timeout), |fd| match sys::option_int(
            fd,
            libc::SOL_SOCKET,
            libc::SO_ERROR,
        )? {
            0 | libc::EISCONN => Ok(()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        })
    }

    fn receive(&self, th: Thread<'_>, size: usize, flags: i32) -> Result<Ref<Bytes>> {
        let mut data = scratch(th, size)?;
        if size > 0 {
            self.attempt(th, Ready::Read, |fd| sys::recv_append(fd, &mut data, size, flags))?;
        }
        let received = Bytes::new(th, &data);
        keep_scratch(th, data);
        received
    }
}

/// A buffer that a thread has received into and will again. PERF: `bench/echo.py`;
/// asyncio asks for 256 KB each time and gets few.
#[derive(Default)]
struct Scratch(Cell<Vec<u8>>);

/// A larger buffer is not kept.
const SCRATCH: usize = 1 << 20;

/// An empty buffer with room for `size` bytes.
fn scratch(th: Thread<'_>, size: usize) -> Result<Vec<u8>> {
    let kept = th.state().extensions.get::<Scratch>().0.take();
    if kept.capacity() >= size { Ok(kept) } else { reserve(th, size) }
}

fn keep_scratch(th: Thread<'_>, mut data: Vec<u8>) {
    if data.capacity() <= SCRATCH {
        data.clear();
        th.state().extensions.get::<Scratch>().0.set(data);
    }
}

/// An empty vector with room for `size` bytes.
fn reserve(th: Thread<'_>, size: usize) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    match data.try_reserve_exact(size) {
        Ok(()) => Ok(data),
        Err(_) => Err(th.no_memory()),
    }
}

/// The size of a buffer to receive into.
fn buffer_size(th: Thread<'_>, size: isize, function: &str) -> Result<usize> {
    match usize::try_from(size) {
        Ok(size) => Ok(size),
        Err(_) => raise!(th, ValueError, "negative buffersize in {function}"),
    }
}

/// What `recv_into` and `recvfrom_into` are called with.
struct IntoBuffer {
    buffer: Writable,
    size: usize,
    flags: i32,
}

impl IntoBuffer {
    fn parse(
        th: Thread<'_>,
        function: &str,
        args: Args<'_>,
        kwargs: Kwargs<'_>,
        too_small: &str,
    ) -> Result<IntoBuffer> {
        let mut slots = [args.first().copied(), args.get(1).copied(), args.get(2).copied()];
        let given = args.len() + kwargs.iter().count();
        if given > 3 {
            raise!(th, TypeError, "{function}() takes at most 3 arguments ({given} given)");
        }
        for (name, value) in kwargs.iter() {
            let names = ["buffer", "nbytes", "flags"];
            match names.iter().position(|known| types::str_eq(name, known)) {
                Some(index) if index < args.len() => raise!(
                    th,
                    TypeError,
                    "argument for {function}() given by name ('{}') and position ({})",
                    names[index],
                    index + 1
                ),
                Some(index) => slots[index] = Some(value),
                None => raise!(
                    th,
                    TypeError,
                    "{function}() got an unexpected keyword argument '{}'",
                    &*name.str(th)?
                ),
            }
        }
        let [Some(buffer), nbytes, flags] = slots else {
            raise!(th, TypeError, "{function}() missing required argument 'buffer' (pos 1)");
        };
        let buffer = super::message::writable(th, buffer, || {
            format!(
                "{function}() argument 1 must be read-write bytes-like object, not {}",
                if buffer.is_none() { "None" } else { buffer.type_name() }
            )
        })?;
        let (size, flags) = (size_or(th, nbytes.as_ref(), 0)?, int_or(th, flags.as_ref(), 0)?);
        let size = buffer_size(th, size, function)?;
        if size > buffer.len() {
            raise!(th, ValueError, "{too_small}");
        }
        let size = if size == 0 { buffer.len() } else { size };
        Ok(IntoBuffer { buffer, size, flags })
    }

    fn target(&self) -> &mut [u8] {
        self.buffer.bytes_mut().get_mut(..self.size).unwrap_or_default()
    }
}

#[pymethods]
impl Socket {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<Socket>> {
        Socket::empty(th, cls)
    }

    #[sig = "socket(family=-1, type=-1, proto=-1, fileno=None)"]
    fn __init__(
        th: Thread<'_>,
        this: Obj<'_>,
        family: Option<Obj<'_>>,
        r#type: Option<Obj<'_>>,
        proto: Option<Obj<'_>>,
        fileno: Option<Obj<'_>>,
    ) -> Result<()> {
        let Some(slf) = this.downcast::<Socket>() else {
            raise!(th, TypeError, "not a socket");
        };
        let number = |object: Option<Obj<'_>>| match object {
            Some(object) => i32_arg(th, object),
            None => Ok(-1),
        };
        let (mut family, mut kind, mut proto) = (number(family)?, number(r#type)?, number(proto)?);
        audit(
            th,
            "socket.__new__",
            &[
                this,
                family.into_object(th)?.obj(),
                kind.into_object(th)?.obj(),
                proto.into_object(th)?.obj(),
            ],
        )?;
        let Some(fileno) = fileno.filter(|fileno| !fileno.is_none()) else {
            family = if family == -1 { libc::AF_INET } else { family };
            kind = if kind == -1 { libc::SOCK_STREAM } else { kind };
            proto = if proto == -1 { 0 } else { proto };
            let made = th.allow_threads(|| sys::socket(family, kind | libc::SOCK_CLOEXEC, proto));
            return slf.adopt(th, check(th, made)?, family, kind, proto);
        };
        let fd = Int::index_to_i64(th, fileno)? as i32;
        if fd < 0 {
            raise!(th, ValueError, "negative file descriptor");
        }
        let own = check(th, sys::getsockname(fd))?;
        if family == -1 {
            family = own.family().unwrap_or(libc::AF_UNSPEC);
        }
        if kind == -1 {
            kind = check(th, sys::option_int(fd, libc::SOL_SOCKET, libc::SO_TYPE))?;
        }
        if proto == -1 {
            proto = check(th, sys::option_int(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL))?;
        }
        slf.adopt(th, fd, family, kind, proto)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::from_fmt(
            th,
            format_args!(
                "<socket object, fd={}, family={}, type={}, proto={}>",
                self.fd.get(),
                self.family.get(),
                self.kind.get(),
                self.proto.get()
            ),
        )
    }

    fn __del__(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        let Some(slf) = this.downcast::<Socket>() else { return Ok(()) };
        if slf.fd.get() < 0 {
            return Ok(());
        }
        let text = this.repr(th).map(|repr| format!("unclosed {repr}"));
        let category = exceptions::types::ResourceWarning();
        let warned = text.and_then(|text| crate::support::warn(th, category, &text, 1));
        if let Err(raised) = warned {
            if th.exception_matches(exceptions::types::Warning()) {
                (th.hooks().unraisable)(th, None, Some(this));
            } else {
                th.clear_exception(raised);
            }
        }
        let fd = slf.fd.replace(-1);
        let _ = th.allow_threads(|| host::fs::close(fd));
        Ok(())
    }

    #[declare]
    fn members(b: &mut object::declare::TypeBuilder<'_>) {
        let int = abi::Py_T_INT;
        for (name, offset, doc) in [
            (c"family", std::mem::offset_of!(Socket, family), c"the socket family"),
            (c"type", std::mem::offset_of!(Socket, kind), c"the socket type"),
            (c"proto", std::mem::offset_of!(Socket, proto), c"the socket protocol"),
        ] {
            b.member(name, int, offset, abi::Py_READONLY, Some(doc));
        }
    }

    /// the socket timeout
    #[getter]
    fn timeout(&self, th: Thread<'_>) -> Result {
        self.gettimeout(th)
    }

    /// _accept() -> (integer, address info)
    ///
    /// Wait for an incoming connection.  Return a new socket file descriptor
    /// representing the connection, and the address of the client.
    /// For IP sockets, the address info is a pair (hostaddr, port).
    #[sig = "($self, /)"]
    fn _accept(&self, th: Thread<'_>) -> Result<(Ref, Ref)> {
        let (fd, from) = self.attempt(th, Ready::Read, sys::accept)?;
        match self.show(th, &from) {
            Ok(from) => Ok((fd.into_object(th)?, from)),
            Err(raised) => {
                let _ = host::fs::close(fd);
                Err(raised)
            }
        }
    }

    /// setblocking(flag)
    ///
    /// Set the socket to blocking (flag is true) or non-blocking (false).
    /// setblocking(True) is equivalent to settimeout(None);
    /// setblocking(False) is equivalent to settimeout(0.0).
    #[sig = "($self, object, /)"]
    fn setblocking(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let blocking = object.is_true(th)?;
        self.set_timeout_ns(th, if blocking { -1 } else { 0 })
    }

    /// getblocking()
    ///
    /// Returns True if socket is in blocking mode, or False if it
    /// is in non-blocking mode.
    #[sig = "($self, /)"]
    fn getblocking(&self, _: Thread<'_>) -> bool {
        self.timeout.get() != 0
    }

    /// settimeout(timeout)
    ///
    /// Set a timeout on socket operations.  'timeout' can be a float,
    /// giving in seconds, or None.  Setting a timeout of None disables
    /// the timeout feature and is equivalent to setblocking(1).
    /// Setting a timeout of zero is the same as setblocking(0).
    #[sig = "($self, object, /)"]
    fn settimeout(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let timeout = parse_timeout(th, object)?;
        self.set_timeout_ns(th, timeout)
    }

    /// gettimeout() -> timeout
    ///
    /// Returns the timeout in seconds (float) associated with socket
    /// operations. A timeout of None indicates that timeouts on socket
    /// operations are disabled.
    #[sig = "($self, /)"]
    fn gettimeout(&self, th: Thread<'_>) -> Result {
        super::seconds(th, self.timeout.get())
    }

    /// setsockopt(level, option, value: int)
    /// setsockopt(level, option, value: buffer)
    /// setsockopt(level, option, None, optlen: int)
    ///
    /// Set a socket option.  See the Unix manual for level and option.
    /// The value argument can either be an integer, a string buffer, or
    /// None, optlen.
    #[sig = "($self, /, *args)"]
    fn setsockopt(&self, th: Thread<'_>, args: Args<'_>) -> Result<()> {
        if let [level, option, value, len] = args
            && value.is_none()
            && Int::is_index(*len)
        {
            let (level, option) = (int_arg(th, *level)?, int_arg(th, *option)?);
            let len = super::arguments::masked(th, *len)?;
            return check(th, sys::set_option_null(self.fd.get(), level, option, len));
        }
        count(th, "setsockopt", args, 3, 3)?;
        let [level, option, value] = args else { return Ok(()) };
        let (level, option) = (int_arg(th, *level)?, int_arg(th, *option)?);
        let fd = self.fd.get();
        if Int::is_int(*value)
            && let Some(number) = Int::to_i64(*value)
        {
            if self.family.get() == libc::AF_VSOCK && level == libc::AF_VSOCK {
                return check(th, sys::set_option(fd, level, option, &number.to_ne_bytes()));
            }
            if let Ok(number) = i32::try_from(number) {
                return check(th, sys::set_option_int(fd, level, option, &number));
            }
        }
        let data = Buffer::readable(th, *value)?;
        check(th, sys::set_option(fd, level, option, data.bytes()))
    }

    /// getsockopt(level, option[, buffersize]) -> value
    ///
    /// Get a socket option.  See the Unix manual for level and option.
    /// If a nonzero buffersize argument is given, the return value is a
    /// string of that length; otherwise it is an integer.
    #[sig = "($self, /, *args)"]
    fn getsockopt(&self, th: Thread<'_>, args: Args<'_>) -> Result {
        count(th, "getsockopt", args, 2, 3)?;
        let (level, option) = (int_or(th, args.first(), 0)?, int_or(th, args.get(1), 0)?);
        let fd = self.fd.get();
        match int_or(th, args.get(2), 0)? {
            0 if self.family.get() == libc::AF_VSOCK && level == libc::AF_VSOCK => {
                let mut buffer = [0; 8];
                check(th, sys::option(fd, level, option, &mut buffer))?;
                u64::from_ne_bytes(buffer).into_object(th)
            }
            0 => check(th, sys::option_int(fd, level, option))?.into_object(th),
            size @ 1..=1024 => {
                let mut buffer = [0; 1024];
                let target = buffer.get_mut(..size as usize).unwrap_or_default();
                let n = check(th, sys::option(fd, level, option, target))?;
                Bytes::new(th, target.get(..n).unwrap_or_default()).map(Ref::upcast)
            }
            _ => raise!(th, OSError, "getsockopt buflen out of range"),
        }
    }

    /// bind(address)
    ///
    /// Bind the socket to a local address.  For IP sockets, the address is a
    /// pair (host, port); the host must refer to the local host. For raw packet
    /// sockets the address is a tuple (ifname, proto [,pkttype [,hatype [,addr]]])
    #[sig = "($self, object, /)"]
    fn bind(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let to = self.address_arg(th, object, "bind")?;
        audit(th, "socket.bind", &[self.obj(), object])?;
        let fd = self.fd.get();
        check(th, th.allow_threads(|| sys::bind(fd, &to)))
    }

    /// close()
    ///
    /// Close the socket.  It cannot be used after this call.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        match th.allow_threads(|| host::fs::close(fd)) {
            // The other side was faster.
            Err(error) if error.raw_os_error() == Some(libc::ECONNRESET) => Ok(()),
            result => check(th, result),
        }
    }

    /// detach()
    ///
    /// Close the socket object without closing the underlying file descriptor.
    /// The object cannot be used after this call, but the file descriptor
    /// can be reused for other purposes.  The file descriptor is returned.
    #[sig = "($self, /)"]
    fn detach(&self, _: Thread<'_>) -> i32 {
        self.fd.replace(-1)
    }

    /// connect(address)
    ///
    /// Connect the socket to a remote address.  For IP sockets, the address
    /// is a pair (host, port).
    #[sig = "($self, object, /)"]
    fn connect(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let to = self.address_arg(th, object, "connect")?;
        audit(th, "socket.connect", &[self.obj(), object])?;
        match self.connect_to(th, &to)? {
            Ok(()) => Ok(()),
            Err(failure) => Err(failure.raise(th)),
        }
    }

    /// connect_ex(address) -> errno
    ///
    /// This is like connect(address), but returns an error code (the errno value)
    /// instead of raising an exception when an error occurs.
    #[sig = "($self, object, /)"]
    fn connect_ex(&self, th: Thread<'_>, object: Obj<'_>) -> Result<i32> {
        let to = self.address_arg(th, object, "connect_ex")?;
        audit(th, "socket.connect", &[self.obj(), object])?;
        Ok(match self.connect_to(th, &to)? {
            Ok(()) => 0,
            Err(Failure::TimedOut) => libc::EAGAIN,
            Err(Failure::Error(error)) => error.raw_os_error().unwrap_or(0),
        })
    }

    /// fileno() -> integer
    ///
    /// Return the integer file descriptor of the socket.
    #[sig = "($self, /)"]
    fn fileno(&self, _: Thread<'_>) -> i32 {
        self.fd.get()
    }

    /// getsockname() -> address info
    ///
    /// Return the address of the local endpoint. The format depends on the
    /// address family. For IPv4 sockets, the address info is a pair
    /// (hostaddr, port). For IPv6 sockets, the address info is a 4-tuple
    /// (hostaddr, port, flowinfo, scope_id).
    #[sig = "($self, /)"]
    fn getsockname(&self, th: Thread<'_>) -> Result {
        let fd = self.fd.get();
        let own = check(th, th.allow_threads(|| sys::getsockname(fd)))?;
        self.show(th, &own)
    }

    /// getpeername() -> address info
    ///
    /// Return the address of the remote endpoint.  For IP sockets, the address
    /// info is a pair (hostaddr, port).
    #[sig = "($self, /)"]
    fn getpeername(&self, th: Thread<'_>) -> Result {
        let fd = self.fd.get();
        let peer = check(th, th.allow_threads(|| sys::getpeername(fd)))?;
        self.show(th, &peer)
    }

    /// listen([backlog])
    ///
    /// Enable a server to accept connections.  If backlog is specified, it must be
    /// at least 0 (if it is lower, it is set to 0); it specifies the number of
    /// unaccepted connections that the system will allow before refusing new
    /// connections. If not specified, a default reasonable value is chosen.
    #[sig = "($self, /, *args)"]
    fn listen(&self, th: Thread<'_>, args: Args<'_>) -> Result<()> {
        count(th, "listen", args, 0, 1)?;
        let backlog = int_or(th, args.first(), 128)?.max(0);
        let fd = self.fd.get();
        check(th, th.allow_threads(|| sys::listen(fd, backlog)))
    }

    /// recv(buffersize[, flags]) -> data
    ///
    /// Receive up to buffersize bytes from the socket.  For the optional flags
    /// argument, see the Unix manual.  When no data is available, block until
    /// at least one byte is available or until the remote end is closed.  When
    /// the remote end is closed and all data is read, return the empty string.
    #[sig = "($self, /, *args)"]
    fn recv(&self, th: Thread<'_>, args: Args<'_>) -> Result<Ref<Bytes>> {
        count(th, "recv", args, 1, 2)?;
        let (size, flags) = (size_or(th, args.first(), 0)?, int_or(th, args.get(1), 0)?);
        self.receive(th, buffer_size(th, size, "recv")?, flags)
    }

    /// recv_into(buffer, [nbytes[, flags]]) -> nbytes_read
    ///
    /// A version of recv() that stores its data into a buffer rather than creating
    /// a new string.  Receive up to buffersize bytes from the socket.  If buffersize
    /// is not specified (or 0), receive up to the size available in the given buffer.
    ///
    /// See recv() for documentation about the flags.
    #[sig = "($self, /, *args, **kwargs)"]
    fn recv_into(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<usize> {
        let too_small = "buffer too small for requested bytes";
        let into = IntoBuffer::parse(th, "recv_into", args, kwargs, too_small)?;
        if into.size == 0 {
            return Ok(0);
        }
        self.attempt(th, Ready::Read, |fd| sys::recv(fd, into.target(), into.flags))
    }

    /// recvfrom(buffersize[, flags]) -> (data, address info)
    ///
    /// Like recv(buffersize, flags) but also return the sender's address info.
    #[sig = "($self, /, *args)"]
    fn recvfrom(&self, th: Thread<'_>, args: Args<'_>) -> Result<(Ref, Ref)> {
        count(th, "recvfrom", args, 1, 2)?;
        let (size, flags) = (size_or(th, args.first(), 0)?, int_or(th, args.get(1), 0)?);
        let mut data = reserve(th, buffer_size(th, size, "recvfrom")?)?;
        let from =
            self.attempt(th, Ready::Read, |fd| sys::recvfrom_append(fd, &mut data, flags))?;
        Ok((Bytes::new(th, &data)?.upcast(), self.show(th, &from)?))
    }

    /// recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)
    ///
    /// Like recv_into(buffer[, nbytes[, flags]]) but also return the sender's address info.
    #[sig = "($self, /, *args, **kwargs)"]
    fn recvfrom_into(
        &self,
        th: Thread<'_>,
        args: Args<'_>,
        kwargs: Kwargs<'_>,
    ) -> Result<(Ref, Ref)> {
        let too_small = "nbytes is greater than the length of the buffer";
        let into = IntoBuffer::parse(th, "recvfrom_into", args, kwargs, too_small)?;
        let (n, from) =
            self.attempt(th, Ready::Read, |fd| sys::recvfrom(fd, into.target(), into.flags))?;
        Ok((n.into_object(th)?, self.show(th, &from)?))
    }

    /// send(data[, flags]) -> count
    ///
    /// Send a data string to the socket.  For the optional flags
    /// argument, see the Unix manual.  Return the number of bytes
    /// sent; this may be less than len(data) if the network is busy.
    #[sig = "($self, /, *args)"]
    fn send(&self, th: Thread<'_>, args: Args<'_>) -> Result<usize> {
        count(th, "send", args, 1, 2)?;
        let [data, ..] = args else { return Ok(0) };
        let data = Buffer::readable(th, *data)?;
        let flags = int_or(th, args.get(1), 0)?;
        self.attempt(th, Ready::Write, |fd| sys::send(fd, data.bytes(), flags))
    }

    /// sendall(data[, flags])
    ///
    /// Send a data string to the socket.  For the optional flags
    /// argument, see the Unix manual.  This calls send() repeatedly
    /// until all data is sent.  If an error occurs, it's impossible
    /// to tell how much data has been sent.
    #[sig = "($self, /, *args)"]
    fn sendall(&self, th: Thread<'_>, args: Args<'_>) -> Result<()> {
        count(th, "sendall", args, 1, 2)?;
        let [data, ..] = args else { return Ok(()) };
        let data = Buffer::readable(th, *data)?;
        let flags = int_or(th, args.get(1), 0)?;
        let deadline = Deadline::new(self.timeout.get());
        let mut sent = 0;
        loop {
            let sending = |fd| sys::send(fd, data.bytes().get(sent..).unwrap_or_default(), flags);
            match self.attempt_until(th, Ready::Write, &deadline, sending)? {
                Ok(n) => sent += n,
                Err(failure) => return Err(failure.raise(th)),
            }
            crate::_signal::run_pending_signals(th)?;
            if sent >= data.len() {
                return Ok(());
            }
        }
    }

    /// sendto(data[, flags], address) -> count
    ///
    /// Like send(data, flags) but allows specifying the destination address.
    /// For IP sockets, the address is a pair (hostaddr, port).
    #[sig = "($self, /, *args)"]
    fn sendto(&self, th: Thread<'_>, args: Args<'_>) -> Result<usize> {
        let (data, flags, to) = match args {
            [data, to] => (data, None, to),
            [data, flags, to] => (data, Some(flags), to),
            _ => {
                let given = args.len();
                raise!(th, TypeError, "sendto() takes 2 or 3 arguments ({given} given)")
            }
        };
        let data = Buffer::readable(th, *data)?;
        let flags = int_or(th, flags, 0)?;
        let address = self.address_arg(th, *to, "sendto")?;
        audit(th, "socket.sendto", &[self.obj(), *to])?;
        self.attempt(th, Ready::Write, |fd| sys::sendto(fd, data.bytes(), flags, &address))
    }

    /// recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)
    ///
    /// Receive normal data (up to bufsize bytes) and ancillary data from the
    /// socket.  The ancbufsize argument sets the size in bytes of the
    /// internal buffer used to receive the ancillary data; it defaults to 0,
    /// meaning that no ancillary data will be received.
    ///
    /// The ancdata item is a list of zero or more tuples of the form
    /// (cmsg_level, cmsg_type, cmsg_data).
    #[sig = "($self, /, *args)"]
    fn recvmsg(&self, th: Thread<'_>, args: Args<'_>) -> Result {
        super::message::recvmsg(th, self, args)
    }

    /// recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)
    ///
    /// Receive normal data and ancillary data from the socket, scattering the
    /// non-ancillary data into a series of buffers.
    #[sig = "($self, /, *args)"]
    fn recvmsg_into(&self, th: Thread<'_>, args: Args<'_>) -> Result {
        super::message::recvmsg_into(th, self, args)
    }

    /// sendmsg(buffers[, ancdata[, flags[, address]]]) -> count
    ///
    /// Send normal and ancillary data to the socket, gathering the
    /// non-ancillary data from a series of buffers and concatenating it into
    /// a single message.  The ancdata argument is an iterable of zero or more
    /// tuples (cmsg_level, cmsg_type, cmsg_data).
    #[sig = "($self, /, *args)"]
    fn sendmsg(&self, th: Thread<'_>, args: Args<'_>) -> Result<usize> {
        super::message::sendmsg(th, self, args)
    }

    /// sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags=MSG_MORE]]])
    ///
    /// Set operation mode, IV and length of associated data for an AF_ALG
    /// operation socket.
    #[sig = "($self, /, *args, **kwargs)"]
    fn sendmsg_afalg(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<usize> {
        super::message::sendmsg_afalg(th, self, args, kwargs)
    }

    /// shutdown(flag)
    ///
    /// Shut down the reading side of the socket (flag == SHUT_RD), the writing side
    /// of the socket (flag == SHUT_WR), or both ends (flag == SHUT_RDWR).
    #[sig = "($self, object, /)"]
    fn shutdown(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        let how = i32_arg(th, object)?;
        let fd = self.fd.get();
        check(th, th.allow_threads(|| sys::shutdown(fd, how)))
    }
}

/// A C `int` whose overflow says no more than that.
fn i32_arg(th: Thread<'_>, object: Obj<'_>) -> Result<i32> {
    let index = Int::index(th, object)?;
    match Int::to_i64(index.obj()).and_then(|value| i32::try_from(value).ok()) {
        Some(value) => Ok(value),
        None => raise!(th, OverflowError, "Python int too large to convert to C int"),
    }
}

impl Socket {
    /// As [`address_arg`](Self::address_arg), for other files.
    pub(super) fn destination(
        &self,
        th: Thread<'_>,
        object: Obj<'_>,
        function: &str,
    ) -> Result<Address> {
        let to = self.address_arg(th, object, function)?;
        audit(th, "socket.sendmsg", &[self.obj(), object])?;
        Ok(to)
    }
}
