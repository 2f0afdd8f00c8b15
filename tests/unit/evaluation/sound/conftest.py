"""Training and test videos that every evaluation is tried on."""

import pytest

from tests.fakes.sounding_videos import make_videos


@pytest.fixture(scope="session")
def train():
    return make_videos([f"train-{i}" for i in range(6)])


@pytest.fixture(scope="session")
def test():
    return make_videos([f"test-{i}" for i in range(4)], seed=1)
