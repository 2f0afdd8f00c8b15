"""Download large archives over unreliable connections, and unpack untrusted archives safely."""

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
# Temporary errors: the server or a proxy was busy.
_RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class _RetryError(Exception):
    """A temporary failure of the connection; the bytes received so far are kept."""


@dataclass(frozen=True)
class _Version:
    """Identity of one version of a remote file."""

    url: str
    etag: str | None
    modified: str | None
    size: int | None

    @property
    def validator(self) -> str | None:
        """Return the value for an If-Range header; a weak ETag does not guarantee the same bytes."""
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
    """Download a file, resuming an earlier partial download; it gets its name only when it is complete.

    The bytes received so far are in ``<name>.part``, and the version that the server stated is in ``<name>.part.json``.
    A range request with ``If-Range`` resumes the download. If the remote file has changed, or the server does not
    support ranges, the download starts over. Certificates are verified. An existing file with the expected size and
    hash, if given, is not downloaded again.

    Args:
        url: http or https address.
        out: the file to write.
        bytes_expected: exact size, if known.
        sha256: hexadecimal hash of the content, if known.
        progress: called with (bytes received, total bytes or 0, name).
        attempts: number of consecutive attempts without new bytes before giving up.
        wait_s: pause before the second attempt, doubled before each further one.
        timeout_s: timeout of the connection.

    Returns:
        The path of the file.

    Raises:
        DatasetError: the server refuses or cannot be reached, or the file has another size or hash.
        OutputError: the file cannot be written, or the disk is full.
    """
    target = Path(out)
    if not url.startswith(("https://", "http://")):
        raise DatasetError(f"{url}: not an http or https address")
    if target.is_file():
        # An existing file of another size or hash is not overwritten: it may be the user's own.
        _check(target, url, bytes_expected, sha256)
        return target
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch_part(url, part, progress, attempts, wait_s, timeout_s)
        try:
            _check(part, url, bytes_expected, sha256)
        except DatasetError:
            _remove(part)
            raise
        part.replace(target)
        _remove(part)
    except OSError as error:
        raise output_error(target, error) from error
    return target


def extract_archive(
    archive: str | os.PathLike[str], out: str | os.PathLike[str], *, progress: Progress | None = None
) -> list[Path]:
    """Unpack a zip file into ``out``; files are written completely or not at all, and existing ones are skipped.

    Nothing is written if the archive has a path outside the folder, a link, or an encrypted member.

    Returns:
        The files, in the order of the archive.

    Raises:
        FormatError: the file is not a zip file, is damaged, or has such a member.
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
        except _RetryError as error:
            # An attempt that received bytes resets the count, so that large files survive any number of failures.
            failures = 1 if _size(part) > before else failures + 1
            if failures >= attempts:
                raise DatasetError(
                    f"{url}: {error}, {failures} attempts in a row; {_size(part)} bytes are kept in {part}: "
                    "run the same command again to resume"
                ) from error
            time.sleep(wait_s * 2 ** (failures - 1))
        else:
            return


def _fetch_once(url: str, part: Path, progress: Progress | None, timeout_s: float) -> None:
    """Make one request and append the bytes received.

    Raises:
        _RetryError: the failure may be temporary.
        DatasetError: the server refuses.
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
            _remove(part)
            raise _RetryError("the partial download does not match the remote file") from error
        if error.code in _RETRY_STATUS:
            raise _RetryError(f"the server answered {error.code} {error.reason}") from error
        raise DatasetError(f"{url}: the server answered {error.code} {error.reason}; check the address") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise DatasetError(
                f"{url}: the server's certificate is not valid ({error.reason.verify_message}); nothing was downloaded"
            ) from error
        raise _RetryError(f"cannot be reached ({error.reason})") from error
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise _RetryError(f"the connection failed ({error or type(error).__name__})") from error
    with closing(reply):
        _store(reply, url, part, known, have, progress)


def _store(reply: Any, url: str, part: Path, known: _Version | None, have: int, progress: Progress | None) -> None:
    """Append the body of a reply to the partial download, or start it over if the reply is the whole file."""
    continues = reply.status == HTTPStatus.PARTIAL_CONTENT
    if continues and not _continues_at(reply, have, known):
        _remove(part)
        raise _RetryError("the server sent another range than requested")
    if not continues:
        have = 0
        length = reply.headers.get("Content-Length")
        known = _Version(
            url, reply.headers.get("ETag"), reply.headers.get("Last-Modified"), int(length) if length else None
        )
        _remove(part)
        with replace_atomically(_version_file(part)) as temporary:
            temporary.write_text(json.dumps(asdict(known)), encoding="utf-8")
    total = known.size if known is not None else None
    with part.open("ab") as file:
        for block in _blocks(reply):
            file.write(block)
            have += len(block)
            if progress is not None:
                progress(have, total or 0, part.name.removesuffix(".part"))
    if total is not None and have < total:
        raise _RetryError(f"the connection ended after {have} of {total} bytes")


def _blocks(reply: Any) -> Iterator[bytes]:
    while True:
        try:
            block = reply.read1(_BLOCK_BYTES)
        except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
            raise _RetryError(f"the connection broke ({error or type(error).__name__})") from error
        if not block:
            return
        yield block


def _continues_at(reply: Any, have: int, known: _Version | None) -> bool:
    """Return whether a partial reply starts at the end of the partial download and the file size is unchanged."""
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
    """Return the version and length of a partial download; (None, 0) if its version is unknown."""
    try:
        version = _Version(**json.loads(_version_file(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None, 0
    return (version, _size(part)) if version.url == url else (None, 0)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _remove(part: Path) -> None:
    part.unlink(missing_ok=True)
    _version_file(part).unlink(missing_ok=True)


def _safe_path(source: Path, folder: Path, member: zipfile.ZipInfo) -> Path:
    """Return the path of a member inside the folder.

    Raises:
        FormatError: the member is a link or encrypted, or its path leaves the folder.
    """
    # Check both conventions: a name that is harmless on one system may leave the folder on another.
    posix, windows = PurePosixPath(member.filename), PureWindowsPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise FormatError(f"{source}: member {member.filename!r} is a link or a device; nothing was unpacked")
    if member.flag_bits & 1:
        raise FormatError(f"{source}: member {member.filename!r} is encrypted; nothing was unpacked")
    leaves = posix.is_absolute() or windows.drive or windows.root or ".." in (*posix.parts, *windows.parts)
    target = folder.joinpath(*posix.parts)
    # An existing link in the folder could point outside as well.
    if leaves or not posix.parts or not target.resolve().is_relative_to(folder.resolve()):
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
