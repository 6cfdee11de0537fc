use super::*;

fn set(replicas: i32, available: i32) -> Set {
    Set { replicas, there: replicas, available }
}

#[test]
fn a_share_is_rounded_as_kubernetes_does() {
    let percent = |text: &str| IntOrString::String(text.into());
    let cases = [
        (Some(IntOrString::Int(2)), 10, 2, 2),
        (Some(percent("25%")), 10, 3, 2),
        (Some(percent("100%")), 3, 3, 3),
        (Some(percent("1%")), 3, 1, 0),
        (None, 3, 1, 0),
    ];
    for (value, of, up, down) in cases {
        assert_eq!((share(value.as_ref(), of, Round::Up), share(value.as_ref(), of, Round::Down)), (up, down));
    }
}

#[test]
fn the_next_step_of_a_rollout() {
    let rolling = |unavailable, surge| Strategy::Rolling { unavailable, surge };
    let cases = [
        ("starts with room for one", rolling(0, 1), Some(set(0, 0)), vec![set(3, 3)], (Some(1), vec![3])),
        ("waits for it", rolling(0, 1), Some(set(1, 0)), vec![set(3, 3)], (Some(1), vec![3])),
        ("one goes when it serves", rolling(0, 1), Some(set(1, 1)), vec![set(3, 3)], (Some(1), vec![2])),
        ("not two by what was counted before", rolling(0, 1), Some(set(1, 1)), vec![set(2, 3)], (Some(2), vec![2])),
        (
            "not before the other has been told to go",
            rolling(0, 1),
            Some(set(1, 1)),
            vec![Set { there: 3, ..set(2, 3) }],
            (Some(1), vec![2]),
        ),
        ("one may miss", rolling(1, 0), Some(set(0, 0)), vec![set(3, 3)], (Some(0), vec![2])),
        (
            "one that does not serve goes first",
            rolling(0, 1),
            Some(set(1, 1)),
            vec![set(1, 0), set(2, 2)],
            (Some(1), vec![0, 2]),
        ),
        ("fewer are asked for", rolling(0, 1), Some(set(5, 5)), vec![], (Some(3), vec![])),
    ];
    for (name, strategy, new, old, expected) in cases {
        let rollout = Rollout { replicas: 3, strategy, new, old, old_pods: true };
        assert_eq!(rollout.next(), expected, "{name}");
    }
}

#[test]
fn recreate_waits_until_the_last_old_pod_is_gone() {
    let mut rollout = Rollout {
        replicas: 3,
        strategy: Strategy::Recreate,
        new: Some(set(0, 0)),
        old: vec![set(3, 3)],
        old_pods: true,
    };
    assert_eq!(rollout.next(), (Some(0), vec![0]));
    rollout.old = vec![set(0, 0)];
    assert_eq!(rollout.next(), (Some(0), vec![0]));
    rollout.old_pods = false;
    assert_eq!(rollout.next(), (Some(3), vec![0]));
}
