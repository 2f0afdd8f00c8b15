"""Damaged copies of a file: cut, changed, spliced, by seed; and what a reader must make of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from crossmodal.errors import FormatError
from crossmodal.randomness import generator
from crossmodal.tactile.recording import PressureRecording, Recording

#: Words that a damaged or hostile file may have where a number is expected.
_WORDS = (b"nan", b"-5", b"1e400", b"99999999999999999999", b"", b"inf", b"\xff\xfe", b"1_0", b"@@", b"\n", b"Frame 1")


def damage(data: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Give ``count`` damaged copies: a third cut, a third with bytes or words changed, a third with parts moved."""
    for index in range(count):
        draw = generator(seed, "damage", index)
        first, last = sorted(draw.integers(0, len(data), size=2).tolist())
        kind = index % 3
        if kind == 0:
            yield data[:first]
        elif kind == 1:
            changed = bytearray(data)
            for place in draw.integers(0, len(data), size=int(draw.integers(1, 4))).tolist():
                word = _WORDS[int(draw.integers(len(_WORDS)))]
                changed[place : place + int(draw.integers(0, 4))] = word or bytes([int(draw.integers(256))])
            yield bytes(changed)
        else:
            part = data[first : min(last, first + 400)]
            place = int(draw.integers(0, len(data)))
            yield data[:place] + part + data[place:] if index % 2 else data[:first] + data[last:]


def read_damaged(read: Callable[[Path], Recording], whole: Path, count: int = 300) -> tuple[int, int]:
    """Read damaged copies of a file: each gives a FormatError that names it, or a sound recording; count the two."""
    copy = whole.with_name(f"damaged{whole.suffix}")
    refused = taken = 0
    for data in damage(whole.read_bytes(), count):
        copy.write_bytes(data)
        message, recording = "", None
        try:
            recording = read(copy)
        except FormatError as error:
            message = str(error)
        if recording is None:
            assert str(copy) in message
            refused += 1
        else:
            check_sound(recording)
            taken += 1
    return refused, taken


def check_sound(recording: Recording) -> None:
    """Check that all numbers of a recording are possible."""
    values = recording.pressure if isinstance(recording, PressureRecording) else recording.values
    assert values.dtype == np.float32
    assert values.size
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert not values[:, ~recording.valid].any()
    assert np.isfinite(recording.times_s).all()
    assert (np.diff(recording.times_s) >= 0).all()
