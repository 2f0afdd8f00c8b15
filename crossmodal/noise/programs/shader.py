"""The process of fragment shaders in files: Shadertoy's ``mainImage``, rendered by OpenGL.

Requires the extra ``gl`` and, on Linux, EGL, but no window. Machines without a graphics card render in software.
"""

import math
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.errors import CrossmodalError, FormatError
from crossmodal.noise.process import Process
from crossmodal.randomness import random_bits, uniforms

if TYPE_CHECKING:
    import moderngl

#: Suffixes of shader files.
SUFFIXES = (".frag", ".fs", ".glsl")
_STREAM = "noise/shader"
_INSTALL = 'pip install "crossmodal[gl]", and on Debian or Ubuntu: apt install libegl1 libgl1-mesa-dri'
_FRAMES_PER_SECOND = 60.0

_VERTEX = """\
#version 330 core
in vec2 corner;
void main() { gl_Position = vec4(corner, 0.0, 1.0); }
"""
# Compiler messages then have the line numbers of the user's file; those of _AFTER are beyond its end.
_BEFORE = """\
#version 330 core
uniform vec3 iResolution;
uniform float iTime;
uniform float iTimeDelta;
uniform float iFrameRate;
uniform float iSampleRate;
uniform int iFrame;
uniform vec4 iMouse;
uniform vec4 iDate;
uniform float iChannelTime[4];
uniform vec3 iChannelResolution[4];
uniform sampler2D iChannel0, iChannel1, iChannel2, iChannel3;
out vec4 crossmodalColour;
#line 1
"""
_AFTER = """
#line 1000000
void main() {
    vec4 colour = vec4(0.0, 0.0, 0.0, 1.0);
    mainImage(colour, gl_FragCoord.xy);
    crossmodalColour = vec4(clamp(colour.rgb, 0.0, 1.0), 1.0);
}
"""
# The beginning of a compiler's message on the user's file: "0:3(7): error: " of Mesa, "0(3) : error C1008: " of NVIDIA,
# "ERROR: 0:3: " of others.
_MESSAGE = re.compile(r"^(?:ERROR: )?0(?::(\d+)(?:\(\d+\))?|\((\d+)\)) ?: *(?:error[^:]*: *)?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class ShaderDraws:
    """File and time of each image."""

    files: NDArray[np.int64]  #: (n,) indices into `ShaderFile.files`
    times_s: NDArray[np.float32]  #: (n,)
    size: tuple[int, int]  #: height and width in pixels


@dataclass(frozen=True, kw_only=True)
class ShaderFile(Process[ShaderDraws]):
    """Images of fragment shaders in files; each file is one program.

    A file defines ``void mainImage(out vec4 fragColor, in vec2 fragCoord)`` in GLSL 3.30. It may use the uniforms
    iResolution, iTime, iTimeDelta (1/60 s), iFrameRate, iFrame (60 t), iMouse (0), iDate (1 January 2000 and the time)
    and the channels, which are black, as no texture is bound. Image i shows a random file at a random time, both
    uniform. Images are rendered by the OpenGL driver of the machine; the same driver gives the same images.

    Raises:
        ValueError: no such path, a folder without shaders, or times out of order.
        FormatError: on rendering: a file does not compile; the message has the line and the compiler's message.
        CrossmodalError: on rendering: OpenGL is missing; the message says what to install.
    """

    name: ClassVar[str] = "shader"

    path: str
    """A file, or a folder; the programs are its files with suffix .frag, .fs or .glsl, sorted by name."""
    time_range: tuple[float, float] = (0.1, 10.0)
    """First and last time, in seconds."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", str(self.path))
        start, end = map(float, self.time_range)
        if not (math.isfinite(start) and math.isfinite(end) and start <= end):
            raise ValueError(f"time_range must be two times in order, got {self.time_range}")
        object.__setattr__(self, "time_range", (start, end))
        if not self.files:
            raise ValueError(f"{self.path} has no shaders: no file ends in {', '.join(SUFFIXES)}")

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files; each is a program, and its index here is the label."""
        path = Path(self.path)
        if not path.exists():
            raise ValueError(f"{path}: no such shader; give a file with mainImage, or a folder of such files")
        if path.is_file():
            return (path,)
        return tuple(sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file()))

    @property
    def classes(self) -> int:
        """The number of files."""
        return len(self.files)

    def _labels(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        return (random_bits(seed, _STREAM, indices, 1)[:, 0] * self.classes) >> 32

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> ShaderDraws:
        start, end = self.time_range
        when = uniforms(seed, _STREAM, indices, 2)[:, 1].double().numpy()
        return ShaderDraws(
            files=self._labels(indices, seed).numpy(),
            times_s=(start + (end - start) * when).astype(np.float32),
            size=size,
        )

    def _render(self, draws: ShaderDraws, device: torch.device) -> Tensor:
        images = np.empty((len(draws.files), *draws.size, 3), dtype=np.uint8)
        if len(images):
            with _Canvas.opened(draws.size) as canvas:
                for number in np.unique(draws.files):
                    with canvas.compiled(self.files[number]) as program:
                        for row in np.flatnonzero(draws.files == number):
                            images[row] = canvas.render(program, float(draws.times_s[row]))
        return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().to(device)


class _Canvas:
    """An image in a separate OpenGL context."""

    def __init__(self, context: "moderngl.Context", size: tuple[int, int]):
        self.context, (self.height, self.width) = context, size
        self.pixels = context.renderbuffer((self.width, self.height), components=4)
        self.frame = context.framebuffer([self.pixels])
        # One triangle that covers the image.
        corners = np.array([-1.0, -1.0, 3.0, -1.0, -1.0, 3.0], dtype=np.float32)
        self.corners = context.buffer(corners.tobytes())

    @classmethod
    @contextmanager
    def opened(cls, size: tuple[int, int]) -> Iterator["_Canvas"]:
        """Open a context; release it and its objects at the end."""
        context = _open_context()
        try:
            canvas = cls(context, size)
            yield canvas
            for held in (canvas.corners, canvas.frame, canvas.pixels):
                held.release()
        finally:
            context.release()

    @contextmanager
    def compiled(self, path: Path) -> Iterator["moderngl.Program"]:
        """Compile a file."""
        source = _read(path)
        try:
            program = self.context.program(vertex_shader=_VERTEX, fragment_shader=_BEFORE + source + _AFTER)
        except Exception as error:  # moderngl.Error, but moderngl is not imported here
            raise FormatError(_explain(path, source, str(error))) from None
        try:
            yield program
        finally:
            program.release()

    def render(self, program: "moderngl.Program", time_s: float) -> NDArray[np.uint8]:
        """Render one image: uint8 (height, width, 3), top row first."""
        uniforms_of_time = {
            "iResolution": (float(self.width), float(self.height), 1.0),
            "iTime": time_s,
            "iTimeDelta": 1.0 / _FRAMES_PER_SECOND,
            "iFrameRate": _FRAMES_PER_SECOND,
            "iSampleRate": 44100.0,
            "iFrame": int(time_s * _FRAMES_PER_SECOND),
            "iMouse": (0.0, 0.0, 0.0, 0.0),
            "iDate": (2000.0, 0.0, 1.0, time_s),
            "iChannelTime": [time_s] * 4,
        }
        for name, value in uniforms_of_time.items():
            # The compiler drops uniforms that the file does not use.
            if name in program:
                program[name] = value
        triangle = self.context.vertex_array(program, self.corners, "corner")
        self.frame.use()
        self.frame.clear()
        triangle.render()
        triangle.release()
        rows = np.frombuffer(self.frame.read(components=3, alignment=1), dtype=np.uint8)
        return rows.reshape(self.height, self.width, 3)[::-1]


def _open_context() -> "moderngl.Context":
    try:
        import moderngl  # the extra `gl`
    except ImportError:
        raise CrossmodalError(f"shaders need moderngl: {_INSTALL}") from None
    try:
        backend: dict[str, Any] = {"backend": "egl"} if platform.system() == "Linux" else {}
        return moderngl.create_context(standalone=True, require=330, **backend)
    except Exception as error:  # any error of the driver
        raise CrossmodalError(f"OpenGL 3.3 without a window is missing ({error}): {_INSTALL}") from None


def _read(path: Path) -> str:
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"{path} is not a shader: it is not UTF-8 text") from None
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    if not re.search(r"\bmainImage\s*\(", source):
        raise FormatError(f"{path} has no void mainImage(out vec4 fragColor, in vec2 fragCoord)")
    return source


def _explain(path: Path, source: str, output: str) -> str:
    """Return an error message with the line of the user's file and the compiler's message."""
    message = _MESSAGE.search(output)
    if message is None:
        return f"{path} does not compile: {output.strip()}"
    number, complaint = int(message[1] or message[2]), message[3].strip()
    lines = source.splitlines()
    if number > len(lines):
        return f"{path} does not compile, after its last line: {complaint}"
    return f"{path}, line {number}: {lines[number - 1].strip()!r} does not compile: {complaint}"
