#![cfg(unix)]

use std::{io, path::Path};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

/// What is logged meanwhile.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Log;

    fn make_writer(&self) -> Log {
        self.clone()
    }
}

/// Prints a secret, was given two more, and notes its runs in a file.
fn plugin(user: &str, runs: &Path, then: &str) -> Plugin {
    let script = format!(
        r#"echo run >> '{}'
        printf '{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {{"token": "s3cr3t"}}}}'
        {then}"#,
        runs.display()
    );
    let auth = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script, "--password=s3cr3t"],
        "env": [{ "name": "PASSWORD", "value": "s3cr3t" }],
    }});
    Plugin::of("default", user, &serde_json::from_value(auth).unwrap()).unwrap()
}

#[tokio::test]
async fn contexts_of_one_user_share_a_run_and_nothing_secret_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let _logging = tracing::subscriber::set_default(subscriber.finish());
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let logins = Logins::default();
    let mine = || logins.of(plugin("me", &runs, ""));
    let made = mine().credential(None).await.unwrap();
    assert!(mine().credential(None).await.unwrap().is(&made));
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "run\n");

    let fails = logins.of(plugin("me", &runs, "echo expired >&2; exit 1"));
    let failure = fails.credential(None).await.unwrap_err();
    assert_eq!(failure.to_string(), "the plugin sh ended with exit status: 1: expired");
    let yours = logins.of(plugin("you", &runs, ""));
    assert!(!yours.credential(None).await.unwrap().is(&made));
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "run\nrun\nrun\n");

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("runs for its credential") && log.contains("expired"), "{log}");
    let told = format!("{log} {failure:?} {:?} {made:?} {fails:?} {logins:?}", failure.problem());
    assert!(!told.contains("s3cr3t"), "{told}");
}
