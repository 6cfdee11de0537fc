//! Bad input: what is wrong, what would be right, and the exit code that tells a mistake in typing from a failure.

use std::fs;

use portolan_tests::{
    Result,
    command::{Ended, Portolan},
};
use tokio::net::TcpListener;

/// The cluster, or this machine, has it otherwise.
const FAILED: i32 = 1;

/// It cannot mean anything.
const USAGE: i32 = 2;

fn check(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.stdout, "", "standard output is for answers: {ended:?}");
    for words in words {
        assert!(ended.stderr.contains(words), "“{words}” is missing: {ended:?}");
    }
}

async fn all(table: &[(&str, i32, &[&str])]) -> Result {
    let portolan = Portolan::new()?;
    for (args, code, words) in table {
        check(&portolan.run(args).await?, *code, words);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn no_kubeconfig() -> Result {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("nowhere");
    let portolan = Portolan::with(&path);
    for args in ["get contexts", "get services", "forward svc/web :80"] {
        let looked = format!("error: No kubeconfig: looked for {}", path.display());
        check(&portolan.run(args).await?, FAILED, &[&looked, "--kubeconfig FILE"]);
    }
    let named = format!("get contexts --kubeconfig {}", path.display());
    check(&Portolan::new()?.run(&named).await?, FAILED, &["No kubeconfig", &path.display().to_string()]);
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_broken_kubeconfig() -> Result {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config");
    let portolan = Portolan::with(&path);
    for text in ["users: {s3cr3t", "users:\n- name: me\n  user: {token: [s3cr3t]}\n"] {
        fs::write(&path, text)?;
        for args in ["get contexts", "forward svc/web :80"] {
            let ended = portolan.run(args).await?;
            check(&ended, FAILED, &["Cannot use the kubeconfig", &path.display().to_string(), "Mend the file"]);
            assert!(!ended.stderr.contains("s3cr3t"), "a secret was quoted: {ended:?}");
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn an_unknown_context() -> Result {
    let current = kube::config::Kubeconfig::read_from(portolan_tests::cluster::kubeconfig()?)?.current_context;
    let current = current.ok_or("the tests' kubeconfig has a current context")?;
    let words: &[&str] = &["has no context “prod”; it has ", &current, "--context"];
    all(&[("forward svc/web :80 --context prod", FAILED, words), ("get pods --context prod", FAILED, words)]).await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn an_api_server_that_is_not_there() -> Result {
    let nobody = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config");
    fs::write(
        &path,
        format!(
            "{{apiVersion: v1, kind: Config, current-context: away, clusters: [{{name: away, cluster: {{server: \
             'https://{nobody}'}}}}], contexts: [{{name: away, context: {{cluster: away}}}}]}}"
        ),
    )?;
    let portolan = Portolan::with(&path);
    let server = format!("the API server https://{nobody} does not answer (Connection refused");
    for args in ["get namespaces", "get services", "get pods -o json", "forward svc/web :80", "forward solo :80"] {
        check(&portolan.run(args).await?, FAILED, &[&server, "Check the network"]);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn names_that_do_not_exist() -> Result {
    let nowhere = Portolan::new()?.in_namespace(Some("nowhere"));
    for args in
        ["forward svc/web :80", "forward deploy/web :80", "forward web :80", "forward -l app=web :80", "get pods"]
    {
        let words = ["There is no namespace “nowhere”; there are ", "default", "shop", "Choose a namespace"];
        check(&nowhere.run(args).await?, FAILED, &words);
    }
    all(&[
        (
            "forward svc/nope :80",
            FAILED,
            &["svc/nope does not exist in namespace “shop”; there are badport, db, dns, "],
        ),
        ("forward deploy/nope :80", FAILED, &["deploy/nope does not exist in namespace “shop”; there", "web"]),
        ("forward sts/nope :80", FAILED, &["sts/nope does not exist in namespace “shop”; there", "db"]),
        ("forward ds/nope :80", FAILED, &["ds/nope does not exist in namespace “shop”; there is only agent"]),
        ("forward rs/nope :80", FAILED, &["rs/nope does not exist in namespace “shop”; there are rsweb"]),
        ("forward rc/nope :80", FAILED, &["rc/nope does not exist in namespace “shop”; there is only legacy"]),
        ("forward job/nope :80", FAILED, &["job/nope does not exist in namespace “shop”; there is only task"]),
        ("forward pod/nope :80", FAILED, &["pod/nope does not exist in namespace “shop”; there are agent-", "db-0"]),
        ("forward nope :80", FAILED, &["pod/nope does not exist in namespace “shop”; there are agent-", "db-0"]),
    ])
    .await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn ports_that_a_target_does_not_have() -> Result {
    let web = &["svc/web has no port 81; it has http 8080, echo 7, source 19, count 7777 and banner 2525"];
    let named = &["svc/web has no port “https”; it has http 8080, echo 7,", "Choose one of these ports"];
    all(&[
        ("forward svc/web :81", FAILED, web),
        ("forward svc/web :https", FAILED, named),
        // The right one beside it helps nobody.
        ("forward svc/web :http :81", FAILED, web),
        ("forward deploy/web :nope", FAILED, &["Pod web-", "has no port “nope”; it has http 80 and echo 7"]),
        ("forward -l app=web :nope", FAILED, &["Pod web-", "has no port “nope”; it has http 80 and echo 7"]),
        ("forward solo :nope", FAILED, &["Pod solo has no port “nope”; it has http 80, echo 7 and banner 2525"]),
        (
            "forward svc/badport :http",
            FAILED,
            &["No pod of svc/badport has a container port “nope”", "targetPort", "echo 7 and http 80"],
        ),
    ])
    .await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn services_that_cannot_be_forwarded_to() -> Result {
    all(&[
        ("forward svc/dns :53", FAILED, &["Port 53 of svc/dns is UDP", "TCP only", "Choose a TCP port"]),
        ("forward svc/dns :dns", FAILED, &["Port “dns” of svc/dns is UDP", "TCP only"]),
        ("forward svc/nosel :80", FAILED, &["svc/nosel has no selector", "deploy/NAME or pod/NAME"]),
        ("forward svc/ext :80", FAILED, &["svc/ext is an ExternalName Service", "smtp.example.org directly"]),
    ])
    .await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_cannot_mean_anything() -> Result {
    let ports = "Write [LOCAL:]REMOTE, each from 1 to 65535";
    all(&[
        ("forward svc/web 0", USAGE, &["“0” is not a port: 0 is out of range", ports]),
        ("forward svc/web 8080:0", USAGE, &["“8080:0” is not a port: 0 is out of range", ports]),
        ("forward svc/web 70000", USAGE, &["“70000” is not a port: the number is out of range", ports]),
        ("forward svc/web 70000:80", USAGE, &["“70000:80” is not a port: the number is out of range", ports]),
        ("forward svc/web http:80", USAGE, &["“http:80” is not a port: a local port is a number", ports]),
        ("forward svc/web 8080:", USAGE, &["“8080:” is not a port: the remote port is missing", ports]),
        ("forward svc/web", USAGE, &["No port was given", ports]),
        ("forward -l app=web", USAGE, &["TARGET [LOCAL:]REMOTE"]),
        (
            "forward svc/web 18080:http 18080:echo",
            USAGE,
            &["Local port 18080 is asked for twice: by “http” and by “echo”", "8080:80 8081:81"],
        ),
        (
            "forward cm/web 80",
            USAGE,
            &["“cm/web” is not a target", "“cm” is not a kind", "svc/NAME, deploy/NAME, sts/NAME"],
        ),
        ("forward svc/ 80", USAGE, &["“svc/” is not a target", "one name after the kind"]),
        ("forward svc/web :80 --address nowhere", USAGE, &["nowhere", "an IP address of this machine, or localhost"]),
        ("forward svc/web :80 --hold soon", USAGE, &["soon", "30s or 2m"]),
        ("forward svc/web :80 --balanced --sticky", USAGE, &["--balanced", "--sticky"]),
        ("get everything", USAGE, &["everything", "contexts, namespaces, services, workloads, pods"]),
        ("get pods -o xml", USAGE, &["xml", "text, json"]),
    ])
    .await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_local_port_that_somebody_has() -> Result {
    let portolan = Portolan::new()?;
    for address in ["127.0.0.1", "::1"] {
        let Ok(holder) = TcpListener::bind((address, 0)).await else { continue };
        let port = holder.local_addr()?.port();
        let taken = format!("Port {port} on {address} is taken: ");
        let pid = format!("(pid {}) listens there", std::process::id());
        let ended = portolan.run(&format!("forward svc/web {port}:http")).await?;
        check(&ended, FAILED, &[&taken, &pid, "Choose another local port, or end "]);
    }
    let first = portolan.forward("svc/web", &[":http"], "").await?;
    let second = portolan.run(&format!("forward svc/web {}:echo", first.port())).await?;
    check(&second, FAILED, &[&format!("portolan (pid {}) listens there", first.running.pid()?)]);
    let nobodys = portolan.run("forward svc/web :http --address 192.0.2.1").await?;
    check(&nobodys, FAILED, &["Cannot listen on 192.0.2.1", "This machine has no such address"]);
    first.stop().await
}
