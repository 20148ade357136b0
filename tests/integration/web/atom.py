"""Reads an Atom feed on standard input and demands what RFC 4287 does; tells the entries as JSON."""

import datetime
import json
import re
import sys
import urllib.parse
import xml.etree.ElementTree as xml

ATOM = "{http://www.w3.org/2005/Atom}"
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TAG = re.compile(r"tag:[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*")
# Section 4.1: once at most, and once exactly, in each.
FEED = {"id": 1, "title": 1, "updated": 1, "generator": 0, "icon": 0, "logo": 0, "rights": 0, "subtitle": 0}
ENTRY = {"id": 1, "title": 1, "updated": 1, "content": 0, "published": 0, "rights": 0, "source": 0, "summary": 0}
MANY = {"author", "category", "contributor", "link"}


def text(parent, name):
    return parent.findtext(ATOM + name)


def construct(parent, counts, more):
    names = [child.tag.removeprefix(ATOM) for child in parent]
    for name, least in counts.items():
        assert least <= names.count(name) <= 1, (parent.tag, name)
    unknown = set(names) - set(counts) - MANY - more
    assert not unknown, unknown
    for name in ("updated", "published"):
        for date in parent.findall(ATOM + name):
            assert DATE.fullmatch(date.text), date.text
            datetime.datetime.fromisoformat(date.text.replace("Z", "+00:00"))
    assert TAG.fullmatch(text(parent, "id")), text(parent, "id")
    for category in parent.findall(ATOM + "category"):
        assert category.attrib["term"]
    for author in parent.findall(ATOM + "author"):
        assert author.findtext(ATOM + "name").strip()
    links = parent.findall(ATOM + "link")
    for link in links:
        urllib.parse.urlsplit(link.attrib["href"])
        assert not list(link) and not (link.text or "").strip()
    alternates = [link for link in links if link.attrib.get("rel", "alternate") == "alternate"]
    kinds = [(link.get("type"), link.get("hreflang")) for link in alternates]
    assert len(set(kinds)) == len(kinds), kinds
    return links


feed = xml.fromstring(sys.stdin.buffer.read())
assert feed.tag == ATOM + "feed"
links = construct(feed, FEED, {"entry"})
own = [link.attrib["href"] for link in links if link.attrib.get("rel") == "self"]
assert len(own) == 1, own
entries = feed.findall(ATOM + "entry")
assert feed.find(ATOM + "author") is not None
told = []
for entry in entries:
    links = construct(entry, ENTRY, set())
    content = entry.find(ATOM + "content")
    # Without content there must be an alternate; text has no children.
    assert content is not None and content.get("type") == "text" and not list(content)
    (led,) = [link.attrib["href"] for link in links]
    texts = {name: text(entry, name) for name in ("id", "title", "published", "updated", "content")}
    told.append({**texts, "link": led})
ids = [entry["id"] for entry in told]
assert len(set(ids)) == len(ids), ids
dates = [entry["updated"] for entry in told]
assert dates == sorted(dates, reverse=True), dates
assert not dates or text(feed, "updated") == dates[0]
language = feed.get("{http://www.w3.org/XML/1998/namespace}lang")
print(json.dumps({"self": own[0], "language": language, "title": text(feed, "title"), "entries": told}))
