"""The battery that every device law passes; a law enters by its line in the registry.

Laws with noise are run with it where the property holds for every draw, and without (their methods alone) where it
does not.
"""

from __future__ import annotations

import ctypes
import importlib
import inspect
import itertools
import math
import pkgutil
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import pinched
import pinched.devices.laws
from circuit_references import device_files
from law_cases import accepted, given, moving, number, perturbed, points, several, widths
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform
from pinched.devices._program import program
from pinched.devices._terminal import BOUNDS, CLOSURE, NOISE, PROLOGUE, RATE
from pinched.devices.drive import drive
from pinched.devices.law import ImplicitLaw, Law, PlayLaw, Stochastic, parameters, units, with_parameters
from pinched.devices.laws.registry import LAWS

NAMES = sorted(LAWS)
pytestmark = pytest.mark.filterwarnings("ignore:The use of `x.T`")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each law of the registry."""
    return request.param


@pytest.fixture
def law(name: str) -> Law:
    """The law with its defaults."""
    return LAWS[name]()


def test_the_registry_is_complete() -> None:
    found = set()
    for module in pkgutil.iter_modules(pinched.devices.laws.__path__):
        code = importlib.import_module(f"pinched.devices.laws.{module.name}")
        found |= {
            value
            for value in vars(code).values()
            if inspect.isclass(value) and issubclass(value, Law) and not inspect.isabstract(value)
            and value.__module__ == code.__name__
        }  # fmt: skip
    assert {c.__name__ for c in found} == {c.__name__ for c in LAWS.values()}
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", n) for n in LAWS)


def test_passive(law: Law) -> None:
    state, voltage = points(law, 400)
    current = law.current(given(law, state), voltage)
    assert torch.isfinite(current).all()
    power = current * voltage
    assert (power >= 0).all(), f"it delivers {float(-power.min()):.3g} W"
    assert (power[voltage != 0] >= 0).any()


def test_pinched_at_zero(law: Law) -> None:
    state, voltage = points(law, 100)
    current = law.current(given(law, state), torch.zeros_like(voltage))
    typical = law.current(given(law, state), torch.full_like(voltage, 0.1)).abs()
    assert (current.abs() <= 1e-9 * typical).all()


def test_state_stays_in_bounds(name: str, law: Law) -> None:
    gentle = moving(name).waveform
    strong = Waveform(time=3.0 * gentle.time, voltage=1.5 * gentle.voltage)
    trace = drive(law, strong, series_resistance=moving(name).series_resistance, points=200, seed=2).trace
    assert torch.isfinite(trace.state).all()
    assert torch.isfinite(trace.current).all()
    for row, (low, high) in zip(trace.state, law.bounds(), strict=True):
        assert number(low) <= float(row.min())
        assert float(row.max()) <= number(high)


def test_at_rest_at_zero_volt(law: Law) -> None:
    """`volatile` tells the truth: without a voltage nothing moves, or, where it is set, something does."""
    state, voltage = points(law, 100)
    rates = several(law, law.state_rate(given(law, state), torch.zeros_like(voltage)))
    moved = [float(torch.as_tensor(rate).abs().max()) for rate in rates]
    assert any(m > 0 for m in moved) == law.volatile


def test_finite_gradients(law: Law) -> None:
    """Also on bounds, at 0 V and at every parameter that is a voltage: there the thresholds lie."""
    state, voltage = points(law, 60)
    values = parameters(law)
    edges = [number(v) for n, v in values.items() if units(law)[n] == "V"]
    edges += [-e for e in edges]
    for k, edge in enumerate(edges[:40]):
        voltage[3 + k] = edge
    state = state.clone().requires_grad_(True)
    voltage.requires_grad_(True)
    tensors = {n: torch.tensor(number(v), dtype=torch.float64, requires_grad=True) for n, v in values.items()}
    copy = with_parameters(law, tensors)
    outputs = [copy.current(given(law, state), voltage)]
    outputs += several(law, copy.state_rate(given(law, state), voltage))
    for output in outputs:
        if not isinstance(output, torch.Tensor) or not output.requires_grad:
            continue
        wanted = {"state": state, "voltage": voltage, **tensors}
        slopes = torch.autograd.grad(
            output.sum(), list(wanted.values()), allow_unused=True, retain_graph=True
        )
        for what, slope in zip(wanted, slopes, strict=True):
            assert slope is None or torch.isfinite(slope).all(), f"by {what}"


def test_an_array_is_a_loop_over_cells(name: str, law: Law) -> None:
    """By the methods, and by a drive of three devices at once against three drives."""
    state, voltage = points(law, 8)
    together = law.current(given(law, state), voltage)
    rates = several(law, law.state_rate(given(law, state), voltage))
    for k in range(voltage.numel()):
        cell = given(law, state[:, k].tolist())  # type: ignore[arg-type]
        assert number(law.current(cell, float(voltage[k]))) == pytest.approx(
            number(together[k]), rel=1e-9, abs=1e-200
        )
        alone = several(law, law.state_rate(cell, float(voltage[k])))
        for one, row in zip(alone, rates, strict=True):
            both = torch.as_tensor(row, dtype=torch.float64).expand(voltage.shape)[k]
            assert number(one) == pytest.approx(number(both), rel=1e-9, abs=1e-200)
    devices = [perturbed(law, seed) for seed in range(3)]
    columns = {
        n: torch.tensor([number(parameters(d)[n]) for d in devices], dtype=torch.float64)
        for n in parameters(law)
    }
    if not columns:
        return
    run = moving(name).run(with_parameters(law, columns), points=60, seed=5)
    for k, device in enumerate(devices[: 1 if isinstance(law, Stochastic) else 3]):
        one = moving(name).run(device, points=60, seed=5)
        assert torch.equal(run.current[k], one.current)
        assert torch.equal(run.state[:, k], one.state)


def test_float32_is_close_to_float64(law: Law) -> None:
    state, voltage = points(law, 200)
    state32, voltage32 = state.float(), voltage.float()
    pairs = [
        (
            law.current(given(law, state32), voltage32),
            law.current(given(law, state32.double()), voltage32.double()),
        )
    ]
    pairs += zip(
        several(law, law.state_rate(given(law, state32), voltage32)),
        several(law, law.state_rate(given(law, state32.double()), voltage32.double())),
        strict=True,
    )
    for low, high in pairs:
        low, high = torch.as_tensor(low).double(), torch.as_tensor(high).double()
        assert torch.isfinite(low).all()
        assert torch.allclose(low, high, rtol=2e-3, atol=2e-5 * float(high.abs().max()))


_FUNCTION = ctypes.CFUNCTYPE(
    None,
    ctypes.POINTER(ctypes.c_double),
    ctypes.c_double,
    ctypes.c_double,
    ctypes.POINTER(ctypes.c_double),
    ctypes.POINTER(ctypes.c_double),
)


class _Compiled:
    """The machine code of a law with its parameters, called from Python."""

    def __init__(self, law: Law) -> None:
        self.code = program(law)
        own = parameters(law)
        values = [number(own[n]) for n in self.code.formula.names]
        self.parameters = np.array([*values, *([0.0] * max(1, self.code.derived_size))])
        if self.code.derived_size:
            derived = self(PROLOGUE, [0.0], 0.0, 0.0, self.code.derived_size)
            self.parameters[len(values) : len(values) + self.code.derived_size] = derived

    def __call__(
        self, which: int, state: list[float], voltage: float, current: float, size: int
    ) -> np.ndarray:
        x, out = np.array([*state, 0.0]), np.zeros(max(size, 4) + 4096)
        pointers = [a.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for a in (x, self.parameters, out)]
        _FUNCTION(int(self.code.codes[which]))(pointers[0], voltage, current, pointers[1], pointers[2])
        return out[:size]


def test_compiled_formula_equals_the_methods(law: Law) -> None:
    for seed in range(3):
        device = perturbed(law, seed)
        compiled = _Compiled(device)
        state, voltage = points(device, 40, seed)
        flow = device.current(given(device, state), voltage)
        for k in range(voltage.numel()):
            cell, volts, amperes = state[:, k].tolist(), float(voltage[k]), 0.7 * number(flow[k])
            own = given(device, cell)  # type: ignore[arg-type]
            if isinstance(device, ImplicitLaw):
                rates = device.state_rate_at(own, volts, amperes)
                closure = device.current_residual(own, volts, amperes)
            else:
                rates = device.state_rate(own, volts)
                closure = device.current(own, volts)
            expected = (
                list(device.limits(own, volts)) if isinstance(device, PlayLaw) else several(device, rates)
            )
            scale = max(abs(number(flow[k])), 1e-300)
            got = compiled(CLOSURE, cell, volts, amperes, 1)
            np.testing.assert_allclose(got, [number(closure)], rtol=1e-9, atol=1e-11 * scale)
            got = compiled(RATE, cell, volts, amperes, len(expected))
            np.testing.assert_allclose(got, [number(r) for r in expected], rtol=1e-9, atol=1e-280)
            if isinstance(device, Stochastic):
                noise = several(device, device.noise_strength(own, volts))
                np.testing.assert_allclose(
                    compiled(NOISE, cell, volts, amperes, len(noise)), noise, rtol=1e-9
                )
        limits = [number(b) for pair in device.bounds() for b in pair]
        np.testing.assert_allclose(compiled(BOUNDS, state[:, 0].tolist(), 0.0, 0.0, len(limits)), limits)


def test_the_loop_records_the_current_of_the_law(name: str, law: Law) -> None:
    trace = moving(name).run(law, points=100, seed=3)
    expected = law.current(given(law, trace.state), trace.device_voltage)
    worst = (trace.current - expected).abs().max()
    assert float(worst) <= 1e-9 * float(trace.current.abs().max())


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if len(parameters(LAWS[n]())) > 20 else n for n in NAMES],
)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    """Of currents and states along a run, by every parameter that is not zero, to 1e-5."""
    law = LAWS[name]()
    if isinstance(law, Stochastic):
        pytest.skip("the noise moves with the parameters; the law without it is tested")
    if isinstance(law, PlayLaw):
        pytest.skip("rate-independent laws have no gradients")
    gentle = moving(name)
    times = np.linspace(gentle.waveform.time[0], gentle.waveform.time[-1], 80)
    ranges = widths(law)
    top = gentle.run(law, times=times, rtol=1e-10).current.abs().max()
    weight = torch.linspace(0.3, 1.0, times.size, dtype=torch.float64)

    def loss(device: Law) -> torch.Tensor:
        trace = gentle.run(device, times=times, rtol=1e-10)
        total = (trace.current / top * weight).sum(dim=-1)
        for row, width in zip(trace.state, ranges, strict=True):
            total = total + (row / width * weight).sum(dim=-1)
        return total

    values = {n: number(v) for n, v in parameters(law).items()}
    tensors = {n: torch.tensor(v, dtype=torch.float64, requires_grad=True) for n, v in values.items()}
    whole = loss(with_parameters(law, tensors))
    whole.backward()
    size = abs(number(whole))
    tested = 0
    for n, value in values.items():
        # Too long a step bends, too short a one drowns in the error of the runs: two lengths that agree are fine.
        steps = [s * abs(value) for s in (3e-4, 3e-5, 3e-6)]
        around = value + torch.tensor(
            [k * s for s in steps for k in (-2.0, -1.0, 1.0, 2.0)], dtype=torch.float64
        )
        changed = accepted(law, {n: around})
        if changed is None or value == 0.0:
            continue  # a direction such as eta, or a start that lies on a bound
        found = loss(changed).reshape(3, 4)
        slopes = (found @ torch.tensor([1.0, -8.0, 8.0, -1.0], dtype=torch.float64) / 12.0).tolist()
        slopes = [slope / step * abs(value) for slope, step in zip(slopes, steps, strict=True)]
        difference = min(itertools.pairwise(slopes), key=lambda pair: abs(pair[0] - pair[1]))[1]
        gradient = tensors[n].grad
        assert gradient is not None, n
        own = float(gradient) * abs(value)
        assert abs(own - difference) < 1e-5 * (size + abs(difference)), f"{n}: {own}, by differences {slopes}"
        tested += 1
    assert tested > 0 or not values


def test_units_are_complete(law: Law) -> None:
    _check_units(law)
    for variable in law.states:
        assert all((variable.unit, variable.symbol, variable.meaning))


def _check_units(part: object) -> None:
    for item in fields(part):  # type: ignore[arg-type]
        value = getattr(part, item.name)
        if is_dataclass(value):
            _check_units(value)
        elif isinstance(value, float):
            # A whole number without a unit is part of the structure, like a class: it is not a quantity.
            for key in ("unit", "symbol", "meaning"):
                assert item.metadata.get(key), f"{type(part).__name__}.{item.name} has no {key}"
            assert not math.isnan(value)


_NO_KNOWN_SIZE = {
    # A barrier that is gone may lie any distance below the Fermi level; a crossover may be at any voltage.
    "point-contact": {"barrier"},
    "space-charge": {"crossover"},
    # The field that tunnels, times the thickness: thin and thick films span what a factor would.
    "fowler-nordheim": {"field_voltage"},
}


def test_a_parameter_in_another_unit_is_refused(name: str, law: Law) -> None:
    """Lengths, voltages, temperatures and energies a thousand times too large or too small: nm for m, mV for V."""
    starts = {id(v) for v in law.initial_state()}
    for parameter, value in parameters(law).items():
        size = number(value)
        if units(law)[parameter] not in ("m", "V", "K", "eV") or size == 0.0:
            continue
        if parameter in _NO_KNOWN_SIZE.get(name, ()):
            continue
        for factor in (1e3, 1e-3):
            if factor < 1 and id(value) in starts:
                continue  # a start near the lower bound is a start
            # A start that stands for another parameter, such as the ambient temperature, is named by either.
            wanted = parameter.split(".")[-1] + ("|initial" if id(value) in starts else "")
            with pytest.raises(PinchedError, match=wanted):
                with_parameters(law, {parameter: size * factor})


def test_sources_are_in_the_bibliography(law: Law) -> None:
    text = (Path(pinched.__file__).parent / "references.bib").read_text(encoding="utf-8")
    keys = set(re.findall(r"^@\w+\{([^,]+),", text, re.MULTILINE))
    assert law.source in keys
    for item in fields(law):  # type: ignore[arg-type]
        source = getattr(getattr(law, item.name), "source", None)
        assert source is None or source in keys


def test_every_circuit_reference_is_met_by_a_test(shared: Path) -> None:
    """The comparisons stand with their laws; here none is forgotten."""
    tests = "".join(p.read_text(encoding="utf-8") for p in sorted(Path(__file__).parent.rglob("test_*.py")))
    assert [n for n in device_files(shared) if f'"{n}"' not in tests] == []
