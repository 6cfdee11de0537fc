#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use super::*;

fn pairs(of: &[(&str, &str)]) -> Pairs {
    of.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// What the shells of these tests are started with.
fn desktop() -> Variables {
    Variables::of(pairs(&[("PATH", "/usr/bin:/bin"), ("UNSET", "me"), ("PORTOLAN_WIRE", "spdy"), ("SHLVL", "0")]))
}

/// A shell that does this before it runs what it is told to, as one does that reads the user's files. Another process writes it:
/// what this one has open to write may be inherited by a child that another test starts at that moment, and cannot be run
/// until that has let it go.
fn shell(before: &str) -> (TempDir, OsString) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shell");
    let text = format!("#!/bin/sh\n[ \"$1 $2 $3\" = '-l -i -c' ] || exit 9\n{before}\neval \"$4\"\necho bye\n");
    let written =
        Command::new("/bin/sh").args(["-c", r#"printf %s "$1" > "$0" && chmod +x "$0""#]).arg(&path).arg(text).status();
    assert!(written.unwrap().success());
    (folder, path.into())
}

#[test]
fn a_told_environment_is_taken_but_for_what_is_the_shells_or_ours() {
    let own = pairs(&[("PATH", "/bin"), ("LANG", "C"), ("PWD", "/"), ("PORTOLAN_LOG", "debug")]);
    let told = pairs(&[("PATH", "/opt/bin:/bin"), ("PWD", "/home/me"), ("SHLVL", "1"), ("PORTOLAN_LOG", "off")]);
    let mut adopted = adopted(&own, told);
    adopted.sort();
    assert_eq!(adopted, pairs(&[("PATH", "/opt/bin:/bin"), ("PORTOLAN_LOG", "debug"), ("PWD", "/")]));
}

#[tokio::test]
async fn a_shell_is_heard_through_its_noise() {
    let variables = desktop();
    let (_folder, shell) =
        shell("echo Welcome; echo complaints >&2; export PATH=/opt/bin:$PATH ADDED='two\nlines'; unset UNSET");
    variables.ask(shell.clone()).await;
    let LoginShell::Told { shell: told, path, .. } = variables.login_shell() else {
        panic!("{:?}", variables.login_shell())
    };
    assert_eq!((told, path.as_str()), (shell.to_string_lossy().into_owned(), "/opt/bin:/usr/bin:/bin"));
    assert_eq!(variables.get("ADDED"), Some("two\nlines".into()));
    assert_eq!(variables.get("UNSET"), None);
    assert_eq!(variables.get("PORTOLAN_WIRE"), Some("spdy".into()));
    assert_eq!(variables.get("PORTOLAN_READS_ENVIRONMENT"), None, "that was for the shell");
}

#[tokio::test]
async fn the_systems_own_shell_tells_all_that_it_was_handed() {
    // Debian's keeps the last word of a command in `_`, which is in the environment where it was before.
    let names: Vec<String> = (0..200).map(|n| format!("V{n}")).chain(["_".to_owned()]).collect();
    let handed: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let variables = Variables::of(pairs(&handed));
    variables.ask("/bin/sh".into()).await;
    let missing: Vec<&String> = names.iter().filter(|name| variables.get(name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?} of {:?}", variables.login_shell());
}

#[tokio::test]
async fn a_shell_that_leaves_something_behind_is_not_waited_for() {
    let (_folder, shell) = shell("sleep 60 &");
    let variables = desktop();
    let asked = tokio::time::timeout(Duration::from_secs(4), variables.ask(shell)).await;
    asked.expect("it has told all that it was asked");
    assert!(matches!(variables.login_shell(), LoginShell::Told { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_hangs_is_stopped_after_a_while_and_who_waits_goes_on() {
    let (folder, shell) = shell("echo $$ > \"$0.pid\"; sleep 600 & wait");
    let variables = desktop();
    let asked = variables.ask(shell);
    let waits = variables.clone();
    let settled = async {
        waits.settled().await;
        Instant::now()
    };
    let begun = Instant::now();
    let ((), at) = tokio::join!(asked, settled);
    assert_eq!((at - begun).as_secs(), login_shell::LIMIT.as_secs());
    let LoginShell::Silent { why, path, .. } = variables.login_shell() else { panic!("{:?}", variables.login_shell()) };
    assert_eq!((why.as_str(), path.as_str()), ("did not end within 5 s, and was stopped", "/usr/bin:/bin"));
    assert_eq!(variables.get("UNSET"), Some("me".into()), "what there was is used");
    drop(folder);
}

/// The text of a file, once it is there.
async fn written(path: &Path) -> String {
    let waits = async {
        loop {
            match fs::read_to_string(path) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waits).await.expect("it is written")
}

#[tokio::test]
async fn a_shell_that_is_not_waited_for_puts_its_things_in_order() {
    // A shell acts on a signal once its command has ended, and one that was just being started may not have heard of it: so each
    // is short.
    let (_folder, shell) =
        shell("trap 'echo order > \"$0.left\"; exit' HUP; echo up > \"$0.up\"; while :; do sleep 0.1; done");
    let beside = |ending: &str| PathBuf::from(format!("{}.{ending}", shell.to_string_lossy()));
    let (variables, up) = (desktop(), beside("up"));
    tokio::select! {
        () = variables.ask(shell.clone()) => panic!("it never ends"),
        _ = written(&up) => {}
    }
    assert_eq!(written(&beside("left")).await, "order\n");
}

#[tokio::test]
async fn a_shell_that_tells_nothing_is_named_with_the_reason() {
    let origin = "the desktop's PATH, since your login shell did not tell its own: ";
    for (before, why) in [
        ("exit 3", "ended with exit status: 3 and had not told it"),
        ("exit 0", "ended with exit status: 0 and had not told it"),
        ("exec > /dev/null", "ended with exit status: 0 and had not told it"),
    ] {
        let (_folder, shell) = shell(before);
        let variables = desktop();
        variables.ask(shell.clone()).await;
        assert_eq!(variables.origin(), Some(format!("{origin}{} {why}", shell.to_string_lossy())), "{before}");
    }
    let variables = desktop();
    variables.ask("/nowhere/shell".into()).await;
    assert!(variables.origin().unwrap().contains("/nowhere/shell cannot be run"), "{:?}", variables.origin());
}

#[tokio::test]
async fn whoever_needs_it_waits_from_the_moment_it_is_asked() {
    let (_folder, shell) = shell("");
    let variables = desktop();
    variables.settled().await;
    let asked = variables.ask(shell);
    assert!(matches!(variables.login_shell(), LoginShell::Asked { .. }), "though nothing runs yet");
    tokio::select! {
        biased;
        () = variables.settled() => panic!("it has not told yet"),
        () = asked => {}
    }
    variables.settled().await;
}

#[test]
fn no_value_is_in_what_is_logged() {
    let variables = Variables::of(pairs(&[("TOKEN", "s3cr3t"), ("PATH", "/bin")]));
    assert!(!format!("{variables:?}").contains("s3cr3t"));
}
