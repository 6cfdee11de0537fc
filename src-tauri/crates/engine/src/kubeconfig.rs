//! kubeconfig files: where they are, what they say, and clients made of them.
//!
//! The `KUBECONFIG` list (else `~/.kube/config`) is merged as kubectl merges it and is one source; a file that the user
//! names is a source of its own.

use std::{
    env,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use directories::BaseDirs;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use crate::{context::ContextId, environment::Variables, error::Error};

/// One source of contexts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The `KUBECONFIG` list, else `~/.kube/config`.
    Default,
    /// A file that the user named.
    File(PathBuf),
}

impl Source {
    fn name(&self) -> String {
        match self {
            Source::Default => ContextId::DEFAULT_SOURCE.into(),
            Source::File(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// The files that it stands for, whether they exist or not.
    pub(crate) fn paths(&self, variables: &Variables) -> Vec<PathBuf> {
        match self {
            Source::File(path) => vec![path.clone()],
            Source::Default => {
                let list = variables.get("KUBECONFIG");
                default_paths(list.as_deref(), BaseDirs::new().as_ref().map(BaseDirs::home_dir))
            }
        }
    }

    /// Reads and merges the files, by the environment of this process. In a list, a file that does not exist is skipped, as
    /// kubectl does.
    ///
    /// # Errors
    /// When there is no file at all, or one of them cannot be read or understood.
    pub fn load(&self) -> Result<Contexts, Error> {
        self.load_by(&Variables::default())
    }

    /// As [`Source::load`], by another environment.
    pub(crate) fn load_by(&self, variables: &Variables) -> Result<Contexts, Error> {
        let paths = self.paths(variables);
        let mut merged: Option<Kubeconfig> = None;
        for path in paths.iter().filter(|path| path.exists()) {
            let bad = |error: KubeconfigError| Error::BadKubeconfig { path: path.clone(), reason: reason(&error) };
            let next = Kubeconfig::read_from(path).map_err(bad)?;
            merged = Some(match merged {
                None => next,
                Some(merged) => merged.merge(next).map_err(bad)?,
            });
        }
        let Some(kubeconfig) = merged else { return Err(Error::NoKubeconfig { looked: paths }) };
        Ok(Contexts {
            source: self.name(),
            path: paths.into_iter().find(|p| p.exists()).unwrap_or_default(),
            kubeconfig,
        })
    }
}

/// The sources that there are, and the environment that they go by. Its clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    all: Arc<Mutex<Vec<Source>>>,
    variables: Variables,
}

impl Sources {
    pub(crate) fn new(first: Source) -> Self {
        Sources { all: Arc::new(Mutex::new(vec![first])), variables: Variables::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Source>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The environment that all of the engine goes by.
    pub(crate) fn variables(&self) -> &Variables {
        &self.variables
    }

    /// The files of all sources, whether they exist or not.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.all().iter().flat_map(|source| source.paths(&self.variables)).collect()
    }

    /// Reads a source.
    pub(crate) fn load(&self, source: &Source) -> Result<Contexts, Error> {
        source.load_by(&self.variables)
    }

    /// All of them, as they were added.
    pub(crate) fn all(&self) -> Vec<Source> {
        self.lock().clone()
    }

    /// One more, unless it is there.
    pub(crate) fn add(&self, source: Source) {
        let mut sources = self.lock();
        if !sources.contains(&source) {
            sources.push(source);
        }
    }

    /// The source that a [`ContextId`] names, which need not be there any more.
    pub(crate) fn of(&self, context: &ContextId) -> Source {
        let known = self.lock().iter().find(|source| source.name() == context.source).cloned();
        known.unwrap_or_else(|| Source::File(context.source.clone().into()))
    }
}

fn default_paths(list: Option<&std::ffi::OsStr>, home: Option<&Path>) -> Vec<PathBuf> {
    let listed: Vec<PathBuf> =
        list.map(|list| env::split_paths(list).filter(|p| !p.as_os_str().is_empty()).collect()).unwrap_or_default();
    if listed.is_empty() { home.map(|home| home.join(".kube").join("config")).into_iter().collect() } else { listed }
}

/// What is wrong with a file, without what stands in it: a kubeconfig holds secrets, and a parser likes to quote.
fn reason(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(error) => {
            format!("it is not a kubeconfig in YAML: {}", without_quotes(&error.without_snippet().to_string()))
        }
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        other => other.to_string(),
    }
}

fn without_quotes(text: &str) -> String {
    let first_line = text.lines().next().unwrap_or_default();
    let parts = first_line.split(['"', '`', '\'']).enumerate();
    parts.map(|(n, part)| if n % 2 == 0 { part } else { "…" }).collect()
}

/// The contexts of one source.
#[derive(Clone, Debug)]
pub struct Contexts {
    source: String,
    path: PathBuf,
    kubeconfig: Kubeconfig,
}

/// What the kubeconfig says of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEntry {
    /// Which one.
    pub id: ContextId,
    /// The API server's URL; empty if the kubeconfig has none.
    pub server: String,
    /// The name of the user entry; empty if it has none.
    pub user: String,
    /// The namespace that kubectl would use.
    pub namespace: String,
    /// Whether it is the current context.
    pub current: bool,
}

impl Contexts {
    /// All contexts, in the order of the files.
    pub fn entries(&self) -> Vec<ContextEntry> {
        self.kubeconfig
            .contexts
            .iter()
            .map(|named| {
                let context = named.context.clone().unwrap_or_default();
                let server = self.kubeconfig.clusters.iter().find(|c| c.name == context.cluster);
                let server = server.and_then(|c| c.cluster.as_ref()?.server.clone()).unwrap_or_default();
                ContextEntry {
                    id: ContextId { source: self.source.clone(), name: named.name.clone() },
                    server,
                    user: context.user.unwrap_or_default(),
                    namespace: context.namespace.filter(|n| !n.is_empty()).unwrap_or_else(|| "default".into()),
                    current: self.current() == Some(&named.name),
                }
            })
            .collect()
    }

    fn current(&self) -> Option<&String> {
        self.kubeconfig.current_context.as_ref().filter(|name| !name.is_empty())
    }

    /// The context of that name, or the current one.
    ///
    /// # Errors
    /// When there is none; it lists those that there are.
    pub fn find(&self, name: Option<&str>) -> Result<ContextEntry, Error> {
        let entries = self.entries();
        let known = || entries.iter().map(|e| e.id.name.clone()).collect();
        let Some(wanted) = name.or(self.current().map(String::as_str)) else {
            return Err(Error::NoCurrentContext { known: known() });
        };
        match entries.iter().find(|e| e.id.name == wanted) {
            Some(entry) => Ok(entry.clone()),
            None => Err(Error::UnknownContext { name: wanted.to_owned(), known: known() }),
        }
    }

    /// What tells whether the context's cluster or user was changed: a hash, since both may hold secrets.
    pub(crate) fn fingerprint(&self, context: &str) -> Option<u64> {
        let context = self.kubeconfig.contexts.iter().find(|named| named.name == context)?.context.as_ref()?;
        let cluster = self.kubeconfig.clusters.iter().find(|named| named.name == context.cluster);
        let user = self.kubeconfig.auth_infos.iter().find(|named| Some(&named.name) == context.user.as_ref());
        let entries = serde_json::to_string(&(cluster, user)).ok()?;
        let mut hasher = std::hash::DefaultHasher::new();
        entries.hash(&mut hasher);
        Some(hasher.finish())
    }

    /// What a client for the context is built from. Its proxy is the kubeconfig's own.
    ///
    /// # Errors
    /// When the context's cluster is missing, or a certificate cannot be read.
    pub async fn config(&self, context: &str) -> Result<kube::Config, Error> {
        let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
        let names_proxy = self.names_proxy(context);
        let bad = |error| {
            let reason = match &error {
                KubeconfigError::ParseProxyUrl(_) if !names_proxy => {
                    "the proxy URL in HTTPS_PROXY cannot be read".into()
                }
                error => reason(error),
            };
            Error::BadKubeconfig { path: self.path.clone(), reason }
        };
        let mut config = kube::Config::from_custom_kubeconfig(self.kubeconfig.clone(), &options).await.map_err(bad)?;
        // kube has filled it from HTTPS_PROXY otherwise, whatever the cluster: that is for who builds the client.
        if !names_proxy {
            config.proxy_url = None;
        }
        Ok(config)
    }

    /// Whether the kubeconfig has a proxy for the context's cluster.
    fn names_proxy(&self, context: &str) -> bool {
        let context = self.kubeconfig.contexts.iter().find(|named| named.name == context);
        let name = context.and_then(|named| Some(&named.context.as_ref()?.cluster));
        let cluster = self.kubeconfig.clusters.iter().find(|named| Some(&named.name) == name);
        cluster.and_then(|named| named.cluster.as_ref()?.proxy_url.as_ref()).is_some_and(|url| !url.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::error::Code;

    const FIRST: &str = "
apiVersion: v1
kind: Config
clusters: [{name: one, cluster: {server: 'https://one:6443'}}]
users: [{name: me, user: {token: s3cr3t}}]
contexts: [{name: a, context: {cluster: one, user: me, namespace: shop}}, {name: both, context: {cluster: one, user: me}}]
current-context: a
";
    const SECOND: &str = "
apiVersion: v1
kind: Config
clusters: [{name: two, cluster: {server: 'https://two:6443'}}]
contexts: [{name: b, context: {cluster: two}}, {name: both, context: {cluster: two}}]
current-context: b
";

    fn loaded(files: &[&str]) -> Contexts {
        let folder = tempfile::tempdir().unwrap();
        let mut merged: Option<Kubeconfig> = None;
        for (n, text) in files.iter().enumerate() {
            let path = folder.path().join(n.to_string());
            fs::write(&path, text).unwrap();
            let next = Source::File(path).load().unwrap().kubeconfig;
            merged = Some(match merged {
                None => next,
                Some(m) => m.merge(next).unwrap(),
            });
        }
        Contexts { source: "default".into(), path: PathBuf::new(), kubeconfig: merged.unwrap() }
    }

    #[test]
    fn files_are_merged_as_kubectl_merges_them() {
        let contexts = loaded(&[FIRST, SECOND]);
        let entries = contexts.entries();
        let names: Vec<_> = entries.iter().map(|e| (e.id.name.as_str(), e.server.as_str(), e.current)).collect();
        // The first file to name something wins, its current context too.
        assert_eq!(
            names,
            [("a", "https://one:6443", true), ("both", "https://one:6443", false), ("b", "https://two:6443", false)]
        );
        assert_eq!(entries[0].namespace, "shop");
        assert_eq!(entries[2].namespace, "default");
        assert_eq!(contexts.find(None).unwrap().id.name, "a");
        assert_eq!(contexts.find(Some("b")).unwrap().id.name, "b");
    }

    #[test]
    fn an_unknown_context_is_answered_with_those_there_are() {
        let error = loaded(&[FIRST]).find(Some("prod")).unwrap_err();
        assert_eq!(error.code(), Code::UnknownContext);
        assert!(error.to_string().contains("“prod”; it has a and both"), "{error}");
        let none = FIRST.replace("current-context: a", "current-context: ''");
        assert!(matches!(loaded(&[&none]).find(None), Err(Error::NoCurrentContext { .. })));
    }

    #[test]
    fn an_edit_of_a_contexts_cluster_or_user_is_told_and_no_other() {
        let before = loaded(&[FIRST, SECOND]);
        let changed = |from: &str, to: &str| {
            let after = loaded(&[&FIRST.replace(from, to), SECOND]);
            ["a", "b"].map(|context| before.fingerprint(context) != after.fingerprint(context))
        };
        assert_eq!(changed("s3cr3t", "0ther"), [true, false]);
        assert_eq!(changed("https://one:6443", "https://one:443"), [true, false]);
        assert_eq!(changed("namespace: shop", "namespace: other"), [false, false]);
        assert_eq!(changed("current-context: a", "current-context: b"), [false, false]);
        assert_eq!(before.fingerprint("none"), None);
    }

    #[test]
    fn the_list_is_read_from_the_environment_else_from_the_home_folder() {
        let paths = |list: Option<&str>| default_paths(list.map(std::ffi::OsStr::new), Some(Path::new("/home/me")));
        assert_eq!(paths(None), [PathBuf::from("/home/me/.kube/config")]);
        assert_eq!(paths(Some("")), [PathBuf::from("/home/me/.kube/config")]);
        let two = env::join_paths(["/a", "/b"]).unwrap();
        assert_eq!(paths(two.to_str()), [PathBuf::from("/a"), PathBuf::from("/b")]);
    }

    #[test]
    fn a_missing_file_says_where_it_looked() {
        let path = PathBuf::from("/nowhere/config");
        let error = Source::File(path.clone()).load().unwrap_err();
        assert!(matches!(&error, Error::NoKubeconfig { looked } if *looked == [path]), "{error}");
    }

    #[test]
    fn a_broken_file_is_named_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        for text in
            ["users: [{name: me, user: s3cr3t}]", "users: {s3cr3t", "users:\n- name: me\n  user: {token: [s3cr3t]}\n"]
        {
            let path = folder.path().join("config");
            fs::write(&path, text).unwrap();
            let error = Source::File(path.clone()).load().unwrap_err();
            assert_eq!(error.code(), Code::BadKubeconfig);
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_proxy_is_the_kubeconfigs_own_or_none() {
        const PROXY: &str = "http://proxy:3128/";
        let with = |proxy: &str| FIRST.replace("6443'", &format!("6443', proxy-url: '{proxy}'"));
        let named = loaded(&[&with(PROXY), SECOND]);
        let config = named.config("a").await.unwrap();
        assert_eq!(config.proxy_url.unwrap().to_string(), PROXY);
        // What the environment has is not looked at: another cluster, and one whose entry is empty.
        assert!(named.names_proxy("a") && !named.names_proxy("b"));
        assert!(!loaded(&[&with("")]).names_proxy("a"));
    }

    #[tokio::test]
    async fn a_context_without_its_cluster_is_an_error_not_a_guess() {
        let text = FIRST.replace("name: one,", "name: other,");
        let error = loaded(&[&text]).config("a").await.unwrap_err();
        assert_eq!(error.code(), Code::BadKubeconfig);
    }
}
