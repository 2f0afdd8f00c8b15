"""The report of a gait analysis: tables, figures and one HTML page that works offline."""

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from crossmodal import offline_page
from crossmodal.files import replace_atomically
from crossmodal.gait.analysis import GaitAnalysis
from crossmodal.gait.figures import draw_figures
from crossmodal.gait.norms import ADULTS, Norm, find_norm
from crossmodal.gait.parameters import REGIONS, Parameter
from crossmodal.gait.tables import event_rows, footprint_rows, parameter_rows

_KINDS = {
    "walkway": "walk over a mat",
    "prints": "footprints without time",
    "stance": "single stance",
    "insoles": "walk on insoles",
}
_CAPTIONS = {
    "footprints": "Peak pressures, with axis, heel centre and path of the centre of pressure of each footprint.",
    "forces": "Force of each foot; solid lines: heel strike, dotted lines: toe off.",
    "phases": "Gait phases.",
}
_EVENT_COLUMNS = ("time_s", "event", "side", "walker", "stance")
_FOOTPRINT_COLUMNS = ("stance", "walker", "passage", "side", "heel_strike_s", "toe_off_s")
_PARAMETER_COLUMNS = ("name", "side", "walker", "value", "sd", "unit", "steps", "norm", "norm_sd", "norm_source")


def write_report(
    analysis: GaitAnalysis,
    folder: str | os.PathLike[str],
    *,
    title: str = "Gait",
    norms: Sequence[Norm] = ADULTS,
    age: float | None = None,
) -> list[Path]:
    """Write the tables, the figures and the page of an analysis into a folder.

    Args:
        analysis: the analysis.
        folder: created if missing; files of the same names are replaced.
        title: of the page.
        norms: to compare the parameters with.
        age: of the person, in years; an adult by default.

    Returns:
        The files: ``events.csv``, ``footprints.csv``, ``parameters.csv``, ``report.html`` and the figures (PNG).

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = Path(folder)
    tables = {
        "events.csv": (event_rows(analysis), _EVENT_COLUMNS),
        "footprints.csv": (footprint_rows(analysis), _FOOTPRINT_COLUMNS),
        "parameters.csv": (parameter_rows(analysis, norms, age), _PARAMETER_COLUMNS),
    }
    for name, (rows, columns) in tables.items():
        offline_page.write_rows(folder / name, rows, columns)
    images = {name: offline_page.as_png(figure) for name, figure in draw_figures(analysis).items()}
    for name, image in images.items():
        with replace_atomically(folder / f"{name}.png") as temporary:
            temporary.write_bytes(image)
    with replace_atomically(folder / "report.html") as temporary:
        temporary.write_text(as_page(analysis, images, title, norms, age), encoding="utf-8")
    return [folder / name for name in (*tables, *(f"{name}.png" for name in images), "report.html")]


def as_page(
    analysis: GaitAnalysis,
    images: Mapping[str, bytes],
    title: str,
    norms: Sequence[Norm] = ADULTS,
    age: float | None = None,
) -> str:
    """Return the page as HTML: summary, figures, tables and definitions."""
    stances, walkers = len(analysis.stances), len({stance.walker for stance in analysis.stances})
    rate = f"{analysis.rate_hz:.4g} Hz" if analysis.rate_hz == analysis.rate_hz else "no clock"
    facts = [
        _KINDS[analysis.kind],
        f"{stances} stances",
        f"format {analysis.source}",
        rate,
        f"method {analysis.method}",
    ]
    facts += [f"{walkers} walkers"] if walkers > 1 else []
    body = [f"<h1>{html.escape(title)}</h1>", f"<p>{html.escape(' · '.join(facts))}</p>"]
    for name, image in images.items():
        body.append(offline_page.as_figure(image, _CAPTIONS[name], alt=name))
    for walker in sorted({parameter.walker for parameter in analysis.parameters}):
        own = [parameter for parameter in analysis.parameters if parameter.walker == walker]
        body.append(f"<h2>Parameters{f', walker {walker}' if walkers > 1 else ''}</h2>")
        whole = [one for one in own if one.name.partition("_")[0] not in REGIONS]
        body.append(_table(whole, norms, age))
        if len(whole) < len(own):
            body.append("<h2>By region</h2>")
            body.append(_table([one for one in own if one not in whole], norms, age))
    if analysis.left_out:
        body.append("<h2>Left out</h2><ul>")
        body += [f"<li>{html.escape(reason)}</li>" for reason in analysis.left_out]
        body.append("</ul>")
    definitions = {one.name: one.definition for one in analysis.parameters if one.name.partition("_")[0] not in REGIONS}
    body.append("<h2>Definitions</h2><dl>")
    body += [f"<dt>{_as_text(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in definitions.items()]
    body.append("</dl>")
    return offline_page.as_page(title, body)


def _table(parameters: Sequence[Parameter], norms: Sequence[Norm], age: float | None) -> str:
    rows = []
    for name in dict.fromkeys(parameter.name for parameter in parameters):
        by_side = {parameter.side: parameter for parameter in parameters if parameter.name == name}
        unit = html.escape(next(iter(by_side.values())).unit)
        norm = find_norm(name, norms, age)
        known = f"{norm.mean:.4g}" + (f" ± {norm.sd:.3g}" if norm.sd == norm.sd else "") if norm else ""
        source = f"<br><small>{html.escape(norm.source)}</small>" if norm else ""
        cells = [_value(by_side.get(side)) for side in (None, "left", "right")]
        both = by_side.get(None)
        steps = str(both.steps) if both else ""
        rows.append([_as_text(name), unit, *cells, steps, known + source])
    return offline_page.as_table(("", "unit", "both", "left", "right", "steps", "norm"), rows)


def _value(parameter: Parameter | None) -> str:
    if parameter is None:
        return ""
    sd = f" ± {parameter.sd:.2g}" if parameter.sd == parameter.sd else ""
    return f"{parameter.value:.4g}{sd}"


def _as_text(name: str) -> str:
    return html.escape(name.replace("_", " "))
