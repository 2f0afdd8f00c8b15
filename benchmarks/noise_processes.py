"""The processes of the pretraining tables, by row name, as changes of a recipe."""

from typing import Any

from crossmodal import recipe as recipes
from crossmodal.spelling import suggestion


def _process(name: str, **options: Any) -> dict[str, Any]:
    return {"data.process": name, "data.options": options} if options else {"data.process": name}


#: Changes of recipe keys, as by ``crossmodal train RECIPE --data.process NAME --data.options OPTIONS``.
PROCESSES: dict[str, dict[str, Any]] = {
    "dead_leaves": _process("dead_leaves"),
    "dead_leaves_squares": _process("dead_leaves", shape="square"),
    "dead_leaves_oriented": _process("dead_leaves", shape="oriented"),
    "dead_leaves_textured": _process("dead_leaves", texture="spectrum_colour_wmm"),
    "spectrum": _process("spectrum"),
    "wmm": _process("wmm"),
    "spectrum_colour": _process("spectrum_colour"),
    "spectrum_colour_wmm": _process("spectrum_colour_wmm"),
    "untrained_generator": _process("untrained_generator", variant="oriented"),
    "untrained_generator_random": _process("untrained_generator", variant="random"),
    "untrained_generator_high_frequency": _process("untrained_generator", variant="high_frequency"),
    "untrained_generator_sparse": _process("untrained_generator", variant="sparse"),
    "feature_visualization": _process("feature_visualization", backbone="small_alexnet", width=0.25),
    "programs": _process("programs"),
    "mixup": _process("mixup", process="programs"),
    "kml_mixup": _process("kml_mixup", process="programs"),
    "fractals": _process("fractals"),
    "orbits": _process("orbits"),
    "mixture": _process(
        "mixture",
        processes=[
            {"process": "dead_leaves", "options": {"shape": "mixed"}},
            {"process": "dead_leaves", "options": {"texture": "spectrum_colour_wmm"}},
            {"process": "untrained_generator", "options": {"variant": "oriented"}},
            {"process": "programs", "options": {}},
        ],
    ),
}

#: ImageNet-100 top-1 (%) of the whole small AlexNet after 42 million views, read to within 0.3 from the figure on the
#: authors' page of Baradad et al., "Learning to see by looking at noise", NeurIPS 2021.
PUBLISHED = {
    "spectrum": 30.7,
    "wmm": 31.5,
    "fractals": 33.5,
    "untrained_generator_random": 34.1,
    "dead_leaves_squares": 35.2,
    "spectrum_colour": 36.8,
    "dead_leaves_oriented": 37.5,
    "dead_leaves": 39.0,
    "feature_visualization": 39.3,
    "spectrum_colour_wmm": 40.0,
    "dead_leaves_textured": 40.9,
    "untrained_generator_sparse": 42.1,
    "untrained_generator_high_frequency": 42.2,
    "untrained_generator": 43.5,
    "random start": 21.4,
    "raw pixels": 8.9,
    "mean colour": 5.1,
}


def read_under(protocol: str, name: str) -> dict[str, Any]:
    """Return a recipe with the process of a row of the table.

    Raises:
        SystemExit: there is no such row; the message suggests one.
    """
    if name not in PROCESSES:
        raise SystemExit(f"unknown process {name!r}{suggestion(name, PROCESSES)}")
    return recipes.override(recipes.read(protocol), PROCESSES[name])
