use super::*;
use crate::clock::Clock;

fn applied(api_version: &str, kind: &str, mut object: Value) -> Value {
    object["kind"] = json!(kind);
    apply(Kind::named(api_version, kind).unwrap(), &mut object, &Store::new(Clock::start()));
    object
}

#[tokio::test]
async fn a_service_is_given_an_address_and_its_ports_their_targets() {
    let service = applied("v1", "Service", json!({"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}));
    let address: std::net::Ipv4Addr = service["spec"]["clusterIP"].as_str().unwrap().parse().unwrap();
    assert_eq!((address.octets()[0], address.octets()[1] & 0xf0), (10, 96), "{address}");
    assert_eq!(service["spec"]["ports"], json!([{"port": 80, "protocol": "TCP", "targetPort": 80}]));
    assert_eq!(service["spec"]["type"], "ClusterIP");
    assert_eq!(service["spec"]["sessionAffinity"], "None");
}

#[tokio::test]
async fn neither_headless_nor_external_services_are_given_an_address() {
    let headless = applied("v1", "Service", json!({"spec": {"clusterIP": "None", "ports": [{"port": 80}]}}));
    assert_eq!((&headless["spec"]["clusterIP"], &headless["spec"]["clusterIPs"]), (&json!("None"), &json!(["None"])));
    let external = applied("v1", "Service", json!({"spec": {"type": "ExternalName", "externalName": "a.example"}}));
    assert_eq!(external["spec"].get("clusterIP"), None);
}

#[tokio::test]
async fn node_ports_are_given_from_the_first_that_is_free() {
    let store = Store::new(Clock::start());
    let kind = Kind::named("v1", "Service").unwrap();
    let mut given = Vec::new();
    for (name, fixed) in [("a", 0), ("b", 30_001), ("c", 0)] {
        let mut object = json!({"metadata": {"name": name}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
        if fixed > 0 {
            object["spec"]["ports"][0]["nodePort"] = json!(fixed);
        }
        apply(kind, &mut object, &store);
        given.push(object["spec"]["ports"][0]["nodePort"].as_u64().unwrap());
        store.create(kind, "shop", object).unwrap();
    }
    assert_eq!(given, [30_000, 30_001, 30_002]);
}

#[tokio::test]
async fn what_is_said_is_left_as_it_is() {
    let said = json!({
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0}},
            "template": {"spec": {"terminationGracePeriodSeconds": 2, "containers": [
                {"name": "web", "image": "web", "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 80}]}
            ]}},
        }
    });
    let spec = applied("apps/v1", "Deployment", said)["spec"].take();
    assert_eq!(spec["replicas"], 0);
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}})
    );
    let pod = &spec["template"]["spec"];
    assert_eq!((&pod["terminationGracePeriodSeconds"], &pod["restartPolicy"]), (&json!(2), &json!("Always")));
    let protocols: Vec<_> =
        pod["containers"][0]["ports"].as_array().unwrap().iter().map(|port| &port["protocol"]).collect();
    assert_eq!(protocols, ["UDP", "TCP"]);
    assert_eq!(pod["containers"][0]["imagePullPolicy"], "Always");
}

#[tokio::test]
async fn a_job_selects_by_its_own_uid() {
    let job = applied("batch/v1", "Job", json!({"metadata": {"name": "a"}, "spec": {"template": {"spec": {}}}}));
    let uid = &job["metadata"]["uid"];
    assert_eq!(&job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"], uid);
    let labels = &job["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&labels["batch.kubernetes.io/controller-uid"], uid);
    assert_eq!(labels["job-name"], "a");
}
