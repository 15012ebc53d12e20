//! The coordinator: decides and remembers. A driver thread owns engine and journal; gRPC services stand in front of it.
//!
//! It trains nothing and knows nothing of audio or nets. Deciding is `gliss-engine`'s alone.

mod backup;
mod clock;
mod driver;
mod journal;
mod offline;
mod reading;
mod service;
mod store;

pub use backup::{Backup, BackupError};
pub use driver::{ByHand, Driver, DriverHandle, Fault, Stopped};
pub use gliss_engine::Options;
pub use journal::{Batch, Journal, MemoryJournal};
pub use offline::{Health, Offline};
pub use reading::ReadError;
pub use service::{Config, Coordinator, StartError};
pub use store::{FILE_NAME, Looked, Snapshot, Store, StoreError};
