use std::{process::Command, thread};

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Names {
    names: Vec<String>,
}

impl Schema for Names {
    const VERSION: u64 = 2;

    fn migrate(version: u64, mut document: Value) -> Result<Value, String> {
        // The first had one name.
        let one = document["name"].take();
        if version != 1 || one.is_null() {
            return Err("it has no name".into());
        }
        Ok(json!({"names": [one]}))
    }
}

fn document(folder: &Path) -> Document<Names> {
    Document::at(folder.join("names.json"))
}

fn add(document: &Document<Names>, name: &str) -> Result<(), Error> {
    document.change(|all| {
        all.names.push(name.into());
        Ok(())
    })
}

fn names(document: &Document<Names>) -> Vec<String> {
    document.read().unwrap().value.names
}

#[test]
fn what_is_changed_is_read_again_and_the_one_before_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let all = document(&folder.path().join("made/when/needed"));
    assert!(names(&all).is_empty());
    add(&all, "one").unwrap();
    add(&all, "two").unwrap();
    assert_eq!(names(&all), ["one", "two"]);
    assert_eq!(names(&Document::at(all.beside("before"))), ["one"]);
    let text = fs::read_to_string(&all.path).unwrap();
    assert!(text.contains("\"version\": 2") && text.ends_with("}\n"), "{text}");
}

#[test]
fn an_error_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let all = document(folder.path());
    add(&all, "one").unwrap();
    let failed: Result<(), Error> = all.change(|all| {
        all.names.clear();
        Err(Error::NoPort)
    });
    assert!(failed.is_err());
    assert_eq!(names(&all), ["one"]);
}

#[test]
fn what_does_not_change_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let all = document(folder.path());
    add(&all, "one").unwrap();
    all.change(|_| Ok(())).unwrap();
    assert!(!all.beside("before").exists());
}

#[test]
fn a_damaged_one_is_moved_aside_whole_and_named() {
    for damaged in ["", "{", "[]", "{\"names\": []}", "{\"version\": 2, \"names\": 7}", "{\"version\": 1}", "\u{fffd}"]
    {
        let folder = tempfile::tempdir().unwrap();
        let all = document(folder.path());
        fs::write(&all.path, damaged).unwrap();
        let read = all.read().unwrap();
        assert_eq!(read.value, Names::default(), "{damaged}");
        let (aside, why) = read.moved_aside.unwrap();
        assert_eq!(fs::read_to_string(aside).unwrap(), damaged);
        assert!(!why.is_empty());
        add(&all, "new").unwrap();
        assert_eq!(names(&all), ["new"]);
    }
}

#[test]
fn two_damaged_in_one_second_are_both_kept() {
    let folder = tempfile::tempdir().unwrap();
    let all = document(folder.path());
    let mut seen = Vec::new();
    for damaged in ["one", "two", "three"] {
        fs::write(&all.path, damaged).unwrap();
        seen.push(all.read().unwrap().moved_aside.unwrap().0);
    }
    let texts: Vec<String> = seen.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
}

#[test]
fn an_earlier_version_is_understood_and_written_as_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let all = document(folder.path());
    fs::write(&all.path, r#"{"version": 1, "name": "old"}"#).unwrap();
    assert_eq!(names(&all), ["old"]);
    add(&all, "new").unwrap();
    assert_eq!(names(&all), ["old", "new"]);
}

#[test]
fn a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let all = document(folder.path());
    let newer = r#"{"version": 3, "names": {"a": 1}}"#;
    fs::write(&all.path, newer).unwrap();
    assert!(matches!(all.read(), Err(Error::NewerFile { version: 3, .. })));
    assert!(matches!(add(&all, "x"), Err(Error::NewerFile { version: 3, .. })));
    assert_eq!(fs::read_to_string(&all.path).unwrap(), newer);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_what_it_names_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("dotfiles");
    fs::create_dir(&elsewhere).unwrap();
    let (all, real) = (document(folder.path()), elsewhere.join("real.json"));
    std::os::unix::fs::symlink(&real, &all.path).unwrap();
    add(&all, "one").unwrap();
    add(&all, "two").unwrap();
    assert!(fs::symlink_metadata(&all.path).unwrap().is_symlink());
    assert_eq!(names(&Document::at(real)), ["one", "two"]);
}

#[test]
fn many_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let path = folder.path();
            scope.spawn(move || {
                for n in 0..10 {
                    add(&document(path), &format!("{writer}-{n}")).unwrap();
                }
            });
        }
    });
    assert_eq!(names(&document(folder.path())).len(), 40);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let all = document(folder.path());
    add(&all, "one").unwrap();
    // Where even root may not write: a file in the folder's place.
    let blocked = Document::<Names>::at(all.path.join("names.json"));
    let error = add(&blocked, "two").unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    assert_eq!(names(&all), ["one"]);
}

/// Not a test by itself: the process that the test below kills.
#[test]
#[ignore = "run by another test"]
fn writes_until_it_is_killed() {
    let all = Document::<Names>::at(env::var_os("PORTOLAN_TEST_DOCUMENT").unwrap().into());
    for n in 0.. {
        let long = format!("{n}-").repeat(2000);
        all.change(|all| {
            all.names = vec![n.to_string(), long.clone()];
            Ok(())
        })
        .unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_process_that_is_killed_while_it_writes_leaves_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let all = document(folder.path());
    add(&all, "first").unwrap();
    let kills = if env::var_os("CI").is_some() { 200 } else { 20 };
    for _ in 0..kills {
        let mut writer = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "storage::tests::writes_until_it_is_killed"])
            .env("PORTOLAN_TEST_DOCUMENT", &all.path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let before = fs::read(&all.path).unwrap();
        // It writes; then it is killed at some moment of its writing.
        while fs::read(&all.path).unwrap() == before {
            thread::yield_now();
        }
        for _ in 0..fastrand::u32(..200) {
            fs::metadata(&all.path).unwrap();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let read = all.read().unwrap();
        assert!(read.moved_aside.is_none(), "{:?}", read.moved_aside);
        let [n, long] = &read.value.names[..] else { panic!("{:?}", read.value) };
        assert_eq!(*long, format!("{n}-").repeat(2000));
    }
    add(&all, "last").unwrap();
}
