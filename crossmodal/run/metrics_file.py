"""metrics.csv: one row per logged step, readable during training, identical after a stop and a resume."""

import csv
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from crossmodal.files import output_error, replace_atomically


class MetricsFile(Logger):
    """A Lightning logger that writes a CSV file: ``step`` (steps done), ``epoch``, then one column per metric.

    Rows are appended; the file is rewritten only when a new metric appears. A metric of a step that has a row already
    (validation after training) is added to that row; existing values are not written again.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._columns = ["step", "epoch"]
        self._written = 0
        self._rows: list[dict[str, Any]] = []
        self._rewrite = True

    @property
    def name(self) -> str:
        """Lightning's name of the logger."""
        return "metrics"

    @property
    def version(self) -> str:
        """Lightning's version of the logger, which is empty."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Do nothing: ``recipe.yaml`` contains the parameters."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Add the metrics of a step; Lightning counts steps from 0, the file counts steps done.

        Raises:
            OutputError: the file cannot be written, or the disk is full.
        """
        done = (step or 0) + 1
        if self._rows and self._rows[-1]["step"] == done:
            if metrics.items() <= self._rows[-1].items():
                return
            self._rows[-1].update(metrics)
            self._rewrite = True
        else:
            self._rows.append({"step": done, **metrics})
        new = [name for name in metrics if name not in self._columns]
        self._columns += new
        self._rewrite = self._rewrite or bool(new)
        self.save()

    @rank_zero_only
    def save(self) -> None:
        """Write all rows that are not in the file yet."""
        if not self._rows:
            return
        if self._rewrite:
            with replace_atomically(self.path) as temporary, temporary.open("w", newline="") as file:
                writer = csv.DictWriter(file, self._columns, restval="")
                writer.writeheader()
                writer.writerows(self._rows)
            self._rewrite = False
            self._written = len(self._rows)
            return
        try:
            with self.path.open("a", newline="") as file:
                csv.DictWriter(file, self._columns, restval="").writerows(self._rows[self._written :])
        except OSError as error:
            raise output_error(self.path, error) from error
        self._written = len(self._rows)

    def truncate_after(self, step: int) -> None:
        """Read the file of a resumed run, and remove the rows after the step of its checkpoint."""
        if not self.path.is_file():
            return
        with self.path.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if (row["step"] or "").isdecimal()]
        self._rows = [dict(row, step=int(row["step"])) for row in rows if int(row["step"]) <= step]
        self._columns = list(rows[0]) if rows else ["step", "epoch"]
        self._rewrite = True
        self.save()
