"""OpenGL for tests, where there is some."""

import numpy as np
import pytest

from crossmodal.errors import CrossmodalError
from crossmodal.noise.programs.shader import ShaderDraws, ShaderFile


class _OpenGL:
    """Renders files."""

    @staticmethod
    def render_each(shaders, size):
        """Render every file once, at the beginning of the time range: int (files, 3, height, width)."""
        count = len(shaders.files)
        times_s = np.full(count, shaders.time_range[0], dtype=np.float32)
        draws = ShaderDraws(files=np.arange(count), times_s=times_s, size=(size, size))
        return shaders.render(draws).numpy().astype(int)


@pytest.fixture(scope="session")
def gl(tmp_path_factory):
    """OpenGL; the test is skipped where there is none."""
    path = tmp_path_factory.mktemp("gl") / "black.glsl"
    path.write_text("void mainImage(out vec4 colour, in vec2 at) { colour = vec4(0.0); }")
    try:
        ShaderFile(path=str(path))([0], size=2)
    except CrossmodalError as error:
        pytest.skip(str(error))
    return _OpenGL()
