"""Options of storage: each of them reaches the cells, is counted in the cost, and is said in words."""

import dataclasses
import math

import pytest
import torch

from alike import ALIKE
from pinched._errors import PinchedError
from pinched.crossbar.cells import Endurance
from pinched.crossbar.pulses import Pulses
from pinched.crossbar.sensing import ByCurrent
from pinched.crossbar.words import SignMagnitudeWord
from pinched.crossbar.writing import WriteVerify
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.networks import datasets
from pinched.networks.evaluation import evaluate
from pinched.networks.findings import Knob
from pinched.networks.mapping import SignMagnitude
from pinched.networks.mlp import mlp
from pinched.networks.quantization import BitFlips, ClipQuantizer
from pinched.networks.required import requirements
from pinched.networks.storage import Spares, StorageOptions
from pinched.networks.study import DIGITS5X4, NetworkOptions, Training, evaluate_task
from pinched.networks.training import train

FIVE = datasets.digits5x4()
ONCE = WriteVerify(retries=0)


@pytest.fixture(scope="module")
def net():
    quantizer = ClipQuantizer(3)
    return train(train(mlp((20, 20, 20, 10)), FIVE), FIVE, quantizer=quantizer, learn_steps=True)


def chip(net, options, device=ALIKE):
    return options.chip(net, device=device, quantizer=ClipQuantizer(3))


@pytest.mark.parametrize(
    ("options", "area"),
    [
        (StorageOptions(), 1.0),
        (StorageOptions(copies=3), 3.0),
        (StorageOptions(spare_cells=2), 3.0),
        (StorageOptions(spare_cells=1, spares=Spares.WORD), 4 / 3),
        (StorageOptions(spare_rows=5), 55 / 50),
        (StorageOptions(code_words=1), 2.0),
        (StorageOptions(code_words=1, detect_double=True), 7 / 3),
        (StorageOptions(code_words=4), 17 / 12),
        (StorageOptions(writing=ONCE, defect_map=True, area=1.5), 1.5),
        (StorageOptions(writing=ONCE, defect_map=True), 1.0),
        (StorageOptions(copies=3, code_words=1), 6.0),
    ],
)
def test_good_cells_give_back_the_network_at_the_area_that_is_told(net, options, area):
    stored = chip(net, options)
    score = evaluate(stored, FIVE, arrays=2)
    assert (score.accuracy_array == 1.0).all()
    assert not score.bit_error_rate.any()
    assert score.cost is not None
    assert score.cost.area_factor == stored.area_factor
    # A group of several words may leave a few cells at the end of the array without a word.
    assert score.cost.area_factor == pytest.approx(area, rel=0.03)
    assert score.cost.unrepaired == score.cost.unplaced == 0.0


def test_the_cost_of_one_pulse_per_cell_in_closed_form(net):
    pulses = Pulses(set_width=1e-3, reset_width=2e-3, read_width=5e-4)
    score = evaluate(chip(net, StorageOptions(pulses=pulses)), FIVE, arrays=3)
    cost = score.cost
    assert cost is not None
    ones = int(chip(net, StorageOptions()).word_bits.sum())
    assert (cost.writes, cost.reads, cost.retries, cost.wear_max, cost.wear_mean) == (3150, 0, 0, 1, 1)
    assert math.isnan(cost.wear_share)
    assert cost.time_serial == pytest.approx(ones * 1e-3 + (3150 - ones) * 2e-3)
    # 50 word lines, a SET step and a RESET step each.
    assert cost.time_rows == pytest.approx(50 * (1e-3 + 2e-3))
    # A SET pulse of 5 V meets 1 Mohm or 1 kohm; a RESET pulse of a fresh cell finds HRS on both sides.
    resets = (3150 - ones) * 25 / 1e6 * 2e-3
    assert cost.energy_low == pytest.approx(ones * 25 / 1e6 * 1e-3 + resets, rel=1e-3)
    assert cost.energy_high == pytest.approx(ones * 25 / 1e3 * 1e-3 + resets, rel=1e-3)


def test_retries_and_wear_are_counted(net):
    options = StorageOptions(
        writing=WriteVerify(retries=4, step=2.0), endurance=Endurance(pulses=20), cycles=3
    )
    cost = evaluate(chip(net, options, marraccini2025()), FIVE, arrays=4).cost
    assert cost is not None
    assert cost.retries > 0
    assert cost.retries_max == 4
    assert cost.wear_max == 6 + 5
    assert cost.wear_share == pytest.approx(11 / 20)
    assert cost.writes == pytest.approx(3150 + cost.retries)
    assert cost.reads == pytest.approx(cost.writes)  # every pulse is verified once


def test_arrays_of_a_low_yield_are_clean_with_a_map_and_chance_without(net):
    spread = marraccini2025(device_yield=0.4)
    mapped = evaluate(chip(net, StorageOptions(writing=ONCE, defect_map=True), spread), FIVE, arrays=20)
    bare = evaluate(chip(net, StorageOptions(), spread), FIVE, arrays=20)
    assert mapped.accuracy_array.mean() >= 0.995
    assert bare.accuracy_array.mean() < 0.3
    assert mapped.cost is not None
    assert 2.5 < mapped.cost.area_factor < 3.0
    with pytest.raises(PinchedError, match="with none, no area suffices"):
        chip(net, StorageOptions(writing=ONCE, defect_map=True), marraccini2025(device_yield=0.0))
    none = evaluate(
        chip(net, StorageOptions(writing=ONCE, defect_map=True, area=1.2), marraccini2025(device_yield=0.0)),
        FIVE,
        arrays=2,
    )
    assert none.cost is not None
    assert none.cost.unplaced == 3150
    assert any("good cells ran out" in note for note in none.cost.notes)
    assert any("No cell works" in note for note in none.cost.notes)


def test_notes_are_told_once(net):
    score = evaluate(chip(net, StorageOptions(write_voltage="1 mV"), marraccini2025()), FIVE, arrays=9)
    assert score.cost is not None
    assert sum("lies below every V_SET" in note for note in score.cost.notes) == 1
    assert score.accuracy_array.mean() < 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"copies": 2}, "copies is 2"),
        ({"copies": 0}, "copies is 0"),
        ({"copies": 3, "spare_cells": 1}, "copies and spare_cells are given"),
        ({"spare_cells": -1}, "spare_cells is -1"),
        ({"spare_rows": -1}, "spare_rows is -1"),
        ({"code_words": -1}, "code_words is -1"),
        ({"detect_double": True}, "there is no code"),
        ({"area": 2.0}, "no defect map"),
        ({"defect_map": True, "area": 0.5}, "area is 0.5"),
        ({"write_voltage": "0 V"}, "write_voltage is 0"),
        ({"threshold": -1.0}, "threshold is -1"),
    ],
)
def test_what_cannot_be_chosen_is_refused(options, message):
    with pytest.raises(PinchedError, match=message):
        StorageOptions(**options)


def test_bit_errors_for_training_are_those_of_the_devices():
    # The published spread at 5 V and 10 kohm: 3.7 % of the ones, 0.4 % of the zeros (closed form, 1e6 cells drawn).
    flips = StorageOptions(threshold=1e4).flips(marraccini2025())
    assert flips.of_ones == pytest.approx(0.037, abs=1e-3)
    assert flips.of_zeros == pytest.approx(0.0040, abs=3e-4)
    better = StorageOptions(threshold=1e4, writing=WriteVerify(retries=10, step=1.0)).flips(marraccini2025())
    assert better.of_ones < 0.3 * flips.of_ones
    stuck = StorageOptions(threshold=1e4, stuck_at_lrs=0.1, stuck_at_hrs=0.2, mapping=SignMagnitude)
    assert stuck.flips(ALIKE).of_zeros == pytest.approx(0.1, abs=2e-3)
    assert stuck.flips(ALIKE).of_ones == pytest.approx(0.2, abs=2e-3)
    assert stuck.flips(ALIKE).coding is SignMagnitudeWord


def test_flips_know_the_coding():
    # All bits turned: -1 is 111 in two's complement and 101 with a sign bit.
    words, draw = torch.tensor([-1], dtype=torch.int8), torch.zeros(1, 3)
    every = BitFlips(of_ones=1.0, of_zeros=1.0)
    assert every.flip(words, 3, draw).tolist() == [0]
    assert dataclasses.replace(every, coding=SignMagnitudeWord).flip(words, 3, draw).tolist() == [2]


def test_every_choice_is_said_in_words(net):
    plain = " ".join(evaluate(chip(net, StorageOptions()), FIVE, arrays=1).storage)
    assert "two's complement" in plain
    assert "not verified" in plain
    options = StorageOptions(
        mapping=SignMagnitude, writing=WriteVerify(retries=5, step=0.5), spare_cells=2, code_words=1,
        defect_map=True, area=1.5, endurance=Endurance(pulses=20), cycles=2, stuck_at_hrs=0.01,
    )  # fmt: skip
    said = " ".join(evaluate(chip(net, options), FIVE, arrays=1).storage)
    for words in (
        "sign and magnitude", "verified, with up to 5 retries that rise by 0.5 V", "2 spare cells", "defect map",
        "Hamming", "survives 20 write pulses", "set and reset 2 times", "1.00% of all cells are stuck in HRS",
    ):  # fmt: skip
        assert words in said.replace("500 mV", "0.5 V"), words
    current = " ".join(evaluate(chip(net, StorageOptions(sensing=ByCurrent())), FIVE, arrays=1).storage)
    assert "summed current" in current
    for more, words in (
        (StorageOptions(copies=5), "5 cells"),
        (StorageOptions(spare_rows=3), "3 spare word lines"),
        (StorageOptions(spare_cells=1, spares=Spares.WORD), "3 cells share 1 spare"),
    ):
        assert words in " ".join(evaluate(chip(net, more), FIVE, arrays=1).storage)


@pytest.mark.slow
def test_a_task_is_trained_stored_and_asked_back():
    options = NetworkOptions(
        task=DIGITS5X4, bits=3, training=Training.QAT_ERRORS, storage=StorageOptions(threshold=1e4), arrays=16,
        sensitivity=True, wanted=0.5,
    )  # fmt: skip
    score = evaluate_task(options, marraccini2025(), FIVE, FIVE)
    plain = evaluate_task(
        dataclasses.replace(options, training=Training.QAT, sensitivity=False, wanted=None),
        marraccini2025(), FIVE, FIVE,
    )  # fmt: skip
    # Training with wrong bits is worth several points in arrays that are written once.
    assert score.accuracy_array.mean() > plain.accuracy_array.mean()
    assert score.sensitivity is not None
    assert plain.sensitivity is None
    assert {one.knob for one in score.required} == set(Knob)
    assert plain.required == ()
    with pytest.raises(PinchedError, match="wanted is 95"):
        NetworkOptions(wanted=95.0)
    broken = NetworkOptions(storage=StorageOptions(writing=WriteVerify(max_voltage=1.0)))
    with pytest.raises(PinchedError, match="below the write voltage"):
        evaluate_task(broken, marraccini2025(), FIVE, FIVE)


def test_what_no_value_reaches_says_how_far_it_gets(net):
    rows = requirements(
        chip(net, StorageOptions(threshold=1e4), marraccini2025()), FIVE, accuracy=0.9999,
        knobs=(Knob.YIELD, Knob.OVERLAP), arrays=40,
    )  # fmt: skip
    for row in rows:
        assert not row.reached
        assert not row.met
        assert row.accuracy < 0.9999
        assert math.isnan(row.interval[0])
    assert rows[0].value == 1.0
