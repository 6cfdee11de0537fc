//! The real window, as a user would work it: found by what it shows, clicked and typed into by WebDriver.

use std::{
    fmt::Display,
    future::Future,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use portolan_tests::Result;
use serde_json::json;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::timeout,
};

/// A loaded machine takes its time; nothing here waits longer than it must.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether WebKit draws without OpenGL: `0`, `1`, or empty to let the app decide.
pub(crate) const WITHOUT_OPENGL: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// A window and the driver that works it. Ended together, also when a test fails.
pub(crate) struct Window {
    pub(crate) client: Client,
    driver: Child,
    /// The settings of one that has no folder of the test's.
    _own: Option<tempfile::TempDir>,
}

impl Window {
    /// Starts the app with this kubeconfig, or one that does not exist.
    pub(crate) async fn open(kubeconfig: &Path) -> Result<Window> {
        Window::open_with(kubeconfig, &[]).await
    }

    /// The same, with more in its environment.
    pub(crate) async fn open_with(kubeconfig: &Path, environment: &[(&str, &str)]) -> Result<Window> {
        // The user's settings are neither read nor written.
        let own = tempfile::tempdir()?;
        let mut window = Window::kept(kubeconfig, own.path(), environment).await?;
        window._own = Some(own);
        Ok(window)
    }

    /// Starts the app, which keeps what the user makes in this folder. Who closes its window is done with it.
    pub(crate) async fn open_keeping(kubeconfig: &Path, folder: &Path) -> Result<Window> {
        Window::kept(kubeconfig, folder, &[]).await
    }

    /// The same, with more in its environment.
    pub(crate) async fn open_keeping_with(
        kubeconfig: &Path,
        folder: &Path,
        environment: &[(&str, &str)],
    ) -> Result<Window> {
        Window::kept(kubeconfig, folder, environment).await
    }

    async fn kept(kubeconfig: &Path, folder: &Path, environment: &[(&str, &str)]) -> Result<Window> {
        let settings = folder.join("settings.json");
        if !settings.exists() {
            std::fs::write(settings, r#"{"version": 1, "closing": "quit"}"#)?;
        }
        let window = Window::start(&app()?, folder, kubeconfig, environment).await?;
        window.client.set_window_size(1280, 800).await?;
        Ok(window)
    }

    /// Starts the app with this configuration folder, and as large as it was left.
    pub(crate) async fn open_in(folder: &Path, kubeconfig: &Path) -> Result<Window> {
        Window::start(&app()?, folder, kubeconfig, &[]).await
    }

    /// The same of the app in another place, with more in its environment.
    pub(crate) async fn open_app(
        app: &Path,
        folder: &Path,
        kubeconfig: &Path,
        environment: &[(&str, &str)],
    ) -> Result<Window> {
        Window::start(app, folder, kubeconfig, environment).await
    }

    async fn start(app: &Path, folder: &Path, kubeconfig: &Path, environment: &[(&str, &str)]) -> Result<Window> {
        let (port, native_port) = (free_port().await?, free_port().await?);
        let driver = Command::new("tauri-driver")
            .args(["--port", &port.to_string(), "--native-port", &native_port.to_string()])
            .env("KUBECONFIG", kubeconfig)
            .env("PORTOLAN_CONFIG_DIR", folder)
            // Not the shell of whoever runs this, whose files do what they like.
            .env("SHELL", "/bin/sh")
            // As with a graphics processor. Without OpenGL WebKit takes a photograph with the next picture that it draws, and of a
            // page that does not change there is none.
            .env(WITHOUT_OPENGL, "0")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            // A group of its own, so that the driver's children can be ended with it.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("tauri-driver does not start ({error}): cargo install --locked tauri-driver@2"))?;
        let app = json!({"tauri:options": {"application": app}});
        let serde_json::Value::Object(app) = app else { return Err("capabilities are an object".into()) };
        // It takes a moment until the driver listens, and the native one behind it.
        let opened = eventually("the driver opens the window", async || {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            Ok(builder.capabilities(app.clone()).connect(&format!("http://127.0.0.1:{port}")).await.ok())
        });
        // Where the app ends before it has a window, the driver waits for it for ever.
        let client = timeout(2 * PATIENCE, opened).await.map_err(|_| "the app has opened no window")??;
        Ok(Window { client, driver, _own: None })
    }

    /// Closes the window as a user does, and waits until the app has ended by itself.
    pub(crate) async fn close(self) -> Result<()> {
        if !self.runs().await? {
            return Err("the app has ended before it was closed".into());
        }
        self.client.close_window().await?;
        self.ended().await
    }

    /// Waits until the app has ended by itself.
    pub(crate) async fn ended(mut self) -> Result<()> {
        eventually("the app has ended", async || self.runs().await.map(|runs| (!runs).then_some(()))).await?;
        self.end_driver().await
    }

    /// Ends the app as a crash does, with no time for a word.
    pub(crate) async fn crash(mut self) -> Result<()> {
        let group = self.driver.id().ok_or("the driver has ended by itself")?.to_string();
        let found = Command::new("pgrep").args(["-g", &group, "portolan-deskto"]).output().await?;
        let pids = String::from_utf8(found.stdout)?;
        let pid = pids.lines().next().ok_or("the app has ended before it was killed")?;
        if !Command::new("kill").args(["-KILL", pid]).status().await?.success() {
            return Err("the app cannot be killed".into());
        }
        self.end_driver().await
    }

    /// The test id of what has the focus.
    pub(crate) async fn focused(&self) -> Result<Option<String>> {
        Ok(self.client.active_element().await?.attr("data-testid").await?)
    }

    /// Whether the app runs.
    pub(crate) async fn runs(&self) -> Result<bool> {
        let group = self.driver.id().ok_or("the driver has ended by itself")?.to_string();
        let mut find = Command::new("pgrep");
        Ok(find.args(["-g", &group, "portolan-deskto"]).stdout(Stdio::null()).status().await?.success())
    }

    async fn end_driver(&mut self) -> Result<()> {
        if let Some(pid) = self.driver.id() {
            Command::new("kill").args(["--", &format!("-{pid}")]).status().await?;
        }
        self.driver.wait().await?;
        Ok(())
    }

    /// The element with this test id, once it is there and shown.
    pub(crate) async fn find(&self, id: &str) -> Result<Element> {
        self.css(&by_id(id)).await
    }

    /// The first element of a CSS selector, once it is there and shown.
    pub(crate) async fn css(&self, css: &str) -> Result<Element> {
        eventually(&format!("{css} is shown"), async || {
            let found = self.client.find(Locator::Css(css)).await;
            match found {
                Ok(element) if element.is_displayed().await.unwrap_or(false) => Ok(Some(element)),
                _ => Ok(None),
            }
        })
        .await
    }

    /// How many elements of a CSS selector there are.
    pub(crate) async fn count(&self, css: &str) -> Result<usize> {
        Ok(self.client.find_all(Locator::Css(css)).await?.len())
    }

    /// Clicks what has this test id.
    pub(crate) async fn click(&self, id: &str) -> Result<()> {
        eventually(&format!("{id} can be clicked"), async || {
            let Ok(element) = self.client.find(Locator::Css(&by_id(id))).await else { return Ok(None) };
            Ok(element.click().await.is_ok().then_some(()))
        })
        .await
    }

    /// What is written on what has this test id.
    pub(crate) async fn text(&self, id: &str) -> Result<String> {
        Ok(self.find(id).await?.text().await?)
    }

    /// Chooses a namespace; `*` is all of them.
    pub(crate) async fn choose_namespace(&self, name: &str) -> Result<()> {
        eventually(&format!("the namespace {name} can be chosen"), async || {
            let Ok(select) = self.client.find(Locator::Css(&by_id("namespace-select"))).await else { return Ok(None) };
            Ok(select.select_by_value(name).await.is_ok().then_some(()))
        })
        .await
    }

    /// Types into what has this test id, and presses Enter.
    pub(crate) async fn enter(&self, id: &str, text: &str) -> Result<()> {
        // A field whose row moves meanwhile, as to another group, is there anew.
        eventually(&format!("{id} can be typed into"), async || {
            let field = self.find(id).await?;
            let typed = async {
                field.clear().await?;
                field.send_keys(&format!("{text}{}", char::from(Key::Enter))).await
            };
            Ok(typed.await.is_ok().then_some(()))
        })
        .await
    }

    /// The newest session's card.
    pub(crate) async fn newest(&self) -> Result<Card<'_>> {
        let ids = self.client.find_all(Locator::Css(&by_id("session-card"))).await?;
        let mut newest = None;
        for card in ids {
            let id: Option<u64> = card.attr("data-session").await?.and_then(|id| id.parse().ok());
            newest = newest.max(id);
        }
        let id = newest.ok_or("there is no session")?;
        Ok(Card { window: self, id })
    }

    /// Clicks a port and waits for the card that it opens.
    pub(crate) async fn open_tunnel(&self, chip: &str) -> Result<Card<'_>> {
        self.opens_a_card(self.click(chip)).await
    }

    /// Does what opens a session, and waits for its card.
    pub(crate) async fn opens_a_card(&self, act: impl Future<Output = Result<()>>) -> Result<Card<'_>> {
        let before = self.newest().await.map_or(0, |card| card.id);
        act.await?;
        eventually("a new session's card", async || Ok(self.newest().await.ok().filter(|card| card.id > before))).await
    }

    /// Runs a script in the page, which calls its last argument with its answer.
    pub(crate) async fn ask_page(&self, script: &str, arguments: Vec<serde_json::Value>) -> Result<serde_json::Value> {
        Ok(self.client.execute_async(script, arguments).await?)
    }

    /// Presses keys where the focus is.
    pub(crate) async fn press(&self, keys: &str) -> Result<()> {
        self.client.active_element().await?.send_keys(keys).await?;
        Ok(())
    }

    /// Gives the window a size.
    pub(crate) async fn resize(&self, (width, height): (u32, u32)) -> Result<()> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// Leaves a picture of the window in the folder for pictures.
    pub(crate) async fn photograph(&self, name: &str) -> Result<()> {
        let folder = std::env::var_os("PORTOLAN_TEST_SCREENSHOTS")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("desktop/output"), PathBuf::from);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), self.client.screenshot().await?)?;
        Ok(())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // After a failed test: the driver's group holds the driver, its native driver and the app.
        if let Some(pid) = self.driver.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{pid}")]).status();
        }
    }
}

/// One session's card.
pub(crate) struct Card<'a> {
    window: &'a Window,
    id: u64,
}

impl Card<'_> {
    fn part(&self, id: &str) -> String {
        format!("[data-session=\"{}\"] {}", self.id, by_id(id))
    }

    /// Waits until the card says that the session is in this phase.
    pub(crate) async fn until(&self, state: &str) -> Result<()> {
        let css = format!("[data-session=\"{}\"][data-state=\"{state}\"]", self.id);
        self.window.css(&css).await.map_err(|error| format!("session {} is never {state}: {error}", self.id))?;
        Ok(())
    }

    /// What one part of the card says.
    pub(crate) async fn text(&self, id: &str) -> Result<String> {
        Ok(self.window.css(&self.part(id)).await?.text().await?)
    }

    /// Clicks one part of the card.
    pub(crate) async fn click(&self, id: &str) -> Result<()> {
        Ok(self.window.css(&self.part(id)).await?.click().await?)
    }

    /// An attribute of one part of the card.
    pub(crate) async fn attribute(&self, id: &str, name: &str) -> Result<Option<String>> {
        Ok(self.window.css(&self.part(id)).await?.attr(name).await?)
    }

    /// The local port that the card shows.
    pub(crate) async fn port(&self) -> Result<u16> {
        let address = self.text("session-address").await?;
        // For a moment it says “copied” after it.
        let digits: String =
            address.rsplit(':').next().unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
        let port = digits.parse().ok();
        port.ok_or_else(|| format!("“{address}” shows no port").into())
    }

    /// Stops the session and waits until its card is gone and its port is free.
    pub(crate) async fn stop(self) -> Result<()> {
        let listens = self.window.count(&self.part("session-address")).await? > 0;
        let port = if listens { Some(self.port().await?) } else { None };
        self.window.css(&self.part("session-stop")).await?.click().await?;
        let card = format!("[data-session=\"{}\"]", self.id);
        eventually("the card is gone", async || Ok((self.window.count(&card).await? == 0).then_some(()))).await?;
        if let Some(port) = port {
            TcpListener::bind(("127.0.0.1", port))
                .await
                .map_err(|error| format!("port {port} is not free: {error}"))?;
        }
        Ok(())
    }
}

fn by_id(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}

/// The built app: `PORTOLAN_TEST_APP`, or the one beside this test.
pub(crate) fn app() -> Result<PathBuf> {
    let app = match std::env::var_os("PORTOLAN_TEST_APP") {
        Some(app) => PathBuf::from(app),
        None => {
            let here = std::env::current_exe()?;
            here.ancestors().nth(2).ok_or("this test is in no target folder")?.join("portolan-desktop")
        }
    };
    if app.exists() {
        Ok(app)
    } else {
        Err(format!("there is no {}: cargo build -p portolan-desktop", app.display()).into())
    }
}

async fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

/// Asks until there is an answer.
pub(crate) async fn eventually<T>(what: impl Display, ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    portolan_tests::eventually(&what.to_string(), PATIENCE, ask).await
}
