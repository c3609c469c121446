"""The current of an implicit law for tensors: a bracketed search on all devices at once, with gradients.

The time loop has its own search (`_terminal`); this one serves `ImplicitLaw.current` on tensors and numbers.
"""

from __future__ import annotations

import torch

from pinched.devices.law import ImplicitLaw, Value, parameters

_HALVINGS = 100
"""Halvings of the bracket: 2^-100 of it is below the spacing of float64 for any current in it that matters."""


def solve_current(law: ImplicitLaw, state: Value, voltage: Value) -> Value:
    """Current (A) at which `law.current_residual` is zero; of several roots one that the bracket closes on.

    A number where state, voltage and parameters are numbers. Gradients by the implicit function: one Newton step from
    the root, whose derivative is exact there.
    """
    components = tuple(state) if len(law.states) > 1 else (state,)
    plain = not any(isinstance(v, torch.Tensor) for v in (*components, voltage, *parameters(law).values()))
    components = tuple(_tensor(c) for c in components)
    voltage = _tensor(voltage)
    given = components if len(law.states) > 1 else components[0]
    with torch.no_grad():
        root = _root(law, given, voltage)
    # At the root the residual is rounding; the step keeps the value and carries the derivative.
    current = root - law.current_residual(given, voltage, root) / _slope(law, given, voltage, root)
    return float(current) if plain else current


def _tensor(value: Value) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)


def _root(law: ImplicitLaw, state: Value, voltage: torch.Tensor) -> torch.Tensor:
    side = torch.sign(voltage)
    shape = law.current_residual(state, voltage, torch.zeros_like(voltage)) + voltage
    high = torch.full_like(shape, 1e-15)

    def beyond(size: torch.Tensor) -> torch.Tensor:
        return law.current_residual(state, voltage, side * size) * side >= 0

    low = torch.zeros_like(high)
    for _ in range(80):
        inside = ~beyond(high)
        if not bool((inside & (side != 0)).any()):
            break
        low = torch.where(inside, high, low)
        high = torch.where(inside, 4.0 * high, high)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        out = beyond(middle)
        low, high = torch.where(out, low, middle), torch.where(out, middle, high)
    return side * 0.5 * (low + high)


def _slope(law: ImplicitLaw, state: Value, voltage: torch.Tensor, root: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        at = root.detach().requires_grad_(True)
        fixed = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        (slope,) = torch.autograd.grad(law.current_residual(fixed, voltage.detach(), at).sum(), at)
    return slope.detach()
