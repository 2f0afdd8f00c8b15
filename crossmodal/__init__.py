"""Learn one sense from another, with as little labelled data as possible.

Public names load on first use (PEP 562), so that ``import crossmodal`` costs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from crossmodal.predict import PredictedSound, predict_sound

_HOMES = {
    "PredictedSound": "crossmodal.predict",
    "predict_sound": "crossmodal.predict",
}
_SUBPACKAGES = frozenset(
    {
        "audio",
        "backbones",
        "data",
        "dissect",
        "evaluation",
        "gait",
        "hub",
        "metrics",
        "models",
        "noise",
        "objectives",
        "plot",
        "scenes",
        "tactile",
        "tasks",
        "video",
    }
)

__all__ = ["PredictedSound", "__version__", "predict_sound"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _SUBPACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBPACKAGES])
