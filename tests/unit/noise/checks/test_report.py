"""Reports of processes: statistics, tests that pass, and tests that fail."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from crossmodal import noise
from crossmodal.json_text import as_json
from crossmodal.noise.checks.law import FALSE_ALARM, mean_finding
from crossmodal.noise.checks.report import report
from tests.fakes.stripes import Stripes


def broken(found):
    return [finding.figure for finding in found.findings if finding.holds is False]


def test_a_process_without_published_statistics_is_only_described():
    found = report(Stripes(), range(20), 32)
    figures = {finding.figure: finding for finding in found.findings}
    assert found.lawful
    assert figures["colours in an image"].interval.value == 2
    assert figures["regions of one colour in an image"].interval.value == 8
    assert figures["largest region, fraction of the image"].interval.value == pytest.approx(1 / 8)
    assert [finding.law for finding in found.findings if finding.law] == ["all"]


def test_rows_and_json_have_the_same_findings():
    found = report(Stripes(), [3, 4], (32, 40), seed=2)
    rows = found.rows()
    assert rows[0] == ("figure", "mean", "95 % interval", "law", "")
    assert len(rows) == len(found.findings) + 1
    content = json.loads(as_json(found.as_dict()))
    assert content["process"] == Stripes().describe()
    assert (content["count"], content["size"], content["seed"]) == (2, [32, 40], 2)
    assert content["false_alarm"] == FALSE_ALARM
    assert [entry["figure"] for entry in content["findings"]] == [row[0] for row in rows[1:]]


def test_repeated_images_fail_a_test():
    class Same(Stripes):
        def _draw(self, indices, size, seed):
            return super()._draw(np.zeros_like(indices), size, seed)

    assert broken(report(Same(), range(4), 32)) == ["distinct images"]


def test_small_images_and_none_are_refused():
    with pytest.raises(ValueError, match="at least 32 pixels, got 3 of 31x64"):
        report(Stripes(), range(3), (31, 64))
    with pytest.raises(ValueError, match="got 0 of"):
        report(Stripes(), [], 32)


class TestMeans:
    def test_an_interval_holds_the_mean(self):
        found = mean_finding("x", [1.0, 2.0, 3.0, float("nan")])
        assert found.interval.value == 2.0
        assert found.interval.low < 2.0 < found.interval.high
        assert found.holds is None

    def test_a_mean_outside_by_more_than_its_error_fails(self):
        values = np.random.default_rng(0).normal(0.0, 1.0, 400)  # standard error 0.05, alarm beyond 0.19
        assert mean_finding("x", values, "law", (-0.1, 0.1)).holds
        assert mean_finding("x", values + 0.25, "law", (-0.1, 0.1)).holds
        assert mean_finding("x", values + 0.5, "law", (-0.1, 0.1)).holds is False

    def test_false_alarms_are_as_rare_as_stated(self):
        """20,000 means at the border of the range: 1 alarm expected, 10 or more have a probability of 1e-7."""
        values = np.random.default_rng(0).normal(0.0, 1.0, (20_000, 100))
        alarms = sum(mean_finding("x", row, "law", (0.0, 1.0)).holds is False for row in values)
        assert alarms < 10


@pytest.mark.parametrize("shape", ["square", "oriented", "mixed"])
def test_dead_leaves_keep_their_law(shape):
    found = report(noise.create("dead_leaves", shape=shape), range(40), 96)
    assert broken(found) == []
    assert sum(finding.holds is True for finding in found.findings) == 5


def test_textured_leaves_have_no_colours_to_test():
    found = report(noise.create("dead_leaves", texture=Stripes()), range(2), 32)
    assert [finding.holds for finding in found.findings if "textured" in finding.law] == [None, None]


def test_regions_of_few_pixels_are_not_tested():
    found = report(noise.create("dead_leaves"), range(20), 32)
    assert found.lawful
    assert [finding.holds for finding in found.findings if "too few pixels" in finding.law] == [None]


def test_an_untrained_generator_keeps_the_levels_of_photographs():
    found = report(noise.create("untrained_generator", channel_base=512), range(20), 32)
    assert found.lawful
    assert found.findings[-1].holds


@pytest.mark.parametrize(
    ("name", "count"), [("spectrum", 60), ("wmm", 12), ("spectrum_colour", 40), ("spectrum_colour_wmm", 8)]
)
def test_statistical_processes_keep_their_law(name, count):
    found = report(noise.create(name), range(count), 64)
    assert broken(found) == []
    assert any(finding.holds for finding in found.findings[1:])


@dataclass(frozen=True, kw_only=True)
class Claimed(noise.Process):
    """Draws of one process under the name of another, or changed images."""

    name: ClassVar[str] = "claimed"
    inner: noise.Process

    def _draw(self, indices, size, seed):
        return self.inner.sample(indices, size, seed)

    def _render(self, draws, device):
        return self.inner.render(draws, device)

    def describe(self):
        return self.inner.describe()


def test_flattened_spectra_fail():
    class Flattened(Claimed):
        name = "spectrum"

        def _render(self, draws, device):
            return super()._render(replace(draws, exponents=draws.exponents * 0.6), device)

    found = report(Flattened(inner=noise.create("spectrum")), range(40), 64)
    assert broken(found) == ["spectral slope - drawn slope"]


def test_gaussian_bands_fail_where_sparse_ones_are_expected():
    class Gaussian(Claimed):
        name = "wmm"

        def channels(self, draws):
            return torch.randn(len(draws.indices), 3, 64, 64, generator=torch.Generator().manual_seed(0))

    found = report(Gaussian(inner=noise.create("wmm")), range(8), 64)
    assert broken(found) == ["kurtosis of pyramid bands, measured / expected"]


def test_leaves_of_other_sizes_and_colours_fail():
    class Dark(Claimed):
        name = "dead_leaves"

        def _render(self, draws, device):
            leaves = super()._render(draws, device)
            return (leaves // 2 + 1).repeat_interleave(4, dim=2)[:, :, :96].repeat_interleave(4, dim=3)[..., :96]

    found = report(Dark(inner=noise.create("dead_leaves")), range(40), 96)
    assert {"exponent of region areas", "colours of leaves (p)"} <= set(broken(found))
