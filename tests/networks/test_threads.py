"""Portions of arrays side by side: the same result on any number of cores, and errors come out."""

import threading
import time

import numpy as np
import pytest
import torch

from pinched._progress import Silent
from pinched.crossbar.cells import Endurance
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.networks import _threads, datasets
from pinched.networks.convert import convert
from pinched.networks.evaluation import evaluate
from pinched.networks.mapping import TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.quantization import ClipQuantizer


def test_results_do_not_depend_on_the_number_of_cores(monkeypatch):
    data = datasets.digits5x4()
    chip = convert(
        mlp((20, 20, 10)), device=marraccini2025(), mapping=TwosComplement(ClipQuantizer(3)), threshold=1e4,
        endurance=Endurance(pulses=20),
    )  # fmt: skip
    found = []
    for cores in (1, 2, 3):
        monkeypatch.setattr(_threads, "cores", lambda n=cores: n)
        run = monte_carlo([chip, chip], [data], arrays=37)
        found.append((run, evaluate(chip, data, arrays=37)))
    for run, score in found[1:]:
        assert np.array_equal(run.accuracy, found[0][0].accuracy)
        assert np.array_equal(run.bit_error_rate, found[0][0].bit_error_rate)
        assert np.array_equal(score.accuracy_array, found[0][1].accuracy_array)
        assert np.array_equal(score.confusion, found[0][1].confusion)
        assert score.cost == found[0][1].cost


def test_portions_cover_every_array_once_and_stay_in_order(monkeypatch):
    monkeypatch.setattr(_threads, "cores", lambda: 2)
    monkeypatch.setattr(_threads, "_CELLS_AT_ONCE", 40)

    def slow_first(part):
        time.sleep(0.05 if part[0] == 3 else 0.0)
        assert torch.get_num_threads() == 1
        return [*part]

    parts = _threads.in_portions(slow_first, range(3, 50), 4, progress=Silent())
    assert [number for part in parts for number in part] == [*range(3, 50)]
    assert max(len(part) for part in parts) <= 5


def test_an_error_stops_the_rest_and_comes_out(monkeypatch):
    monkeypatch.setattr(_threads, "cores", lambda: 2)
    before, seen = torch.get_num_threads(), []

    def work(part):
        seen.append(part)
        if len(seen) == 2:
            raise ValueError("the second portion")
        time.sleep(0.02)

    with pytest.raises(ValueError, match="the second portion"):
        _threads.in_portions(work, range(1000), 1, progress=Silent())
    assert len(seen) < 8
    assert torch.get_num_threads() == before
    assert threading.active_count() < 20
