"""Mappings and tilings: what weights become conductances must be weights again."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.crossbar.mapping import (
    BinaryWords,
    BitSlices,
    DifferentialPair,
    OffsetColumn,
    SingleDevice,
    Subtraction,
)
from pinched.crossbar.tiling import tiled
from pinched.crossbar.window import ConductanceWindow, window_of
from pinched.devices.laws.vteam import Vteam
from pinched.devices.updates import LinearUpdate

WINDOW = ConductanceWindow(g_min=2e-6, g_max=8e-5)
SMOOTH = [
    DifferentialPair(), DifferentialPair(symmetric=True), DifferentialPair(subtraction=Subtraction.DIGITAL),
    OffsetColumn(), SingleDevice(),
]  # fmt: skip
WORDS = [
    BitSlices(bits=8, cell_bits=2),
    BitSlices(bits=5, cell_bits=1),
    BitSlices(bits=12, cell_bits=4),
    BinaryWords(bits=8),
]


def weights(outputs: int, inputs: int, seed: int = 0) -> torch.Tensor:
    return (
        torch.rand((outputs, inputs), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2
        - 1
    )


def through_tiles(weight, mapping, tile):
    """The matrix that tiles of `tile` stand for, put together again."""
    tiling = tiled(weight.shape[1], weight.shape[0], mapping, tile)
    tiles = tiling.fold(mapping.targets(weight, WINDOW), mapping.reference(WINDOW))
    assert bool((tiles >= 0).all())
    cells, reference = tiling.unfold(tiles)
    spread = None if reference is None else tiling.spread_reference(reference)
    found = mapping.outputs(mapping.combine(cells, spread, WINDOW), WINDOW)
    return found.flatten(0, 1)[tiling.padding :].T


@pytest.mark.parametrize("mapping", SMOOTH, ids=lambda m: m.name)
def test_smooth_mappings_give_the_weight_back(mapping):
    weight = weights(5, 7)
    torch.testing.assert_close(mapping.represented(weight), weight, rtol=0, atol=1e-14)


@pytest.mark.parametrize("mapping", WORDS, ids=lambda m: m.name)
def test_words_are_the_nearest_multiple_of_their_step(mapping):
    weight = weights(6, 9)
    top = 2 ** (mapping.bits - 1) - 1
    torch.testing.assert_close(mapping.represented(weight), (weight * top).round() / top, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mapping", [*SMOOTH, *WORDS], ids=lambda m: m.name)
@settings(max_examples=15, deadline=None)
@given(
    inputs=st.integers(1, 23), outputs=st.integers(1, 11), rows=st.integers(1, 9), extra=st.integers(0, 20),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_any_tiling_holds_the_same_matrix(mapping, inputs, outputs, rows, extra, seed):
    weight = weights(outputs, inputs, seed)
    needed = mapping.cells + mapping.has_reference
    tile = (rows, needed + extra)
    tiling = tiled(inputs, outputs, mapping, tile)
    assert tiling.rows <= tile[0]
    assert tiling.columns <= tile[1]
    torch.testing.assert_close(
        through_tiles(weight, mapping, tile), mapping.represented(weight), rtol=0, atol=1e-12
    )


def test_a_pair_keeps_one_device_at_the_bottom_and_a_symmetric_pair_keeps_its_sum():
    weight = weights(4, 6)
    plain = DifferentialPair().targets(weight, WINDOW)
    assert torch.equal(plain.amin(-1), torch.full((6, 4), WINDOW.g_min, dtype=torch.float64))
    both = DifferentialPair(symmetric=True).targets(weight, WINDOW).sum(-1)
    torch.testing.assert_close(both, torch.full_like(both, 2 * WINDOW.middle))


def test_what_both_devices_of_a_pair_share_cancels():
    mapping, weight = DifferentialPair(), weights(3, 5)
    cells = mapping.targets(weight, WINDOW)
    shifted = mapping.combine(cells + 1e-5, None, WINDOW)
    torch.testing.assert_close(shifted, mapping.combine(cells, None, WINDOW), rtol=0, atol=1e-18)


def test_devices_of_words_stand_at_their_levels_only():
    for mapping in WORDS:
        shares = mapping.shares(weights(8, 8))
        steps = shares * (mapping.levels_used() - 1)
        torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-12)


def test_a_tile_smaller_than_one_weight_is_refused():
    with pytest.raises(PinchedError, match="does not hold one weight"):
        tiled(4, 4, DifferentialPair(), (8, 1))
    with pytest.raises(PinchedError, match="does not hold one weight"):
        tiled(4, 4, BinaryWords(bits=8), (8, 8))  # eight bits and the reference column take nine


def test_windows_of_devices():
    assert window_of(LinearUpdate(g_min=1e-6, g_max=5e-6), 0.2) == ConductanceWindow(g_min=1e-6, g_max=5e-6)
    window = window_of(Vteam(r_on=1e3, r_off=1e5), 0.1)
    assert window.g_min == pytest.approx(1e-5)
    assert window.g_max == pytest.approx(1e-3)
    with pytest.raises(PinchedError, match="swapped"):
        ConductanceWindow(g_min=1e-4, g_max=1e-6)
    with pytest.raises(PinchedError, match="weights are mapped into the window of one"):
        window_of(LinearUpdate(g_min=torch.tensor([1e-6, 2e-6]), g_max=1e-4), 0.2)
