"""Published generators, rebuilt from their files as networks of this package; nothing in a file is executed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from crossmodal.errors import WeightsError
from crossmodal.models.big_generator import BigGenerator
from crossmodal.models.foreign.inert_pickle import Record
from crossmodal.models.foreign.modules import PickledModule, class_name_of, items_of, read_module, state_of
from crossmodal.models.foreign.torch_file import TorchFile
from crossmodal.models.numbered_generator import NumberedGenerator
from crossmodal.models.style_generator_2 import StyleGenerator2
from crossmodal.models.style_generator_3 import StyleGenerator3

#: Keys of the generator in published files; the averaged one comes first.
_PARTS = ("G_ema", "g_ema", "generator", "G")
_WHAT = "a StyleGAN2-ADA or StyleGAN3 pickle, or a BigGAN-deep state dict"
_MAPPING = {"num_layers": "mapping_layers"}
_SHARED = {
    "z_dim": "latent",
    "c_dim": "classes",
    "w_dim": "style",
    "img_resolution": "size",
    "channel_base": "channel_base",
    "channel_max": "channel_max",
    "conv_clamp": "clamp",
}
_STYLE_3 = {
    "num_layers": "layers",
    "num_critical": "critical",
    "first_cutoff": "first_cutoff",
    "first_stopband": "first_stopband",
    "last_stopband_rel": "last_stopband",
    "margin_size": "margin",
    "conv_kernel": "kernel",
    "filter_size": "filter_taps",
    "lrelu_upsampling": "oversampling",
    "use_radial_filters": "radial",
    "output_scale": "output_scale",
}
#: Settings of speed, precision or training, which do not change the network.
_WITHOUT_EFFECT = frozenset(
    {"num_fp16_res", "fp16_channels_last", "fused_modconv_default", "magnitude_ema_beta", "w_avg_beta"}
)
#: Settings of which one value only is supported.
_ONLY: dict[str, Any] = {
    "img_channels": 3,
    "architecture": "skip",
    "resample_filter": [1, 3, 3, 1],
    "activation": "lrelu",
    "lr_multiplier": 0.01,
    "use_noise": True,
    "kernel_size": 3,
    "embed_features": None,
    "layer_features": None,
}


class Rebuilt(NamedTuple):
    """A generator read from a published file."""

    generator: NumberedGenerator
    #: Name of the published family, for messages.
    family: str


def rebuild_generator(path: Path) -> Rebuilt:
    """Read a published file and build its generator, in evaluation mode.

    Raises:
        FormatError: the file is damaged, or has content that no network needs; nothing in it is executed.
        WeightsError: the file has no generator of these families, or one with an unsupported setting.
    """
    file = TorchFile(path)
    found = _find(file)
    if isinstance(found, PickledModule):
        return _rebuild_style(path, found)
    return Rebuilt(_rebuild_big(path, found), "BigGAN-deep")


def _find(file: TorchFile) -> PickledModule | dict[str, Tensor]:
    tree = file.tree
    items = items_of(tree)
    for candidate in (tree, *(items.get(part) for part in _PARTS)):
        if isinstance(candidate, Record) and candidate.name.startswith("dnnlib.tflib"):
            raise WeightsError(f"{file.path}: a TensorFlow network; convert it to PyTorch first")
        if isinstance(candidate, Record) and state_of(candidate):
            if class_name_of(candidate) != "Generator":
                raise WeightsError(f"{file.path}: expected {_WHAT}, found a {class_name_of(candidate)[:40]!r}")
            return read_module(file, candidate)
    if any(isinstance(key, str) and key.endswith("gen_z.weight_orig") for key in items):
        return {str(key): file.tensor(value) for key, value in items.items()}
    held = ", ".join(str(key)[:40] for key in list(items)[:6]) or "no names"
    raise WeightsError(f"{file.path}: expected {_WHAT}, found {held}")


def _rebuild_style(path: Path, module: PickledModule) -> Rebuilt:
    third = any(name.startswith("synthesis.input.") for name in module.tensors)
    kind = StyleGenerator3 if third else StyleGenerator2
    # Defaults of the published constructors.
    arguments: dict[str, Any] = {"mapping_layers": 2 if third else 8}
    arguments.update(_arguments(path, module.settings, _SHARED | (_STYLE_3 if third else {})))
    missing = {"latent", "classes", "style", "size"} - arguments.keys()
    if missing:
        raise WeightsError(f"{path}: the settings of the generator lack {', '.join(sorted(missing))}")
    # Two published packages have different defaults of the clamp; the layers store the value.
    if "synthesis.b4.conv1.conv_clamp" in module.attributes:
        arguments["clamp"] = module.attributes["synthesis.b4.conv1.conv_clamp"]
    generator = _build(path, kind, arguments, module.tensors)
    return Rebuilt(generator, "StyleGAN3" if third else "StyleGAN2-ADA")


def _arguments(path: Path, settings: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Convert the settings of a published generator to constructor arguments."""
    arguments: dict[str, Any] = {}
    for name, value in settings.items():
        if name in ("mapping_kwargs", "synthesis_kwargs", "block_kwargs", "layer_kwargs"):
            inner = _MAPPING if name == "mapping_kwargs" else names
            arguments.update(_arguments(path, items_of(value), inner))
        elif name in names:
            if not isinstance(value, int | float | None):
                raise WeightsError(f"{path}: the setting {name} must be a number")
            arguments[names[name]] = value
        elif name not in _WITHOUT_EFFECT and not (name in _ONLY and _is(value, _ONLY[name])):
            raise WeightsError(
                f"{path}: unsupported setting {name[:60]!r} of the generator, or an unsupported value of it"
            )
    return arguments


def _is(value: Any, only: Any) -> bool:
    if isinstance(only, list):
        return isinstance(value, list) and len(value) == len(only) and all(map(_is, value, only))
    return isinstance(value, str | int | float | bool | None) and bool(value == only)


def _build(
    path: Path, kind: type[NumberedGenerator], arguments: dict[str, Any], tensors: dict[str, Tensor]
) -> NumberedGenerator:
    """Build a generator and load the tensors of a file; all must fit."""
    try:
        # First without memory: the settings in a file may require any amount of it.
        with torch.device("meta"):
            outline = kind(**arguments)
        _refuse_misfits(path, outline, tensors)
        # The random start is discarded; it must not change the random state of the caller.
        with torch.random.fork_rng(devices=[]):
            generator = kind(**arguments)
    except (TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise WeightsError(f"{path}: cannot build a {kind.__name__} from its settings: {error}") from error
    _compare_filters(path, generator, tensors)
    generator.load_state_dict({name: tensors[name].float() for name in generator.state_dict()})
    return generator.eval()


def _refuse_misfits(path: Path, outline: NumberedGenerator, tensors: dict[str, Tensor]) -> None:
    expected = outline.state_dict()
    wrong = [
        f"{name} ({tuple(tensors[name].shape) if name in tensors else 'missing'}, expected {tuple(meta.shape)})"
        for name, meta in expected.items()
        if name not in tensors or tensors[name].shape != meta.shape
    ]
    known = expected.keys() | dict(outline.named_buffers()).keys()
    wrong += [f"{name[:80]} (unexpected)" for name in tensors.keys() - known]
    if wrong:
        more = f" and {len(wrong) - 4} more" if len(wrong) > 4 else ""
        raise WeightsError(f"{path}: tensors do not fit a {type(outline).__name__}: {', '.join(wrong[:4])}{more}")


def _compare_filters(path: Path, generator: NumberedGenerator, tensors: dict[str, Tensor]) -> None:
    """Compare the filters of a file, which the settings determine: a difference means another architecture."""
    learned = generator.state_dict().keys()
    for name, ours in generator.named_buffers():
        theirs = tensors.get(name)
        if name in learned or theirs is None:
            continue
        if ours.shape != theirs.shape or not torch.allclose(ours, theirs.float(), rtol=1e-4, atol=1e-6):
            raise WeightsError(f"{path}: the filter {name} differs from the one that its settings define")


def _rebuild_big(path: Path, tensors: dict[str, Tensor]) -> NumberedGenerator:
    """Build a BigGAN-deep from its tensors, whose shapes determine its arguments."""
    folded = _without_spectral_norm(path, tensors)
    try:
        latent_and_class = folded["generator.gen_z.weight"].shape[1]
        embedding, classes = folded["embeddings.weight"].shape
        statistics, width = folded["generator.bn.running_means"].shape
    except (KeyError, ValueError, IndexError) as error:
        raise WeightsError(
            f"{path}: a BigGAN-deep without gen_z, embeddings or the last batch norm; is the file complete?"
        ) from error
    blocks = len({name.split(".")[2] for name in folded if name.startswith("generator.layers.")})
    sizes = {11: 128, 13: 256, 15: 512}
    if blocks not in sizes:
        raise WeightsError(f"{path}: expected a BigGAN-deep of 11, 13 or 15 layers, found {blocks}")
    arguments = {
        "size": sizes[blocks],
        "width": width,
        "latent": latent_and_class - embedding,
        "embedding": embedding,
        "classes": classes,
        "statistics": statistics,
    }
    return _build(path, BigGenerator, arguments, folded)


def _without_spectral_norm(path: Path, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Divide each weight by its spectral norm, from the stored singular vectors.

    References:
        Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018, section 2.1.
    """
    folded = {}
    for name, value in tensors.items():
        base, _, kind = name.rpartition(".")
        if kind == "weight_orig":
            left, right = (tensors.get(f"{base}.weight_{end}") for end in "uv")
            if value.ndim < 2 or left is None or right is None or not left.ndim == right.ndim == 1:
                raise WeightsError(f"{path}: {base} lacks the singular vectors of its weights")
            flat = value.float().flatten(1)
            if (*left.shape, *right.shape) != tuple(flat.shape):
                raise WeightsError(f"{path}: the singular vectors of {base} do not fit its weights")
            folded[f"{base}.weight"] = value.float() / (left.float() @ flat @ right.float())
        elif kind not in ("weight_u", "weight_v"):
            folded[name] = value
    return folded
