//! `gliss data inspect`.

use std::path::PathBuf;

use gliss_train::data::survey::{SoundSurvey, survey_sounds, survey_table};
use gliss_types::recipe::Data;

use super::chosen::{Chosen, chosen};
use super::portraits::{Portrait, portraits};
use super::stoppable::{data_failure, stoppable};
use super::{Setting, page, report, table_report, written};
use crate::cache;
use crate::data_args::InspectArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::processors;

/// Surveys a data set and says what was found.
pub(super) async fn inspect(setting: &Setting, args: InspectArgs) -> Result<Exit, Failure> {
    let cache = cache::folder(&setting.global);
    let chosen = chosen(&args.data, &cache)?;
    if let Some(html) = &args.html {
        written::check(html, &args.data.path)?;
    }
    let (printer, output) = (&setting.printer, setting.global.output);
    if let Data::Table { .. } = &chosen.data {
        let survey = survey_table(&chosen.data, &chosen.split).map_err(|e| data_failure(&e))?;
        if let Some(html) = &args.html {
            written::write(html, page::of_table(&chosen, &survey).as_bytes())?;
        }
        table_report::print(printer, output, &chosen, &survey)?;
        return Ok(Exit::Done);
    }
    if let Data::Images { path, .. } = &chosen.data {
        let text =
            format!("failed to inspect {path}: it is a set of pictures, and only sounds and tables are inspected");
        return Err(Failure::new(Exit::Usage, text, "inspect the sounds that the pictures were drawn of"));
    }
    let threads = args.data.threads.map_or_else(processors, usize::from);
    let draw = args.html.is_some();
    let Some((survey, portraits)) = survey(setting, &chosen, cache, threads, draw).await? else {
        return Ok(Exit::Interrupted);
    };
    if let Some(html) = &args.html {
        written::write(html, page::of_sounds(&chosen, &survey, &portraits).as_bytes())?;
    }
    report::print(printer, output, &chosen, &survey)?;
    Ok(if args.strict && survey.unreadable() > 0 { Exit::TrialsFailed } else { Exit::Done })
}

async fn survey(
    setting: &Setting,
    chosen: &Chosen,
    cache: PathBuf,
    threads: usize,
    draw: bool,
) -> Result<Option<(SoundSurvey, Vec<Portrait>)>, Failure> {
    let Chosen { data, split, .. } = chosen.clone();
    stoppable(setting, "listening", move |progress, stop| {
        let survey = survey_sounds(&data, &split, &cache, threads, progress, stop)?;
        let portraits = if draw { portraits(&survey, stop) } else { Vec::new() };
        Ok((survey, portraits))
    })
    .await
}
