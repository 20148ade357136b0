//! Files that hold secrets: who may read them, and that somebody is told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::cli::commands::{bascule, told};
use crate::support::certificates::{self_signed, wish};
use crate::support::daemon::Daemon;

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

/// The service owns no file: closed to everybody else, it has to be handed over.
const CLOSE_IT: &str =
    "chmod o= it, and give it to the service with LoadCredential= (docs/systemd.md, \"Secrets\")";

#[test]
fn a_secret_that_everybody_may_read_is_warned_of() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let config = folder.path().join("config.toml");
    let token = folder.path().join("token");
    fs::write(&token, "s3cret\n").expect("it can be written");
    let site = "[network.a]\ntitle = \"A\"\n[[network.a.http]]\nname = \"w\"\nurl = \"https://a.example/\"\n";
    let text = format!(
        "[web]\nconfig_file = \"web.yml\"\n{site}bearer_token_file = \"token\"\nheaders.X-Api-Key = \"key\"\n[uplink]\nenabled = false\n"
    );
    fs::write(&config, text).expect("it can be written");
    let web = folder.path().join("web.yml");
    let key = folder.path().join("web.key");
    let chain = self_signed(&wish("a.example"), false);
    fs::write(folder.path().join("web.pem"), chain.pem()).expect("it can be written");
    fs::write(&key, chain.key.serialize_pem()).expect("it can be written");
    let tls = "tls_server_config:\n  cert_file: web.pem\n  key_file: web.key\n";
    let hash = bcrypt::hash("x", 4).expect("bcrypt works");
    let users = format!("basic_auth_users:\n  a: {hash}\n");
    fs::write(&web, format!("{tls}{users}")).expect("it can be written");
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
        "{}:8: network.a.http.w.bearer_token_file: every user of this machine can read {}: {CLOSE_IT}",
        config.display(),
        token.display()
    );
    let of_config = format!(
        "{}: holds a secret, and every user of this machine can read it: chmod o= it, and give the service a group that can read it (docs/systemd.md, \"Secrets\"), or give the secret a file of its own",
        config.display()
    );
    let of_web = format!(
        "{}:2: web.config_file: every user of this machine can read {}: {CLOSE_IT}",
        config.display(),
        web.display()
    );
    let of_key = format!(
        "{}:3: tls_server_config.key_file: every user of this machine can read {}: {CLOSE_IT}",
        web.display(),
        key.display()
    );
    let all = [&token, &config, &web, &key];
    let everybody = |bits| all.iter().for_each(|path| mode(path, bits));
    everybody(0o644);
    // Nobody else gets into the folder.
    mode(folder.path(), 0o700);
    let out = check();
    assert!(!out.contains("can read"), "{out}");

    mode(folder.path(), 0o755);
    let out = check();
    for warning in [&of_token, &of_config, &of_web, &of_key] {
        assert!(out.contains(warning), "{out}");
    }

    everybody(0o640);
    let out = check();
    assert!(!out.contains("can read"), "{out}");

    // Who may come in is a secret, and so is a key; what is encrypted is none.
    mode(&web, 0o644);
    fs::write(&web, tls).expect("it can be written");
    let out = check();
    assert!(!out.contains("can read"), "{out}");
    let pem = chain.key.serialize_pem().replace('\n', "\n    ");
    let inline = format!("tls_server_config:\n  cert_file: web.pem\n  key: |\n    {pem}\n");
    fs::write(&web, inline).expect("it can be written");
    let out = check();
    assert!(out.contains(&of_web), "{out}");
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
