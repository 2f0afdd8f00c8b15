"""Results of probing as figures, as a table and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossmodal.interval import Interval

_NAMED = 4


@dataclass(frozen=True, eq=False)
class ProbeRow:
    """A row of the table: a network or a baseline.

    Attributes:
        top1: accuracy on the test images, 0 to 1, with its 95 % interval; the mean over ``fits``.
        fits: accuracy of each fit: one, or one for each random start.
        numbers: length of the vectors.
        choices: hyperparameters selected on training images, for each fit.
        few_shot: accuracy by number of labelled images per class.
    """

    top1: Interval
    fits: tuple[float, ...]
    numbers: int
    choices: tuple[Mapping[str, float], ...]
    few_shot: Mapping[int, Interval]


@dataclass(frozen=True, eq=False)
class ProbeResult:
    """Results of probing.

    Attributes:
        name: name of the row of the probed network.
        rows: all rows by name, the probed network first.
        times_random: ratio of the accuracy of the network to that of random starts; None without random starts.
        about: backbone, data, options and origin, as plain values.
        broken: unreadable images, which were skipped, each with the reason.
    """

    name: str
    rows: Mapping[str, ProbeRow]
    times_random: Interval | None
    about: Mapping[str, Any]
    broken: tuple[str, ...]

    @property
    def top1(self) -> float:
        """The accuracy of the probed network on the test images, 0 to 1."""
        return self.rows[self.name].top1.value

    def as_dict(self) -> dict[str, Any]:
        """Return all figures as plain values; ``top1`` is that of the probed network."""
        own, *others = [(name, _row_as_dict(row)) for name, row in self.rows.items()]
        return {
            **own[1],
            "times_random": None if self.times_random is None else self.times_random._asdict(),
            "baselines": dict(others),
            **self.about,
            "broken": list(self.broken),
        }

    def table(self) -> list[list[str]]:
        """Return the header and the rows as text: top-1 and few-shot accuracies in per cent with their intervals."""
        shots = list(self.rows[self.name].few_shot)
        heads = ["features", "top-1 %", *(f"{shot} a class" for shot in shots), "numbers", "chosen"]
        body = [
            [
                name,
                _percent(row.top1),
                *(_percent(row.few_shot[shot]) for shot in shots),
                str(row.numbers),
                _chosen(row),
            ]
            for name, row in self.rows.items()
        ]
        return [heads, *body]

    def notes(self) -> list[str]:
        """Return notes on the table: the data, the split, skipped images, and the origin of the figures."""
        about = self.about
        notes = [
            f"{about['test_images']} test and {about['train_images']} training images of {about['classes']} "
            f"classes ({about['split']}) at {about['size']} pixels, {about['method']}, layer {about['layer']}. In "
            f"brackets: 95 % of {about['bootstrap']} resamples (seed {about['seed']}). {about['date']}, commit "
            f"{about['commit']}."
        ]
        if self.times_random is not None:
            notes.append(f"{self.times_random:.2f} times a random start.")
        if self.broken:
            notes.append(f"{len(self.broken)} images skipped: {_few(self.broken)}.")
        if about["repeated"]:
            notes.append(f"{about['repeated']} test images also occur among the training images.")
        return notes

    def markdown(self) -> str:
        """Return the table as Markdown, with its notes."""
        heads, *body = self.table()
        lines = [heads, ["---"] * len(heads), *body]
        return "\n".join([*("| " + " | ".join(line) + " |" for line in lines), "", *self.notes()]) + "\n"


def _row_as_dict(row: ProbeRow) -> dict[str, Any]:
    return {
        **row.top1.named("top1"),
        "fits": list(row.fits),
        "numbers": row.numbers,
        "choices": [dict(choice) for choice in row.choices],
        "few_shot": {str(shots): found.named("top1") for shots, found in row.few_shot.items()},
    }


def _percent(found: Interval) -> str:
    return f"{found.scaled(100):.1f}"


def _chosen(row: ProbeRow) -> str:
    """Return the selected hyperparameters as text, such as ``penalty 0.1, 1``."""
    names = row.choices[0] if row.choices else {}
    values = {name: sorted({choice[name] for choice in row.choices}) for name in names}
    return "; ".join(f"{name} {', '.join(f'{value:g}' for value in found)}" for name, found in values.items())


def _few(reasons: Sequence[str]) -> str:
    more = f"; and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else ""
    return "; ".join(reasons[:_NAMED]) + more
