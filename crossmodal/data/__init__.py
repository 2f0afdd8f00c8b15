"""Data sets and data modules: Greatest Hits, its stand-in, and how batches are drawn and files fetched."""

from typing import TYPE_CHECKING, Any

from crossmodal.data.fetch import extract_archive, fetch_archive
from crossmodal.data.folds import fold_videos
from crossmodal.data.greatest_hits import GreatestHits, LoadReport
from crossmodal.data.greatest_hits_check import check_folder
from crossmodal.data.greatest_hits_files import Hit, read_sound_features

if TYPE_CHECKING:
    from crossmodal.data.greatest_hits_module import GreatestHitsData

__all__ = [
    "GreatestHits",
    "GreatestHitsData",
    "Hit",
    "LoadReport",
    "check_folder",
    "extract_archive",
    "fetch_archive",
    "fold_videos",
    "read_sound_features",
]


def __getattr__(name: str) -> Any:
    # The data module alone needs Lightning, which takes seconds to import; the data sets do not.
    if name == "GreatestHitsData":
        from crossmodal.data.greatest_hits_module import GreatestHitsData

        return GreatestHitsData
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
