#!/usr/bin/env python3
"""Turns the coloured output of a command into an SVG that looks like a terminal.

    docs/picture.py 'bascule probe x' < output > docs/probe.svg

The title is shown as the command that was typed. Knows the few escape sequences that bascule
writes (bold, dim, six colours, and the erased progress line) and refuses any other, so that a
picture never lies. `script -qec 'bascule probe x' /dev/null` makes the coloured output.
"""

import html
import re
import sys

COLOURS = {
    "31": "#e06c75", "32": "#98c379", "33": "#e5c07b",
    "34": "#61afef", "35": "#c678dd", "36": "#56b6c2",
}
TEXT, DIM, STRONG, GROUND, PROMPT = "#c8ccd4", "#7f8794", "#ffffff", "#1e2127", "#98c379"
WIDTH, HEIGHT, COLUMNS, MARGIN = 8.43, 19, 80, 20


def pieces(line):
    """Yields (text, colour, bold) for one line."""
    colour, bold = TEXT, False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line.rpartition("\x1b[K")[2]):
        if part.startswith("\x1b["):
            codes = part[2:-1].split(";")
            if codes in (["0"], [""]):
                colour, bold = TEXT, False
            for code in codes:
                if code == "1":
                    bold = True
                    colour = STRONG if colour == TEXT else colour
                elif code == "2":
                    colour = DIM
                elif code in COLOURS:
                    colour = COLOURS[code]
                elif code not in ("", "0"):
                    sys.exit(f"picture.py: unknown colour code {code}")
        elif "\x1b" in part:
            sys.exit(f"picture.py: unknown escape sequence in {part!r}")
        elif part:
            yield part, colour, bold


def main():
    command = sys.argv[1]
    output = sys.stdin.read().replace("\r", "").rstrip("\n")
    lines = [f"\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m"] + output.split("\n")
    width = COLUMNS * WIDTH + 2 * MARGIN
    height = len(lines) * HEIGHT + 2 * MARGIN + 16
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
          f'width="{width:.0f}" height="{height}" role="img" '
          f'aria-label="Terminal: {html.escape(command)}">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>')
    for index, dot in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        print(f'<circle cx="{MARGIN + index * 18}" cy="18" r="5" fill="{dot}"/>')
    print('<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', '
          'monospace" font-size="14" xml:space="preserve" style="white-space: pre">')
    for row, line in enumerate(lines):
        y = MARGIN + 16 + (row + 1) * HEIGHT - 5
        column = 0
        for text, colour, bold in pieces(line):
            if text.strip():
                # Each piece has its own place and length, so that no font can break the columns.
                x = MARGIN + (column + len(text) - len(text.lstrip())) * WIDTH
                shown = text.strip()
                weight = ' font-weight="bold"' if bold else ""
                print(f'<text x="{x:.1f}" y="{y}" fill="{colour}"{weight} '
                      f'textLength="{len(shown) * WIDTH:.1f}">'
                      f'{html.escape(shown, quote=False)}</text>')
            column += len(text)
    print("</g>\n</svg>")


main()
