"""Model cards of trained weights: task, data, method, results, command and recipe."""

import json
import textwrap
from typing import Any

from crossmodal import provenance
from crossmodal import recipe as recipes


def model_card(
    name: str,
    recipe: dict[str, Any],
    steps: int,
    parameters: int,
    results: dict[str, dict[str, Any]],
    *,
    lasted_s: float | None = None,
    device: str = "cpu",
) -> str:
    """Return the model card (Markdown) of a finished run, which trained for ``lasted_s`` seconds on ``device``."""
    about = recipe.get("about", {})
    state = provenance.describe()
    git = state["git"]
    commit = f"{git['commit']}{' with changes' if git['changed_files'] else ''}" if git else "not known"
    paragraphs = [str(about[key]).strip() for key in ("trains", "limits") if key in about]
    lines = [f"# {name}", ""]
    for paragraph in paragraphs:
        lines += [*textwrap.wrap(paragraph, width=120), ""]
    lines += [
        f"- method: {str(about.get('paper', 'not stated')).strip()}",
        f"- data: {str(about.get('data', 'not stated')).strip()}",
        f"- parameters: {parameters:,}",
        f"- steps: {steps:,}",
        *([] if lasted_s is None else [f"- training took: {_duration(lasted_s)} on {device}"]),
        f"- command: `{provenance.command_line()}`",
        f"- date: {state['date']}; commit: {commit}",
        f"- crossmodal {state['crossmodal']}, torch {state['packages']['torch']}, Python {state['python']}",
    ]
    for title, figures in results.items():
        lines += ["", f"## {title}", "", "| figure | value |", "|---|---|"]
        lines += [f"| {key} | {_cell(value)} |" for key, value in figures.items()]
    lines += ["", "## Recipe", "", "```yaml", recipes.to_yaml(recipe).rstrip(), "```", ""]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"
