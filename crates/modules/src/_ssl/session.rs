//! Sessions: what a client needs to resume a connection.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use macros::{pymethods, pytype};
use object::{Bytes, CompareOp, Head, Obj, Ref, Result, Thread, alloc_object, types};
use rustls::{
    NamedGroup,
    client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue},
    pki_types::ServerName,
};

use super::verifier::unlock;

/// What can be resumed.
#[derive(Default)]
struct Tickets {
    /// Of TLS 1.2, which can be used again and again.
    older: Option<Tls12ClientSessionValue>,
    /// Of TLS 1.3, each for one connection.
    newer: VecDeque<Tls13ClientSessionValue>,
    group: Option<NamedGroup>,
}

/// How many tickets are kept.
const MAX_TICKETS: usize = 8;

/// What connections that resume each other have in common.
#[derive(Clone, Default)]
pub(super) struct Sessions(Arc<Mutex<Tickets>>);

impl Sessions {
    fn is_empty(&self) -> bool {
        let tickets = unlock(&self.0);
        tickets.older.is_none() && tickets.newer.is_empty()
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        unlock(&self.0).group = Some(group);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        unlock(&self.0).group
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        unlock(&self.0).older = Some(value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        unlock(&self.0).older.clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        unlock(&self.0).older = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut tickets = unlock(&self.0);
        if tickets.newer.len() == MAX_TICKETS {
            tickets.newer.pop_front();
        }
        tickets.newer.push_back(value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        unlock(&self.0).newer.pop_back()
    }
}

/// What names a session, and since when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) id: [u8; 32],
    pub(super) time: u64,
}

impl Identity {
    pub(super) fn new() -> Identity {
        let mut id = [0; 32];
        // Without random numbers no handshake ended.
        let _ = host::random::fill(&mut id);
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Identity { id, time }
    }
}

/// How long sessions can be resumed, in seconds.
const LIFETIME: u32 = 7_200;

#[pytype(name = "_ssl.SSLSession", flags = DISALLOW_INSTANTIATION | IMMUTABLETYPE)]
pub(crate) struct SslSession {
    head: Head,
    /// The context that it belongs to.
    pub(super) context: Ref,
    #[traverse(skip)]
    pub(super) identity: Identity,
    #[traverse(skip)]
    pub(super) sessions: Sessions,
}

impl SslSession {
    pub(super) fn create(
        th: Thread<'_>,
        context: Ref,
        identity: Identity,
        sessions: Sessions,
    ) -> Result<Ref<SslSession>> {
        let session = SslSession { head: Head::new(), context, identity, sessions };
        alloc_object::new(th, session)
    }
}

#[pymethods]
impl SslSession {
    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Ref {
        let other = other.downcast::<SslSession>();
        match (other, op) {
            (Some(other), CompareOp::Eq | CompareOp::Ne) => {
                let same = self.identity.id == other.identity.id;
                types::bool_(same == (op == CompareOp::Eq)).own()
            }
            _ => types::not_implemented().own(),
        }
    }

    /// Does the session contain a ticket?
    #[getter]
    fn has_ticket(&self, _: Thread<'_>) -> bool {
        !self.sessions.is_empty()
    }

    /// Session ID.
    #[getter]
    fn id(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        Bytes::new(th, &self.identity.id)
    }

    /// Ticket life time hint.
    #[getter]
    fn ticket_lifetime_hint(&self, _: Thread<'_>) -> u32 {
        if self.sessions.is_empty() { 0 } else { LIFETIME }
    }

    /// Session creation time (seconds since epoch).
    #[getter]
    fn time(&self, _: Thread<'_>) -> u64 {
        self.identity.time
    }

    /// Session timeout (delta in seconds).
    #[getter]
    fn timeout(&self, _: Thread<'_>) -> u32 {
        LIFETIME
    }
}
