from .fetch import extract_archive, fetch_archive
from .folds import fold_videos
from .greatest_hits.check import check_folder
from .greatest_hits.dataset import GreatestHits, LoadReport
from .greatest_hits.files import Hit, read_sound_features
from .greatest_hits.module import GreatestHitsDataModule
from .intelligent_carpet.dataset import IntelligentCarpetWindows, check_intelligent_carpet, read_intelligent_carpet
from .intelligent_carpet.module import IntelligentCarpetDataModule
from .noise.dataset import NoiseDataset, NoiseIndices
from .noise.images import write_noise_images
from .noise.mixing import NoiseMixing
from .noise.module import NoiseDataModule
from .noise.shard_reader import NoiseShards
from .noise.shards import write_noise_shards
from .scenes.dataset import SceneDataset
from .scenes.module import ScenesDataModule
from .step_up.dataset import StepUpFootsteps, check_step_up
from .step_up.module import StepUpDataModule
from .views.views import Views, create_views
from .walks.module import WalkStepsDataModule

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
