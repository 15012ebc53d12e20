//! `gliss submit`.

use super::Setting;
use super::plan::{examine, warn};
use crate::access;
use crate::args::SubmitArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sweep_file::SweepFile;
use crate::table;

/// Checks a sweep file here, then queues it at the coordinator.
pub(super) async fn submit(setting: &Setting, args: &SubmitArgs) -> Result<Exit, Failure> {
    let file = SweepFile::read(&args.file)?;
    warn(&setting.printer, &file.planned);
    examine(setting, &file.planned, !args.file.no_data_check)?;
    let mut remote = access::coordinator(&setting.global).await?;
    let (row, existing) = remote.submit(file.request(args.again)).await?;
    let printer = &setting.printer;
    if existing {
        printer.talk(&format!("{} is this sweep already, {}; `--again` queues it anew", row.id, row.state));
    } else {
        printer.talk(&format!("queued {} trials at {}", row.trials, remote.address()));
    }
    match setting.global.output {
        crate::args::Output::Table => printer.data(&row.id.to_string()),
        output => table::sweeps(printer, output, &[row])?,
    }
    Ok(Exit::Done)
}
