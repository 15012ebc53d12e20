//! Coordinators that are not there, ports that are taken, tokens.

use std::net::TcpListener;

use insta::assert_snapshot;

use crate::said::refused;
use crate::world::Place;

const ONE: &str = "name: one\nrecipe: {task: noop}\nparameters: {seed: {values: [1]}}\n";

#[test]
fn nobody_answers() {
    let place = Place::new();
    place.write("one.yaml", ONE);
    // Bound and not listened on by anything that speaks: free again at once, and known to be nobody's.
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let url = format!("http://{free}");
    for (name, args) in [
        ("nobody_list", &["list", "--coordinator", &url][..]),
        ("nobody_submit", &["submit", "--coordinator", &url, "one.yaml"]),
        ("nobody_worker", &["worker", "--slots", "1", "--name", "w", "--give-up", "1ms", "--coordinator", &url]),
    ] {
        let said = place.run(args);
        crate::said::assert_failure(3, &said);
        assert_snapshot!(name, crate::said::shown(&place, args, &said));
    }
    let address = ["list", "--coordinator", "localhost"];
    assert_snapshot!("not_an_address", refused(&place, 2, &address));
    assert_snapshot!("run_elsewhere", refused(&place, 2, &["run", "--coordinator", &url, "one.yaml"]));
}

#[test]
fn a_port_in_use() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    assert_snapshot!("port_in_use", refused(&place, 2, &["coordinator", "--listen", &address]));
    assert!(!place.data_dir().exists());
}

#[test]
fn coordinators_that_must_not_start() {
    let place = Place::new();
    place.write("short", "secret\n");
    for (name, args) in [
        ("open_without_a_token", &["coordinator", "--listen", "0.0.0.0:0"][..]),
        ("token_file_absent", &["coordinator", "--listen", "127.0.0.1:0", "--token-file", "absent"]),
        ("token_too_short", &["coordinator", "--listen", "127.0.0.1:0", "--token-file", "short"]),
        ("lease_too_short", &["coordinator", "--listen", "127.0.0.1:0", "--lease", "3s", "--heartbeat", "2s"]),
        ("not_an_own_address", &["coordinator", "--listen", "192.0.2.1:7070", "--token-file", "long"]),
    ] {
        place.write("long", "a secret of sixteen or more characters\n");
        assert_snapshot!(name, refused(&place, 2, args));
    }
    assert!(!place.data_dir().exists());
}
