//! Files that the user asked for, left where their downloads are.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use directories::UserDirs;

use crate::error::Error;

/// The user's downloads, or their home where there is no such folder.
///
/// # Errors
/// When there is no home folder either.
pub(crate) fn folder() -> Result<PathBuf, Error> {
    let dirs = UserDirs::new().ok_or(Error::NoHome)?;
    let folder = dirs.download_dir().filter(|folder| folder.is_dir()).unwrap_or(dirs.home_dir());
    Ok(folder.to_owned())
}

/// Writes a file `NAME.EXTENSION` into a folder, or `NAME-2.EXTENSION` and so on where that is there already; where it is.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn leave(folder: &Path, name: &str, extension: &str, text: &str) -> Result<PathBuf, Error> {
    let mut path = folder.join(format!("{name}.{extension}"));
    let mut n = 1;
    let written = loop {
        match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                n += 1;
                path = folder.join(format!("{name}-{n}.{extension}"));
            }
            other => break other.and_then(|mut file| file.write_all(text.as_bytes())),
        }
    };
    match written {
        Ok(()) => Ok(path),
        Err(source) => Err(Error::File { operation: "write", path, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_gets_a_file_of_its_own_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = ["a", "b", "c"]
            .iter()
            .map(|text| leave(folder.path(), "portolan-web", "json", text).unwrap())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["portolan-web.json", "portolan-web-2.json", "portolan-web-3.json"]);
        let texts = names.iter().map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
        assert_eq!(texts.collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = leave(&folder.path().join("gone"), "a", "json", "").unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
    }
}
