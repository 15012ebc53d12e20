//! `gliss data cache`.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use comfy_table::Cell;
use gliss_train::cache::{CacheSummary, Cleared, OfFrontEnd, clear, summary};
use serde_json::json;

use super::Setting;
use super::report::bytes;
use crate::args::Output;
use crate::cache;
use crate::data_args::CacheVerb;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::shown;
use crate::table::{self, number, plain, span, text};

/// Lists or clears.
pub(super) fn cache(setting: &Setting, verb: Option<CacheVerb>) -> Result<Exit, Failure> {
    let root = cache::folder(&setting.global);
    if root.exists() && !root.is_dir() {
        let text = format!("failed to use {} as the cache: it is not a folder", root.display());
        return Err(Failure::new(Exit::Usage, text, "name a folder with `--cache` or GLISS_CACHE_DIR"));
    }
    match verb.unwrap_or(CacheVerb::List) {
        CacheVerb::List => list(setting, &root),
        CacheVerb::Clear { older_than, yes } => empty(setting, &root, older_than, yes),
    }
}

fn seen(root: &Path) -> Result<CacheSummary, Failure> {
    summary(root).map_err(|error| Failure::io(&format!("list the cache {}", root.display()), &error))
}

fn list(setting: &Setting, root: &Path) -> Result<Exit, Failure> {
    let (printer, cache) = (&setting.printer, seen(root)?);
    match setting.global.output {
        Output::Table => printer.data(&as_text(root, &cache)),
        Output::Json => {
            let front_end = |group: &OfFrontEnd| {
                json!({
                    "front_end": group.front_end, "entries": group.entries, "bytes": group.bytes,
                    "newest": millis(group.newest),
                })
            };
            table::json(
                printer,
                &json!({
                    "folder": root, "entries": cache.entries, "bytes": cache.bytes, "limit": limit(&cache),
                    "oldest": cache.oldest.map(millis), "newest": cache.newest.map(millis),
                    "front_ends": cache.front_ends.iter().map(front_end).collect::<Vec<_>>(),
                    "leftovers": {"files": cache.leftovers.files, "bytes": cache.leftovers.bytes},
                }),
            );
        }
        Output::Csv => {
            let header = ["front_end", "entries", "bytes", "newest"].map(str::to_owned);
            let line = |group: &OfFrontEnd| {
                let numbers = [group.entries, group.bytes, millis(group.newest)].map(|n| n.to_string());
                std::iter::once(group.front_end.clone()).chain(numbers).collect()
            };
            let lines: Vec<Vec<String>> = cache.front_ends.iter().map(line).collect();
            table::csv(printer, &header, &lines)?;
        }
    }
    Ok(Exit::Done)
}

fn limit(cache: &CacheSummary) -> Option<u64> {
    Some(cache.limit).filter(|limit| *limit != u64::MAX)
}

fn as_text(root: &Path, cache: &CacheSummary) -> String {
    let limit = limit(cache).map_or_else(|| "no limit".to_owned(), |limit| format!("of {} at most", bytes(limit)));
    let (folder, size) = (shown(&root.to_string_lossy()), bytes(cache.bytes));
    let mut out = format!("{folder}: {} entries, {size} {limit}", cache.entries);
    if let (Some(oldest), Some(newest)) = (cache.oldest, cache.newest) {
        out.push_str(&format!("\nlast used: the oldest {} ago, the newest {} ago\n\n", ago(oldest), ago(newest)));
        let mut table = plain(&["entries", "size", "last used", "front end"]);
        for group in &cache.front_ends {
            let (size, used) = (bytes(group.bytes), format!("{} ago", ago(group.newest)));
            table.add_row([number(group.entries), number(size), number(used), Cell::new(shown(&group.front_end))]);
        }
        out.push_str(&text(&table));
    }
    if cache.leftovers.files > 0 {
        let (files, size) = (cache.leftovers.files, bytes(cache.leftovers.bytes));
        out.push_str(&format!("\n{files} temporary files of writers that are at work or were killed, {size}"));
    }
    out
}

fn ago(time: SystemTime) -> String {
    span(SystemTime::now().duration_since(time).unwrap_or_default().as_secs_f64())
}

fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn empty(setting: &Setting, root: &Path, older_than: Option<Duration>, yes: bool) -> Result<Exit, Failure> {
    let cache = seen(root)?;
    let which = older_than.map_or_else(
        || format!("{} entries, {}", cache.entries, bytes(cache.bytes)),
        |age| format!("what was not used for {} of {} entries", span(age.as_secs_f64()), cache.entries),
    );
    if !yes && cache.entries > 0 {
        let question = format!("remove {which}, from {}? [y/N] ", shown(&root.to_string_lossy()));
        if !asked(&question)? {
            setting.printer.talk("nothing was removed");
            return Ok(Exit::Done);
        }
    }
    let Cleared { entries, bytes: freed } =
        clear(root, older_than).map_err(|error| Failure::io(&format!("clear the cache {}", root.display()), &error))?;
    match setting.global.output {
        Output::Json => table::json(&setting.printer, &json!({"entries": entries, "bytes": freed})),
        Output::Csv => {
            let header = ["entries", "bytes"].map(str::to_owned);
            table::csv(&setting.printer, &header, &[vec![entries.to_string(), freed.to_string()]])?;
        }
        Output::Table => setting.printer.talk(&format!("{entries} entries removed, {} freed", bytes(freed))),
    }
    Ok(Exit::Done)
}

/// Asks at a terminal; without one nobody could answer.
fn asked(question: &str) -> Result<bool, Failure> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        let text = "failed to ask whether to clear the cache: there is no terminal";
        return Err(Failure::new(Exit::Usage, text, "say `--yes` to clear it without being asked"));
    }
    let failed = |error: io::Error| Failure::io("ask", &error);
    let mut err = io::stderr().lock();
    err.write_all(question.as_bytes()).and_then(|()| err.flush()).map_err(failed)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
