"""What a generator knows of a pixel: the activations of all its layers there, and a fingerprint of the generator."""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.dissect.layer import Inputs, as_maps, changed, find_layer
from crossmodal.dissect.source import refuse_not_numbers


def default_layers(model: nn.Module) -> tuple[str, ...]:
    """The layers a generator names itself (``layer_names``).

    Raises:
        ValueError: it names none.
    """
    names = getattr(model, "layer_names", ())
    if not names:
        raise ValueError(
            f"{type(model).__name__} does not name its layers (layer_names); say which to take features from"
        )
    return tuple(names)


@torch.inference_mode()
def record_layers(model: nn.Module, layers: Sequence[str], inputs: Inputs) -> tuple[list[Tensor], Tensor]:
    """Run a generator once; give each layer's maps (n, units, rows, columns), float32, and the output.

    Raises:
        ValueError: a layer does not exist or takes no part.
    """
    kept: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> Tensor:
        kept[name] = as_maps(output).to(torch.float32, copy=True)
        return output

    with ExitStack() as stack:
        for name in layers:
            stack.enter_context(changed(find_layer(model, name), partial(keep, name)))
        output: Tensor = model(*inputs)
    silent = [name for name in layers if name not in kept]
    if silent:
        raise ValueError(f"layers that take no part in the forward pass: {', '.join(silent)}")
    return [kept[name] for name in layers], output


def observe(
    model: nn.Module, layers: Sequence[str], inputs: Inputs, around: Sequence[int] = ()
) -> tuple[list[Tensor], Tensor]:
    """Run a generator once; give all that a label head sees, as maps, and the output (n, 3, height, width).

    What it sees are the layers, the image itself, and the means of the finest of them over ``around`` x ``around``
    cells (odd), which tell what stands beside a pixel: only layers with at least half as many cells as the image has
    pixels, for the others look that far on their own.

    Raises:
        WeightsError: the generator gives values that are not numbers.
        ValueError: a layer does not exist or takes no part.
    """
    maps, output = record_layers(model, layers, inputs)
    refuse_not_numbers(output, "the generator's images")
    maps.append(output.float())
    fine = [part for part in maps if 2 * part.shape[-1] >= output.shape[-1]]
    return maps + [_mean_around(part, cells) for cells in around for part in fine], output


def _mean_around(maps: Tensor, cells: int) -> Tensor:
    return F.avg_pool2d(F.pad(maps, (cells // 2,) * 4, mode="replicate"), cells, stride=1)


def features_at(maps: Sequence[Tensor], rows: Tensor, columns: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate all maps at pixels of each image, bilinearly at their centres.

    Args:
        maps: of each layer, (n, units, rows, columns).
        rows: int (n, pixels).
        columns: int (n, pixels).
        size: of the image.

    Returns:
        (n, pixels, all units).
    """
    places = torch.stack([(columns + 0.5) / size[1], (rows + 0.5) / size[0]], dim=-1) * 2 - 1
    found = [
        F.grid_sample(part, places[:, None].to(part), mode="bilinear", padding_mode="border", align_corners=False)
        for part in maps
    ]
    return torch.cat(found, dim=1)[:, :, 0].transpose(1, 2)


def fingerprint(model: nn.Module) -> str:
    """SHA-256 of a network's kind and tensors, in hexadecimal."""
    digest = hashlib.sha256(type(model).__name__.encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
