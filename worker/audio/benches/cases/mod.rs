//! The work that is timed: one case for each row of the speed table in `docs/measurements.md`, under the names that
//! `tests/peers/hear.py` knows librosa's own by.
//!
//! Plans are made outside of what is timed and reused, as training reuses them.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;

use gliss_audio::decibel::{DbRef, power_to_db};
use gliss_audio::decode::{DecodeLimits, decode_file};
use gliss_audio::features::gtzan::GtzanFeatures;
use gliss_audio::hpss::Separation;
use gliss_audio::mel::{MelFrontEnd, MelSettings};
use gliss_audio::resample::resample;
use gliss_audio::spectrum::{PadMode, Stft, StftSettings};
use gliss_audio::vocoder::Vocoder;

/// The rate of GTZAN and of librosa's default, hertz.
const RATE: u32 = 22_050;
/// What librosa does from 0.10 on.
const PAD: PadMode = PadMode::Zero;

/// Samples of a frame of the first front end, and from one to the next.
const FRAME: usize = 2048;
const HOP: usize = 512;

/// One piece of work on one clip, to be repeated.
pub(crate) type Work = Box<dyn FnMut() -> Result<(), Box<dyn Error>> + Send>;

/// The names of all cases.
pub(crate) const CASES: [&str; 24] = [
    "transforms_a",
    "power_a",
    "mel_a",
    "mel_b",
    "mel_c",
    "mel_d",
    "wav_mel_a",
    "wav_mel_b",
    "wav_mel_c",
    "wav_mel_d",
    "mp3_mel_a",
    "mp3_mel_b",
    "mp3_mel_c",
    "mp3_mel_d",
    "mp3_decode",
    "hpss",
    "percussive",
    "stretch_0.93",
    "stretch_1.07",
    "pitch_+1",
    "pitch_-1",
    "features57",
    "wav_features57",
    "mp3_features57",
];

/// A case on `wav` (22050 Hz) or `mp3`, and the seconds of sound that each run of it takes in. None without such a case.
pub(crate) fn case(name: &str, wav: &Path, mp3: &Path) -> Result<Option<(Work, f64)>, Box<dyn Error>> {
    let source = if name.starts_with("mp3") { mp3 } else { wav };
    let clip = decode_file(source, &DecodeLimits::default())?;
    let seconds = clip.seconds();
    let at = |rate: u32| resample(&clip.samples, clip.rate, rate);
    let source = source.to_owned();
    let load = move |rate: u32| -> Result<Vec<f32>, Box<dyn Error>> {
        let clip = decode_file(&source, &DecodeLimits::default())?;
        Ok(resample(&clip.samples, clip.rate, rate)?)
    };
    let work: Work = match name {
        "hpss" | "percussive" => {
            let (samples, mut plan) = (at(RATE)?, Separation::new(PAD));
            if name == "hpss" {
                Box::new(move || done(plan.parts(&samples)?))
            } else {
                Box::new(move || done(plan.percussive(&samples)?))
            }
        }
        "stretch_0.93" | "stretch_1.07" => {
            let (samples, mut plan) = (at(RATE)?, Vocoder::new(PAD));
            let rate = if name == "stretch_0.93" { 0.93 } else { 1.07 };
            Box::new(move || done(plan.stretch(&samples, rate)?))
        }
        "pitch_+1" | "pitch_-1" => {
            let (samples, mut plan) = (at(RATE)?, Vocoder::new(PAD));
            let semitones = if name == "pitch_+1" { 1.0 } else { -1.0 };
            Box::new(move || done(plan.shift(&samples, semitones)?))
        }
        // What mel_a cannot do without, by the library that most programs in Rust would take: the limit to know.
        "transforms_a" => {
            let (samples, plan) = (at(RATE)?, realfft::RealFftPlanner::<f32>::new().plan_fft_forward(FRAME));
            let (mut frame, mut spectrum, mut scratch) =
                (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec());
            Box::new(move || {
                // As many frames as padding gives.
                for number in 0..=samples.len() / HOP {
                    let start = (number * HOP).min(samples.len() - FRAME);
                    frame.copy_from_slice(&samples[start..start + FRAME]);
                    plan.process_with_scratch(&mut frame, &mut spectrum, &mut scratch)?;
                    black_box(&spectrum);
                }
                Ok(())
            })
        }
        "power_a" => {
            let (samples, mut plan) =
                (at(RATE)?, Stft::new(StftSettings { n_fft: FRAME, win_length: FRAME, hop: HOP, pad: PAD })?);
            Box::new(move || done(plan.power(&samples)?))
        }
        "mp3_decode" => Box::new(move || done(load(RATE)?)),
        "features57" => {
            let (samples, mut plan) = (at(RATE)?, GtzanFeatures::new(PAD)?);
            Box::new(move || done(plan.of(&samples)?))
        }
        "wav_features57" | "mp3_features57" => {
            let mut plan = GtzanFeatures::new(PAD)?;
            Box::new(move || done(plan.of(&load(RATE)?)?))
        }
        _ => {
            let Some(settings) = name.rsplit_once("mel_").and_then(|(_, front_end)| mel(front_end)) else {
                return Ok(None);
            };
            let rate = settings.sample_rate;
            let mut plan = MelFrontEnd::new(settings)?;
            if name.starts_with("mel") {
                let samples = at(rate)?;
                Box::new(move || mel_db(&mut plan, &samples))
            } else {
                Box::new(move || mel_db(&mut plan, &load(rate)?))
            }
        }
    };
    Ok(Some((work, seconds)))
}

/// Takes a result, so that it must be computed.
fn done<T>(result: T) -> Result<(), Box<dyn Error>> {
    black_box(result);
    Ok(())
}

/// The four mel front ends of the papers.
fn mel(name: &str) -> Option<MelSettings> {
    Some(match name {
        "a" => MelSettings::librosa(RATE, FRAME, HOP, 128, PAD),
        "b" => MelSettings::librosa(16_000, 2048, 512, 128, PAD),
        "c" => MelSettings { win_length: 1984, ..MelSettings::librosa(RATE, 2048, 992, 64, PAD) },
        "d" => MelSettings::librosa(RATE, 1024, 512, 256, PAD),
        _ => return None,
    })
}

fn mel_db(plan: &mut MelFrontEnd, samples: &[f32]) -> Result<(), Box<dyn Error>> {
    let mut seen = plan.power(samples)?;
    power_to_db(&mut seen, DbRef::Max, 1e-10, Some(80.0));
    done(seen)
}
