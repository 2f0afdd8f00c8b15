"""What a generator knows of a pixel: the activations of all its layers there, and a fingerprint of the generator."""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.dissect.layer import Inputs, as_maps, changed, find_layer


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


def features_at(maps: Sequence[Tensor], rows: Tensor, columns: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate all maps at pixels of each picture, bilinearly at their centres.

    Args:
        maps: of each layer, (n, units, rows, columns).
        rows: int (n, pixels).
        columns: int (n, pixels).
        size: of the picture.

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
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return digest.hexdigest()
