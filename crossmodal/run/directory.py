"""The run directory: what lies where, who may begin one, who may continue one."""

import json
from pathlib import Path
from typing import Any

from crossmodal import provenance
from crossmodal import recipe as recipes
from crossmodal.errors import OutputError, TrainingError
from crossmodal.files import output_error
from crossmodal.json_text import write_json


class RunDirectory:
    """The files of one run.

    ``recipe.yaml`` (resolved), ``command.txt``, ``versions.json``, ``metrics.csv``, ``checkpoints/last.ckpt``,
    ``figures/``, ``metrics.json`` (final evaluation) and ``weights/``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.recipe = root / "recipe.yaml"
        self.command = root / "command.txt"
        self.versions = root / "versions.json"
        self.metrics = root / "metrics.csv"
        self.checkpoint = root / "checkpoints" / "last.ckpt"
        self.figures = root / "figures"
        self.evaluation = root / "metrics.json"
        self.weights = root / "weights"

    @property
    def finished(self) -> bool:
        """Whether the run has left its weights, the last thing it does."""
        return (self.weights / "model.safetensors").is_file()

    def begin(self, recipe: dict[str, Any]) -> None:
        """Write what is known before the first step.

        Raises:
            OutputError: the directory holds something already, or cannot be written.
        """
        if self.root.is_dir() and any(self.root.iterdir()):
            hint = "; to continue the run in it, add --resume" if self.recipe.is_file() else ""
            raise OutputError(f"{self.root}: the directory is not empty; choose another with --out{hint}")
        try:
            self.figures.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(self.root, error) from error
        recipes.write(recipe, self.recipe)
        self._note_start()

    def take_up(self, recipe: dict[str, Any]) -> Path | None:
        """Make sure that the run in this directory is the given one; return its checkpoint, None if there is none yet.

        Raises:
            TrainingError: there is no run, or it is another one; lists the differences.
        """
        if not self.recipe.is_file():
            raise TrainingError(f"{self.root}: there is no run to resume here; leave out --resume to begin one")
        before = recipes.read(self.recipe)
        differing = recipes.difference(before, json.loads(json.dumps(recipe)))
        if differing:
            lines = "\n".join(f"  {line}" for line in differing)
            raise TrainingError(
                f"{self.root}: this run was begun with another recipe:\n{lines}\n"
                "give it the same, or begin a new run from its weights (--init_from)"
            )
        self._note_start()
        return self.checkpoint if self.checkpoint.is_file() else None

    def _note_start(self) -> None:
        """Add this process to the command and the versions: a run that was resumed has several of each."""
        try:
            with self.command.open("a", encoding="utf-8") as file:
                file.write(provenance.command_line() + "\n")
        except OSError as error:
            raise output_error(self.command, error) from error
        starts = json.loads(self.versions.read_text(encoding="utf-8")) if self.versions.is_file() else []
        write_json(self.versions, [*starts, provenance.describe()])
