"""Pickles read by interpretation: what published networks need is kept, everything else is refused, nothing runs."""

import io
import os
import pickle
import struct
from collections import OrderedDict
from contextlib import suppress

import numpy as np
import pytest
import torch

from crossmodal.errors import FormatError
from crossmodal.models.foreign.inert_pickle import PERSISTENT, Record, read_pickle


class Call:
    """Pickled as the call of anything."""

    def __init__(self, what, *arguments):
        self.what, self.arguments = what, arguments

    def __reduce__(self):
        return self.what, self.arguments


def read(data):
    return read_pickle(io.BytesIO(data), "some.pkl").value


@pytest.mark.parametrize("protocol", range(2, 6))
def test_plain_values_come_back(protocol):
    value = {"a": [1, 2.5, None, True, b"bytes", (1, (2, "three", 4, 5))], "b": OrderedDict(c={"d": -(10**30)}), 3: []}
    assert read(pickle.dumps(value, protocol=protocol)) == value


def test_calls_become_records():
    tensors = read(pickle.dumps({"w": torch.nn.Parameter(torch.ones(2, 3)), "n": np.float64(3.0), "s": {1, 2}}))
    assert tensors["w"].name == "torch._utils._rebuild_parameter"
    inner = tensors["w"].arguments[0]
    assert inner.name == "torch._utils._rebuild_tensor_v2"
    assert inner.arguments[1:4] == (0, (2, 3), (3, 1))
    assert inner.arguments[0].name == "torch.storage._load_from_bytes"
    assert tensors["n"].name.endswith("multiarray.scalar")
    assert tensors["s"] == [1, 2]
    layer = read(pickle.dumps(torch.nn.Linear(1, 1)))
    assert layer.name == "torch.nn.modules.linear.Linear"
    assert layer.state["_parameters"].keys() == {"weight", "bias"}


def test_things_outside_are_noted():
    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            return "there" if isinstance(thing, set) else None

    stream = io.BytesIO()
    Pickler(stream, protocol=4).dump([{1}, 2])
    stream.seek(0)
    value, persistent = read_pickle(stream, "some.pkl")
    assert isinstance(value[0], Record)
    assert value[0] is persistent[0]
    assert (value[0].name, value[0].arguments) == (PERSISTENT, ("there",))


EVIL = {
    "os.system": Call(os.system, "touch ran"),
    "eval": Call(eval, "open('ran', 'w')"),
    "nested": [{"weights": (1, Call(torch.nn.Linear, Call(exec, "open('ran', 'w')")))}],
    "getattr": Call(getattr, Call(__import__, "os"), "system"),
    "torch.load": Call(torch.load, "ran"),
    "object in a key": {(1, 2): 3},
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", EVIL)
def test_anything_else_is_refused_and_not_run(name, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError, match="refused, nothing was run"):
        read(pickle.dumps(EVIL[name], protocol=protocol))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "data",
    [
        b"(S'touch ran'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'touch ran'\no.",  # OBJ
        b"\x82\x01.",  # EXT1
        b"cposix\nsystem\n(S'touch ran'\ntR.",
        b"ctorch.nn.modules.os\nsystem;x\n.",
        b"ctorch.nn.modulesevil\nx\n.",
        b"P0\n.",  # PERSID
        b"\x80\x04]]\x8f.",  # what no network needs may also simply be damaged
    ],
)
def test_old_and_rare_ways_to_call_are_closed(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        read(data)
    except FormatError:
        pass
    else:
        assert data.endswith(b"\x8f.")  # an empty set
    assert not list(tmp_path.iterdir())


def test_every_cut_and_every_changed_byte_gives_a_value_or_a_sentence():
    whole = pickle.dumps({"w": torch.ones(2), "n": np.arange(3)}, protocol=4)
    for end in range(len(whole)):
        with pytest.raises(FormatError, match=r"some\.pkl"):
            read(whole[:end])
    for place in range(0, len(whole), 3):
        changed = bytearray(whole)
        changed[place] ^= 0x55
        with suppress(FormatError):
            read(bytes(changed))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04)" + b"q\x00h\x00\x86" * 60 + b"}h\x00K\x01s.",  # a key whose hash would visit 2^60 tuples
        b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"x.",  # bytes that are not there
        b"\x80\x04]" + b"N0" * 600_000 + b".",
        b"\x80\x02c_codecs\nencode\nq\x00X\x10\x00\x00\x00"
        + b"x" * 16
        + b"q\x01X\x06\x00\x00\x00latin1q\x02"
        + b"h\x00h\x01h\x02\x86R" * 9
        + b".",
        b"I" + b"9" * 100_000 + b"\n.",
    ],
)
def test_bombs_are_refused(data):
    with pytest.raises(FormatError):
        read(data)
