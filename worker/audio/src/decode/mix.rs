//! Many channels to one: their mean. Knows nothing of formats.

/// Appends the mean of `planes`, one slice a channel and all of one length, to `mono`.
pub(super) fn mean_of_planes(planes: &[&[f32]], mono: &mut Vec<f32>) {
    match planes {
        [] => {}
        [only] => mono.extend_from_slice(only),
        [left, right] => mono.extend(left.iter().zip(*right).map(|(left, right)| 0.5 * (left + right))),
        [first, others @ ..] => {
            let (start, count) = (mono.len(), planes.len() as f32);
            mono.extend_from_slice(first);
            let sums = mono.get_mut(start..).unwrap_or_default();
            for plane in others {
                sums.iter_mut().zip(*plane).for_each(|(sum, sample)| *sum += sample);
            }
            sums.iter_mut().for_each(|sum| *sum /= count);
        }
    }
}

/// Appends the mean of each whole frame of `channels` interleaved samples to `mono`.
pub(super) fn mean_of_frames(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    match channels {
        0 | 1 => mono.extend_from_slice(interleaved),
        2 => mono.extend(interleaved.as_chunks::<2>().0.iter().map(|[left, right]| 0.5 * (left + right))),
        _ => {
            let count = channels as f32;
            mono.extend(interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_averaged() {
        let planes: [&[f32]; 3] = [&[0.25, 1.0], &[0.5, -1.0], &[0.75, 3.0]];
        for (channels, mean) in [(0, vec![]), (1, vec![0.25, 1.0]), (2, vec![0.375, 0.0]), (3, vec![0.5, 1.0])] {
            let planes = &planes[..channels];
            let mut mono = Vec::new();
            mean_of_planes(planes, &mut mono);
            assert_eq!(mono, mean, "{channels} planes");
            let frames: Vec<f32> = (0..2).flat_map(|frame| planes.iter().map(move |plane| plane[frame])).collect();
            let mut mono = Vec::new();
            mean_of_frames(&frames, channels, &mut mono);
            assert_eq!(mono, mean, "{channels} interleaved");
        }
    }

    #[test]
    fn a_frame_that_is_cut_off_is_left_out() {
        let mut mono = vec![9.0];
        mean_of_frames(&[0.5, -1.0, 0.5], 2, &mut mono);
        assert_eq!(mono, [9.0, -0.25]);
    }
}
