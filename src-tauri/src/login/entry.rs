//! The entry on Linux: a file in the folder of what a desktop starts, as freedesktop.org's Desktop Entry and Autostart
//! specifications have it. The plugin that does it elsewhere writes the path as it is, which ends at a space, and passes
//! `XDG_CONFIG_HOME` over.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tauri::{AppHandle, Manager};

/// Why there is no entry, or still is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("this user has no home folder ({0})")]
    NoHome(#[source] tauri::Error),
    #[error("it is not known where Portolan is: {0}")]
    NoBinary(#[source] io::Error),
    #[error("Portolan's path is no text: {}", .0.display())]
    NoText(PathBuf),
    #[error("cannot {operation} {}: {source}", .path.display())]
    File { operation: &'static str, path: PathBuf, source: io::Error },
}

/// Makes it, and makes it anew where there is one: it names the program that runs now.
pub(super) fn add(app: &AppHandle) -> Result<(), Error> {
    let binary = tauri::process::current_binary(&app.env()).map_err(Error::NoBinary)?;
    let Some(binary) = binary.to_str() else { return Err(Error::NoText(binary)) };
    let path = path(app)?;
    write(&path, &text(binary)).map_err(|source| Error::File { operation: "write", path, source })
}

/// Makes it where there is none.
pub(super) fn add_missing(app: &AppHandle) -> Result<(), Error> {
    if path(app)?.exists() { Ok(()) } else { add(app) }
}

/// Takes it away.
pub(super) fn remove(app: &AppHandle) -> Result<(), Error> {
    let path = path(app)?;
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::File { operation: "remove", path, source })
        }
        _ => Ok(()),
    }
}

fn path(app: &AppHandle) -> Result<PathBuf, Error> {
    Ok(app.path().config_dir().map_err(Error::NoHome)?.join("autostart/Portolan.desktop"))
}

/// In one step, so that no desktop ever reads half of it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Of another ending, so that it is no entry.
    let beside = path.with_extension("new");
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // It may not even have been made; why that failed is what is told.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// What stands in it. Where the program has gone, `TryExec` has the desktop pass it over.
fn text(binary: &str) -> String {
    let (exec, try_exec) = (escaped(&quoted(binary)), escaped(binary));
    format!(
        "[Desktop Entry]\nType=Application\nName=Portolan\nComment=Tunnels to Kubernetes that stay open\n\
         TryExec={try_exec}\nExec={exec}\nIcon=portolan-desktop\nTerminal=false\n"
    )
}

/// As an argument of a command line.
fn quoted(argument: &str) -> String {
    let mut quoted = String::from('"');
    for character in argument.chars() {
        match character {
            '"' | '`' | '$' | '\\' => quoted.extend(['\\', character]),
            // One alone stands for a file that is opened.
            '%' => quoted.push_str("%%"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// As a value of a key.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('\n', r"\n").replace('\r', r"\r").replace('\t', r"\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_is_written_as_the_specification_has_it() {
        for (path, exec, try_exec) in [
            ("/usr/bin/portolan-desktop", r#""/usr/bin/portolan-desktop""#, "/usr/bin/portolan-desktop"),
            ("/home/me/My apps/p", r#""/home/me/My apps/p""#, "/home/me/My apps/p"),
            ("/opt/100%/p", r#""/opt/100%%/p""#, "/opt/100%/p"),
            // Each of these is escaped as an argument, and the backslash once more as a value.
            ("/a\"b", r#""/a\\"b""#, "/a\"b"),
            ("/a$b`c", r#""/a\\$b\\`c""#, "/a$b`c"),
            (r"/a\b", r#""/a\\\\b""#, r"/a\\b"),
            ("/a\nb", r#""/a\nb""#, r"/a\nb"),
        ] {
            let text = text(path);
            let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
            assert_eq!(value("Exec=").as_deref(), Some(exec), "{path}");
            assert_eq!(value("TryExec=").as_deref(), Some(try_exec), "{path}");
        }
    }

    #[test]
    fn it_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("autostart/Portolan.desktop");
        write(&path, "one").unwrap();
        write(&path, "another").unwrap();
        let there: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!((there, fs::read_to_string(&path).unwrap().as_str()), (vec!["Portolan.desktop".into()], "another"));
    }
}
