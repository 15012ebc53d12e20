//! `gliss list`, `show`, `top`, `workers`.

use gliss_types::SweepId;

use super::Setting;
use crate::access::Access;
use crate::args::Shown;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table;

/// All sweeps.
pub(super) async fn list(setting: &Setting) -> Result<Exit, Failure> {
    let rows = Access::find(&setting.global).await?.sweeps().await?;
    table::sweeps(&setting.printer, setting.global.output, &rows)?;
    Ok(Exit::Done)
}

/// A sweep or a trial.
pub(super) async fn show(setting: &Setting, what: Shown) -> Result<Exit, Failure> {
    let mut access = Access::find(&setting.global).await?;
    let (printer, output) = (&setting.printer, setting.global.output);
    match what {
        Shown::Sweep(id) => {
            let (row, trials) = access.sweep(id, 0).await?;
            table::sweep(printer, output, &row, &trials)?;
            if (trials.len() as u64) < row.trials {
                printer.talk(&format!("the first {} of {} trials", trials.len(), row.trials));
            }
        }
        Shown::Trial(id) => table::trial(printer, output, &access.trial(id).await?)?,
    }
    Ok(Exit::Done)
}

/// The leaderboard.
pub(super) async fn top(setting: &Setting, id: SweepId, limit: u64, sort: &str) -> Result<Exit, Failure> {
    let (row, trials) = Access::find(&setting.global).await?.top(id, limit, sort).await?;
    table::leaderboard(&setting.printer, setting.global.output, &row, &trials)?;
    Ok(Exit::Done)
}

/// All workers.
pub(super) async fn workers(setting: &Setting) -> Result<Exit, Failure> {
    let rows = Access::find(&setting.global).await?.workers().await?;
    table::workers(&setting.printer, setting.global.output, &rows)?;
    Ok(Exit::Done)
}
