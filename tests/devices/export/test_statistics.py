"""The statistical card: covariances, their roots, and what is no spread."""

import re

import numpy as np
import pytest

from devices.export.reading import value_of
from pinched._errors import PinchedError
from pinched.devices.export import Dialect, ParameterSpread, spectre_card, subcircuit
from pinched.devices.export.statistics import Shape
from pinched.devices.laws.vteam import Vteam
from pinched.devices.variability import Factor, Within, vary
from pinched.extraction.distributions import Lognormal, Normal

CORRELATED = ParameterSpread(
    names=("r_on", "v_on"),
    shapes=(Shape.LOGNORMAL, Shape.NORMAL),
    covariance=np.array([[0.01, 0.003], [0.003, 0.0025]]),
)


def test_the_factor_is_a_root_of_the_covariance():
    factor = CORRELATED.factor()
    assert factor @ factor.T == pytest.approx(CORRELATED.covariance, rel=1e-12)
    assert factor[0, 1] == 0.0


def test_a_singular_covariance_has_a_root_too():
    spread = ParameterSpread.of_covariance(("a", "b"), np.array([[4.0, 2.0], [2.0, 1.0]]), shape=Shape.NORMAL)
    factor = spread.factor()
    assert factor @ factor.T == pytest.approx(spread.covariance, rel=1e-9)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_netlist_draws_with_that_root(dialect):
    text = subcircuit(Vteam(), time_scale=1.0, spread=CORRELATED, dialect=dialect)
    formulas = dict(re.findall(r"^\.param (\w+)_d=\{(.*)\}$", text, re.MULTILINE))
    assert set(formulas) == {"r_on", "v_on"}
    assert "{agauss(0,1,1)}" in text
    assert ("* .param z_0={agauss" in text) is (dialect is Dialect.XYCE)
    rng = np.random.default_rng(0)
    z = rng.standard_normal((4000, 2))
    drawn = np.array(
        [
            [
                np.log(value_of(formulas["r_on"], {"r_on": 1e3, "z_0": a, "z_1": b}, magnitude=True) / 1e3),
                value_of(formulas["v_on"], {"v_on": -0.5, "z_0": a, "z_1": b}, magnitude=True) + 0.5,
            ]
            for a, b in z
        ]
    )
    # Exact: the sample covariance of the draws is that of z through the same factor.
    factor = CORRELATED.factor()
    assert np.cov(drawn.T) == pytest.approx(factor @ np.cov(z.T) @ factor.T, rel=1e-9)


def test_the_drawn_parameters_are_those_that_act():
    text = subcircuit(Vteam(), time_scale=1.0, spread=CORRELATED)
    device = next(line for line in text.splitlines() if line.startswith("Bdevice"))
    assert "r_on_d" in device
    assert "r_off_d" not in text


def test_spectre_card_has_mismatch_statistics():
    text = spectre_card(Vteam(), CORRELATED, name="cell")
    assert 'ahdl_include "cell.va"' in text
    assert text.count("vary z") == 2
    value = re.search(r"r_on=\((.*)\)", text)[1]
    assert value_of(value, {"z0": 1.0, "z1": 0.0}, magnitude=False) == pytest.approx(1e3 * np.exp(0.1))


def test_from_the_spreads_that_devices_are_drawn_with():
    spreads = {"r_on": Factor(Lognormal(mu=0.0, sigma=0.2)), "v_off": Normal(mean=0.6, std=0.05)}
    correlation = np.array([[1.0, 0.5], [0.5, 1.0]])
    law, spread = ParameterSpread.of_spreads(Vteam(), spreads, correlation=correlation)
    assert (law.r_on, law.v_off) == (1e3, 0.6)
    assert spread.shapes == (Shape.LOGNORMAL, Shape.NORMAL)
    assert spread.covariance == pytest.approx(np.array([[0.04, 0.005], [0.005, 0.0025]]))
    drawn = vary(Vteam(), spreads, (2000,), correlation=correlation, seed=1)
    assert np.cov(np.log(drawn.r_on.numpy()), drawn.v_off.numpy()) == pytest.approx(
        spread.covariance, rel=0.15
    )
    with pytest.raises(PinchedError, match="Within"):
        ParameterSpread.of_spreads(Vteam(), {"r_on": Within(Normal(mean=1e3, std=1.0), low=0.0)})


def test_from_fitted_devices():
    drawn = vary(Vteam(), {"r_on": Factor(Lognormal(mu=0.0, sigma=0.2))}, (50,), seed=2)
    devices = [Vteam(r_on=float(r)) for r in drawn.r_on]
    law, spread = ParameterSpread.of_devices(devices)
    logs = np.log(drawn.r_on.numpy())
    assert spread.names == ("r_on",)
    assert law.r_on == pytest.approx(np.exp(logs.mean()))
    assert spread.covariance[0, 0] == pytest.approx(logs.var(ddof=1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ParameterSpread.independent({"r_on": -0.1}), "negative"),
        (lambda: ParameterSpread.of_covariance(("a",), np.eye(2), shape=Shape.NORMAL), "do not fit"),
        (
            lambda: ParameterSpread.of_covariance(
                ("a", "b"), np.array([[1.0, 2.0], [2.0, 1.0]]), shape=Shape.NORMAL
            ),
            "positive",
        ),
        (
            lambda: ParameterSpread.of_covariance(("a",), np.array([[np.nan]]), shape=Shape.NORMAL),
            "not finite",
        ),
        (
            lambda: subcircuit(Vteam(), time_scale=1.0, spread=ParameterSpread.independent({"r": 0.1})),
            "no parameter r",
        ),
        (
            lambda: subcircuit(Vteam(), time_scale=1.0, spread=ParameterSpread.independent({"w_on": 0.1})),
            "stays 0",
        ),
        (lambda: ParameterSpread.of_devices([Vteam()]), "two"),
    ],
)
def test_what_is_no_spread_is_refused(make, message):
    with pytest.raises(PinchedError, match=message):
        make()
