//! Workers in a listing.

use gliss_types::WorkerRow;

use crate::Engine;

/// Every worker that ever said hello, oldest first.
pub fn worker_rows(engine: &Engine) -> Vec<WorkerRow> {
    let rows = engine.state().workers().map(|worker| WorkerRow {
        id: worker.id(),
        name: worker.name().to_owned(),
        devices: worker.devices().to_vec(),
        slots: worker.slots(),
        busy: worker.slots() - worker.free(),
        connected: engine.is_connected(worker.id()),
    });
    rows.collect()
}
