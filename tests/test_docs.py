"""The pages for people: links lead somewhere, commands exist, examples run, and figures are those of the tables."""

import argparse
import re
import shlex
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import crossmodal
from crossmodal.cli.arguments import Parser
from crossmodal.cli.entry import COMMANDS
from tests.fakes.examples import write_examples

TREE = Path(__file__).resolve().parents[1]
PAGES = [
    TREE / "README.md",
    TREE / "CONTRIBUTING.md",
    *sorted((TREE / "docs").glob("*.md")),
    *sorted((TREE / "datasets").glob("*/*.md")),
]
RESULTS = TREE / "docs" / "results.md"
COMMAND = re.compile(r"(?:^(?:\$ )?|`)crossmodal ([a-z][^`\n…]*)", re.MULTILINE)
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"<!-- ([\w-]+): begin -->\n(.*?)<!-- \1: end -->", re.DOTALL)
LANGUAGES = {"python", "sh", "console", "yaml", "text"}
#: 23.2 [22.0, 24.5]: a figure with its interval.
FIGURE = re.compile(r"-?\d+\.\d+ \[-?\d+\.\d+, -?\d+\.\d+\]")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(TREE).as_posix()


def commands_on(page: Path) -> list[list[str]]:
    """Every command that a page shows, as words; without the remark that may follow after two spaces."""
    shown = (re.split(r"  +|\s#", line)[0] for line in COMMAND.findall(text_of(page).replace("\\\n", " ")))
    return [shlex.split(line) for line in shown]


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text_of(page), flags=re.M | re.S), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_examples(tmp_path_factory.mktemp("examples"))


@pytest.fixture(scope="module")
def packages() -> ModuleType:
    spec = spec_from_file_location("packages", TREE / "docs" / "packages.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", text_of(page))
    for target, anchor in links:
        if "://" in target:
            continue
        found = page.parent / target if target else page
        assert found.exists(), target
        assert not anchor or anchor in anchors_of(found), f"{target}#{anchor}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_place(name: str) -> None:
    shown = commands_on(TREE / "docs" / "commands.md")
    assert name in {words[0] for words in shown}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_are_shown_can_be_typed(page: Path) -> None:
    for name, *words in commands_on(page):
        command = import_module(COMMANDS[name][0])
        parser = Parser(prog=f"crossmodal {name}")
        command.add_arguments(parser)
        if words:  # a bare name is talk about the command
            assert isinstance(parser.parse(words), argparse.Namespace)


class TestExamples:
    """Every Python block runs: those of a page in order, in one namespace and a folder of small inputs."""

    @pytest.mark.parametrize("page", [page for page in PAGES if "```python" in text_of(page)], ids=name_of)
    def test_they_run(self, page: Path, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for one in inputs.iterdir():
            (tmp_path / one.name).symlink_to(one)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        namespace: dict[str, Any] = {"__name__": "example"}
        content = text_of(page)
        for block in EXAMPLE.finditer(content):
            before = "\n" * content.count("\n", 0, block.start(1))  # a traceback names the line of the page
            exec(compile(before + block.group(1), str(page), "exec"), namespace)

    @pytest.mark.parametrize("page", PAGES, ids=name_of)
    def test_none_escapes(self, page: Path) -> None:
        fences = re.findall(r"^```(.*)$", text_of(page), re.MULTILINE)
        assert set(fences[::2]) <= LANGUAGES
        assert set(fences[1::2]) <= {""}
        assert not re.search(r"^    (?:from \w|import \w)", re.sub(EXAMPLE, "", text_of(page)), re.MULTILINE)


class TestResults:
    """Dates, commits and figures outside of the tables are those of the tables that benchmarks write."""

    def test_every_table_has_its_row(self) -> None:
        tables = {
            (page.name, mark): re.findall(r"(\d{4}-\d\d-\d\d, commit [0-9a-f]+(?:-dirty)?)", table)
            for page in sorted((TREE / "docs").glob("*.md"))
            for mark, table in TABLE.findall(text_of(page))
        }
        rows = re.findall(r"^\|.*\]\((\w+\.md)?#[\w-]+\) \| `([\w-]+)` \| (.*) \|$", text_of(RESULTS), re.MULTILINE)
        assert {(page or RESULTS.name, mark): [made] for page, mark, made in rows} == tables

    def test_figures_of_the_readme_are_those_of_tables_and_cards(self) -> None:
        sources = [*(TREE / "docs").glob("*.md"), *(TREE / "crossmodal" / "_weights").rglob("README.md")]
        known = "\n".join(text_of(source) for source in sources)
        figures = FIGURE.findall(text_of(TREE / "README.md"))
        assert len(figures) > 6
        assert not [figure for figure in figures if figure not in known]


class TestPackages:
    """The figure of the packages in CONTRIBUTING, and the check behind it."""

    def test_imports_point_down_and_the_figure_shows_them(self, packages: ModuleType) -> None:
        layers, imports = packages.read_layers(), packages.read_imports()
        assert packages.faults(imports, layers) == []
        assert packages.draw(imports, layers) == text_of(packages.FIGURE), "run: python docs/packages.py"

    def test_what_is_wrong_is_found(self, packages: ModuleType) -> None:
        layers = [["top"], ["middle", "beside"], ["ground"]]
        assert packages.faults({"top": {"middle"}, "middle": {"ground"}, "ground": set()}, layers) == []
        assert packages.faults({"ground": {"top"}}, layers) == ["ground imports top, which is not below it"]
        assert packages.faults({"middle": {"beside"}}, layers) == ["middle imports beside, which is not below it"]
        assert packages.faults({"new": set()}, layers) == ["new is in no layer of pyproject.toml"]
        circle = packages.faults({"top": {"middle"}, "middle": {"top"}}, layers)
        assert any(line.startswith("packages import each other: ") for line in circle)

    def test_imports_in_functions_count(self, packages: ModuleType, tmp_path: Path) -> None:
        for package in ("audio", "video"):
            (tmp_path / package).mkdir()
        (tmp_path / "__init__.py").touch()
        (tmp_path / "audio" / "a.py").write_text("def f():\n    from crossmodal.files import b\n    import crossmodal.video.c\n")
        (tmp_path / "video" / "c.py").write_text("from crossmodal import errors, __version__\nimport numpy\n")
        assert packages.read_imports(tmp_path) == {"audio": {"files", "video"}, "video": {"errors"}}


def test_the_citation_is_of_this_version() -> None:
    cited = yaml.safe_load(text_of(TREE / "CITATION.cff"))
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= cited.keys()
    assert cited["version"] == crossmodal.__version__
    assert cited["license"] == "Apache-2.0"
    for author in [*cited["authors"], *(author for work in cited["references"] for author in work["authors"])]:
        assert author.keys() in ({"name"}, {"family-names", "given-names"})
