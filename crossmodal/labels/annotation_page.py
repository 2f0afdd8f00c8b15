"""A page for the browser on this machine to paint masks over a generator's images; it needs no network.

One HTML file and a server that speaks to this machine alone. A mask travels as one byte a pixel, its class index, and
is written whole or not at all as a palette PNG.
"""

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from crossmodal.dissect.source import UNLABELLED
from crossmodal.errors import CrossmodalError, DatasetError
from crossmodal.labels.annotations import mask_path, read_classes, save_annotation, write_classes
from crossmodal.labels.label_set import palette_of

_PAGE = Path(__file__).with_name("annotation_page.html")
_POLICY = "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' data:"
_LONGEST_LIST = 100_000


class AnnotationServer(ThreadingHTTPServer):
    """Serves a folder that `begin_annotations` made to the browser on this machine.

    Args:
        root: the folder.
        port: 0 for any that is free.

    Raises:
        DatasetError: the folder holds no images.
        OSError: the port is taken.
    """

    daemon_threads = True

    def __init__(self, root: Path, port: int = 0) -> None:
        self.root = root
        self.images = sorted(int(path.stem) for path in (root / "images").glob("*.png") if path.stem.isdecimal())
        if not self.images:
            raise DatasetError(f"{root / 'images'}: holds no images to annotate")
        with Image.open(self.image_path(self.images[0])) as first:
            self.width, self.height = first.size
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/"

    def image_path(self, index: int) -> Path:
        """Where an image lies."""
        return self.root / "images" / f"{index:06d}.png"

    def describe(self) -> dict[str, Any]:
        """What the page needs to know: size, classes and colours, and the state of each image."""
        classes = read_classes(self.root)
        flat = palette_of(UNLABELLED)
        return {
            "folder": self.root.name,
            "width": self.width,
            "height": self.height,
            "unlabelled": UNLABELLED,
            "classes": list(classes),
            "colours": [flat[3 * place : 3 * place + 3] for place in range(UNLABELLED)],
            "images": [{"index": index, "painted": mask_path(self.root, index).is_file()} for index in self.images],
        }

    def read_mask(self, index: int) -> bytes:
        """Class indices of an image, row by row; all unlabelled where nothing was painted."""
        path = mask_path(self.root, index)
        if not path.is_file():
            return bytes([UNLABELLED]) * (self.width * self.height)
        with Image.open(path) as mask:
            return np.asarray(mask, dtype=np.uint8).tobytes()

    def write_mask(self, index: int, body: bytes) -> None:
        """Save the mask of an image.

        Raises:
            DatasetError: it is no mask of this size and these classes.
            OutputError: it cannot be written.
        """
        labels = np.frombuffer(body, dtype=np.uint8)
        if len(labels) != self.width * self.height:
            raise DatasetError(f"a mask of {self.width * self.height} pixels was expected, found {len(labels)}")
        classes = len(read_classes(self.root))
        if ((labels >= classes) & (labels != UNLABELLED)).any():
            raise DatasetError(f"the mask holds a class beyond the {classes} that are named")
        save_annotation(self.root, index, labels.reshape(self.height, self.width))


class _Handler(BaseHTTPRequestHandler):
    server: AnnotationServer

    def do_GET(self) -> None:
        """Give the page, its state, an image or a mask."""
        place = self._place()
        if place is None:
            return
        kind, index = place
        if kind == "":
            self._answer(_PAGE.read_bytes(), "text/html; charset=utf-8")
        elif kind == "state":
            self._answer(json.dumps(self.server.describe()).encode(), "application/json")
        elif kind == "images" and index is not None:
            self._answer(self.server.image_path(index).read_bytes(), "image/png")
        elif kind == "masks" and index is not None:
            self._answer(self.server.read_mask(index), "application/octet-stream")
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_PUT(self) -> None:
        """Save a mask, or the list of classes."""
        place = self._place()
        if place is None:
            return
        kind, index = place
        length = self.headers.get("Content-Length", "")
        most = max(_LONGEST_LIST, self.server.width * self.server.height)
        if not length.isdecimal() or int(length) > most:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        try:
            if kind == "masks" and index is not None:
                self.server.write_mask(index, body)
            elif kind == "classes":
                write_classes(self.server.root, body.decode().splitlines())
            else:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
        except (CrossmodalError, UnicodeDecodeError) as error:
            self._answer(str(error).encode(), "text/plain; charset=utf-8", HTTPStatus.BAD_REQUEST)
            return
        self._answer(b"", "text/plain")

    def _place(self) -> tuple[str, int | None] | None:
        """What is asked for, and of which image; answers itself where that cannot be."""
        port = self.server.server_port
        # A page from elsewhere whose name was made to point here would send its own name.
        if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        kind, _, number = self.path.partition("?")[0].strip("/").partition("/")
        if not number:
            return kind, None
        if not (number.isdecimal() and int(number) in self.server.images):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return kind, int(number)

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        for name, value in (headers | {"Content-Security-Policy": _POLICY, "X-Frame-Options": "DENY"}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name in the standard library
        """Say nothing; the page tells what was saved."""
