//! Bars: lengths that stand beside their numbers.

use super::html::escape;

/// Bars of a histogram: an odd number, so that lengths that are nearly alike share the middle one.
const BINS: usize = 31;

/// How many of `seconds` are how long, as upright bars with the ends of the scale below; nothing for none.
pub(super) fn histogram(seconds: &[f64]) -> String {
    let least = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let most = seconds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !(least.is_finite() && most.is_finite()) {
        return String::new();
    }
    // Where lengths differ by milliseconds a picture of milliseconds would alarm for nothing.
    let (low, high) = if most - least < 0.02 * most { (0.5 * least, 1.5 * most) } else { (least, most) };
    let width = (high - low).max(f64::MIN_POSITIVE) / BINS as f64;
    let mut counts = [0usize; BINS];
    for value in seconds {
        // `as` saturates, and the last bin includes the end.
        counts[(((value - low) / width) as usize).min(BINS - 1)] += 1;
    }
    let tallest = counts.iter().copied().max().unwrap_or(0).max(1);
    let label = format!(
        "Lengths of {} files, from {least:.2} to {most:.2} seconds; the highest bar is {tallest} files",
        seconds.len()
    );
    let mut out = format!(
        "<figure class=\"histogram\">\n<svg viewBox=\"0 0 {} 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">\n",
        10 * BINS,
        escape(&label)
    );
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // One file among thousands is still to be seen.
        let height = (100.0 * *count as f64 / tallest as f64).max(1.5);
        let from = low + width * bin as f64;
        out.push_str(&format!(
            "<rect x=\"{}\" y=\"{:.1}\" width=\"9\" height=\"{height:.1}\"><title>{from:.2} to {:.2} s: {count}</title></rect>\n",
            10 * bin,
            100.0 - height,
            from + width
        ));
    }
    let middle = f64::midpoint(low, high);
    out.push_str(&format!(
        "</svg>\n<figcaption aria-hidden=\"true\"><span>{low:.1} s</span><span>{middle:.1} s</span><span>{high:.1} s</span></figcaption>\n</figure>\n"
    ));
    out
}

/// A bar as long as `value` of `most`, beside its number.
pub(super) fn bar(value: f64, most: f64, text: &str) -> String {
    let share = if most > 0.0 { (100.0 * value / most).clamp(0.0, 100.0) } else { 0.0 };
    format!(
        "<span class=\"bar\" aria-hidden=\"true\"><i style=\"width:{share:.1}%\"></i></span><span>{}</span>",
        escape(text)
    )
}

/// Three parts of a whole in three colours. The numbers stand elsewhere.
pub(super) fn parts(counts: &[usize; 3]) -> String {
    let all = counts.iter().sum::<usize>().max(1) as f64;
    let part = |(side, count): (&str, &usize)| {
        format!("<i class=\"{side}\" style=\"width:{:.2}%\"></i>", 100.0 * *count as f64 / all)
    };
    let parts: String = ["train", "valid", "test"].into_iter().zip(counts).map(part).collect();
    format!("<span class=\"parts\" aria-hidden=\"true\">{parts}</span>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_in_a_bar() {
        let drawn = histogram(&[1.0, 2.0, 2.0, 31.0]);
        assert_eq!(drawn.matches("<rect").count(), 3, "{drawn}");
        assert!(drawn.contains("from 1.00 to 31.00 seconds"), "{drawn}");
        assert_eq!(histogram(&[30.0, 30.01, 29.99]).matches("<rect").count(), 1);
        assert_eq!(histogram(&[]), "");
        assert!(!histogram(&[0.0]).contains("NaN"));
    }

    #[test]
    fn parts_fill_the_whole() {
        assert!(parts(&[6, 2, 2]).contains("class=\"train\" style=\"width:60.00%\""));
        assert!(parts(&[0, 0, 0]).contains("0.00%"));
        assert!(bar(5.0, 10.0, "<5>").contains("width:50.0%") && bar(1.0, 0.0, "").contains("width:0.0%"));
    }
}
