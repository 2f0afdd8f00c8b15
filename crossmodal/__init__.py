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

__all__ = ["PredictedSound", "__version__", "predict_sound"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    from importlib.util import find_spec

    # Every module of the package: `crossmodal.recipe` works after `import crossmodal` alone.
    if not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    from pkgutil import iter_modules

    return sorted([*__all__, *(module.name for module in iter_modules(__path__) if module.name[0] != "_")])
