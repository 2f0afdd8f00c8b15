"""Draw the packages of crossmodal and the imports between them; fail on a cycle or an import of a higher layer.

python docs/packages.py            check, and write docs/figures/packages.svg
python docs/packages.py --check    check only

The order of the layers is read from ``[tool.importlinter]`` in pyproject.toml. Every import statement counts, also inside
functions and under ``if TYPE_CHECKING:``, as import-linter counts them. Exit code 1: an import is wrong.
"""

import ast
import sys
import tomllib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
FIGURE = TREE / "docs" / "figures" / "packages.svg"

Imports = Mapping[str, set[str]]


def read_layers(pyproject: Path = TREE / "pyproject.toml") -> list[list[str]]:
    """Return the packages of each layer, from the highest to the lowest."""
    contracts = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[name.strip().removeprefix("crossmodal.") for name in layer.split("|")] for layer in layers]


def read_imports(root: Path = TREE / "crossmodal") -> dict[str, set[str]]:
    """Return what each package imports, with a file beside the packages as a package of its own."""
    found: dict[str, set[str]] = {}
    for path in sorted(root.rglob("*.py")):
        package = path.relative_to(root).with_suffix("").parts[0]
        names = {name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for name in _imported(node)}
        parts = [name.split(".") for name in names if name.startswith("crossmodal.")]
        found.setdefault(package, set()).update(name[1] for name in parts if name[1] != package)
    found.pop("__init__")  # the public names, which load on first use
    return found


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module == "crossmodal":
        return [f"crossmodal.{alias.name}" for alias in node.names if not alias.name.startswith("__")]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def faults(imports: Imports, layers: list[list[str]]) -> list[str]:
    """Return a sentence for each cycle, each import of the same or a higher layer, and each package without a layer."""
    layer_of = {name: number for number, layer in enumerate(layers) for name in layer}
    wrong = [f"{name} is in no layer of pyproject.toml" for name in sorted(imports) if name not in layer_of]
    for name, others in imports.items():
        known = sorted(other for other in others if name in layer_of and other in layer_of)
        wrong += [f"{name} imports {other}, which is not below it" for other in known if layer_of[other] <= layer_of[name]]
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        wrong.append(f"packages import each other: {' -> '.join(error.args[1])}")
    return wrong


def direct(imports: Imports) -> dict[str, set[str]]:
    """Drop every import that a chain of others implies: the arrows that are drawn."""
    below: dict[str, set[str]] = {}
    for name in TopologicalSorter(imports).static_order():
        below[name] = set().union(imports.get(name, set()), *(below[other] for other in imports.get(name, set())))
    return {
        name: {one for one in others if not any(one in below[other] for other in others)}
        for name, others in imports.items()
    }


def draw(imports: Imports, layers: list[list[str]]) -> str:
    """Return an SVG: a box for each package, a row for each layer, an arrow for each direct import."""
    width, box, tall, gap = 900, 126, 24, 26
    places: dict[str, tuple[float, float]] = {}
    for row, layer in enumerate(layers):
        for column, name in enumerate(layer):
            middle = width * (column + 1) / (len(layer) + 1) + (0 if len(layer) > 1 else 130 * ((row % 5) - 2))
            places[name] = middle, 16 + row * (tall + gap)
    arrows = [
        f'<path d="M{x:.0f} {y + tall:.0f} C{x:.0f} {y + tall + 40:.0f} {u:.0f} {v - 40:.0f} {u:.0f} {v - 3:.0f}"/>'
        for name, others in sorted(direct(imports).items())
        for x, y in [places[name]]
        for u, v in (places[other] for other in sorted(others))
    ]
    boxes = [
        f'<rect x="{x - box / 2:.0f}" y="{y}" width="{box}" height="{tall}" rx="4"/>'
        f'<text x="{x:.0f}" y="{y + 16}">{name}</text>'
        for name, (x, y) in places.items()
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {len(layers) * (tall + gap) + 6}">',
            "<style>rect{fill:#eef3f8;stroke:#456} text{font:13px sans-serif;text-anchor:middle;fill:#123}",
            "path{fill:none;stroke:#889;marker-end:url(#tip)}</style>",
            '<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>',
            '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
            '<path d="M0 0L8 4L0 8z" style="fill:#667;stroke:none;marker-end:none"/></marker>',
            *arrows,
            *boxes,
            "</svg>\n",
        ]
    )


def main() -> int:
    """Check the imports, and write the figure unless ``--check`` is given."""
    layers, imports = read_layers(), read_imports()
    wrong = faults(imports, layers)
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong and "--check" not in sys.argv[1:]:
        FIGURE.write_text(draw(imports, layers), encoding="utf-8")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
