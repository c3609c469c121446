"""Posteriors: what is checked of them needs no flow; the flow itself is trained where `sbi` is installed."""

import dataclasses
import sys

import numpy as np
import pytest
import torch

import pinched as pi
from pinched._errors import PinchedError
from pinched.physics.presets.zamankhani2024 import Restriction
from pinched.surrogate.architecture import Schedule
from pinched.surrogate.descent import InverseOptions
from pinched.surrogate.inverse import infer_device
from pinched.surrogate.posterior import (
    NeuralPosterior,
    PosteriorOptions,
    posterior_ranks,
    train_posterior,
)
from pinched.surrogate.residual import Direct
from pinched.surrogate.runs import DRIVE
from pinched.surrogate.training import train_surrogate
from surrogate_cases import closed_form_runs

RANGES = pi.presets.zamankhani2024_ranges(Restriction.MEMRISTIVE)
NAMES = tuple(name for name in RANGES.names if name not in DRIVE)


class Logistic:
    """Draws even shares around the middle, `width` of them wide: a posterior that learnt nothing of any loop."""

    def __init__(self, width):
        self.width = width

    def sample(self, shape, condition):
        share = 0.5 + self.width * (torch.rand(*shape, len(condition), len(NAMES)) - 0.5)
        return torch.logit(share)


def knowing_nothing(runs, width=1.0):
    top = np.abs(runs.voltage).max(axis=1)
    step = runs.elapsed[0, 1] - runs.elapsed[0, 0]
    shape = np.stack([runs.voltage[0] / top[0], runs.elapsed[0] / (runs.elapsed[0, -1] + step / 2)])
    return NeuralPosterior(
        estimator=Logistic(width), names=NAMES, ranges=RANGES, shape=shape, at=np.arange(0, 40, 4), runs=0
    )


@pytest.fixture(scope="module")
def drawn_evenly(runs):
    """The runs with devices drawn evenly from the box: what the prior of `Logistic` is exact for."""
    cube = np.random.default_rng(0).random((len(runs), len(RANGES.parameters)))
    values = dict(zip(RANGES.names, RANGES.at(cube).T, strict=True))
    kept = {name: runs.column(name) if name in DRIVE else values[name] for name in runs.names}
    return dataclasses.replace(runs, parameters=np.stack([kept[name] for name in runs.names], axis=1))


def test_the_prior_is_calibrated_and_half_of_it_is_not(drawn_evenly):
    found = posterior_ranks(knowing_nothing(drawn_evenly), drawn_evenly, draws=200)
    assert found.ranks.shape == (len(drawn_evenly), len(NAMES))
    assert found.ranks.min() >= 0
    assert found.ranks.max() <= 200
    # 240 devices: four standard deviations of a share of 0.9 are 0.08; the least of 13 p-values is rarely below 1e-3.
    assert np.abs(found.coverage() - 0.9).max() < 0.08
    assert found.p_values().min() > 1e-4
    half = posterior_ranks(knowing_nothing(drawn_evenly, 0.5), drawn_evenly, draws=200)
    assert np.abs(half.coverage() - 0.45).max() < 0.13
    assert half.p_values().max() < 1e-6


def test_draws_are_those_of_their_seed(runs):
    prior = knowing_nothing(runs)
    np.testing.assert_array_equal(prior.draw(runs, 5, 1), prior.draw(runs, 5, 1))
    assert not np.array_equal(prior.draw(runs, 5, 1), prior.draw(runs, 5, 2))
    with pytest.raises(PinchedError, match="39 samples, the posterior learnt 40"):
        prior.draw(runs.sampled(np.arange(39)), 5, 1)
    with pytest.raises(PinchedError, match="Train one on runs of this waveform"):
        prior.draw(dataclasses.replace(runs, voltage=-runs.voltage), 5, 1)


def test_what_a_posterior_says_is_what_is_stated(runs):
    plan = Schedule(epochs=3, batch=32, rate=3e-3)
    net = train_surrogate(runs, Direct(width=16, depth=2), schedule=plan, validation=0.0)
    k = int(np.abs(runs.current).max(axis=1).argmax())
    wave = pi.triangle(float(runs.column("amplitude")[k]), period=float(runs.column("period")[k]))
    time = np.concatenate([[0.0], runs.elapsed[k], [wave.duration]])
    sweep = pi.IVSweep(
        voltage=wave.at(time), current=np.interp(time, runs.elapsed[k], runs.current[k]), time=time
    )
    options = InverseOptions(draws=4000, starts=2, iterations=1, checked=1, corrections=0, attempts=1)
    wide = infer_device(sweep, net, RANGES, options=options, posterior=knowing_nothing(runs))
    narrow = infer_device(sweep, net, RANGES, options=options, posterior=knowing_nothing(runs, 0.05))
    # Nothing is known of a parameter that restrictions do not touch; the middle of the range is known.
    assert {"electron_affinity", "electron_mass", "permittivity"} <= set(wide.unknown)
    item = next(item for item in RANGES.parameters if item.name == "electron_mass")
    for found, share in ((wide, 0.9), (narrow, 0.05 * 0.9)):
        got = found.high["electron_mass"] - found.low["electron_mass"]
        assert got == pytest.approx(share * (item.high - item.low), rel=0.05)
    assert narrow.unknown == ()
    with pytest.raises(PinchedError, match="has no times"):
        knowing_nothing(runs).draw_for(pi.IVSweep(voltage=sweep.voltage, current=sweep.current), 5, 0)
    other = dataclasses.replace(knowing_nothing(runs), names=NAMES[:-1])
    with pytest.raises(PinchedError, match="the posterior learnt"):
        infer_device(sweep, net, RANGES, options=options, posterior=other)


def test_without_the_package_the_cure_is_named(runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "sbi.inference", None)
    with pytest.raises(PinchedError, match=r"pip install 'pinched\[sbi\]'"):
        train_posterior(runs, RANGES)
    with pytest.raises(PinchedError, match="50 runs are fewer than a batch of 200"):
        train_posterior(runs.take(np.arange(50)), RANGES)
    with pytest.raises(PinchedError, match="counts start at 1"):
        PosteriorOptions(moments=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the packages behind it
def test_a_flow_learns_what_moves_the_current_and_is_calibrated(tmp_path, monkeypatch):
    pytest.importorskip("sbi", reason="sbi is not installed: pip install 'pinched[sbi]'")
    monkeypatch.chdir(tmp_path)
    every = closed_form_runs(650)
    learn, judge = every.take(np.arange(500)), every.take(np.arange(500, 650))
    options = PosteriorOptions(moments=20, transforms=3, width=32, epochs=25, batch=50)
    found = train_posterior(learn, RANGES, options=options, seed=0)
    ranks = posterior_ranks(found, judge, draws=100)
    # 150 devices: four standard deviations of a share of 0.9 are 0.1, and few runs make a flow somewhat too sure.
    assert np.abs(ranks.coverage() - 0.9).max() < 0.15
    spread = found.draw(judge, 100, 0).std(axis=1).mean(axis=0) * np.sqrt(12.0)
    width = dict(zip(found.names, spread, strict=True))
    # In widths of an even draw: the level decides the current, the affinity moves none.
    assert width["vacancy_level"] < 0.7
    assert width["electron_affinity"] > 0.85
    assert list(tmp_path.iterdir()) == []
    again, same = (
        train_posterior(learn, RANGES, options=dataclasses.replace(options, epochs=1), seed=0)
        for _ in range(2)
    )
    np.testing.assert_array_equal(again.draw(judge, 3, 0), same.draw(judge, 3, 0))
