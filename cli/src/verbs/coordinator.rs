//! `gliss coordinator`.

use gliss_coordinator::{Config, Coordinator};

use super::Setting;
use crate::access::{AddressFile, store_failure, token};
use crate::args::CoordinatorArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::start_failure;
use crate::signals::Signals;

/// Runs a coordinator until it is asked to stop.
pub(super) async fn coordinator(setting: &Setting, args: CoordinatorArgs) -> Result<Exit, Failure> {
    let mut signals = Signals::listen().map_err(|e| Failure::io("listen for signals", &e))?;
    let data_dir = setting.global.data_dir.clone();
    let token = token(&setting.global)?;
    let open = !args.listen.ip().is_loopback();
    let config =
        Config { listen: args.listen, data_dir: data_dir.clone(), lease: args.lease, heartbeat: args.heartbeat, token };
    let coordinator = Coordinator::start(config).await.map_err(|e| start_failure(&e))?;
    let addr = coordinator.addr();
    let address = AddressFile::write(&data_dir, addr)?;
    let printer = &setting.printer;
    printer.talk(&format!("coordinator at http://{addr}, store in {}", data_dir.display()));
    // An address for all networks is no address to connect to.
    let reached = if addr.ip().is_unspecified() { format!("THIS-HOST:{}", addr.port()) } else { addr.to_string() };
    printer.talk(&format!("next: gliss worker --coordinator http://{reached}   and   gliss submit FILE"));
    if open {
        printer.talk("warning: the token travels unencrypted; use this address in a trusted network only");
    }
    tokio::select! {
        () = signals.next() => printer.talk("stopping; workers train on and come back"),
        () = coordinator.ended() => {}
    }
    // Before the store is free: from then on the address may be another coordinator's.
    drop(address);
    coordinator.stop().await.map_err(|fault| store_failure(&fault))?;
    Ok(Exit::Done)
}
