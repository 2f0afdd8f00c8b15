"""Data sets and data modules: Greatest Hits, its stand-in, procedural pictures, and how batches are drawn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossmodal.data.carpet import CarpetWindows, check_carpet, read_carpet
from crossmodal.data.fetch import extract_archive, fetch_archive
from crossmodal.data.folds import fold_videos
from crossmodal.data.greatest_hits import GreatestHits, LoadReport
from crossmodal.data.greatest_hits_check import check_folder
from crossmodal.data.greatest_hits_files import Hit, read_sound_features
from crossmodal.data.noise import NoiseDataset, NoiseIndices
from crossmodal.data.noise_pictures import write_noise_pictures
from crossmodal.data.noise_shard_reader import NoiseShards
from crossmodal.data.noise_shards import write_noise_shards
from crossmodal.data.scenes import SceneDataset
from crossmodal.data.step_up import StepUpFootsteps, check_step_up
from crossmodal.data.views import Views, create_views

if TYPE_CHECKING:
    from crossmodal.data.carpet_module import CarpetData
    from crossmodal.data.greatest_hits_module import GreatestHitsData
    from crossmodal.data.noise_mixing import NoiseMixing
    from crossmodal.data.noise_module import NoiseData
    from crossmodal.data.scenes_module import ScenesData
    from crossmodal.data.step_up_module import StepUpData
    from crossmodal.data.walk_steps_module import WalkStepsData

# Lightning and torchvision take seconds to import, which the data sets do not need.
_LATE_HOMES = {
    "CarpetData": "crossmodal.data.carpet_module",
    "GreatestHitsData": "crossmodal.data.greatest_hits_module",
    "NoiseData": "crossmodal.data.noise_module",
    "NoiseMixing": "crossmodal.data.noise_mixing",
    "WalkStepsData": "crossmodal.data.walk_steps_module",
    "StepUpData": "crossmodal.data.step_up_module",
    "ScenesData": "crossmodal.data.scenes_module",
}

__all__ = [
    "CarpetData",
    "CarpetWindows",
    "GreatestHits",
    "GreatestHitsData",
    "Hit",
    "LoadReport",
    "NoiseData",
    "NoiseDataset",
    "NoiseIndices",
    "NoiseMixing",
    "NoiseShards",
    "SceneDataset",
    "ScenesData",
    "StepUpData",
    "StepUpFootsteps",
    "Views",
    "WalkStepsData",
    "check_carpet",
    "check_folder",
    "check_step_up",
    "create_views",
    "extract_archive",
    "fetch_archive",
    "fold_videos",
    "read_carpet",
    "read_sound_features",
    "write_noise_pictures",
    "write_noise_shards",
]


def __getattr__(name: str) -> Any:
    if name in _LATE_HOMES:
        return getattr(import_module(_LATE_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
