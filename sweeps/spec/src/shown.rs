//! The lines of a text around a finding, as miette wants them. A line of a megabyte is cut, so that a finding stays
//! readable, and keeps its true line and column.

use std::sync::Arc;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::source::{Sources, Span};

/// Lines longer than this, in bytes, are cut around the label.
const LONGEST: usize = 240;
/// Bytes kept before a label on such a line, and after its start.
const BEFORE: usize = 40;
const AFTER: usize = 120;

#[derive(Debug, Clone)]
pub(crate) struct Shown {
    name: Arc<str>,
    text: Arc<str>,
    labels: Vec<LabeledSpan>,
    /// Offset of the first label in `text`, and the true column there, from 0.
    column: (usize, usize),
}

impl Shown {
    /// A second place in another text is left out.
    pub(crate) fn new(sources: &Sources, span: Span, label: Option<String>, also: Option<(Span, String)>) -> Self {
        let text = sources.text(span.source);
        let mut wanted = vec![(first_line(&text, span), label)];
        if let Some((second, label)) = also.filter(|(second, _)| second.source == span.source) {
            wanted.push((first_line(&text, second), Some(label)));
        }
        let column = text.get(..span.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default().chars().count();
        let (text, spans) = if text.split('\n').any(|line| line.len() > LONGEST) {
            let spans: Vec<_> = wanted.iter().map(|(span, _)| *span).collect();
            let (cut, spans) = cut(&text, &spans);
            (cut.into(), spans)
        } else {
            (text, wanted.iter().map(|(span, _)| *span).collect())
        };
        let labels = spans.iter().zip(wanted).enumerate().map(|(i, (&(start, end), (_, label)))| {
            let at = SourceSpan::new(start.into(), end - start);
            if i == 0 { LabeledSpan::new_primary_with_span(label, at) } else { LabeledSpan::new_with_span(label, at) }
        });
        let labels = labels.collect();
        let offset = spans.first().map_or(0, |span| span.0);
        Shown { name: sources.name(span.source), text, labels, column: (offset, column) }
    }

    pub(crate) fn labels(&self) -> impl Iterator<Item = LabeledSpan> + '_ {
        self.labels.iter().cloned()
    }
}

impl SourceCode for Shown {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        let heading = before == 0 && span.offset() == self.column.0;
        let column = if heading { self.column.1 } else { inner.column() };
        let (data, at) = (inner.data(), *inner.span());
        let name = self.name.to_string();
        Ok(Box::new(MietteSpanContents::new_named(name, data, at, inner.line(), column, inner.line_count())))
    }
}

/// The part of a span on its first line: a label over many lines shows less, not more.
fn first_line(text: &str, span: Span) -> (usize, usize) {
    let covered = text.get(span.start..span.end).unwrap_or_default();
    let line = covered.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    (span.start.min(text.len()), span.start.min(text.len()) + line.len())
}

/// The text with every long line cut to a window around the first span on it, and the spans in the cut text.
fn cut(text: &str, spans: &[(usize, usize)]) -> (String, Vec<(usize, usize)>) {
    let mut out = String::new();
    let mut moved = spans.to_vec();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let body = line.trim_end_matches(['\n', '\r']);
        let here = |at: usize| at >= start && (at < end || end == text.len());
        let (from, to) = if body.len() <= LONGEST {
            (0, body.len())
        } else {
            let at = spans.iter().find(|(s, _)| here(*s)).map_or(0, |(s, _)| s - start);
            (boundary(body, at.saturating_sub(BEFORE)), boundary(body, (at + AFTER).min(body.len())))
        };
        let (lead, tail) = (if from > 0 { "… " } else { "" }, if to < body.len() { " …" } else { "" });
        let base = out.len() + lead.len();
        for (old, new) in spans.iter().zip(&mut moved).filter(|(old, _)| here(old.0)) {
            let into = |at: usize| base + (at - start).clamp(from, to) - from;
            *new = (into(old.0), into(old.1));
        }
        out.push_str(lead);
        out.push_str(body.get(from..to).unwrap_or_default());
        out.push_str(tail);
        out.push('\n');
        start = end;
    }
    (out, moved)
}

fn boundary(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
