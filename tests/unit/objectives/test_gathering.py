"""Two processes with half of the batch each do what one does with all of it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from crossmodal.objectives import gather
from tests.unit.objectives import two_ranks

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", two_ranks.__name__, str(rank), str(folder)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        for process in processes:
            errors = process.communicate(timeout=60)[1]
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("name", two_ranks.STEPS)
def test_two_ranks_equal_one_process_with_the_joint_batch(name, ranks):
    joint = two_ranks.take_step(name)
    torch.testing.assert_close(sum(rank[name]["loss"] for rank in ranks) / 2, joint["loss"])
    for rank in ranks:
        torch.testing.assert_close(rank[name]["gradients"], joint["gradients"])
        torch.testing.assert_close(rank[name]["memory"], joint["memory"])
    assert all(gradient.abs().max() > 1e-4 for gradient in joint["gradients"])


def test_one_process_gathers_what_it_has():
    z = torch.randn(3, 2, requires_grad=True)
    assert gather(z) is z
