//! `gliss data features`.

use gliss_train::data::feature_table::{FeatureTable, feature_table};
use gliss_types::recipe::Data;
use serde_json::json;

use super::chosen::chosen;
use super::stoppable::stoppable;
use super::{Setting, written};
use crate::args::Output;
use crate::cache;
use crate::data_args::FeaturesArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::processors;
use crate::shown::{shown, shown_path};
use crate::table;

/// Computes the 57 features of a data set and writes them as a table.
pub(super) async fn features(setting: &Setting, args: FeaturesArgs) -> Result<Exit, Failure> {
    written::check(&args.out, &args.data.path)?;
    let cache = cache::folder(&setting.global);
    let chosen = chosen(&args.data, &cache)?;
    if matches!(chosen.data, Data::Table { .. } | Data::Images { .. }) {
        let text = format!("failed to compute features of {}: it holds no sound", args.data.path.display());
        return Err(Failure::new(Exit::Usage, text, "name a folder of audio files, or a CSV file that lists them"));
    }
    let threads = args.data.threads.map_or_else(processors, usize::from);
    let data = chosen.data.clone();
    let work = move |progress: &mut dyn FnMut(usize, usize), stop: &gliss_train::Control| {
        feature_table(&data, &cache, threads, progress, stop)
    };
    let Some(features) = stoppable(setting, "computing features", work).await? else { return Ok(Exit::Interrupted) };
    for warning in &features.warnings {
        setting.printer.talk(&format!("warning: {}", shown(&warning.to_string())));
    }
    for skipped in &features.skipped {
        let path = shown_path(&skipped.path, &chosen.base);
        setting.printer.talk(&format!("  skipped {path}: {}", shown(&skipped.reason)));
    }
    let FeatureTable { rows, skipped, .. } = &features;
    if rows.is_empty() {
        let text = format!("failed to compute features: none of the {} files can be read", skipped.len());
        return Err(Failure::new(Exit::Usage, text, "what is said of each file above is to be put right first"));
    }
    written::write(&args.out, &features.to_csv(&chosen.base))?;
    let (rows, skipped) = (rows.len(), skipped.len());
    match setting.global.output {
        Output::Json => {
            table::json(&setting.printer, &json!({"table": args.out, "rows": rows, "skipped": skipped}));
        }
        Output::Csv => {
            let header = ["table", "rows", "skipped"].map(str::to_owned);
            let line = vec![args.out.display().to_string(), rows.to_string(), skipped.to_string()];
            table::csv(&setting.printer, &header, &[line])?;
        }
        Output::Table => {
            let out = shown(&args.out.to_string_lossy());
            setting.printer.talk(&format!("{out}: {rows} rows of 57 features, {skipped} files skipped"));
            setting.printer.talk(&format!("next: gliss run --set data.path={out} sweeps/000_exp1_mlp.yaml"));
        }
    }
    Ok(Exit::Done)
}
