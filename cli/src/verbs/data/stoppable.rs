//! Work over many files that Ctrl-C ends cleanly.

use std::sync::Arc;

use gliss_train::Control;
use gliss_train::data::DataError;

use super::Setting;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::progress::clips_bar;
use crate::signals::Signals;

/// Does `work` on a thread of its own, under a bar with `message`. None if a signal ended it: it is asked to stop, and left
/// to itself at the second signal.
pub(super) async fn stoppable<T: Send + 'static>(
    setting: &Setting,
    message: &'static str,
    work: impl FnOnce(&mut dyn FnMut(usize, usize), &Control) -> Result<T, DataError> + Send + 'static,
) -> Result<Option<T>, Failure> {
    let mut signals = Signals::listen().map_err(|e| Failure::io("listen for signals", &e))?;
    let (stop, printer) = (Arc::new(Control::new()), setting.printer);
    tracing::info!(work = message, "Ctrl-C stops it");
    let control = Arc::clone(&stop);
    let mut task = tokio::task::spawn_blocking(move || {
        let bar = clips_bar(&printer);
        bar.set_message(message);
        let mut progress = |done: usize, total: usize| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        };
        let done = work(&mut progress, &control);
        bar.finish_and_clear();
        done
    });
    let done = tokio::select! {
        done = &mut task => done,
        () = signals.next() => {
            printer.talk("stopping after the files in progress; nothing is written; once more leaves at once");
            stop.stop();
            tokio::select! {
                done = &mut task => done,
                () = signals.next() => return Ok(None),
            }
        }
    };
    match done {
        Ok(Ok(done)) => Ok(Some(done)),
        Ok(Err(DataError::Stopped)) => Ok(None),
        Ok(Err(error)) => Err(data_failure(&error)),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Data that cannot be used, for people: the error's text has its remedy.
pub(super) fn data_failure(error: &DataError) -> Failure {
    let exit = if error.retry() { Exit::Fault } else { Exit::Usage };
    Failure::new(exit, format!("failed to {}", chain(error)), "")
}
