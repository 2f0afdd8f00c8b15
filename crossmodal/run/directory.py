"""The run directory: its files, and the checks before a run starts or resumes in it."""

import errno
import json
import os
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
        """Whether the run has written its weights, its last step."""
        return (self.weights / "model.safetensors").is_file()

    def check_free(self) -> None:
        """Check that a run can start in the directory; write nothing.

        Raises:
            OutputError: the directory is not empty, or cannot be created.
        """
        if self.root.is_dir() and any(self.root.iterdir()):
            hint = "; to resume the run in it, add --resume" if self.recipe.is_file() else ""
            raise OutputError(f"{self.root}: the directory is not empty; choose another with --out{hint}")
        existing = next(path for path in (self.root.absolute(), *self.root.absolute().parents) if path.exists())
        if not existing.is_dir():
            raise output_error(self.root, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
        if not os.access(existing, os.W_OK | os.X_OK):
            raise output_error(self.root, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    def checkpoint_to_resume(self, recipe: dict[str, Any]) -> Path | None:
        """Return the checkpoint of the run in the directory, or None if it has none yet; write nothing.

        Raises:
            TrainingError: there is no run, it is finished, or it has another recipe; lists the differences.
        """
        if not self.recipe.is_file():
            raise TrainingError(f"{self.root}: there is no run to resume; leave out --resume to start one")
        before = recipes.read(self.recipe)
        differing = recipes.difference(before, json.loads(json.dumps(recipe)))
        if differing:
            lines = "\n".join(f"  {line}" for line in differing)
            raise TrainingError(
                f"{self.root}: this run was started with another recipe:\n{lines}\n"
                "give the same recipe, or start a new run from its weights (--init_from)"
            )
        if self.finished:
            raise TrainingError(f"{self.root}: this run is finished; its weights are in {self.weights}")
        return self.checkpoint if self.checkpoint.is_file() else None

    def begin(self, recipe: dict[str, Any]) -> None:
        """Write the recipe, the command and the versions, before the first step.

        Raises:
            OutputError: another process has started a run in the directory, or it cannot be written.
        """
        try:
            self.figures.mkdir(parents=True, exist_ok=True)
            # If two processes found the directory free, only one of them can create this file.
            self.command.open("x").close()
        except FileExistsError as error:
            raise OutputError(
                f"{self.root}: another run has started in it; choose another directory with --out"
            ) from error
        except OSError as error:
            raise output_error(self.root, error) from error
        recipes.write(recipe, self.recipe)
        self.record_start()

    def record_start(self) -> None:
        """Append the command and the versions of this process; a resumed run has several of each."""
        try:
            with self.command.open("a", encoding="utf-8") as file:
                file.write(provenance.command_line() + "\n")
        except OSError as error:
            raise output_error(self.command, error) from error
        starts = json.loads(self.versions.read_text(encoding="utf-8")) if self.versions.is_file() else []
        write_json(self.versions, [*starts, provenance.describe()])
