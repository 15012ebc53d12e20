//! A close look at a whole data set: decodes every file, measures it, and says what is wrong.
//!
//! A function of the files and the split alone: the number of threads changes nothing. Prints nothing and writes nothing;
//! sounds are taken in piece by piece, so that memory holds facts and no samples.

mod balance;
mod columns;
mod duplicates;
mod finding;
mod format;
mod heard;
mod meter;
mod sounds;
mod spread;
mod usual;

pub use balance::{Balance, Groups, SIDES, side_name};
pub use columns::{ColumnFacts, DuplicateRows, TableSurvey, survey_table};
pub use duplicates::{Duplicates, Same};
pub use finding::Finding;
pub use heard::{FileReport, Heard};
pub use meter::Levels;
pub use sounds::{ClassFacts, SoundSurvey, Surveyed, survey_sounds};
pub use spread::Spread;
