//! What is left for the user in a folder where people look: the downloads, else the home folder.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use directories::UserDirs;

use crate::error::Error;

/// The user's downloads, else their home.
///
/// # Errors
/// When there is no home folder.
pub(crate) fn folder() -> Result<PathBuf, Error> {
    let dirs = UserDirs::new().ok_or(Error::NoHome)?;
    Ok(dirs.download_dir().filter(|folder| folder.is_dir()).unwrap_or(dirs.home_dir()).to_owned())
}

/// Writes a text into a folder as `STEM.EXTENSION`, or `STEM-2.EXTENSION` and so on where that is taken; where it is.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn leave(folder: &Path, stem: &str, extension: &str, text: &str) -> Result<PathBuf, Error> {
    let mut path = folder.join(format!("{stem}.{extension}"));
    let mut n = 1;
    let written = loop {
        match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                n += 1;
                path = folder.join(format!("{stem}-{n}.{extension}"));
            }
            other => break other.and_then(|mut file| file.write_all(text.as_bytes())),
        }
    };
    match written {
        Ok(()) => Ok(path),
        Err(source) => Err(Error::File { operation: "write", path, source }),
    }
}
