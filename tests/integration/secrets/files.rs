//! Files that hold secrets: who may read them, and that somebody is told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::cli::commands::{bascule, told};
use crate::support::daemon::Daemon;

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

#[test]
fn a_secret_that_everybody_may_read_is_warned_of() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let config = folder.path().join("config.toml");
    let token = folder.path().join("token");
    fs::write(&token, "s3cret\n").expect("it can be written");
    let site = "[network.a]\ntitle = \"A\"\n[[network.a.http]]\nname = \"w\"\nurl = \"https://a.example/\"\n";
    let text = format!(
        "{site}bearer_token_file = \"token\"\nheaders.X-Api-Key = \"key\"\n[uplink]\nenabled = false\n"
    );
    fs::write(&config, text).expect("it can be written");
    let check = || {
        let (code, out, err) = told(&mut bascule(&[
            "check",
            "--config",
            &config.display().to_string(),
        ]));
        assert_eq!((code, &*err), (0, ""));
        // Lines are wrapped at spaces only.
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let of_token = format!(
        "{}:6: network.a.http.w.bearer_token_file: every user of this machine can read {}: chmod o= it",
        config.display(),
        token.display()
    );
    let of_config = format!(
        "{}: holds a secret, and every user of this machine can read it: chmod o= it, or give the secret a file of its own",
        config.display()
    );
    mode(&token, 0o644);
    mode(&config, 0o644);
    // Nobody else gets into the folder.
    mode(folder.path(), 0o700);
    let out = check();
    assert!(!out.contains("can read"), "{out}");

    mode(folder.path(), 0o755);
    let out = check();
    assert!(out.contains(&of_token) && out.contains(&of_config), "{out}");

    mode(&token, 0o640);
    mode(&config, 0o640);
    let out = check();
    assert!(!out.contains("can read"), "{out}");
}

#[test]
fn what_the_daemon_writes_is_for_its_own_user_only() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let state = folder.path().join("state");
    let config =
        "[network.a]\ntitle = \"A\"\n[[network.a.tcp]]\nname = \"t\"\naddress = \"127.0.0.1:9\"\n";
    let daemon = Daemon::start_in(&state, config);
    daemon.wait_for(
        "bascule_rounds_total{endpoint=\"t\",network=\"a\",verdict=\"fail\"}",
        |it| it >= 1.0,
    );
    let mode = |path: &std::path::Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&state), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&state).expect("the state directory") {
        let path = entry.expect("the state directory").path();
        // What is written anew under another name may be gone by now.
        if path.extension().is_none_or(|it| it != "new") {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            names.push(path);
        }
    }
    assert!(names.len() >= 3, "{names:?}");
}
