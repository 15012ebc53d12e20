//! `gliss data`.

use gliss_audio::synth::{SynthSettings, write_set};

use super::Setting;
use crate::args::DataVerb;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::progress::clips_bar;

/// Makes data.
pub(super) fn data(setting: &Setting, verb: &DataVerb) -> Result<Exit, Failure> {
    match verb {
        DataVerb::Synth { dir, clips_per_style, seconds, sample_rate, seed } => {
            let settings = SynthSettings {
                clips_per_style: *clips_per_style,
                seconds: *seconds,
                sample_rate: *sample_rate,
                seed: *seed,
            };
            let bar = clips_bar(&setting.printer);
            bar.set_message("rendering");
            let set = write_set(dir, &settings, |done, total| {
                bar.set_length(total.into());
                bar.set_position(done.into());
            });
            bar.finish_and_clear();
            let set =
                set.map_err(|e| Failure::new(Exit::Usage, format!("failed to write the set: {}", chain(&e)), ""))?;
            let shown = set.dir.display();
            setting.printer.talk(&format!("{} clips of ten styles in {shown} ({} new)", set.clips, set.written));
            setting.printer.talk(&format!(
                "next: gliss run --set data.source=folder --set data.path={shown} sweeps/quickstart.yaml"
            ));
            Ok(Exit::Done)
        }
    }
}
