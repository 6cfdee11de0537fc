//! PostgreSQL's messages to a client: a kind, a length that counts itself, a body.

/// Messages, one after another.
#[derive(Debug, Default)]
pub(super) struct Out(pub(super) Vec<u8>);

impl Out {
    /// Appends a message.
    pub(super) fn message(&mut self, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
        self.0.push(kind);
        let begun = self.0.len();
        self.0.extend([0; 4]);
        body(&mut self.0);
        // Nothing here is near that long.
        let length = i32::try_from(self.0.len() - begun).unwrap_or(i32::MAX);
        self.0[begun..begun + 4].copy_from_slice(&length.to_be_bytes());
    }

    /// The client may ask.
    pub(super) fn ready(&mut self) -> &mut Self {
        self.message(b'Z', |body| body.push(b'I'));
        self
    }

    /// Why not.
    pub(super) fn error(&mut self, severity: &str, code: &str, text: &str) -> &mut Self {
        self.message(b'E', |body| {
            for (field, value) in [(b'S', severity), (b'V', severity), (b'C', code), (b'M', text)] {
                body.push(field);
                body.extend(value.bytes().filter(|byte| *byte != 0));
                body.push(0);
            }
            body.push(0);
        });
        self
    }

    /// One row of one column, of that type.
    pub(super) fn row(&mut self, column: &str, kind: i32, value: &str, tag: &str) {
        let size: i16 = if kind == super::INT4 { 4 } else { -1 };
        self.message(b'T', |body| {
            body.extend(1_i16.to_be_bytes());
            body.extend(column.bytes());
            body.push(0);
            // Of no table; its type, and that type's size; no modifier; as text.
            body.extend([0; 6]);
            body.extend(kind.to_be_bytes());
            body.extend(size.to_be_bytes());
            body.extend((-1_i32).to_be_bytes());
            body.extend(0_i16.to_be_bytes());
        });
        self.message(b'D', |body| {
            body.extend(1_i16.to_be_bytes());
            body.extend(i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
            body.extend(value.bytes());
        });
        self.complete(tag);
    }

    /// A statement is done.
    pub(super) fn complete(&mut self, tag: &str) {
        self.message(b'C', |body| body.extend([tag.as_bytes(), b"\0"].concat()));
    }
}
