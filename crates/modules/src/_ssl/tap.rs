//! What can be seen of a handshake from outside: its messages before encryption.
//!
//! `_msg_callback` is told of them, and channel binding in TLS 1.2 is made of
//! them.

use std::sync::{Arc, Mutex};

use rustls::{KeyLog, SupportedCipherSuite};

use super::verifier::unlock;

/// Kinds of records.
pub(super) mod content {
    pub(in crate::_ssl) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(in crate::_ssl) const ALERT: u8 = 21;
    pub(in crate::_ssl) const HANDSHAKE: u8 = 22;
}

/// A message that was seen.
pub(super) struct Event {
    pub(super) is_written: bool,
    pub(super) content: u8,
    pub(super) message: Vec<u8>,
}

impl Event {
    /// What `_TLSMessageType` or `_TLSAlertType` has for the message.
    pub(super) fn kind(&self) -> u16 {
        const CHANGE_CIPHER_SPEC: u16 = 0x101;
        let index = usize::from(self.content == content::ALERT);
        match self.content {
            content::CHANGE_CIPHER_SPEC => CHANGE_CIPHER_SPEC,
            _ => self.message.get(index).copied().unwrap_or_default().into(),
        }
    }
}

/// Sees the records of a connection.
#[derive(Default)]
pub(super) struct Tap {
    /// Whether messages are kept for the callback.
    pub(super) keeps_events: bool,
    events: Vec<Event>,
    /// Handshake messages up to the first that is encrypted.
    transcript: Vec<u8>,
    /// Whether the first encrypted message was written here.
    first_is_written: Option<bool>,
    /// The unfinished message that was read, and that was written.
    partial: [Vec<u8>; 2],
    encrypted: [bool; 2],
}

impl Tap {
    /// Look at records.
    pub(super) fn see(&mut self, is_written: bool, mut records: &[u8]) {
        if self.encrypted == [true, true] {
            return;
        }
        while let [content, _, _, high, low, rest @ ..] = records {
            let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
            let (payload, rest) = rest.split_at(length);
            self.see_record(is_written, *content, payload);
            records = rest;
        }
    }

    fn see_record(&mut self, is_written: bool, content: u8, payload: &[u8]) {
        let side = usize::from(is_written);
        let Some(encrypted) = self.encrypted.get_mut(side) else { return };
        if *encrypted {
            return;
        }
        match content {
            content::CHANGE_CIPHER_SPEC => {
                *encrypted = true;
                self.first_is_written.get_or_insert(is_written);
                self.note(is_written, content, payload);
            }
            content::ALERT => self.note(is_written, content, payload),
            content::HANDSHAKE => self.see_handshake(is_written, payload),
            _ => *encrypted = true,
        }
    }

    fn see_handshake(&mut self, is_written: bool, payload: &[u8]) {
        if self.first_is_written.is_none() {
            self.transcript.extend(payload);
        }
        let Some(partial) = self.partial.get_mut(usize::from(is_written)) else { return };
        let mut all = std::mem::take(partial);
        all.extend(payload);
        let mut rest = &all[..];
        while let [_, high, middle, low, ..] = rest {
            let length = 4 + u32::from_be_bytes([0, *high, *middle, *low]) as usize;
            let Some((message, tail)) = rest.split_at_checked(length) else { break };
            self.note(is_written, content::HANDSHAKE, message);
            rest = tail;
        }
        if let Some(partial) = self.partial.get_mut(usize::from(is_written)) {
            *partial = rest.to_vec();
        }
    }

    fn note(&mut self, is_written: bool, content: u8, message: &[u8]) {
        if self.keeps_events {
            self.events.push(Event { is_written, content, message: message.to_vec() });
        }
    }

    /// The messages since the last call.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The contents of the first `Finished` message in TLS 1.2.
    pub(super) fn first_finished(
        &self,
        suite: SupportedCipherSuite,
        secret: &[u8],
        is_server: bool,
    ) -> Option<[u8; 12]> {
        let SupportedCipherSuite::Tls12(suite) = suite else { return None };
        let hash = suite.common.hash_provider.hash(&self.transcript);
        let is_servers = self.first_is_written? == is_server;
        let label: &[u8] = if is_servers { b"server finished" } else { b"client finished" };
        let mut finished = [0; 12];
        suite.prf_provider.for_secret(&mut finished, secret, label, hash.as_ref());
        Some(finished)
    }
}

/// The master secret of a connection, when it is known.
pub(super) type Secret = Arc<Mutex<Option<Vec<u8>>>>;

/// Keeps the master secret of a connection, and passes all secrets on.
#[derive(Debug)]
pub(super) struct SecretKeeper {
    pub(super) next: Arc<dyn KeyLog>,
    pub(super) secret: Secret,
}

impl KeyLog for SecretKeeper {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        if label == "CLIENT_RANDOM" {
            *unlock(&self.secret) = Some(secret.to_vec());
        }
        self.next.log(label, client_random, secret);
    }
}
