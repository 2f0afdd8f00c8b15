"""A process in numbers, beside what it promises: what ``crossmodal noise PROCESS --report`` prints."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crossmodal.noise.checks.diagnostics import distinct_share
from crossmodal.noise.checks.law import FALSE_ALARM, Evidence, Finding, laws_of, mean_finding
from crossmodal.noise.process import Indices, Process

#: Smaller images have too few waves and pixels for most figures.
LEAST_SIDE = 32


@dataclass(frozen=True)
class Report:
    """Figures of some images of a process.

    Attributes:
        process: name and options.
        seed: of all draws.
        size: (height, width) in pixels.
        count: number of images.
        findings: figures that are only told first, then those that the process promises something about.
    """

    process: dict[str, Any]
    seed: int
    size: tuple[int, int]
    count: int
    findings: tuple[Finding, ...]

    @property
    def lawful(self) -> bool:
        """Whether every promise that could be tested holds."""
        return all(finding.holds is not False for finding in self.findings)

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Write the findings as rows of a table, its head first: figure, value, interval, law, whether it holds."""
        rows = [("figure", "mean", "95 % interval", "law", "")]
        for found in self.findings:
            known = math.isfinite(found.low) and math.isfinite(found.high)
            interval = f"{_written(found.low)} to {_written(found.high)}" if known else ""
            holds = {True: "holds", False: "BROKEN", None: ""}[found.holds]
            rows.append((found.figure, _written(found.value), interval, found.law, holds))
        return rows

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {**asdict(self), "false_alarm": FALSE_ALARM, "lawful": self.lawful}


def report(
    process: Process[Any],
    indices: Indices,
    size: int | tuple[int, int] = 128,
    seed: int = 0,
    device: str = "cpu",
) -> Report:
    """Measure some images of a process and test what it promises, each promise at a false-alarm rate of 1e-4.

    All images are held at once; a hundred make most intervals narrow.

    Raises:
        ValueError: no images, a size below 32, or arguments that make no sense.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if min(height, width) < LEAST_SIDE or not len(indices):
        raise ValueError(
            f"a report takes images of at least {LEAST_SIDE} pixels, got {len(indices)} of {height}x{width}"
        )
    evidence = Evidence(process, indices, (height, width), seed, device)
    promised = [law(evidence) for law in laws_of(process)]
    tested = {finding.figure for finding in promised}
    described = [finding for finding in _described(evidence) if finding.figure not in tested]
    return Report(process.describe(), seed, (height, width), len(indices), (*described, *promised))


def _described(evidence: Evidence) -> list[Finding]:
    """The figures that every process has."""
    levels = evidence.images.numpy().reshape(len(evidence.images), -1)
    constant = (evidence.images.flatten(2).amax(2) == evidence.images.flatten(2).amin(2)).all(1)
    distinct = distinct_share(evidence.images)
    regions = evidence.regions
    per_image = np.bincount(regions.images, minlength=len(levels))
    largest = np.zeros(len(levels), np.int64)
    np.maximum.at(largest, regions.images, regions.areas)
    exponent, _ = regions.exponent()
    return [
        Finding("distinct images", distinct, law="all", holds=distinct == 1.0),
        Finding("images of one colour", float(constant.double().mean())),
        Finding("black pixels", float((evidence.images == 0).all(1).double().mean())),
        mean_finding("grey level", levels.mean(axis=1)),
        mean_finding("deviation of grey levels in an image", levels.std(axis=1)),
        Finding("distance of levels to uniform (0 to 1)", float(evidence.colours.distance_to_uniform.mean())),
        mean_finding("colours in an image", evidence.colours.distinct_colours),
        mean_finding("spectral slope", evidence.slopes.exponents),
        *(
            mean_finding(f"kurtosis of Haar bands, scale {scale + 1}", _mean_of_known(evidence.kurtosis[:, scale]))
            for scale in range(evidence.kurtosis.shape[1])
        ),
        mean_finding("regions of one colour in an image", per_image),
        mean_finding("largest region, share of the image", largest / regions.pixels),
        Finding("exponent of region areas", exponent),
    ]


def _written(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _mean_of_known(values: Any) -> Any:
    known = np.isfinite(values)
    counts = known.sum(axis=1)
    return np.where(counts, np.where(known, values, 0.0).sum(axis=1) / np.maximum(counts, 1), np.nan)
