"""Generators: the published Philox vectors, seeds, states, and that no two draws share bits."""

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.errors import DeviceError
from tinygrad_edu.kernels import philox
from tinygrad_edu.tensors import random
from tinygrad_edu.tensors.random import Generator
from tinygrad_edu.tensors.sampling import uniform

# Counter (4 words), key (2), result (4): the known answers published with Random123 for philox4x32, 10 rounds.
KNOWN = [
    "00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1",
]


@pytest.fixture(autouse=True)
def default_generator_restored() -> Iterator[None]:
    state = random.get_rng_state()
    yield
    random.set_rng_state(state)


@pytest.mark.parametrize("line", KNOWN)
def test_published_vectors(line: str) -> None:
    c0, c1, c2, c3, k0, k1, *expected = (int(word, 16) for word in line.split())
    assert philox.block((c0, c1, c2, c3), (k0, k1)) == tuple(expected)
    counters = np.array([[c0, c1, c2, c3]] * 5, np.uint64).T
    assert philox.blocks(counters, (k0, k1)).tolist() == [expected] * 5


@pytest.mark.parametrize("seed", [0, 42, 2**32, 2**64 - 1])
@pytest.mark.parametrize("first", [0, 8190, 2**32 - 3, 2**64 - 5])
def test_many_blocks_are_the_single_ones(seed: int, first: int) -> None:
    together = philox.words(seed, first, 10)
    alone = [philox.words(seed, (first + i) % 2**64, 1) for i in range(10)]
    assert together.dtype == np.uint32 and np.array_equal(together, np.concatenate(alone))
    number = (first + 9) % 2**64
    counter = (number & 0xFFFFFFFF, number >> 32, 0, 0)
    assert tuple(together[-4:].tolist()) == philox.block(counter, (seed & 0xFFFFFFFF, seed >> 32))


def test_parts_worked_on_in_turn_join_without_a_seam() -> None:
    count = philox._AT_A_TIME + 3
    assert np.array_equal(philox.words(7, 0, count)[-20:], philox.words(7, count - 5, 5))


def test_no_words() -> None:
    assert philox.words(1, 0, 0).shape == (0,)


def test_seeds() -> None:
    generator = Generator()
    assert generator.initial_seed() == 67280421310721  # a new one is always the same, as in PyTorch
    assert generator.manual_seed(5) is generator and generator.initial_seed() == 5
    assert generator.manual_seed(-1).initial_seed() == 2**64 - 1
    assert generator.manual_seed(-(2**63)).initial_seed() == 2**63
    assert generator.manual_seed(np.int64(3)).initial_seed() == 3  # type: ignore[arg-type]
    assert generator.seed() == generator.initial_seed() != 3


def test_seeds_that_are_none() -> None:
    generator = Generator().manual_seed(1)
    for number in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="64 bits"):
            generator.manual_seed(number)
    wrong: list[Any] = [1.5, "a", True, None]
    for value in wrong:
        with pytest.raises(RuntimeError, match="must be an integer"):
            generator.manual_seed(value)
    assert generator.initial_seed() == 1


def test_the_same_seed_gives_the_same_stream() -> None:
    generator = Generator().manual_seed(3)
    first = [uniform(generator, (5,)) for _ in range(3)]
    generator.manual_seed(3)
    again = [uniform(generator, (5,)) for _ in range(3)]
    assert np.array_equal(first, again)
    assert len(np.unique(first)) == 15  # and draws do not repeat one another
    assert not np.array_equal(first[0], uniform(Generator().manual_seed(4), (5,)))


def test_states() -> None:
    generator = Generator().manual_seed(-2)
    uniform(generator, (100,))
    state = generator.get_state()
    assert state.dtype == np.uint8 and state.shape == (16,)
    expected = uniform(generator, (4,))
    other = Generator()
    other.set_state(state)
    assert other.initial_seed() == 2**64 - 2 and np.array_equal(uniform(other, (4,)), expected)
    state[:] = 0  # a copy: the generator keeps its place
    assert generator.initial_seed() == 2**64 - 2


def test_states_that_are_none() -> None:
    generator = Generator().manual_seed(1)
    with pytest.raises(TypeError, match="uint8"):
        generator.set_state(np.zeros(16))
    with pytest.raises(RuntimeError, match="16 bytes"):
        generator.set_state(np.zeros(5056, np.uint8))
    assert generator.initial_seed() == 1


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_copies_go_their_own_way_from_the_same_place(duplicate: Any) -> None:
    generator = Generator().manual_seed(9)
    uniform(generator, (3,))
    for twin in (duplicate(generator), generator.clone_state()):
        assert twin is not generator and twin.initial_seed() == 9
        state = generator.get_state()
        assert np.array_equal(uniform(twin, (6,)), uniform(generator, (6,)))
        generator.set_state(state)


def test_only_the_cpu() -> None:
    assert str(Generator(device="cpu").device) == "cpu" and Generator("cpu").device.type == "cpu"
    with pytest.raises(DeviceError, match="Generator"):
        Generator("cuda")


def test_the_default_generator() -> None:
    assert random.manual_seed(11) is random.default_generator and random.initial_seed() == 11
    first = uniform(None, (4,))
    state = random.get_rng_state()
    second = uniform(None, (4,))
    random.set_rng_state(state)
    assert np.array_equal(uniform(None, (4,)), second)
    assert np.array_equal(uniform(Generator().manual_seed(11), (4,)), first)
    assert random.manual_seed(2.9).initial_seed() == 2  # PyTorch truncates here, and only here
    assert random.seed() == random.initial_seed()


def test_threads_never_get_the_same_blocks() -> None:
    generator = Generator().manual_seed(0)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: (generator.take(n)[1], n), [1, 2, 3, 5] * 500))
    blocks = sorted(first + i for first, n in taken for i in range(n))
    assert blocks == list(range(11 * 500))


@pytest.mark.oracle
def test_errors_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    values: list[Any] = [1.5, "a", True, None, 2**64, -(2**63) - 1]
    for value in values:
        with pytest.raises((RuntimeError, ValueError)) as theirs:
            torch.Generator().manual_seed(value)
        with pytest.raises(theirs.type):
            Generator().manual_seed(value)
    for number in (-1, -(2**63), 2**63, 2**64 - 1):
        assert torch.Generator().manual_seed(number).initial_seed() == Generator().manual_seed(number).initial_seed()
