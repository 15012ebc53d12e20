//! Why a net cannot be built or run.

/// Why a net cannot be built or run.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A layer cannot take what the layer before it gives.
    #[error("layer `{layer}` cannot take an input of shape {got:?}, the rule is {rule}")]
    Input {
        /// The layer.
        layer: String,
        /// What it would get.
        got: Vec<usize>,
        /// What it needs.
        rule: String,
    },
    /// Another number of inputs than the net takes.
    #[error("the net gets {got} inputs, the rule is {expected}")]
    Inputs {
        /// How many.
        got: usize,
        /// How many it takes.
        expected: usize,
    },
    /// No classes to tell apart.
    #[error("the net has {classes} classes, the rule is at least 1")]
    Classes {
        /// How many.
        classes: usize,
    },
    /// More parameters or work than can be counted, or more than any machine of ours could hold.
    #[error("the net has {parameters} parameters after layer `{layer}`, the rule is at most {limit}")]
    TooLarge {
        /// The layer that passes the limit.
        layer: String,
        /// Parameters up to and with it.
        parameters: u64,
        /// The most.
        limit: u64,
    },
    /// A batch of another shape than the net was built for.
    #[error("the batch has shape {got:?}, the rule is a batch of {expected:?}")]
    Batch {
        /// Its shape.
        got: Vec<usize>,
        /// Shape of one example.
        expected: Vec<usize>,
    },
    /// Weights from elsewhere that do not fit.
    #[error(
        "weights hold `{name}` {}, the rule is shape {expected:?}",
        got.as_ref().map_or("not at all".to_owned(), |got| format!("in shape {got:?}"))
    )]
    Weights {
        /// The tensor's name in the net.
        name: String,
        /// Its shape among the weights, if it is there.
        got: Option<Vec<usize>>,
        /// Its shape in the net.
        expected: Vec<usize>,
    },
    /// An operation failed.
    #[error("layer `{layer}` failed")]
    Layer {
        /// The layer.
        layer: String,
        /// Why.
        #[source]
        source: candle_core::Error,
    },
}
