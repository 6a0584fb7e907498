//! `_SSLSocket`: a connection over a socket or two `MemoryBIO`s.
//!
//! Whoever reads takes the turn to read, whoever sends takes the turn to write,
//! in this order. The engine itself is borrowed for moments in which no other
//! thread and no Python code runs.

use std::{
    cell::{Cell, OnceCell, RefCell},
    io,
    sync::Arc,
};

use macros::{pymethods, pytype};
use object::{
    Args, AsObject, Bytes, Head, Int, IntoObject, Link, List, Obj, Protocol, Raised, Ref, Result,
    Str, Thread, alloc_object, raise,
    types::{self, weakref},
};
use rustls::{
    ClientConnection, Error, HandshakeKind, ProtocolVersion,
    pki_types::{IpAddr, Ipv4Addr, ServerName},
};

use super::{
    bio::MemoryBio,
    context::{self, Context, mode},
    describe,
    engine::{Engine, HANDSHAKE_FAILURE, Progress},
    errors::{Problem, line},
    session::{Identity, Sessions, SslSession},
    suites::Suite,
    tap::Secret,
    turn::Turn,
    verifier::{Exchange, unlock},
};
use crate::{
    _socket::{
        socket::Socket,
        wait::{Deadline, Failure, Ready},
    },
    support::{self, Data, Writable, os_error},
};

/// What carries a connection.
pub(super) enum Transport {
    /// A weak reference to a socket, which owns the connection.
    Socket(Ref),
    Memory {
        incoming: Ref<MemoryBio>,
        outgoing: Ref<MemoryBio>,
    },
}

impl Transport {
    pub(super) fn socket(th: Thread<'_>, socket: &Socket) -> Result<Transport> {
        weakref::new(th, socket.obj()).map(Transport::Socket)
    }
}

/// Why an operation did not come to its end.
enum Halt {
    Raised(Raised),
    Problem(Problem),
    TimedOut,
    System(io::Error),
}

impl From<Raised> for Halt {
    fn from(raised: Raised) -> Halt {
        Halt::Raised(raised)
    }
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Halt {
        Halt::Problem(problem)
    }
}

/// What is being done, for messages.
#[derive(Clone, Copy)]
struct Operation {
    line: u32,
    timed_out: &'static str,
}

const HANDSHAKE: Operation = Operation {
    line: line::HANDSHAKE,
    timed_out: "_ssl.c:1112: The handshake operation timed out",
};
const READ: Operation = Operation { line: line::READ, timed_out: "The read operation timed out" };
const WRITE: Operation =
    Operation { line: line::WRITE, timed_out: "The write operation timed out" };
const SHUTDOWN: Operation =
    Operation { line: line::SHUTDOWN, timed_out: "The read operation timed out" };

impl Operation {
    #[cold]
    fn raise(self, th: Thread<'_>, halt: Halt) -> Raised {
        match halt {
            Halt::Raised(raised) => raised,
            Halt::Problem(problem) => problem.raise(th, self.line),
            Halt::TimedOut => object::error!(th, TimeoutError, "{}", self.timed_out),
            Halt::System(error) => os_error(th, &error),
        }
    }
}

/// Records on their way to a socket.
#[derive(Default)]
struct Flight {
    records: Vec<u8>,
    sent: usize,
}

#[pytype(name = "_ssl._SSLSocket", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct Connection {
    head: Head,
    /// The context that decides about certificates, until the handshake is over.
    first_context: Link<Context>,
    /// The context that shows certificates.
    context: Link<Context>,
    verify_mode: i32,
    /// A weak reference to the socket.
    socket: Link,
    incoming: Link<MemoryBio>,
    outgoing: Link<MemoryBio>,
    /// A weak reference to what Python code takes for the connection.
    owner: Link,
    #[traverse(skip)]
    host: Option<String>,
    server_side: bool,
    #[traverse(skip)]
    reading: Turn,
    #[traverse(skip)]
    writing: Turn,
    /// `None` until the handshake begins.
    #[traverse(skip)]
    engine: RefCell<Option<Engine>>,
    #[traverse(skip)]
    flight: RefCell<Flight>,
    /// How much of the data of an interrupted `write` is encrypted already.
    written: Cell<usize>,
    /// Whether the end of the handshake was noticed.
    done: Cell<bool>,
    /// Whether the handshake was begun.
    begun: Cell<bool>,
    /// Whether the transport ended before the connection.
    at_eof: Cell<bool>,
    #[traverse(skip)]
    secret: Secret,
    #[traverse(skip)]
    sessions: RefCell<Sessions>,
    #[traverse(skip)]
    identity: Cell<Identity>,
    /// The session that was to be resumed.
    #[traverse(skip)]
    offered: Cell<Option<Identity>>,
    /// The path that was built for the peer's certificate.
    #[traverse(skip)]
    chain: RefCell<Option<Vec<Arc<[u8]>>>>,
    /// The suites that a client offered.
    #[traverse(skip)]
    offers: OnceCell<Vec<&'static Suite>>,
}

impl Connection {
    pub(super) fn create(
        th: Thread<'_>,
        context: Ref<Context>,
        transport: Transport,
        server_side: bool,
        host: Option<String>,
        owner: Option<Obj<'_>>,
    ) -> Result<Ref<Connection>> {
        if let Some(text) = context.check_side(server_side) {
            let line = if server_side { 908 } else { 915 };
            return Err(Problem::of(0, None, None, text).raise(th, line));
        }
        let (socket, incoming, outgoing) = match transport {
            Transport::Socket(socket) => (Some(socket), None, None),
            Transport::Memory { incoming, outgoing } => (None, Some(incoming), Some(outgoing)),
        };
        let owner = owner.map(|owner| weakref::new(th, owner)).transpose()?;
        let connection = Connection {
            head: Head::new(),
            verify_mode: context.mode(),
            first_context: Link::new(context.clone()),
            context: Link::new(context),
            socket: Link::from_option(socket),
            incoming: Link::from_option(incoming),
            outgoing: Link::from_option(outgoing),
            owner: Link::from_option(owner),
            host,
            server_side,
            reading: Turn::default(),
            writing: Turn::default(),
            engine: RefCell::new(server_side.then(Engine::server)),
            flight: RefCell::default(),
            written: Cell::new(0),
            done: Cell::new(false),
            begun: Cell::new(false),
            at_eof: Cell::new(false),
            secret: Secret::default(),
            sessions: RefCell::default(),
            identity: Cell::new(Identity::new()),
            offered: Cell::new(None),
            chain: RefCell::default(),
            offers: OnceCell::new(),
        };
        alloc_object::new(th, connection)
    }

    /// Offer to resume a session.
    pub(super) fn use_session(&self, th: Thread<'_>, session: Obj<'_>) -> Result<()> {
        let Some(session) = session.downcast::<SslSession>() else {
            raise!(th, TypeError, "Value is not a SSLSession.");
        };
        if !session.context.obj().is(self.rules(th)?.obj()) {
            raise!(th, ValueError, "Session refers to a different SSLContext.");
        }
        if self.server_side {
            raise!(th, ValueError, "Cannot set session for server-side SSLSocket.");
        }
        if self.is_done() || self.engine.borrow().is_some() {
            raise!(th, ValueError, "Cannot set session after handshake.");
        }
        *self.sessions.borrow_mut() = session.sessions.clone();
        self.offered.set(Some(session.identity));
        Ok(())
    }

    /// The context that decides.
    fn rules(&self, th: Thread<'_>) -> Result<Ref<Context>> {
        match self.first_context.get() {
            Some(context) => Ok(context),
            None => raise!(th, ValueError, "the connection has no context"),
        }
    }

    /// Whether the handshake is over.
    fn is_done(&self) -> bool {
        self.done.get()
    }

    /// Look into the connection, if there is one.
    fn look<T>(&self, f: impl FnOnce(&rustls::Connection) -> Option<T>) -> Option<T> {
        self.engine.borrow().as_ref().and_then(Engine::connection).and_then(f)
    }

    /// Change the engine; a client's is made when it is first needed.
    fn with_engine<T>(&self, f: impl FnOnce(&mut Engine) -> T) -> T {
        let mut engine = self.engine.borrow_mut();
        f(engine.get_or_insert_with(|| self.new_client()))
    }

    fn new_client(&self) -> Engine {
        let sessions = self.sessions.borrow().clone();
        let made = match self.first_context.get() {
            Some(context) => context.client_config(sessions, self.secret.clone()),
            None => Err(Problem::ssl("UNINITIALIZED")),
        };
        let mut config = match made {
            Ok(config) => config,
            Err(problem) => return Engine::failed(problem, false),
        };
        let named = self.host.clone().and_then(|host| ServerName::try_from(host).ok());
        // A name that cannot be sent is only compared with the certificate's.
        config.enable_sni = named.is_some();
        let nobody = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0])));
        match ClientConnection::new(Arc::new(config), named.unwrap_or(nobody)) {
            Ok(connection) => Engine::client(connection),
            Err(error) => Engine::failed(Problem::from_tls(&error), false),
        }
    }

    /// The socket, unless it is gone.
    fn live_socket(&self) -> Result<Ref<Socket>, Halt> {
        let gone =
            || Halt::Problem(Problem::of(9, None, None, "Underlying socket connection gone"));
        let reference = self.socket.get().ok_or_else(gone)?;
        let socket = weakref::referent(reference.obj()).ok_or_else(gone)?;
        let socket = socket.downcast::<Socket>().map_err(|_| gone())?;
        if socket.fd.get() < 0 { Err(gone()) } else { Ok(socket) }
    }

    /// The time that an operation may take.
    fn deadline(&self) -> Deadline {
        let timeout = self.live_socket().map_or(-1, |socket| socket.timeout.get());
        Deadline::new(timeout)
    }

    /// Call the system for the socket; waits as its timeout says.
    fn attempt<T>(
        &self,
        th: Thread<'_>,
        deadline: &Deadline,
        ready: Ready,
        mut f: impl FnMut(i32) -> io::Result<T>,
    ) -> Result<T, Halt> {
        let socket = self.live_socket()?;
        if socket.timeout.get() > 0 {
            // PERF: what is there already needs no poll.
            let fd = socket.fd.get();
            match th.allow_threads(|| f(fd)) {
                Ok(value) => return Ok(value),
                Err(error) if host::call::interrupted(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Halt::System(error)),
            }
        }
        match socket.attempt_until(th, ready, deadline, f)? {
            Ok(value) => Ok(value),
            Err(Failure::TimedOut) => Err(Halt::TimedOut),
            Err(Failure::Error(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(Halt::Problem(match ready {
                    Ready::Write => Problem::want_write(),
                    _ => Problem::want_read(),
                }))
            }
            Err(Failure::Error(error)) => Err(Halt::System(error)),
        }
    }

    /// Send all records that wait; the caller has the turn to write.
    fn send(&self, th: Thread<'_>, deadline: &Deadline) -> Result<(), Halt> {
        if let Some(outgoing) = self.outgoing.get() {
            let records = self.with_engine(Engine::take_outgoing);
            return Ok(outgoing.put_records(th, records)?);
        }
        loop {
            let mut flight = self.flight.take();
            if flight.sent >= flight.records.len() {
                flight = Flight { records: self.with_engine(Engine::take_outgoing), sent: 0 };
            }
            if flight.records.is_empty() {
                return Ok(());
            }
            let rest = flight.records.get(flight.sent..).unwrap_or_default();
            let sent = self.attempt(th, deadline, Ready::Write, |fd| {
                host::socket::send(fd, rest, libc::MSG_NOSIGNAL)
            });
            flight.sent += *sent.as_ref().unwrap_or(&0);
            self.flight.replace(flight);
            sent?;
        }
    }

    fn flush(&self, th: Thread<'_>, deadline: &Deadline) -> Result<(), Halt> {
        let _turn = self.writing.take(th)?;
        self.send(th, deadline)
    }

    /// Send what waits, unless another thread is sending: that one will.
    fn flush_if_free(&self, th: Thread<'_>, deadline: &Deadline) -> Result<(), Halt> {
        if !self.with_engine(|engine| engine.has_outgoing()) {
            return Ok(());
        }
        match self.writing.try_take(th)? {
            Some(_turn) => self.send(th, deadline),
            None => Ok(()),
        }
    }

    /// Read until a record is whole; the caller has the turn to read.
    fn fill(&self, th: Thread<'_>, deadline: &Deadline) -> Result<(), Halt> {
        loop {
            let missing = self.with_engine(Engine::missing)?;
            if missing == 0 {
                return Ok(());
            }
            if let Some(incoming) = self.incoming.get() {
                let taken = self.with_engine(|engine| incoming.take(missing, engine.incoming()));
                if taken == 0 && incoming.has_ended() {
                    self.at_eof.set(true);
                    return Err(Problem::eof().into());
                }
                if taken == 0 {
                    return Err(Problem::want_read().into());
                }
                continue;
            }
            let mut record = self.with_engine(|engine| std::mem::take(engine.incoming()));
            let length = record.len();
            record.resize(length + missing, 0);
            let received = self.attempt(th, deadline, Ready::Read, |fd| {
                host::socket::recv(fd, record.get_mut(length..).unwrap_or_default(), 0)
            });
            record.truncate(length + *received.as_ref().unwrap_or(&0));
            self.with_engine(|engine| *engine.incoming() = record);
            if received? == 0 {
                self.at_eof.set(true);
                return Err(Problem::eof().into());
            }
        }
    }

    /// Process the record that was read.
    fn advance(&self, th: Thread<'_>, deadline: &Deadline) -> Result<(), Halt> {
        let rules = self.rules(th)?;
        let verifier = &rules.verifier;
        let is_early = !self.is_done();
        if is_early {
            let host = self.host.as_deref();
            *unlock(&verifier.exchange) = rules.question(host, self.server_side);
        }
        let result = self.with_engine(Engine::process);
        let mut rejection = None;
        if is_early {
            let Exchange { insists, verdict, .. } =
                std::mem::take(&mut *unlock(&verifier.exchange));
            if let Some(verdict) = verdict {
                rejection = verdict.rejection.filter(|_| insists);
                self.chain.replace(Some(verdict.chain));
            }
        }
        let problem = match result {
            Ok(Progress::Processed) => return Ok(()),
            Ok(Progress::Greeting) => match self.greet(th)? {
                Ok(()) => return Ok(()),
                Err(problem) => problem,
            },
            Err(error) => {
                let problem = match (&error, rejection) {
                    (Error::InvalidCertificate(_), Some(rejection)) => Problem::rejected(rejection),
                    _ => Problem::from_tls(&error),
                };
                self.with_engine(|engine| engine.fail(problem))
            }
        };
        // The peer should know, if it still listens.
        if let Err(Halt::Raised(raised)) = self.flush(th, deadline) {
            return Err(Halt::Raised(raised));
        }
        Err(problem.into())
    }

    /// Answer a client's greeting: ask the callback, choose a configuration.
    fn greet(&self, th: Thread<'_>) -> Result<Result<(), Problem>> {
        let Some((name, protocols, offers)) = self.with_engine(|engine| {
            let hello = engine.greeting()?;
            let protocols: Vec<Vec<u8>> =
                hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
            let offers: Vec<&'static Suite> =
                hello.cipher_suites().iter().filter_map(|suite| Suite::of(*suite)).collect();
            Some((hello.server_name().map(str::to_owned), protocols, offers))
        }) else {
            return Ok(Ok(()));
        };
        let rules = self.rules(th)?;
        let _ = self.offers.set(rules.allowed(&offers));
        if let Some(alert) = self.ask_for_name(th, name)? {
            let problem = Problem::ssl("CALLBACK_FAILED");
            return Ok(Err(self.with_engine(|engine| engine.refuse(alert, problem))));
        }
        let shown = self.context.get().unwrap_or_else(|| rules.clone());
        if !shown.shows_certificates() {
            let problem = Problem::ssl("NO_SHARED_CIPHER");
            return Ok(Err(self.with_engine(|engine| engine.refuse(HANDSHAKE_FAILURE, problem))));
        }
        let config = match rules.server_config(&shown, &protocols, self.secret.clone()) {
            Ok(config) => config,
            Err(problem) => {
                return Ok(
                    Err(self.with_engine(|engine| engine.refuse(PROTOCOL_VERSION, problem))),
                );
            }
        };
        let result = self.with_engine(|engine| engine.configure(Arc::new(config)));
        Ok(result.map_err(|error| {
            let problem = match error {
                // No certificate suits the client.
                Error::General(_) => Problem::ssl("NO_SHARED_CIPHER"),
                error => Problem::from_tls(&error),
            };
            self.with_engine(|engine| engine.fail(problem))
        }))
    }

    /// What Python code takes for the connection, if that is still there.
    fn known_as(&self) -> Option<Ref> {
        match self.owner.get().or_else(|| self.socket.get()) {
            Some(reference) => weakref::referent(reference.obj()),
            None => Some(self.obj().own()),
        }
    }

    /// Tell the callback for messages what was seen.
    fn tell(&self, th: Thread<'_>) -> Result<()> {
        let Some(callback) = self.rules(th)?.msg_callback.get() else { return Ok(()) };
        let events = self.with_engine(|engine| engine.tap.take_events());
        let Some(target) = self.known_as().filter(|_| !events.is_empty()) else { return Ok(()) };
        let version = self.look(|connection| connection.protocol_version());
        let version = version.map_or(0x303, u16::from).into_object(th)?;
        for event in events {
            let direction = if event.is_written { "write" } else { "read" }.into_object(th)?;
            let content = event.content.into_object(th)?;
            let kind = event.kind().into_object(th)?;
            let data = Bytes::new(th, &event.message)?;
            let args = [
                target.obj(),
                direction.obj(),
                version.obj(),
                content.obj(),
                kind.obj(),
                data.obj(),
            ];
            callback.call(th, &args)?;
        }
        Ok(())
    }

    /// Call the callback for server names: the alert that it wants, if any.
    fn ask_for_name(&self, th: Thread<'_>, name: Option<String>) -> Result<Option<u8>> {
        const PREFIX: &str =
            "Exception ignored in ssl servername callback while calling set SNI callback";
        let rules = self.rules(th)?;
        let Some(callback) = rules.sni_callback.get() else { return Ok(None) };
        let Some(target) = self.known_as() else { return Ok(Some(INTERNAL_ERROR)) };
        let name = name.into_object(th)?;
        let answer = match callback.call(th, &[target.obj(), name.obj(), rules.obj()]) {
            Ok(answer) => answer,
            Err(raised) => {
                ignore(th, raised, PREFIX, &callback);
                return Ok(Some(HANDSHAKE_FAILURE));
            }
        };
        if answer.obj().is_none() {
            return Ok(None);
        }
        match Int::index_to_i64(th, answer.obj()) {
            Ok(alert) => Ok(Some(alert as u8)),
            Err(raised) => {
                let shown = support::shown(th, answer.obj());
                ignore_with(th, raised, &format!("{PREFIX} (result={shown})"));
                Ok(Some(INTERNAL_ERROR))
            }
        }
    }

    /// Get the handshake done; the caller has the turn to read.
    fn shake_hands(&self, th: Thread<'_>, deadline: &Deadline) -> Result<(), Halt> {
        if let Some(problem) = self.ended() {
            return Err(problem.into());
        }
        if self.is_done() {
            return Ok(());
        }
        let rules = self.rules(th)?;
        let statistics = &rules.statistics;
        if !self.begun.replace(true) {
            let begun = if self.server_side { &statistics.accept } else { &statistics.connect };
            context::count(begun);
        }
        let watches = !rules.msg_callback.is_null();
        self.with_engine(|engine| engine.tap.keeps_events = watches);
        loop {
            self.flush(th, deadline)?;
            if let Some(problem) = self.with_engine(|engine| engine.failure().cloned()) {
                return Err(problem.into());
            }
            if !self.with_engine(|engine| engine.is_handshaking()) {
                break;
            }
            self.fill(th, deadline)?;
            self.advance(th, deadline)?;
            self.tell(th)?;
        }
        self.tell(th)?;
        self.done.set(true);
        self.first_context.set(self.context.get());
        let good =
            if self.server_side { &statistics.accept_good } else { &statistics.connect_good };
        context::count(good);
        if self.is_resumed() {
            context::count(&statistics.hits);
            if let Some(offered) = self.offered.get() {
                self.identity.set(offered);
            }
        }
        Ok(())
    }

    fn is_resumed(&self) -> bool {
        self.look(|connection| connection.handshake_kind()) == Some(HandshakeKind::Resumed)
    }

    /// Wait for decrypted data: false at the end of the connection.
    fn await_data(&self, th: Thread<'_>, deadline: &Deadline) -> Result<bool, Halt> {
        loop {
            if self.with_engine(|engine| engine.available()) > 0 {
                return Ok(true);
            }
            if let Some(problem) = self.ended() {
                return Err(problem.into());
            }
            self.shake_hands(th, deadline)?;
            let state = self.with_engine(|engine| {
                (engine.failure().cloned(), engine.close_received, engine.close_sent)
            });
            match state {
                (Some(problem), ..) => return Err(problem.into()),
                (None, true, true) => return Err(Problem::zero_return().into()),
                (None, true, false) => return Ok(false),
                _ => {}
            }
            if self.with_engine(|engine| engine.available()) > 0 {
                return Ok(true);
            }
            self.flush_if_free(th, deadline)?;
            self.fill(th, deadline)?;
            self.advance(th, deadline)?;
        }
    }

    /// The error of a transport that has ended before.
    fn ended(&self) -> Option<Problem> {
        self.at_eof.get().then(Problem::still_eof)
    }

    /// Encrypt and send `data`, or some of it if the rest would have to wait: how much.
    fn write_some(&self, th: Thread<'_>, data: &[u8]) -> Result<usize, Halt> {
        let deadline = self.deadline();
        if self.outgoing.is_null() {
            self.live_socket()?;
        }
        if let Some(problem) = self.ended() {
            return Err(problem.into());
        }
        if !self.is_done() {
            let _turn = self.reading.take(th)?;
            self.shake_hands(th, &deadline)?;
        }
        let _turn = self.writing.take(th)?;
        if self.written.get() == 0 {
            let refusal = self.with_engine(|engine| match engine.failure() {
                Some(problem) => Some(problem.clone()),
                None => engine.close_sent.then(|| Problem::ssl("PROTOCOL_IS_SHUTDOWN")),
            });
            if let Some(problem) = refusal {
                return Err(problem.into());
            }
        } else if data.len() < self.written.get() {
            return Err(Problem::ssl("BAD_LENGTH").into());
        }
        let mut total = 0;
        while let Some(rest @ [_, ..]) = data.get(total..) {
            if self.written.get() == 0 {
                self.written.set(self.with_engine(|engine| engine.write(rest)));
            }
            match self.send(th, &deadline) {
                Ok(()) if self.written.get() == 0 => break,
                Ok(()) => total += self.written.take(),
                // The next call goes on with what is encrypted already.
                Err(Halt::Problem(_)) if total > 0 => break,
                Err(halt) => return Err(halt),
            }
        }
        Ok(total)
    }

    /// Say goodbye, and wait for the peer's.
    fn say_goodbye(&self, th: Thread<'_>) -> Result<(), Halt> {
        let failed = || self.with_engine(|engine| engine.failure().is_some());
        if !self.is_done() || self.at_eof.get() || failed() {
            return Err(Problem::ssl("SHUTDOWN_WHILE_IN_INIT").into());
        }
        let deadline = self.deadline();
        let _turn = self.reading.take(th)?;
        self.with_engine(Engine::close);
        self.flush(th, &deadline)?;
        loop {
            let (closed, available) =
                self.with_engine(|engine| (engine.close_received, engine.available()));
            if available > 0 {
                return Err(Problem::ssl("APPLICATION_DATA_AFTER_CLOSE_NOTIFY").into());
            }
            if closed {
                return Ok(());
            }
            self.fill(th, &deadline)?;
            self.advance(th, &deadline)?;
        }
    }

    /// The certificates of the peer, its own first.
    fn peer_certificates(&self) -> Option<Vec<Vec<u8>>> {
        self.look(|connection| {
            let all = connection.peer_certificates().filter(|all| !all.is_empty())?;
            Some(all.iter().map(|one| one.to_vec()).collect())
        })
    }

    fn suite(&self) -> Option<&'static Suite> {
        self.look(|connection| connection.negotiated_cipher_suite())
            .and_then(|suite| Suite::of(suite.suite()))
    }
}

const PROTOCOL_VERSION: u8 = 70;
const INTERNAL_ERROR: u8 = 80;

/// Report an exception that has nowhere to go.
fn ignore(th: Thread<'_>, raised: Raised, prefix: &str, callback: &Ref) {
    let exception = th.take_exception(raised);
    let shown = support::shown(th, callback.obj());
    ignore_with(th, th.restore(exception), &format!("{prefix} {shown}"));
}

fn ignore_with(th: Thread<'_>, _: Raised, context: &str) {
    (th.hooks().unraisable)(th, Some(context), None);
}

/// Name, protocol and strength of a suite.
fn suite_tuple(th: Thread<'_>, suite: &Suite) -> Result {
    (suite.name, suite.protocol(), suite.bits).into_object(th)
}

#[pymethods]
impl Connection {
    #[sig = "($self, /)"]
    fn do_handshake(&self, th: Thread<'_>) -> Result<()> {
        let deadline = self.deadline();
        let _turn = self.reading.take(th)?;
        self.shake_hands(th, &deadline).map_err(|halt| HANDSHAKE.raise(th, halt))
    }

    /// Writes the bytes-like object b into the SSL object.
    ///
    /// Returns the number of bytes written.
    #[sig = "($self, b, /)"]
    fn write(&self, th: Thread<'_>, b: Data) -> Result<usize> {
        self.write_some(th, b.bytes()).map_err(|halt| WRITE.raise(th, halt))
    }

    /// read(size, [buffer])
    /// Read up to size bytes from the SSL socket.
    #[sig = "($self, /, *args)"]
    fn read(&self, th: Thread<'_>, args: Args<'_>) -> Result {
        let (size, buffer) = match args {
            [size] => (support::int_arg(th, *size)?, None),
            [size, buffer] => {
                let size = support::int_arg(th, *size)?;
                (size, Some(writable(th, *buffer)?))
            }
            _ => raise!(th, TypeError, "_ssl._SSLSocket.read requires 1 to 2 arguments"),
        };
        let deadline = self.deadline();
        let Some(buffer) = buffer else {
            let Ok(size) = usize::try_from(size) else {
                raise!(th, ValueError, "size should not be negative");
            };
            if size == 0 {
                return Bytes::new(th, &[]).map(Ref::upcast);
            }
            let _turn = self.reading.take(th)?;
            let has_data = self.await_data(th, &deadline).map_err(|halt| READ.raise(th, halt))?;
            let available = self.with_engine(|engine| engine.available());
            let count = if has_data { size.min(available) } else { 0 };
            let fill = |room: &mut [u8]| self.with_engine(|engine| engine.read(room));
            return Bytes::build(th, count, |room| {
                fill(room);
            })
            .map(Ref::upcast);
        };
        let size = match usize::try_from(size) {
            Ok(size @ 1..) if size <= buffer.len() => size,
            _ => buffer.len(),
        };
        if size == 0 {
            return 0.into_object(th);
        }
        let _turn = self.reading.take(th)?;
        if !self.await_data(th, &deadline).map_err(|halt| READ.raise(th, halt))? {
            return 0.into_object(th);
        }
        let room = buffer.bytes_mut().get_mut(..size).unwrap_or_default();
        self.with_engine(|engine| engine.read(room)).into_object(th)
    }

    /// Returns the number of already decrypted bytes available for read, pending on the connection.
    #[sig = "($self, /)"]
    fn pending(&self, _: Thread<'_>) -> usize {
        self.engine.borrow().as_ref().map_or(0, Engine::available)
    }

    /// Returns the certificate for the peer.
    ///
    /// If no certificate was provided, returns None.  If a certificate was
    /// provided, but not validated, returns an empty dictionary.  Otherwise
    /// returns a dict containing information about the peer certificate.
    ///
    /// If the optional argument is True, returns a DER-encoded copy of the
    /// peer certificate, or None if no certificate was provided.  This will
    /// return the certificate even if it wasn't validated.
    #[sig = "($self, der=False, /)"]
    fn getpeercert(&self, th: Thread<'_>, der: bool) -> Result {
        if !self.is_done() {
            raise!(th, ValueError, "handshake not done yet");
        }
        let Some(leaf) = self.peer_certificates().and_then(|all| all.into_iter().next()) else {
            return Ok(types::none().own());
        };
        if der {
            return Bytes::new(th, &leaf).map(Ref::upcast);
        }
        if self.verify_mode == mode::NONE {
            return object::Dict::new(th).map(Ref::upcast);
        }
        describe::certificate(th, &leaf).map(Ref::upcast)
    }

    /// Get channel binding data for current connection.
    ///
    /// Raise ValueError if the requested `cb_type` is not supported.
    /// Return bytes of the data or None if the data is not available (e.g.
    /// before the handshake).
    /// Only 'tls-unique' channel binding data from RFC 5929 is supported.
    #[sig = "($self, /, cb_type='tls-unique')"]
    fn get_channel_binding(&self, th: Thread<'_>, cb_type: Option<&str>) -> Result<Option<Ref>> {
        if let Some(other) = cb_type.filter(|kind| *kind != "tls-unique") {
            raise!(th, ValueError, "'{other}' channel binding type not implemented");
        }
        let secret = unlock(&self.secret).clone();
        let suite = self.look(|connection| connection.negotiated_cipher_suite());
        let (Some(secret), Some(suite), true) = (secret, suite, self.is_done()) else {
            return Ok(None);
        };
        let finished =
            self.with_engine(|engine| engine.tap.first_finished(suite, &secret, self.server_side));
        finished.map(|bytes| Bytes::new(th, &bytes).map(Ref::upcast)).transpose()
    }

    #[sig = "($self, /)"]
    fn cipher(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.suite().map(|suite| suite_tuple(th, suite)).transpose()
    }

    #[sig = "($self, /)"]
    fn shared_ciphers(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(offers) = self.offers.get() else { return Ok(None) };
        let list = List::new(th)?;
        for suite in offers {
            list.push(th, suite_tuple(th, suite)?)?;
        }
        Ok(Some(list.upcast()))
    }

    #[sig = "($self, /)"]
    fn version(&self, _: Thread<'_>) -> Option<&'static str> {
        let version = self.look(|connection| connection.protocol_version());
        match version.filter(|_| self.is_done())? {
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            _ => Some("unknown"),
        }
    }

    #[sig = "($self, /)"]
    fn selected_alpn_protocol(&self, th: Thread<'_>) -> Result<Option<Ref<Str>>> {
        let protocol = self.look(|connection| connection.alpn_protocol().map(<[u8]>::to_vec));
        protocol.map(|name| Str::new(th, &String::from_utf8_lossy(&name))).transpose()
    }

    #[sig = "($self, /)"]
    fn compression(&self, _: Thread<'_>) -> Option<Ref> {
        None
    }

    /// Does the SSL shutdown handshake with the remote end.
    #[sig = "($self, /)"]
    fn shutdown(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if self.outgoing.is_null() {
            self.live_socket().map_err(|halt| SHUTDOWN.raise(th, halt))?;
        }
        self.say_goodbye(th).map_err(|halt| SHUTDOWN.raise(th, halt))?;
        Ok(self.socket.get().and_then(|socket| weakref::referent(socket.obj())))
    }

    /// Initiate TLS 1.3 post-handshake authentication
    #[sig = "($self, /)"]
    fn verify_client_post_handshake(&self, th: Thread<'_>) -> Result<()> {
        raise!(th, NotImplementedError, "Post-handshake auth is not supported by the TLS library.")
    }

    #[sig = "($self, /)"]
    fn get_unverified_chain(&self, th: Thread<'_>) -> Result<Option<Ref<List>>> {
        let Some(all) = self.peer_certificates() else { return Ok(None) };
        describe::objects(th, all.iter().map(Vec::as_slice)).map(Some)
    }

    #[sig = "($self, /)"]
    fn get_verified_chain(&self, th: Thread<'_>) -> Result<Option<Ref<List>>> {
        let Some(chain) = self.chain.borrow().clone() else { return Ok(None) };
        describe::objects(th, chain.iter().map(|one| &**one)).map(Some)
    }

    /// This changes the context associated with the SSLSocket.
    ///
    /// This is typically used from within a callback function set by the
    /// sni_callback on the SSLContext to change the certificate information
    /// associated with the SSLSocket before the cryptographic exchange
    /// handshake messages.
    #[getter(context)]
    fn get_context(&self, _: Thread<'_>) -> Option<Ref<Context>> {
        self.context.get()
    }

    #[setter]
    fn set_context(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        match given(th, value, "context")?.downcast::<Context>() {
            Some(context) => self.context.set(Some(object::own(context))),
            None => raise!(th, TypeError, "The value must be a SSLContext"),
        }
        Ok(())
    }

    /// Whether this is a server-side socket.
    #[getter]
    fn server_side(&self, _: Thread<'_>) -> bool {
        self.server_side
    }

    /// The currently set server hostname (for SNI).
    #[getter]
    fn server_hostname(&self, th: Thread<'_>) -> Result<Option<Ref<Str>>> {
        self.host.as_deref().map(|host| Str::new(th, host)).transpose()
    }

    /// The Python-level owner of this object.
    ///
    /// Passed as "self" in servername callback.
    #[getter(owner)]
    fn get_owner(&self, _: Thread<'_>) -> Option<Ref> {
        self.owner.get().and_then(|owner| weakref::referent(owner.obj()))
    }

    #[setter]
    fn set_owner(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = given(th, value, "owner")?;
        self.owner.set(Some(weakref::new(th, value)?));
        Ok(())
    }

    /// The underlying SSLSession object.
    #[getter(session)]
    fn get_session(&self, th: Thread<'_>) -> Result<Ref<SslSession>> {
        let context = self.rules(th)?.upcast();
        let sessions = self.sessions.borrow().clone();
        SslSession::create(th, context, self.identity.get(), sessions)
    }

    #[setter]
    fn set_session(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.use_session(th, given(th, value, "session")?)
    }

    /// Was the client session reused during handshake?
    #[getter]
    fn session_reused(&self, _: Thread<'_>) -> bool {
        self.is_resumed()
    }
}

/// The value of an attribute, which is not deleted.
fn given<'a>(th: Thread<'_>, value: Option<Obj<'a>>, name: &str) -> Result<Obj<'a>> {
    match value {
        Some(value) => Ok(value),
        None => raise!(
            th,
            AttributeError,
            "attribute '{name}' of '_ssl._SSLSocket' objects cannot be deleted"
        ),
    }
}

/// The buffer to read into.
fn writable(th: Thread<'_>, object: Obj<'_>) -> Result<Writable> {
    use object::exceptions::types::{BufferError, TypeError};
    Writable::new(th, object).or_else(|raised| {
        if !th.exception_matches(BufferError()) && !th.exception_matches(TypeError()) {
            return Err(raised);
        }
        th.clear_exception(raised);
        let got = if object.is_none() { "None" } else { object.type_name() };
        raise!(th, TypeError, "read() argument 2 must be read-write bytes-like object, not {got}")
    })
}
