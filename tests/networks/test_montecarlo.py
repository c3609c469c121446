import dataclasses
import sys

import numpy as np
import pytest
import torch
from scipy import stats

from pinched._errors import PinchedError
from pinched.crossbar.cells import Endurance
from pinched.crossbar.redundancy import Majority, SpareCells
from pinched.crossbar.repair import Repair
from pinched.crossbar.writing import WriteVerify
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.networks import datasets
from pinched.networks.convert import convert
from pinched.networks.evaluation import evaluate
from pinched.networks.mapping import TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.noise import single_flips
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer
from pinched.networks.sensitivity import Property, idealised
from pinched.networks.training import train_many

SPREAD = marraccini2025()
SPARES = Repair(writing=WriteVerify(retries=0), redundancy=SpareCells(2))


@pytest.fixture(scope="module")
def nets():
    return train_many([mlp((20, 20, 20, 10), seed=k) for k in range(2)], datasets.digits5x4())


def chip(net, **options):
    chosen = {"device": SPREAD, "mapping": TwosComplement(ClipQuantizer(3)), "threshold": 1e4}
    return convert(net, **(chosen | options))


def test_one_call_equals_one_network_after_the_other(nets, monkeypatch):
    sets = [datasets.digits5x4(), single_flips(datasets.digits5x4())]
    chips = [chip(net) for net in nets]
    run = monte_carlo(chips, sets, arrays=6, names=["a", "b"])
    assert run.accuracy.shape == (2, 6, 2)
    assert (run.networks, list(run.arrays), run.images) == (("a", "b"), list(range(6)), (10, 200))
    for k, one in enumerate(chips):
        for j, data in enumerate(sets):
            score = evaluate(one, data, arrays=6)
            assert np.array_equal(run.accuracy[k, :, j], score.accuracy_array)
            assert run.accuracy_quantized[k, j] == score.accuracy_quantized
        assert np.allclose(run.bit_error_rate[k], score.bit_error_rate)
    monkeypatch.setattr("pinched.networks._threads._CELLS_AT_ONCE", 1)
    single = monte_carlo(chips, sets, arrays=range(2, 6))
    assert np.array_equal(single.accuracy, run.accuracy[:, 2:])


@pytest.mark.parametrize("device_yield", [1.0, 0.6])
def test_the_mean_and_its_interval_in_closed_form(one_bit, one_image, device_yield):
    # One bit decides: accuracy, share of perfect arrays and bit errors are the chance of one cell in four.
    run = monte_carlo([one_bit(device_yield=device_yield)], [one_image], arrays=8000)
    chance = device_yield * stats.norm.cdf(np.log(5 / 4) / 0.5)
    error = np.sqrt(chance * (1 - chance) / 8000)
    assert run.mean[0, 0] == run.perfect[0, 0] == pytest.approx(chance, abs=4 * error)
    assert run.bit_error_rate.mean() == pytest.approx((1 - run.mean[0, 0]) / 4)
    low, high = run.interval()
    assert high - low == pytest.approx(3.92 * error, rel=0.1)
    assert run.accuracy_quantized[0, 0] == 1.0


def test_networks_of_one_layout_share_their_arrays(nets):
    one, other = (chip(net) for net in nets)
    assert one.same_arrays(other)
    assert not one.same_arrays(chip(nets[1], seed=1))
    assert not one.same_arrays(chip(nets[1], repair=SPARES))


def test_summaries_over_arrays(nets):
    run = monte_carlo([chip(nets[0])], [datasets.digits5x4()], arrays=40)
    values = run.accuracy[0, :, 0]
    assert run.mean[0, 0] == values.mean()
    assert run.worst[0, 0] == values.min()
    assert run.perfect[0, 0] == (values == 1).mean()
    assert run.percentile(50)[0, 0] == np.median(values)
    low, high = run.interval()
    assert low < values.mean() < high


def test_repairs_mend_what_was_read(nets):
    data, endurance = [datasets.digits5x4()], Endurance(pulses=20)
    bare, spared, voted = (
        monte_carlo([chip(nets[0], repair=r, endurance=endurance)], data, arrays=60)
        for r in (None, SPARES, Repair(redundancy=Majority(3)))
    )
    assert bare.mean[0, 0] < voted.mean[0, 0] < spared.mean[0, 0]
    assert spared.bit_error_rate.mean() < 0.01 * bare.bit_error_rate.mean()
    stored = chip(nets[0], repair=SPARES)
    assert stored.memory_shape[1] == 3 * stored.shape[1]
    memory = stored.fresh(3)
    programmed = stored.store(memory)
    assert (programmed.cost.writes >= stored.cells).all()
    assert torch.equal(stored.read_back(memory), programmed.read_words(3)[:, : stored.network.words.numel()])


def test_devices_that_never_work_give_the_network_of_zeros(nets):
    # Fresh cells are in HRS, so every bit reads '0' (without overlap). All outputs are equal then, and of equal
    # outputs the first class wins: one of ten digits.
    dead = chip(nets[0], device=marraccini2025(device_yield=0.0))
    low = chip(nets[0], write_voltage="1 uV")
    for one in (idealised(c, Property.OVERLAP) for c in (dead, low)):
        run = monte_carlo([one], [datasets.digits5x4()], arrays=3)
        assert not one.read_back(one.fresh(1)).any()
        assert (run.accuracy == 0.1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arrays": 0}, "at least one array"),
        ({"names": ["a", "b"]}, "2 names for 1 networks"),
        ({"data": []}, "data is empty"),
        ({"chips": []}, "chips is empty"),
        ({"data": [datasets.digits("test")]}, "does not take images of 64 pixels"),
    ],
    ids=["arrays", "names", "data", "chips", "images"],
)
def test_what_cannot_be_run_is_refused(nets, options, message):
    chosen = {"chips": [chip(nets[0])], "data": [datasets.digits5x4()], "arrays": 2}
    with pytest.raises(PinchedError, match=message):
        monte_carlo(**(chosen | options))


def test_a_repair_that_does_not_divide_the_rows_is_refused_at_once(nets):
    with pytest.raises(PinchedError):
        chip(nets[0], repair=Repair(redundancy=SpareCells(1, shared_by=4)))


def test_as_an_xarray_data_set(nets):
    pytest.importorskip("xarray")
    run = monte_carlo([chip(nets[0])], [datasets.digits5x4()], arrays=range(5, 8))
    found = run.to_xarray()
    assert found.accuracy.dims == ("network", "array", "inputs")
    assert found.accuracy.sel(array=6, inputs="digits5x4").item() == run.accuracy[0, 1, 0]


def test_without_xarray_the_way_out_is_named(nets, monkeypatch):
    run = monte_carlo([chip(nets[0])], [datasets.digits5x4()], arrays=1)
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(PinchedError, match="xarray is not installed"):
        run.to_xarray()


def test_the_published_network_with_two_spares(published_network):
    # Origin: a separate simulation of 4000 arrays: 99.6 % of them perfect with verification and two spares per bit.
    # 1000 arrays here: three binomial standard deviations are 0.6 points.
    stored = convert(
        published_network,
        device=SPREAD,
        mapping=TwosComplement(PaperQuantizer(3)),
        threshold=1e4,
        repair=SPARES,
    )
    run = monte_carlo([stored], [datasets.digits5x4()], arrays=1000)
    assert run.perfect[0, 0] == pytest.approx(0.996, abs=0.006)


def test_a_run_is_frozen(nets):
    run = monte_carlo([chip(nets[0])], [datasets.digits5x4()], arrays=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.seed = 1
