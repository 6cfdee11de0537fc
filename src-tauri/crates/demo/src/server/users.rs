//! Who may ask: tokens, whose they are, and the kubeconfigs that carry them.

use std::{
    collections::HashMap,
    fmt, io,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderMap, header};
use serde_json::json;
use tempfile::{NamedTempFile, TempPath};

use super::status::Status;

/// Who may do everything.
pub(crate) const ADMINISTRATOR: &str = "demo";

/// The users. Its clones are the same.
#[derive(Clone)]
pub(crate) struct Users(Arc<Inner>);

struct Inner {
    url: String,
    /// The certificate of the authority that the server's own is from: PEM in base64.
    authority: String,
    /// The administrator's kubeconfig; it goes when this does.
    file: TempPath,
    tokens: Mutex<HashMap<String, String>>,
}

impl Users {
    pub(crate) fn new(url: String, authority: &str) -> io::Result<Self> {
        let file = named()?.into_temp_path();
        let users = Users(Arc::new(Inner {
            url,
            authority: BASE64_STANDARD.encode(authority),
            file,
            tokens: Mutex::default(),
        }));
        users.write()?;
        Ok(users)
    }

    /// A user's token, which is made where there is none yet.
    pub(crate) fn token(&self, user: &str) -> String {
        let mut tokens = self.tokens();
        tokens.entry(user.to_owned()).or_insert_with(|| uuid::Uuid::new_v4().simple().to_string()).clone()
    }

    /// Whose token a request carries.
    pub(crate) fn who(&self, headers: &HeaderMap) -> Result<String, Status> {
        let carried = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = carried.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(Status::unauthorized)?;
        let tokens = self.tokens();
        let (user, _) = tokens.iter().find(|(_, known)| *known == token).ok_or_else(Status::unauthorized)?;
        Ok(user.clone())
    }

    /// All tokens are no longer any; the administrator's kubeconfig has a new one.
    pub(crate) fn expire(&self) -> io::Result<()> {
        self.tokens().clear();
        self.write()
    }

    /// The administrator's kubeconfig.
    pub(crate) fn file(&self) -> &Path {
        &self.0.file
    }

    /// The kubeconfig of a user. JSON is YAML.
    pub(crate) fn kubeconfig(&self, user: &str) -> String {
        let context = json!({"cluster": "demo", "user": user, "namespace": crate::NAMESPACE});
        let cluster = json!({"server": self.0.url, "certificate-authority-data": self.0.authority});
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": "demo",
            "clusters": [{"name": "demo", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": "demo", "context": context}],
        });
        format!("{config:#}\n")
    }

    /// Whoever reads the file meanwhile reads the old one or the new one.
    fn write(&self) -> io::Result<()> {
        let mut file = named()?;
        file.write_all(self.kubeconfig(ADMINISTRATOR).as_bytes())?;
        file.persist(PathBuf::from(self.file())).map_err(|error| error.error)?;
        Ok(())
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Users {
    /// No tokens: they would end in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("url", &self.0.url).finish_non_exhaustive()
    }
}

/// A file that only its owner can read.
fn named() -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix("portolan-demo-").suffix(".yaml").tempfile()
}
