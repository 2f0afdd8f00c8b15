"""Published files of all layouts rebuild the generator that they were written from; hostile ones are refused."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch

from crossmodal.errors import FormatError, WeightsError
from crossmodal.models import BigGenerator, StyleGenerator2, StyleGenerator3
from crossmodal.models.foreign import rebuild_generator
from crossmodal.models.foreign.torch_file import TorchFile
from tests.fakes.published_generators import big_state, normalise, write_style_pickle

TINY_2 = {"size": 16, "latent": 8, "style": 8, "channel_base": 64, "channel_max": 8, "mapping_layers": 2}
SETTINGS_2 = {
    "z_dim": 8,
    "c_dim": 0,
    "w_dim": 8,
    "img_resolution": 16,
    "img_channels": 3,
    "mapping_kwargs": {"num_layers": 2},
    "synthesis_kwargs": {"channel_base": 64, "channel_max": 8, "num_fp16_res": 4, "conv_clamp": 256},
}
TINY_3 = {"size": 32, "latent": 8, "style": 8, "channel_base": 512, "channel_max": 8, "layers": 4, "critical": 1}
SETTINGS_3 = {
    "z_dim": 8,
    "c_dim": 3,
    "w_dim": 8,
    "img_resolution": 32,
    "img_channels": 3,
    "mapping_kwargs": {"num_layers": 2},
    "channel_base": 512,
    "channel_max": 8,
    "num_layers": 4,
    "num_critical": 1,
    "conv_kernel": 1,
    "use_radial_filters": True,
    "magnitude_ema_beta": 0.999,
}
TINY_BIG = {"size": 128, "width": 4, "latent": 4, "embedding": 3, "classes": 5, "statistics": 3}


@pytest.fixture
def second():
    torch.manual_seed(0)
    generator = StyleGenerator2(**TINY_2, clamp=256).eval()
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            parameter.normal_() if "strength" in name or "bias" in name else None
        generator.mapping.w_avg.normal_()
    return generator


@pytest.fixture(scope="module")
def big():
    torch.manual_seed(0)
    generator = BigGenerator(**TINY_BIG).eval()
    normalise(generator)
    return generator


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_stylegan2_pickle(second, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_style_pickle(tmp_path / "two.pkl", second, SETTINGS_2, protocol=protocol)
    generator, family = rebuild_generator(path)
    assert family == "StyleGAN2-ADA"
    assert generator.arguments == second.arguments
    assert all(torch.equal(value, generator.state_dict()[name]) for name, value in second.state_dict().items())
    assert torch.equal(generator.draw([3]), second.draw([3]))
    # The source text in the file was not run.
    assert [found.name for found in tmp_path.iterdir()] == ["two.pkl"]


def test_a_stylegan3_pickle(tmp_path):
    torch.manual_seed(0)
    third = StyleGenerator3(**TINY_3, classes=3, kernel=1, radial=True).eval()
    with torch.no_grad():
        for name, buffer in third.named_buffers():
            buffer.fill_(2.0) if name.endswith("magnitude_ema") else None
    generator, family = rebuild_generator(write_style_pickle(tmp_path / "three.pkl", third, SETTINGS_3))
    assert family == "StyleGAN3"
    assert generator.arguments == third.arguments
    assert torch.equal(generator.draw([3]), third.draw([3]))


@pytest.mark.parametrize("archive", [True, False])
def test_a_biggan_state_dict_in_both_layouts_of_torch(big, archive, tmp_path):
    path = tmp_path / "pytorch_model.bin"
    torch.save(big_state(big), path, _use_new_zipfile_serialization=archive)
    generator, family = rebuild_generator(path)
    assert family == "BigGAN-deep"
    assert generator.arguments == big.arguments
    latents, labels = big.latents([1]), big.labels([1])
    torch.testing.assert_close(generator(latents, labels), big(latents, labels), atol=1e-4, rtol=1e-4)


def test_a_biggan_draws_what_the_published_package_draws(tmp_path):
    published = pytest.importorskip("pytorch_pretrained_biggan", reason="the published package is not installed")
    torch.manual_seed(0)
    config = published.BigGANConfig(z_dim=6, class_embed_dim=6, channel_width=8, num_classes=7)
    network = published.BigGAN(config)
    with torch.no_grad():
        for name, tensor in network.state_dict(keep_vars=True).items():
            if name.endswith(("means", "vars")):
                tensor.uniform_(0.5, 1.5)
            elif name.endswith("gamma"):
                tensor.fill_(0.7)
        network.train()(torch.randn(2, 6), torch.eye(7)[:2], 1.0)  # so that the singular vectors are of the weights
    torch.save(network.eval().state_dict(), tmp_path / "pytorch_model.bin")
    generator = rebuild_generator(tmp_path / "pytorch_model.bin").generator.double()
    latents, labels = torch.randn(3, 6).double(), torch.tensor([1, 4, 6])
    for truncation in (0.04, 0.5, 1.0):
        generator.truncation = truncation
        expected = network.double()(latents, torch.eye(7).double()[labels], truncation)
        torch.testing.assert_close(2 * generator(latents, labels) - 1, expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("archive", [True, False])
def test_tensors_of_all_kinds_and_views_come_back(archive, tmp_path):
    base = torch.arange(24.0).reshape(4, 6)
    tensors = {
        "view": base[1:3, ::2],
        "turned": base.T,
        "half": base.half(),
        "brain": base.bfloat16(),
        "long": torch.tensor([2**60, -1]),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "empty": torch.empty(0, 3),
    }
    torch.save(tensors, tmp_path / "all.pt", _use_new_zipfile_serialization=archive)
    file = TorchFile(tmp_path / "all.pt")
    for name, tensor in tensors.items():
        found = file.tensor(file.tree[name])
        assert torch.equal(found, tensor)
        assert found.dtype == tensor.dtype


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"img_channels": 1}, "img_channels"),
        ({"synthesis_kwargs": {"channel_base": 64, "channel_max": 8, "architecture": "resnet"}}, "architecture"),
        ({"surprise": 1}, "surprise"),
        ({"z_dim": "eight"}, "z_dim must be a number"),
        ({"z_dim": 9}, "do not fit"),
        ({"img_resolution": 17}, "size must be"),
        ({"img_resolution": 32}, "missing"),
        ({"mapping_kwargs": {"num_layers": 10**9}}, "mapping_layers"),
        ({"mapping_kwargs": {"num_layers": 1}}, "unexpected"),
    ],
)
def test_unsupported_settings_are_named(second, change, message, tmp_path):
    path = write_style_pickle(tmp_path / "two.pkl", second, SETTINGS_2 | change)
    with pytest.raises(WeightsError, match=message):
        rebuild_generator(path)


def test_another_filter_is_another_architecture(second, tmp_path):
    second.get_submodule("synthesis.b8").resample_filter *= 2
    with pytest.raises(WeightsError, match=r"filter synthesis\.b8\.resample_filter"):
        rebuild_generator(write_style_pickle(tmp_path / "two.pkl", second, SETTINGS_2))


def test_other_networks_are_refused_by_name(second, tmp_path):
    path = write_style_pickle(tmp_path / "other.pkl", second, SETTINGS_2, class_name="Discriminator")
    with pytest.raises(WeightsError, match="found a 'Discriminator'"):
        rebuild_generator(path)
    torch.save({"conv1.weight": torch.ones(1)}, path)
    with pytest.raises(WeightsError, match=r"found conv1\.weight"):
        rebuild_generator(path)
    torch.save({"generator.gen_z.weight_orig": torch.ones(2, 2)}, path)
    with pytest.raises(WeightsError, match="lacks the singular vectors"):
        rebuild_generator(path)


def test_invalid_files(tmp_path):
    path = tmp_path / "file.pkl"
    with pytest.raises(FormatError, match="no such file"):
        rebuild_generator(path)
    for content, message in ((b"", "empty"), (b"PK\x03\x04none", "damaged archive"), (b"\xff\xd8\xff", "not a pickle")):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=message):
            rebuild_generator(path)


class Call:
    """Pickled as the call of anything."""

    def __init__(self, what, *arguments):
        self.what, self.arguments = what, arguments

    def __reduce__(self):
        return self.what, self.arguments


def hostile(kind: str, path: Path) -> None:
    """Write a file that would run something: as a pickle, in an archive, in the old layout, in a tensor's bytes."""
    evil = Call(os.system, "touch ran")
    if kind == "pickle":
        path.write_bytes(pickle.dumps({"G_ema": evil}))
    elif kind == "in a tensor":
        inner = io.BytesIO()
        torch.save(evil, inner, _use_new_zipfile_serialization=False)
        storage = Call(torch.storage._load_from_bytes, inner.getvalue())
        tensor = Call(torch._utils._rebuild_tensor_v2, storage, 0, (1,), (1,), False, {})
        path.write_bytes(pickle.dumps({"generator.gen_z.weight_orig": tensor}))
    else:
        torch.save({"gen_z.weight_orig": evil}, path, _use_new_zipfile_serialization=kind == "archive")


@pytest.mark.parametrize("kind", ["pickle", "archive", "old layout", "in a tensor"])
def test_a_hostile_file_is_refused_and_nothing_of_it_runs(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "hostile.pkl"
    hostile(kind, path)
    with pytest.raises(FormatError, match=r"(posix|nt)\.system'.*refused, nothing was run"):
        rebuild_generator(path)
    assert [found.name for found in tmp_path.iterdir()] == ["hostile.pkl"]


def tensor_pickle(count, size, stride=(1,), offset=0):
    """The old layout of one tensor whose storage says to have ``count`` numbers, and has four."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            return ("storage", torch.FloatStorage, "0", "cpu", count, None) if thing is Pickler else None

    class Tensor:
        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Pickler, offset, size, stride, False, {})

    stream = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {}):
        pickle.dump(part, stream, protocol=2)
    Pickler(stream, protocol=2).dump({"x.gen_z.weight_orig": Tensor()})
    pickle.dump(["0"], stream, protocol=2)
    return stream.getvalue() + struct.pack("<q", count) + bytes(16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 4, "size": (2**40,), "stride": (0,)}, "does not fit"),
        ({"count": 4, "size": (4,), "offset": 1}, "does not fit"),
        ({"count": 4, "size": (2, 2), "stride": (2, -1)}, "does not fit"),
        ({"count": 4, "size": (1,) * 60, "stride": (1,) * 60}, "does not fit"),
        ({"count": 2**61, "size": (4,)}, "more than the file can hold"),
        ({"count": -1, "size": (4,)}, "more than the file can hold"),
        ({"count": 8, "size": (4,)}, "expected 8 numbers, found 16 bytes"),
    ],
)
def test_tensors_that_are_larger_than_their_numbers_are_refused(options, message, tmp_path):
    path = tmp_path / "bomb.pt"
    path.write_bytes(tensor_pickle(**options))
    with pytest.raises(FormatError, match=message):
        rebuild_generator(path)


def test_a_compressed_archive_is_refused(tmp_path):
    torch.save({"gen_z.weight_orig": torch.zeros(10**5)}, tmp_path / "plain.pt")
    with zipfile.ZipFile(tmp_path / "plain.pt") as plain, zipfile.ZipFile(tmp_path / "bomb.pt", "w") as bomb:
        for name in plain.namelist():
            bomb.writestr(name, plain.read(name), zipfile.ZIP_DEFLATED)
    with pytest.raises(FormatError, match="compressed archive"):
        rebuild_generator(tmp_path / "bomb.pt")


def test_every_changed_byte_of_an_archive_gives_tensors_or_a_sentence(tmp_path):
    torch.save({"gen_z.weight_orig": torch.zeros(3)}, tmp_path / "whole.pt")
    whole, path = (tmp_path / "whole.pt").read_bytes(), tmp_path / "changed.pt"
    for offset in range(4, len(whole), 7):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0xFF]) + whole[offset + 1 :])
        with pytest.raises((FormatError, WeightsError), match=r"changed\.pt"):
            rebuild_generator(path)


def test_many_tensors_of_the_same_numbers_are_refused(tmp_path):
    numbers = torch.zeros(1000)
    torch.save({f"gen_z.weight_orig{number or ''}": numbers for number in range(50)}, tmp_path / "bomb.pt")
    with pytest.raises(FormatError, match="four times the size"):
        rebuild_generator(tmp_path / "bomb.pt")


def test_a_module_that_holds_itself_is_refused(tmp_path):
    network = b"ctraining.networks\nGenerator\n)\x81q\x00"
    state = b"}(X\x0b\x00\x00\x00_parameters}X\x08\x00\x00\x00_modules}X\x01\x00\x00\x00mh\x00su"
    (tmp_path / "loop.pkl").write_bytes(b"\x80\x02}X\x05\x00\x00\x00G_ema" + network + state + b"bs.")
    with pytest.raises(FormatError, match="not a readable module"):
        rebuild_generator(tmp_path / "loop.pkl")
