"""Detection of truncated files, which decoders read without an error."""

import os
from pathlib import Path
from typing import BinaryIO

from crossmodal.errors import FormatError

# Placeholder sizes that recorders write while the size of the data is unknown.
_UNKNOWN_SIZES = (0, 0xFFFF_FFFF)

# Ogg pages are at most this long, so the last one begins within this many bytes of the end.
_LONGEST_OGG_PAGE = 65_307
_OGG_LAST_PAGE_FLAG = 4


def refuse_truncated(path: Path) -> None:
    """Refuse a wav, AVI or Ogg file that was cut short; other formats are not checked.

    Raises:
        FormatError: the file is shorter than its headers state.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            stated, found = _wav_data(file, size)
        elif head[:4] == b"RIFF" and head[8:] == b"AVI ":
            stated, found = int.from_bytes(head[4:8], "little"), size - 8
        elif head[:4] == b"OggS":
            file.seek(max(0, size - _LONGEST_OGG_PAGE))
            if not _ends_with_last_page(file.read()):
                raise FormatError(f"{path}: cut short: the last page is missing; copy or download it again")
            return
        else:
            return
    if stated not in _UNKNOWN_SIZES and found < stated:
        raise FormatError(f"{path}: cut short: found {found} of {stated} bytes; copy or download it again")


def _wav_data(file: BinaryIO, size: int) -> tuple[int, int]:
    """Return the number of data bytes stated in a wav header and the number found; zeros without a data chunk."""
    while len(header := file.read(8)) == 8:
        length = int.from_bytes(header[4:], "little")
        if header[:4] == b"data":
            return length, size - file.tell()
        file.seek(length + length % 2, os.SEEK_CUR)
    return 0, 0


def _ends_with_last_page(tail: bytes) -> bool:
    """Return whether the last Ogg page is complete and has the last-page flag.

    References:
        RFC 3533, section 6: flags at byte 5, number of segments at byte 26, then one length for each segment.
    """
    begin = tail.rfind(b"OggS")
    page = tail[begin:]
    if begin < 0 or len(page) < 27 or not page[5] & _OGG_LAST_PAGE_FLAG:
        return False
    segments = page[27 : 27 + page[26]]
    return len(segments) == page[26] and len(page) >= 27 + page[26] + sum(segments)
