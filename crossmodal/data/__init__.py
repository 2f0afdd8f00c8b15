"""Data sets and data modules: Greatest Hits, its stand-in, procedural images, and how batches are drawn."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
    from crossmodal.data.fetch import extract_archive, fetch_archive
    from crossmodal.data.folds import fold_videos
    from crossmodal.data.greatest_hits.check import check_folder
    from crossmodal.data.greatest_hits.dataset import GreatestHits, LoadReport
    from crossmodal.data.greatest_hits.files import Hit, read_sound_features
    from crossmodal.data.greatest_hits.module import GreatestHitsDataModule
    from crossmodal.data.intelligent_carpet.dataset import (
        IntelligentCarpetWindows,
        check_intelligent_carpet,
        read_intelligent_carpet,
    )
    from crossmodal.data.intelligent_carpet.module import IntelligentCarpetDataModule
    from crossmodal.data.noise.dataset import NoiseDataset, NoiseIndices
    from crossmodal.data.noise.images import write_noise_images
    from crossmodal.data.noise.mixing import NoiseMixing
    from crossmodal.data.noise.module import NoiseDataModule
    from crossmodal.data.noise.shard_reader import NoiseShards
    from crossmodal.data.noise.shards import write_noise_shards
    from crossmodal.data.scenes.dataset import SceneDataset
    from crossmodal.data.scenes.module import ScenesDataModule
    from crossmodal.data.step_up.dataset import StepUpFootsteps, check_step_up
    from crossmodal.data.step_up.module import StepUpDataModule
    from crossmodal.data.views.views import Views, create_views
    from crossmodal.data.walks.module import WalkStepsDataModule

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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.data.fetch": "extract_archive fetch_archive",
        "crossmodal.data.folds": "fold_videos",
        "crossmodal.data.greatest_hits.check": "check_folder",
        "crossmodal.data.greatest_hits.dataset": "GreatestHits LoadReport",
        "crossmodal.data.greatest_hits.files": "Hit read_sound_features",
        "crossmodal.data.greatest_hits.module": "GreatestHitsDataModule",
        "crossmodal.data.intelligent_carpet.dataset": (
            "IntelligentCarpetWindows check_intelligent_carpet read_intelligent_carpet"
        ),
        "crossmodal.data.intelligent_carpet.module": "IntelligentCarpetDataModule",
        "crossmodal.data.noise.dataset": "NoiseDataset NoiseIndices",
        "crossmodal.data.noise.images": "write_noise_images",
        "crossmodal.data.noise.mixing": "NoiseMixing",
        "crossmodal.data.noise.module": "NoiseDataModule",
        "crossmodal.data.noise.shard_reader": "NoiseShards",
        "crossmodal.data.noise.shards": "write_noise_shards",
        "crossmodal.data.scenes.dataset": "SceneDataset",
        "crossmodal.data.scenes.module": "ScenesDataModule",
        "crossmodal.data.step_up.dataset": "StepUpFootsteps check_step_up",
        "crossmodal.data.step_up.module": "StepUpDataModule",
        "crossmodal.data.views.views": "Views create_views",
        "crossmodal.data.walks.module": "WalkStepsDataModule",
    },
)
