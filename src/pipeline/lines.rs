//! Where a record stands: its path, its byte, and its line where lines are counted.

use crate::model::batch::{Batch, Position};

/// Counts lines as far as positions need it.
pub(super) struct Lines {
    counted: bool,
    upto: usize,
    line: u64,
    /// Where the last frame stands; used again, as most are never told.
    pub(super) position: Position,
}

impl Lines {
    pub(super) fn new(batch: &Batch<'_>, counted: bool) -> Self {
        let position = Position { path: batch.path.to_owned(), offset: batch.offset, line: 0 };
        Self { counted, upto: 0, line: batch.framing.line, position }
    }

    /// The number of the line that ends before `at`.
    pub(super) fn upto(&mut self, batch: &Batch<'_>, at: usize) -> u64 {
        if self.counted {
            let passed = batch.bytes.get(self.upto..at).unwrap_or_default();
            self.line += bytecount::count(passed, b'\n') as u64;
            self.upto = self.upto.max(at);
        }
        self.line
    }

    /// Stands at the byte `at` of the batch.
    pub(super) fn stand(&mut self, batch: &Batch<'_>, at: usize) {
        let line = self.upto(batch, at);
        self.position.line = if self.counted { line + 1 } else { 0 };
        self.position.offset = batch.offset + at as u64;
    }
}
