//! What is masked, and what is not.

use super::*;

fn mask(add: impl FnOnce(&mut Needles)) -> Mask {
    let mut needles = Needles::default();
    add(&mut needles);
    Mask {
        needles: needles.sorted(),
    }
}

fn masked(mask: &Mask, text: &str) -> String {
    mask.masked(text, false).unwrap_or_else(|| text.to_owned())
}

#[test]
fn values_of_parameters_that_are_named_like_secrets_are_masked_in_links() {
    for (text, shown) in [
        (
            "https://a.example/x?token=abc&lang=fr",
            "https://a.example/x?token=<masked>&lang=fr",
        ),
        (
            "/login?next=%2F&X-Amz-Signature=0a1b#top",
            "/login?next=%2F&X-Amz-Signature=<masked>#top",
        ),
        (
            "0; url=https://a.example/?a=1&amp;api_key=abc",
            "0; url=https://a.example/?a=1&amp;api_key=<masked>",
        ),
        (
            "<https://a.example/?page=2>; rel=next",
            "<https://a.example/?page=2>; rel=next",
        ),
        ("https://u:p@a.example/", "https://<masked>@a.example/"),
        (
            "tls://dns.example@192.0.2.53",
            "tls://dns.example@192.0.2.53",
        ),
        (
            "https://a.example/#access_token=abc",
            "https://a.example/#access_token=<masked>",
        ),
        (
            "https://a.example/?author=me&monkey=1",
            "https://a.example/?author=me&monkey=1",
        ),
    ] {
        assert_eq!(links(text), shown);
        assert_eq!(links(shown), shown, "twice is once");
    }
}

#[test]
fn a_secret_is_found_however_a_page_writes_it() {
    let mask = mask(|needles| needles.add("p<\"&'> s3cret", SHORTEST));
    for text in [
        "p<\"&'> s3cret",
        "P<\"&'> S3CRET".to_ascii_lowercase().as_str(),
        r#"p<\"&'> s3cret"#,
        "p&lt;&quot;&amp;&#39;&gt; s3cret",
        "p&lt;&quot;&amp;&#x27;&gt; s3cret",
        "p%3C%22%26%27%3E+s3cret",
        "p%3C%22%26%27%3E%20s3cret",
        "cDwiJic+IHMzY3JldA",
        "cDwiJic-IHMzY3JldA",
    ] {
        let told = masked(&mask, &format!("you sent {text}!"));
        assert_eq!(told, "you sent <masked>!", "{text}");
    }
    assert_eq!(masked(&mask, "you sent nothing"), "you sent nothing");
}

#[test]
fn a_secret_is_found_however_other_libraries_escape_it() {
    let mask = mask(|needles| needles.add("ab/c~d&é(=!", SHORTEST));
    for text in [
        r"ab\/c~d&é(=!",
        r"ab\/c~d&\u00e9(=!",
        r"ab/c~d\u0026é(=!",
        r"ab\/c~d\u0026\u00e9(=!",
        "ab%2Fc%7Ed%26%C3%A9%28%3D%21",
        "ab%2fc%7ed%26%c3%a9%28%3d%21",
        "ab%2Fc~d%26%C3%A9%28%3D%21",
        "ab%2Fc~d%26%C3%A9(%3D!",
        "ab/c~d%26%C3%A9%28%3D%21",
    ] {
        let told = masked(&mask, &format!("you sent {text}."));
        assert_eq!(told, "you sent <masked>.", "{text}");
    }
}

#[test]
fn a_password_with_an_at_is_masked_to_its_end() {
    let link = "see https://user:p@ss@h.example/a@b";
    assert_eq!(links(link), "see https://<masked>@h.example/a@b");
    assert_eq!(links(&links(link)), links(link));
}

#[test]
fn a_secret_that_is_cut_off_is_masked_as_far_as_it_goes() {
    let mask = mask(|needles| needles.add("s3cret-of-the-town", SHORTEST));
    assert_eq!(
        masked(&mask, "is \"s3cret-of…\", not"),
        "is \"<masked>…\", not"
    );
    assert_eq!(masked(&mask, "s3c…"), "s3c…");
    assert_eq!(
        masked(&mask, "the sentence ends in s3cret"),
        "the sentence ends in s3cret"
    );
    let body = mask.masked("the connection ends in s3cret", true);
    assert_eq!(body.as_deref(), Some("the connection ends in <masked>"));
}

#[test]
fn the_longest_secret_is_masked_first() {
    let mask = mask(|needles| {
        needles.add("alpha", SHORTEST);
        needles.add("alpha-beta", SHORTEST);
    });
    assert_eq!(masked(&mask, "alpha-beta alpha"), "<masked> <masked>");
}

#[test]
fn a_request_gives_away_its_credentials_its_body_and_its_parameters() {
    let mut needles = Needles::default();
    needles.basic("dTpvcGVuIHNlc2FtZQ==");
    needles.cookie("lang=en; session=cookie-value");
    needles.query(&"https://a.example/?page=1&token=a%2Fb-c".parse().unwrap());
    needles.body(r#"{"user": "operator", "try": [1, {"pw": "json-value"}]}"#);
    needles.body("user=operator&pw=form+value");
    needles.body("<a><pw>tag-value</pw></a>");
    needles.body("first line\nsecond line");
    let all = needles.sorted();
    for secret in [
        "open sesame",
        "cookie-value",
        "a/b-c",
        "a%2Fb-c",
        "operator",
        "json-value",
        "form value",
        "tag-value",
        "second line",
    ] {
        assert!(all.iter().any(|it| it == secret), "{secret}: {all:?}");
    }
    assert!(all.iter().all(|it| it.len() >= SHORTEST), "{all:?}");
}

#[test]
fn names_of_secrets_are_known() {
    for name in [
        "Authorization",
        "X-Api-Key",
        "X-Auth-Token",
        "Cookie",
        "sig",
        "PHPSESSION",
    ] {
        assert!(is_secret_name(name), "{name}");
    }
    for name in ["www-authenticate", "server", "author", "keyboard", "etag"] {
        assert!(!is_secret_name(name), "{name}");
    }
}
