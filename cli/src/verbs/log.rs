//! `gliss log`: what was decided, line by line.

use std::time::{Duration, UNIX_EPOCH};

use gliss_types::{About, LogLine};

use super::Setting;
use crate::access::Access;
use crate::args::{Logged, Output};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::shown;
use crate::table;

/// Between two looks for more.
const LOOK: Duration = Duration::from_millis(300);

/// Prints the log, and goes on as it grows if it is to be followed, until what it is about is over.
pub(super) async fn log(setting: &Setting, what: Option<Logged>, follow: bool) -> Result<Exit, Failure> {
    let about = what.map_or(About::Everything, |Logged(about)| about);
    let mut access = Access::find(&setting.global).await?;
    if setting.global.output == Output::Csv {
        table::csv(&setting.printer, &["commit", "time", "text"].map(str::to_owned), &[])?;
    }
    let mut from = 0;
    loop {
        // Asked first: what is decided afterwards is in the next part.
        let over = !follow || is_over(&mut access, about).await?;
        let page = access.log(about, from).await?;
        from = page.next;
        for line in &page.lines {
            print(setting, line)?;
        }
        if page.end {
            if over {
                return Ok(Exit::Done);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Whether nothing more can be decided about it; of a store that is read without a coordinator nothing is.
async fn is_over(access: &mut Access, about: About) -> Result<bool, Failure> {
    if matches!(access, Access::Offline(_)) {
        return Ok(true);
    }
    Ok(match about {
        About::Everything => false,
        About::Sweep(id) => access.sweep(id, 1).await?.0.state.is_closed(),
        About::Trial(id) => access.trial(id).await?.row.state.is_closed(),
    })
}

fn print(setting: &Setting, line: &LogLine) -> Result<(), Failure> {
    let printer = &setting.printer;
    match setting.global.output {
        // One document a line: a log has no end.
        Output::Json => printer.data(&line.json),
        Output::Csv => {
            let row = [line.batch.to_string(), time(line.at), line.text.clone()];
            let mut bytes = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
            let text = bytes.write_record(&row).ok().and_then(|()| bytes.into_inner().ok());
            printer.data(String::from_utf8_lossy(&text.unwrap_or_default()).trim_end());
        }
        Output::Table => printer.data(&format!("{:20}  {}", time(line.at), shown(&line.text))),
    }
    Ok(())
}

/// UTC to the second; nothing for a fact that does not say.
pub(super) fn time(at: Option<u64>) -> String {
    let at = at.and_then(|at| UNIX_EPOCH.checked_add(Duration::from_millis(at)));
    at.map(|at| humantime::format_rfc3339_seconds(at).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        assert_eq!(time(Some(1_795_782_543_999)), "2026-11-27T12:29:03Z");
        assert_eq!((time(None), time(Some(0))), (String::new(), "1970-01-01T00:00:00Z".to_owned()));
    }
}
