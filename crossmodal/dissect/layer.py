"""Layers of any network by name: found, recorded, and left early."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from crossmodal.backbones.layers import Staged
from crossmodal.spelling import suggestion

#: What a network is called with.
Inputs = tuple[Tensor, ...]


def find_layer(model: nn.Module, name: str) -> nn.Module:
    """Find a layer by its path (``trunk.8``), by the end of a path that only one has, or by its name as a stage.

    Stages are those that a backbone names itself (``conv1`` ...); the layer is the last one of the stage.

    Raises:
        ValueError: no such layer, or several; lists the nearest names.
    """
    layers: dict[str, nn.Module] = {path: layer for path, layer in model.named_modules() if path}
    stages = _stages(model)
    if name in layers or name in stages:
        return {**stages, **layers}[name]
    ends = [path for path in layers if path.endswith(f".{name}")]
    if len(ends) == 1:
        return layers[ends[0]]
    if ends:
        raise ValueError(f"several layers of {type(model).__name__} are called {name!r}: {', '.join(ends)}")
    known = [*stages, *layers]
    raise ValueError(f"{type(model).__name__} has no layer {name!r}{suggestion(name, known)}")


@contextmanager
def changed(layer: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let a layer's output (n, units, rows, columns) be what ``change`` makes of it."""
    handle = layer.register_forward_hook(lambda _module, _inputs, output: change(output))
    try:
        yield
    finally:
        handle.remove()


class _Enough(Exception):  # noqa: N818 - no error: the layer has spoken, the rest of the network need not run
    pass


@torch.inference_mode()
def record(model: nn.Module, layer: nn.Module, inputs: Inputs) -> Tensor:
    """Compute what a layer makes of inputs: (n, units, rows, columns), float32; layers after it do not run.

    A layer without rows and columns (n, units) counts as one cell.

    Raises:
        ValueError: the layer does not take part in the forward pass, or gives neither maps nor vectors.
    """
    kept: list[Tensor] = []

    def keep(output: Tensor) -> Tensor:
        # A copy, because the next layer may write into it (ReLU in place).
        kept.append(as_maps(output).detach().to(torch.float32, copy=True))
        raise _Enough

    try:
        with changed(layer, keep):
            model(*inputs)
    except _Enough:
        return kept[0]
    raise ValueError(f"the layer ({type(layer).__name__}) takes no part in the forward pass of {type(model).__name__}")


def record_with_output(model: nn.Module, layer: nn.Module, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Compute what a layer makes of inputs, like `record`, and the network's output."""
    kept: list[Tensor] = []

    def keep(output: Tensor) -> Tensor:
        kept.append(as_maps(output).detach().to(torch.float32, copy=True))
        return output

    with torch.inference_mode(), changed(layer, keep):
        output: Tensor = model(*inputs)
    if not kept:
        raise ValueError(f"the layer ({type(layer).__name__}) takes no part in the forward pass")
    return kept[-1], output


def to_device(inputs: Inputs, device: torch.device | str) -> Inputs:
    """Bring what a network is called with to a device."""
    return tuple(part.to(device) for part in inputs)


def as_maps(output: Tensor) -> Tensor:
    """Give a layer's output as maps (n, units, rows, columns); a vector is one cell.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(output, Tensor) or output.ndim not in (2, 4):
        found = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"a layer of maps (n, units, rows, columns) or vectors (n, units) was expected, found {found}")
    return output if output.ndim == 4 else output[:, :, None, None]


def _stages(model: nn.Module) -> dict[str, nn.Module]:
    if not isinstance(model, Staged):
        return {}
    last = {name: list(stage.modules())[-1] for name, stage in model.stages().items()}
    # What a stage wraps its layers in may be made for the occasion; only layers of the network itself can be hooked.
    own = set(model.modules())
    return {name: layer for name, layer in last.items() if layer in own}
