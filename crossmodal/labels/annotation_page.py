"""A local web page to paint masks over the images of a generator; it needs no network.

It is one HTML file and a server on 127.0.0.1. A mask is sent as one byte per pixel, the class index, and is written
atomically as a palette PNG.
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
_MAX_LIST_BYTES = 100_000


class AnnotationServer(ThreadingHTTPServer):
    """Serves a folder of `begin_annotations` to the browser on this machine.

    Args:
        root: the folder.
        port: 0 for any free port.

    Raises:
        DatasetError: the folder holds no images.
        OSError: the port is in use.
    """

    daemon_threads = True

    def __init__(self, root: Path, port: int = 0) -> None:
        self.root = root
        self.images = sorted(int(path.stem) for path in (root / "images").glob("*.png") if path.stem.isdecimal())
        if not self.images:
            raise DatasetError(f"{root / 'images'}: holds no images to annotate; draw some with `crossmodal annotate`")
        with Image.open(self.image_path(self.images[0])) as first:
            self.width, self.height = first.size
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.server_port}/"

    def image_path(self, index: int) -> Path:
        """Return the path of an image."""
        return self.root / "images" / f"{index:06d}.png"

    def describe(self) -> dict[str, Any]:
        """Return the state of the page: image size, classes and colours, and whether each image is painted."""
        classes = read_classes(self.root)
        flat = palette_of(UNLABELLED)
        return {
            "folder": self.root.name,
            "width": self.width,
            "height": self.height,
            "unlabelled": UNLABELLED,
            "classes": list(classes),
            "colours": [flat[3 * index : 3 * index + 3] for index in range(UNLABELLED)],
            "images": [{"index": index, "painted": mask_path(self.root, index).is_file()} for index in self.images],
        }

    def read_mask(self, index: int) -> bytes:
        """Return the class indices of an image, row by row; all unlabelled without a mask."""
        path = mask_path(self.root, index)
        if not path.is_file():
            return bytes([UNLABELLED]) * (self.width * self.height)
        with Image.open(path) as mask:
            return np.asarray(mask, dtype=np.uint8).tobytes()

    def write_mask(self, index: int, body: bytes) -> None:
        """Save the mask of an image.

        Raises:
            DatasetError: the size or a class index is wrong.
            OutputError: the mask cannot be written.
        """
        labels = np.frombuffer(body, dtype=np.uint8)
        if len(labels) != self.width * self.height:
            raise DatasetError(f"expected a mask of {self.width * self.height} pixels, found {len(labels)}")
        classes = len(read_classes(self.root))
        if ((labels >= classes) & (labels != UNLABELLED)).any():
            raise DatasetError(f"the mask holds a class index above {classes - 1}; {classes} classes are named")
        save_annotation(self.root, index, labels.reshape(self.height, self.width))


class _Handler(BaseHTTPRequestHandler):
    server: AnnotationServer

    def do_GET(self) -> None:
        """Send the page, its state, an image or a mask."""
        resource = self._resource()
        if resource is None:
            return
        kind, index = resource
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
        resource = self._resource()
        if resource is None:
            return
        kind, index = resource
        length = self.headers.get("Content-Length", "")
        limit = max(_MAX_LIST_BYTES, self.server.width * self.server.height)
        if not length.isdecimal() or int(length) > limit:
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

    def _resource(self) -> tuple[str, int | None] | None:
        """Return the kind and the image index of the request, or send an error and return None."""
        port = self.server.server_port
        # DNS rebinding: a foreign page whose host name resolves to this machine sends its own host name.
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
        """Print nothing: the page shows what was saved."""
