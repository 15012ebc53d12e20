//! Resampling against soxr's high-quality recipe, as librosa uses it.

use crate::{
    reference::{Arrays, goldens, json},
    table::Table,
};
use gliss_audio::{
    decode::{DecodeLimits, decode_file},
    resample::resample,
};
use realfft::{RealFftPlanner, num_complex::Complex};

fn spectrum(samples: &[f32]) -> Vec<Complex<f64>> {
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(samples.len());
    let mut input: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
    let mut output = transform.make_output_vec();
    transform.process(&mut input, &mut output).expect("buffers of the right length");
    output
}

fn energy(bins: &[Complex<f64>]) -> f64 {
    bins.iter().map(Complex::norm_sqr).sum()
}

#[test]
fn clips_agree_below_the_transition() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let mut table = Table::new("resampling: noise in dB, octave energies");
    for (name, clip, to, below) in
        [("resample_44100_22050", "mix44k.wav", 22_050, 9000.0), ("resample_22050_16000", "mix22k.wav", 16_000, 6500.0)]
    {
        let clip = decode_file(&goldens.join("audio").join(clip), &DecodeLimits::default()).expect("sound");
        let seen = resample(&clip.samples, clip.rate, to).expect("legal rates");
        let (_, expected) = arrays.get(name);
        assert_eq!(seen.len(), expected.len(), "{name}");
        let difference: Vec<f32> = seen.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let limit = (below * seen.len() as f64 / f64::from(to)) as usize;
        let (seen, expected, difference) = (spectrum(&seen), spectrum(&expected), spectrum(&difference));
        let noise = 10.0 * (energy(&difference[..limit]) / energy(&expected[..limit])).log10();
        table.at_most(format!("{name} below {below} Hz"), noise, -50.0);
        // Octaves from the top, the highest of which holds the transition band.
        let mut high = expected.len() / 2;
        for octave in 1..8 {
            let range = high / 2..high;
            let ratio = energy(&seen[range.clone()]) / energy(&expected[range]);
            table.at_most(format!("{name} octave -{octave}"), (ratio - 1.0).abs(), 0.01);
            high /= 2;
        }
    }
}

#[test]
fn tones_pass_or_vanish() {
    let Some(goldens) = goldens() else { return };
    let listed = json(&goldens.join("features.json"));
    let mut table = Table::new("tones from 44100 to 22050 Hz, dB");
    for (name, theirs) in listed["scalars"].as_object().expect("a list of scalars") {
        let Some(hertz) =
            name.strip_prefix("resample_44100_22050_tone_").and_then(|rest| rest.strip_suffix("_gain_db"))
        else {
            continue;
        };
        let hertz: f64 = hertz.parse().expect("a frequency");
        let tone: Vec<f32> =
            (0..44_100).map(|i| (std::f64::consts::TAU * hertz * f64::from(i) / 44_100.0).sin() as f32).collect();
        let result = resample(&tone, 44_100, 22_050).expect("legal rates");
        // The middle: where the tone starts and stops it is no pure tone.
        let middle = &result[result.len() / 4..result.len() * 3 / 4];
        let power = middle.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / middle.len() as f64;
        let gain = 10.0 * (2.0 * power + 1e-30).log10();
        if hertz <= 10_000.0 {
            table.at_most(
                format!("{hertz} Hz, against {theirs}"),
                (gain - theirs.as_f64().expect("a gain")).abs(),
                0.1,
            );
        } else if hertz >= 12_000.0 {
            table.at_most(format!("{hertz} Hz, against {theirs}"), gain, -60.0);
        }
    }
}
