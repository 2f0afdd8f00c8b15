"""Feature visualization: images optimized to activate the units of a backbone, as a noise process.

Importing this package registers ``feature_visualization`` for `crossmodal.noise.create`.
"""

from typing import TYPE_CHECKING, Any

from crossmodal.noise import register

if TYPE_CHECKING:
    from crossmodal.noise import Process
    from crossmodal.visualization.process import FeatureVisualization

__all__ = ["FeatureVisualization"]


def _load() -> "type[Process[Any]]":
    from crossmodal.visualization.process import FeatureVisualization

    return FeatureVisualization


register("feature_visualization", _load)


def __getattr__(name: str) -> Any:
    if name == "FeatureVisualization":
        return _load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
