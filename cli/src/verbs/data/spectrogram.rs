//! `gliss data spectrogram`.

use std::path::{Path, PathBuf};

use gliss_audio::decode::{Clip, DecodeError, DecodeLimits, decode_file};
use gliss_audio::picture::{Colours, PortraitSettings, Spectrum, encode_png, portrait};
use serde_json::json;

use super::{Setting, written};
use crate::args::Output;
use crate::data_args::{Coloured, Drawn, SpectrogramArgs};
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::shown::shown;
use crate::table;

/// Draws one file.
pub(super) fn spectrogram(setting: &Setting, args: &SpectrogramArgs) -> Result<Exit, Failure> {
    let out = args.out.clone().unwrap_or_else(|| beside(&args.file));
    written::check(&out, &args.file)?;
    let clip = part(&args.file, args.start, args.seconds)?;
    let settings = PortraitSettings {
        spectrum: match args.kind {
            Drawn::Mel => Spectrum::Mel,
            Drawn::Stft => Spectrum::Stft,
        },
        height: args.height.into(),
        width: args.width.into(),
        colours: match args.colours {
            Coloured::Magma => Colours::Magma,
            Coloured::Grey => Colours::Grey,
        },
    };
    let drawn = portrait(&clip.samples, clip.rate, &settings).map_err(|error| {
        let text = format!("failed to {}", chain(&error));
        Failure::new(Exit::Usage, text, "choose another `--height` or `--width`")
    })?;
    let file = encode_png(&drawn)
        .map_err(|error| Failure::new(Exit::Bug, format!("failed to {}", chain(&error)), "please report it"))?;
    written::write(&out, &file)?;
    let (height, width, seconds) = (drawn.height, drawn.width, clip.seconds());
    match setting.global.output {
        Output::Json => table::json(
            &setting.printer,
            &json!({
                "file": args.file, "picture": out, "height": height, "width": width, "start": args.start,
                "seconds": seconds, "rate": clip.rate, "flaws": clip.flaws.any(),
            }),
        ),
        Output::Csv => {
            let header = ["file", "picture", "height", "width", "start", "seconds", "rate"].map(str::to_owned);
            let (file, out) = (args.file.display().to_string(), out.display().to_string());
            let numbers = [height.to_string(), width.to_string(), args.start.to_string(), seconds.to_string()];
            let line = [file, out].into_iter().chain(numbers).chain([clip.rate.to_string()]).collect();
            table::csv(&setting.printer, &header, &[line])?;
        }
        Output::Table => {
            let out = shown(&out.to_string_lossy());
            let talk = format!("{out}: {width} x {height} pixels, {seconds:.2} s from {:.2} s on", args.start);
            setting.printer.talk(&talk);
        }
    }
    if clip.flaws.any() {
        setting.printer.talk("warning: the file is damaged; what could be read is drawn");
    }
    Ok(Exit::Done)
}

/// The file's name with another ending, in this folder.
fn beside(file: &Path) -> PathBuf {
    Path::new(file.file_name().unwrap_or_default()).with_extension("png")
}

/// The part of the file that is asked for.
fn part(file: &Path, start: f64, seconds: f64) -> Result<Clip, Failure> {
    let name = shown(&file.to_string_lossy());
    let clip = decode_file(file, &DecodeLimits::segment(start, seconds)).map_err(|error| match error {
        DecodeError::PastTheEnd { .. } => {
            let text = format!("failed to draw {name} from {start} s on: it ends before");
            Failure::new(Exit::Usage, text, "choose a smaller `--start`")
        }
        error => {
            let text = format!("failed to draw {name}: failed to {}", chain(&error));
            Failure::new(Exit::Usage, text, "name an audio file: wav, aiff, au, flac, mp3, ogg, m4a or aac")
        }
    })?;
    Ok(clip)
}
