"""Files and plain arrays give back a memory to the last bit, without pickle."""

import dataclasses
import io

import numpy as np
import pytest
import torch

from pinched import constants
from pinched._errors import DataFileError, PinchedError
from pinched.crossbar.cells import CellState, Endurance
from pinched.crossbar.defects import DefectMap
from pinched.crossbar.hamming import Hamming
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.redundancy import SpareCells, SpareRows
from pinched.crossbar.relaxation import Relaxation
from pinched.crossbar.repair import ProgrammedMemory, Repair, program
from pinched.crossbar.saved import from_arrays, load_memory, save_memory, to_arrays
from pinched.crossbar.writing import WriteVerify
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.extraction.distributions import Lognormal

RELAXATION = Relaxation(
    toward=CellState.HRS,
    tau=1e5,
    reference_temperature=300.0,
    activation_energy=constants.E,
    stretch=0.5,
    sigma_log=1.0,
)
BITS = torch.rand((6, 8), generator=torch.Generator().manual_seed(0)) < 0.5


def memory(shape: tuple[int, int], **options) -> ReramMemory:
    return ReramMemory(marraccini2025(device_yield=0.8), shape=shape, arrays=range(3, 6), seed=9, **options)


def assert_same(a: ReramMemory | ProgrammedMemory, b: ReramMemory | ProgrammedMemory) -> None:
    first, second = to_arrays(a), to_arrays(b)
    assert type(a) is type(b)
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert array.dtype == second[name].dtype, name
        assert np.array_equal(array, second[name]), name


def test_a_memory_comes_back_with_its_counters_and_goes_on_alike(tmp_path):
    options = {"stuck_at_lrs": 0.1, "endurance": Endurance(pulses=Lognormal(mu=1.0, sigma=0.5))}
    before = memory((6, 8), relaxation=RELAXATION, **options).program(BITS).rewrite(~BITS).bake(3600.0, 350.0)
    after = load_memory(save_memory(before, tmp_path / "cells.npz"))
    assert isinstance(after, ReramMemory)
    assert_same(before, after)
    assert after.writes.max() == 3
    assert_same(before.program(BITS).bake(10.0, 300.0), after.program(BITS).bake(10.0, 300.0))
    assert after.spread.v_set == before.spread.v_set
    assert (after.relaxation, after.endurance, after.arrays) == (RELAXATION, before.endurance, range(3, 6))


@pytest.mark.parametrize(
    "repair",
    [
        Repair(),
        Repair(writing=WriteVerify(retries=3, step=0.5), redundancy=SpareCells(2), code=Hamming(4)),
        Repair(redundancy=SpareRows(1), placement=DefectMap(2.0), writing=WriteVerify(read_first=True)),
    ],
)
def test_a_programmed_memory_comes_back_with_what_stands_for_what(tmp_path, repair):
    before = program(memory(repair.memory_shape(6, 8)), BITS, repair)
    after = load_memory(save_memory(before, tmp_path / "programmed.npz"))
    assert isinstance(after, ProgrammedMemory)
    assert_same(before, after)
    assert after.repair == repair
    assert after.notes == before.notes
    assert torch.equal(after.read_bits(), before.read_bits())
    for field in dataclasses.fields(before.cost):
        left, right = getattr(before.cost, field.name), getattr(after.cost, field.name)
        assert left == right if field.name == "pulses" else torch.equal(left, right)


def test_the_arrays_go_through_a_state_dict_of_torch():
    before = program(memory((6, 8)), BITS)
    file = io.BytesIO()
    torch.save({name: torch.from_numpy(array) for name, array in to_arrays(before).items()}, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=True)
    assert_same(before, from_arrays({name: tensor.numpy() for name, tensor in loaded.items()}))


def test_what_is_no_saved_memory_is_refused(tmp_path):
    with pytest.raises(PinchedError, match=r"ends with \.npz"):
        save_memory(memory((2, 2)), tmp_path / "cells.bin")
    with pytest.raises(DataFileError, match="does not exist"):
        load_memory(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("not a file of numbers")
    with pytest.raises(DataFileError, match="is no saved memory"):
        load_memory(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(DataFileError, match="no saved memory"):
        load_memory(tmp_path / "other.npz")
    np.savez(tmp_path / "pickled.npz", record=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataFileError, match="no saved memory"):
        load_memory(tmp_path / "pickled.npz")
    arrays = to_arrays(memory((2, 2)))
    newer = bytes(arrays["record"]).replace(b'"format": 1', b'"format": 9')
    with pytest.raises(PinchedError, match="format 9, this version reads 1"):
        from_arrays(arrays | {"record": np.frombuffer(newer, dtype=np.uint8)})
    alien = bytes(arrays["record"]).replace(b"Lognormal", b"Abnormals")
    with pytest.raises(PinchedError, match="Abnormals"):
        from_arrays(arrays | {"record": np.frombuffer(alien, dtype=np.uint8)})
