//! The sweep that nothing disturbs.

use crate::fleet::Fleet;
use crate::results::Results;

#[test]
fn undisturbed_sweeps_end_alike_whoever_trains_them() {
    let reference = Results::undisturbed();
    reference.assert_distinct();
    // Another process, another number of neighbours: the recipe alone decides.
    let fleet = Fleet::start(&[]);
    let _workers = [fleet.worker(&["--slots", "1"]), fleet.worker(&["--slots", "3"])];
    fleet.submit();
    fleet.finished();
    fleet.results("s1").assert_same(reference);
}
