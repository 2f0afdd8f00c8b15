"""Text files of sensors, decoded tolerantly: encodings and line ends of different systems."""

from dataclasses import dataclass
from pathlib import Path

from crossmodal.errors import FormatError


@dataclass(frozen=True)
class TextFile:
    """The lines of a text file.

    Attributes:
        path: the file.
        lines: lines without line ends and trailing white space.
        whole: whether the last line has a line end; if not, the file may have been cut within a number.
    """

    path: Path
    lines: list[str]
    whole: bool

    def error(self, line: int, message: str) -> FormatError:
        """Return the error of a line, counted from 0 here and from 1 in the message."""
        return FormatError(f"{self.path}:{line + 1}: {message}")


def read_text(path: Path, padding: str = " \t") -> TextFile:
    """Read a text file: UTF-8 with or without byte order mark, else Latin-1; ``padding`` is stripped from line ends.

    Raises:
        FormatError: the file cannot be read.
    """
    lines = [line.rstrip(padding) for line in decode(read_bytes(path)).split("\n")]
    whole = lines[-1] == ""
    return TextFile(path, lines[:-1] if whole else lines, whole)


def decode(data: bytes) -> str:
    """Decode UTF-8, else Latin-1, which accepts any bytes; remove byte order marks, convert line ends to ``\\n``."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Raises:
        FormatError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
