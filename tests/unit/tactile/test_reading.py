"""Every format is found by its content, with any file name; other files are refused with a sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile import InsoleRecording, PressureRecording, read
from crossmodal.tactile.reading import FORMATS, find_reader
from tests.fakes import pressure_other as other
from tests.fakes import pressure_vendor_grids as grids

Writer = Callable[[Path], Path]
_FOOT = grids.make_foot()


def _footscan(folder: Path) -> Path:
    return grids.write_footscan_text(folder / "roll.xls", grids.footscan_rows(_FOOT))


def _footscan_workbook(folder: Path) -> Path:
    return grids.write_workbook(folder / "book.xls", grids.footscan_rows(_FOOT))


_WRITERS: dict[str, tuple[str, Writer]] = {
    "tekscan": ("tekscan", lambda folder: grids.write_tekscan(folder / "a.asf", _FOOT)),
    "emed": ("emed", lambda folder: grids.write_emed(folder / "a.lst", _FOOT)),
    "footscan": ("footscan", _footscan),
    "footscan workbook": ("footscan", _footscan_workbook),
    "xsensor": ("xsensor", lambda folder: grids.write_xsensor(folder / "x.csv", _FOOT, _FOOT)),
    "zebris": ("zebris", lambda folder: grids.write_zebris(folder / "a.apd", _FOOT[2])),
    "pedar": ("pedar", other.write_pedar),
    "pliance": ("pedar", other.write_pliance),
    "stappone": ("stappone", other.write_stappone),
    "gaitpdb": ("gaitpdb", other.write_gaitpdb),
    "saved": ("saved", other.write_saved),
    "saved parquet": ("saved", other.write_saved_parquet),
    "stepup": ("step_up", other.write_stepup),
    "stepup folder": ("step_up", lambda folder: other.write_stepup(folder).parent),
    "motionpro": ("motionpro", other.write_motionpro),
    "presstrack": ("presstrack", other.write_presstrack),
    "carpet": ("intelligent_carpet", other.write_carpet),
    "carpet sample": ("intelligent_carpet_sample", other.write_carpet_sample),
    "samples folder": ("intelligent_carpet_sample", lambda folder: other.write_carpet_sample(folder).parent),
    "sock": ("socks", other.write_sock),
    "socks folder": ("socks", other.write_socks),
}


def test_there_is_a_file_of_every_format() -> None:
    assert {name for name, _ in _WRITERS.values()} == set(FORMATS)


@pytest.mark.parametrize("kind", _WRITERS)
def test_a_format_is_found_by_its_content_with_a_wrong_extension(kind: str, tmp_path: Path) -> None:
    name, write = _WRITERS[kind]
    path = write(tmp_path)
    if not path.is_dir():
        path = path.rename(path.with_suffix(".wrong"))
    assert find_reader(path).name == name
    recording = read(path)
    assert isinstance(recording, PressureRecording | InsoleRecording)
    values = recording.pressure if isinstance(recording, PressureRecording) else recording.values
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert values.min() >= 0 < values.max()
    assert len(values) == len(recording.times_s)


@pytest.mark.parametrize("kind", _WRITERS)
def test_the_source_is_the_format(kind: str, tmp_path: Path) -> None:
    name, write = _WRITERS[kind]
    source = read(write(tmp_path)).source
    # A pliance mat is novel's as pedar is; what we saved keeps the format that it was read from.
    assert source == {"pliance": "pliance", "saved": "tekscan", "saved parquet": "gaitpdb"}.get(kind, name)


@pytest.mark.parametrize("kind", _WRITERS)
def test_no_other_format_takes_it(kind: str, tmp_path: Path) -> None:
    from importlib import import_module

    name, write = _WRITERS[kind]
    path = write(tmp_path)
    head = b"" if path.is_dir() else path.read_bytes()[:65536]
    takers = [one for one in FORMATS if import_module(f"crossmodal.tactile.readers.{one}").matches(path, head)]
    assert takers == [name]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"Dear reader,\nthis is a letter.\n", "not a pressure recording of any known format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a pressure recording of any known format"),
        (b"PK\x03\x04" + bytes(100), "not a pressure recording of any known format"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "not a pressure recording of any known format"),
        (b"PAR1" + bytes(100) + b"PAR1", "not a pressure recording of any known format"),
        (b"1,2,3\n4,5,6\n", "not a pressure recording of any known format"),
        (bytes(1000), "not a pressure recording of any known format"),
    ],
)
def test_other_files_are_refused_and_the_formats_are_named(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)
    if content:
        assert all(name in str(caught.value) for name in FORMATS)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="No such file"):
        read(tmp_path / "none.asf")


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("hello")
    with pytest.raises(FormatError, match="not a pressure recording of any known format"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("emed_footscan_xsensor_pedar/emed_test.lst", "emed"),
        ("emed_footscan_xsensor_pedar/footscan_test.xls", "footscan"),
        ("emed_footscan_xsensor_pedar/fscan_testL.asf", "tekscan"),
        ("emed_footscan_xsensor_pedar/iscan_test.csv", "tekscan"),
        ("emed_footscan_xsensor_pedar/pedar_example.asc", "pedar"),
        ("emed_footscan_xsensor_pedar/pliance_test.asc", "pedar"),
        ("emed_footscan_xsensor_pedar/stappone_example.csv", "stappone"),
        ("emed_footscan_xsensor_pedar/xsensor_data.csv", "xsensor"),
        ("fscan_pair/FrasP01L.asf", "tekscan"),
        ("gaitpdb/GaCo01_01.txt", "gaitpdb"),
        ("zebris_walkway/MDwalk2_1.apd", "zebris"),
    ],
)
def test_real_files_are_found_by_their_content(file: str, name: str, real_data: Path) -> None:
    assert find_reader(real_data / "touch" / file).name == name
