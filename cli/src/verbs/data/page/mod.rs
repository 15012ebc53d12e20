//! A survey as one page for a browser: it needs no network and no script, follows the reader's light or dark, and can be
//! read aloud. Names come from disks and are hostile: everything that is not a constant passes through [`html::escape`].

mod bars;
mod html;
mod sounds;
mod tables;

pub(super) use sounds::page as of_sounds;
pub(super) use tables::page as of_table;
