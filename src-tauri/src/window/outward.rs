//! The system's drag with a file that begins on the page.
//!
//! On Linux it is GTK's own: a program that a file is dropped on asks for it after the drop, so what answers it must
//! stay until the drag has ended, which the crate `drag` does not wait for there.

use std::path::Path;

use tauri::{AppHandle, Manager, Runtime};

/// What hangs on the pointer while a file is dragged.
const DRAGGED: &[u8] = include_bytes!("../../../icons/32x32.png");

/// Begins the drag, on the main thread. `done` is told whether it was dropped.
#[cfg(target_os = "linux")]
pub fn begin<R: Runtime>(
    app: &AppHandle<R>,
    path: &Path,
    done: impl Fn(bool) + 'static,
) -> Result<(), String> {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use gtk::prelude::*;
    use gtk::{gdk, gdk_pixbuf, glib};

    let window = app.get_webview_window(super::LABEL).ok_or("there is no window")?;
    let window = window.gtk_window().map_err(|error| error.to_string())?;
    let uri = glib::filename_to_uri(path, None).map_err(|error| error.to_string())?;
    let targets = gtk::TargetList::new(&[]);
    targets.add_uri_targets(0);

    let handlers = Rc::new(RefCell::new(Vec::new()));
    let dropped = Rc::new(Cell::new(true));
    let given = window.connect_drag_data_get(move |_, _, data, _, _| {
        data.set_uris(&[uri.as_str()]);
    });
    let failed = dropped.clone();
    let failed = window.connect_drag_failed(move |_, _, _| {
        failed.set(false);
        glib::Propagation::Proceed
    });
    let ending = handlers.clone();
    let ended = window.connect_drag_end(move |window, _| {
        for handler in ending.take() {
            window.disconnect(handler);
        }
        done(dropped.get());
    });
    handlers.borrow_mut().extend([given, failed, ended]);
    let button = i32::try_from(gdk::BUTTON_PRIMARY).unwrap_or(1);
    let Some(drag) =
        window.drag_begin_with_coordinates(&targets, gdk::DragAction::COPY, button, None, -1, -1)
    else {
        for handler in handlers.take() {
            window.disconnect(handler);
        }
        return Err("the system refused it".to_owned());
    };
    let picture = gdk_pixbuf::Pixbuf::from_read(DRAGGED);
    // Without it GTK draws its own.
    if let Ok(picture) = picture {
        drag.drag_set_icon_pixbuf(&picture, 0, 0);
    }
    Ok(())
}

/// Begins the drag, on the main thread. `done` is told whether it was dropped.
#[cfg(not(target_os = "linux"))]
pub fn begin<R: Runtime>(
    app: &AppHandle<R>,
    path: &Path,
    done: impl Fn(bool) + Send + 'static,
) -> Result<(), String> {
    let window = app.get_webview_window(super::LABEL).ok_or("there is no window")?;
    let done = move |outcome, _| done(matches!(outcome, drag::DragResult::Dropped));
    let item = drag::DragItem::Files(vec![path.to_owned()]);
    let image = drag::Image::Raw(DRAGGED.to_vec());
    drag::start_drag(&window, item, image, done, drag::Options::default()).map_err(|error| error.to_string())
}
