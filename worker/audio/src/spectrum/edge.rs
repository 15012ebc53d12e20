//! What a frame sees before the first sample and after the last.

/// What lies beyond the ends of a clip, where the first and last frames reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PadMode {
    /// Silence: librosa from 0.10 on.
    Zero,
    /// The clip mirrored at its first and last sample, which are not repeated: librosa before 0.10. A clip shorter than
    /// the reach is mirrored again and again; a single sample is repeated.
    Reflect,
}

impl PadMode {
    /// Fills `frame` with the samples from `start` on; `start` may be negative, the frame may end beyond the clip.
    /// `samples` must not be empty.
    pub(crate) fn fill(self, frame: &mut [f32], samples: &[f32], start: isize) {
        if let Ok(start) = usize::try_from(start)
            && let Some(inner) = samples.get(start..start + frame.len())
        {
            frame.copy_from_slice(inner);
            return;
        }
        let count = samples.len() as isize;
        let turn = (2 * (count - 1)).max(1);
        for (at, value) in (start..).zip(frame.iter_mut()) {
            let source = match self {
                Self::Zero => at,
                Self::Reflect => {
                    let within = at.rem_euclid(turn);
                    within.min(turn - within)
                }
            };
            *value = usize::try_from(source).ok().and_then(|source| samples.get(source)).copied().unwrap_or(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pad: PadMode, samples: &[f32], start: isize, length: usize) -> Vec<f32> {
        let mut frame = vec![f32::NAN; length];
        pad.fill(&mut frame, samples, start);
        frame
    }

    #[test]
    fn zeros_surround_the_clip() {
        assert_eq!(filled(PadMode::Zero, &[1.0, 2.0, 3.0], -2, 7), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
        assert_eq!(filled(PadMode::Zero, &[1.0, 2.0, 3.0], 1, 2), [2.0, 3.0]);
        assert_eq!(filled(PadMode::Zero, &[1.0], 5, 2), [0.0, 0.0]);
    }

    #[test]
    fn mirrors_do_not_repeat_the_end() {
        assert_eq!(filled(PadMode::Reflect, &[1.0, 2.0, 3.0], -2, 7), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]);
    }

    #[test]
    fn short_clips_are_mirrored_again() {
        assert_eq!(filled(PadMode::Reflect, &[1.0, 2.0], -3, 7), [2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        assert_eq!(filled(PadMode::Reflect, &[1.0, 2.0, 3.0], -5, 4), [2.0, 1.0, 2.0, 3.0]);
        assert_eq!(filled(PadMode::Reflect, &[4.0], -3, 5), [4.0; 5]);
    }
}
