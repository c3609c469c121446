import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from pinched._errors import PinchedError
from pinched.crossbar.words import word_range
from pinched.networks.quantization import (
    BitFlips,
    ClipQuantizer,
    PaperQuantizer,
    RoundQuantizer,
    straight_through,
)

# Weights of a network are zero or far from the smallest number of float32, whose steps have no finite reciprocal.
WEIGHTS = st.floats(-100, 100, width=32).filter(lambda w: w == 0 or abs(w) > 1e-30)
TENSORS = st.lists(WEIGHTS, min_size=1, max_size=30).map(torch.tensor)
BITS = st.integers(1, 8)
BOTH = pytest.mark.parametrize("kind", [PaperQuantizer, RoundQuantizer, ClipQuantizer])


@BOTH
@given(tensor=TENSORS, bits=BITS)
def test_every_word_fits_its_bits_and_keeps_the_sign(kind, tensor, bits):
    quantizer = kind(bits)
    words = quantizer.words(tensor, quantizer.step(tensor)).long()
    low, high = word_range(bits)
    assert int(words.min()) >= low
    assert int(words.max()) <= high
    assert bool((words * tensor.sign() >= 0).all())


@BOTH
@pytest.mark.parametrize("bits", range(1, 9))
def test_a_tensor_of_zeros_becomes_zeros(kind, bits):
    quantizer = kind(bits)
    step = quantizer.step(torch.zeros(4))
    assert float(step) > 0
    assert not quantizer.words(torch.zeros(4), step).any()


@BOTH
@pytest.mark.parametrize("bits", [0, 9, -1])
def test_word_lengths_outside_1_to_8_are_refused(kind, bits):
    with pytest.raises(PinchedError, match=f"bits is {bits}"):
        kind(bits)


def test_the_paper_conversion_cuts_off_and_has_two_gains():
    # By hand at 3 bits: the maximum is 2, so -2 -> -4, -0.9 -> -1.8 -> -1, 2 -> 3, 1.3 -> 1.95 -> 1, 0.6 -> 0.9 -> 0.
    tensor = torch.tensor([-2.0, -0.9, 2.0, 1.3, 0.6])
    quantizer = PaperQuantizer(3)
    assert quantizer.words(tensor, quantizer.step(tensor)).tolist() == [-4, -1, 3, 1, 0]
    two = PaperQuantizer(2)  # at two bits every positive number below the maximum is lost
    assert two.words(tensor, two.step(tensor)).tolist() == [-2, 0, 1, 0, 0]
    one = PaperQuantizer(1)  # one bit: -1 and 0
    assert one.words(tensor, one.step(tensor)).tolist() == [-1, 0, 0, 0, 0]


@given(bits=st.integers(2, 8), scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_clip_gives_back_what_fits_its_grid(bits, scale, seed):
    high = 2 ** (bits - 1) - 1
    grid = torch.randint(-high, high + 1, (20,), generator=torch.Generator().manual_seed(seed))
    grid[0] = high
    quantizer = ClipQuantizer(bits)
    tensor = grid * scale
    step = quantizer.step(tensor)
    assert torch.equal(quantizer.words(tensor, step).long(), grid)
    assert torch.allclose(grid * step, tensor, rtol=1e-5)


@given(tensor=TENSORS, bits=st.integers(2, 8))
def test_clip_is_symmetric(tensor, bits):
    quantizer = ClipQuantizer(bits)
    step = quantizer.step(tensor)
    assert torch.equal(step, quantizer.step(-tensor))
    assert torch.equal(quantizer.words(tensor, step), -quantizer.words(-tensor, step))


@given(tensor=TENSORS, bits=st.integers(2, 8))
def test_clip_is_never_worse_than_the_full_range(tensor, bits):
    quantizer = ClipQuantizer(bits)
    step = quantizer.step(tensor)
    full = tensor.abs().max().clamp(min=1e-30) / (2 ** (bits - 1) - 1)

    def error(s):
        return float(((quantizer.words(tensor, s) * s - tensor).double() ** 2).sum())

    # Words times a step are rounded as float32: each product by 1.2e-7 of the largest weight.
    rounding = len(tensor) * (2.4e-7 * float(tensor.abs().max())) ** 2
    assert error(step) <= error(full) * (1 + 1e-4) + rounding


def test_clip_finds_the_best_range_of_a_normal_tensor():
    # Closed form: the squared error of a uniform quantizer with 7 levels (3 bits, symmetric) on a standard normal
    # number, integrated level by level and minimised over the step: 0.0469 at 0.6508. The search has steps of 2 %
    # of the range, here 5 % of the best one, and the sample 200 000 numbers: hence 5 % and 2 %.
    def expected(step: float) -> float:
        edges = np.array([-np.inf, *(step * (np.arange(-3, 3) + 0.5)), np.inf])
        level = step * np.arange(-3, 4)
        p, d = np.diff(stats.norm.cdf(edges)), -np.diff(stats.norm.pdf(edges))
        tails = np.where(np.isfinite(edges), edges, 0.0) * stats.norm.pdf(edges)
        return float((p - np.diff(tails) - 2 * level * d + level**2 * p).sum())

    best = optimize.minimize_scalar(expected, bounds=(0.3, 1.2), method="bounded")
    tensor = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    quantizer = ClipQuantizer(3)
    step = quantizer.step(tensor)
    assert float(step) == pytest.approx(best.x, rel=0.05)
    error = float(((quantizer.words(tensor, step) * step - tensor) ** 2).mean())
    assert error == pytest.approx(best.fun, rel=0.02)


@BOTH
@settings(max_examples=30)
@given(tensor=TENSORS, bits=st.integers(2, 8))
def test_training_sees_the_stored_values_and_the_gradient_of_the_identity(kind, tensor, bits):
    quantizer = kind(bits)
    step = quantizer.step(tensor)
    leaf = tensor.clone().requires_grad_()
    seen = straight_through(leaf, quantizer, step)
    words = quantizer.words(tensor, step).float()
    value = words * step if quantizer.rescaled else words
    assert torch.allclose(seen, value, rtol=1e-4, atol=1e-5 * float(step) * 2**bits + 1e-6)
    seen.sum().backward()
    assert leaf.grad is not None
    assert torch.allclose(
        leaf.grad, torch.full_like(tensor, 1.0 if quantizer.rescaled else 1.0 / float(step))
    )


def test_rounding_is_the_paper_conversion_without_the_cut():
    # As in the hand example above: -2 -> -4, -0.9 -> -1.8 -> -2, 2 -> 3, 1.3 -> 1.95 -> 2, 0.6 -> 0.9 -> 1.
    tensor = torch.tensor([-2.0, -0.9, 2.0, 1.3, 0.6])
    quantizer = RoundQuantizer(3)
    assert quantizer.words(tensor, quantizer.step(tensor)).tolist() == [-4, -2, 3, 2, 1]


def test_every_output_may_have_a_range_of_its_own():
    weight = torch.tensor([[3.0, -1.0, 2.0], [0.03, 0.01, -0.02], [0.0, 0.0, 0.0]])
    quantizer = ClipQuantizer(3, per_channel=True)
    step = quantizer.step(weight)
    assert step.shape == (3, 1)
    assert quantizer.words(weight, step).tolist() == [[3, -1, 2], [3, 1, -2], [0, 0, 0]]
    assert not ClipQuantizer(3).words(weight, ClipQuantizer(3).step(weight))[1].any()
    kernel = weight.reshape(3, 1, 3, 1)
    assert quantizer.step(kernel).shape == (3, 1, 1, 1)
    assert torch.equal(
        quantizer.words(kernel, quantizer.step(kernel)).flatten(1), quantizer.words(weight, step)
    )
    bias = torch.tensor([3.0, 0.03])
    assert quantizer.step(bias).ndim == 0


@given(bits=st.integers(2, 4), scale=st.floats(1e-2, 1e2), seed=st.integers(0, 99), top=st.integers(1, 7))
def test_clip_finds_a_grid_that_does_not_use_its_largest_words(bits, scale, seed, top):
    high = min(top, 2 ** (bits - 1) - 1)
    grid = torch.randint(-high, high + 1, (30,), generator=torch.Generator().manual_seed(seed)).float()
    quantizer = ClipQuantizer(bits)
    tensor = grid * scale
    step = quantizer.step(tensor)
    assert torch.allclose(quantizer.words(tensor, step) * step, tensor, rtol=1e-5, atol=1e-6 * scale)


def test_small_and_large_tensors_find_the_same_step(monkeypatch):
    tensor = torch.randn(3000, generator=torch.Generator().manual_seed(2))
    once = ClipQuantizer(3).step(tensor)
    monkeypatch.setattr("pinched.networks.quantization._CACHED", 0)
    assert torch.equal(ClipQuantizer(3).step(tensor), once)


@given(bits=BITS, seed=st.integers(0, 99))
def test_flips_turn_every_bit_or_none(bits, seed):
    low, high = word_range(bits)
    generator = torch.Generator().manual_seed(seed)
    words = torch.randint(low, high + 1, (50,), generator=generator).to(torch.int8)
    uniform = torch.rand((50, bits), generator=generator)
    assert torch.equal(BitFlips(of_ones=0.0, of_zeros=0.0).flip(words, bits, uniform), words)
    # All bits turned is the complement, -1 - w.
    assert torch.equal(BitFlips(of_ones=1.0, of_zeros=1.0).flip(words, bits, uniform), -1 - words)
    assert not BitFlips(of_ones=1.0, of_zeros=0.0).flip(words, bits, uniform).any()


def test_flip_rates_are_probabilities_and_are_met():
    with pytest.raises(PinchedError, match=r"of_ones is 1\.5"):
        BitFlips(of_ones=1.5, of_zeros=0.0)
    words = torch.full((100_000,), -1, dtype=torch.int8)
    uniform = torch.rand((100_000, 1), generator=torch.Generator().manual_seed(0))
    share = float((BitFlips(of_ones=0.2, of_zeros=0.0).flip(words, 1, uniform) == 0).double().mean())
    assert share == pytest.approx(0.2, abs=4 * (0.2 * 0.8 / 1e5) ** 0.5)
