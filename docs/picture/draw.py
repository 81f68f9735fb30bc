"""Draws the lines of a terminal as two pictures, one for light pages and one for dark ones."""

import io
import re
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

NORMAL = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
]

# Background, foreground, and the colours in the order of NORMAL: readable on their background at a contrast of 4.5.
THEMES = {
    "light": ("#ffffff", "#1f2328", "#1f2328 #cf222e #116329 #7d4e00 #0550ae #8250df #1b7c83 #57606a"),
    "dark": ("#0d1117", "#e6edf3", "#6e7681 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #b1bac4"),
}


def rgb(color: str) -> tuple[int, int, int]:
    return tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))


def theme(background: str, foreground: str, colors: str) -> TerminalTheme:
    normal = [rgb(color) for color in colors.split()]
    assert len(normal) == len(NORMAL)
    return TerminalTheme(rgb(background), rgb(foreground), normal, normal)


# A page may not load fonts for a picture: the reader's own.
without_fonts = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code, monospace", "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
)

source = Path(sys.argv[1])
lines = source.read_text().rstrip("\n")
for name, colors in THEMES.items():
    console = Console(
        record=True, width=100, file=io.StringIO(), force_terminal=True, color_system="standard", highlight=False
    )
    console.print(Text.from_ansi(lines))
    svg = console.export_svg(
        title="acr-pull setup",
        theme=theme(*colors),
        code_format=without_fonts,
        unique_id=f"acr-pull-{name}",
    )
    # Its frame is meant for dark pages alone.
    svg = svg.replace("rgba(255,255,255,0.35)", "rgba(128,128,128,0.5)")
    source.with_name(f"{source.stem}-{name}.svg").write_text(svg)
