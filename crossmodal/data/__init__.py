"""Data sets and data modules: Greatest Hits and its stand-in, procedural images, walks, footsteps; samplers."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossmodal.data.fetch import extract_archive, fetch_archive
from crossmodal.data.folds import fold_videos
from crossmodal.data.greatest_hits.check import check_folder
from crossmodal.data.greatest_hits.dataset import GreatestHits, LoadReport
from crossmodal.data.greatest_hits.files import Hit, read_sound_features
from crossmodal.data.intelligent_carpet.dataset import (
    IntelligentCarpetWindows,
    check_intelligent_carpet,
    read_intelligent_carpet,
)
from crossmodal.data.noise.dataset import NoiseDataset, NoiseIndices
from crossmodal.data.noise.images import write_noise_images
from crossmodal.data.noise.shard_reader import NoiseShards
from crossmodal.data.noise.shards import write_noise_shards
from crossmodal.data.scenes.dataset import SceneDataset
from crossmodal.data.step_up.dataset import StepUpFootsteps, check_step_up
from crossmodal.data.views.views import Views, create_views

if TYPE_CHECKING:
    from crossmodal.data.greatest_hits.module import GreatestHitsDataModule
    from crossmodal.data.intelligent_carpet.module import IntelligentCarpetDataModule
    from crossmodal.data.noise.mixing import NoiseMixing
    from crossmodal.data.noise.module import NoiseDataModule
    from crossmodal.data.scenes.module import ScenesDataModule
    from crossmodal.data.step_up.module import StepUpDataModule
    from crossmodal.data.walks.module import WalkStepsDataModule

# Lightning and torchvision take seconds to import, which the data sets do not need.
_LATE_HOMES = {
    "IntelligentCarpetDataModule": "crossmodal.data.intelligent_carpet.module",
    "GreatestHitsDataModule": "crossmodal.data.greatest_hits.module",
    "NoiseDataModule": "crossmodal.data.noise.module",
    "NoiseMixing": "crossmodal.data.noise.mixing",
    "WalkStepsDataModule": "crossmodal.data.walks.module",
    "StepUpDataModule": "crossmodal.data.step_up.module",
    "ScenesDataModule": "crossmodal.data.scenes.module",
}

__all__ = [
    "GreatestHits",
    "GreatestHitsDataModule",
    "Hit",
    "IntelligentCarpetDataModule",
    "IntelligentCarpetWindows",
    "LoadReport",
    "NoiseDataModule",
    "NoiseDataset",
    "NoiseIndices",
    "NoiseMixing",
    "NoiseShards",
    "SceneDataset",
    "ScenesDataModule",
    "StepUpDataModule",
    "StepUpFootsteps",
    "Views",
    "WalkStepsDataModule",
    "check_folder",
    "check_intelligent_carpet",
    "check_step_up",
    "create_views",
    "extract_archive",
    "fetch_archive",
    "fold_videos",
    "read_intelligent_carpet",
    "read_sound_features",
    "write_noise_images",
    "write_noise_shards",
]


def __getattr__(name: str) -> Any:
    if name in _LATE_HOMES:
        return getattr(import_module(_LATE_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
