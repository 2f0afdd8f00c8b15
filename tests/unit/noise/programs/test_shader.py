"""Fragment shaders in files are a process of as many programs."""

import sys

import pytest
import torch

from crossmodal.errors import CrossmodalError, FormatError
from crossmodal.noise.process import Process
from crossmodal.noise.programs.shader import ShaderFile

GRADIENT = """\
void mainImage(out vec4 colour, in vec2 at) {
    colour = vec4(at / iResolution.xy, fract(iTime), 0.0);
}
"""
UNIFORMS = """\
void mainImage(out vec4 colour, in vec2 at) {
    float black = texture(iChannel0, at).r + iMouse.x + iMouse.w + iChannelResolution[1].x;
    colour = vec4(float(iFrame) / 255.0 / 60.0, iTimeDelta * 15.0, iDate.x / 4000.0 + black, 1.0);
}
"""


@pytest.fixture
def opengl(tmp_path):
    """Skip where there is no OpenGL."""
    pytest.importorskip("moderngl", reason="moderngl (the extra `gl`) is not installed")
    path = tmp_path / "probe.glsl"
    path.write_text("void mainImage(out vec4 colour, in vec2 at) { colour = vec4(0.0); }")
    try:
        ShaderFile(path=str(path))([0], size=1)
    except CrossmodalError as error:
        pytest.skip(str(error))


@pytest.fixture
def folder(tmp_path):
    """Three programs of one colour each, and a file that is none."""
    place = tmp_path / "shaders"
    place.mkdir()
    for number, name in enumerate(["a.glsl", "b.frag", "c.fs"]):
        colour = ["1.0, 0.0, 0.0", "0.0, 1.0, 0.0", "0.0, 0.0, 1.0"][number]
        (place / name).write_text(f"void mainImage(out vec4 c, in vec2 at) {{ c = vec4({colour}, 1.0); }}")
    (place / "notes.txt").write_text("not a shader")
    return place


def write(tmp_path, text, name="own.glsl"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_a_file_is_a_process_of_one_program(tmp_path):
    process = ShaderFile(path=write(tmp_path, GRADIENT))
    assert isinstance(process, Process)
    assert process.classes == 1
    assert process.labels(range(5)).tolist() == [0] * 5
    assert process.describe() == {
        "process": "shader",
        "options": {"path": str(tmp_path / "own.glsl"), "time_range": [0.1, 10.0]},
    }


def test_an_image_is_what_main_image_says(tmp_path, opengl):
    image = ShaderFile(path=write(tmp_path, GRADIENT), time_range=(3.25, 3.25))([0], size=(2, 4))[0]
    assert image.shape == (3, 2, 4)
    across = torch.tensor([0.125, 0.375, 0.625, 0.875])
    assert (image[0] - 255 * across).abs().max() <= 0.5
    # The first row of an image is its top, where OpenGL's coordinate is greatest.
    assert (image[1] - 255 * torch.tensor([[0.75], [0.25]])).abs().max() <= 0.5
    assert (image[2] - 255 * 0.25).abs().max() <= 0.5


def test_the_uniforms_of_the_convention_are_there(tmp_path, opengl):
    image = ShaderFile(path=write(tmp_path, UNIFORMS), time_range=(2.0, 2.0))([0], size=1)
    assert image.flatten().tolist() == [2, 64, 128]


def test_colours_are_clamped_and_start_black(tmp_path, opengl):
    text = "void mainImage(inout vec4 c, in vec2 at) { c.rg = vec2(7.0, -3.0); }"
    assert ShaderFile(path=write(tmp_path, text))([0], size=1).flatten().tolist() == [255, 0, 0]


def test_files_of_a_folder_are_programs_in_the_order_of_their_names(folder, opengl):
    process = ShaderFile(path=str(folder))
    assert [file.name for file in process.files] == ["a.glsl", "b.frag", "c.fs"]
    labels = process.labels(range(40), seed=2)
    assert set(labels.tolist()) == {0, 1, 2}
    images = process(range(40), size=2, seed=2)
    assert torch.equal(images[:, :, 0, 0].int().argmax(1), labels)


def test_times_are_uniform_within_the_range(tmp_path):
    times_s = ShaderFile(path=write(tmp_path, GRADIENT), time_range=(1.0, 3.0)).sample(range(2000)).times_s
    assert 1.0 <= times_s.min() < 1.01
    assert 2.99 < times_s.max() <= 3.0
    assert abs(times_s.mean() - 2.0) < 4 * (4 / 12 / 2000) ** 0.5  # four sigma: false alarm 6e-5


def test_an_image_is_the_same_alone_in_a_batch_and_in_another_order(folder, tmp_path, opengl):
    (folder / "d.glsl").write_text(GRADIENT)
    process = ShaderFile(path=str(folder))
    batch = process(range(12), size=(5, 7), seed=1)
    assert torch.equal(process([11, 3], size=(5, 7), seed=1), batch[[11, 3]])
    for index in range(12):
        assert torch.equal(process([index], size=(5, 7), seed=1)[0], batch[index])


def test_no_images_need_no_opengl(tmp_path):
    assert ShaderFile(path=write(tmp_path, GRADIENT))([], size=3).shape == (0, 3, 3, 3)


def test_every_context_is_released(tmp_path, opengl, monkeypatch):
    import moderngl

    opened, released = [], []
    create, release = moderngl.create_context, moderngl.Context.release
    monkeypatch.setattr(moderngl, "create_context", lambda **options: opened.append(create(**options)) or opened[-1])
    monkeypatch.setattr(moderngl.Context, "release", lambda self: released.append(self) or release(self))
    ShaderFile(path=write(tmp_path, GRADIENT))([0, 1], size=4)
    with pytest.raises(FormatError):
        ShaderFile(path=write(tmp_path, "void mainImage(out vec4 c, in vec2 at) { c = 1; }"))([0], size=4)
    assert len(opened) == 2
    assert released == opened


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GRADIENT.replace("fract(iTime)", "fraktion(iTime)"), r"own.glsl, line 2: 'colour = vec4\(.*fraktion"),
        (
            "\n\nfloat f( { return 1.0; }\n" + GRADIENT,
            r"own.glsl, line 3: 'float f\( \{ return 1.0; \}' does not compile",
        ),
        ("#version 300 es\n" + GRADIENT, "own.glsl, line 1: '#version 300 es' does not compile"),
        ("void mainImage(out vec4 c, in vec2 at) {", "own.glsl does not compile, after its last line"),
        ("void mainImage(in vec2 at) { }", "own.glsl does not compile, after its last line"),
        ("vec4 g();\nvoid mainImage(out vec4 c, in vec2 at) { c = g(); }", "own.glsl does not compile: .*`g'"),
    ],
)
def test_compile_errors_have_their_line(tmp_path, opengl, text, message):
    with pytest.raises(FormatError, match="(?s)" + message):
        ShaderFile(path=write(tmp_path, text))([0], size=4)


@pytest.mark.parametrize(
    "message",
    [
        "0:2(5): error: `nothing' undeclared",
        "0(2) : error C1503: `nothing' undeclared",
        "ERROR: 0:2: `nothing' undeclared",
        "ERROR: 0:2: 'x' : `nothing' undeclared\nERROR: 1 compilation errors.",
    ],
)
def test_messages_of_all_compilers_are_parsed(tmp_path, message):
    from crossmodal.noise.programs.shader import _explain

    explained = _explain(
        tmp_path / "own.glsl", "first\nsecond", f"GLSL Compiler failed\n\nfragment_shader\n====\n{message}"
    )
    assert "own.glsl, line 2: 'second' does not compile: " in explained
    assert explained.splitlines()[0].endswith("`nothing' undeclared")


def test_files_that_are_not_shaders_are_refused(tmp_path, opengl):
    with pytest.raises(FormatError, match="has no void mainImage"):
        ShaderFile(path=write(tmp_path, "void main() { }"))([0])
    (tmp_path / "bytes.glsl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="is not a shader: it is not UTF-8 text"):
        ShaderFile(path=str(tmp_path / "bytes.glsl"))([0])


def test_a_file_that_no_longer_exists_is_refused(tmp_path, opengl):
    process = ShaderFile(path=write(tmp_path, GRADIENT))
    (tmp_path / "own.glsl").unlink()
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        process([0])


def test_paths_without_shaders_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"missing\.glsl: no such shader; give a file"):
        ShaderFile(path=str(tmp_path / "missing.glsl"))
    with pytest.raises(ValueError, match=r"has no shaders: no file ends in \.frag, \.fs, \.glsl"):
        ShaderFile(path=str(tmp_path))


def test_times_out_of_order_are_refused(tmp_path):
    with pytest.raises(ValueError, match="two times in order"):
        ShaderFile(path=write(tmp_path, GRADIENT), time_range=(2.0, 1.0))


def test_without_moderngl_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "moderngl", None)
    with pytest.raises(CrossmodalError, match=r'pip install "crossmodal\[gl\]".*apt install libegl1'):
        ShaderFile(path=write(tmp_path, GRADIENT))([0], size=2)


def test_without_egl_the_error_says_what_to_install(tmp_path, monkeypatch):
    moderngl = pytest.importorskip("moderngl", reason="moderngl (the extra `gl`) is not installed")

    def fail(**options):
        raise OSError("libEGL.so not loaded")

    monkeypatch.setattr(moderngl, "create_context", fail)
    with pytest.raises(CrossmodalError, match=r"libEGL\.so not loaded.*apt install libegl1 libgl1-mesa-dri"):
        ShaderFile(path=write(tmp_path, GRADIENT))([0], size=2)
