//! Changes to the profiles that there are: one field of one, its place among the others, a copy of it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Content, Profile, Profiles, Saved, not_found};
use crate::{error::Error, forward::Forward, parse};

/// One field of a profile, and what it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "field", rename_all = "snake_case")]
#[ts(export)]
#[allow(missing_docs, reason = "`to` is the field's new value, as Profile describes it")]
pub enum Edit {
    Name {
        to: String,
    },
    Group {
        to: String,
    },
    Note {
        to: String,
    },
    Colour {
        to: Option<u8>,
    },
    Pinned {
        to: bool,
    },
    Autostart {
        to: bool,
    },
    /// The local port of one of a forward's ports, as it is typed.
    LocalPort {
        forward: usize,
        slot: usize,
        to: String,
    },
    /// The local addresses of a forward, as they are typed: with spaces or commas between. None for loopback.
    Address {
        forward: usize,
        to: String,
    },
}

impl Profile {
    /// It with one field changed.
    fn edited(mut self, edit: Edit) -> Result<Profile, Error> {
        let name = self.name.clone();
        let bad = |why: String| Error::BadProfile { name: name.clone(), why };
        match edit {
            Edit::Name { to } => self.name = to.trim().into(),
            Edit::Group { to } => self.group = to.trim().into(),
            Edit::Note { to } => self.note = to.trim().into(),
            Edit::Colour { to } => self.colour = to,
            Edit::Pinned { to } => self.pinned = to,
            Edit::Autostart { to } => self.autostart = to,
            Edit::LocalPort { forward, slot, to } => {
                let ports = self.forwards.get_mut(forward).and_then(|saved| saved.ports.get_mut(slot));
                let port = ports.ok_or_else(|| bad("it has no such port any more".into()))?;
                let remote = port.rsplit(':').next().unwrap_or_default();
                let changed = format!("{}:{remote}", to.trim());
                parse::port(&changed)?;
                *port = changed;
            }
            Edit::Address { forward, to } => {
                let saved =
                    self.forwards.get_mut(forward).ok_or_else(|| bad("it has no such tunnel any more".into()))?;
                let typed = to.split([' ', ',']).filter(|text| !text.is_empty());
                let addresses = typed.map(|text| text.parse().map_err(|_| text.to_owned()));
                let addresses: Result<Vec<IpAddr>, String> = addresses.collect();
                saved.address = addresses.map_err(|text| bad(format!("“{text}” is not an IP address")))?;
            }
        }
        self.check()?;
        Ok(self)
    }
}

impl Content {
    fn place_of(&self, name: &str) -> Result<usize, Error> {
        let place = self.profiles.iter().position(|profile| profile.name == name);
        place.ok_or_else(|| not_found(name, &self.profiles))
    }

    /// The name itself, or the first one after it with a number that nobody has.
    fn free_name(&self, name: &str) -> String {
        super::import::free_name(name, &self.profiles)
    }
}

impl Profiles {
    /// Adds one at the end, under its name or the next one that is free; which.
    ///
    /// # Errors
    /// When it cannot mean anything, or the file cannot be written.
    pub fn save(&self, profile: Profile) -> Result<String, Error> {
        self.document.change(|content| {
            let profile = Profile { name: content.free_name(&profile.name), ..profile };
            profile.check()?;
            content.profiles.push(profile.clone());
            Ok(profile.name)
        })
    }

    /// Changes one field of a profile; the profile's name from now on.
    ///
    /// # Errors
    /// When there is none of that name, when it would mean nothing, when the new name is taken, or when the file cannot be
    /// written.
    pub fn edit(&self, name: &str, edit: Edit) -> Result<String, Error> {
        self.document.change(|content| {
            let place = content.place_of(name)?;
            let edited = content.profiles[place].clone().edited(edit)?;
            if edited.name != name && content.place_of(&edited.name).is_ok() {
                return Err(Error::BadProfile { name: edited.name, why: "there is one of that name already".into() });
            }
            content.profiles[place] = edited;
            Ok(content.profiles[place].name.clone())
        })
    }

    /// Gives a profile the local ports and addresses of these forwards, which are its own as they run; where one does not
    /// run, it stays as it is.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn keep(&self, name: &str, running: &[Option<Forward>]) -> Result<(), Error> {
        self.document.change(|content| {
            let place = content.place_of(name)?;
            let mut profile = content.profiles[place].clone();
            for (saved, running) in profile.forwards.iter_mut().zip(running) {
                if let Some(running) = running {
                    let Saved { ports, address, .. } = Saved::of(running, "");
                    saved.ports = ports;
                    saved.address = address;
                }
            }
            profile.check()?;
            content.profiles[place] = profile;
            Ok(())
        })
    }

    /// Adds a copy after a profile, which does not start by itself; its name.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn duplicate(&self, name: &str) -> Result<String, Error> {
        self.document.change(|content| {
            let place = content.place_of(name)?;
            let of = content.profiles[place].clone();
            let copy = Profile { name: content.free_name(name), autostart: false, used_at: 0, ..of };
            content.profiles.insert(place + 1, copy);
            Ok(content.profiles[place + 1].name.clone())
        })
    }

    /// Puts a profile before another one, or at the end.
    ///
    /// # Errors
    /// When there is none of these names, or the file cannot be written.
    pub fn put_before(&self, name: &str, before: Option<&str>) -> Result<(), Error> {
        self.document.change(|content| {
            let place = content.place_of(name)?;
            if before == Some(name) {
                return Ok(());
            }
            let profile = content.profiles.remove(place);
            let to = before.map_or(Ok(content.profiles.len()), |before| content.place_of(before))?;
            content.profiles.insert(to, profile);
            Ok(())
        })
    }

    /// Removes one; it, and the place that it had.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn take_out(&self, name: &str) -> Result<(Profile, usize), Error> {
        self.document.change(|content| {
            let place = content.place_of(name)?;
            Ok((content.profiles.remove(place), place))
        })
    }

    /// Puts one back at its place.
    ///
    /// # Errors
    /// When there is another one of its name by now, or the file cannot be written.
    pub fn put_back(&self, profile: &Profile, place: usize) -> Result<(), Error> {
        self.document.change(|content| {
            if content.place_of(&profile.name).is_ok() {
                let why = "there is another one of that name by now".into();
                return Err(Error::BadProfile { name: profile.name.clone(), why });
            }
            content.profiles.insert(place.min(content.profiles.len()), profile.clone());
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str) -> Profile {
        let saved = Saved {
            context: "kind".into(),
            namespace: "shop".into(),
            target: "svc/web".into(),
            ports: vec!["8080:http".into(), "9090:9090".into()],
            hold_seconds: 30,
            ..Saved::default()
        };
        Profile { name: name.into(), forwards: vec![saved], ..Profile::default() }
    }

    /// A file with these, and its folder, which goes with it.
    fn with(names: &[&str]) -> (Profiles, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::at(folder.path().join("profiles.json"));
        for name in names {
            profiles.add(profile(name)).unwrap();
        }
        (profiles, folder)
    }

    fn names(profiles: &Profiles) -> Vec<String> {
        profiles.list().unwrap().profiles.into_iter().map(|profile| profile.name).collect()
    }

    #[test]
    fn each_field_is_edited_in_place() {
        let text = |to: &str| to.to_owned();
        let port = |slot, to: &str| Edit::LocalPort { forward: 0, slot, to: to.into() };
        let address = |to: &str| Edit::Address { forward: 0, to: to.into() };
        type Expected = fn(&mut Profile);
        let table: [(Edit, Expected); 9] = [
            (Edit::Name { to: text(" db ") }, |p| p.name = "db".into()),
            (Edit::Group { to: text("shop") }, |p| p.group = "shop".into()),
            (Edit::Note { to: text("the one with the cart") }, |p| p.note = "the one with the cart".into()),
            (Edit::Colour { to: Some(6) }, |p| p.colour = Some(6)),
            (Edit::Pinned { to: true }, |p| p.pinned = true),
            (Edit::Autostart { to: true }, |p| p.autostart = true),
            (port(0, "8081"), |p| p.forwards[0].ports[0] = "8081:http".into()),
            (address("127.0.0.2, ::1"), |p| {
                p.forwards[0].address = vec![[127, 0, 0, 2].into(), "::1".parse().unwrap()];
            }),
            (address(" "), |p| p.forwards[0].address = Vec::new()),
        ];
        for (edit, change) in table {
            let mut expected = profile("web");
            change(&mut expected);
            let case = format!("{edit:?}");
            assert_eq!(profile("web").edited(edit).unwrap(), expected, "{case}");
        }
        for (edit, says) in [
            (Edit::Name { to: text(" ") }, "at least one letter"),
            (Edit::Colour { to: Some(7) }, "from 0 to 6"),
            (port(0, "web"), "a local port is a number"),
            (port(0, "9090"), "local port 9090 is asked for twice"),
            (port(2, "1"), "no such port"),
            (address("localhost"), "“localhost” is not an IP address"),
            (Edit::Address { forward: 1, to: text("::1") }, "no such tunnel"),
        ] {
            let error = profile("web").edited(edit).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_name_stays_one_profiles_own() {
        let (profiles, _folder) = with(&["web", "db"]);
        let clash = profiles.edit("web", Edit::Name { to: "db".into() }).unwrap_err().to_string();
        assert!(clash.contains("there is one of that name already"), "{clash}");
        assert_eq!(profiles.edit("web", Edit::Name { to: "api".into() }).unwrap(), "api");
        assert_eq!(profiles.save(profile("db")).unwrap(), "db 2");
        assert_eq!(names(&profiles), ["api", "db", "db 2"]);
    }

    #[test]
    fn profiles_are_put_in_order() {
        for (name, before, expected) in [
            ("c", Some("a"), ["c", "a", "b"]),
            ("a", Some("c"), ["b", "a", "c"]),
            ("a", None, ["b", "c", "a"]),
            ("b", Some("b"), ["a", "b", "c"]),
        ] {
            let (profiles, _folder) = with(&["a", "b", "c"]);
            profiles.put_before(name, before).unwrap();
            assert_eq!(names(&profiles), expected, "{name} before {before:?}");
        }
        let (profiles, _folder) = with(&["a", "b"]);
        profiles.put_before("a", Some("nope")).unwrap_err();
        assert_eq!(names(&profiles), ["a", "b"], "one that was to go nowhere stays");
    }

    #[test]
    fn what_was_removed_comes_back_exactly_as_it_was() {
        let (profiles, _folder) = with(&["a", "b", "c"]);
        profiles.edit("b", Edit::Note { to: "mine".into() }).unwrap();
        let before = profiles.list().unwrap();
        let (removed, place) = profiles.take_out("b").unwrap();
        assert_eq!(names(&profiles), ["a", "c"]);
        profiles.put_back(&removed, place).unwrap();
        assert_eq!(profiles.list().unwrap(), before);
        let twice = profiles.put_back(&removed, place).unwrap_err().to_string();
        assert!(twice.contains("another one of that name"), "{twice}");
    }

    #[test]
    fn a_copy_stands_beside_its_original_and_does_not_start_by_itself() {
        let (profiles, _folder) = with(&["a", "b"]);
        profiles.edit("a", Edit::Autostart { to: true }).unwrap();
        assert_eq!(profiles.duplicate("a").unwrap(), "a 2");
        assert_eq!(profiles.duplicate("a").unwrap(), "a 3");
        assert_eq!(names(&profiles), ["a", "a 3", "a 2", "b"]);
        let copy = &profiles.list().unwrap().profiles[1];
        assert_eq!(*copy, Profile { name: "a 3".into(), ..profile("a") });
    }

    #[test]
    fn ports_are_kept_only_of_what_runs() {
        let (profiles, _folder) = with(&["a"]);
        let forward = profile("a").forwards[0].forward().unwrap();
        profiles.keep("a", &[None]).unwrap();
        assert_eq!(profiles.list().unwrap().profiles, [profile("a")]);
        let moved = profile("a").edited(Edit::LocalPort { forward: 0, slot: 0, to: "8081".into() }).unwrap();
        let running = Forward { bind: vec![[127, 0, 0, 2].into()], ..moved.forwards[0].forward().unwrap() };
        assert_ne!(running, forward);
        profiles.keep("a", &[Some(running.clone())]).unwrap();
        assert_eq!(profiles.list().unwrap().profiles[0].forwards[0].forward().unwrap(), running);
    }
}
