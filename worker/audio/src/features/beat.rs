//! Where the beats fall, once the tempo is known.

/// How much a beat that comes early or late costs.
const TIGHTNESS: f64 = 100.0;

/// The path does not start at a frame with less than this share of the best local score.
const FIRST_SHARE: f64 = 0.01;

/// How wide a beat is: the deviation of its bell, in periods.
const BEAT_WIDTH: f64 = 1.0 / 32.0;

/// Beats by dynamic programming (Ellis, 2007), as frames in rising order: the path through the onset curve that gathers
/// most strength while its steps stay near the tempo. `frame_rate` is in frames per second. Beats before the first and
/// after the last frame of some strength are left out. A curve without onsets has no beats, nor has a tempo that is not
/// above 0 or leaves no frame between beats.
pub fn track_beats(onsets: &[f32], bpm: f64, frame_rate: f64) -> Vec<usize> {
    let period = (60.0 * frame_rate / bpm).round_ties_even();
    if onsets.len() < 2 || !(bpm > 0.0 && period >= 1.0) || onsets.iter().all(|strength| *strength == 0.0) {
        return Vec::new();
    }
    let scores = local_scores(onsets, period);
    let (sums, links) = best_paths(&scores, period);
    let mut beats = walk_back(&links, last_beat(&sums));
    trim(&mut beats, &scores);
    beats
}

/// The onset curve in units of its standard deviation, smoothed by a bell much narrower than the period.
fn local_scores(onsets: &[f32], period: f64) -> Vec<f64> {
    let count = onsets.len() as f64;
    let mean = onsets.iter().map(|strength| f64::from(*strength)).sum::<f64>() / count;
    let squares: f64 = onsets.iter().map(|strength| (f64::from(*strength) - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt() + f64::from(f32::MIN_POSITIVE);
    let reach = (period as usize).min(onsets.len() - 1);
    let bell: Vec<f64> =
        (0..=reach).map(|distance| (-0.5 * (distance as f64 / (period * BEAT_WIDTH)).powi(2)).exp()).collect();
    let mut scores = vec![0.0; onsets.len()];
    // librosa leaves out the first frame; a curve of a clip is 0 there.
    for (at, strength) in onsets.iter().enumerate().skip(1).filter(|(_, strength)| **strength != 0.0) {
        let strength = f64::from(*strength) / deviation;
        let (before, after) = scores.split_at_mut(at);
        for (score, weight) in after.iter_mut().zip(&bell) {
            *score += weight * strength;
        }
        for (score, weight) in before.iter_mut().rev().zip(bell.iter().skip(1)) {
            *score += weight * strength;
        }
    }
    scores
}

/// For each frame, the score of the best path that ends in it, and the beat before it on that path.
fn best_paths(scores: &[f64], period: f64) -> (Vec<f64>, Vec<Option<usize>>) {
    let nearest = ((period / 2.0).round_ties_even() as usize).max(1);
    let farthest = (period as usize).saturating_mul(2).min(scores.len());
    let costs: Vec<f64> =
        (nearest..=farthest).map(|step| TIGHTNESS * ((step as f64).ln() - period.ln()).powi(2)).collect();
    let threshold = FIRST_SHARE * scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sums: Vec<f64> = Vec::with_capacity(scores.len());
    let mut links = Vec::with_capacity(scores.len());
    let mut started = false;
    for (at, score) in scores.iter().enumerate() {
        let mut best: Option<(f64, usize)> = None;
        // From near to far; the nearest of equals is taken.
        let reachable = sums.get(..(at + 1).saturating_sub(nearest)).unwrap_or_default();
        for ((before, sum), cost) in reachable.iter().enumerate().rev().zip(&costs) {
            let total = sum - cost;
            if best.is_none_or(|(most, _)| total > most) {
                best = Some((total, before));
            }
        }
        sums.push(score + best.map_or(0.0, |(total, _)| total));
        started = started || *score >= threshold;
        links.push(if started { best.map(|(_, before)| before) } else { None });
    }
    (sums, links)
}

/// The last local maximum that is at least half as high as the median of all of them; without any, the last frame.
fn last_beat(sums: &[f64]) -> usize {
    let last = sums.len().saturating_sub(1);
    let is_peak = |at: &usize| {
        let higher_than_before = at.checked_sub(1).is_some_and(|before| sums[*at] > sums[before]);
        higher_than_before && sums.get(at + 1).is_none_or(|after| sums[*at] >= *after)
    };
    let peaks: Vec<usize> = (0..sums.len()).filter(is_peak).collect();
    let mut heights: Vec<f64> = peaks.iter().map(|at| sums[*at]).collect();
    heights.sort_unstable_by(f64::total_cmp);
    let middle = heights.len() / 2;
    let median = match heights.get(middle) {
        None => return last,
        Some(upper) if heights.len().is_multiple_of(2) => (heights[middle - 1] + upper) / 2.0,
        Some(upper) => *upper,
    };
    peaks.into_iter().rev().find(|at| sums[*at] >= 0.5 * median).unwrap_or(last)
}

fn walk_back(links: &[Option<usize>], tail: usize) -> Vec<usize> {
    let mut beats: Vec<usize> = std::iter::successors(Some(tail), |at| links.get(*at).copied().flatten()).collect();
    beats.reverse();
    beats
}

/// Takes off the beats at either end that lie where the local score stays below half of the root mean square of the
/// smoothed scores of the beats.
fn trim(beats: &mut Vec<usize>, scores: &[f64]) {
    let at_beats: Vec<f64> = beats.iter().filter_map(|at| scores.get(*at)).copied().collect();
    // A Hann window of five values, whose ends are 0, over the scores of one beat after the other.
    let at = |index: usize| index.checked_sub(2).and_then(|index| at_beats.get(index)).copied().unwrap_or(0.0);
    let count = (at_beats.len() + 2).min(scores.len()).max(1);
    let smoothed = (0..count).map(|index| 0.5 * at(index + 1) + at(index + 2) + 0.5 * at(index + 3));
    let threshold = 0.5 * (smoothed.map(|value| value * value).sum::<f64>() / count as f64).sqrt();
    let strong = |score: &f64| *score > threshold;
    match (scores.iter().position(strong), scores.iter().rposition(strong)) {
        (Some(first), Some(last)) => beats.retain(|at| (first..=last).contains(at)),
        _ => beats.clear(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 22_050.0 / 512.0;

    /// Clicks every 20 frames, one of them late, one missing; the beats go through.
    #[test]
    fn steady_clicks() {
        let mut onsets = vec![0.0f32; 410];
        for click in (30..400).step_by(20) {
            onsets[click + usize::from(click == 110)] = 1.0;
        }
        onsets[210] = 0.0;
        let beats = track_beats(&onsets, 60.0 * RATE / 20.0, RATE);
        assert_eq!(beats.len(), 19, "{beats:?}");
        for (beat, expected) in beats.iter().zip((30..400).step_by(20)) {
            assert!(beat.abs_diff(expected) <= 1, "{beats:?}");
        }
    }

    #[test]
    fn silence_and_the_ends_are_left_out() {
        assert!(track_beats(&[0.0; 100], 120.0, RATE).is_empty());
        let mut onsets = vec![0.0f32; 600];
        for click in (200..400).step_by(20) {
            onsets[click] = 1.0;
        }
        let beats = track_beats(&onsets, 60.0 * RATE / 20.0, RATE);
        assert!(!beats.is_empty() && beats.iter().all(|beat| (199..=381).contains(beat)), "{beats:?}");
    }

    #[test]
    fn odd_tempi_and_short_curves_do_no_harm() {
        let onsets: Vec<f32> = (0..50).map(|i| (i % 9) as f32).collect();
        for bpm in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(track_beats(&onsets, bpm, RATE).is_empty(), "{bpm}");
        }
        for bpm in [1e-300, 1.0, 2000.0, 2584.0] {
            assert!(track_beats(&onsets, bpm, RATE).iter().all(|beat| *beat < 50));
        }
        for count in 0..4 {
            assert!(track_beats(&onsets[..count], 120.0, RATE).len() <= count);
        }
    }
}
