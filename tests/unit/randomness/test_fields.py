import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal.randomness import normals, random_bits, stream_key, uniforms
from crossmodal.randomness.philox import philox, philox_tensors

# Known answers of the Random123 distribution (kat_vectors, "philox4x32 10").
KNOWN = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_the_published_answers(counter, key, answer):
    assert list(philox(*map(np.uint32, counter), *map(np.uint32, key))) == answer
    assert [int(word) for word in philox_tensors(tuple(map(torch.tensor, counter)), tuple(key))] == answer


def test_compiled_loop_and_tensors_draw_the_same_words():
    indices = [0, 1, 2**32 - 1, 2**32, 2**40 + 3]
    key = stream_key(5, "s")
    words = random_bits(5, "s", indices, 11)
    index = torch.tensor(indices)[:, None]
    block = torch.arange(3)[None]
    twin = philox_tensors((block, 0 * index, index & 0xFFFFFFFF, index >> 32), (int(key[0]), int(key[1])))
    assert torch.equal(words, torch.stack(twin, dim=-1).flatten(1)[:, :11])


def test_a_row_depends_on_its_index_alone_and_its_start_not_on_the_count():
    rows = random_bits(1, "s", [3, 9, 4], 40)
    assert torch.equal(random_bits(1, "s", [9], 7), rows[1:2, :7])
    assert not torch.equal(random_bits(1, "t", [9], 40), rows[1:2])
    assert not torch.equal(random_bits(2, "s", [9], 40), rows[1:2])


def test_uniforms_and_normals_have_their_distributions():
    # Kolmogorov-Smirnov, false-alarm rate 1e-4 each on a fixed seed; lag-1 correlations likewise.
    flat = uniforms(0, "law", range(50), 2000).numpy()
    assert flat.min() >= 0
    assert flat.max() < 1
    assert stats.kstest(flat.ravel(), "uniform").pvalue > 1e-4
    assert stats.pearsonr(flat.ravel()[:-1], flat.ravel()[1:]).pvalue > 1e-4
    bell = normals(0, "law", range(50), 2001).numpy()
    assert stats.kstest(bell.ravel(), "norm").pvalue > 1e-4
    assert stats.pearsonr(bell[:, 0::2].ravel()[:50_000], bell[:, 1::2].ravel()[:50_000]).pvalue > 1e-4


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError, match="negative"):
        random_bits(0, "s", [-1], 4)
    with pytest.raises(ValueError, match="negative"):
        random_bits(-1, "s", [1], 4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_devices_draw_the_same_numbers():
    assert torch.equal(uniforms(0, "s", range(4), 1000, "cuda").cpu(), uniforms(0, "s", range(4), 1000))
    torch.testing.assert_close(normals(0, "s", range(4), 1000, "cuda").cpu(), normals(0, "s", range(4), 1000))
