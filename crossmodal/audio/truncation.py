"""Files that end before their own headers say so, which decoders read without a word."""

import os
from pathlib import Path
from typing import BinaryIO

from crossmodal.errors import FormatError

# Sizes that recorders write in place of the size of the data when they do not know it yet.
_UNKNOWN_SIZES = (0, 0xFFFF_FFFF)

# Ogg pages are at most this long, so the last one begins within this many bytes of the end.
_LONGEST_OGG_PAGE = 65_307
_OGG_LAST_PAGE_FLAG = 4


def refuse_truncated(path: Path) -> None:
    """Refuse a wav, AVI or Ogg file that was cut short; files of other formats pass.

    Raises:
        FormatError: the file is shorter than its headers say.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            stated, there = _wav_data(file, size)
        elif head[:4] == b"RIFF" and head[8:] == b"AVI ":
            stated, there = int.from_bytes(head[4:8], "little"), size - 8
        elif head[:4] == b"OggS":
            file.seek(max(0, size - _LONGEST_OGG_PAGE))
            if not _ends_with_last_page(file.read()):
                raise FormatError(f"{path}: cut short: the last page is missing; copy or download it again")
            return
        else:
            return
    if stated not in _UNKNOWN_SIZES and there < stated:
        raise FormatError(f"{path}: cut short: {there} of {stated} bytes are there; copy or download it again")


def _wav_data(file: BinaryIO, size: int) -> tuple[int, int]:
    """Bytes of samples that the header of a wav file states, and bytes that follow it; zeros without a data chunk."""
    while len(header := file.read(8)) == 8:
        length = int.from_bytes(header[4:], "little")
        if header[:4] == b"data":
            return length, size - file.tell()
        file.seek(length + length % 2, os.SEEK_CUR)
    return 0, 0


def _ends_with_last_page(tail: bytes) -> bool:
    """Whether the last Ogg page is marked as the last one and is whole.

    References:
        RFC 3533, section 6: flags at byte 5, number of segments at byte 26, then one length for each segment.
    """
    begin = tail.rfind(b"OggS")
    page = tail[begin:]
    if begin < 0 or len(page) < 27 or not page[5] & _OGG_LAST_PAGE_FLAG:
        return False
    segments = page[27 : 27 + page[26]]
    return len(segments) == page[26] and len(page) >= 27 + page[26] + sum(segments)
