"""Put what a benchmark has measured into a page, between the page's markers."""

from pathlib import Path

from crossmodal.files import replace_atomically


def put(page: Path, text: str, name: str = "results") -> None:
    """Replace what stands between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``.

    Raises:
        SystemExit: the page has no such markers; it is left as it is.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, first, rest = page.read_text(encoding="utf-8").partition(begin)
    _, last, after = rest.partition(end)
    if not (first and last):
        raise SystemExit(f"{page}: has no {begin} and {end}")
    with replace_atomically(page) as temporary:
        temporary.write_text(f"{before}{begin}\n{text.rstrip()}\n{end}{after}", encoding="utf-8")
