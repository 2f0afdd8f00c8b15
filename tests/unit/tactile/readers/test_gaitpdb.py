"""PhysioNet gaitpdb: forces of 16 cells whose totals are checked."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.gaitpdb import matches, read
from tests.fakes.pressure_other import FRAMES, cells, write_gaitpdb


def test_eight_cells_of_each_foot_in_newtons(tmp_path: Path) -> None:
    recording = read(write_gaitpdb(tmp_path))
    np.testing.assert_array_equal(recording.values, cells(16))
    assert recording.sides == ("left",) * 8 + ("right",) * 8
    assert recording.quantity == "force_n"
    assert recording.rate_hz == pytest.approx(100)
    np.testing.assert_allclose(recording.force_n("right"), cells(16)[:, 8:].sum(axis=1))


def test_a_total_that_is_not_the_sum_of_its_cells_is_refused(tmp_path: Path) -> None:
    path = write_gaitpdb(tmp_path)
    lines = path.read_text().split("\n")
    lines[5] = lines[5].replace("\t", "\t9", 1)
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match="line 6: the sum of the cells of the left foot is"):
        read(path)


def test_a_line_of_another_length_is_refused(tmp_path: Path) -> None:
    path = write_gaitpdb(tmp_path)
    path.write_text(path.read_text().replace("0.0300\t", "0.0300\t1\t"))
    with pytest.raises(FormatError, match="line 4: expected 19 numbers, found 20"):
        read(path)


def test_a_last_line_that_was_cut_within_a_number_is_left_out(tmp_path: Path) -> None:
    path = write_gaitpdb(tmp_path)
    path.write_bytes(path.read_bytes().rstrip()[:-4])
    recording = read(path)
    assert len(recording.values) == FRAMES - 1
    assert recording.meta["truncated"] is True


def test_other_tables_of_nineteen_numbers_are_not_matched(tmp_path: Path) -> None:
    assert not matches(tmp_path, b"\t".join([b"1"] * 19) + b"\n")


@pytest.mark.parametrize("name", ["GaCo01_01", "GaCo02_01", "GaCo02_02"])
def test_real_trials_are_two_minutes_of_walking(name: str, real_data: Path) -> None:
    recording = read(real_data / f"touch/gaitpdb/{name}.txt")
    assert recording.values.shape == (12119, 16)
    assert recording.rate_hz == pytest.approx(100, rel=1e-3)
    assert recording.values.max() < 580
    assert 0.55 < (recording.force_n("left") > 50).mean() < 0.70
