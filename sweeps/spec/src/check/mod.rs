//! Every point read as a recipe, and every issue brought back to the text that it came from.

mod explain;
mod known;
mod points;
mod walk;

pub(crate) use known::drop_unknown;
pub(crate) use points::check;
