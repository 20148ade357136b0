//! The pictures that are taken of a state: those of the documentation, and those to be looked at.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree::refreshes;
use crate::world::namespace::{must, need};

/// Pictures of the documentation: state, file, and how it is drawn.
const DOCUMENTED: [(&str, &str, &str); 3] = [
    ("x-down", "status-page.png", "1280x900:light:"),
    ("x-down", "status-page-phone.png", "390x844:dark:"),
    ("fine", "status-page-wall.png", "1920x1080:light:"),
];

/// Everything that a person should have looked at, once.
const ALL: [(&str, &str); 6] = [
    ("phone-light.png", "390x844:light:?full"),
    ("phone-dark.png", "390x844:dark:?full&lang=fr"),
    ("desktop-light.png", "1280x900:light:?full"),
    ("desktop-dark.png", "1280x900:dark:?full"),
    ("wall.png", "1920x1080:dark:"),
    ("print.png", "794x1123:print:?full"),
];

/// What is asked of `look.mjs`: nothing, if not `BASCULE_REFRESH=1` draws those of the
/// documentation anew, or `BASCULE_PICTURES=FOLDER` everything into a folder.
pub(super) fn of(state: &str) -> Vec<String> {
    let documented = documented(state).into_iter();
    let mut wishes: Vec<String> = documented
        .map(|(file, how)| format!("{}={how}", file.display()))
        .collect();
    if let Some(folder) = std::env::var_os("BASCULE_PICTURES") {
        for (file, how) in ALL {
            let file = Path::new(&folder).join(format!("{state}-{file}"));
            wishes.push(format!("{}={how}", file.display()));
        }
    }
    wishes
}

/// Makes the pictures of the documentation small, once they are taken.
pub(super) fn shrink(state: &str) {
    for (file, _) in documented(state) {
        let mut command = Command::new(need("pngquant", "pngquant"));
        command.args(["--force", "128", "--output"]);
        must(command.args([&file, &file]));
    }
}

/// The pictures of the documentation that are to be drawn of a state.
fn documented(state: &str) -> Vec<(PathBuf, &'static str)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let wanted = DOCUMENTED.iter();
    let wanted = wanted.filter(|(of, ..)| *of == state && refreshes());
    wanted
        .map(|(_, file, how)| (docs.join(file), *how))
        .collect()
}
