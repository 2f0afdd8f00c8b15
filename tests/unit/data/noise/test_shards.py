"""Shards of procedural images: written by any number of processes, resumed after a kill, read back."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from webdataset.tariterators import group_by_keys, tar_file_iterator
from webdataset.writer import TarWriter

from crossmodal.data.noise.images import decode_image
from crossmodal.data.noise.manifest import read_manifest
from crossmodal.data.noise.shard_reader import NoiseShards
from crossmodal.data.noise.shards import write_noise_shards
from crossmodal.errors import DatasetError, OutputError
from tests.fakes.stripes import Stripes, know_stripes

TREE = Path(__file__).resolve().parents[4]
SIZE = (9, 13)


def write(folder, count=10, **options):
    options = {"size": SIZE, "seed": 5, "shard_size": 4, "first": 100} | options
    return write_noise_shards(folder, options.pop("process", Stripes(width=2)), count, **options)


def shards_in(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.tar")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write(tmp_path_factory.mktemp("shards"))


def test_a_shard_is_what_webdataset_reads(whole):
    with tarfile.open(whole / "shard-000001.tar") as shard:
        names = shard.getnames()
        content = {name: shard.extractfile(name).read() for name in names}
        owners = {(member.mtime, member.uid, member.uname, member.mode) for member in shard.getmembers()}
    assert names[:3] == ["000000104.json", "000000104.cls", "000000104.png"]
    assert len(names) == 12
    assert owners == {(0, 0, "", 0o644)}
    description = json.loads(content["000000105.json"])
    assert description["index"] == 105
    image = np.asarray(Image.open(io.BytesIO(content["000000105.png"])))
    again = Stripes(**description["options"])
    replayed = again([description["index"]], tuple(description["size"]), description["seed"])[0]
    assert np.array_equal(image, replayed.permute(1, 2, 0))
    assert int(content["000000105.cls"]) == description["label"] == int(again.labels([105], 5))


def test_webdataset_reads_the_same(whole):
    place = 0
    for path in sorted(whole.glob("*.tar")):
        for sample in _webdataset_samples(path):
            ours = NoiseShards(whole)[place]
            assert torch.equal(decode_image(sample["png"]), ours["image"])
            assert int(sample["__key__"]) == json.loads(sample["json"])["index"] == ours["index"]
            assert int(sample["cls"]) == ours["label"]
            place += 1
    assert place == 10


@pytest.mark.parametrize("stamped", [False, True])
def test_shards_that_webdataset_wrote_are_read_the_same(whole, tmp_path, stamped):
    shutil.copy(whole / "manifest.json", tmp_path)
    for path in whole.glob("*.tar"):
        # With a date, which takes more headers before each member.
        with (tmp_path / path.name).open("wb") as file:
            writer = TarWriter(file, encoder=False, mtime=None if stamped else 0)
            for sample in _webdataset_samples(path):
                writer.write({key: value for key, value in sample.items() if key in {"__key__", "json", "cls", "png"}})
            writer.close()
    ours, theirs = NoiseShards(whole), NoiseShards(tmp_path)
    for place in (9, 0, 4):
        for key, value in ours[place].items():
            assert torch.equal(theirs[place][key], value)


def _webdataset_samples(path):
    with path.open("rb") as file:
        yield from group_by_keys(sample | {"__url__": path.name} for sample in tar_file_iterator(file))


def test_the_manifest_is_complete(whole):
    manifest = json.loads((whole / "manifest.json").read_text())
    assert manifest["process"] == {"process": "stripes", "options": {"width": 2, "colour": "random"}}
    assert (manifest["seed"], manifest["size"], manifest["first"], manifest["count"]) == (5, [9, 13], 100, 10)
    assert [(shard["first"], shard["count"]) for shard in manifest["shards"]] == [(100, 4), (104, 4), (108, 2)]
    assert manifest["shards"][2]["bytes"] == (whole / "shard-000002.tar").stat().st_size


def test_images_are_read_back_as_they_were_drawn(whole):
    shards, process = NoiseShards(whole), Stripes(width=2)
    assert len(shards) == 10
    drawn, labels = process(range(100, 110), SIZE, 5), process.labels(range(100, 110), 5)
    for place in (9, 0, 4, -1):
        sample = shards[place]
        assert torch.equal(sample["image"], drawn[place])
        assert sample["index"] == range(100, 110)[place]
        assert sample["label"] == labels[place]
    with pytest.raises(IndexError):
        shards[10]


def test_a_loader_with_workers_reads_them(whole):
    loader = torch.utils.data.DataLoader(NoiseShards(whole), batch_size=5, num_workers=1)
    batches = list(loader)
    assert torch.cat([batch["index"] for batch in batches]).tolist() == list(range(100, 110))
    assert batches[0]["image"].shape == (5, 3, *SIZE)


def test_the_process_is_created_from_the_manifest(whole, monkeypatch):
    know_stripes(monkeypatch)
    assert NoiseShards(whole).process == Stripes(width=2)


@pytest.mark.parametrize(("image_format", "exact"), [("jpg", False), ("webp", True)])
def test_other_formats(image_format, exact, tmp_path):
    shards = NoiseShards(write(tmp_path, image_format=image_format))
    drawn = Stripes(width=2)(range(100, 110), SIZE, 5)
    off = (torch.stack([shards[i]["image"] for i in range(10)]).int() - drawn.int()).abs()
    assert (off.max() == 0) if exact else (off.float().mean() < 5)


def test_bytes_do_not_depend_on_the_number_of_processes(whole, tmp_path):
    reports = []
    write(tmp_path, num_workers=2, progress=lambda *report: reports.append(report[:2]))
    assert shards_in(tmp_path) == shards_in(whole)
    assert read_manifest(tmp_path) == read_manifest(whole)
    assert reports[0] == (0, 10)
    assert reports[-1] == (10, 10)


KILLED = """
import os, signal, sys
sys.path.insert(0, {tree!r})
from pathlib import Path
from crossmodal.data.noise.shards import write_noise_shards
from tests.fakes.stripes import Stripes

def kill_in_the_second_shard(done, total, text):
    if done == 6:
        os.kill(os.getpid(), signal.SIGKILL)

write_noise_shards(
    Path({folder!r}), Stripes(width=2), 10, size={size}, seed=5, shard_size=4, first=100,
    progress=kill_in_the_second_shard,
)
"""


def test_a_kill_loses_only_the_unfinished_shard(whole, tmp_path):
    script = KILLED.format(tree=str(TREE), folder=str(tmp_path), size=SIZE)
    killed = subprocess.run([sys.executable, "-c", script], check=False, cwd=TREE, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert [shard.file for shard in read_manifest(tmp_path).shards] == ["shard-000000.tar"]
    assert list(tmp_path.glob(".shard-*"))
    with pytest.raises(DatasetError, match="1 of 3 shards are finished; repeat the command that made them to resume"):
        NoiseShards(tmp_path)
    kept = (tmp_path / "shard-000000.tar").stat().st_mtime_ns
    reports = []
    write(tmp_path, progress=lambda *report: reports.append(report[:2]))
    assert reports[0] == (4, 10)
    assert (tmp_path / "shard-000000.tar").stat().st_mtime_ns == kept
    assert shards_in(tmp_path) == shards_in(whole)
    assert not list(tmp_path.glob(".shard-*"))


def test_a_damaged_shard_is_written_again(whole, tmp_path):
    write(tmp_path)
    path = tmp_path / "shard-000001.tar"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    write(tmp_path)
    assert shards_in(tmp_path) == shards_in(whole)


def test_the_count_may_be_increased_later(tmp_path):
    write(tmp_path, count=6)
    first = (tmp_path / "shard-000000.tar").stat().st_mtime_ns
    write(tmp_path, count=9)
    assert (tmp_path / "shard-000000.tar").stat().st_mtime_ns == first
    assert NoiseShards(tmp_path)[8]["index"] == 108
    with pytest.raises(DatasetError, match="found a manifest of 9 images, 6 requested"):
        write(tmp_path, count=6)


def test_all_faults_are_listed(tmp_path):
    write(tmp_path)
    shards = NoiseShards(tmp_path)
    assert shards.verify() == []
    (tmp_path / "shard-000000.tar").unlink()
    cut, changed = tmp_path / "shard-000001.tar", tmp_path / "shard-000002.tar"
    cut.write_bytes(cut.read_bytes()[:700])
    changed.write_bytes(changed.read_bytes()[:-1] + b"!")
    faults = shards.verify()
    assert [fault.partition(": ")[2].split(",")[0] for fault in faults] == [
        "is missing",
        "has 700 bytes instead of 20480",
        "was changed after it was written",
    ]
    for place in (0, 4):
        with pytest.raises(DatasetError, match="does not match the manifest"):
            shards[place]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 6}, "seed: found 5, requested 6"),
        ({"process": Stripes(width=3)}, "found .*'width': 2.*, requested .*'width': 3"),
        ({"size": 8}, r"size: found \[9, 13\], requested \[8, 8\]"),
        ({"image_format": "jpg"}, "format: found png, requested jpg"),
    ],
)
def test_a_folder_of_other_images_is_refused(whole, options, message):
    before = shards_in(whole)
    with pytest.raises(DatasetError, match=message):
        write(whole, **options)
    assert shards_in(whole) == before


def test_a_folder_of_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DatasetError, match=r"holds files but no manifest\.json"):
        write(tmp_path)
    (tmp_path / "manifest.json").write_text("[1]")
    with pytest.raises(DatasetError, match="is not a manifest of noise shards"):
        write(tmp_path)
    with pytest.raises(DatasetError, match=r"has no manifest\.json"):
        NoiseShards(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a part of the path is a file"):
        write(tmp_path / "file" / "shards")
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(OutputError, match="permission denied"):
            write(tmp_path / "shards")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "at least 1.*count=0"),
        ({"first": -1}, "at least 0.*first=-1"),
        ({"size": 0}, "size=0"),
        ({"image_format": "gif"}, "one of png, jpg, webp, got 'gif'"),
    ],
)
def test_invalid_numbers_are_refused_before_anything_is_written(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
