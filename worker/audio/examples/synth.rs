//! Writes a synthetic set: `cargo run --example synth -- DIR [CLIPS_PER_STYLE] [SECONDS] [SAMPLE_RATE] [SEED]`.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;

use gliss_audio::synth::{SynthSettings, write_set};

/// The next argument, or `default` where there is none.
fn next<T: FromStr>(args: &mut impl Iterator<Item = String>, default: T) -> Result<T, T::Err> {
    args.next().map_or(Ok(default), |text| text.parse())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir: PathBuf = args.next().ok_or("give a folder to write to")?.into();
    let default = SynthSettings::default();
    let settings = SynthSettings {
        clips_per_style: next(&mut args, default.clips_per_style)?,
        seconds: next(&mut args, default.seconds)?,
        sample_rate: next(&mut args, default.sample_rate)?,
        seed: next(&mut args, default.seed)?,
    };
    write_set(&dir, &settings, |_, _| {})?;
    Ok(())
}
