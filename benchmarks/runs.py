"""Training of the runs of a benchmark."""

from pathlib import Path
from typing import Any

from crossmodal.progress import Progress
from crossmodal.run import train


def trained(recipe: dict[str, Any], run: Path, name: str) -> Path:
    """Train a recipe into a folder unless its weights exist; resume a run that was stopped."""
    if not (run / "weights" / "config.json").is_file():
        resume = (run / "recipe.yaml").is_file()
        train(recipe, run, resume=resume, progress=Progress(label=str(run)), name=name)
    return run
