use std::fs;

use serde_json::Value;

use super::*;
use crate::forward::{Balance, Forward, LocalPort, PortMap, PortRef, Target};

fn saved(target: &str, ports: &[&str]) -> Saved {
    let text = serde_json::json!({"context": "kind", "namespace": "shop", "target": target, "ports": ports});
    serde_json::from_value(text).unwrap()
}

fn profile(name: &str) -> Profile {
    Profile { name: name.into(), forwards: vec![saved("svc/web", &["8080:http"])], ..Profile::default() }
}

fn names(profiles: &Profiles) -> Vec<String> {
    profiles.list().unwrap().profiles.into_iter().map(|profile| profile.name).collect()
}

#[test]
fn profiles_are_added_listed_and_removed_in_the_users_order() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = Profiles::at(folder.path().join("profiles.json"));
    for name in ["web", "db", "all of them"] {
        profiles.add(profile(name)).unwrap();
    }
    assert_eq!(names(&profiles), ["web", "db", "all of them"]);
    let twice = profiles.add(profile("db")).unwrap_err();
    assert!(twice.to_string().contains("there is one of that name already"), "{twice}");
    assert_eq!(profiles.remove("db").unwrap(), profile("db"));
    let unknown = profiles.remove("db").unwrap_err().to_string();
    assert!(unknown.contains("there are web and all of them"), "{unknown}");
    assert_eq!(profiles.named(&["all of them".into()]).unwrap(), [profile("all of them")]);
    assert!(profiles.named(&["web".into(), "nope".into()]).is_err());
    profiles.used(&["web".into()]).unwrap();
    assert!(profiles.named(&["web".into()]).unwrap()[0].used_at > 0);
}

#[test]
fn a_forward_joins_a_profile_or_makes_one_and_never_breaks_it() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = Profiles::at(folder.path().join("profiles.json"));
    profiles.put("dev", saved("svc/web", &["8080:80"]), "shop", "").unwrap();
    profiles.put("dev", saved("svc/db", &["5432"]), "", "both").unwrap();
    let clash = profiles.put("dev", saved("svc/other", &["8080"]), "", "").unwrap_err().to_string();
    assert!(clash.contains("local port 8080"), "{clash}");
    let dev = &profiles.list().unwrap().profiles[0];
    assert_eq!((dev.forwards.len(), dev.group.as_str(), dev.note.as_str()), (2, "shop", "both"));
}

#[test]
fn what_is_written_is_for_people_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = Profiles::at(folder.path().join("profiles.json"));
    profiles.add(profile("web")).unwrap();
    let text = fs::read_to_string(folder.path().join("profiles.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let forward =
        serde_json::json!({"context": "kind", "namespace": "shop", "target": "svc/web", "ports": ["8080:http"]});
    assert!(text.find("version") < text.find("name") && text.find("name") < text.find("forwards"), "{text}");
    assert_eq!(json, serde_json::json!({"version": 1, "profiles": [{"name": "web", "forwards": [forward]}]}));
}

#[test]
fn a_forward_is_saved_and_comes_back_as_it_was() {
    let fixed = |port| LocalPort::Fixed { port };
    let number = PortRef::Number;
    let targets = ["svc/web", "deploy/web", "sts/db", "pod/web-7d9", "-l app=web,tier!=cache"];
    for target in targets {
        let forward = Forward {
            ports: vec![
                PortMap { local: fixed(8080), remote: PortRef::Name("http".into()) },
                PortMap { local: LocalPort::Any, remote: number(81) },
                PortMap { local: LocalPort::Same, remote: PortRef::Name("echo".into()) },
            ],
            bind: vec![[127, 0, 0, 2].into()],
            balance: Some(Balance::Sticky),
            hold_seconds: 7,
            wait_for_name: true,
            ..saved(target, &["1:1"]).forward().unwrap()
        };
        let again = Saved::of(&forward, "https://kind").forward().unwrap();
        assert_eq!(again, forward);
        assert_eq!(again.target.to_string(), target);
    }
    assert!(matches!(saved("-l app=web", &["1:1"]).forward().unwrap().target, Target::Selector { .. }));
}

#[test]
fn what_cannot_mean_anything_is_refused_before_it_is_kept() {
    let bad = |change: fn(&mut Profile)| {
        let mut profile = profile("web");
        change(&mut profile);
        profile.check().unwrap_err().to_string()
    };
    for (error, says) in [
        (bad(|p| p.name = " ".into()), "at least one letter"),
        (bad(|p| p.name = "web ".into()), "at its ends"),
        (bad(|p| p.name = "--all".into()), "option"),
        (bad(|p| p.forwards.clear()), "it has no forward"),
        (bad(|p| p.forwards[0].target = "cm/web".into()), "“cm/web” is not a target"),
        (bad(|p| p.forwards[0].ports = vec!["80:HTTP".into()]), "“80:HTTP” is not a port"),
        (bad(|p| p.forwards[0].ports.clear()), "no port"),
        (bad(|p| p.forwards.push(saved("svc/db", &["8080:5432"]))), "local port 8080 on 127.0.0.1 is asked for twice"),
    ] {
        assert!(error.contains(says), "{error}");
    }
    let other_address = Saved { address: vec![[127, 0, 0, 2].into()], ..saved("svc/db", &["8080:5432"]) };
    let mut fine = profile("web");
    fine.forwards.push(other_address);
    fine.check().unwrap();
}

#[test]
fn an_export_names_no_file_of_this_machine_and_starts_nothing() {
    let mut own = Profile { autostart: true, used_at: 7, pinned: true, ..profile("web") };
    own.forwards[0].kubeconfig = "/home/me/work.yaml".into();
    let text = export(&[own]).unwrap();
    assert!(!text.contains("/home/me") && !text.contains("autostart") && !text.contains("used_at"), "{text}");
    assert!(text.contains("\"version\": 1") && text.contains("\"pinned\": true"), "{text}");
}

#[test]
fn the_documented_example_is_read_and_written_as_it_stands() {
    let documented = include_str!("../../../../../docs/profiles.md");
    let example = documented.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("profiles.json"), example).unwrap();
    let read = Profiles::at(folder.path().join("profiles.json")).list().unwrap();
    assert_eq!(read.moved_aside, None);
    let [shop] = &read.profiles[..] else { panic!("{read:?}") };
    shop.check().unwrap();
    let written: Value = serde_json::from_str(&export(&read.profiles).unwrap()).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(example).unwrap());
    // Every field that can be written is described. All are named here, so that a new one is not forgotten.
    let full = Profile {
        name: "web".into(),
        forwards: vec![Saved {
            context: "staging".into(),
            kubeconfig: "/k".into(),
            server: "s".into(),
            namespace: "shop".into(),
            target: "svc/web".into(),
            ports: vec!["1:1".into()],
            address: vec![[127, 0, 0, 2].into()],
            balance: Some(Balance::Sticky),
            hold_seconds: 1,
            wait_for_name: true,
        }],
        group: "g".into(),
        note: "n".into(),
        colour: Some(1),
        pinned: true,
        autostart: true,
        used_at: 1,
    };
    let json = serde_json::to_value(full).unwrap();
    let fields = [&json, &json["forwards"][0]].into_iter().flat_map(|object| object.as_object().unwrap().keys());
    for field in fields {
        assert!(documented.contains(&format!("| `{field}` |")), "{field} is not described");
    }
}
