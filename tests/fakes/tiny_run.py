"""Runs the command line with the tests' own hub, for tests that need a process of their own."""

import sys

import torch

import crossmodal
from tests.fakes.tiny import TinyHub

torch.set_num_threads(1)
sys.modules["crossmodal.hub"] = TinyHub
crossmodal.hub = TinyHub

if __name__ == "__main__":
    from crossmodal.cli import main

    sys.exit(main())
