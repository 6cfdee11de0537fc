use std::{fs, path::Path, sync::Arc};

use super::{keeper::Keeper, *};
use crate::{
    error::Code,
    feed::{Feed, Part},
};

fn id(name: &str) -> ContextId {
    ContextId { source: "default".into(), name: name.into() }
}

/// A keeper with its file in a folder, and what the window is shown of it.
struct Kept {
    feed: Arc<Feed>,
    keeper: Keeper,
}

impl Kept {
    fn in_folder(folder: &Path) -> Kept {
        let feed = Arc::<Feed>::default();
        let keeper = Keeper::new(feed.clone());
        keeper.keep_in(Ok(folder.join("settings.json")));
        Kept { feed, keeper }
    }

    fn shown(&self) -> SettingsView {
        match self.feed.get("settings") {
            Some(Part::Settings(view)) => view,
            other => panic!("{other:?}"),
        }
    }

    fn choose(&self, change: Change) -> Result<(), Problem> {
        self.keeper.change(|settings| settings.with(&change))
    }
}

fn written(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.join("settings.json")).unwrap()).unwrap()
}

#[test]
fn each_choice_changes_what_it_names_and_nothing_else() {
    let before = Settings::default();
    let table = [
        (Change::Theme(Theme::Dark), Settings { theme: Theme::Dark, ..before.clone() }),
        (Change::Closing(Closing::Quit), Settings { closing: Closing::Quit, ..before.clone() }),
        (Change::Notifications(false), Settings { notifications: false, ..before.clone() }),
        (Change::HoldSeconds(0), Settings { hold_seconds: 0, ..before.clone() }),
        (Change::HoldSeconds(600), Settings { hold_seconds: 600, ..before.clone() }),
        (Change::StartAtLogin(true), Settings { start_at_login: true, ..before.clone() }),
    ];
    for (change, after) in table {
        assert_eq!(before.clone().with(&change).unwrap(), after, "{change:?}");
    }
    let error = before.with(&Change::HoldSeconds(601)).unwrap_err();
    assert_eq!(error.code(), Code::BadSetting);
}

#[test]
fn a_context_is_protected_once_and_goes_by_its_name() {
    let settings = Settings::default().protecting(&id("prod"), "https://one", true);
    let again = settings.protecting(&id("prod"), "https://two", true).protecting(&id("other"), "", true);
    let servers: Vec<_> = again.protected.iter().map(|one| (one.name.as_str(), one.server.as_str())).collect();
    assert_eq!(servers, [("prod", "https://two"), ("other", "")]);
    assert_eq!(again.protecting(&id("prod"), "", false).protected.len(), 1);
}

#[test]
fn what_was_chosen_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = Kept::in_folder(folder.path());
    assert!(!folder.path().join("settings.json").exists(), "nothing was chosen yet");
    first.choose(Change::Theme(Theme::Light)).unwrap();
    first.keeper.change(|settings| Ok(settings.protecting(&id("prod"), "https://one", true))).unwrap();
    let second = Kept::in_folder(folder.path());
    assert_eq!(second.shown(), first.shown());
    assert_eq!(second.shown().settings.theme, Theme::Light);
    assert_eq!(second.shown().settings.protected[0].id(), id("prod"));
    assert_eq!(second.shown().problem, None);
}

#[test]
fn what_was_edited_by_hand_is_taken_in_and_what_stands_beside_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    let kept = Kept::in_folder(folder.path());
    fs::write(&path, r#"{"version": 1, "theme": "dark", "my_note": "mine"}"#).unwrap();
    kept.keeper.read_again();
    assert_eq!(kept.shown().settings, Settings { theme: Theme::Dark, ..Settings::default() });
    kept.choose(Change::Notifications(false)).unwrap();
    assert_eq!(written(folder.path())["my_note"], "mine");
    // An edit that nobody has read yet is not undone by a choice.
    fs::write(&path, r#"{"version": 1, "theme": "light", "protected": [{"name": "prod"}]}"#).unwrap();
    kept.choose(Change::HoldSeconds(5)).unwrap();
    let settings = kept.shown().settings;
    assert_eq!((settings.theme, settings.hold_seconds), (Theme::Light, 5));
    assert_eq!(settings.protected[0].id(), id("prod"));
}

#[test]
fn half_an_edit_is_left_to_who_edits_and_what_held_before_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    let kept = Kept::in_folder(folder.path());
    kept.choose(Change::Theme(Theme::Dark)).unwrap();
    let before = kept.shown().settings;
    for half in
        [r#"{"version": 1, "theme": "#, r#"{"version": 1, "theme": "drak"}"#, r#"{"version": 1, "hold_seconds": 9999}"#]
    {
        fs::write(&path, half).unwrap();
        kept.keeper.read_again();
        assert_eq!(kept.shown().settings, before, "{half}");
        assert!(kept.shown().problem.is_some(), "{half}");
        assert_eq!(fs::read_to_string(&path).unwrap(), half, "it is theirs");
    }
    fs::write(&path, r#"{"version": 1, "theme": "light"}"#).unwrap();
    kept.keeper.read_again();
    assert_eq!(kept.shown().problem, None);
    assert_eq!(kept.shown().settings.theme, Theme::Light);
}

#[test]
fn a_damaged_file_is_moved_aside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.json"), "{protected").unwrap();
    let kept = Kept::in_folder(folder.path());
    assert_eq!(kept.shown().settings, Settings::default());
    let problem = kept.shown().problem.unwrap();
    assert!(problem.next.contains("settings.json.damaged-"), "{problem}");
    let aside = fs::read_dir(folder.path()).unwrap().filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok());
    assert!(aside.into_iter().any(|text| text == "{protected"));
}

#[test]
fn a_value_out_of_bounds_takes_no_protection_away() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"version": 1, "hold_seconds": 9999, "protected": [{"name": "prod"}]}"#;
    fs::write(folder.path().join("settings.json"), text).unwrap();
    let shown = Kept::in_folder(folder.path()).shown();
    assert_eq!(shown.settings.protected[0].id(), id("prod"));
    assert_eq!(shown.settings.hold_seconds, Forward::DEFAULT_HOLD_SECONDS);
    assert_eq!(shown.problem.map(|problem| problem.code), Some(Code::BadSetting));
}

#[test]
fn one_that_a_newer_portolan_wrote_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    let newer = r#"{"version": 2, "theme": {"name": "sepia"}}"#;
    fs::write(&path, newer).unwrap();
    let kept = Kept::in_folder(folder.path());
    assert_eq!(kept.shown().problem.map(|problem| problem.code), Some(Code::Storage));
    assert!(kept.choose(Change::Theme(Theme::Dark)).is_err());
    assert_eq!(kept.shown().settings.theme, Theme::Dark, "it holds until Portolan ends");
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}

#[test]
fn what_cannot_be_written_is_told_and_holds_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    // No folder can be made where a file is, whoever asks.
    fs::write(folder.path().join("file"), "").unwrap();
    let kept = Kept::in_folder(&folder.path().join("file"));
    let problem = kept.choose(Change::Closing(Closing::Quit)).unwrap_err();
    assert_eq!(problem.code, Code::Storage);
    assert!(problem.message.contains("until Portolan ends"), "{problem}");
    assert_eq!(kept.shown().settings.closing, Closing::Quit);
    assert_eq!(kept.shown().problem, Some(problem));
    assert_eq!(kept.keeper.watch().borrow().closing, Closing::Quit);
}

#[test]
fn what_cannot_be_meant_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Kept::in_folder(folder.path());
    let before = kept.shown();
    assert_eq!(kept.choose(Change::HoldSeconds(1000)).unwrap_err().code, Code::BadSetting);
    assert_eq!(kept.shown(), before);
    assert!(!folder.path().join("settings.json").exists());
}
