//! The one window: made as the settings say, shown again from wherever it is, and never lost.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use portolan_engine::{
    engine::Engine,
    settings::{Settings, Theme},
};
use tauri::{App, AppHandle, Manager, WebviewWindow, WebviewWindowBuilder, Window, WindowEvent, window::Color};

use crate::{
    closing::{Fate, fate},
    desktop,
};

/// Its label, which capabilities name.
const LABEL: &str = "main";

/// Whether it was brought out for want of a tray, and nobody has turned to it since.
#[derive(Debug, Default)]
pub(crate) struct Unattended(AtomicBool);

impl Unattended {
    /// Says so; whether it was said before.
    fn replace(&self, unattended: bool) -> bool {
        self.0.swap(unattended, Ordering::Relaxed)
    }
}

/// Makes it. It is shown only when it has its place and its colours.
pub(crate) fn open(app: &App, engine: &Arc<Engine>) -> tauri::Result<()> {
    let settings = engine.settings().borrow().clone();
    let Some(config) = app.config().app.windows.iter().find(|window| window.label == LABEL) else {
        return Err(tauri::Error::WebviewNotFound);
    };
    let window = WebviewWindowBuilder::from_config(app, config)?
        .theme(native(settings.theme))
        .background_color(ground(native(settings.theme).unwrap_or(tauri::Theme::Dark)))
        .initialization_script(before_the_page(settings.theme))
        .visible(false)
        .build()?;
    wear(&window, settings.theme);
    window.show()
}

/// Shows it, wherever it is.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    app.state::<Unattended>().replace(false);
    let shown = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window cannot be shown");
    }
}

/// Shows it if it is hidden, and leaves the keyboard where it is. One that is minimised is left alone: the desktop brings it
/// back.
pub(crate) fn bring_out(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let visible = window.is_visible().unwrap_or_else(|error| {
        tracing::warn!(%error, "it is not known whether the window is hidden");
        false
    });
    if visible {
        return;
    }
    app.state::<Unattended>().replace(true);
    if let Err(error) = window.show() {
        tracing::warn!(%error, "the window cannot be brought out");
    }
}

/// Hides it again if nobody has turned to it since it was brought out: some desktops take their tray away while the screen is
/// locked.
pub(crate) fn put_back(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    if app.state::<Unattended>().replace(false)
        && let Err(error) = window.hide()
    {
        tracing::warn!(%error, "the window cannot be put back");
    }
}

/// Keeps its looks as the settings say, until it is dropped.
pub(crate) async fn keep_theme(app: AppHandle, engine: Arc<Engine>) {
    let mut settings = engine.settings();
    let mut worn = settings.borrow_and_update().theme;
    while settings.changed().await.is_ok() {
        let Settings { theme, .. } = *settings.borrow_and_update();
        if theme != worn
            && let Some(window) = app.get_webview_window(LABEL)
        {
            wear(&window, theme);
            worn = theme;
        }
    }
}

/// What becomes of what happens to it.
pub(crate) fn on_event(window: &Window, event: &WindowEvent, engine: &Engine) {
    let Settings { theme, closing, .. } = *engine.settings().borrow();
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            let tunnels = !engine.feed().sessions().is_empty();
            let done = match fate(closing, desktop::view(engine).tray, tunnels) {
                Fate::Ends => return,
                Fate::Hides => window.hide(),
                Fate::Minimises => window.minimize(),
            };
            // What cannot be put away is closed, rather than kept in the way of somebody who wants it gone.
            match done {
                Ok(()) => api.prevent_close(),
                Err(error) => tracing::warn!(%error, "the window cannot be put away"),
            }
        }
        WindowEvent::Focused(true) => {
            window.state::<Unattended>().replace(false);
        }
        // On Linux a desktop that changes its colours changes ours, whatever was chosen.
        WindowEvent::ThemeChanged(now) if native(theme).is_some_and(|chosen| chosen != *now) => {
            if let Err(error) = window.set_theme(native(theme)) {
                tracing::warn!(%error, "the theme cannot be kept");
            }
        }
        _ => {}
    }
}

fn native(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

/// Its frame and all that the system draws in it. The page follows by itself.
fn wear(window: &WebviewWindow, theme: Theme) {
    let worn = window.set_theme(native(theme)).and_then(|()| {
        let now = native(theme).map_or_else(|| window.theme(), Ok)?;
        // On Linux “as the desktop” means light to the toolkit, whatever the desktop says.
        if cfg!(target_os = "linux") && theme == Theme::System && now == tauri::Theme::Dark {
            window.set_theme(Some(now))?;
        }
        window.set_background_color(Some(ground(now)))
    });
    if let Err(error) = worn {
        tracing::warn!(%error, "the theme cannot be set");
    }
}

/// What is seen before the page is there: `--bg` in ui/src/tokens.css.
fn ground(theme: tauri::Theme) -> Color {
    match theme {
        tauri::Theme::Light => Color(0xf6, 0xf7, 0xf9, 0xff),
        _ => Color(0x14, 0x17, 0x1c, 0xff),
    }
}

/// Has the page begin with its theme, before the first of its scripts has run. See ui/src/lib/theme.ts.
fn before_the_page(theme: Theme) -> String {
    let light = match theme {
        Theme::System => "matchMedia('(prefers-color-scheme: light)').matches",
        Theme::Light => "true",
        Theme::Dark => "false",
    };
    format!(
        "{{ const begin = () => {{ document.documentElement.dataset.theme = {light} ? 'light' : 'dark'; }};\n\
         if (document.documentElement) begin(); else document.addEventListener('readystatechange', begin, {{ once: true }}); }}"
    )
}
