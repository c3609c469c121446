"""`fit_pulses`: a known population comes back, in every convention, with intervals that hold it; what is refused."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.data.traces import PulseTrace
from pinched.devices.pulse_fitting import fit_pulses
from pinched.devices.updates.neurosim import NeuroSimUpdate
from pinched.devices.updates.noise import RangeNoise
from pinched.devices.updates.train import pulse_trace
from pinched.extraction.nonlinearity import Convention, Direction

MIDDLE = {"g_min": 2e-6, "g_max": 4e-5, "label_up": 2.4, "label_down": -4.0}
BETWEEN = {"g_min": 0.15, "g_max": 0.1, "label_up": 0.4, "label_down": 0.3}


def population(count: int, repeats: int, sigma: float, seed: int = 0) -> list[PulseTrace]:
    """Traces of `count` devices drawn around MIDDLE, each potentiated and depressed `repeats` times."""
    rng = generator(seed, "test population")
    traces = []
    for k in range(count):
        z = rng.standard_normal(4)
        law = NeuroSimUpdate(
            g_min=MIDDLE["g_min"] * math.exp(BETWEEN["g_min"] * z[0]),
            g_max=MIDDLE["g_max"] * math.exp(BETWEEN["g_max"] * z[1]),
            label_up=MIDDLE["label_up"] + BETWEEN["label_up"] * z[2],
            label_down=MIDDLE["label_down"] + BETWEEN["label_down"] * z[3],
            pulses_up=64.0, pulses_down=50.0,
        )  # fmt: skip
        for turn in range(repeats):
            for pulses in ([1.0] * 64, [-1.0] * 50):
                noise = RangeNoise(sigma=sigma) if sigma else None
                own = pulse_trace(law, pulses, noise=noise, seed=1000 * seed + turn, device=f"device {k}")
                traces.append(dataclasses.replace(own, cycle=turn + 1))
    return traces


def test_without_noise_every_number_comes_back() -> None:
    law = NeuroSimUpdate(**MIDDLE, pulses_up=64.0, pulses_down=50.0)
    found = fit_pulses([pulse_trace(law, [1.0] * 64), pulse_trace(law, [-1.0] * 50)])
    assert found.law.g_min == pytest.approx(2e-6, rel=1e-5)
    assert found.law.g_max == pytest.approx(4e-5, rel=1e-5)
    assert found.law.label_up == pytest.approx(2.4, abs=1e-4)
    assert found.law.label_down == pytest.approx(-4.0, abs=1e-4)
    # The table of compact laws: label 2.40 belongs to A / N = 0.499181.
    assert found.nonlinearity(Direction.POTENTIATION, Convention.NORMALISED)[0] == pytest.approx(
        0.499181, rel=1e-4
    )
    assert found.nonlinearity(Direction.POTENTIATION, Convention.PULSES)[0] == pytest.approx(
        64 * 0.499181, rel=1e-4
    )
    assert found.nonlinearity(Direction.POTENTIATION, Convention.ALPHA)[0] == pytest.approx(
        1 / (64 * 0.499181), rel=1e-4
    )
    assert found.nonlinearity(Direction.DEPRESSION, Convention.NEUROSIM_LABEL)[0] == pytest.approx(
        -4.0, abs=1e-4
    )
    assert "spread between devices" in found.verdict


def test_a_population_comes_back_with_its_spread() -> None:
    found = fit_pulses(population(16, 2, 0.004))
    # Four standard errors: of a mean sigma / sqrt(16), of a deviation 1 / sqrt(32) of it.
    for name, truth in (("label_up", 2.4), ("label_down", -4.0)):
        side = getattr(found, name)
        assert side.mean == pytest.approx(truth, abs=4 * BETWEEN[name] / math.sqrt(16) + 0.05)
        assert side.device_to_device == pytest.approx(BETWEEN[name], rel=4 / math.sqrt(32))
        assert (side.devices, side.traces) == (16, 32)
    for name in ("g_min", "g_max"):
        side = getattr(found, name)
        assert side.mean == pytest.approx(
            math.log(MIDDLE[name]), abs=4 * BETWEEN[name] / math.sqrt(16) + 0.02
        )
        assert side.device_to_device == pytest.approx(BETWEEN[name], rel=4 / math.sqrt(32) + 0.1)
    assert found.noise.sigma == pytest.approx(0.004, rel=0.2)
    assert "describes" in found.verdict
    drawn = found.draw((4000,), seed=3)
    for name in ("label_up", "label_down"):
        assert float(getattr(drawn, name).std()) == pytest.approx(
            getattr(found, name).device_to_device, rel=0.1
        )
    assert bool((drawn.g_max > drawn.g_min).all())


@pytest.mark.slow
def test_the_intervals_hold_the_truth_at_their_rate() -> None:
    """95 % of 40 populations of 6 devices: at least 34 is missed by chance once in two hundred."""
    held = {"label_up": 0, "label_down": 0}
    for seed in range(40):
        found = fit_pulses(population(6, 1, 0.004, seed=seed + 1))
        for name in held:
            side = getattr(found, name)
            held[name] += side.low <= MIDDLE[name] <= side.high
    assert min(held.values()) >= 34


def test_a_straight_line_is_said_to_be_one() -> None:
    law = NeuroSimUpdate(
        g_min=1e-6, g_max=1e-5, label_up=0.0, label_down=0.0, pulses_up=40.0, pulses_down=40.0
    )
    traces = [
        pulse_trace(law, [side] * 40, noise=RangeNoise(sigma=0.003), seed=4, device="a")
        for side in (1.0, -1.0)
    ]
    found = fit_pulses(traces)
    assert "straight line" in found.verdict
    _, low, high = found.nonlinearity(Direction.POTENTIATION, Convention.PULSES)
    assert (low, high) == (-math.inf, math.inf)
    _, low, high = found.nonlinearity(Direction.POTENTIATION, Convention.ALPHA)
    assert low < 0 < high


def test_a_curve_that_is_no_exponential_is_told_so() -> None:
    rise = 1.0 / (1.0 + np.exp(-(np.arange(61) - 30.0) / 3.0))
    up = PulseTrace(conductance=1e-6 + 1e-5 * rise, device="d")
    down = PulseTrace(conductance=1e-6 + 1e-5 * rise[::-1], device="d")
    found = fit_pulses([up, down])
    assert "misses the traces" in found.verdict
    assert "TableUpdate" in found.verdict


@pytest.mark.parametrize(
    ("traces", "message"),
    [
        ([], "no traces"),
        ([PulseTrace(conductance=np.linspace(1e-6, 2e-6, 9))], "none of 1 traces is a depression"),
        ([PulseTrace(conductance=np.array([1e-6, 2e-6]), device="x")], r"trace 1 \(x \): 2 states"),
        (
            [
                PulseTrace(conductance=np.linspace(-1e-6, 2e-6, 9)),
                PulseTrace(conductance=np.linspace(2e-6, 1e-6, 9)),
            ],
            "above zero",
        ),
    ],
)
def test_what_is_refused(traces: list[PulseTrace], message: str) -> None:
    with pytest.raises(PinchedError, match=message):
        fit_pulses(traces)


def test_one_device_cannot_be_drawn_from() -> None:
    law = NeuroSimUpdate(**MIDDLE, pulses_up=64.0, pulses_down=50.0)
    found = fit_pulses([pulse_trace(law, [1.0] * 64), pulse_trace(law, [-1.0] * 50)])
    with pytest.raises(PinchedError, match="several devices"):
        found.draw((3,))
