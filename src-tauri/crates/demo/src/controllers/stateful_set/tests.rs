use super::*;

const SERVES: Place = Place { ready: true, terminating: false, ended: false, updated: true };
const STARTS: Place = Place { ready: false, ..SERVES };
const GOES: Place = Place { terminating: true, ..SERVES };
const OLD: Place = Place { updated: false, ..SERVES };
const FAILED: Place = Place { ended: true, ..STARTS };

#[test]
fn the_next_step_of_an_order() {
    let order = Order { first: 0, replicas: 2, parallel: false, update_from: Some(0) };
    let cases = [
        ("begins with the first", order, vec![], vec![Step::Add(0)]),
        ("waits for it", order, vec![(0, STARTS)], vec![]),
        ("goes on", order, vec![(0, SERVES)], vec![Step::Add(1)]),
        ("a name comes back when it is gone", order, vec![(0, GOES), (1, SERVES)], vec![]),
        ("and not before those before it serve", order, vec![(1, SERVES)], vec![Step::Add(0)]),
        ("what has failed is replaced", order, vec![(0, FAILED)], vec![Step::Remove(0)]),
        ("the last goes first", order, vec![(0, SERVES), (1, SERVES), (2, SERVES), (3, SERVES)], vec![Step::Remove(3)]),
        ("one at a time", order, vec![(0, SERVES), (1, SERVES), (2, SERVES), (3, GOES)], vec![]),
        ("updates from the last on", order, vec![(0, OLD), (1, OLD)], vec![Step::Remove(1)]),
        ("waits for the updated", order, vec![(0, OLD), (1, STARTS)], vec![]),
        ("then the next", order, vec![(0, OLD), (1, SERVES)], vec![Step::Remove(0)]),
        ("all at once", Order { parallel: true, ..order }, vec![], vec![Step::Add(0), Step::Add(1)]),
        ("down to a partition", Order { update_from: Some(1), ..order }, vec![(0, OLD), (1, SERVES)], vec![]),
        ("never by itself", Order { update_from: None, ..order }, vec![(0, OLD), (1, OLD)], vec![]),
    ];
    for (name, order, places, steps) in cases {
        assert_eq!(order.steps(&places.into_iter().collect()), steps, "{name}");
    }
}
