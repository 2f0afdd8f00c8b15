"""Features of pixels, from the activations of all layers of a generator, and the fingerprint of a generator."""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.dissect.layer import Inputs, as_maps, find_layer, replace_output
from crossmodal.dissect.source import require_finite


def default_layers(model: nn.Module) -> tuple[str, ...]:
    """Return the names of the layers that a generator lists (``layer_names``).

    Raises:
        ValueError: the generator lists none.
    """
    names = getattr(model, "layer_names", ())
    if not names:
        raise ValueError(
            f"{type(model).__name__} does not name its layers (layer_names); give the layers to take features from"
        )
    return tuple(names)


@torch.inference_mode()
def record_layers(model: nn.Module, layers: Sequence[str], inputs: Inputs) -> tuple[list[Tensor], Tensor]:
    """Run a generator; return the maps (n, units, rows, columns) of each layer, float32, and the output.

    Raises:
        ValueError: a layer does not exist, or is not part of the forward pass.
    """
    kept: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> Tensor:
        kept[name] = as_maps(output).to(torch.float32, copy=True)
        return output

    with ExitStack() as stack:
        for name in layers:
            stack.enter_context(replace_output(find_layer(model, name), partial(keep, name)))
        output: Tensor = model(*inputs)
    unused = [name for name in layers if name not in kept]
    if unused:
        raise ValueError(f"these layers are not part of the forward pass: {', '.join(unused)}")
    return [kept[name] for name in layers], output


def compute_feature_maps(
    model: nn.Module, layers: Sequence[str], inputs: Inputs, around: Sequence[int] = ()
) -> tuple[list[Tensor], Tensor]:
    """Run a generator; return the feature maps of a label head and the output (n, 3, height, width).

    The maps are those of the layers, the image, and local means over ``around`` x ``around`` cells (odd) of the maps
    with at least half as many cells per side as the image has pixels. Coarser maps cover such neighbourhoods anyway.

    Raises:
        WeightsError: the output of the generator is not finite.
        ValueError: a layer does not exist, or is not part of the forward pass.
    """
    maps, output = record_layers(model, layers, inputs)
    require_finite(output, "the generator's images")
    maps.append(output.float())
    fine = [part for part in maps if 2 * part.shape[-1] >= output.shape[-1]]
    return maps + [_local_mean(part, cells) for cells in around for part in fine], output


def _local_mean(maps: Tensor, cells: int) -> Tensor:
    return F.avg_pool2d(F.pad(maps, (cells // 2,) * 4, mode="replicate"), cells, stride=1)


def features_at(maps: Sequence[Tensor], rows: Tensor, columns: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate all maps bilinearly at the centres of some pixels of each image.

    Args:
        maps: (n, units, rows, columns) each.
        rows: int (n, pixels).
        columns: int (n, pixels).
        size: of the image.

    Returns:
        (n, pixels, all units).
    """
    positions = torch.stack([(columns + 0.5) / size[1], (rows + 0.5) / size[0]], dim=-1) * 2 - 1
    found = [
        F.grid_sample(part, positions[:, None].to(part), mode="bilinear", padding_mode="border", align_corners=False)
        for part in maps
    ]
    return torch.cat(found, dim=1)[:, :, 0].transpose(1, 2)


def fingerprint(model: nn.Module) -> str:
    """Return the SHA-256 of the class name and the tensors of a network, in hexadecimal."""
    digest = hashlib.sha256(type(model).__name__.encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
