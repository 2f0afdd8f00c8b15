"""Label heads as files: ``model.safetensors`` and ``config.json``, with a check of the generator."""

import json
import os
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from crossmodal.errors import WeightsError
from crossmodal.files import replace_atomically
from crossmodal.json_text import write_json
from crossmodal.labels.features import fingerprint
from crossmodal.labels.grouped_head import GroupedHead
from crossmodal.labels.head import LabelHead
from crossmodal.weights import load_weights

Head = LabelHead | GroupedHead

_KINDS: dict[str, type[LabelHead] | type[GroupedHead]] = {kind.__name__: kind for kind in (LabelHead, GroupedHead)}
_CONFIG, _TENSORS = "config.json", "model.safetensors"


def save_head(head: Head, folder: str | os.PathLike[str]) -> Path:
    """Write a head as ``model.safetensors`` and ``config.json``.

    Raises:
        OutputError: the folder cannot be written.
    """
    root = Path(folder)
    with replace_atomically(root / _TENSORS) as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in head.state_dict().items()}, temporary)
    write_json(root / _CONFIG, {"model": type(head).__name__, "arguments": head.arguments})
    return root


def load_head(folder: str | os.PathLike[str], model: nn.Module) -> Head:
    """Read a head of a generator.

    Raises:
        WeightsError: the head is missing or damaged, or was trained on another generator.
    """
    root = Path(folder)
    try:
        config = json.loads((root / _CONFIG).read_text(encoding="utf-8"))
        head = _KINDS[config["model"]](**config["arguments"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{root}: holds no label head ({error})") from error
    if head.generator != fingerprint(model):
        raise WeightsError(
            f"{root}: this head was trained on another generator (fingerprint {head.generator[:12]}, this generator "
            f"has {fingerprint(model)[:12]}); train a head on this one"
        )
    load_weights(head, root / _TENSORS)
    return head.eval()
