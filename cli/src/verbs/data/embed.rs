//! `gliss data embed`.

use gliss_train::embed::{EmbedError, embed};
use gliss_types::recipe::Data;
use serde_json::json;

use super::Setting;
use super::chosen::chosen;
use super::stoppable::stoppable;
use crate::args::Output;
use crate::cache;
use crate::data_args::EmbedArgs;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::local::processors;
use crate::shown::{shown, shown_path};
use crate::table;

/// Computes musicnn's embedding of every clip and writes each to a file.
pub(super) async fn embedding(setting: &Setting, args: EmbedArgs) -> Result<Exit, Failure> {
    let cache = cache::folder(&setting.global);
    let chosen = chosen(&args.data, &cache)?;
    if matches!(chosen.data, Data::Table { .. } | Data::Images { .. }) {
        let text = format!("failed to compute embeddings of {}: it holds no sound", args.data.path.display());
        return Err(Failure::new(Exit::Usage, text, "name a folder of audio files, or a CSV file that lists them"));
    }
    let threads = args.data.threads.map_or_else(processors, usize::from);
    let (data, weights, out) = (chosen.data.clone(), args.weights.clone(), args.out.clone());
    // An error of the weights is no error of the data: it comes out of the work by itself.
    let work = move |progress: &mut dyn FnMut(usize, usize), stop: &gliss_train::Control| match embed(
        &data,
        &weights,
        &out,
        (&cache, threads),
        progress,
        stop,
    ) {
        Err(EmbedError::Data(error)) => Err(error),
        other => Ok(other),
    };
    let done = stoppable(setting, "computing embeddings", work).await;
    let Some(done) = done? else { return Ok(Exit::Interrupted) };
    let embedded = done.map_err(|error| {
        let text = format!("failed to {}", chain(&error));
        let help = "name musicnn's weights as safetensors with `--weights`, such as MTT_musicnn.safetensors";
        Failure::new(Exit::Usage, text, help)
    })?;
    for warning in &embedded.warnings {
        setting.printer.talk(&format!("warning: {}", shown(&warning.to_string())));
    }
    for skipped in &embedded.skipped {
        let path = shown_path(&skipped.path, &chosen.base);
        setting.printer.talk(&format!("  skipped {path}: {}", shown(&skipped.reason)));
    }
    let (written, skipped) = (embedded.written, embedded.skipped.len());
    if written == 0 {
        let text = format!("failed to compute embeddings: none of the {skipped} files can be read");
        return Err(Failure::new(Exit::Usage, text, "what is said of each file above is to be put right first"));
    }
    match setting.global.output {
        Output::Json => {
            table::json(&setting.printer, &json!({"folder": args.out, "written": written, "skipped": skipped}));
        }
        Output::Csv => {
            let header = ["folder", "written", "skipped"].map(str::to_owned);
            let line = vec![args.out.display().to_string(), written.to_string(), skipped.to_string()];
            table::csv(&setting.printer, &header, &[line])?;
        }
        Output::Table => {
            let out = shown(&args.out.to_string_lossy());
            setting.printer.talk(&format!("{out}: {written} embeddings of 753 numbers, {skipped} files skipped"));
            let next = format!("{{kind: embedding, path: {out}}}");
            setting.printer.talk(&format!("next: a sweep with `features: {next}` and `net.name: gct_mlp753`"));
        }
    }
    Ok(Exit::Done)
}
