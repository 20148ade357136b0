//! docs/quick-start.md, done word for word as root on a Debian that has nothing, up to the
//! installation of Grafana, of which no registry has a package.
//!
//! Each block in `sh` is run as it stands. A block in `text` right behind it is what one sees then:
//! `...` stands for what may differ, on a line of its own for any number of lines; how wide a column
//! is does not matter. People are slower than machines, so a block is run again until that is what
//! it says: it must bear that.

use tokio::time::Instant;

use super::*;

/// Where the reader needs the Internet, which a test does not have.
const END: &str = "\n## 4. ";

/// What the reader opens in a browser.
const PAGE: &str = "<http://127.0.0.1:10110/>";

/// A block in a fence.
#[derive(Debug, PartialEq)]
struct Block<'a> {
    language: &'a str,
    text: &'a str,
    /// Only a blank line is between it and the block before.
    follows: bool,
}

fn document(name: &str) -> String {
    let path = format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let parts: Vec<&str> = text.split("```").collect();
    assert!(parts.len() % 2 == 1, "a fence is open");
    let fences = parts.iter().enumerate().skip(1).step_by(2);
    fences
        .map(|(at, part)| {
            let (language, text) = part.split_once('\n').expect("a block has lines");
            Block {
                language,
                text,
                follows: parts[at - 1].trim().is_empty(),
            }
        })
        .collect()
}

/// Whether a text is what the document shows.
fn is_as_shown(shown: &str, said: &str) -> bool {
    let pattern: String = shown
        .lines()
        .map(|line| match line {
            "..." => "(?:.*\n)*?".to_owned(),
            line => {
                let words: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).collect();
                let words = regex::escape(&words.join(" ")).replace(r"\.\.\.", ".*");
                words.replace(' ', " +") + "\n"
            }
        })
        .collect();
    let pattern = regex::Regex::new(&format!(r"\A{pattern}\z")).expect("it is a pattern");
    let said: String = said
        .lines()
        .map(|line| line.trim().to_owned() + "\n")
        .collect();
    pattern.is_match(&said)
}

#[test]
fn what_is_shown_may_leave_out_lines_and_parts_of_lines_and_nothing_else() {
    let shown = "a\n...\nb ... d\n";
    for said in ["a\nb c d\n", "a\nx\ny\n  b  c    d \n"] {
        assert!(is_as_shown(shown, said), "{said}");
    }
    for said in ["b c d\n", "a\nb c\n", "a\nb c d\ne\n", "a b c d\n"] {
        assert!(!is_as_shown(shown, said), "{said}");
    }
}

#[test]
fn the_french_quick_start_has_the_commands_of_the_english_one() {
    let (english, french) = (document("quick-start.md"), document("quick-start.fr.md"));
    assert_eq!(blocks(&french), blocks(&english));
}

#[test]
fn the_quick_start_does_word_for_word_what_it_says() {
    let world = World::start();
    let machine = Machine::boot(&world);
    let scene = Scene { machine, world };
    let deb = std::fs::read(package(FIRST)).expect("the package can be read");
    scene.machine.write("/tmp/bascule_0.1.0-1_amd64.deb", deb);
    let text = document("quick-start.md");
    let (here, _) = text.split_once(END).expect("it goes on to Grafana");
    let blocks = blocks(here);
    assert!(blocks.len() > 10, "{blocks:?}");
    let mut blocks = blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        assert_eq!(block.language, "sh", "nobody looks at this: {}", block.text);
        let shown = blocks.next_if(|next| next.language == "text" && next.follows);
        scene.does(block.text, shown.map(|shown| shown.text));
    }
    assert!(here.contains(PAGE), "the page is named");
    let page = scene.machine.until("the page", || scene.machine.get("/"));
    assert!(page.contains("City website is down"), "{page}");
}

impl Scene {
    /// Runs a block until it says what is shown; a command that fails ends it.
    fn does(&self, commands: &str, shown: Option<&str>) {
        let began = Instant::now();
        let line = format!("cd /root && exec 2>&1 && set -e\n{commands}");
        self.machine.until(&format!("as shown: {commands}"), || {
            let done = self.machine.attempt(&line);
            let Some(shown) = shown else {
                assert!(
                    done.code == 0,
                    "{commands} ends with {}:\n{}",
                    done.code,
                    done.stdout
                );
                return Ok(());
            };
            match is_as_shown(shown, &done.stdout) {
                true => Ok(()),
                false => Err(format!("{} ({})", done.stdout, done.code)),
            }
        });
        println!("{:.1} s: {commands}", began.elapsed().as_secs_f64());
    }
}
