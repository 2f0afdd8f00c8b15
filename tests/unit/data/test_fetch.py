"""Downloads over unreliable connections, from a local server, and untrusted archives."""

import hashlib
import os
import ssl
import stat
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError

import numpy as np
import pytest

from crossmodal.data import extract_archive, fetch_archive
from crossmodal.errors import DatasetError, FormatError, OutputError

CONTENT = np.random.default_rng(0).bytes(300_000)


class _Server:
    """Serves one file, with the faults that are set."""

    def __init__(self):
        self.content = CONTENT
        self.etag = '"one"'
        self.modified = None
        self.ranges = True
        self.drop_after = []  # bytes of body after which each of the next replies breaks off
        self.status = []  # answers before the file is served
        self.wrong_start = False
        self.requests = []
        handler = type("Handler", (_Handler,), {"owner": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/a.zip"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: _Server

    def do_GET(self):
        server = self.owner
        requested = self.headers.get("Range")
        server.requests.append((requested, self.headers.get("If-Range")))
        if server.status:
            self.send_error(server.status.pop(0))
            return
        start = 0
        if requested and server.ranges and self.headers.get("If-Range") in {server.etag, server.modified}:
            start = int(requested.removeprefix("bytes=").rstrip("-"))
        if start >= len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.modified:
            self.send_header("Last-Modified", server.modified)
        if start:
            shown = start + 5 if server.wrong_start else start
            self.send_header("Content-Range", f"bytes {shown}-{len(server.content) - 1}/{len(server.content)}")
        self.end_headers()
        self.wfile.write(body[: server.drop_after.pop(0)] if server.drop_after else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = _Server()
    yield made
    made.close()


def _fetch(server, out, **options):
    return fetch_archive(server.url, out / "a.zip", **{"wait_s": 0.0, **options})


def test_a_file_is_complete_with_progress(server, tmp_path):
    seen = []
    digest = hashlib.sha256(CONTENT).hexdigest()
    path = _fetch(
        server, tmp_path, bytes_expected=len(CONTENT), sha256=digest, progress=lambda *step: seen.append(step)
    )
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT), "a.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_connections_that_drop_are_resumed_by_range(server, tmp_path):
    server.drop_after = [50_000, 10_000, 100_000]
    assert _fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == [
        (None, None),
        ("bytes=50000-", '"one"'),
        ("bytes=60000-", '"one"'),
        ("bytes=160000-", '"one"'),
    ]


def test_any_number_of_drops_is_survived_while_bytes_arrive(server, tmp_path):
    server.drop_after = [20_000] * 14
    assert _fetch(server, tmp_path, attempts=2).read_bytes() == CONTENT


def test_it_gives_up_without_new_bytes_keeps_the_part_and_resumes_later(server, tmp_path):
    server.drop_after = [50_000, 0, 0, 0, 0]
    with pytest.raises(DatasetError, match=r"3 attempts in a row; 50000 bytes are kept.*same command again"):
        _fetch(server, tmp_path, attempts=3)
    assert not (tmp_path / "a.zip").exists()
    server.drop_after = []
    server.requests.clear()
    assert _fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == [("bytes=50000-", '"one"')]


def test_a_server_without_ranges_starts_over(server, tmp_path):
    server.ranges = False
    server.drop_after = [50_000]
    assert _fetch(server, tmp_path).read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_not_mixed_with_the_old_one(server, tmp_path):
    server.drop_after = [50_000, 0, 0]
    with pytest.raises(DatasetError):
        _fetch(server, tmp_path, attempts=2)
    server.content, server.etag = CONTENT[::-1], '"two"'
    server.drop_after = []
    assert _fetch(server, tmp_path).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(("etag", "modified"), [(None, None), ('W/"weak"', None)])
def test_without_a_trustworthy_version_nothing_is_resumed(server, tmp_path, etag, modified):
    server.etag, server.modified = etag, modified
    server.drop_after = [50_000]
    assert _fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == [(None, None)] * 2


def test_the_modification_time_is_used_without_an_etag(server, tmp_path):
    server.etag, server.modified = None, "Wed, 21 Oct 2015 07:28:00 GMT"
    server.drop_after = [50_000]
    assert _fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests[1] == ("bytes=50000-", server.modified)


def test_another_range_than_requested_is_not_appended(server, tmp_path):
    server.wrong_start = True
    server.drop_after = [50_000]
    assert _fetch(server, tmp_path).read_bytes() == CONTENT


def test_a_part_of_another_address_is_not_resumed(server, tmp_path):
    server.drop_after = [50_000, 0, 0]
    with pytest.raises(DatasetError):
        _fetch(server, tmp_path, attempts=2)
    server.drop_after = []
    server.requests.clear()
    server.url += "?other"
    assert _fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == [(None, None)]


def test_a_download_that_was_complete_but_not_renamed_is_taken(server, tmp_path):
    server.drop_after = [50_000, 0, 0]
    with pytest.raises(DatasetError):
        _fetch(server, tmp_path, attempts=2)
    (tmp_path / "a.zip.part").write_bytes(CONTENT)
    assert _fetch(server, tmp_path).read_bytes() == CONTENT


def test_a_busy_server_is_retried_and_a_refusal_is_final(server, tmp_path):
    server.status = [503, 429]
    assert _fetch(server, tmp_path).read_bytes() == CONTENT
    server.status = [404]
    with pytest.raises(DatasetError, match=r"answered 404.*check the address"):
        fetch_archive(server.url, tmp_path / "b.zip", wait_s=0)


@pytest.mark.parametrize("expected", [{"bytes_expected": 5}, {"sha256": "0" * 64}])
def test_another_size_or_hash_is_refused_and_not_kept(server, tmp_path, expected):
    with pytest.raises(DatasetError, match="expected"):
        _fetch(server, tmp_path, **expected)
    assert not list(tmp_path.iterdir())


def test_a_finished_file_is_not_fetched_again_and_a_foreign_one_not_overwritten(server, tmp_path):
    _fetch(server, tmp_path)
    server.requests.clear()
    _fetch(server, tmp_path, bytes_expected=len(CONTENT))
    assert server.requests == []
    (tmp_path / "a.zip").write_bytes(b"mine")
    with pytest.raises(DatasetError, match="holds 4 bytes"):
        _fetch(server, tmp_path, bytes_expected=len(CONTENT))
    assert (tmp_path / "a.zip").read_bytes() == b"mine"


def test_no_server_and_no_address_are_named(tmp_path, server):
    server.close()
    with pytest.raises(DatasetError, match="cannot be reached"):
        _fetch(server, tmp_path, attempts=1)
    with pytest.raises(DatasetError, match="not an http or https address"):
        fetch_archive("file:///etc/hosts", tmp_path / "a.zip")
    server.close = lambda: None


def test_a_certificate_that_is_not_valid_ends_the_download(tmp_path, monkeypatch):
    contexts = []

    def refuse(request, *, timeout, context):
        contexts.append(context)
        error = ssl.SSLCertVerificationError(1, "no")
        error.verify_message = "self-signed certificate"
        raise URLError(error)

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(DatasetError, match=r"certificate is not valid.*self-signed"):
        fetch_archive("https://127.0.0.1/a.zip", tmp_path / "a.zip")
    assert [(c.verify_mode, c.check_hostname) for c in contexts] == [(ssl.CERT_REQUIRED, True)]


def test_a_place_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        fetch_archive(server.url, tmp_path / "file" / "a.zip")


def _zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_an_archive_is_unpacked_and_finished_files_are_skipped(tmp_path):
    archive = _zip(tmp_path / "a.zip", [("vis/", b""), ("vis/a.txt", b"one"), ("vis/b.txt", b"two")])
    seen = []
    files = extract_archive(archive, tmp_path / "out", progress=lambda *step: seen.append(step))
    assert [f.read_bytes() for f in files] == [b"one", b"two"]
    assert seen[-1] == (2, 2, "vis/b.txt")
    stamp = files[0].stat().st_mtime_ns
    files[1].write_bytes(b"t")
    extract_archive(archive, tmp_path / "out")
    assert files[0].stat().st_mtime_ns == stamp
    assert files[1].read_bytes() == b"two"


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:\\evil", "..\\evil", "\\\\host\\share\\evil", "a/..\\..\\evil"]
)
def test_no_path_leaves_the_folder(tmp_path, name):
    archive = _zip(tmp_path / "a.zip", [("good.txt", b"good"), (name, b"evil")])
    with pytest.raises(FormatError, match="leaves the folder; nothing was unpacked"):
        extract_archive(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "evil").exists()


def test_links_are_refused_in_the_archive_and_in_the_folder(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = _zip(tmp_path / "a.zip", [(link, "/etc")])
    with pytest.raises(FormatError, match="is a link"):
        extract_archive(archive, tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "vis").symlink_to(tmp_path)
    with pytest.raises(FormatError, match="leaves the folder"):
        extract_archive(_zip(tmp_path / "b.zip", [("vis/evil", b"x")]), tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_damaged_archives_are_named_and_leave_no_half_file(tmp_path):
    archive = _zip(tmp_path / "a.zip", [("a.bin", CONTENT)])
    data = bytearray(archive.read_bytes())
    data[1000:1100] = os.urandom(100)
    archive.write_bytes(bytes(data))
    with pytest.raises(FormatError, match=r"member 'a\.bin' is damaged"):
        extract_archive(archive, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
    archive.write_text("text")
    with pytest.raises(FormatError, match="is not a zip file"):
        extract_archive(archive, tmp_path / "out")
    with pytest.raises(FormatError, match="is not a zip file"):
        extract_archive(tmp_path / "none.zip", tmp_path / "out")
