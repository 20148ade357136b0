//! What is said of `[[webhook]]` in a configuration, and what is never said.

use super::*;

const SITE: &str = "[network.site]\ntitle = \"Site\"\n[[network.site.http]]\nname = \"front\"\n\
                    url = \"http://127.0.0.1:9/\"\n[uplink]\nenabled = false\n";

fn written(webhooks: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    std::fs::write(folder.path().join("short"), "whsec_aHVudGVyMg==").unwrap();
    std::fs::write(&path, format!("{SITE}{webhooks}")).unwrap();
    (folder, path)
}

#[test]
fn check_tells_each_webhook_and_nothing_tells_its_secrets() {
    let (_folder, path) = written(
        "[[webhook]]\nname = \"banner\"\nurl = \"https://city.example/hooks/b?token=Zq9-t0ken#Zq9-too\"\n\
         secret_file = \"secret\"\nevents = [\"group\", \"uplink\"]\nmax_age = \"2h\"\n\
         [[webhook]]\nname = \"plain\"\nurl = \"http://city.example/b\"\n\
         [[webhook]]\nname = \"chat\"\nsecret_file = \"secret\"\n\
         url = \"https://hooks.example/services/T0AB/Zq9-t0kenZq9-t0ken\"\n",
    );
    let (code, out, err) = bascule("check", &path);
    assert_eq!((code, &*err), (Some(0), ""));
    let told = "\nwebhook banner\n  to https://city.example/<masked>\n  \
                group, uplink, signed\n  tried again until an event is 2h old, the newest without end\n\nwebhook plain\n  \
                to http://city.example/...\n  outage_started, outage_ended, group, uplink, not \
                signed\n  tried again until an event is 1d old, the newest without end\n";
    assert!(out.contains(told), "{out}");
    let chat = "\nwebhook chat\n  to https://hooks.example/<masked>\n";
    assert!(out.contains(chat), "{out}");
    let out: Vec<&str> = out.split_whitespace().collect();
    let out = out.join(" ");
    for warning in [
        "webhook.plain.url: sends without TLS to another machine: whoever is on the way can read it",
        "webhook.plain.secret_file: is missing: nothing is signed, so the receiver cannot tell who \
         sends",
    ] {
        assert!(out.contains(warning), "{out}");
    }
    let (code, config, err) = bascule("config", &path);
    assert_eq!((code, &*err), (Some(0), ""));
    for url in [
        "https://city.example/<masked>",
        "http://city.example/…",
        "https://hooks.example/<masked>",
    ] {
        assert!(config.contains(&format!("url = \"{url}\"\n")), "{config}");
    }
    for told in [out, config] {
        assert!(!told.contains("Zq9-"), "{told}");
        assert!(!told.contains("MDEyMzQ1"), "{told}");
    }
}

#[test]
fn what_is_wrong_with_a_webhook_is_said_with_its_line_and_without_its_secrets() {
    let (_folder, path) = written(
        "[[webhook]]\nurl = \"ftp://city.example/\"\n\
         [[webhook]]\nname = \"a\"\nurl = \"https://u:hunter2@city.example/\"\nsecret_file = \"short\"\n\
         [[webhook]]\nname = \"a\"\nmax_age = \"1s\"\nevents = [\"outage\", \"group\"]\n\
         [[webhook]]\nname = \"b\"\nurl = \"https://city.example/\"\nevents = []\n\
         secret_file = \"nowhere\"\n\
         [[webhook]]\nname = \"c\"\nurl = \"https://city.example/\"\n\
         secret_file = \"whsec_hunter2\"\n\
         [[webhook]]\nname = \"d\"\nurl = \"https://city.example/b?token=${TOKEN}\"\n\
         [[webhook]]\nname = \"e\"\nurl = \"${WHERE}\"\n",
    );
    let (code, _, err) = bascule("check", &path);
    assert_eq!(code, Some(2));
    let folder = path.parent().unwrap().display().to_string();
    let err = err.replace(&format!("{folder}/"), "");
    let lines: Vec<&str> = err.lines().collect();
    let expected = [
        "config.toml:8: webhook[0].name: is missing: every webhook has a name, which its deliveries \
         are counted under",
        "config.toml:9: webhook[0].url: must be an http or https URL",
        "config.toml:12: webhook.a.url: must not hold a user name or password: events are signed \
         with the secret of secret_file",
        "config.toml:13: webhook.a.secret_file: short does not hold whsec_ and 24 to 64 bytes in \
         base64, such as: echo whsec_$(head -c 32 /dev/urandom | base64)",
        "config.toml:14: webhook.a.url: is missing: say where events are sent",
        "config.toml:15: webhook.a.name: `a` is the name of another webhook",
        "config.toml:16: webhook.a.max_age: must be from 60s to 30d",
        "config.toml:17: webhook.a.events[0]: `outage` is not one of \"outage_started\", \
         \"outage_ended\", \"group\", \"uplink\"",
        "config.toml:21: webhook.b.events: is empty: name at least one kind of event",
        "config.toml:22: webhook.b.secret_file: cannot read nowhere: No such file or directory (os \
         error 2)",
        "config.toml:26: webhook.c.secret_file: cannot read the file whose name stands here (it looks \
         like a secret): No such file or directory (os error 2)",
        "config.toml:29: webhook.d.url: must be written out: nothing is put in the place of ${NAME} \
         in a URL",
        "config.toml:32: webhook.e.url: must be written out: nothing is put in the place of ${NAME} \
         in a URL",
    ];
    assert_eq!(lines, expected, "{err}");
}
