"""What every test shares: one thread, one folder of machine code, and the real recordings when they are at hand."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before torch and numba are imported. Processes that tests start inherit both. As many processes as processors run
# tests: more threads than one would only wait for each other.
for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"
# Kernels are compiled once for all workers and all runs, wherever the package is imported from.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".numba_cache"))

import torch  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings, named by CROSSMODAL_REAL_DATA; tests that need it are skipped without it."""
    named = os.environ.get("CROSSMODAL_REAL_DATA")
    if not named:
        pytest.skip("real recordings not at hand: CROSSMODAL_REAL_DATA is unset")
    return Path(named).resolve()


@pytest.fixture
def without_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs leave no figure of their metrics: drawing one takes as long as a tiny training."""
    monkeypatch.setattr("crossmodal.run.training.draw_metrics", lambda metrics, out: None)


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
