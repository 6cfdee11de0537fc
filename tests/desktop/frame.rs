//! The window's frame: what a window manager does and WebDriver cannot.

use portolan_tests::Result;
use x11rb::{
    connection::Connection,
    protocol::xproto::{
        AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt, EventMask, InputFocus, MapState, Window,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

/// The screen, and Portolan's window on it.
pub(crate) struct Frame {
    screen: RustConnection,
    root: Window,
    window: Window,
}

impl Frame {
    /// Finds the window.
    pub(crate) fn find() -> Result<Frame> {
        let (screen, at) = x11rb::connect(None)?;
        let root = screen.setup().roots.get(at).ok_or("there is no screen")?.root;
        let children = screen.query_tree(root)?.reply()?.children;
        for window in children {
            let name = screen.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64)?.reply()?;
            let size = screen.get_geometry(window)?.reply()?;
            // The toolkit has small windows of its own, which nobody sees.
            if name.value == b"Portolan" && size.width > 300 {
                return Ok(Frame { screen, root, window });
            }
        }
        Err("Portolan has no window on this screen".into())
    }

    /// Asks it to close, as its frame's button does.
    pub(crate) fn close(&self) -> Result<()> {
        let atom = |name: &str| {
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                self.screen.intern_atom(false, name.as_bytes())?.reply()?.atom,
            )
        };
        let (protocols, delete) = (atom("WM_PROTOCOLS")?, atom("WM_DELETE_WINDOW")?);
        let event = ClientMessageEvent::new(32, self.window, protocols, [delete, x11rb::CURRENT_TIME, 0, 0, 0]);
        self.screen.send_event(false, self.window, EventMask::NO_EVENT, event)?;
        self.screen.sync()?;
        Ok(())
    }

    /// Has the keyboard be elsewhere, where it follows the pointer otherwise.
    pub(crate) fn leave(&self) -> Result<()> {
        self.screen.set_input_focus(InputFocus::NONE, x11rb::NONE, x11rb::CURRENT_TIME)?;
        self.screen.sync()?;
        Ok(())
    }

    /// Gives it the keyboard.
    pub(crate) fn focus(&self) -> Result<()> {
        self.screen.set_input_focus(InputFocus::PARENT, self.window, x11rb::CURRENT_TIME)?;
        self.screen.sync()?;
        Ok(())
    }

    /// Puts it elsewhere, in another size.
    pub(crate) fn place(&self, x: i32, y: i32, width: u32, height: u32) -> Result<()> {
        let place = ConfigureWindowAux::new().x(x).y(y).width(width).height(height);
        self.screen.configure_window(self.window, &place)?;
        self.screen.sync()?;
        Ok(())
    }

    /// Where it is, and how large.
    pub(crate) fn placed(&self) -> Result<(i16, i16, u16, u16)> {
        let at = self.screen.translate_coordinates(self.window, self.root, 0, 0)?.reply()?;
        let size = self.screen.get_geometry(self.window)?.reply()?;
        Ok((at.dst_x, at.dst_y, size.width, size.height))
    }

    /// Whether it is on the screen.
    pub(crate) fn is_mapped(&self) -> Result<bool> {
        Ok(self.screen.get_window_attributes(self.window)?.reply()?.map_state == MapState::VIEWABLE)
    }
}
