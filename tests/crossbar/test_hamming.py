"""The code against its definition: distances, and every error of one and two bits."""

import itertools

import pytest
import torch

from pinched._errors import PinchedError
from pinched.crossbar.hamming import Hamming


def all_data(bits: int) -> torch.Tensor:
    """Every group of `bits`, one per array and one word line each: (2^bits, 1, bits)."""
    return ((torch.arange(1 << bits)[:, None] >> torch.arange(bits)) & 1).bool()[:, None]


# Origin: the numbers of check bits are those of the codes that carry these names, (7, 4), (15, 11), (63, 57); 12 data
# bits in 17 and 64 in 71 (72 with parity) are the usual ones of memories.
@pytest.mark.parametrize(("data", "stored"), [(1, 3), (3, 6), (4, 7), (11, 15), (12, 17), (57, 63), (64, 71)])
def test_check_bits_are_the_fewest_possible(data, stored):
    assert Hamming(data).group == stored
    assert Hamming(data, detect_double=True).group == stored + 1


@pytest.mark.parametrize("data", [1, 3, 4, 6])
@pytest.mark.parametrize(("double", "distance"), [(False, 3), (True, 4)])
def test_code_words_differ_in_three_or_four_bits(data, double, distance):
    words = Hamming(data, detect_double=double).encode(all_data(data))[:, 0]
    apart = (words[:, None] ^ words[None]).sum(-1)
    assert int(apart[apart > 0].min()) >= distance


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("data", [1, 2, 3, 4, 8, 11])
def test_every_single_error_of_every_word_is_mended(data, double):
    code, plain = Hamming(data, detect_double=double), all_data(data)[:256]
    stored = code.encode(plain)
    clean = code.decode(stored)
    assert torch.equal(clean.bits, plain)
    assert not clean.corrected.any()
    assert not clean.uncorrectable.any()
    for k in range(code.group):
        broken = stored.clone()
        broken[..., k] ^= True
        found = code.decode(broken)
        assert torch.equal(found.bits, plain), k
        assert (found.corrected == 1).all()
        assert not found.uncorrectable.any()


@pytest.mark.parametrize("data", [1, 3, 4, 9])
def test_every_double_error_is_noticed_and_left_alone(data):
    code, plain = Hamming(data, detect_double=True), all_data(data)[:64]
    stored = code.encode(plain)
    for k, m in itertools.combinations(range(code.group), 2):
        broken = stored.clone()
        broken[..., k] ^= True
        broken[..., m] ^= True
        found = code.decode(broken)
        assert (found.uncorrectable == 1).all()
        assert not found.corrected.any()
        assert torch.equal(found.bits, broken[..., :data])


def test_groups_lie_side_by_side_and_fail_apart():
    code = Hamming(4)
    bits = torch.rand((3, 5, 12), generator=torch.Generator().manual_seed(0)) < 0.5
    stored = code.encode(bits)
    assert stored.shape == (3, 5, 21)
    assert code.shape(5, 12) == (5, 21)
    stored[:, :, 2] ^= True  # one error in the first group, one in the last
    stored[:, :, 20] ^= True
    found = code.decode(stored)
    assert torch.equal(found.bits, bits)
    assert (found.corrected == 10).all()


def test_what_cannot_be_a_group_is_refused():
    with pytest.raises(PinchedError, match="data_bits is 0"):
        Hamming(0)
    with pytest.raises(
        PinchedError, match=r"13 bits on a word line are no whole number of groups of 4.*\[1, 13\]"
    ):
        Hamming(4).shape(2, 13)
