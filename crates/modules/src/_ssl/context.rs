//! `_SSLContext`: what connections have in common.

use std::{
    cell::{Cell, RefCell},
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, IntoObject, Link, List, Obj, Protocol, Raised, Ref, Result,
    Str, Thread, Tuple, Type, alloc_object, error, exceptions, own, protocol::call::is_callable,
    raise, types,
};
use rustls::{
    ClientConfig, NamedGroup, ServerConfig, SupportedProtocolVersion,
    client::{Resumption, Tls12Resumption},
    crypto::{CryptoProvider, ring},
    pki_types::CertificateDer,
    server::{NoServerSessionStorage, ProducesTickets, ServerSessionMemoryCache},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};

use super::{
    bio::MemoryBio,
    connection::{Connection, Transport},
    describe,
    errors::{self, Problem, line},
    keylog::KeyLogFile,
    keys,
    pem::{Blocks, Ill},
    session::Sessions,
    store,
    suites::{self, Suite},
    tap::{Secret, SecretKeeper},
    verifier::{ClientVerifier, Credentials, Exchange, Verifier, unlock},
    verify::{self, Question},
    x509::Certificate,
};
use crate::{
    _socket::socket::Socket,
    support::{
        self, Data, check,
        path::{fspath, path_bytes},
    },
    sys::audit,
};

/// Protocols of contexts.
mod protocol {
    pub(super) const TLS: i32 = 2;
    pub(super) const TLSV1_2: i32 = 5;
    pub(super) const CLIENT: i32 = 16;
    pub(super) const SERVER: i32 = 17;
}

/// `options`
mod option {
    pub(super) const NO_TICKET: u64 = 0x4000;
    pub(super) const CIPHER_SERVER_PREFERENCE: u64 = 0x40_0000;
    pub(super) const NO_TLSV1_2: u64 = 0x0800_0000;
    pub(super) const NO_TLSV1_3: u64 = 0x2000_0000;
    /// `NO_SSL*` and `NO_TLS*`, which are deprecated.
    pub(super) const VERSIONS: u64 = 0x3e00_0000;
    /// What a new context has.
    pub(super) const DEFAULT: u64 = 0x8252_0050;
}

const MINIMUM_SUPPORTED: i32 = -2;
const MAXIMUM_SUPPORTED: i32 = -1;
const TLSV1_2: i32 = 0x303;
const TLSV1_3: i32 = 0x304;

/// `verify_mode`
pub(super) mod mode {
    pub(in crate::_ssl) const NONE: i32 = 0;
    pub(in crate::_ssl) const OPTIONAL: i32 = 1;
    pub(in crate::_ssl) const REQUIRED: i32 = 2;
}

/// Longest password.
const MAX_PASSWORD: usize = 1_024;

/// How many sessions a server keeps.
const SESSIONS: usize = 256;

/// The numbers of `session_stats`.
#[derive(Default)]
pub(super) struct Statistics {
    pub(super) connect: Cell<u64>,
    pub(super) connect_good: Cell<u64>,
    pub(super) accept: Cell<u64>,
    pub(super) accept_good: Cell<u64>,
    pub(super) hits: Cell<u64>,
}

/// Count one more.
pub(super) fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

/// What clients resume: tickets, or sessions that are kept here.
struct Resuming {
    ticketer: Option<Arc<dyn ProducesTickets>>,
    cache: Arc<ServerSessionMemoryCache>,
}

/// A set of certificates for clients and servers.
#[derive(Clone, Default)]
struct Shown(Arc<Credentials>);

#[pytype(name = "_ssl._SSLContext", flags = BASETYPE | IMMUTABLETYPE)]
pub(crate) struct Context {
    head: Head,
    protocol: i32,
    check_hostname: Cell<bool>,
    verify_mode: Cell<i32>,
    verify_flags: Cell<u64>,
    host_flags: Cell<u32>,
    options: Cell<u64>,
    minimum: Cell<i32>,
    maximum: Cell<i32>,
    num_tickets: Cell<usize>,
    post_handshake_auth: Cell<bool>,
    level: Cell<u32>,
    pub(super) sni_callback: Link,
    pub(super) msg_callback: Link,
    keylog_filename: Link,
    #[traverse(skip)]
    keylog: RefCell<Option<Arc<KeyLogFile>>>,
    #[traverse(skip)]
    alpn: RefCell<Vec<Vec<u8>>>,
    /// Of TLS 1.2.
    #[traverse(skip)]
    suites: RefCell<Vec<&'static Suite>>,
    #[traverse(skip)]
    group: Cell<Option<NamedGroup>>,
    #[traverse(skip)]
    shown: RefCell<Shown>,
    #[traverse(skip)]
    pub(super) verifier: Arc<Verifier>,
    #[traverse(skip)]
    resuming: Resuming,
    #[traverse(skip)]
    pub(super) statistics: Statistics,
}

/// A C `int`, and what to call what it is for when it is missing.
fn int(th: Thread<'_>, value: Option<Obj<'_>>, name: &str) -> Result<i32> {
    let value = given(th, value, name)?;
    support::int_arg(th, value)
}

/// The value of an attribute, which is not deleted.
fn given<'a>(th: Thread<'_>, value: Option<Obj<'a>>, name: &str) -> Result<Obj<'a>> {
    match value {
        Some(value) => Ok(value),
        None => raise!(
            th,
            AttributeError,
            "attribute '{name}' of 'SSLContext' objects cannot be deleted"
        ),
    }
}

fn deprecated(th: Thread<'_>, what: &str) -> Result<()> {
    let text = format!("{what} deprecated");
    support::warn(th, exceptions::types::DeprecationWarning(), &text, 2)
}

/// A path, which is called so in the message when it is none.
fn path(th: Thread<'_>, object: Obj<'_>, what: &str) -> Result<Vec<u8>> {
    let found = fspath(th, object).and_then(|path| path_bytes(th, path.obj()));
    match found {
        Ok((bytes, _)) => Ok(bytes),
        Err(raised) => {
            th.catch(raised, exceptions::types::TypeError())?;
            raise!(th, TypeError, "{what} should be a valid filesystem path")
        }
    }
}

/// The audit event for a file that is opened.
fn audit_open(th: Thread<'_>, path: Obj<'_>, mode: &str) -> Result<()> {
    let (mode, flags) = (mode.into_object(th)?, 0.into_object(th)?);
    audit(th, "open", &[path, mode.obj(), flags.obj()])
}

fn read_file(th: Thread<'_>, path: &[u8]) -> Result<Vec<u8>> {
    check(th, th.allow_threads(|| std::fs::read(OsStr::from_bytes(path))))
}

/// A password, or what a callback returns for one.
fn password_bytes(th: Thread<'_>, object: Obj<'_>, wrong: &str) -> Result<Vec<u8>> {
    let bytes = if let Some(text) = object.downcast::<Str>() {
        text.to_utf8(th)?.as_bytes().to_vec()
    } else if let Some(bytes) = object.downcast::<Bytes>() {
        bytes.as_bytes().to_vec()
    } else if let Some(bytes) = object.downcast::<types::ByteArray>() {
        bytes.as_bytes().to_vec()
    } else {
        raise!(th, TypeError, "{wrong}");
    };
    if bytes.len() > MAX_PASSWORD {
        raise!(th, ValueError, "password cannot be longer than {MAX_PASSWORD} bytes");
    }
    Ok(bytes)
}

/// OpenSSL's complaint about a PEM file that it cannot make sense of.
fn pem_problem(library: &'static str) -> Problem {
    Problem::of(524_297, Some(library), None, "PEM lib")
}

impl Context {
    fn is_client(&self) -> bool {
        self.protocol == protocol::CLIENT
    }

    /// The versions that are allowed.
    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let (minimum, maximum) = (self.minimum.get(), self.maximum.get());
        let is_allowed = |version: i32, forbidden: u64| {
            (minimum < 0 || minimum <= version)
                && (maximum < 0 || maximum >= version)
                && self.options.get() & forbidden == 0
                && (self.protocol != protocol::TLSV1_2 || version == TLSV1_2)
        };
        let mut versions = Vec::new();
        if is_allowed(TLSV1_3, option::NO_TLSV1_3) {
            versions.push(&TLS13);
        }
        if is_allowed(TLSV1_2, option::NO_TLSV1_2) {
            versions.push(&TLS12);
        }
        versions
    }

    /// Suites and groups.
    fn provider(&self) -> CryptoProvider {
        let mut provider = ring::default_provider();
        let modern = suites::ALL.iter().filter(|suite| suite.is_13);
        let all: Vec<&'static Suite> = modern.chain(self.suites.borrow().iter().copied()).collect();
        provider.cipher_suites =
            self.allowed(&all).into_iter().map(|suite| suite.supported).collect();
        if let Some(group) = self.group.get() {
            provider.kx_groups.retain(|known| known.name() == group);
        }
        provider
    }

    /// What the verifier is asked for a connection with `host`.
    pub(super) fn question(&self, host: Option<&str>, is_client: bool) -> Exchange {
        let question = Question {
            now: 0,
            flags: self.verify_flags.get(),
            host_flags: self.host_flags.get(),
            host: host.filter(|_| self.check_hostname.get()).map(str::to_owned),
            is_client,
            level: self.level.get(),
            algorithms: self.verifier.algorithms,
        };
        Exchange {
            question: Some(question),
            insists: self.verify_mode.get() != mode::NONE,
            verdict: None,
        }
    }

    fn key_log(&self, secret: Secret) -> Arc<SecretKeeper> {
        let next: Arc<dyn rustls::KeyLog> = match self.keylog.borrow().clone() {
            Some(log) => log,
            None => Arc::new(rustls::NoKeyLog {}),
        };
        Arc::new(SecretKeeper { next, secret })
    }

    /// The configuration of a client's connection.
    pub(super) fn client_config(
        &self,
        sessions: Sessions,
        secret: Secret,
    ) -> Result<ClientConfig, Problem> {
        let versions = self.versions();
        let builder = ClientConfig::builder_with_provider(Arc::new(self.provider()))
            .with_protocol_versions(&versions)
            .map_err(|_| Problem::ssl("NO_PROTOCOLS_AVAILABLE"))?;
        let verifier: Arc<dyn rustls::client::danger::ServerCertVerifier> = self.verifier.clone();
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(self.shown.borrow().0.clone());
        config.alpn_protocols = self.alpn.borrow().clone();
        config.key_log = self.key_log(secret);
        config.resumption = Resumption::store(Arc::new(sessions));
        if self.options.get() & option::NO_TICKET != 0 {
            config.resumption = config.resumption.tls12_resumption(Tls12Resumption::SessionIdOnly);
        }
        Ok(config)
    }

    /// The configuration of a server's connection, whose client offers `protocols`.
    ///
    /// Certificates and protocols are those of `shown`, which is another context
    /// when the callback for server names has changed it.
    pub(super) fn server_config(
        &self,
        shown: &Context,
        protocols: &[Vec<u8>],
        secret: Secret,
    ) -> Result<ServerConfig, Problem> {
        let versions = self.versions();
        let builder = ServerConfig::builder_with_provider(Arc::new(self.provider()))
            .with_protocol_versions(&versions)
            .map_err(|_| Problem::ssl("NO_PROTOCOLS_AVAILABLE"))?;
        let mode = self.verify_mode.get();
        let verifier = ClientVerifier {
            verifier: self.verifier.clone(),
            asks: mode != mode::NONE,
            requires: mode == mode::REQUIRED,
        };
        let credentials = shown.shown.borrow().0.clone();
        let mut config =
            builder.with_client_cert_verifier(Arc::new(verifier)).with_cert_resolver(credentials);
        let alpn = shown.alpn.borrow();
        // Without one in common there is none, which is not an error.
        if alpn.iter().any(|own| protocols.contains(own)) {
            config.alpn_protocols = alpn.clone();
        }
        config.key_log = self.key_log(secret);
        config.ignore_client_order = self.options.get() & option::CIPHER_SERVER_PREFERENCE != 0;
        config.send_tls13_tickets = self.num_tickets.get();
        config.session_storage = self.resuming.cache.clone();
        match &self.resuming.ticketer {
            Some(ticketer) if self.options.get() & option::NO_TICKET == 0 => {
                config.ticketer = ticketer.clone();
            }
            _ if self.num_tickets.get() == 0 => {
                config.session_storage = Arc::new(NoServerSessionStorage {});
            }
            _ => {}
        }
        Ok(config)
    }

    /// Load certificates for `load_cert_chain`.
    fn chain(&self, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Problem> {
        let (mut blocks, mut chain) = (Blocks::new(text), Vec::new());
        loop {
            match blocks.next() {
                Ok(block) => {
                    let Some(der) = store::certificate_of(&block.label, block.data) else {
                        continue;
                    };
                    if Certificate::parse(&der).is_none() {
                        return Err(pem_problem("SSL"));
                    }
                    chain.push(CertificateDer::from(der));
                }
                Err(Ill::NoStart) if !chain.is_empty() => return Ok(chain),
                Err(_) => return Err(pem_problem("SSL")),
            }
        }
    }

    /// Show a certificate: instead of one for the same kind of key.
    fn show(&self, chain: Vec<CertificateDer<'static>>, key: CertifiedKey) {
        let mut shown = self.shown.borrow_mut();
        let mut all: Vec<Arc<CertifiedKey>> = shown.0.0.clone();
        all.retain(|other| other.key.algorithm() != key.key.algorithm());
        let (key, ocsp) = (key.key, key.ocsp);
        all.push(Arc::new(CertifiedKey { cert: chain, key, ocsp }));
        *shown = Shown(Arc::new(Credentials(all)));
    }

    fn version_setting(
        &self,
        th: Thread<'_>,
        value: Option<Obj<'_>>,
        is_minimum: bool,
    ) -> Result<()> {
        let name = if is_minimum { "minimum_version" } else { "maximum_version" };
        let version = int(th, value, name)?;
        if !matches!(self.protocol, protocol::TLS | protocol::CLIENT | protocol::SERVER) {
            raise!(
                th,
                ValueError,
                "The context's protocol doesn't support modification of highest and lowest version."
            );
        }
        match version {
            0x300 => deprecated(th, "ssl.TLSVersion.SSLv3 is")?,
            0x301 => deprecated(th, "ssl.TLSVersion.TLSv1 is")?,
            0x302 => deprecated(th, "ssl.TLSVersion.TLSv1_1 is")?,
            MINIMUM_SUPPORTED | MAXIMUM_SUPPORTED | TLSV1_2 | TLSV1_3 => {}
            _ => raise!(th, ValueError, "Unsupported TLS/SSL version 0x{version:x}"),
        }
        match (is_minimum, version) {
            (true, MAXIMUM_SUPPORTED) => self.minimum.set(TLSV1_3),
            (true, version) => self.minimum.set(version),
            (false, MINIMUM_SUPPORTED) => self.maximum.set(TLSV1_2),
            (false, version) => self.maximum.set(version),
        }
        Ok(())
    }

    /// What `_wrap_socket` and `_wrap_bio` have in common.
    fn wrap(
        &self,
        th: Thread<'_>,
        transport: Transport,
        server_side: bool,
        server_hostname: Option<Obj<'_>>,
        owner: Option<Obj<'_>>,
        session: Option<Obj<'_>>,
    ) -> Result<Ref<Connection>> {
        let is_set = |value: &Obj<'_>| !value.is_none();
        let host = server_hostname.filter(is_set).map(|name| hostname(th, name)).transpose()?;
        let context = own(self);
        let connection =
            Connection::create(th, context, transport, server_side, host, owner.filter(is_set))?;
        if let Some(session) = session.filter(is_set) {
            connection.use_session(th, session)?;
        }
        Ok(connection)
    }
}

/// A host name: text or bytes without a null.
fn hostname(th: Thread<'_>, name: Obj<'_>) -> Result<String> {
    let text = if let Some(text) = name.downcast::<Str>() {
        match text.as_ascii() {
            Some(text) => text.to_owned(),
            None => {
                let bytes = types::str::codec::encode(th, text, "ascii", "strict")?;
                String::from_utf8_lossy(bytes.as_bytes()).into_owned()
            }
        }
    } else {
        raise!(th, TypeError, "argument must be str, not {}", name.type_name());
    };
    if text.contains('\0') {
        raise!(
            th,
            TypeError,
            "argument must be encoded string without null bytes, not {}",
            name.type_name()
        );
    }
    if text.is_empty() || text.starts_with('.') {
        raise!(
            th,
            ValueError,
            "server_hostname cannot be an empty string or start with a leading dot."
        );
    }
    Ok(text)
}

#[pymethods]
impl Context {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        args: &Tuple,
        kwargs: Option<&Dict>,
    ) -> Result<Ref<Context>> {
        if kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            raise!(th, TypeError, "_SSLContext() takes no keyword arguments");
        }
        let [number] = args.items() else {
            raise!(th, TypeError, "_SSLContext expected 1 argument, got {}", args.len());
        };
        let number = support::int_arg(th, *number)?;
        match number {
            protocol::CLIENT | protocol::SERVER => {}
            protocol::TLS => deprecated(th, "ssl.PROTOCOL_TLS is")?,
            protocol::TLSV1_2 => deprecated(th, "ssl.PROTOCOL_TLSv1_2 is")?,
            _ => raise!(th, ValueError, "invalid or unsupported protocol version {number}"),
        }
        let is_client = number == protocol::CLIENT;
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let verifier = Verifier { store: Arc::default(), exchange: Mutex::default(), algorithms };
        let context = Context {
            head: Head::new(),
            protocol: number,
            check_hostname: Cell::new(is_client),
            verify_mode: Cell::new(if is_client { mode::REQUIRED } else { mode::NONE }),
            verify_flags: Cell::new(0x8000),
            host_flags: Cell::new(0x4),
            options: Cell::new(option::DEFAULT),
            minimum: Cell::new(MINIMUM_SUPPORTED),
            maximum: Cell::new(MAXIMUM_SUPPORTED),
            num_tickets: Cell::new(2),
            post_handshake_auth: Cell::new(false),
            level: Cell::new(2),
            sni_callback: Link::null(),
            msg_callback: Link::null(),
            keylog_filename: Link::null(),
            keylog: RefCell::default(),
            alpn: RefCell::default(),
            suites: RefCell::new(suites::choose("ALL").suites),
            group: Cell::new(None),
            shown: RefCell::default(),
            verifier: Arc::new(verifier),
            resuming: Resuming {
                ticketer: ring::Ticketer::new().ok(),
                cache: ServerSessionMemoryCache::new(SESSIONS),
            },
            statistics: Statistics::default(),
        };
        alloc_object::alloc(th, cls, context)
    }

    #[sig = "($self, /, sock, server_side, server_hostname=None, *, owner=None, session=None)"]
    fn _wrap_socket(
        &self,
        th: Thread<'_>,
        sock: &Socket,
        server_side: bool,
        server_hostname: Option<Obj<'_>>,
        owner: Option<Obj<'_>>,
        session: Option<Obj<'_>>,
    ) -> Result<Ref<Connection>> {
        let transport = Transport::socket(th, sock)?;
        self.wrap(th, transport, server_side, server_hostname, owner, session)
    }

    #[sig = "($self, /, incoming, outgoing, server_side, server_hostname=None, *, owner=None, session=None)"]
    fn _wrap_bio(
        &self,
        th: Thread<'_>,
        incoming: &MemoryBio,
        outgoing: &MemoryBio,
        server_side: bool,
        server_hostname: Option<Obj<'_>>,
        owner: Option<Obj<'_>>,
        session: Option<Obj<'_>>,
    ) -> Result<Ref<Connection>> {
        let transport = Transport::Memory { incoming: own(incoming), outgoing: own(outgoing) };
        self.wrap(th, transport, server_side, server_hostname, owner, session)
    }

    #[sig = "($self, cipherlist, /)"]
    fn set_ciphers(&self, th: Thread<'_>, cipherlist: &str) -> Result<()> {
        let choice = suites::choose(cipherlist);
        if choice.suites.is_empty() {
            return Err(errors::bare(th, "No cipher can be selected."));
        }
        *self.suites.borrow_mut() = choice.suites;
        if let Some(level) = choice.level {
            self.level.set(level);
        }
        Ok(())
    }

    #[sig = "($self, /)"]
    fn get_ciphers(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let modern = suites::ALL.iter().filter(|suite| suite.is_13);
        let chosen = self.suites.borrow().clone();
        let list = List::new(th)?;
        for suite in modern.chain(chosen) {
            let dict = Dict::new(th)?;
            let entries: [(&str, Ref); 11] = [
                ("id", suite.number().into_object(th)?),
                ("name", suite.name.into_object(th)?),
                ("protocol", suite.protocol().into_object(th)?),
                ("description", suite.description().into_object(th)?),
                ("strength_bits", suite.bits.into_object(th)?),
                ("alg_bits", suite.bits.into_object(th)?),
                ("aead", true.into_object(th)?),
                ("symmetric", suite.symmetric().into_object(th)?),
                ("digest", ().into_object(th)?),
                ("kea", suite.key_exchange().into_object(th)?),
                ("auth", suite.authentication().into_object(th)?),
            ];
            for (key, value) in entries {
                dict.set_str(th, key, value.obj())?;
            }
            list.push(th, dict.upcast())?;
        }
        Ok(list)
    }

    #[sig = "($self, protos, /)"]
    fn _set_alpn_protocols(&self, th: Thread<'_>, protos: Data) -> Result<()> {
        let (mut rest, mut all) = (protos.bytes(), Vec::new());
        while let Some((length, tail)) = rest.split_first() {
            match tail.split_at_checked(usize::from(*length)) {
                Some((name @ [_, ..], tail)) => {
                    all.push(name.to_vec());
                    rest = tail;
                }
                _ => return Err(th.no_memory()),
            }
        }
        *self.alpn.borrow_mut() = all;
        Ok(())
    }

    #[sig = "($self, /, certfile, keyfile=None, password=None)"]
    fn load_cert_chain(
        &self,
        th: Thread<'_>,
        certfile: Obj<'_>,
        keyfile: Option<Obj<'_>>,
        password: Option<Obj<'_>>,
    ) -> Result<()> {
        let (keyfile, password) =
            (keyfile.filter(|one| !one.is_none()), password.filter(|one| !one.is_none()));
        let cert_path = path(th, certfile, "certfile")?;
        let key_path = keyfile.map(|file| path(th, file, "keyfile")).transpose()?;
        let fixed = match password {
            Some(password) if !is_callable(password) => {
                Some(password_bytes(th, password, "password should be a string or callable")?)
            }
            _ => None,
        };
        let text = read_file(th, &cert_path)?;
        let chain = self.chain(&text).map_err(|problem| problem.raise(th, line::CERTIFICATE))?;
        let leaf = chain.first().and_then(|leaf| Certificate::parse(leaf));
        let public = leaf.as_ref().map(|leaf| leaf.key.whole.to_vec());
        let strength = leaf.and_then(|leaf| leaf.public_key()?.strength());
        if strength.is_some_and(|bits| bits < verify::strength_of(self.level.get())) {
            let problem =
                Problem::of(399, Some("SSL"), Some("EE_KEY_TOO_SMALL"), "ee key too small");
            return Err(problem.raise(th, line::CERTIFICATE));
        }
        let text = match key_path {
            Some(path) => read_file(th, &path)?,
            None => text,
        };
        let found = keys::private_key(&text, || match (&fixed, password) {
            (Some(fixed), _) => Ok(Some(fixed.clone())),
            (None, Some(callback)) => {
                let answer = callback.call(th, &[])?;
                let wrong = "password callback must return a string";
                password_bytes(th, answer.obj(), wrong).map(Some)
            }
            (None, None) => Ok::<_, Raised>(None),
        });
        let invalid = || pem_problem("SSL").raise(th, line::PRIVATE_KEY);
        let key = match found {
            Ok(key) => key,
            Err(keys::Failure::Password(raised)) => return Err(raised),
            Err(keys::Failure::Invalid) => return Err(invalid()),
        };
        let key = ring::sign::any_supported_type(&key).map_err(|_| invalid())?;
        if let (Some(own), Some(public)) = (key.public_key(), public)
            && *own != *public
        {
            let problem =
                Problem::of(116, Some("X509"), Some("KEY_VALUES_MISMATCH"), "key values mismatch");
            return Err(problem.raise(th, line::PRIVATE_KEY));
        }
        self.show(chain, CertifiedKey::new(Vec::new(), key));
        Ok(())
    }

    #[sig = "($self, path, /)"]
    fn load_dh_params(&self, th: Thread<'_>, path: Obj<'_>) -> Result<()> {
        audit_open(th, path, "rb")?;
        let (bytes, _) = path_bytes(th, fspath(th, path)?.obj())?;
        let read = th.allow_threads(|| std::fs::read(OsStr::from_bytes(&bytes)));
        let text = read.map_err(|error| exceptions::io_error(th, &error, Some(path)))?;
        let mut blocks = Blocks::new(&text);
        let problem = loop {
            match blocks.next() {
                // There are no suites that would use them.
                Ok(block) if block.label.ends_with("DH PARAMETERS") => return Ok(()),
                Ok(_) => {}
                Err(Ill::NoStart) => {
                    break Problem::of(108, Some("PEM"), Some("NO_START_LINE"), "no start line");
                }
                Err(_) => {
                    break Problem::of(
                        100,
                        Some("PEM"),
                        Some("BAD_BASE64_DECODE"),
                        "bad base64 decode",
                    );
                }
            }
        };
        Err(problem.raise(th, line::DH_PARAMS))
    }

    #[sig = "($self, /, cafile=None, capath=None, cadata=None)"]
    fn load_verify_locations(
        &self,
        th: Thread<'_>,
        cafile: Option<Obj<'_>>,
        capath: Option<Obj<'_>>,
        cadata: Option<Obj<'_>>,
    ) -> Result<()> {
        let is_set = |object: &Obj<'_>| !object.is_none();
        let (cafile, capath, cadata) =
            (cafile.filter(is_set), capath.filter(is_set), cadata.filter(is_set));
        if cafile.is_none() && capath.is_none() && cadata.is_none() {
            raise!(th, TypeError, "cafile, capath and cadata cannot be all omitted");
        }
        let cafile = cafile.map(|file| path(th, file, "cafile")).transpose()?;
        let capath = capath.map(|folder| path(th, folder, "capath")).transpose()?;
        if let Some(data) = cadata {
            self.add_data(th, data)?;
        }
        if let Some(file) = cafile {
            let text = read_file(th, &file)?;
            let store = self.verifier.store.clone();
            let (count, ill) = th.allow_threads(|| unlock(&store).add_pem(&text));
            let problem = match (count, ill) {
                (1.., Ill::NoStart) => None,
                (_, Ill::NoStart) => Some(Problem::of(
                    136,
                    Some("X509"),
                    Some("NO_CERTIFICATE_OR_CRL_FOUND"),
                    "no certificate or crl found",
                )),
                _ => Some(pem_problem("X509")),
            };
            if let Some(problem) = problem {
                return Err(problem.raise(th, line::LOCATIONS));
            }
        }
        if let Some(folder) = capath {
            unlock(&self.verifier.store).add_folder(PathBuf::from(OsStr::from_bytes(&folder)));
        }
        Ok(())
    }

    #[sig = "($self, /)"]
    fn session_stats(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let statistics = &self.statistics;
        let numbers = [
            ("number", 0),
            ("connect", statistics.connect.get()),
            ("connect_good", statistics.connect_good.get()),
            ("connect_renegotiate", 0),
            ("accept", statistics.accept.get()),
            ("accept_good", statistics.accept_good.get()),
            ("accept_renegotiate", 0),
            ("hits", statistics.hits.get()),
            ("misses", 0),
            ("timeouts", 0),
            ("cache_full", 0),
        ];
        let dict = Dict::new(th)?;
        for (name, number) in numbers {
            dict.set_str(th, name, number.into_object(th)?.obj())?;
        }
        Ok(dict)
    }

    #[sig = "($self, /)"]
    fn set_default_verify_paths(&self, th: Thread<'_>) -> Result<()> {
        let paths = super::paths::Paths::find();
        let file = paths.file_to_use();
        let store = self.verifier.store.clone();
        th.allow_threads(|| {
            // Files and folders that are missing hold no certificates.
            if let Ok(text) = std::fs::read(&file) {
                unlock(&store).add_pem(&text);
            }
        });
        for folder in paths.folders_to_use() {
            unlock(&self.verifier.store).add_folder(folder);
        }
        Ok(())
    }

    #[sig = "($self, name, /)"]
    fn set_ecdh_curve(&self, th: Thread<'_>, name: Obj<'_>) -> Result<()> {
        let (bytes, _) = path_bytes(th, fspath(th, name)?.obj())?;
        let text = String::from_utf8_lossy(&bytes);
        let group = match &*text {
            "prime256v1" | "P-256" => NamedGroup::secp256r1,
            "secp384r1" | "P-384" => NamedGroup::secp384r1,
            "X25519" => NamedGroup::X25519,
            _ if super::oids::by_name(&text).is_some() => {
                return Err(Problem::ssl("UNSUPPORTED_ELLIPTIC_CURVE").raise(th, line::DH_PARAMS));
            }
            _ => raise!(th, ValueError, "unknown elliptic curve name {}", name.repr(th)?),
        };
        self.group.set(Some(group));
        Ok(())
    }

    /// Returns quantities of loaded X.509 certificates.
    ///
    /// X.509 certificates with a CA extension and certificate revocation
    /// lists inside the context's cert store.
    ///
    /// NOTE: Certificates in a capath directory aren't loaded unless they
    /// have been used at least once.
    #[sig = "($self, /)"]
    fn cert_store_stats(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let counts = unlock(&self.verifier.store).counts();
        let dict = Dict::new(th)?;
        let numbers =
            [("x509", counts.certificates), ("crl", counts.lists), ("x509_ca", counts.authorities)];
        for (name, number) in numbers {
            dict.set_str(th, name, number.into_object(th)?.obj())?;
        }
        Ok(dict)
    }

    /// Returns a list of dicts with information of loaded CA certs.
    ///
    /// If the optional argument is True, returns a DER-encoded copy of the
    /// CA certificate.
    ///
    /// NOTE: Certificates in a capath directory aren't loaded unless they
    /// have been used at least once.
    #[sig = "($self, /, binary_form=False)"]
    fn get_ca_certs(&self, th: Thread<'_>, binary_form: bool) -> Result<Ref<List>> {
        let authorities = unlock(&self.verifier.store).authorities();
        let list = List::new(th)?;
        for der in authorities {
            let shown = if binary_form {
                Bytes::new(th, &der)?.upcast()
            } else {
                describe::certificate(th, &der)?.upcast()
            };
            list.push(th, shown)?;
        }
        Ok(list)
    }

    #[sig = "($self, /, callback)"]
    fn set_psk_client_callback(&self, th: Thread<'_>, callback: Obj<'_>) -> Result<()> {
        let _ = callback;
        raise!(th, NotImplementedError, "PSK callbacks are not supported by the TLS library")
    }

    #[sig = "($self, /, callback, identity_hint=None)"]
    fn set_psk_server_callback(
        &self,
        th: Thread<'_>,
        callback: Obj<'_>,
        identity_hint: Option<Obj<'_>>,
    ) -> Result<()> {
        let _ = (callback, identity_hint);
        raise!(th, NotImplementedError, "PSK callbacks are not supported by the TLS library")
    }

    #[getter(check_hostname)]
    fn get_check_hostname(&self, _: Thread<'_>) -> bool {
        self.check_hostname.get()
    }

    #[setter]
    fn set_check_hostname(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let on = given(th, value, "check_hostname")?.is_true(th)?;
        if on && self.verify_mode.get() == mode::NONE {
            self.verify_mode.set(mode::REQUIRED);
        }
        self.check_hostname.set(on);
        Ok(())
    }

    #[getter(_host_flags)]
    fn get_host_flags(&self, _: Thread<'_>) -> u32 {
        self.host_flags.get()
    }

    #[setter(_host_flags)]
    fn set_host_flags(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = given(th, value, "_host_flags")?;
        self.host_flags.set(support::int_arg(th, value)? as u32);
        Ok(())
    }

    #[getter(minimum_version)]
    fn get_minimum_version(&self, _: Thread<'_>) -> i32 {
        self.minimum.get()
    }

    #[setter]
    fn set_minimum_version(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.version_setting(th, value, true)
    }

    #[getter(maximum_version)]
    fn get_maximum_version(&self, _: Thread<'_>) -> i32 {
        self.maximum.get()
    }

    #[setter]
    fn set_maximum_version(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.version_setting(th, value, false)
    }

    #[getter(keylog_filename)]
    fn get_keylog_filename(&self, _: Thread<'_>) -> Option<Ref> {
        self.keylog_filename.get()
    }

    #[setter]
    fn set_keylog_filename(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = given(th, value, "keylog_filename")?;
        self.keylog.replace(None);
        self.keylog_filename.set(None);
        if value.is_none() {
            return Ok(());
        }
        audit_open(th, value, "a")?;
        let (bytes, _) = path_bytes(th, fspath(th, value)?.obj())?;
        let opened = th.allow_threads(|| KeyLogFile::open(Path::new(OsStr::from_bytes(&bytes))));
        let log = opened.map_err(|error| exceptions::io_error(th, &error, Some(value)))?;
        self.keylog.replace(Some(Arc::new(log)));
        self.keylog_filename.set(Some(value.own()));
        Ok(())
    }

    #[getter(_msg_callback)]
    fn get_msg_callback(&self, _: Thread<'_>) -> Option<Ref> {
        self.msg_callback.get()
    }

    #[setter(_msg_callback)]
    fn set_msg_callback(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = given(th, value, "_msg_callback")?;
        if !value.is_none() && !is_callable(value) {
            raise!(th, TypeError, "not a callable object");
        }
        self.msg_callback.set((!value.is_none()).then(|| value.own()));
        Ok(())
    }

    /// Set a callback that will be called when a server name is provided by the SSL/TLS client in the SNI extension.
    ///
    /// If the argument is None then the callback is disabled.  The method
    /// is called with the SSLSocket, the server name as a string, and the
    /// SSLContext object.
    ///
    /// See RFC 6066 for details of the SNI extension.
    #[getter(sni_callback)]
    fn get_sni_callback(&self, _: Thread<'_>) -> Option<Ref> {
        self.sni_callback.get()
    }

    #[setter]
    fn set_sni_callback(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = given(th, value, "sni_callback")?;
        if self.is_client() {
            raise!(th, ValueError, "sni_callback cannot be set on TLS_CLIENT context");
        }
        if !value.is_none() && !is_callable(value) {
            raise!(th, TypeError, "not a callable object");
        }
        self.sni_callback.set((!value.is_none()).then(|| value.own()));
        Ok(())
    }

    /// Control the number of TLSv1.3 session tickets.
    #[getter(num_tickets)]
    fn get_num_tickets(&self, _: Thread<'_>) -> usize {
        self.num_tickets.get()
    }

    #[setter]
    fn set_num_tickets(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = given(th, value, "num_tickets")?;
        let number = Int::index_to_i64(th, value)?;
        let Ok(number) = usize::try_from(number) else {
            raise!(th, ValueError, "value must be non-negative");
        };
        if self.protocol != protocol::SERVER {
            raise!(th, ValueError, "SSLContext is not a server context.");
        }
        self.num_tickets.set(number);
        Ok(())
    }

    #[getter(options)]
    fn get_options(&self, _: Thread<'_>) -> u64 {
        self.options.get()
    }

    #[setter]
    fn set_options(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = given(th, value, "options")?;
        let index = Int::index(th, value)?;
        if Int::sign(index.obj()) < 0 {
            raise!(th, ValueError, "Cannot convert negative int");
        }
        let Some(options) = Int::to_u64(index.obj()) else {
            raise!(th, OverflowError, "Python int too large for C unsigned long long");
        };
        if options & !self.options.get() & option::VERSIONS != 0 {
            deprecated(th, "ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are")?;
        }
        self.options.set(options);
        Ok(())
    }

    #[getter(post_handshake_auth)]
    fn get_post_handshake_auth(&self, _: Thread<'_>) -> bool {
        self.post_handshake_auth.get()
    }

    #[setter]
    fn set_post_handshake_auth(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, AttributeError, "cannot delete attribute") };
        self.post_handshake_auth.set(value.is_true(th)?);
        Ok(())
    }

    #[getter]
    fn protocol(&self, _: Thread<'_>) -> i32 {
        self.protocol
    }

    #[getter(verify_flags)]
    fn get_verify_flags(&self, _: Thread<'_>) -> u64 {
        self.verify_flags.get()
    }

    #[setter]
    fn set_verify_flags(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = given(th, value, "verify_flags")?;
        if !Int::is_int(value) {
            let got = if value.is_none() { "None" } else { value.type_name() };
            raise!(th, TypeError, "argument must be int, not {got}");
        }
        self.verify_flags.set(Int::to_u64_wrapping(value));
        Ok(())
    }

    #[getter(verify_mode)]
    fn get_verify_mode(&self, _: Thread<'_>) -> i32 {
        self.verify_mode.get()
    }

    #[setter]
    fn set_verify_mode(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let mode = int(th, value, "verify_mode")?;
        if mode == mode::NONE && self.check_hostname.get() {
            raise!(
                th,
                ValueError,
                "Cannot set verify_mode to CERT_NONE when check_hostname is enabled."
            );
        }
        if !matches!(mode, mode::NONE | mode::OPTIONAL | mode::REQUIRED) {
            raise!(th, ValueError, "invalid value for verify_mode");
        }
        self.verify_mode.set(mode);
        Ok(())
    }

    /// The current security level.
    #[getter]
    fn security_level(&self, _: Thread<'_>) -> u32 {
        self.level.get()
    }
}

impl Context {
    /// Whether there is a certificate to show.
    pub(super) fn shows_certificates(&self) -> bool {
        !self.shown.borrow().0.0.is_empty()
    }

    /// Those of some suites that are allowed here.
    pub(super) fn allowed(&self, offers: &[&'static Suite]) -> Vec<&'static Suite> {
        let chosen = self.suites.borrow();
        let versions = self.versions();
        let is_allowed = |suite: &&&'static Suite| {
            let version = if suite.is_13 { &TLS13 } else { &TLS12 };
            versions.contains(&version)
                && (suite.is_13 || chosen.iter().any(|other| other.id == suite.id))
        };
        offers.iter().filter(is_allowed).copied().collect()
    }

    /// `verify_mode`
    pub(super) fn mode(&self) -> i32 {
        self.verify_mode.get()
    }

    /// Why this context cannot be used on one side.
    pub(super) fn check_side(&self, server_side: bool) -> Option<&'static str> {
        match (server_side, self.protocol) {
            (true, protocol::CLIENT) => {
                Some("Cannot create a server socket with a PROTOCOL_TLS_CLIENT context")
            }
            (false, protocol::SERVER) => {
                Some("Cannot create a client socket with a PROTOCOL_TLS_SERVER context")
            }
            _ => None,
        }
    }

    /// `cadata`: text is PEM, bytes are one certificate after the other.
    fn add_data(&self, th: Thread<'_>, data: Obj<'_>) -> Result<()> {
        let store = &self.verifier.store;
        let wrong =
            || error!(th, TypeError, "cadata should be an ASCII string or a bytes-like object");
        let nothing = || error!(th, ValueError, "Empty certificate data");
        let missing = |text| Problem::of(0, None, None, text).raise(th, line::CADATA);
        if let Some(text) = data.downcast::<Str>() {
            let text = text.as_ascii().ok_or_else(wrong)?;
            if text.is_empty() {
                return Err(nothing());
            }
            return match unlock(store).add_pem(text.as_bytes()) {
                (1.., Ill::NoStart) => Ok(()),
                (0, _) => Err(missing("no start line: cadata does not contain a certificate")),
                _ => Err(Problem::of(
                    100,
                    Some("PEM"),
                    Some("BAD_BASE64_DECODE"),
                    "bad base64 decode",
                )
                .raise(th, line::CADATA)),
            };
        }
        let data = match support::Buffer::readable(th, data) {
            Ok(data) => data,
            Err(raised) => {
                th.catch(raised, exceptions::types::TypeError())?;
                return Err(wrong());
            }
        };
        let bytes = data.bytes();
        if bytes.is_empty() {
            return Err(nothing());
        }
        let mut reader = super::der::Reader(bytes);
        let mut count = 0;
        while !reader.is_empty() {
            let added = reader.next().is_some_and(|one| unlock(store).add_certificate(one.whole));
            if !added && count == 0 {
                return Err(missing("not enough data: cadata does not contain a certificate"));
            }
            if !added {
                let problem =
                    Problem::of(142, Some("ASN1"), Some("NOT_ENOUGH_DATA"), "not enough data");
                return Err(problem.raise(th, line::CADATA));
            }
            count += 1;
        }
        Ok(())
    }
}
