//! One TLS connection without its transport: records go in, records come out.
//!
//! Records are put in one at a time and whole. So no byte after the last
//! record of a connection is taken from a socket, and what `select` says of
//! the socket agrees with what can be read, as with OpenSSL.

use std::io::{Read, Write};

use rustls::{
    Connection, Error, IoState,
    server::{Accepted, Acceptor},
};

use super::{errors::Problem, tap::Tap};

/// Bytes before the contents of a record.
const HEADER: usize = 5;

/// Longest contents of an encrypted record.
const MAX_RECORD: usize = (1 << 14) + 2_048;

/// How much is encrypted at once.
const MAX_WRITE: usize = 1 << 16;

/// Alerts.
pub(super) const HANDSHAKE_FAILURE: u8 = 40;
const ACCESS_DENIED: u8 = 49;
const CERTIFICATE_REQUIRED: u8 = 116;

enum Stage {
    /// A server that waits for the client's greeting.
    Accepting(Box<Acceptor>),
    /// A server that has to choose its configuration.
    Greeted(Box<Accepted>),
    Open(Box<Connection>),
    /// An error ended the connection.
    Failed(Problem),
}

/// What a record led to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Processed,
    /// The client's greeting is there: a configuration has to be chosen.
    Greeting,
}

/// A connection.
pub(super) struct Engine {
    stage: Stage,
    is_server: bool,
    /// The record that is being read.
    incoming: Vec<u8>,
    /// Records to be sent.
    outgoing: Vec<u8>,
    /// Decrypted bytes that were not read.
    available: usize,
    pub(super) close_sent: bool,
    pub(super) close_received: bool,
    pub(super) tap: Tap,
}

impl Engine {
    fn new(stage: Stage, is_server: bool) -> Engine {
        Engine {
            stage,
            is_server,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            available: 0,
            close_sent: false,
            close_received: false,
            tap: Tap::default(),
        }
    }

    pub(super) fn server() -> Engine {
        Engine::new(Stage::Accepting(Box::default()), true)
    }

    pub(super) fn client(connection: rustls::ClientConnection) -> Engine {
        let mut engine = Engine::new(Stage::Open(Box::new(connection.into())), false);
        engine.collect();
        engine
    }

    /// A connection that cannot be made.
    pub(super) fn failed(problem: Problem, is_server: bool) -> Engine {
        Engine::new(Stage::Failed(problem), is_server)
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        match &self.stage {
            Stage::Open(connection) => Some(connection),
            _ => None,
        }
    }

    /// The client's greeting, before a configuration is chosen.
    pub(super) fn greeting(&self) -> Option<rustls::server::ClientHello<'_>> {
        match &self.stage {
            Stage::Greeted(accepted) => Some(accepted.client_hello()),
            _ => None,
        }
    }

    /// The error that ended the connection.
    pub(super) fn failure(&self) -> Option<&Problem> {
        match &self.stage {
            Stage::Failed(problem) => Some(problem),
            _ => None,
        }
    }

    pub(super) fn is_handshaking(&self) -> bool {
        match &self.stage {
            Stage::Open(connection) => connection.is_handshaking(),
            _ => true,
        }
    }

    /// Decrypted bytes that were not read.
    pub(super) fn available(&self) -> usize {
        self.available
    }

    /// End the connection with an error.
    pub(super) fn fail(&mut self, problem: Problem) -> Problem {
        self.stage = Stage::Failed(problem.clone());
        problem
    }

    /// Send a fatal alert before anything is encrypted, and end the connection.
    pub(super) fn refuse(&mut self, alert: u8, problem: Problem) -> Problem {
        self.outgoing.extend([21, 3, 3, 0, 2, 2, alert]);
        self.fail(problem)
    }

    /// Take the records that are to be sent from the connection.
    fn collect(&mut self) {
        let start = self.outgoing.len();
        if let Stage::Open(connection) = &mut self.stage {
            while connection.wants_write() {
                if !matches!(connection.write_tls(&mut self.outgoing), Ok(1..)) {
                    break;
                }
            }
        }
        self.tap.see(true, self.outgoing.get(start..).unwrap_or_default());
    }

    /// Whether there are records to be sent.
    pub(super) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Take the records that are to be sent.
    pub(super) fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// How many more bytes the record needs that is being read; 0 if it is whole.
    pub(super) fn missing(&mut self) -> Result<usize, Problem> {
        let [kind, major, _, high, low, contents @ ..] = &self.incoming[..] else {
            return Ok(HEADER - self.incoming.len());
        };
        let early = self.is_handshaking() && self.available == 0;
        if !(20..=24).contains(kind) || *major != 3 {
            let problem = self.misfit(early);
            return Err(self.fail(problem));
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length > MAX_RECORD {
            let problem = Problem::ssl("ENCRYPTED_LENGTH_TOO_LONG");
            return Err(self.fail(problem));
        }
        Ok(length - contents.len().min(length))
    }

    /// What something is that is not TLS.
    fn misfit(&self, early: bool) -> Problem {
        const METHODS: [&[u8]; 4] = [b"GET ", b"POST", b"HEAD", b"PUT "];
        if !early {
            return Problem::ssl("RECORD_LAYER_FAILURE");
        }
        if self.is_server && METHODS.iter().any(|method| self.incoming.starts_with(method)) {
            return Problem::ssl("HTTP_REQUEST");
        }
        if self.is_server && self.incoming.starts_with(b"CONNE") {
            return Problem::ssl("HTTPS_PROXY_REQUEST");
        }
        Problem::ssl("WRONG_VERSION_NUMBER")
    }

    /// Where bytes of the record are appended, as many as [`missing`](Self::missing) says.
    pub(super) fn incoming(&mut self) -> &mut Vec<u8> {
        &mut self.incoming
    }

    /// Process the record that was read.
    pub(super) fn process(&mut self) -> Result<Progress, Error> {
        let record = std::mem::take(&mut self.incoming);
        self.tap.see(false, &record);
        let result = self.process_record(&record);
        self.incoming = record;
        self.incoming.clear();
        self.collect();
        // COMPAT: in TLS 1.2, where alerts of the handshake are not encrypted, OpenSSL does
        // not know this alert of TLS 1.3.
        self.replace_alert(CERTIFICATE_REQUIRED, HANDSHAKE_FAILURE);
        result
    }

    /// Change the alert that was written last, if it is that one and not encrypted.
    fn replace_alert(&mut self, alert: u8, by: u8) {
        if let Some(start) = self.outgoing.strip_suffix(&[21, 3, 3, 0, 2, 2, alert]) {
            let length = start.len();
            self.outgoing.truncate(length);
            self.outgoing.extend([21, 3, 3, 0, 2, 2, by]);
        }
    }

    fn process_record(&mut self, record: &[u8]) -> Result<Progress, Error> {
        let mut rest = record;
        if let Stage::Accepting(acceptor) = &mut self.stage {
            while !rest.is_empty() && matches!(acceptor.read_tls(&mut rest), Ok(1..)) {}
            return match acceptor.accept() {
                Ok(None) => Ok(Progress::Processed),
                Ok(Some(accepted)) => {
                    self.stage = Stage::Greeted(Box::new(accepted));
                    Ok(Progress::Greeting)
                }
                Err((error, mut alert)) => {
                    let _ = alert.write_all(&mut self.outgoing);
                    Err(error)
                }
            };
        }
        let Stage::Open(connection) = &mut self.stage else { return Ok(Progress::Processed) };
        loop {
            while !rest.is_empty() && matches!(connection.read_tls(&mut rest), Ok(1..)) {}
            let state = connection.process_new_packets()?;
            note(&state, &mut self.available, &mut self.close_received);
            if rest.is_empty() || state.peer_has_closed() {
                return Ok(Progress::Processed);
            }
            if state.plaintext_bytes_to_read() > 0 {
                return Err(Error::General("a record held too much".to_owned()));
            }
        }
    }

    /// Go on with a server's configuration.
    pub(super) fn configure(
        &mut self,
        config: std::sync::Arc<rustls::ServerConfig>,
    ) -> Result<(), Error> {
        let stage =
            std::mem::replace(&mut self.stage, Stage::Failed(Problem::ssl("UNINITIALIZED")));
        let Stage::Greeted(accepted) = stage else {
            self.stage = stage;
            return Ok(());
        };
        match accepted.into_connection(config) {
            Ok(connection) => {
                self.stage = Stage::Open(Box::new(connection.into()));
                self.collect();
                Ok(())
            }
            Err((error, mut alert)) => {
                let _ = alert.write_all(&mut self.outgoing);
                // COMPAT: no certificate suits the suites.
                self.replace_alert(ACCESS_DENIED, HANDSHAKE_FAILURE);
                Err(error)
            }
        }
    }

    /// Read decrypted bytes.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let Stage::Open(connection) = &mut self.stage else { return 0 };
        let count = connection.reader().read(buffer).unwrap_or(0);
        self.available -= count.min(self.available);
        count
    }

    /// Encrypt what fits into one turn: how much.
    pub(super) fn write(&mut self, data: &[u8]) -> usize {
        let data = data.get(..MAX_WRITE).unwrap_or(data);
        let Stage::Open(connection) = &mut self.stage else { return 0 };
        let count = connection.writer().write(data).unwrap_or(0);
        self.collect();
        count
    }

    /// Tell the peer that nothing more is sent.
    pub(super) fn close(&mut self) {
        if let Stage::Open(connection) = &mut self.stage
            && !self.close_sent
        {
            connection.send_close_notify();
            self.close_sent = true;
            self.collect();
        }
    }
}

fn note(state: &IoState, available: &mut usize, close_received: &mut bool) {
    *available = state.plaintext_bytes_to_read();
    *close_received |= state.peer_has_closed();
}
