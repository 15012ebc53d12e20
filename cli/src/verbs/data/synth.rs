//! `gliss data synth`.

use std::path::Path;

use gliss_audio::synth::{SynthSettings, write_set};

use super::Setting;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::progress::clips_bar;

/// Writes clips of ten styles.
pub(super) fn synth(
    setting: &Setting,
    dir: &Path,
    clips_per_style: u32,
    seconds: f32,
    sample_rate: u32,
    seed: u64,
) -> Result<Exit, Failure> {
    let settings = SynthSettings { clips_per_style, seconds, sample_rate, seed };
    let bar = clips_bar(&setting.printer);
    bar.set_message("rendering");
    let set = write_set(dir, &settings, |done, total| {
        bar.set_length(total.into());
        bar.set_position(done.into());
    });
    bar.finish_and_clear();
    let set = set.map_err(|e| Failure::new(Exit::Usage, format!("failed to write the set: {}", chain(&e)), ""))?;
    let shown = set.dir.display();
    setting.printer.talk(&format!("{} clips of ten styles in {shown} ({} new)", set.clips, set.written));
    setting
        .printer
        .talk(&format!("next: gliss run --set data.source=folder --set data.path={shown} sweeps/quickstart.yaml"));
    Ok(Exit::Done)
}
