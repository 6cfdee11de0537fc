use super::*;

#[test]
fn every_fault_of_the_help_text_is_one() {
    for (name, _) in FAULTS {
        let fault: Fault = name.parse().unwrap();
        assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault, "{name}");
    }
}

#[test]
fn a_fault_says_how_much() {
    for (said, fault) in [
        ("latency=50ms", Fault::Latency(Duration::from_millis(50))),
        ("away=10s", Fault::Away(Some(Duration::from_secs(10)))),
        ("429=5s", Fault::TooMany(Duration::from_secs(5))),
        ("401=5m", Fault::Expire(Duration::from_secs(300))),
        ("forbid=create:pods/portforward", Fault::Forbid("create".into(), "pods/portforward".into())),
    ] {
        assert_eq!(said.parse::<Fault>().unwrap(), fault);
    }
}

#[test]
fn what_is_no_fault_says_what_would_be() {
    let refused = |said: &str| said.parse::<Fault>().unwrap_err().to_string();
    assert!(refused("slow").starts_with("\"slow\" is no fault: there are latency=50ms, jitter=10ms, "));
    assert_eq!(refused("latency=50"), "\"latency=50\" is no fault: \"50\" is no time; 50ms, 10s and 5m are");
    assert_eq!(refused("latency"), "\"latency\" is no fault: \"\" is no time; 50ms, 10s and 5m are");
    assert_eq!(refused("silent=1s"), "\"silent=1s\" is no fault: silent takes no value");
    assert!(refused("forbid=pods").contains("forbid=VERB:RESOURCE"));
}
