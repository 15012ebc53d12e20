//! Why an optimiser cannot make a step or take back its state.

/// Why an optimiser cannot make a step or take back its state.
#[derive(Debug, thiserror::Error)]
pub enum OptimiserError {
    /// The stored state lacks a tensor.
    #[error("the optimiser's state has no `{name}`")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A stored tensor is not like the one it would replace.
    #[error(
        "`{name}` in the optimiser's state has shape {got:?}, the rule is {expected:?} and the parameter's number type"
    )]
    Unlike {
        /// Its name.
        name: String,
        /// Its shape.
        got: Vec<usize>,
        /// The shape that fits.
        expected: Vec<usize>,
    },
    /// Gradients are clipped by their norm, and it is no number to clip by. Nothing has moved.
    #[error("the norm of the gradients is {norm}")]
    Norm {
        /// Infinite or not a number.
        norm: f64,
    },
    /// An operation on a parameter failed.
    #[error("parameter `{parameter}` could not be updated")]
    Parameter {
        /// Its name.
        parameter: String,
        /// Why.
        #[source]
        source: candle_core::Error,
    },
}

impl OptimiserError {
    pub(super) fn at(parameter: &str, source: candle_core::Error) -> Self {
        OptimiserError::Parameter { parameter: parameter.to_owned(), source }
    }
}
