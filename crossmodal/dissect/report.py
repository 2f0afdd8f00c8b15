"""The report of a dissection: JSON, CSV tables and one HTML page with embedded strips and charts."""

import html
import os
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from crossmodal import offline_page
from crossmodal.dissect.dissection import PUBLISHED_THRESHOLD, Dissection, Unit
from crossmodal.dissect.strip import ImageArray
from crossmodal.files import replace_atomically
from crossmodal.json_text import write_json

FILES = ("dissection.json", "units.csv", "concepts.csv", "report.html")
_OURS, _OTHER, _INK, _FAINT = "#1f6f8b", "#e4572e", "#333333", "#b5b5b5"
_STYLE = """
.units { display: grid; grid-template-columns: repeat(auto-fill, minmax(490px, 1fr)); gap: 1rem 1.4rem; }
.unit b { color: #1f6f8b; } .unit.null b { color: #999; font-weight: 500; } .unit p { margin: 0 0 .25rem; }
"""


def write_report(
    dissection: Dissection,
    folder: str | os.PathLike[str],
    *,
    strips: Mapping[int, ImageArray] | None = None,
    extra: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> list[Path]:
    """Write a dissection into a folder: ``dissection.json``, ``units.csv``, ``concepts.csv`` and ``report.html``.

    Args:
        dissection: the dissection.
        folder: created if missing; files with the same names are replaced.
        strips: strips of units in the order of the report, see `crossmodal.dissect.strip.draw_strips`.
        extra: more entries for the JSON file, such as the names of the weights and the masks.
        title: of the page.

    Returns:
        The paths of the files.

    Raises:
        OutputError: the folder cannot be written.
    """
    root = Path(folder)
    write_json(root / "dissection.json", dissection.as_dict() | dict(extra or {}))
    offline_page.write_rows(
        root / "units.csv", [_unit_row(unit) for unit in dissection.units], ("unit", "concept", "iou")
    )
    offline_page.write_rows(
        root / "concepts.csv", [asdict(concept) for concept in dissection.concepts], ("name", "index")
    )
    page = as_page(dissection, strips or {}, title or f"{dissection.model}, {dissection.layer}")
    with replace_atomically(root / "report.html") as temporary:
        temporary.write_text(page, encoding="utf-8")
    return [root / name for name in FILES]


def as_page(dissection: Dissection, strips: Mapping[int, ImageArray], title: str) -> str:
    """Return the HTML page: charts, concepts, units and settings."""
    summary, settings = dissection.summary(), dissection.settings
    facts = [
        f"{summary['units']} units",
        f"{summary['detectors']} detectors of {summary['unique_concepts']} concepts",
        f"{settings['images']} images",
        f"activation threshold exceeded in {100 * settings['fraction']:g} % of cells"
        if settings["threshold"] != "information"
        else "most informative activation threshold of each unit",
    ]
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(' · '.join(facts))}</p>",
        f"<p>{_explain(dissection)}</p>",
    ]
    for figure, caption in (
        (figure_units(dissection), _UNITS_CAPTION),
        (figure_concepts(dissection), _CONCEPTS_CAPTION),
    ):
        body.append(offline_page.as_figure(offline_page.as_png(figure), caption))
    body += ["<h2>Concepts</h2>", _concept_table(dissection)]
    if dissection.left_out:
        rare = ", ".join(f"{name} ({100 * fraction:.2g} %)" for name, fraction in dissection.left_out.items())
        body.append(f"<p><small>Too rare to name a unit: {html.escape(rare)}</small></p>")
    if strips:
        body.append("<h2>Units</h2><div class=units>")
        body += [_unit_block(dissection.units[unit], strip) for unit, strip in strips.items()]
        body.append("</div>")
    rows = "".join(
        f"<tr><td>{html.escape(str(key))}</td><td>{html.escape(str(value))}</td></tr>"
        for key, value in settings.items()
    )
    body.append(f"<h2>Settings</h2><table>{rows}</table>")
    return offline_page.as_page(title, body, _STYLE)


_UNITS_CAPTION = (
    "IoU of each unit with its concept, on images that did not name it, with the 95 % interval over images; "
    "ticks: the threshold of the concept from the null distribution."
)
_CONCEPTS_CAPTION = "Units of each concept: detectors, and units named for it that do not exceed its threshold."


def figure_units(dissection: Dissection) -> Figure:
    """Draw the IoU of each unit with its interval and threshold, the best unit first."""
    units = sorted(dissection.units, key=lambda unit: (-unit.detector, -unit.iou.value))
    thresholds = {concept.name: concept.threshold for concept in dissection.concepts}
    figure = Figure((12.0, 3.2), layout="constrained")
    axis = figure.add_subplot()
    for chosen, colour, name in ((True, _OURS, "detector"), (False, _FAINT, "below the threshold")):
        positions = [position for position, unit in enumerate(units) if unit.detector == chosen]
        iou = [units[position].iou for position in positions]
        if not iou:
            continue
        axis.vlines(positions, [one.low for one in iou], [one.high for one in iou], color=colour, lw=1, alpha=0.6)
        axis.plot(positions, [one.value for one in iou], "o", ms=3, color=colour, label=name)
    axis.plot(
        range(len(units)), [thresholds[unit.concept] for unit in units], "_", ms=4, color=_OTHER,
        label="threshold of the concept",
    )  # fmt: skip
    published = f"{PUBLISHED_THRESHOLD}, the threshold of the literature"
    axis.axhline(PUBLISHED_THRESHOLD, color=_INK, lw=0.7, ls=":", label=published)
    axis.set_ylim(bottom=0)
    axis.set_xlim(-1, len(units))
    axis.set_ylabel("IoU", fontsize=9, color=_INK)
    axis.set_xlabel("units, best first", fontsize=9, color=_INK)
    axis.legend(frameon=False, fontsize=8, ncols=4)
    _finish(axis)
    return figure


def figure_concepts(dissection: Dissection) -> Figure:
    """Draw the number of units of each concept."""
    names = [concept.name for concept in dissection.concepts]
    named = [sum(unit.concept == name for unit in dissection.units) for name in names]
    detectors = [concept.detectors for concept in dissection.concepts]
    figure = Figure((12.0, 0.8 + 0.26 * len(names)), layout="constrained")
    axis = figure.add_subplot()
    axis.barh(names, named, color="#e3e3e3", label="named")
    axis.barh(names, detectors, color=_OURS, label="detectors")
    axis.invert_yaxis()
    axis.set_xlabel("units", fontsize=9, color=_INK)
    axis.legend(frameon=False, fontsize=8, loc="lower right")
    _finish(axis)
    return figure


def choose_units(dissection: Dissection, count: int) -> list[int]:
    """Select units to show: detectors, the best first, then other active units by IoU relative to the threshold."""
    thresholds = {concept.name: concept.threshold for concept in dissection.concepts}
    rest = [unit for unit in dissection.units if not unit.detector and unit.active > 0]
    rest.sort(key=lambda unit: -unit.iou.value / max(thresholds[unit.concept], 1e-9))
    return [unit.unit for unit in (*dissection.detectors, *rest)][:count]


def _explain(dissection: Dissection) -> str:
    summary, settings, alpha = dissection.summary(), dissection.settings, dissection.settings["alpha"]
    return (
        f"Units are named on {settings['named_on']} images and scored on {settings['scored_on']} others. A detector "
        f"exceeds the threshold of its concept. With probability {1 - alpha:g}, no unit of a layer that "
        f"responds to nothing exceeds any threshold (null distribution: {settings['permutations']} permutations of "
        f"masks among images). In {100 * alpha:g} % of these permutations the best unit of the layer has an "
        f"IoU above {dissection.layer_threshold:.3f} with some concept. The fixed threshold of {PUBLISHED_THRESHOLD} "
        f"would give {summary['detectors_by_published_threshold']} detectors."
    )


def _concept_table(dissection: Dissection) -> str:
    rows = []
    for concept in dissection.concepts:
        best = next((unit for unit in dissection.detectors if unit.concept == concept.name), None)
        rows.append(
            (
                html.escape(concept.name),
                f"{100 * concept.fraction:.2g}",
                str(concept.images),
                f"{concept.threshold:.3f}",
                str(concept.detectors),
                f"{best.unit}: {best.iou:.3f}" if best else "",
            )
        )
    return offline_page.as_table(("concept", "% of pixels", "images", "threshold", "detectors", "best unit"), rows)


def _unit_block(unit: Unit, strip: ImageArray) -> str:
    memory = BytesIO()
    Image.fromarray(strip).save(memory, "JPEG", quality=88)
    also = f", also {', '.join(unit.also)}" if unit.also else ""
    corrected = f"; corrected {unit.corrected.value:.3f}" if np.isfinite(unit.corrected.value) else ""
    figures = f"IoU {unit.iou:.3f}{corrected}; null {unit.null_iou:.3f}"
    text = f"unit {unit.unit} <b>{html.escape(unit.concept)}</b> <small>{html.escape(figures + also)}</small>"
    image = offline_page.as_image(memory.getvalue(), "jpeg")
    return f'<div class="unit{"" if unit.detector else " null"}"><p>{text}</p>{image}</div>'


def _unit_row(unit: Unit) -> dict[str, Any]:
    row = unit.as_dict() | {"also": " ".join(unit.also), "top": " ".join(map(str, unit.top))}
    return {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in row.items()}


def _finish(axis: Axes) -> None:
    axis.tick_params(labelsize=8, colors=_INK)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
