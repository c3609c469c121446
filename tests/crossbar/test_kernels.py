"""The compiled loops over cells do what the elementwise rules say, to the last bit."""

import numpy as np
import pytest
import torch

from pinched import _cell_kernels as kernels
from pinched import constants
from pinched.crossbar.cells import CellState, Endurance, pulsed
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Pulses
from pinched.crossbar.relaxation import Relaxation
from pinched.crossbar.writing import Writer
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.extraction.distributions import Lognormal

SHAPE = (7, 9)
LAW = Relaxation(
    toward=CellState.HRS, tau=1e6, reference_temperature=300.0, activation_energy=constants.E, stretch=0.7,
    sigma_log=0.5, source="invented for this test",
)  # fmt: skip


def memory_of(endurance, relaxation=None):
    return ReramMemory(
        marraccini2025(device_yield=0.8), shape=SHAPE, arrays=5, threshold=1e4, stuck_at_lrs=0.1,
        endurance=endurance, relaxation=relaxation,
    )  # fmt: skip


ENDURANCES = (
    None,
    Endurance(pulses=2),
    Endurance(pulses=Lognormal(mu=0.7, sigma=0.5), end=CellState.HRS),
)


@pytest.mark.parametrize("endurance", ENDURANCES)
@pytest.mark.parametrize("baked", [False, True])
def test_pulses_and_reads_are_those_of_the_elementwise_rules(endurance, baked):
    memory = memory_of(endurance, LAW)
    if baked:
        memory = memory.program(torch.ones(SHAPE, dtype=torch.bool)).bake("10 s", "400 K")
    writer = Writer(memory, Pulses(compliance_current=1e-3))
    draw = torch.Generator().manual_seed(4)
    for volt in (1.0, 3.0, 5.0, 9.0):
        index = torch.randperm(5 * 63, generator=draw)[:200]
        bits = torch.rand(200, generator=draw) < 0.5
        before = writer.memory
        state, writes = before.state.clone(), before.writes.clone()
        age = None if before.age is None else before.age.clone()
        old = before.resistance_of(index)
        writer.pulse(index, bits, volt)
        after = writer.memory
        expected, counted = state.view(-1).clone(), writes.view(-1).clone()
        counted[index] += 1
        limit = memory.limit.expand(memory.state.shape).reshape(-1)[index]
        survives = counted[index] <= limit
        able = memory.working.view(-1)[index] & survives
        can = [(v.view(-1)[index] <= volt) & able for v in (memory.v_set, memory.v_reset)]
        new = pulsed(expected[index], bits, *can)
        if endurance is not None:
            worn = memory.working.view(-1)[index] & ~survives
            new = torch.where(worn, torch.tensor(endurance.end is CellState.LRS), new)
        expected[index] = new
        assert torch.equal(after.state.view(-1), expected)
        assert torch.equal(after.writes.view(-1), counted)
        if age is not None:
            anew = (bits & can[0]) | (~bits & can[1])
            aged = age.view(-1).clone()
            aged[index[anew]] = 0.0
            assert torch.equal(after.age.view(-1), aged)
        assert torch.equal(writer.read(index), after.resistance_of(index) < memory.threshold)
        # The energy of this pulse and read, from the resistances on both sides of it.
        now = after.resistance_of(index).double()
        width = torch.full((200,), 0.02, dtype=torch.float64)
        taken = [
            volt * (volt / r).clamp(max=1e-3) * width
            for r in (old.double().maximum(now), old.double().minimum(now))
        ]
        read = 0.1**2 * 0.02 / now
        bounds = [float(t.sum() + read.sum()) for t in taken]
        cost = writer.cost
        found = [float(cost.energy_low.sum()), float(cost.energy_high.sum())]
        if volt == 1.0:
            assert found == pytest.approx(bounds, rel=1e-5)
    cost = writer.cost
    assert float(cost.writes.sum()) == float(cost.reads.sum()) == 800


def test_a_bake_of_no_time_changes_nothing():
    fresh, baked = memory_of(None, LAW), memory_of(None, LAW).bake(0.0, 300.0)
    index = torch.arange(5 * 63)
    bits = torch.rand(5 * 63, generator=torch.Generator().manual_seed(1)) < 0.5
    writers = [Writer(memory, Pulses()) for memory in (fresh, baked)]
    for writer in writers:
        writer.pulse(index, bits, 5.0)
    costs = [writer.cost for writer in writers]
    assert torch.equal(writers[0].memory.state, writers[1].memory.state)
    assert torch.equal(costs[0].energy_high, costs[1].energy_high)


def test_steps_count_the_word_lines_that_were_touched():
    writer = Writer(memory_of(None), Pulses())
    # Cells (0, 0), (0, 1) and (3, 2) of array 1: two word lines, one of them with both polarities.
    index = torch.tensor([63, 64, 63 + 3 * 9 + 2])
    writer.pulse(index, torch.tensor([True, False, True]), 5.0)
    cost = writer.cost
    assert cost.set_steps.tolist() == [0, 2, 0, 0, 0]
    assert cost.reset_steps.tolist() == [0, 1, 0, 0, 0]
    writer.read(index)
    assert writer.cost.read_steps.tolist() == [0, 2, 0, 0, 0]
    assert len(np.unique([*range(kernels.COUNTS)])) == kernels.COUNTS
