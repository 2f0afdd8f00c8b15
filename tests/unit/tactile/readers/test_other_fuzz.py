"""Damaged files of every format give a FormatError or a consistent recording."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.randomness import generator
from crossmodal.tactile.reading import find_reader
from crossmodal.tactile.recording import PressureRecording
from tests.fakes.pressure_other import WRITERS

_MUTATIONS = 200
_WORDS = (b"-1", b"nan", b"1e99", b"\xff\xff\xff\xff", b"\x00", b"\n", b",", b"\t", b"99999999999", b"'")


@pytest.mark.parametrize("name", WRITERS)
def test_damage_is_refused_or_read_as_a_shorter_recording(name: str, tmp_path: Path) -> None:
    good = WRITERS[name](tmp_path).read_bytes()
    reader = find_reader(WRITERS[name](tmp_path))
    path = tmp_path / "damaged" / WRITERS[name](tmp_path).name
    path.parent.mkdir()
    refused = 0
    for number in range(_MUTATIONS):
        path.write_bytes(_damage(good, zlib.crc32(name.encode()), number))
        refused += _try(path, reader.read)
    assert refused > _MUTATIONS // 10


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_cut_anywhere_is_refused_or_shorter(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    good = path.read_bytes()
    reader = find_reader(path)
    for length in sorted({round(part) for part in np.linspace(0, len(good) - 1, 60)} | {len(good) - 2, len(good) - 3}):
        path.write_bytes(good[:length])
        _try(path, reader.read)


@pytest.mark.parametrize("name", WRITERS)
def test_matching_never_raises(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    good = path.read_bytes()
    for number in range(20):
        data = _damage(good, 7, number)
        path.write_bytes(data)
        try:
            find_reader(path)
        except FormatError as error:
            assert str(path) in str(error)  # noqa: PT017


def _try(path: Path, read: Callable[[Path], object]) -> bool:
    """Read a file and check the consistency of the recording; return whether it was refused."""
    try:
        recording = read(path)
        if isinstance(recording, PressureRecording):
            values = recording.pressure
            assert values.shape == recording.shape
            assert (np.asarray(recording.pitch_mm)[np.isfinite(recording.pitch_mm)] > 0).all()
        else:
            values = recording.values
            recording.force_n("left")
    except FormatError as error:
        assert str(path) in str(error)  # noqa: PT017
        return True
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert len(values) == len(recording.times_s) > 0
    return False


def _damage(data: bytes, stream: int, index: int) -> bytes:
    """Change, insert, cut out or repeat some bytes, by a counter-based draw."""
    draw = generator(stream, "damage", index)
    damaged = bytearray(data)
    for _ in range(int(draw.integers(1, 4))):
        # Half of the damage hits the first or last bytes, where headers and directories are.
        edge = min(len(damaged), 200)
        offset = int(
            draw.choice([draw.integers(len(damaged)), draw.integers(edge), len(damaged) - 1 - draw.integers(edge)])
        )
        kind = int(draw.integers(4))
        length = int(draw.integers(1, 40))
        if kind == 0:
            damaged[offset] ^= 1 << int(draw.integers(8))
        elif kind == 1:
            damaged[offset:offset] = _WORDS[int(draw.integers(len(_WORDS)))]
        elif kind == 2:
            del damaged[offset : offset + length]
        else:
            damaged[offset:offset] = damaged[offset // 2 : offset // 2 + length]
        if not damaged:
            return b"x"
    return bytes(damaged)
