"""Folders that are written over several runs: known by a file of ours, so that nothing else is written into."""

from pathlib import Path

from crossmodal.errors import DatasetError


def refuse_unmarked(folder: Path, mark: str, kind: str) -> None:
    """Refuse a folder that holds files, but not the one called ``mark`` that a folder of this ``kind`` begins with.

    Raises:
        DatasetError: the folder is somebody else's.
    """
    if not (folder / mark).exists() and folder.is_dir() and any(folder.iterdir()):
        raise DatasetError(
            f"{folder}: holds files but no {mark}, so it is not a folder of {kind}; name an empty or a new folder"
        )
