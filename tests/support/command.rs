//! The `portolan` command, run as a user runs it.

use std::{
    env,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::{Result, cluster, eventually};

/// For whatever the command says. A pod may have to start meanwhile.
const LIMIT: Duration = Duration::from_secs(60);

/// For its end. It may have to wait for a pod to go, and a kubelet lets some of them go when it tidies up, once a minute.
const END: Duration = Duration::from_secs(120);

/// How the command is started: with which kubeconfig, and in which namespace.
#[derive(Clone, Debug)]
pub struct Portolan {
    kubeconfig: PathBuf,
    namespace: Option<String>,
    log: Option<String>,
    open_files: Option<u32>,
    keeps_in: Option<PathBuf>,
}

impl Portolan {
    /// With the tests' kubeconfig, in the tests' namespace.
    ///
    /// # Errors
    /// When no kubeconfig is named.
    pub fn new() -> Result<Portolan> {
        Ok(Portolan::with(&cluster::kubeconfig()?))
    }

    /// With another kubeconfig, in the tests' namespace.
    pub fn with(kubeconfig: &Path) -> Portolan {
        let namespace = Some(cluster::NAMESPACE.into());
        Portolan { kubeconfig: kubeconfig.into(), namespace, log: None, open_files: None, keeps_in: None }
    }

    /// With `PORTOLAN_LOG`, for what is not said without.
    #[must_use]
    pub fn logging(self, filter: &str) -> Portolan {
        Portolan { log: Some(filter.into()), ..self }
    }

    /// As on a system that lets it have so many open files unless it asks for more.
    #[must_use]
    pub fn with_open_files(self, limit: u32) -> Portolan {
        Portolan { open_files: Some(limit), ..self }
    }

    /// With what the user keeps in a folder of its own.
    #[must_use]
    pub fn keeping_in(self, folder: &Path) -> Portolan {
        Portolan { keeps_in: Some(folder.into()), ..self }
    }

    /// In another namespace; `None` names none.
    #[must_use]
    pub fn in_namespace(self, namespace: Option<&str>) -> Portolan {
        Portolan { namespace: namespace.map(Into::into), ..self }
    }

    /// Runs a command that ends by itself. `args` are separated by spaces.
    ///
    /// # Errors
    /// When it cannot be started, or does not end.
    pub async fn run(&self, args: &str) -> Result<Ended> {
        self.start(args)?.ended().await
    }

    /// Starts a command that goes on until it is stopped, or dropped. `args` are separated by spaces.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, args: &str) -> Result<Running> {
        let mut command = match self.open_files {
            None => Command::new(binary()?),
            Some(limit) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -S -n {limit} && exec \"$0\" \"$@\"")]).arg(binary()?);
                shell
            }
        };
        command.args(args.split_whitespace());
        if let Some(log) = &self.log {
            command.env("PORTOLAN_LOG", log);
        }
        if let Some(folder) = &self.keeps_in {
            command.env("PORTOLAN_CONFIG_DIR", folder);
        }
        if let Some(namespace) = &self.namespace {
            command.args(["--namespace", namespace]);
        }
        let mut child = command
            .env("KUBECONFIG", &self.kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = Said::by(child.stdout.take().ok_or("no standard output")?);
        let stderr = Said::by(child.stderr.take().ok_or("no standard error")?);
        Ok(Running { child, stdout, stderr, args: args.into() })
    }

    /// Starts `portolan forward`, and waits until it listens on all of its ports.
    ///
    /// # Errors
    /// When it ends before, or never listens.
    pub async fn forward(&self, target: &str, ports: &[&str], options: &str) -> Result<Forward> {
        self.until_listening(&format!("forward {target} {} {options}", ports.join(" ")), ports.len()).await
    }

    /// Starts a command that forwards, and waits until it listens on so many ports. `args` are separated by spaces.
    ///
    /// # Errors
    /// When it ends before, or never listens.
    pub async fn until_listening(&self, args: &str, ports: usize) -> Result<Forward> {
        let mut running = self.start(args)?;
        let listening = eventually("the command listens", LIMIT, async || {
            let lines: Vec<u16> = running.stdout().lines().filter_map(local_port).collect();
            if lines.len() < ports && running.has_ended()? {
                return Err(format!("the command ended before it listened: {}", running.stderr()).into());
            }
            Ok((lines.len() == ports).then_some(lines))
        })
        .await;
        match listening {
            Ok(ports) => Ok(Forward { running, ports }),
            Err(error) => Err(format!("{}: {error}", running.args).into()),
        }
    }
}

/// The port of `Forwarding from 127.0.0.1:PORT -> REMOTE`, or of every IPv4 address; other lines are passed over.
fn local_port(line: &str) -> Option<u16> {
    let address = line.strip_prefix("Forwarding from ")?.split_once(" -> ")?.0;
    let (ip, port) = address.split_once(':')?;
    ["127.0.0.1", "0.0.0.0"].contains(&ip).then(|| port.parse().ok())?
}

/// `PORTOLAN_TEST_CLI`, else the command beside the tests in the target directory.
fn binary() -> Result<PathBuf> {
    if let Some(path) = env::var_os("PORTOLAN_TEST_CLI") {
        return Ok(path.into());
    }
    let test = env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).ok_or("the test has no folder")?;
    let path = folder.join(format!("portolan{}", env::consts::EXE_SUFFIX));
    if !path.exists() {
        return Err(format!("there is no {}: cargo build -p portolan-cli", path.display()).into());
    }
    Ok(path)
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// What was typed after `portolan`.
    pub args: String,
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// All of the standard output.
    pub stdout: String,
    /// All of the standard error.
    pub stderr: String,
}

/// A command that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Said,
    stderr: Said,
    args: String,
}

impl Running {
    /// The process's id.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.child.id().ok_or("the command has ended")?)
    }

    /// What it has written to the standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// What it has written to the standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Presses Ctrl-C.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn interrupt(&self) -> Result {
        let pid = self.pid()?.to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().await?;
        if sent.success() { Ok(()) } else { Err(format!("kill -INT {pid}: {sent}").into()) }
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ended(mut self) -> Result<Ended> {
        let status: ExitStatus = match timeout(END, self.child.wait()).await {
            Ok(status) => status?,
            Err(_) => {
                return Err(format!(
                    "portolan {} did not end; it said {:?}",
                    self.args,
                    self.stdout() + &self.stderr()
                )
                .into());
            }
        };
        Ok(Ended {
            code: status.code(),
            stdout: self.stdout.all().await?,
            stderr: self.stderr.all().await?,
            args: self.args,
        })
    }
}

/// `portolan forward` or `up`, while it listens.
#[derive(Debug)]
pub struct Forward {
    /// The command.
    pub running: Running,
    /// The local ports, in the order in which they were asked for.
    pub ports: Vec<u16>,
}

impl Forward {
    /// The first of its local ports.
    pub fn port(&self) -> u16 {
        self.ports[0]
    }

    /// Waits until the standard error holds these words.
    ///
    /// # Errors
    /// When they do not come.
    pub async fn until_says(&self, words: &str) -> Result {
        let said = async || Ok(self.running.stderr().contains(words).then_some(()));
        let told = eventually(&format!("the command says “{words}”"), LIMIT, said).await;
        told.map_err(|error| format!("{error}; it said {:?}", self.running.stderr()).into())
    }

    /// Presses Ctrl-C and waits for the end, which has to come in good order.
    ///
    /// # Errors
    /// When it ends otherwise, or not at all.
    pub async fn stop(self) -> Result {
        self.running.interrupt().await?;
        let ended = self.running.ended().await?;
        if ended.code == Some(0) { Ok(()) } else { Err(format!("not a good end: {ended:?}").into()) }
    }
}

/// What came out of one stream of a command.
#[derive(Debug)]
struct Said {
    text: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
}

impl Said {
    fn by(stream: impl AsyncRead + Unpin + Send + 'static) -> Said {
        let text = Arc::new(Mutex::new(String::new()));
        let into = text.clone();
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
            }
        });
        Said { text, reading }
    }

    fn so_far(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn all(self) -> Result<String> {
        self.reading.await?;
        Ok(self.text.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
