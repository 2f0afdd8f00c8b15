"""Download large archives over bad connections, and unpack them without trusting them."""

import hashlib
import http.client
import json
import os
import shutil
import ssl
import stat
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from crossmodal.errors import DatasetError, FormatError
from crossmodal.files import output_error, replace_atomically

Progress = Callable[[int, int, str], None]

_BLOCK_BYTES = 1 << 20
_AGENT = "crossmodal (data fetch)"
# Worth another try: the server or something before it was busy.
_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class _TryAgainError(Exception):
    """The connection failed in a way that may pass; nothing received so far is lost."""


@dataclass(frozen=True)
class _Version:
    """What tells one version of a remote file from the next."""

    url: str
    etag: str | None
    modified: str | None
    size: int | None

    @property
    def validator(self) -> str | None:
        """The words for an If-Range header; a weak tag does not promise the same bytes."""
        strong = self.etag if self.etag and not self.etag.startswith("W/") else None
        return strong or self.modified


def fetch_archive(
    url: str,
    out: str | os.PathLike[str],
    *,
    bytes_expected: int | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
    attempts: int = 5,
    wait_s: float = 1.0,
    timeout_s: float = 60.0,
) -> Path:
    """Download a file, going on where an earlier try stopped; it takes its name only when it is complete.

    What has come so far stands beside it as ``<name>.part``, with what the server said of its version in
    ``<name>.part.json``. It is continued by a range request under ``If-Range``: if the remote file has changed
    since, or the server does not know ranges, the download starts over. Certificates are checked. A file that is
    there already, and has the expected size and hash where they are given, is not fetched again.

    Args:
        url: http or https address.
        out: the file to write.
        bytes_expected: exact size, where it is known.
        sha256: hexadecimal hash of the content, where it is known.
        progress: called with (bytes so far, bytes in all or 0, name).
        attempts: tries in a row that bring nothing new before it gives up.
        wait_s: pause before the second try, doubled before each further one.
        timeout_s: longest silence of the server.

    Returns:
        The path of the file.

    Raises:
        DatasetError: the server refuses, cannot be reached, or what it sends has another size or hash.
        OutputError: the file cannot be written, or the disk is full.
    """
    target = Path(out)
    if not url.startswith(("https://", "http://")):
        raise DatasetError(f"{url}: not an http or https address")
    if target.is_file():
        # A finished download of another size or hash is not overwritten: it may be the user's own.
        _check(target, url, bytes_expected, sha256)
        return target
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch_part(url, part, progress, attempts, wait_s, timeout_s)
        try:
            _check(part, url, bytes_expected, sha256)
        except DatasetError:
            _drop(part)
            raise
        part.replace(target)
        _drop(part)
    except OSError as error:
        raise output_error(target, error) from error
    return target


def extract_archive(
    archive: str | os.PathLike[str], out: str | os.PathLike[str], *, progress: Progress | None = None
) -> list[Path]:
    """Unpack a zip file; every path stays inside ``out``, each file appears whole, finished ones are passed over.

    Nothing is written when the archive holds a path that leaves the folder, a link, or a member that is encrypted.

    Returns:
        The files, in the order of the archive.

    Raises:
        FormatError: not a zip file, damaged, or with such a member.
        OutputError: a file cannot be written, or the disk is full.
    """
    source, folder = Path(archive), Path(out)
    try:
        opened = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise FormatError(f"{source}: is not a zip file that can be read ({error}); download it again") from error
    with opened:
        members = [member for member in opened.infolist() if not member.is_dir()]
        targets = [_safe_path(source, folder, member) for member in members]
        for done, (member, target) in enumerate(zip(members, targets, strict=True), start=1):
            if not (target.is_file() and target.stat().st_size == member.file_size):
                _extract_member(source, opened, member, target)
            if progress is not None:
                progress(done, len(members), member.filename)
    return targets


def _fetch_part(
    url: str, part: Path, progress: Progress | None, attempts: int, wait_s: float, timeout_s: float
) -> None:
    failures = 0
    while True:
        before = _size(part)
        try:
            _fetch_once(url, part, progress, timeout_s)
        except _TryAgainError as error:
            # A try that brought something counts as a fresh start: large files survive any number of breaks.
            failures = 1 if _size(part) > before else failures + 1
            if failures >= attempts:
                raise DatasetError(
                    f"{url}: {error}, {failures} tries in a row; {_size(part)} bytes are kept in {part}: "
                    "run the same command again to go on from there"
                ) from error
            time.sleep(wait_s * 2 ** (failures - 1))
        else:
            return


def _fetch_once(url: str, part: Path, progress: Progress | None, timeout_s: float) -> None:
    """Make one request and append what it brings.

    Raises:
        _TryAgainError: it broke off.
        DatasetError: the server said no.
    """
    known, have = _read_version(part, url)
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    if have and known is not None and known.validator is not None:
        headers |= {"Range": f"bytes={have}-", "If-Range": known.validator}
    try:
        reply = urllib.request.urlopen(  # only http and https get here
            urllib.request.Request(url, headers=headers),
            timeout=timeout_s,
            context=ssl.create_default_context(),
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            if known is not None and known.size == have:
                return
            _drop(part)
            raise _TryAgainError("the part that is here does not fit the remote file") from error
        if error.code in _PASSING_STATUS:
            raise _TryAgainError(f"the server answered {error.code} {error.reason}") from error
        raise DatasetError(f"{url}: the server answered {error.code} {error.reason}; check the address") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise DatasetError(
                f"{url}: the server's certificate is not valid ({error.reason.verify_message}); nothing was fetched"
            ) from error
        raise _TryAgainError(f"cannot be reached ({error.reason})") from error
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise _TryAgainError(f"the connection failed ({error or type(error).__name__})") from error
    with closing(reply):
        _store(reply, url, part, known, have, progress)


def _store(reply: Any, url: str, part: Path, known: _Version | None, have: int, progress: Progress | None) -> None:
    """Append the body of a reply to the part, or start the part over when the reply is the whole file."""
    continues = reply.status == HTTPStatus.PARTIAL_CONTENT
    if continues and not _continues_at(reply, have, known):
        _drop(part)
        raise _TryAgainError("the server sent another range than asked for")
    if not continues:
        have = 0
        length = reply.headers.get("Content-Length")
        known = _Version(
            url, reply.headers.get("ETag"), reply.headers.get("Last-Modified"), int(length) if length else None
        )
        _drop(part)
        with replace_atomically(_version_file(part)) as beside:
            beside.write_text(json.dumps(asdict(known)), encoding="utf-8")
    total = known.size if known is not None else None
    with part.open("ab") as file:
        for block in _blocks(reply):
            file.write(block)
            have += len(block)
            if progress is not None:
                progress(have, total or 0, part.name.removesuffix(".part"))
    if total is not None and have < total:
        raise _TryAgainError(f"the connection ended after {have} of {total} bytes")


def _blocks(reply: Any) -> Iterator[bytes]:
    while True:
        try:
            block = reply.read1(_BLOCK_BYTES)
        except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
            raise _TryAgainError(f"the connection broke ({error or type(error).__name__})") from error
        if not block:
            return
        yield block


def _continues_at(reply: Any, have: int, known: _Version | None) -> bool:
    """Tell whether a partial reply starts where the part ends, in a file of the size that was known."""
    span, _, size = str(reply.headers.get("Content-Range", "")).removeprefix("bytes ").partition("/")
    same_size = known is None or known.size is None or size in {"*", str(known.size)}
    return span.startswith(f"{have}-") and same_size


def _check(path: Path, url: str, bytes_expected: int | None, sha256: str | None) -> None:
    size = path.stat().st_size
    if bytes_expected is not None and size != bytes_expected:
        raise DatasetError(
            f"{path}: holds {size} bytes, expected {bytes_expected} from {url}; remove it and fetch again"
        )
    if sha256 is not None:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256.lower():
            raise DatasetError(f"{path}: has the hash {found}, expected {sha256} from {url}; remove it and fetch again")


def _version_file(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_version(part: Path, url: str) -> tuple[_Version | None, int]:
    """Give the version that a part belongs to and its length; a part of unknown version counts as nothing."""
    try:
        version = _Version(**json.loads(_version_file(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None, 0
    return (version, _size(part)) if version.url == url else (None, 0)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _version_file(part).unlink(missing_ok=True)


def _safe_path(source: Path, folder: Path, member: zipfile.ZipInfo) -> Path:
    """Give the place of a member inside the folder.

    Raises:
        FormatError: it is a link, encrypted, or its path leaves the folder.
    """
    # Both readings: a name that is harmless on one system may climb on another.
    posix, windows = PurePosixPath(member.filename), PureWindowsPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise FormatError(f"{source}: member {member.filename!r} is a link or a device; nothing was unpacked")
    if member.flag_bits & 1:
        raise FormatError(f"{source}: member {member.filename!r} is encrypted; nothing was unpacked")
    climbs = posix.is_absolute() or windows.drive or windows.root or ".." in (*posix.parts, *windows.parts)
    target = folder.joinpath(*posix.parts)
    # A link that already lies in the folder could lead out of it as well.
    if climbs or not posix.parts or not target.resolve().is_relative_to(folder.resolve()):
        raise FormatError(f"{source}: member {member.filename!r} leaves the folder; nothing was unpacked")
    return target


def _extract_member(source: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    with (
        replace_atomically(target) as temporary,
        _damage_named(source, member),
        opened.open(member) as packed,
        temporary.open("wb") as file,
    ):
        shutil.copyfileobj(packed, file, _BLOCK_BYTES)


@contextmanager
def _damage_named(source: Path, member: zipfile.ZipInfo) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, EOFError, zipfile.zlib.error, NotImplementedError) as error:  # type: ignore[attr-defined]
        raise FormatError(
            f"{source}: member {member.filename!r} is damaged ({error}); download the archive again"
        ) from error
