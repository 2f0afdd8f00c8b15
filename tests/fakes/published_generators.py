"""Generators written in the layouts in which others publish theirs, with none of their code."""

import pickle
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from crossmodal.models import BigGenerator

#: What an honest file holds in the place of its source code; run, it would write a file.
SOURCE = "import pathlib; pathlib.Path('ran').write_text('ran')"


class EasyDict(dict):
    """The dict of the published packages."""


def reconstruct(meta: Any) -> Any:
    raise AssertionError("the file was unpickled")


EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"
reconstruct.__module__, reconstruct.__qualname__ = "torch_utils.persistence", "_reconstruct_persistent_obj"


@contextmanager
def published_packages() -> Iterator[None]:
    """Let pickle find the two names above while it writes."""
    places = {name: ModuleType(name) for name in ("dnnlib", "dnnlib.util", "torch_utils", "torch_utils.persistence")}
    places["dnnlib.util"].EasyDict = EasyDict
    places["torch_utils.persistence"]._reconstruct_persistent_obj = reconstruct
    sys.modules.update(places)
    try:
        yield
    finally:
        for name in places:
            del sys.modules[name]


class Persistent:
    """A module that is pickled with its class's name, source and state."""

    def __init__(self, module: nn.Module, class_name: str, **attributes: Any) -> None:
        children = OrderedDict(
            (name, Persistent(child, type(child).__name__)) for name, child in module.named_children()
        )
        self.class_name = class_name
        self.state = {
            "training": False,
            "_parameters": OrderedDict(module._parameters),
            "_buffers": OrderedDict(module._buffers),
            "_non_persistent_buffers_set": set(),
            "_modules": children,
            **attributes,
        }

    def __reduce__(self) -> Any:
        meta = {"type": "class", "version": 6, "module_src": SOURCE, "class_name": self.class_name}
        return reconstruct, (EasyDict(meta, state=self.state),)


def write_style_pickle(
    path: Path, generator: nn.Module, settings: dict[str, Any], *, class_name: str = "Generator", protocol: int = 4
) -> Path:
    """Write a StyleGAN pickle: a dict of networks, the averaged generator among them."""
    whole = {
        "training_set_kwargs": EasyDict(class_name="training.dataset.ImageFolderDataset", use_labels=False),
        "G": None,
        "G_ema": Persistent(generator, class_name, _init_args=(), _init_kwargs=EasyDict(settings)),
    }
    with published_packages(), path.open("wb") as file:
        pickle.dump(whole, file, protocol=protocol)
    return path


def normalise(generator: BigGenerator) -> None:
    """Divide all weights by their largest singular values, and give the statistics something to tell."""
    with torch.no_grad():
        for layer in _normalised(generator).values():
            layer.weight /= torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        for name, buffer in generator.named_buffers():
            buffer.uniform_(0.5, 1.5) if name.endswith("vars") else buffer.normal_(std=0.1)
        for module in generator.modules():
            if hasattr(module, "gamma"):
                module.gamma.fill_(0.7)


def big_state(generator: BigGenerator) -> dict[str, Tensor]:
    """The state dict of a BigGAN-deep as published: weights before their spectral normalisation."""
    state = dict(generator.state_dict())
    for name, layer in _normalised(generator).items():
        left, _, right = torch.linalg.svd(layer.weight.detach().flatten(1), full_matrices=False)
        del state[f"{name}.weight"]
        state[f"{name}.weight_orig"] = 3 * layer.weight.detach()
        state[f"{name}.weight_u"], state[f"{name}.weight_v"] = left[:, 0].clone(), right[0].clone()
    return state


def _normalised(generator: BigGenerator) -> dict[str, Any]:
    return {
        name: layer
        for name, layer in generator.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d) and name != "embeddings"
    }
