"""Words in arrays under every coding and order, read by threshold or by current, after an earlier life or a bake."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

from alike import ALIKE
from pinched import constants
from pinched._errors import PinchedError
from pinched.crossbar.cells import CellState, Endurance
from pinched.crossbar.redundancy import Majority
from pinched.crossbar.relaxation import Bake, Relaxation
from pinched.crossbar.repair import Repair
from pinched.crossbar.sensing import ByCurrent
from pinched.crossbar.words import BitOrder
from pinched.crossbar.writing import WriteVerify
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.extraction.distributions import Lognormal
from pinched.networks.convert import convert
from pinched.networks.mapping import OffsetBinary, SignMagnitude, TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer
from pinched.networks.quantized import quantize

MAPPINGS = (TwosComplement, OffsetBinary, SignMagnitude)


@pytest.fixture(scope="module")
def net():
    return mlp((6, 5, 3), seed=2)


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("order", BitOrder)
@pytest.mark.parametrize("bits", [2, 3, 8])
def test_cells_that_never_fail_give_the_words_back(net, mapping, order, bits):
    chip = convert(net, device=ALIKE, mapping=mapping(ClipQuantizer(bits), order))
    fresh = chip.fresh(2)
    assert (chip.read_back(fresh) == chip.network.words).all()
    assert (chip.read_words(chip.store(fresh)) == chip.network.words).all()
    # The first word as it lies in the first cells.
    stored = chip.program(fresh).read_bits()[0, 0, :bits]
    code = int(chip.coding.to_codes(chip.network.words[:1].to(torch.int16))[0])
    digits = [bool(code >> k & 1) for k in range(bits)]
    assert stored.tolist() == (digits if order is BitOrder.LSB_FIRST else digits[::-1])


def test_a_convolution_is_stored_under_every_mapping():
    net = nn.Sequential(
        nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)
    )
    images = torch.rand(5, 16, generator=torch.Generator().manual_seed(0))
    for mapping in MAPPINGS:
        for quantizer in (ClipQuantizer(4), ClipQuantizer(4, per_channel=True)):
            chip = convert(net, device=ALIKE, mapping=mapping(quantizer))
            words = chip.read_back(chip.fresh(1))
            expected = quantize(net, quantizer)(images).argmax(-1)
            assert (chip.network.predict(words, images)[0] == expected).all()


def test_a_word_that_the_coding_does_not_hold_is_named():
    twin = mlp((6, 5, 3), seed=2)
    with torch.no_grad():
        next(twin.parameters()).view(-1)[:2] = torch.tensor([-1.0, 1.0])
    with pytest.raises(PinchedError, match=r"from -4 to 3, but sign and magnitude of 3 bits holds -3 to 3"):
        convert(twin, device=ALIKE, mapping=SignMagnitude(PaperQuantizer(3)))


def test_sign_and_magnitude_stores_fewest_ones(net):
    ones = {
        mapping: int(convert(net, device=ALIKE, mapping=mapping(ClipQuantizer(4))).word_bits.sum())
        for mapping in MAPPINGS
    }
    assert ones[SignMagnitude] < min(ones[TwosComplement], ones[OffsetBinary])


def test_words_read_by_current_need_cells_that_are_alike(net):
    mapping = TwosComplement(ClipQuantizer(3))
    chip = convert(net, device=ALIKE, mapping=mapping, sensing=ByCurrent())
    assert (chip.read_back(chip.fresh(3)) == chip.network.words).all()
    assert (chip.read_words(chip.store(chip.fresh(3))) == chip.network.words).all()
    spread = convert(net, device=marraccini2025(), mapping=mapping, sensing=ByCurrent())
    by_threshold = convert(net, device=marraccini2025(), mapping=mapping)
    wrong = [(c.read_back(c.fresh(20)) != c.network.words).double().mean() for c in (spread, by_threshold)]
    assert wrong[0] > 3 * wrong[1]
    verified = convert(
        net, device=ALIKE, mapping=mapping, sensing=ByCurrent(), repair=Repair(writing=WriteVerify())
    )
    assert (verified.read_back(verified.fresh(1)) == verified.network.words).all()
    with pytest.raises(PinchedError, match="read by current from adjacent cells"):
        convert(
            net, device=ALIKE, mapping=mapping, sensing=ByCurrent(), repair=Repair(redundancy=Majority(3))
        )
    with pytest.raises(PinchedError, match="read_voltage is 0"):
        ByCurrent(read_voltage=0.0)


def test_an_earlier_life_leaves_cells_that_cannot_be_reset(net):
    chip = convert(
        net, device=marraccini2025(), mapping=TwosComplement(ClipQuantizer(3)), threshold=1e4, cycles=1
    )
    memory = chip.fresh(200)
    used = memory.cycled(1)
    # In LRS: set by 5 V and not reset by 5 V, two independent lognormals of the published spread.
    z = [(math.log(5.0) - mu) / sigma for mu, sigma in ((0.20177, 0.776), (-0.00248, 0.810))]
    below = [0.5 * (1 + math.erf(x / math.sqrt(2))) for x in z]
    assert used.state.double().mean().item() == pytest.approx(below[0] * (1 - below[1]), rel=0.1)
    assert (used.writes == 2).all()
    assert (chip.read_words(chip.store(memory)) == chip.read_back(memory)).all()
    # A '0' fails where the cell stayed in LRS: more often than in a fresh array.
    fresh = dataclasses.replace(chip, cycles=0)
    zeros = ~chip.word_bits
    wrong = [(c.coding.encode(c.read_back(memory)).flatten(-2) & zeros).sum() for c in (chip, fresh)]
    assert wrong[0] > 2 * wrong[1]
    with pytest.raises(PinchedError, match="cycles is -1"):
        convert(net, device=ALIKE, mapping=TwosComplement(ClipQuantizer(3)), cycles=-1)


@pytest.mark.parametrize("times", [0, 1, 3])
def test_cycles_at_once_equal_one_after_the_other(net, times):
    # With an endurance that ends inside the cycles for some of the cells.
    chip = convert(
        net,
        device=marraccini2025(),
        mapping=TwosComplement(ClipQuantizer(3)),
        endurance=Endurance(pulses=Lognormal(mu=1.2, sigma=0.6), end=CellState.LRS),
    )
    memory = chip.fresh(20)
    ones = torch.ones(memory.shape, dtype=torch.bool)
    expected = memory
    for _ in range(times):
        expected = expected.program(ones).program(~ones)
    found = memory.cycled(times)
    assert torch.equal(found.state, expected.state)
    assert torch.equal(found.writes, expected.writes)
    with pytest.raises(PinchedError, match="times is -1"):
        memory.cycled(-1)


def test_a_bake_between_writing_and_reading_loses_the_cells_that_drift(net):
    law = Relaxation(
        toward=CellState.HRS, tau=1e6, reference_temperature=300.0, activation_energy=1.0 * constants.E,
        stretch=1.0, sigma_log=0.0, source="invented for this test",
    )  # fmt: skip
    mapping = TwosComplement(ClipQuantizer(3))
    chip = convert(net, device=ALIKE, mapping=mapping, relaxation=law, bake=Bake(time=1e9, temperature=300.0))
    # A thousand time constants: every '1' is gone, and what is left is a network of zeros.
    assert not chip.read_back(chip.fresh(2)).any()
    assert not chip.read_words(chip.store(chip.fresh(2))).any()
    short = dataclasses.replace(chip, bake=Bake(time=1.0, temperature=300.0))
    assert (short.read_back(short.fresh(2)) == chip.network.words).all()
    with pytest.raises(PinchedError, match="retention data are needed"):
        convert(net, device=ALIKE, mapping=mapping, bake=Bake(time=1.0, temperature=300.0))
    with pytest.raises(PinchedError, match="temperature is 0"):
        Bake(time=1.0, temperature=0.0)
    with pytest.raises(PinchedError, match="time is -1"):
        Bake(time=-1.0, temperature=300.0)


def test_what_cannot_be_stored_is_refused_before_anything_is_trained(net):
    mapping = TwosComplement(ClipQuantizer(3))
    for options, message in (
        ({"write_voltage": "-5 V"}, "write_voltage is -5"),
        ({"threshold": 0.0}, "threshold is 0"),
        ({"stuck_at_hrs": 0.8, "stuck_at_lrs": 0.3}, "at most 1 together"),
        (
            {"repair": Repair(writing=WriteVerify(retries=20)), "endurance": Endurance(pulses=20)},
            "20 retries are up to 21 pulses",
        ),
    ):
        with pytest.raises(PinchedError, match=message):
            convert(net, device=ALIKE, mapping=mapping, **options)


def test_a_yield_of_zero_and_a_voltage_that_sets_nothing_give_the_network_of_zeros(net):
    for options in ({"device": marraccini2025(device_yield=0.0)}, {"device": ALIKE, "write_voltage": "1 mV"}):
        chip = convert(net, mapping=TwosComplement(ClipQuantizer(3)), **options)
        words = chip.read_back(chip.fresh(4))
        # A cell in HRS may still read '1' where HRS reaches below the threshold: rarely.
        assert (words == 0).double().mean() > 0.95
    noted = chip.store(chip.fresh(4)).notes
    assert any("lies below every V_SET" in note for note in noted)


def test_stuck_cells_are_drawn_and_do_not_switch(net):
    chip = convert(
        net, device=ALIKE, mapping=TwosComplement(ClipQuantizer(3)), stuck_at_hrs=0.2, stuck_at_lrs=0.1
    )
    words = chip.coding.encode(chip.read_back(chip.fresh(300))).flatten(-2)
    ones = chip.word_bits
    assert (~words[:, ones]).double().mean().item() == pytest.approx(0.2, abs=0.02)
    assert words[:, ~ones].double().mean().item() == pytest.approx(0.1, abs=0.02)
    assert not chip.same_arrays(dataclasses.replace(chip, stuck_at_lrs=0.0))
    assert np.isfinite(chip.area_factor)
