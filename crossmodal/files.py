"""Atomic writing of files: a file is written completely or not at all."""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crossmodal.errors import DatasetError, OutputError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose another place",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another place",
    errno.EACCES: "permission denied; choose a place that you may write to",
    errno.EPERM: "permission denied; choose a place that you may write to",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOENT: "the folder does not exist; create it first",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "the path is a folder; name a file in it",
}


@contextmanager
def replace_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path, whose content replaces ``path`` when the block ends without an error.

    A regular file is replaced in one step by a temporary file of the same folder. For a symlink, its target is replaced
    and the link is kept. A device, a pipe or a socket is never replaced: the content is written into it
    from a temporary file in another folder. The temporary name keeps the suffix, because some writers (PyAV, soundfile)
    choose the format by it. After an error the temporary file is removed and ``path`` is unchanged.

    Raises:
        OutputError: the path cannot be written, or the disk is full; states the path and the remedy.
    """
    target = Path(path)
    try:
        special = _is_special(target)
        place = target if special else Path(os.path.realpath(target))
        if not special:
            place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        # The suffix of the link, not of the file that it points to: the caller asked for this one.
        folder = None if special else place.parent
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=folder)
        os.close(handle)
    except OSError as error:
        raise output_error(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        if special:
            _write_through(temporary, place)
        else:
            # mkstemp makes files that only the owner may read; set the mode that open() would give.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(place)
    except OSError as error:
        raise output_error(target, error) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _is_special(path: Path) -> bool:
    """Return whether ``path`` is neither a regular file nor a folder, or names an open file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or _names_an_open_file(path)


def _names_an_open_file(path: Path) -> bool:
    """Return whether a path such as ``/dev/stdout`` leads through /proc to an open file, which must not be replaced."""
    for _ in range(40):  # the limit of links that Linux follows
        path = Path(os.path.realpath(path.parent)) / path.name
        if path.parts[:2] == ("/", "proc"):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return False


def _write_through(source: Path, target: Path) -> None:
    # Appending keeps the content of an open file that /dev/stdout names; devices and pipes have no end.
    with source.open("rb") as content, target.open("ab", buffering=0) as through:
        shutil.copyfileobj(content, through)


def output_error(path: str | os.PathLike[str], error: OSError) -> OutputError:
    """Return the error that states why ``path`` cannot be written."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return OutputError(f"{os.fspath(path)}: cannot be written: {reason}")


def refuse_unmarked(folder: Path, mark: str, kind: str) -> None:
    """Refuse a folder that is not empty and does not contain the file ``mark``, which every folder of this kind has.

    Raises:
        DatasetError: the folder contains other files.
    """
    if not (folder / mark).exists() and folder.is_dir() and any(folder.iterdir()):
        raise DatasetError(
            f"{folder}: holds files but no {mark}, so it is not a folder of {kind}; name an empty or a new folder"
        )
