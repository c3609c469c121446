import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.crossbar.words import (
    BitOrder,
    OffsetBinaryWord,
    SignMagnitudeWord,
    TwosComplementWord,
    bits_to_words,
    word_range,
    words_to_bits,
)


@pytest.mark.parametrize("bits", range(1, 9))
def test_every_word_of_every_length_survives_the_round_trip(bits):
    low, high = word_range(bits)
    words = torch.arange(low, high + 1)
    coded = words_to_bits(words, bits)
    assert coded.shape == (2**bits, bits)
    assert torch.equal(bits_to_words(coded).long(), words)


@pytest.mark.parametrize("bits", range(1, 9))
def test_bits_agree_with_the_integers_of_python(bits):
    low, high = word_range(bits)
    for word in range(low, high + 1):
        text = format(word % 2**bits, f"0{bits}b")  # two's complement is the residue modulo 2^bits, MSB first
        found = words_to_bits(torch.tensor([word], dtype=torch.int8), bits)[0]
        assert "".join(str(int(bit)) for bit in found) == text


@given(st.integers(1, 8), st.data())
def test_any_bits_survive_the_round_trip_and_value_is_the_weighted_sum(bits, data):
    row = data.draw(st.lists(st.booleans(), min_size=bits, max_size=bits))
    coded = torch.tensor([[row]])
    word = bits_to_words(coded)
    assert torch.equal(words_to_bits(word, bits), coded)
    weights = [-(2 ** (bits - 1)), *(2 ** (bits - 1 - k) for k in range(1, bits))]
    assert int(word) == sum(w for w, bit in zip(weights, row, strict=True) if bit)


def test_one_bit_holds_minus_one_and_zero():
    assert word_range(1) == (-1, 0)
    assert bits_to_words(torch.tensor([[True], [False]])).tolist() == [-1, 0]


@pytest.mark.parametrize(("word", "bits"), [(4, 3), (-5, 3), (1, 1), (128, 8)])
def test_a_word_out_of_range_is_named(word, bits):
    with pytest.raises(PinchedError, match=rf"the word {word} does not fit {bits} bits"):
        words_to_bits(torch.tensor([0, word]), bits)


@pytest.mark.parametrize("bits", [0, 9, -1])
def test_a_word_length_out_of_range_is_named(bits):
    with pytest.raises(PinchedError, match=f"bits is {bits}"):
        words_to_bits(torch.tensor([0]), bits)


# --- codings as objects -----------------------------------------------------------------------------

CODINGS = (TwosComplementWord, OffsetBinaryWord, SignMagnitudeWord)


def digits(coding, word: int) -> str:
    return "".join(str(int(bit)) for bit in coding.encode(torch.tensor([word], dtype=torch.int8))[0])


@pytest.mark.parametrize("order", BitOrder)
@pytest.mark.parametrize("kind", CODINGS)
@pytest.mark.parametrize("bits", range(1, 9))
def test_every_word_of_every_coding_survives_the_round_trip(kind, bits, order):
    coding = kind(bits, order)
    low, high = coding.ends
    words = torch.arange(low, high + 1, dtype=torch.int8)
    assert torch.equal(coding.decode(coding.encode(words)), words)
    # Every code is some word, so a wrong bit never leaves the range.
    codes = torch.arange(1 << bits, dtype=torch.int16)
    read = coding.from_codes(codes)
    assert (int(read.min()), int(read.max())) == (low, high)


@pytest.mark.parametrize("bits", range(1, 9))
def test_the_first_coding_is_that_of_the_plain_functions(bits):
    low, high = word_range(bits)
    words = torch.arange(low, high + 1)
    assert torch.equal(TwosComplementWord(bits).encode(words), words_to_bits(words, bits))
    reverse = TwosComplementWord(bits, BitOrder.LSB_FIRST)
    assert torch.equal(reverse.encode(words).flip(-1), words_to_bits(words, bits))


# Origin: the textbook table of the codes of three bits.
@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (TwosComplementWord, {-4: "100", -1: "111", 0: "000", 3: "011"}),
        (OffsetBinaryWord, {-4: "000", -1: "011", 0: "100", 3: "111"}),
        (SignMagnitudeWord, {-3: "111", -1: "101", 0: "000", 3: "011"}),
    ],
)
def test_codes_of_three_bits(kind, table):
    for word, code in table.items():
        assert digits(kind(3), word) == code
        assert digits(kind(3, BitOrder.LSB_FIRST), word) == code[::-1]


def test_minus_zero_reads_as_zero():
    assert SignMagnitudeWord(3).decode(torch.tensor([[True, False, False]])).tolist() == [0]


def test_what_a_coding_cannot_hold_is_named():
    with pytest.raises(PinchedError, match=r"the word -4 does not fit 3 bits, which hold -3 to 3 \(sign and"):
        SignMagnitudeWord(3).encode(torch.tensor([0, -4]))
    with pytest.raises(PinchedError, match=r"the word 4 .* \(offset binary\)"):
        OffsetBinaryWord(3).encode(torch.tensor([4]))
    with pytest.raises(PinchedError, match="bits is 9"):
        OffsetBinaryWord(9)
    with pytest.raises(PinchedError, match="2 bits given for words of 3"):
        OffsetBinaryWord(3).decode(torch.zeros((4, 2), dtype=torch.bool))
