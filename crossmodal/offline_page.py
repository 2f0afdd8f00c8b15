"""HTML reports that work offline, with embedded figures, and their tables as CSV files."""

import csv
import html
import os
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from crossmodal.files import replace_atomically

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #333; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
img { max-width: 100%; display: block; } figure { margin: 0 0 1.5rem; } figcaption { color: #666; font-size: .87rem; }
table { border-collapse: collapse; font-size: .87rem; width: 100%; }
th, td { text-align: right; padding: .25rem .55rem; border-bottom: 1px solid #e3e3e3; vertical-align: top; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 1px solid #999; }
dt { font-weight: 600; margin-top: .4rem; } dd { margin: 0 0 0 1rem; color: #555; }
.scroll { overflow-x: auto; } small { color: #777; }
"""


def as_page(title: str, body: Iterable[str], style: str = "") -> str:
    """Return an HTML page of the given parts; ``style`` is CSS added to the common one."""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}{style}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def as_image(image: bytes, kind: str = "png", alt: str = "") -> str:
    """Return the HTML tag of an embedded image; ``kind`` is ``png`` or ``jpeg``."""
    return f'<img src="data:image/{kind};base64,{b64encode(image).decode()}" alt="{html.escape(alt)}">'


def as_figure(image: bytes, caption: str, alt: str = "") -> str:
    """Return the HTML of a PNG image with its caption."""
    return f"<figure>{as_image(image, alt=alt)}<figcaption>{html.escape(caption)}</figcaption></figure>"


def as_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an HTML table, which scrolls if it is wider than the page."""
    titles = "".join(f"<th>{word}</th>" for word in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>'


def as_png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    memory = BytesIO()
    FigureCanvasAgg(figure).print_figure(memory, dpi=120, facecolor="white")
    return memory.getvalue()


def write_rows(path: str | os.PathLike[str], rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write rows as CSV, atomically; missing values are empty cells.

    Raises:
        OutputError: the file cannot be written, or the disk is full.
    """
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    with replace_atomically(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
