"""The report of ``crossmodal noise PROCESS --report``: statistics of a process and their expected values."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crossmodal.interval import Interval
from crossmodal.noise.checks.diagnostics import distinct_fraction
from crossmodal.noise.checks.law import FALSE_ALARM, Evidence, Finding, laws_of, mean_finding
from crossmodal.noise.process import Indices, Process

#: Smaller images have too few waves and pixels for most statistics.
LEAST_SIDE = 32


@dataclass(frozen=True)
class Report:
    """Statistics of images of a process.

    Attributes:
        process: name and options.
        seed: of all draws.
        size: (height, width) in pixels.
        count: number of images.
        findings: first the statistics of all processes, then those with a test for this process.
    """

    process: dict[str, Any]
    seed: int
    size: tuple[int, int]
    count: int
    findings: tuple[Finding, ...]

    @property
    def lawful(self) -> bool:
        """Whether all tests pass."""
        return all(finding.holds is not False for finding in self.findings)

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return the findings as rows of a table, header first: figure, value, interval, law, result of the test."""
        rows = [("figure", "mean", "95 % interval", "law", "")]
        for found in self.findings:
            value, low, high = found.interval
            bounds = f"{_written(low)} to {_written(high)}" if math.isfinite(low) and math.isfinite(high) else ""
            holds = {True: "holds", False: "BROKEN", None: ""}[found.holds]
            rows.append((found.figure, _written(value), bounds, found.law, holds))
        return rows

    def as_dict(self) -> dict[str, Any]:
        """Return all fields as JSON-able values."""
        findings = [finding.as_dict() for finding in self.findings]
        return {**asdict(self), "findings": findings, "false_alarm": FALSE_ALARM, "lawful": self.lawful}


def report(
    process: Process[Any],
    indices: Indices,
    size: int | tuple[int, int] = 128,
    seed: int = 0,
    device: str = "cpu",
) -> Report:
    """Compute statistics of images of a process and test them, each with a false-alarm rate of 1e-4.

    All images are in memory at once; 100 images give narrow intervals for most statistics.

    Raises:
        ValueError: no images, a size below 32, or invalid indices or seed.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if min(height, width) < LEAST_SIDE or not len(indices):
        raise ValueError(
            f"a report needs images of at least {LEAST_SIDE} pixels, got {len(indices)} of {height}x{width}"
        )
    evidence = Evidence(process, indices, (height, width), seed, device)
    tested = [law(evidence) for law in laws_of(process)]
    figures = {finding.figure for finding in tested}
    described = [finding for finding in _described(evidence) if finding.figure not in figures]
    return Report(process.describe(), seed, (height, width), len(indices), (*described, *tested))


def _described(evidence: Evidence) -> list[Finding]:
    """Return the statistics that all processes have."""
    levels = evidence.images.numpy().reshape(len(evidence.images), -1)
    constant = (evidence.images.flatten(2).amax(2) == evidence.images.flatten(2).amin(2)).all(1)
    distinct = distinct_fraction(evidence.images)
    regions = evidence.regions
    per_image = np.bincount(regions.images, minlength=len(levels))
    largest = np.zeros(len(levels), np.int64)
    np.maximum.at(largest, regions.images, regions.areas)
    exponent, _ = regions.exponent()
    return [
        Finding("distinct images", Interval(distinct), "all", holds=distinct == 1.0),
        Finding("images of one colour", Interval(float(constant.double().mean()))),
        Finding("black pixels", Interval(float((evidence.images == 0).all(1).double().mean()))),
        mean_finding("grey level", levels.mean(axis=1)),
        mean_finding("standard deviation of grey levels in an image", levels.std(axis=1)),
        Finding("distance of levels to uniform (0 to 1)", Interval(float(evidence.colours.distance_to_uniform.mean()))),
        mean_finding("colours in an image", evidence.colours.distinct_colours),
        mean_finding("spectral slope", evidence.slopes.exponents),
        *(
            mean_finding(f"kurtosis of Haar bands, scale {scale + 1}", _mean_of_known(evidence.kurtosis[:, scale]))
            for scale in range(evidence.kurtosis.shape[1])
        ),
        mean_finding("regions of one colour in an image", per_image),
        mean_finding("largest region, fraction of the image", largest / regions.pixels),
        Finding("exponent of region areas", Interval(exponent)),
    ]


def _written(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _mean_of_known(values: Any) -> Any:
    known = np.isfinite(values)
    counts = known.sum(axis=1)
    return np.where(counts, np.where(known, values, 0.0).sum(axis=1) / np.maximum(counts, 1), np.nan)
