"""Table of predictors and baselines, on whole data sets or in leave-videos-out folds."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossmodal.evaluation.sound.baselines import ImageMatch, MeanSound, RandomImpact, TrueSound
from crossmodal.evaluation.sound.measure import (
    Evaluation,
    VideoMeasurement,
    fit_material_classifier,
    measure,
    summarise,
)
from crossmodal.evaluation.sound.onset_baselines import MotionEnergyOnsets, RandomOnsets
from crossmodal.evaluation.sound.prediction import Predict, SoundDataset
from crossmodal.interval import Interval
from crossmodal.provenance import describe_origin

#: Headers and keys of the columns, in the order of the published table.
COLUMNS = {
    "loudness err": "loudness_error",
    "loudness r": "loudness_r",
    "centroid err": "centroid_error",
    "centroid r": "centroid_r",
    "material acc": "material_accuracy",
    "onset F1 ±50 ms": "onset_f1_50ms",
    "F1 ±100 ms": "onset_f1_100ms",
    "F1 ±300 ms": "onset_f1_300ms",
    "AP ±100 ms": "onset_ap_100ms",
}
_UNDEFINED = "–"


@dataclass(frozen=True, eq=False)
class EvaluationTable:
    """Evaluations of several predictors on the same videos.

    Attributes:
        rows: evaluations by name of the predictor, in order.
        seed: seed of the bootstrap.
        bootstrap: number of resamples.
        made: date, package version and commit.
    """

    rows: Mapping[str, Evaluation]
    seed: int
    bootstrap: int
    made: Mapping[str, str]

    def difference(self, name: str, other: str, key: str) -> Interval:
        """Return the difference of ``key`` of ``name`` to that of ``other``, with its paired interval."""
        return self.rows[name].difference(self.rows[other], key)

    def markdown(self, columns: Mapping[str, str] = COLUMNS, *, intervals: bool = True) -> str:
        """Return the table as Markdown: values with the 95 % interval in brackets, and a last line on the origin.

        A dash marks what a predictor does not predict, or what is undefined (the correlation of a constant).
        """
        lines = ["| method | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
        for name, evaluation in self.rows.items():
            flat = evaluation.flat()
            cells = [_cell(flat, key, intervals) for key in columns.values()]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        return "\n".join([*lines, "", self._origin()]) + "\n"

    def json(self) -> str:
        """Return all figures with their bounds by predictor, and the origin, as JSON; undefined figures are null."""
        methods = {
            name: {key: value if math.isfinite(value) else None for key, value in evaluation.flat().items()}
            for name, evaluation in self.rows.items()
        }
        content: dict[str, Any] = {**self.made, "seed": self.seed, "bootstrap": self.bootstrap, "methods": methods}
        return json.dumps(content, indent=2, allow_nan=False) + "\n"

    def _origin(self) -> str:
        counts: Mapping[str, float] = next(iter(self.rows.values())).counts if self.rows else {}
        sizes = ", ".join(f"{int(count)} {name}" for name, count in counts.items())
        return (
            f"{sizes}. In brackets: 95 % of {self.bootstrap} resamples over videos (seed {self.seed}). "
            f"{self.made['date']}, commit {self.made['commit']}."
        )


def fit_baselines(train: SoundDataset, *, seed: int = 0) -> dict[str, Predict]:
    """Return all baselines by the name of their row, fitted on whole training videos.

    ``true sound`` is an upper bound instead of a baseline: the scores of the true sound of each video.

    Raises:
        DatasetError: the videos have no impact with sound.
    """
    return {
        "random impact": RandomImpact(seed).fit(train),
        "mean sound": MeanSound().fit(train),
        "image match": ImageMatch("image").fit(train),
        "space-time match": ImageMatch("spacetime").fit(train),
        "image + space-time match": ImageMatch("both").fit(train),
        "random times": RandomOnsets(seed).fit(train),
        "motion energy": MotionEnergyOnsets().fit(train),
        "true sound": TrueSound(),
    }


def evaluate_all(
    predictors: Mapping[str, Predict],
    dataset: SoundDataset,
    *,
    train: SoundDataset | None = None,
    seed: int = 0,
    bootstrap: int = 1000,
) -> EvaluationTable:
    """Evaluate predictors on the same videos; see `evaluate`. Each video is read once.

    Raises:
        ValueError: as `evaluate`.
    """
    classifier = fit_material_classifier(train) if train is not None else None
    return _table(measure(predictors, dataset, classifier), seed, bootstrap)


def evaluate_folds(
    make_predictors: Callable[[SoundDataset, int], Mapping[str, Predict]],
    folds: Iterable[tuple[SoundDataset, SoundDataset]],
    *,
    seed: int = 0,
    bootstrap: int = 1000,
) -> EvaluationTable:
    """Evaluate on the pooled test videos of all folds, each with predictors fitted on its training videos.

    ``make_predictors`` takes the training videos and the number of the fold and returns predictors by name, with the
    same names in every fold. ``folds`` are pairs (train, test).

    Raises:
        ValueError: as `evaluate`; or a video is in two test sets, or in the training and the test set of a fold, or the
            names differ between folds.
    """
    measured: dict[str, list[VideoMeasurement]] = {}
    tested: set[str] = set()
    for fold, (train, test) in enumerate(folds):
        leaks = (set(train.ids) & set(test.ids)) | (tested & set(test.ids))
        if leaks:
            raise ValueError(
                f"fold {fold}: test videos also in the training set, or in an earlier test set: "
                f"{', '.join(sorted(leaks))}"
            )
        tested |= set(test.ids)
        predictors = make_predictors(train, fold)
        if measured and set(measured) != set(predictors):
            raise ValueError(
                f"fold {fold}: expected predictors {sorted(measured)} as in other folds, found {sorted(predictors)}"
            )
        for name, videos in measure(predictors, test, fit_material_classifier(train)).items():
            measured.setdefault(name, []).extend(videos)
    return _table(measured, seed, bootstrap)


def _table(measured: Mapping[str, Sequence[VideoMeasurement]], seed: int, bootstrap: int) -> EvaluationTable:
    rows = {name: summarise(videos, seed=seed, bootstrap=bootstrap) for name, videos in measured.items()}
    return EvaluationTable(rows, seed, bootstrap, describe_origin())


def _cell(flat: Mapping[str, float], key: str, intervals: bool) -> str:
    value, low, high = flat[key], flat[f"{key}_low"], flat[f"{key}_high"]
    if not math.isfinite(value):
        return _UNDEFINED
    if not intervals or not math.isfinite(low):
        return f"{value:.2f}"
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"
