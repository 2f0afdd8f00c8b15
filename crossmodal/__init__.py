"""Learn one sense from another, with as little labelled data as possible.

Public names and modules load on first use (PEP 562), so that ``import crossmodal`` costs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossmodal._version import __version__

if TYPE_CHECKING:
    from crossmodal.predict import PredictedSound, predict_sound

_HOMES = {
    "PredictedSound": "crossmodal.predict",
    "predict_sound": "crossmodal.predict",
}
# Every module of the package: `crossmodal.recipe` works after `import crossmodal` alone.
_MODULES = frozenset(
    {
        "audio",
        "backbones",
        "cards",
        "cli",
        "compiled",
        "data",
        "dissect",
        "errors",
        "evaluation",
        "files",
        "gait",
        "hub",
        "json_text",
        "labels",
        "metrics",
        "models",
        "noise",
        "objectives",
        "offline_page",
        "pickle_machine",
        "plot",
        "predict",
        "progress",
        "provenance",
        "randomness",
        "recipe",
        "run",
        "simulation",
        "spelling",
        "tactile",
        "tasks",
        "video",
        "visualization",
        "weights",
    }
)

__all__ = ["PredictedSound", "__version__", "predict_sound"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
