"""The command line ``crossmodal``; each command is imported when it is called."""

from crossmodal.cli.entry import main

__all__ = ["main"]
