//! A sweep in progress: bars where somebody watches, lines where nobody does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gliss_types::{SweepRow, SweepState, TrialId, TrialRow, TrialState};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::printer::Printer;
use crate::remote::{RunningTrial, Watched};
use crate::table::{short, span, value};

/// Bars of trials at most; a fleet has more than a terminal has lines.
const BARS: usize = 16;

/// Shows a sweep as it goes on.
#[derive(Debug)]
pub(crate) struct Progress {
    printer: Printer,
    bars: Option<Bars>,
    start: Option<Start>,
}

#[derive(Debug)]
struct Start {
    at: Instant,
    epochs: u64,
    closed: u64,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    sweep: ProgressBar,
    trials: BTreeMap<TrialId, ProgressBar>,
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is fixed").progress_chars("━╸─")
}

/// A bar for clips that are prepared; hidden where nobody watches.
pub(crate) fn clips_bar(printer: &Printer) -> ProgressBar {
    if !printer.is_watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    bar.set_style(style("{msg:24} {bar:32.cyan/dim} {pos}/{len} clips  {eta}"));
    bar
}

impl Progress {
    /// Nothing is shown yet.
    pub(crate) fn new(printer: Printer) -> Progress {
        let bars = printer.is_watched().then(|| {
            let all = MultiProgress::new();
            let sweep = all.add(ProgressBar::new(0));
            sweep.set_style(style("{prefix:.bold} {bar:32.green/dim} {msg}"));
            sweep.enable_steady_tick(Duration::from_millis(250));
            Bars { all, sweep, trials: BTreeMap::new() }
        });
        Progress { printer, bars, start: None }
    }

    /// Takes in what a watch says.
    pub(crate) fn show(&mut self, watched: &Watched) {
        let sweep = &watched.sweep;
        let start = self.start.get_or_insert_with(|| Start {
            at: Instant::now(),
            epochs: sweep.epochs_done,
            closed: sweep.closed(),
        });
        let left = left(start, sweep, &watched.running);
        for trial in &watched.closed {
            let line = closed_line(trial, sweep, left);
            match &self.bars {
                Some(bars) => drop(bars.all.println(line)),
                None => self.printer.talk(&line),
            }
        }
        if let Some(bars) = &mut self.bars {
            bars.show(watched, left);
        }
    }

    /// Takes the bars away.
    pub(crate) fn end(self) {
        if let Some(bars) = self.bars {
            for bar in bars.trials.values() {
                bar.finish_and_clear();
            }
            bars.sweep.disable_steady_tick();
            bars.sweep.finish_and_clear();
            // A terminal that cannot be cleared keeps a line; nothing hangs on it.
            let _ = bars.all.clear();
        }
    }
}

impl Bars {
    fn show(&mut self, watched: &Watched, left: Option<f64>) {
        let s = &watched.sweep;
        let (done, total) = if s.epochs_total > 0 { (s.epochs_done, s.epochs_total) } else { (s.closed(), s.trials) };
        self.sweep.set_length(total);
        self.sweep.set_position(done);
        self.sweep.set_prefix(format!("{} {}", s.id, s.name));
        let mut text = format!("{}/{} trials", s.closed(), s.trials);
        if s.epochs_total > 0 {
            text.push_str(&format!("  epoch {done}/{total}"));
        }
        if let Some(left) = left {
            text.push_str(&format!("  {} left", span(left)));
        }
        if s.state == SweepState::Paused {
            let reason = s.halted.as_ref().map(|reason| format!(": {reason}"));
            text.push_str(&format!("  paused{}", reason.unwrap_or_default()));
        }
        if let Some((trial, score)) = s.best {
            text.push_str(&format!("  best {score:.4} ({trial})"));
        }
        self.sweep.set_message(text);

        let running: BTreeMap<TrialId, &RunningTrial> = watched.running.iter().map(|r| (r.trial.id, r)).collect();
        self.trials.retain(|id, bar| {
            let runs = running.contains_key(id);
            if !runs {
                bar.finish_and_clear();
            }
            runs
        });
        for (id, r) in running {
            if !self.trials.contains_key(&id) && self.trials.len() < BARS {
                let bar = self.all.add(ProgressBar::new(0));
                bar.set_style(style("  {prefix:8} {bar:32.cyan/dim} {msg}"));
                self.trials.insert(id, bar);
            }
            if let Some(bar) = self.trials.get(&id) {
                show_trial(bar, r);
            }
        }
    }
}

fn show_trial(bar: &ProgressBar, r: &RunningTrial) {
    let preparing = r.epoch == 0 && r.steps > 0;
    if preparing {
        bar.set_length(r.steps.into());
        bar.set_position(r.step.into());
    } else {
        // Thousandths of an epoch, so that the bar moves within one.
        let within = if r.steps > 0 { u64::from(r.step.min(r.steps)) * 1000 / u64::from(r.steps) } else { 0 };
        bar.set_length(u64::from(r.trial.epochs.max(1)) * 1000);
        bar.set_position((u64::from(r.epoch.saturating_sub(1)) * 1000 + within).max(u64::from(r.trial.epoch) * 1000));
    }
    bar.set_prefix(format!("t{}", r.trial.id.number));
    let phase =
        if preparing { "preparing".into() } else { format!("epoch {}/{}", r.epoch.max(r.trial.epoch), r.trial.epochs) };
    bar.set_message(format!("{phase}  {}", point(&r.trial)));
}

/// A point in one line, last segments only where that leaves no doubt.
pub(crate) fn point(row: &TrialRow) -> String {
    let paths: Vec<String> = row.point.iter().map(|(p, _)| p.to_string()).collect();
    row.point.iter().map(|(p, v)| format!("{}={}", short(p.as_str(), &paths), value(v))).collect::<Vec<_>>().join(" ")
}

fn closed_line(trial: &TrialRow, sweep: &SweepRow, left: Option<f64>) -> String {
    let mut line = format!("{:8} {:9}", trial.id.to_string(), trial.state.to_string());
    match (&trial.summary, trial.state) {
        (Some(s), _) => line.push_str(&format!(" {} {:.4} (epoch {})", sweep.objective.metric, s.score, s.best_epoch)),
        (None, TrialState::Failed) => {
            line.push_str(&format!(" {}", trial.reason.as_deref().unwrap_or("no reason given")));
        }
        (None, _) => {}
    }
    line.push_str(&format!("  {}", point(trial)));
    line.push_str(&format!("  [{}/{}", sweep.closed(), sweep.trials));
    if let Some(left) = left.filter(|_| sweep.closed() < sweep.trials) {
        line.push_str(&format!(", {} left", span(left)));
    }
    line.push(']');
    line
}

/// Seconds to the end at the pace since the start; `None` before there is a pace.
fn left(start: &Start, sweep: &SweepRow, running: &[RunningTrial]) -> Option<f64> {
    let partial: f64 = running
        .iter()
        .filter(|r| r.steps > 0 && r.epoch > r.trial.epoch)
        .map(|r| f64::from(r.step) / f64::from(r.steps))
        .sum();
    let (now, before, total) = if sweep.epochs_total > 0 {
        (sweep.epochs_done as f64 + partial, start.epochs as f64, sweep.epochs_total as f64)
    } else {
        (sweep.closed() as f64, start.closed as f64, sweep.trials as f64)
    };
    let done = now - before;
    (done > 0.5).then(|| start.at.elapsed().as_secs_f64() / done * (total - now).max(0.0))
}
