"""What every test shares: one thread, no network, and the real recordings when they are at hand."""

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings, named by CROSSMODAL_REAL_DATA; tests that need it are skipped without it."""
    named = os.environ.get("CROSSMODAL_REAL_DATA")
    if not named:
        pytest.skip("real recordings not at hand: CROSSMODAL_REAL_DATA is unset")
    return Path(named).resolve()
