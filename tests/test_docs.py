"""The pages for people: links lead somewhere, and commands are those that there are."""

import argparse
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from crossmodal.cli.arguments import Parser
from crossmodal.cli.entry import COMMANDS

TREE = Path(__file__).resolve().parents[1]
PAGES = [TREE / "README.md", TREE / "CONTRIBUTING.md", *sorted((TREE / "docs").glob("*.md"))]
COMMAND = re.compile(r"(?:^|`)(?:    )?crossmodal ([a-z][^`\n…]*)", re.MULTILINE)


def commands_on(page: Path) -> list[list[str]]:
    """Every command that a page shows, as words; without the remark that may follow after two spaces."""
    shown = (re.split(r"  +|\s#", line)[0] for line in COMMAND.findall(page.read_text(encoding="utf-8")))
    return [shlex.split(line) for line in shown]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_place(name: str) -> None:
    shown = commands_on(TREE / "docs" / "commands.md")
    assert name in {words[0] for words in shown}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_can_be_typed(page: Path) -> None:
    for name, *words in commands_on(page):
        command = import_module(COMMANDS[name][0])
        parser = Parser(prog=f"crossmodal {name}")
        command.add_arguments(parser)
        if words:  # a bare name is talk about the command
            assert isinstance(parser.parse(words), argparse.Namespace)
