//! What 10,000 pods cost; not run by default: `cargo test --release -p portolan-demo -- --ignored --nocapture`.

use super::*;

const PODS: usize = 10_000;
/// As the issue has it.
const MOST_KB: u64 = 300 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a while, and the machine for itself"]
async fn ten_thousand_pods_come_up_and_fit() {
    let began = tokio::time::Instant::now();
    let options = Options { manifests: vec![], pods: PODS, ..Options::default() };
    let demo = Demo::start(options).await.unwrap();
    println!("starts in {:?}", began.elapsed());
    let store = demo.store();
    let ready = |store: &Store| {
        let services: Vec<k8s_openapi::api::core::v1::Endpoints> = store.all(Some("crowd"));
        let subsets = services.into_iter().flat_map(|endpoints| endpoints.subsets.unwrap_or_default());
        subsets.map(|subset| subset.addresses.map_or(0, |addresses| addresses.len())).sum::<usize>()
    };
    while ready(store) < PODS {
        assert!(began.elapsed() < Duration::from_secs(300), "{} ready", ready(store));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    println!("all ready in {:?}", began.elapsed());
    let resident = |what: &str| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("resident {} KiB, at most {} KiB", resident("VmRSS:"), resident("VmHWM:"));
    assert!(resident("VmHWM:") < MOST_KB);
}
