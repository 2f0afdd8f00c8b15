from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal import noise
from crossmodal.noise.children import Children, child_seed, sample_child
from crossmodal.noise.mixers.process import CutMix, KMeansLeaves, KMeansLeavesMixUp, Mixture, MixUp
from crossmodal.noise.mixers.weighted_sums import sum_weighted, sum_weighted_tensors, whole_weights
from crossmodal.noise.process import Process
from crossmodal.randomness import random_bits


@dataclass(frozen=True)
class TileDraws:
    indices: np.ndarray
    size: tuple[int, int]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Tiles(Process[TileDraws]):
    """Images of 4 x 4 tiles of random colours, or plain ones; of one law or of some classes."""

    name: ClassVar[str] = "tiles"
    plain: bool = False
    programs: int = 0

    @property
    def classes(self):
        return self.programs or None

    def _labels(self, indices, seed):
        return random_bits(seed, "tiles/class", indices, 1)[:, 0] % self.programs

    def _draw(self, indices, size, seed):
        return TileDraws(indices, size, seed)

    def _render(self, draws, device):
        colours = (random_bits(draws.seed, "tiles", draws.indices, 48) >> 24).to(torch.uint8).reshape(-1, 3, 4, 4)
        rows, columns = (torch.arange(side) * (0 if self.plain else 4) // side for side in draws.size)
        return colours[:, :, rows][..., columns].to(device)


MIXERS = [MixUp, CutMix, KMeansLeaves, KMeansLeavesMixUp]


def mixer(kind, **options):
    return kind(process=Tiles(), **options)


def rendered(children):
    return [child.render(torch.device("cpu")) for child in children]


@pytest.mark.parametrize("kind", MIXERS)
def test_an_image_depends_on_its_index_alone(kind):
    process = mixer(kind)
    batch = process([3, 2**62, 0, 2**62 - 1], size=(12, 17))
    assert batch.shape == (4, 3, 12, 17)
    for place, index in enumerate([3, 2**62, 0, 2**62 - 1]):
        assert torch.equal(process([index], size=(12, 17))[0], batch[place])
    assert len({image.numpy().tobytes() for image in batch}) == 4
    assert not torch.equal(process([3], size=12, seed=1), process([3], size=12, seed=2))


@pytest.mark.parametrize("kind", MIXERS)
@pytest.mark.parametrize("index", [0, 5, 2**61 + 1, 2**62])
def test_no_image_is_a_child_of_two(kind, index):
    indices = np.arange(index, index + 40)
    children = mixer(kind).sample(indices, 4).children
    found = []
    for child in children:
        for part in child.parts:
            nested = part.draws.children if hasattr(part.draws, "children") else [Children(0, (4, 4), (part,))]
            found += [(p.draws.seed, i) for c in nested for p in c.parts for i in p.draws.indices.tolist()]
    assert len(set(found)) == len(found)
    assert max(i for _, i in found) < 2**62


def test_children_are_numbered_without_gaps_and_every_mixer_has_its_own():
    parts = [sample_child(Tiles(), which, 3, np.array([7, 4]), (4, 4), 5).parts for which in range(3)]
    assert [part[0].draws.indices.tolist() for part in parts] == [[21, 12], [22, 13], [23, 14]]
    seeds = {kind.name: mixer(kind).sample([0], 4).children[0].parts[0].draws.seed for kind in MIXERS[:3]}
    assert len(set(seeds.values())) == 3
    assert child_seed(0, "a") != child_seed(1, "a") != child_seed(1, "b")


def test_mixup_is_the_rounded_convex_combination():
    process = mixer(MixUp, images=4, alpha=0.5)
    draws = process.sample(range(20), 9)
    shares = torch.from_numpy(draws.parameters / 2**16)
    assert (draws.parameters.sum(1) == 2**16).all()
    exact = sum(child.double() * shares[:, k, None, None, None] for k, child in enumerate(rendered(draws.children)))
    # Halves are rounded up; the sums are exact in double precision.
    assert torch.equal(process.render(draws), torch.floor(exact + 0.5).to(torch.uint8))


def test_weighted_sums_agree_with_the_device_path():
    images = [torch.from_numpy(np.random.default_rng(k).integers(0, 256, (5, 3, 7, 4), np.uint8)) for k in range(3)]
    weights = whole_weights(np.random.default_rng(9).dirichlet([1, 1, 1], 5))
    assert torch.equal(sum_weighted(images, weights), sum_weighted_tensors(images, weights))
    white = torch.full((5, 3, 2, 2), 255, dtype=torch.uint8)
    assert torch.equal(sum_weighted([white] * 3, weights), white)


def test_mixup_weights_have_the_dirichlet_distribution():
    # Each weight of Dirichlet(a, ..., a) is Beta(a, 5 a). Kolmogorov-Smirnov, false-alarm rate 1e-4 on a fixed seed.
    for alpha in (1.0, 0.3):
        weights = mixer(MixUp, alpha=alpha).sample(range(1500), 1).parameters / 2**16
        for k in (0, 5):
            assert stats.kstest(weights[:, k], stats.beta(alpha, 5 * alpha).cdf).pvalue > 1e-4
        # Of two weights: covariance -var / 5.
        assert np.cov(weights[:, 0], weights[:, 5])[0, 1] < 0


def test_cutmix_shows_one_image_in_a_box_of_the_other():
    process = mixer(CutMix)
    draws = process.sample(range(30), (12, 17))
    below, above = rendered(draws.children)
    for i, (top, left, bottom, right) in enumerate(draws.parameters):
        below[i, :, top:bottom, left:right] = above[i, :, top:bottom, left:right]
    assert torch.equal(process.render(draws), below)


@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_boxes_have_the_distribution_of_cutmix(alpha):
    # Areas against an independent simulation; Kolmogorov-Smirnov of two samples, false-alarm rate 1e-4.
    boxes = mixer(CutMix, alpha=alpha).sample(range(2000), (400, 1000)).parameters
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / (400 * 1000)
    rng = np.random.default_rng(1)
    side, centre = np.sqrt(1 - rng.beta(alpha, alpha, 20_000))[:, None], rng.random((20_000, 2))
    cut = np.clip(centre + side / 2, 0, 1) - np.clip(centre - side / 2, 0, 1)
    assert stats.ks_2samp(areas, cut.prod(1)).pvalue > 1e-4


def test_kml_mixes_two_images_by_the_mask_of_a_third():
    process = mixer(KMeansLeaves)
    draws = process.sample(range(10), 24)
    _, inside, outside = rendered(draws.children)
    made = process.render(draws)
    assert (made >= torch.minimum(inside, outside)).all()
    assert (made <= torch.maximum(inside, outside)).all()
    both = (made == inside).all(1).float().mean(), (made == outside).all(1).float().mean()
    assert min(both) > 0.2  # away from the soft edges it is the one or the other


def test_kml_of_plain_images_is_the_first_of_the_two():
    process = KMeansLeaves(process=Tiles(plain=True))
    draws = process.sample(range(4), 6)
    assert torch.equal(process.render(draws), rendered(draws.children)[1])


def test_kml_mixup_is_the_mean_of_two_kml_images():
    process = mixer(KMeansLeavesMixUp)
    draws = process.sample(range(6), 10)
    first, second = rendered(draws.children)
    assert torch.equal(process.render(draws), ((first.int() + second + 1) // 2).to(torch.uint8))
    seed = child_seed(child_seed(0, "noise/kml_mixup"), "noise/children/0")
    assert torch.equal(first, mixer(KMeansLeaves)([0, 2, 4, 6, 8, 10], size=10, seed=seed))


def test_mixers_nest():
    process = MixUp(process=CutMix(process=KMeansLeaves(process=Tiles())), images=2)
    batch = process([1, 2**62], size=11)
    assert torch.equal(process([2**62], size=11)[0], batch[1])
    assert process.describe()["options"]["process"]["options"]["process"]["process"] == "kml"


def test_a_mixture_draws_processes_by_weight():
    # Chi-square, false-alarm rate 1e-4 on a fixed seed.
    process = Mixture(processes=(Tiles(), Tiles(plain=True), Tiles()), weights=(1, 5, 2))
    counts = np.bincount(process.labels(range(8000)).numpy(), minlength=3)
    assert stats.chisquare(counts, [1000, 5000, 2000]).pvalue > 1e-4
    never = Mixture(processes=(Tiles(), Tiles()), weights=(0, 1))
    assert never.labels(range(500)).eq(1).all()


def test_images_of_a_mixture_are_those_of_its_labels():
    process = Mixture(processes=(Tiles(), Tiles(plain=True)))
    images, labels = process(range(64), size=8, seed=4), process.labels(range(64), seed=4)
    assert process.classes == 2
    plain = (images == images[:, :, :1, :1]).flatten(1).all(1)
    assert torch.equal(plain.long(), labels)
    assert torch.equal(process([9], size=8, seed=4)[0], images[9])


def test_a_mixture_of_programs_has_the_programs_of_all():
    members = (Tiles(programs=4), Tiles(), Tiles(programs=2))
    process = Mixture(processes=members)
    assert process.classes == 7
    labels = process.labels(range(400), seed=3)
    assert sorted(labels.unique().tolist()) == list(range(7))
    chosen = torch.bucketize(labels, torch.tensor([4, 5]), right=True)
    for number, first in ((0, 0), (2, 5)):
        places = (chosen == number).nonzero()[:, 0]
        own = members[number].labels(places, seed=child_seed(3, f"noise/mixture/{number}"))
        assert torch.equal(labels[places], first + own)


def test_a_mixture_is_recreated_from_its_description():
    process = Mixture(processes=[noise.create("orbits", orbits=(1, 2)), "fractals"], weights=[1, 2])
    again = noise.from_description(process.describe())
    assert again == process
    assert torch.equal(again([5], size=9), process([5], size=9))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", MIXERS)
def test_cuda_makes_the_same_bytes(kind):
    assert torch.equal(mixer(kind)(range(32), size=40, device="cuda").cpu(), mixer(kind)(range(32), size=40))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MixUp(process="frctals"), "unknown process 'frctals'; did you mean fractals"),
        (lambda: mixer(MixUp, images=1), "images must be at least 2, got 1"),
        (lambda: mixer(MixUp, alpha=0), "alpha must be a positive number, got 0"),
        (lambda: mixer(CutMix, alpha=float("nan")), "alpha must be a positive number"),
        (lambda: Mixture(processes=()), "at least one process"),
        (lambda: Mixture(processes="fractals"), "must be a list of at least one process, got 'fractals'"),
        (lambda: Mixture(processes=(Tiles(),), weights=(1, 2)), "one for each of 1 processes"),
        (lambda: Mixture(processes=(Tiles(),), weights=(0,)), "not all 0"),
        (lambda: Mixture(processes=(Tiles(),), weights=(-1,)), "non-negative"),
    ],
)
def test_invalid_options_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
