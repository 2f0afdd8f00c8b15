"""Text files, decoded tolerantly: as sensors export them in many countries and from many systems."""

from dataclasses import dataclass
from pathlib import Path

from crossmodal.errors import FormatError


@dataclass(frozen=True)
class TextFile:
    """A text file as its lines.

    Attributes:
        path: of the file.
        lines: without line ends, nor white space before them.
        whole: whether the last line has its line end; without it the file may have been cut within a number.
    """

    path: Path
    lines: list[str]
    whole: bool

    def error(self, line: int, message: str) -> FormatError:
        """Make the error of a line, counted from 0 here and from 1 in the message."""
        return FormatError(f"{self.path}:{line + 1}: {message}")


def read_text(path: Path, padding: str = " \t") -> TextFile:
    """Read a text file: UTF-8 with or without a mark, else Latin-1; any line ends; ``padding`` taken off line ends.

    Raises:
        FormatError: it cannot be read.
    """
    lines = [line.rstrip(padding) for line in decode(read_bytes(path)).split("\n")]
    whole = lines[-1] == ""
    return TextFile(path, lines[:-1] if whole else lines, whole)


def decode(data: bytes) -> str:
    """Decode UTF-8, or else Latin-1, which takes any bytes; byte order marks go, all line ends become ``\\n``."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: Path) -> bytes:
    """Read a file whole.

    Raises:
        FormatError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
