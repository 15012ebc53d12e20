//! From what is kept of a clip to what a net is given: one segment, at one length, the right way round.
//!
//! Knows nothing of scaling: that comes in between, on whole rows.

use std::ops::Range;

use gliss_types::recipe::{Fit, Input, Kind, Layout, Mel, Segments, StftMagnitude, Waveform};

use super::Seen;
use super::scaling::Rows;
use crate::cache::View;

/// Values of one clip with their shape, wherever they are kept.
pub(crate) trait Values {
    /// Dimensions; the last varies fastest.
    fn shape(&self) -> &[usize];

    /// Appends the values `range` to `values`; those beyond the end are left out.
    fn read(&self, range: Range<usize>, values: &mut Vec<f32>);
}

impl Values for View {
    fn shape(&self) -> &[usize] {
        View::shape(self)
    }

    fn read(&self, range: Range<usize>, values: &mut Vec<f32>) {
        View::read(self, range, values);
    }
}

impl Values for Seen {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self, range: Range<usize>, values: &mut Vec<f32>) {
        let end = range.end.min(self.values.len());
        values.extend_from_slice(self.values.get(range.start..end).unwrap_or_default());
    }
}

/// How the examples of one input are made of its clips' values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shaping {
    rows: Rows,
    /// The shape that the net is given.
    shape: Vec<usize>,
    cut: Cut,
    layout: Layout,
    /// How often the plane is repeated.
    planes: usize,
}

/// What a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The whole clip.
    Whole,
    /// One of the pieces that the clip's waveform was cut into.
    Piece,
    /// So many frames.
    Frames(usize),
}

/// Whether clips of `kind` are kept as several pieces.
pub(crate) fn in_pieces(kind: &Kind, segments: Option<&Segments>) -> bool {
    kind.rate().zip(segments).is_some_and(|(rate, segments)| segments.pieces(rate).is_some())
}

/// Rows and their length in values of one piece of that shape.
fn grid(kind: &Kind, piece: &[usize]) -> (usize, usize) {
    match (kind, piece) {
        (Kind::Waveform(_), _) => (1, piece.iter().product()),
        (Kind::Statistics(_) | Kind::Embedding(_) | Kind::Musicnn(_) | Kind::Columns(_), _) => {
            (piece.iter().product(), 1)
        }
        (_, [rows @ .., length]) => (rows.iter().product(), *length),
        (_, []) => (0, 0),
    }
}

impl Shaping {
    /// For clips of `input` whose values have those shapes: `example` is one of them, `training` all that train, one or
    /// more. Where they differ, they differ in their length alone.
    pub(crate) fn new<'a>(
        input: &Input,
        segments: Option<&Segments>,
        training: impl Iterator<Item = &'a [usize]>,
    ) -> Option<Self> {
        let kind = &input.kind;
        let frames = segments.and_then(Segments::frames).filter(|_| kind.is_spectrogram());
        let cut = match frames {
            Some(frames) => Cut::Frames(frames),
            None if in_pieces(kind, segments) => Cut::Piece,
            None => Cut::Whole,
        };
        let of_piece = |shape: &'a [usize]| if cut == Cut::Piece { shape.get(1..).unwrap_or_default() } else { shape };
        let mut grids = training.map(|shape| (of_piece(shape), grid(kind, of_piece(shape))));
        let (first, (rows, mut width)) = grids.next()?;
        let fit = match kind {
            Kind::Mel(Mel { fit, .. })
            | Kind::Stft(StftMagnitude { fit, .. })
            | Kind::Waveform(Waveform { fit, .. }) => fit,
            _ => &Fit::Shortest,
        };
        for (_, (_, length)) in grids {
            width = if *fit == Fit::Longest { width.max(length) } else { width.min(length) };
        }
        match (cut, fit) {
            (Cut::Frames(frames), _) => width = frames,
            (Cut::Whole, Fit::Fixed { frames }) => width = *frames as usize,
            _ => {}
        }
        let together = match (kind, first) {
            (Kind::MelPicture(_) | Kind::Image(_), [_, height, _]) => *height,
            _ => 1,
        };
        let (layout, channels) = match kind {
            Kind::Mel(Mel { layout, channels, .. }) | Kind::Stft(StftMagnitude { layout, channels, .. }) => {
                (*layout, Some(*channels as usize))
            }
            _ => (Layout::BandsTime, None),
        };
        let plane = match layout {
            Layout::BandsTime => [rows, width],
            Layout::TimeBands => [width, rows],
        };
        let shape = match (kind, channels) {
            (_, Some(0)) => plane.to_vec(),
            (_, Some(channels)) => [[channels].as_slice(), &plane].concat(),
            (Kind::Waveform(_), None) => vec![1, width],
            (_, None) => first.to_vec(),
        };
        let rows = Rows { rows, width, together };
        Some(Shaping { rows, shape, cut, layout, planes: channels.unwrap_or(1).max(1) })
    }

    /// The same where the settings alone decide the shape; none where the training side has a say.
    pub(crate) fn of_settings(input: &Input, segments: Option<&Segments>) -> Option<Self> {
        let kind = &input.kind;
        let dims: Vec<usize> = input.dims(segments, None).into_iter().collect::<Option<_>>()?;
        let piece = match (kind, dims.as_slice()) {
            (Kind::Mel(Mel { layout, .. }) | Kind::Stft(StftMagnitude { layout, .. }), [.., a, b]) => match layout {
                Layout::BandsTime => vec![*a, *b],
                Layout::TimeBands => vec![*b, *a],
            },
            (Kind::Waveform(_), [.., samples]) => vec![*samples],
            _ => dims,
        };
        let shape = if in_pieces(kind, segments) { [[1].as_slice(), &piece].concat() } else { piece };
        Shaping::new(input, segments, std::iter::once(shape.as_slice()))
    }

    /// The same where examples are brought to that length: what [`Shaping::length`] said.
    pub(crate) fn of_length(input: &Input, segments: Option<&Segments>, length: usize) -> Option<Self> {
        let kind = &input.kind;
        let piece = match kind {
            Kind::Mel(mel) => vec![mel.mels as usize, length],
            Kind::Stft(stft) => vec![stft.n_fft as usize / 2 + 1, length],
            Kind::Waveform(_) => vec![length],
            _ => return Shaping::of_settings(input, segments),
        };
        let shape = if in_pieces(kind, segments) { [[1].as_slice(), &piece].concat() } else { piece };
        Shaping::new(input, segments, std::iter::once(shape.as_slice()))
    }

    /// The length that examples are brought to: frames, samples, columns of a picture; 1 for vectors.
    pub(crate) fn length(&self) -> usize {
        self.rows.width
    }

    /// The shape of an example as the net is given it.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How an example's values lie before they are laid out for the net.
    pub(crate) fn rows(&self) -> Rows {
        self.rows
    }

    /// How many segments a clip with values of that shape has; none where all segments of a clip share its values.
    pub(crate) fn segments(&self, shape: &[usize]) -> Option<usize> {
        match self.cut {
            Cut::Whole => None,
            Cut::Piece => Some(shape.first().copied().unwrap_or(0)),
            Cut::Frames(frames) => Some(shape.last().copied().unwrap_or(0) / frames.max(1)),
        }
    }

    /// Puts the rows of segment `segment` into `plane`, which is cleared first: cut to the width, or filled up with zeros.
    /// Yields how many values of each row are the clip's own.
    pub(crate) fn read(&self, values: &dyn Values, segment: usize, plane: &mut Vec<f32>) -> usize {
        plane.clear();
        let Rows { rows, width, .. } = self.rows;
        let all: usize = values.shape().iter().product();
        let pieces = if self.cut == Cut::Piece { values.shape().first().copied().unwrap_or(0) } else { 1 };
        let length = all.checked_div(pieces * rows).unwrap_or(0);
        let (piece, start) = match self.cut {
            Cut::Whole => (0, 0),
            Cut::Piece => (segment, 0),
            Cut::Frames(frames) => (0, segment * frames),
        };
        let real = length.saturating_sub(start).min(width);
        let offset = piece * rows * length;
        if real == width && length == width {
            values.read(offset..offset + rows * width, plane);
        } else {
            for row in 0..rows {
                let from = offset + row * length + start;
                values.read(from..from + real, plane);
                plane.resize((row + 1) * width, 0.0);
            }
        }
        plane.resize(rows * width, 0.0);
        real
    }

    /// Appends `plane` to `out` as the net wants it.
    pub(crate) fn lay_out(&self, plane: &[f32], out: &mut Vec<f32>) {
        let Rows { rows, width, .. } = self.rows;
        for _ in 0..self.planes {
            match self.layout {
                Layout::BandsTime => out.extend_from_slice(plane),
                Layout::TimeBands => {
                    for frame in 0..width {
                        out.extend(plane.iter().skip(frame).step_by(width.max(1)).take(rows));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::Recipe;
    use gliss_types::recipe::Features;
    use serde_json::{Value, json};

    struct Kept(Vec<usize>, Vec<f32>);

    impl Kept {
        fn counting(shape: &[usize]) -> Kept {
            Kept(shape.to_vec(), (0..shape.iter().product()).map(|i: usize| i as f32).collect())
        }
    }

    impl Values for Kept {
        fn shape(&self) -> &[usize] {
            &self.0
        }

        fn read(&self, range: Range<usize>, values: &mut Vec<f32>) {
            values.extend(&self.1[range.start.min(self.1.len())..range.end.min(self.1.len())]);
        }
    }

    fn features(features: Value) -> Features {
        let recipe = json!({"data": {"source": "synth"}, "features": features, "net": {"name": "mlp"}});
        let settings = serde_json::from_value(recipe).expect("a mapping");
        match Recipe::read(&settings) {
            Ok((Recipe::Train(training), _)) => training.features,
            other => panic!("{other:?}"),
        }
    }

    fn shaping(features: &Features, training: &[&[usize]]) -> Shaping {
        Shaping::new(&features.input, features.segments.as_ref(), training.iter().copied()).expect("something trains")
    }

    fn example(shaping: &Shaping, kept: &Kept, segment: usize) -> (Vec<f32>, usize) {
        let (mut plane, mut out) = (vec![9.0; 3], Vec::new());
        let real = shaping.read(kept, segment, &mut plane);
        shaping.lay_out(&plane, &mut out);
        assert_eq!(out.len(), shaping.shape().iter().product::<usize>());
        (out, real)
    }

    #[test]
    fn lengths_come_from_the_training_side() {
        let sides: [&[usize]; 3] = [&[2, 5], &[2, 3], &[2, 4]];
        let shortest = shaping(&features(json!({"kind": "mel"})), &sides);
        assert_eq!(shortest.shape(), [1, 2, 3]);
        assert_eq!(example(&shortest, &Kept::counting(&[2, 4]), 0), (vec![0., 1., 2., 4., 5., 6.], 3));
        let longest = shaping(&features(json!({"kind": "mel", "fit": "longest", "channels": 0})), &sides);
        assert_eq!(longest.shape(), [2, 5]);
        let short = example(&longest, &Kept::counting(&[2, 3]), 0);
        assert_eq!(short, (vec![0., 1., 2., 0., 0., 3., 4., 5., 0., 0.], 3));
        let fixed = shaping(&features(json!({"kind": "stft", "frames": 2, "channels": 3})), &sides);
        assert_eq!(fixed.shape(), [3, 2, 2]);
        assert_eq!(example(&fixed, &Kept::counting(&[2, 3]), 0).0, [[0., 1., 3., 4.]; 3].concat());
        let nothing = features(json!({}));
        assert!(Shaping::new(&nothing.input, None, std::iter::empty()).is_none());
    }

    #[test]
    fn time_by_bands_is_the_transpose() {
        let transposed =
            shaping(&features(json!({"kind": "mel", "frames": 668, "layout": "time_bands"})), &[&[64, 660]]);
        assert_eq!(transposed.shape(), [1, 668, 64]);
        let small = shaping(&features(json!({"kind": "mel", "frames": 2, "layout": "time_bands"})), &[&[3, 2]]);
        assert_eq!(example(&small, &Kept::counting(&[3, 2]), 0).0, [0., 2., 4., 1., 3., 5.]);
    }

    #[test]
    fn spectrograms_are_cut_into_whole_blocks() {
        let features = features(json!({"kind": "mel", "mels": 96, "channels": 3, "segments": {"frames": 125}}));
        let blocks = shaping(&features, &[&[96, 936]]);
        assert_eq!(blocks.shape(), [3, 96, 125]);
        // papers.md 5.4: originals, then rates 0.8, 0.9, 1.0, 1.1.
        let counts = [936, 1173, 1043, 938, 853].map(|frames| blocks.segments(&[96, frames]));
        assert_eq!(counts, [7, 9, 8, 7, 6].map(Some));
        let kept = Kept::counting(&[96, 300]);
        let (second, real) = example(&blocks, &kept, 1);
        assert_eq!((real, second[0], second[124], second[125]), (125, 125.0, 249.0, 425.0));
    }

    #[test]
    fn pieces_of_the_waveform_are_examples_whatever_they_became() {
        let cut = json!({"samples": 131_072, "overlap": 0.5});
        let wave = json!({"kind": "waveform", "samples": 1_000_000, "segments": cut});
        let waves = shaping(&features(wave), &[&[14, 131_072]]);
        assert_eq!((waves.shape(), waves.segments(&[14, 131_072])), (&[1, 131_072][..], Some(14)));
        let stft = features(json!({"kind": "stft", "hop": 1024, "samples": 1_000_000, "segments": cut}));
        let planes = shaping(&stft, &[&[14, 1025, 129]]);
        assert_eq!(planes.shape(), [1, 1025, 129]);
        let statistics = features(json!({"kind": "statistics", "segments": {"seconds": 3}}));
        let vectors = shaping(&statistics, &[&[10, 57], &[9, 57]]);
        assert_eq!((vectors.shape(), vectors.segments(&[9, 57])), (&[57][..], Some(9)));
        assert_eq!(example(&vectors, &Kept::counting(&[9, 57]), 8).0[0], (8 * 57) as f32);
        let pictures = shaping(&features(json!({"segments": {"seconds": 3}})), &[&[2, 1, 4, 6]]);
        assert_eq!((pictures.shape(), pictures.rows()), (&[1, 4, 6][..], Rows { rows: 4, width: 6, together: 4 }));
        assert_eq!(example(&pictures, &Kept::counting(&[2, 1, 4, 6]), 1).0[0], 24.0);
    }

    #[test]
    fn settings_that_say_it_all_need_no_clip() {
        for (settings, shape) in [
            (json!({}), vec![1, 128, 128]),
            (json!({"kind": "mel", "mels": 96, "segments": {"frames": 125}}), vec![96, 400]),
            (json!({"kind": "mel", "frames": 668, "layout": "time_bands", "mels": 64}), vec![64, 600]),
            (json!({"kind": "stft", "samples": 9000, "segments": {"samples": 4096}}), vec![2, 1025, 9]),
            (json!({"kind": "waveform", "samples": 9000}), vec![9000]),
            (json!({"kind": "waveform", "segments": {"seconds": 1}}), vec![4, 16_000]),
            (json!({"kind": "embedding", "path": "/v"}), vec![753]),
        ] {
            let features = features(settings.clone());
            let of_clips = shaping(&features, &[&shape]);
            assert_eq!(Shaping::of_settings(&features.input, features.segments.as_ref()), Some(of_clips), "{settings}");
        }
        let open = features(json!({"kind": "mel"}));
        assert_eq!(Shaping::of_settings(&open.input, None), None);
    }

    #[test]
    fn whole_clips_have_no_segments_and_strange_shapes_no_panic() {
        let picture = shaping(&features(json!({})), &[&[1, 128, 128]]);
        assert_eq!((picture.shape(), picture.segments(&[1, 128, 128])), (&[1, 128, 128][..], None));
        let mel = shaping(&features(json!({"kind": "mel", "frames": 4})), &[&[0, 0]]);
        assert_eq!(example(&mel, &Kept::counting(&[0, 0]), 7).0, Vec::<f32>::new());
        let wave = shaping(&features(json!({"kind": "waveform"})), &[&[5], &[4]]);
        assert_eq!(wave.shape(), [1, 4]);
        assert_eq!(example(&wave, &Kept::counting(&[3]), 0), (vec![0., 1., 2., 0.], 3));
    }
}
