//! What the user keeps: JSON documents in the configuration folder, each written whole or not at all.
//!
//! - A document is read under no lock: whoever writes replaces it in one step, so that a reader sees one of two versions.
//! - It is changed under a lock that other processes honour: read, changed, written beside the old one, made durable, and
//!   put into its place. The one before is kept as `NAME.before`.
//! - One that cannot be understood is moved aside and named, never overwritten. One that a newer Portolan wrote is left
//!   where it is, and is an error.
//! - A symbolic link is followed first: what it names is replaced, and the link stays.

#[cfg(test)]
mod tests;

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};

use directories::ProjectDirs;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::{error::Error, session::now};

/// Names another configuration folder: for tests, and for who carries it along.
pub const FOLDER_VARIABLE: &str = "PORTOLAN_CONFIG_DIR";

/// What a document holds.
pub(crate) trait Schema: Serialize + DeserializeOwned + Default {
    /// The version that is written. It stands in the document as `version`.
    const VERSION: u64;

    /// A document of an earlier version as one of the next. There is none before the first.
    ///
    /// # Errors
    /// Why it is none.
    fn migrate(version: u64, _: Value) -> Result<Value, String> {
        Err(format!("there never was a version {version} of it"))
    }
}

/// One document.
#[derive(Debug)]
pub(crate) struct Document<T> {
    path: PathBuf,
    schema: PhantomData<fn() -> T>,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Read<T> {
    pub(crate) value: T,
    /// Where a damaged one was moved to, and what was wrong with it.
    pub(crate) moved_aside: Option<(PathBuf, String)>,
}

/// The configuration folder: what [`FOLDER_VARIABLE`] names, else the system's own place for it.
///
/// # Errors
/// When the user has no home folder.
pub fn folder() -> Result<PathBuf, Error> {
    if let Some(named) = env::var_os(FOLDER_VARIABLE).filter(|named| !named.is_empty()) {
        return Ok(named.into());
    }
    let dirs = ProjectDirs::from("", "", "portolan").ok_or(Error::NoHome)?;
    Ok(dirs.config_dir().to_owned())
}

impl<T: Schema> Document<T> {
    pub(crate) fn at(path: PathBuf) -> Self {
        Document { path, schema: PhantomData }
    }

    /// What it holds; the default where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or was written by a newer Portolan.
    pub(crate) fn read(&self) -> Result<Read<T>, Error> {
        match self.understood()? {
            Ok(value) => Ok(Read { value, moved_aside: None }),
            Err(_) => {
                // Whoever holds the lock may be putting it right.
                let _lock = self.lock()?;
                self.read_or_move_aside()
            }
        }
    }

    /// What it holds, or what is wrong with it, which is left where it is: somebody may be editing it.
    ///
    /// # Errors
    /// As [`Document::read`].
    pub(crate) fn peek(&self) -> Result<Result<T, String>, Error> {
        self.understood()
    }

    /// Changes it; what `change` returns. Nothing is written where that is an error, or nothing differs.
    ///
    /// # Errors
    /// As [`Document::read`], when it cannot be written, and the error of `change`.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> Result<R, Error>) -> Result<R, Error>
    where
        T: Clone + PartialEq,
    {
        let _lock = self.lock()?;
        let mut value = self.read_or_move_aside()?.value;
        let before = value.clone();
        let result = change(&mut value)?;
        if value != before || !self.path.exists() {
            self.write(&value).map_err(|source| self.failed("write", source))?;
        }
        Ok(result)
    }

    fn read_or_move_aside(&self) -> Result<Read<T>, Error> {
        match self.understood()? {
            Ok(value) => Ok(Read { value, moved_aside: None }),
            Err(why) => {
                let aside = self.move_aside().map_err(|source| self.failed("move aside", source))?;
                tracing::warn!(path = %self.path.display(), aside = %aside.display(), why, "a damaged file was moved aside");
                Ok(Read { value: T::default(), moved_aside: Some((aside, why)) })
            }
        }
    }

    /// What it holds, or what is wrong with it.
    fn understood(&self) -> Result<Result<T, String>, Error> {
        match fs::read(&self.path) {
            Ok(bytes) => match parse(&bytes) {
                Parsed::Is(value) => Ok(Ok(value)),
                Parsed::Newer(version) => Err(Error::NewerFile { path: self.path.clone(), version }),
                Parsed::IsNot(why) => Ok(Err(why)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ok(T::default())),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    /// Waits for others that change it; released when it is dropped, and by the system when this process ends.
    fn lock(&self) -> Result<File, Error> {
        let made = || {
            fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
            OpenOptions::new().create(true).truncate(false).write(true).open(self.beside("lock"))
        };
        // It is there to be written: a folder that takes no file is what the user has to hear of.
        let file = made().map_err(|source| self.failed("write", source))?;
        file.lock().map_err(|source| self.failed("lock", source))?;
        Ok(file)
    }

    fn write(&self, value: &T) -> io::Result<()> {
        let bytes = text(value)?;
        // A link's target may be missing; then it is where the link says.
        let target = fs::canonicalize(&self.path).or_else(|_| fs::read_link(&self.path)).unwrap_or(self.path.clone());
        let folder = target.parent().unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder)?;
        // Not through it: its error names the temporary file, which says nothing to anybody.
        file.as_file_mut().write_all(bytes.as_bytes())?;
        if let Ok(there) = fs::metadata(&target) {
            file.as_file().set_permissions(there.permissions())?;
        }
        file.as_file().sync_all()?;
        self.keep(&target)?;
        file.persist(&target)?;
        sync_folder(folder)
    }

    /// Keeps what is there now beside what takes its place.
    fn keep(&self, target: &Path) -> io::Result<()> {
        let folder = target.parent().unwrap_or(Path::new("."));
        let copy = NamedTempFile::new_in(folder)?;
        match fs::copy(target, copy.path()) {
            Ok(_) => copy.persist(self.beside("before")).map(drop).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn move_aside(&self) -> io::Result<PathBuf> {
        let now = now() / 1000;
        let mut aside = self.beside(&format!("damaged-{now}"));
        for n in 2.. {
            if !aside.exists() {
                break;
            }
            aside = self.beside(&format!("damaged-{now}-{n}"));
        }
        // What was the user's own stays readable, also where the file is a link.
        fs::copy(&self.path, &aside)?;
        File::open(&aside)?.sync_all()?;
        fs::remove_file(&self.path)?;
        Ok(aside)
    }

    /// `profiles.json` and `lock`: `profiles.json.lock`.
    fn beside(&self, what: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(what);
        self.path.with_file_name(name)
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> Error {
        Error::File { operation, path: self.path.clone(), source }
    }
}

/// A document as it is written: its version first, then its fields in their own order, for people to read.
pub(crate) fn text<T: Schema>(value: &T) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        version: u64,
        #[serde(flatten)]
        value: &'a T,
    }
    let mut text = serde_json::to_string_pretty(&Versioned { version: T::VERSION, value })?;
    text.push('\n');
    Ok(text)
}

/// Without this, a power failure could undo the rename. Windows has no such thing.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

enum Parsed<T> {
    Is(T),
    Newer(u64),
    IsNot(String),
}

fn parse<T: Schema>(bytes: &[u8]) -> Parsed<T> {
    let mut document: Value = match serde_json::from_slice(bytes) {
        Ok(document) => document,
        Err(error) => return Parsed::IsNot(error.to_string()),
    };
    let Some(version) = document.get("version").and_then(Value::as_u64) else {
        return Parsed::IsNot("it has no version".into());
    };
    if version > T::VERSION {
        return Parsed::Newer(version);
    }
    for from in version..T::VERSION {
        document = match T::migrate(from, document) {
            Ok(document) => document,
            Err(why) => return Parsed::IsNot(why),
        };
    }
    if let Value::Object(fields) = &mut document {
        fields.remove("version");
    }
    match serde_json::from_value(document) {
        Ok(value) => Parsed::Is(value),
        Err(error) => Parsed::IsNot(error.to_string()),
    }
}
