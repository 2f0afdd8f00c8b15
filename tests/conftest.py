"""What every test shares: one thread, no network, and the real recordings when they are at hand."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, as Debian packages it; tests of pages are skipped without one."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no browser at hand: chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()
