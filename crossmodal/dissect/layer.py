"""Layers of any network: finding them by name, recording and replacing their outputs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from crossmodal.backbones.layers import Staged
from crossmodal.spelling import suggestion

#: Positional arguments of a network.
Inputs = tuple[Tensor, ...]


def find_layer(model: nn.Module, name: str) -> nn.Module:
    """Find a layer by its path (``trunk.8``), by the unique end of a path, or by the name of a stage.

    Stages are those that a backbone names (``conv1`` ...); the layer is the last one of the stage.

    Raises:
        ValueError: there is no such layer, or several; the message suggests a name.
    """
    layers: dict[str, nn.Module] = {path: layer for path, layer in model.named_modules() if path}
    stages = _stages(model)
    if name in layers or name in stages:
        return {**stages, **layers}[name]
    ends = [path for path in layers if path.endswith(f".{name}")]
    if len(ends) == 1:
        return layers[ends[0]]
    if ends:
        raise ValueError(
            f"several layers of {type(model).__name__} end in {name!r}: {', '.join(ends)}; name one of them"
        )
    known = [*stages, *layers]
    raise ValueError(f"{type(model).__name__} has no layer {name!r}{suggestion(name, known)}")


@contextmanager
def replace_output(layer: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Replace the output of a layer by ``change(output)`` while a ``with`` block runs."""
    handle = layer.register_forward_hook(lambda _module, _inputs, output: change(output))
    try:
        yield
    finally:
        handle.remove()


class _StopForward(Exception):  # noqa: N818 - no error: the layers after the recorded one need not run
    pass


@torch.inference_mode()
def record(model: nn.Module, layer: nn.Module, inputs: Inputs) -> Tensor:
    """Return the output of a layer: (n, units, rows, columns), float32; the layers after it do not run.

    Vectors (n, units) count as one cell.

    Raises:
        ValueError: the layer is not part of the forward pass, or its output is neither maps nor vectors.
    """
    kept: list[Tensor] = []

    def keep(output: Tensor) -> Tensor:
        # A copy, because the next layer may write into it (ReLU in place).
        kept.append(as_maps(output).detach().to(torch.float32, copy=True))
        raise _StopForward

    try:
        with replace_output(layer, keep):
            model(*inputs)
    except _StopForward:
        return kept[0]
    raise ValueError(f"the layer ({type(layer).__name__}) is not part of the forward pass of {type(model).__name__}")


def record_with_output(model: nn.Module, layer: nn.Module, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Return the output of a layer, as `record` does, and the output of the network."""
    kept: list[Tensor] = []

    def keep(output: Tensor) -> Tensor:
        kept.append(as_maps(output).detach().to(torch.float32, copy=True))
        return output

    with torch.inference_mode(), replace_output(layer, keep):
        output: Tensor = model(*inputs)
    if not kept:
        raise ValueError(
            f"the layer ({type(layer).__name__}) is not part of the forward pass of {type(model).__name__}"
        )
    return kept[-1], output


def to_device(inputs: Inputs, device: torch.device | str) -> Inputs:
    """Move the arguments of a network to a device."""
    return tuple(part.to(device) for part in inputs)


def as_maps(output: Tensor) -> Tensor:
    """Return a layer's output as maps (n, units, rows, columns); a vector is one cell.

    Raises:
        ValueError: the output is neither.
    """
    if not isinstance(output, Tensor) or output.ndim not in (2, 4):
        found = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"expected a layer with maps (n, units, rows, columns) or vectors (n, units), found {found}")
    return output if output.ndim == 4 else output[:, :, None, None]


def _stages(model: nn.Module) -> dict[str, nn.Module]:
    if not isinstance(model, Staged):
        return {}
    last = {name: list(stage.modules())[-1] for name, stage in model.stages().items()}
    # A stage may be a temporary container; only modules of the network itself can be hooked.
    own = set(model.modules())
    return {name: layer for name, layer in last.items() if layer in own}
