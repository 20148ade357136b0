//! What the page says, from pictures made by hand.

use super::samples::failed_over;
use super::*;

#[test]
fn the_first_thing_said_is_which_channel_to_use() {
    let page = String::from_utf8(document(&failed_over())).expect("it is UTF-8");
    assert!(
        page.contains("<title>X is down: use Bluesky · rennes-1</title>"),
        "{page}"
    );
    let words = "<span class=\"news\">X is down since 12:59 UTC (tls), 10m.</span> ";
    assert!(page.contains(words), "{page}");
    let link = "<a class=\"use\" href=\"https://bluesky.example/ville\" rel=\"noreferrer\">\
                Post on: Bluesky.</a>";
    assert!(page.contains(link), "{page}");
}
