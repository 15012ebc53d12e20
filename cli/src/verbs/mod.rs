//! The verbs, one a file.

mod bench;
mod coordinator;
mod data;
mod explain;
mod log;
mod nets;
mod plan;
mod read;
mod run;
mod store;
mod submit;
mod trained;
mod wish;
mod worker;

use crate::args::{Global, Verb};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;

/// What every verb is given.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) global: Global,
    pub(crate) printer: Printer,
}

/// Does what was asked for.
pub(crate) async fn perform(setting: &Setting, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Run(args) => run::run(setting, args).await,
        Verb::Plan(args) => plan::plan(setting, &args),
        Verb::Coordinator(args) => coordinator::coordinator(setting, args).await,
        Verb::Worker(args) => worker::worker(setting, args).await,
        Verb::Submit(args) => submit::submit(setting, &args).await,
        Verb::List => read::list(setting).await,
        Verb::Show { what } => read::show(setting, what).await,
        Verb::Top { sweep, limit, sort } => read::top(setting, sweep, limit, &sort).await,
        Verb::Watch { sweep } => wish::watch(setting, sweep).await,
        Verb::Pause { sweep } => wish::pause(setting, sweep).await,
        Verb::Resume { sweep, local } => wish::resume(setting, sweep, &local).await,
        Verb::Cancel { sweep } => wish::cancel(setting, sweep).await,
        Verb::Log { what, follow } => log::log(setting, what, follow).await,
        Verb::Explain { trial } => explain::explain(setting, trial).await,
        Verb::Store { verb } => store::store(setting, verb).await,
        Verb::Workers => read::workers(setting).await,
        Verb::Predict(args) => trained::predict(setting, &args).await,
        Verb::Export(args) => trained::export(setting, &args).await,
        Verb::Nets { verb } => nets::nets(setting, verb),
        Verb::Data { verb } => data::data(setting, verb).await,
        Verb::Bench { verb } => bench::bench(setting, verb).await,
    }
}
