//! What a pickler has written, cut into frames from protocol 4 on.

use super::opcodes::{FRAME, FRAME_HEADER_SIZE, FRAME_SIZE_MIN, FRAME_SIZE_TARGET};

/// The bytes that are not in the file yet.
pub(super) struct Output {
    bytes: Vec<u8>,
    pub(super) framing: bool,
    /// Where the header of the current frame is to go.
    frame: Option<usize>,
}

impl Output {
    /// Append bytes of an opcode, opening a frame if need be.
    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.begin();
        self.bytes.extend_from_slice(bytes);
    }

    /// Append an opcode and its argument.
    #[inline]
    pub(super) fn op_with<const N: usize>(&mut self, op: u8, argument: [u8; N]) {
        self.begin();
        self.bytes.reserve(9);
        self.bytes.push(op);
        self.bytes.extend_from_slice(&argument);
    }

    /// Append an opcode, the length of data in one byte, and the data.
    #[inline]
    pub(super) fn short(&mut self, op: u8, length: u8, data: &[u8]) {
        self.begin();
        self.bytes.reserve(data.len() + 2);
        self.bytes.push(op);
        self.bytes.push(length);
        self.bytes.extend_from_slice(data);
    }

    #[inline]
    pub(super) fn op(&mut self, op: u8) {
        self.begin();
        self.bytes.push(op);
    }

    #[inline]
    fn begin(&mut self) {
        if self.framing && self.frame.is_none() {
            self.frame = Some(self.bytes.len());
            self.bytes.extend([0xFE; FRAME_HEADER_SIZE]);
        }
    }

    /// Finish the current frame.
    pub(super) fn commit(&mut self) {
        let Some(start) = self.frame.take() else { return };
        let length = self.bytes.len() - start - FRAME_HEADER_SIZE;
        if length >= FRAME_SIZE_MIN {
            self.bytes[start] = FRAME;
            self.bytes[start + 1..start + FRAME_HEADER_SIZE]
                .copy_from_slice(&(length as u64).to_le_bytes());
        } else {
            self.bytes.drain(start..start + FRAME_HEADER_SIZE);
        }
    }

    /// Between two objects: finish a frame that is long enough. True if so.
    #[inline]
    pub(super) fn boundary(&mut self) -> bool {
        let long = self
            .frame
            .is_some_and(|start| self.bytes.len() - start - FRAME_HEADER_SIZE >= FRAME_SIZE_TARGET);
        if long {
            self.commit();
        }
        long
    }

    /// Append bytes outside of frames.
    pub(super) fn write_unframed(&mut self, bytes: &[u8]) {
        self.commit();
        self.bytes.extend_from_slice(bytes);
    }

    /// Nothing yet, with room for a usual pickle.
    pub(super) fn new() -> Self {
        Output { bytes: Vec::with_capacity(1024), framing: false, frame: None }
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}
