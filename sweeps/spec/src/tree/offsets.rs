//! From the scanner's character indices to byte offsets.

/// The byte offset of every character of a text; nothing is stored where every character is one byte.
pub(super) struct Offsets {
    table: Option<Vec<u32>>,
    len: usize,
    base: usize,
}

impl Offsets {
    /// `base` is added to every offset. The text is at most a few megabytes long.
    pub(super) fn new(text: &str, base: usize) -> Self {
        let table = (!text.is_ascii())
            .then(|| text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect());
        Offsets { table, len: text.len(), base }
    }

    /// The byte offset of character `index`; the text's end beyond it.
    pub(super) fn byte(&self, index: usize) -> usize {
        let at = match &self.table {
            None => index.min(self.len),
            Some(table) => table.get(index).map_or(self.len, |at| *at as usize),
        };
        self.base + at
    }
}
