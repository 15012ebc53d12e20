//! Trained nets at work: from a trial's checkpoint, or a file of their own that needs neither store nor data.

mod answer;
mod error;
mod file;
mod net;

pub use answer::{Answer, Segment};
pub use error::TrainedError;
pub use file::{Origin, read, write};
pub use net::Trained;
