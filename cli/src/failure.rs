//! Why a command failed, for people: what happened, why, and what to do.

use std::error::Error;
use std::fmt;

use gliss_spec::SpecErrors;
pub(crate) use gliss_types::chain;
use miette::Diagnostic;

use crate::exit::Exit;

/// A command that failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The sweep file has mistakes.
    Spec(Box<SpecErrors>),
    /// Anything else.
    Said(Box<Said>),
}

/// What happened and what to do about it.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) exit: Exit,
    message: String,
    remedy: Option<String>,
}

impl Failure {
    /// A failure with its exit code and a remedy.
    pub(crate) fn new(exit: Exit, message: impl Into<String>, remedy: impl Into<String>) -> Failure {
        let remedy = Some(remedy.into()).filter(|r| !r.is_empty());
        Failure::Said(Box::new(Said { exit, message: message.into(), remedy }))
    }

    /// The same with another remedy.
    pub(crate) fn with_remedy(mut self, remedy: &str) -> Failure {
        if let Failure::Said(said) = &mut self {
            said.remedy = Some(remedy.to_owned());
        }
        self
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Spec(_) => Exit::Usage,
            Failure::Said(said) => said.exit,
        }
    }

    /// What went wrong, where nothing more specific was made of it.
    pub(crate) fn io(doing: &str, error: &std::io::Error) -> Failure {
        Failure::new(Exit::Fault, format!("failed to {doing}: {error}"), "check the path, its permissions and the disk")
    }
}

impl From<SpecErrors> for Failure {
    fn from(errors: SpecErrors) -> Failure {
        Failure::Spec(Box::new(errors))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Said {}

impl Diagnostic for Said {
    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.remedy.as_ref().map(|remedy| Box::new(remedy) as Box<dyn fmt::Display>)
    }
}
