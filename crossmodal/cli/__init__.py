"""The command ``crossmodal``: a table of commands, each imported only when it is called."""

from crossmodal.cli.entry import main

__all__ = ["main"]
