"""The generalised law is each of the others with the right parts, at every point and along a run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched.data.waveforms import triangle
from pinched.devices.drive import drive
from pinched.devices.law import Law
from pinched.devices.laws.characteristics import Ohmic, SinhDiode, TwoBranchSinh
from pinched.devices.laws.generalised import CurrentStimulus, GeneralisedMemristor
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.nonlinear_drift import NonlinearIonDrift
from pinched.devices.laws.pershin import PershinDiVentra
from pinched.devices.laws.resistances import ExponentialResistance
from pinched.devices.laws.team import Team
from pinched.devices.laws.thresholds import (
    ExponentialThreshold,
    OddPower,
    PiecewiseLinearThreshold,
    PowerThreshold,
    Proportional,
)
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.windows import Biolek, ExponentialEdges, Kvatinsky, Zha
from pinched.devices.laws.yakopcic import Yakopcic


def _linear() -> tuple[Law, GeneralisedMemristor]:
    law = LinearIonDrift(window=Biolek(p=2.0))
    parts = GeneralisedMemristor(
        x_initial=law.x_initial,
        # The field in the doped part is R_on i / D: mobility times it over D is the speed of the share.
        stimulus=CurrentStimulus(resistance=law.r_on),
        threshold=Proportional(k=law.mobility / law.thickness**2),
        window=Biolek(p=2.0),
        characteristic=Ohmic(r_zero=law.r_off, r_one=law.r_on),
    )
    return law, parts


def _nonlinear() -> tuple[Law, GeneralisedMemristor]:
    law = NonlinearIonDrift(window=Zha(p=3.0))
    parts = GeneralisedMemristor(
        x_initial=law.w_initial,
        threshold=OddPower(a=law.a, m=law.m),
        window=Zha(p=3.0),
        characteristic=SinhDiode(),
    )
    return law, parts


def _vteam() -> tuple[Law, GeneralisedMemristor]:
    law = Vteam(window=Kvatinsky(), resistance_law=ExponentialResistance(), w_initial=1.2e-9)
    parts = GeneralisedMemristor(
        x_initial=0.4,
        threshold=PowerThreshold(k_on=law.k_on / law.w_off, k_off=law.k_off / law.w_off),
        window=Kvatinsky(),
        characteristic=Ohmic(r_zero=law.r_on, r_one=law.r_off, resistance_law=ExponentialResistance()),
    )
    return law, parts


def _team() -> tuple[Law, GeneralisedMemristor]:
    law = Team()
    parts = GeneralisedMemristor(
        x_initial=0.5,
        stimulus=CurrentStimulus(resistance=1e4),
        threshold=PowerThreshold(
            v_on=1e4 * law.i_on, v_off=1e4 * law.i_off, k_on=law.k_on / law.x_off, k_off=law.k_off / law.x_off
        ),
        window=Kvatinsky(),
        characteristic=Ohmic(r_zero=law.r_on, r_one=law.r_off),
    )
    return law, parts


def _yakopcic() -> tuple[Law, GeneralisedMemristor]:
    law = Yakopcic(eta=-1.0, v_n=0.3, a_p=30.0, a_n=50.0, characteristic=TwoBranchSinh())
    parts = GeneralisedMemristor(
        x_initial=law.x_initial,
        threshold=ExponentialThreshold(eta=-1.0, v_n=0.3, a_p=30.0, a_n=50.0),
        window=ExponentialEdges(),
        characteristic=TwoBranchSinh(),
    )
    return law, parts


def _pershin() -> tuple[Law, GeneralisedMemristor]:
    law = PershinDiVentra(alpha=1e4)
    width = law.r_off - law.r_on
    parts = GeneralisedMemristor(
        x_initial=0.5,
        threshold=PiecewiseLinearThreshold(alpha=law.alpha / width, beta=law.beta / width),
        characteristic=Ohmic(r_zero=law.r_on, r_one=law.r_off),
    )
    return law, parts


PAIRS = [_linear, _nonlinear, _vteam, _team, _yakopcic, _pershin]


@pytest.mark.parametrize("pair", PAIRS)
def test_equal_at_every_point(pair):
    law, parts = pair()
    ((low, high),) = law.bounds()
    draws = torch.Generator().manual_seed(7)
    x = torch.rand(500, generator=draws, dtype=torch.float64)
    v = 6.0 * torch.rand(500, generator=draws, dtype=torch.float64) - 3.0
    state = low + (high - low) * x
    assert torch.allclose(parts.current(x, v), law.current(state, v), rtol=1e-11, atol=1e-18)
    expected = law.state_rate(state, v) / (high - low)
    assert torch.allclose(
        parts.state_rate(x, v), expected, rtol=1e-9, atol=1e-12 * float(expected.abs().max())
    )


@pytest.mark.parametrize("pair", PAIRS)
def test_equal_along_a_run(pair):
    law, parts = pair()
    ((low, high),) = law.bounds()
    waveform = triangle(2.5, period=1e-2)
    one = drive(law, waveform, points=200, rtol=1e-8)
    two = drive(parts, waveform, points=200, rtol=1e-8)
    share = (one.trace.state[0].numpy() - low) / (high - low)
    assert np.abs(two.trace.state[0].numpy() - share).max() < 1e-6
    assert np.allclose(two.current, one.current, rtol=1e-4, atol=1e-6 * np.abs(one.current).max())


def test_parts_that_no_named_law_combines():
    """The current of Yakopcic with the thresholds of VTEAM and the window of Zha: a law of its own that runs."""
    law = GeneralisedMemristor(
        threshold=PowerThreshold(k_on=-30.0, k_off=30.0), window=Zha(p=2.0), characteristic=TwoBranchSinh()
    )
    run = drive(law, triangle(1.5, period=1.0), points=200)
    x = run.trace.state[0].numpy()
    assert x.max() > 0.6
    assert x[-1] < x.max() - 0.1
    assert (run.current * run.voltage >= 0).all()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: GeneralisedMemristor(x_initial=1.5), "x_initial"),
        (lambda: PowerThreshold(v_on=0.4), "below zero"),
        (lambda: PowerThreshold(alpha_on=0.0), "alpha_on"),
        (lambda: ExponentialThreshold(v_n=-0.2), "sign"),
        (lambda: PiecewiseLinearThreshold(v_t=0.0), "v_t"),
        (lambda: OddPower(m=0.5), "m = 0.5"),
        (lambda: CurrentStimulus(resistance=0.0), "resistance"),
        (lambda: Ohmic(r_one=0.0), "r_one"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(PinchedError, match=says):
        make()
