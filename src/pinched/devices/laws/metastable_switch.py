r"""Metastable switches: a device as many two-state switches that flip by heat and voltage.

$$ \dot X = \frac1\tau \left[ (1 - X)\,\sigma\!\left(\frac{v - V_\mathrm{on}}{V_T}\right)
          - X\,\sigma\!\left(-\frac{v + V_\mathrm{off}}{V_T}\right) \right], \qquad V_T = k_B T / q, $$
$$ I = \varphi \left[\frac{X}{R_\mathrm{on}} + \frac{1 - X}{R_\mathrm{off}}\right] v
     + (1 - \varphi) \left[\alpha_f (e^{\beta_f v} - 1) - \alpha_r (e^{-\beta_r v} - 1)\right] $$

X is the share of switches in the LRS; positive voltage beyond V_on turns ON, negative beyond -V_off turns OFF. V_T is
25 mV at room temperature, so that a millivolt counts near a threshold and none elsewhere: the device is close to
digital. `MetastableSwitch` is the mean of infinitely many switches, `StochasticMetastableSwitch` of N switches, with
noise that falls as the root of N; `draw_switches` counts single switches exactly, whatever the step.
Use it for devices with few or many filaments that switch by chance; for a sharp threshold without chance see `vteam`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int64
from scipy import stats

from pinched import constants
from pinched._params import quantity, require
from pinched._random import cell_uniforms
from pinched.devices import elementwise as ew
from pinched.devices.law import Law, Param, StateVariable, Stochastic, Value, device_shape, require_range
from pinched.devices.laws.checks import (
    require_positive,
    require_rising,
    require_share,
    require_temperature,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MetastableSwitch(Law):
    """Parameters of devices made of metastable switches, in SI; a tensor in a field gives each device its own value.

    The defaults are the set of Knowm's implementation, its Schottky diode included; `ohmic_share=1` leaves the
    diode out. Each diode term carries a -1 that the source leaves out, so that no current flows at 0 V whatever the
    two prefactors are; where they are equal, as in every published set, the formulas agree. Raises
    `PinchedError` for swapped resistances, thresholds that are not above zero, shares outside 0 to 1, and numbers
    that are no SI values.
    """

    source: ClassVar[str] = "nugent2014ahah"
    volatile: ClassVar[bool] = True
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="x", unit="1", symbol="X", meaning="share of the switches in the LRS"),
    )

    r_on: Param = quantity(500.0, "ohm", r"R_\mathrm{on}", "resistance with all switches ON")
    r_off: Param = quantity(1500.0, "ohm", r"R_\mathrm{off}", "resistance with all switches OFF")
    v_on: Param = quantity(0.27, "V", r"V_\mathrm{on}", "threshold of SET, above zero")
    v_off: Param = quantity(0.27, "V", r"V_\mathrm{off}", "size of the threshold of RESET, above zero")
    tau: Param = quantity(1e-4, "s", r"\tau", "time constant of a switch far beyond its threshold")
    temperature: Param = quantity(298.5, "K", "T", "temperature")
    ohmic_share: Param = quantity(0.8, "1", r"\varphi", "share of the current that the switches carry")
    alpha_forward: Param = quantity(8e-4, "A", r"\alpha_f", "saturation current of the diode, forward")
    beta_forward: Param = quantity(4.0, "1/V", r"\beta_f", "steepness of the diode, forward")
    alpha_reverse: Param = quantity(8e-4, "A", r"\alpha_r", "saturation current of the diode, reverse")
    beta_reverse: Param = quantity(4.0, "1/V", r"\beta_r", "steepness of the diode, reverse")
    x_initial: Param = quantity(0.0, "1", "X_0", "share in the LRS before anything was applied")

    def __post_init__(self) -> None:
        require_positive(self, "r_on", "v_on", "v_off", "tau")
        require_rising(self, "r_on", "r_off", "ohm", "r_off is the HRS.")
        require_range(self, "r_on", 1e-2, 1e15)
        require_range(self, "v_on", 1e-3, 1e2)
        require_range(self, "v_off", 1e-3, 1e2)
        require_range(self, "tau", 1e-15, 1e9)
        require_temperature(self, "temperature")
        require_share(self, "ohmic_share")
        for side in ("forward", "reverse"):
            require_range(self, f"alpha_{side}", 0.0, 1e3)
            require_range(self, f"beta_{side}", 0.0, 1e3)
        require_share(self, "x_initial")

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Share from 0 to 1."""
        return ((0.0, 1.0),)

    def initial_state(self) -> tuple[Param, ...]:
        """Share in the LRS before anything was applied."""
        return (self.x_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at the share `state` and `voltage` (V), elementwise."""
        ohmic = (state / self.r_on + (1.0 - state) / self.r_off) * voltage
        # Held at 80, where float32 still has a value: beyond, a device has long burnt.
        forward = self.alpha_forward * ew.expm1(ew.minimum(self.beta_forward * voltage, 80.0))
        reverse = self.alpha_reverse * ew.expm1(ew.minimum(-self.beta_reverse * voltage, 80.0))
        return self.ohmic_share * ohmic + (1.0 - self.ohmic_share) * (forward - reverse)

    def flips(self, voltage: Value) -> tuple[Value, Value]:
        """Rates (1/s) at `voltage` (V) at which a switch that is OFF turns ON, and one that is ON turns OFF."""
        thermal = constants.K_B * self.temperature / constants.E
        on = ew.sigmoid((voltage - self.v_on) / thermal) / self.tau
        off = ew.sigmoid(-(voltage + self.v_off) / thermal) / self.tau
        return on, off

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the mean share (1/s), elementwise."""
        on, off = self.flips(voltage)
        return (1.0 - state) * on - state * off


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StochasticMetastableSwitch(MetastableSwitch, Stochastic):
    r"""`MetastableSwitch` of a countable number of switches, in the diffusion limit (gillespie2000chemical).

    The variance of the flips adds up, $g^2 = [(1 - X)\,k_\mathrm{on} + X\,k_\mathrm{off}] / N$, so the noise falls as
    $1 / \sqrt N$ and is good for N of a hundred or more; for fewer see `draw_switches`. `drive` adds the noise
    sample by sample: give it `points` that lie a tenth of `tau` apart or closer.
    """

    switches: Param = quantity(1e6, "1", "N", "number of switches; 1e6 is that of Ge2Se3 in the source")

    def __post_init__(self) -> None:
        # Not super(): a dataclass with slots is made anew, and super() would look for the class that it replaced.
        MetastableSwitch.__post_init__(self)
        require_range(self, "switches", 1.0, 1e15)

    def noise_strength(self, state: Value, voltage: Value) -> Value:
        r"""g (1/$\sqrt{\mathrm{s}}$) at the share `state` and `voltage` (V), elementwise."""
        on, off = self.flips(voltage)
        # A share that rounding put outside its bounds must not ask for the root of a negative number.
        x = ew.clamp(state, 0.0, 1.0)
        return ew.sqrt(((1.0 - x) * on + x * off) / self.switches)


def draw_switches(
    law: StochasticMetastableSwitch,
    on: Int64[np.ndarray, " device"],
    voltage: float,
    interval: float,
    *,
    event: int,
    seed: int = 0,
) -> Int64[np.ndarray, " device"]:
    """Switches in the LRS of each device after `interval` (s) at a constant `voltage` (V), from `on` of them before.

    Exact for any interval: the source's own rule, probability dt/tau times a sigmoid per step, exceeds 1 where the
    step is longer than tau. `event` numbers the calls; device k draws the same whatever the number of devices. Raises
    `PinchedError` for a law of several devices, an interval below zero, or more switches ON than there are.
    """
    require(
        type(law), device_shape(law) == (), "draw_switches takes the law of one kind of device, no tensor."
    )
    require(
        type(law), interval >= 0 and np.isfinite(interval), f"interval is {interval} s; it is not negative."
    )
    count = round(float(law.switches))
    require(
        type(law),
        bool((on >= 0).all() and (on <= count).all()),
        f"{int(on.min())} .. {int(on.max())} switches are said to be ON; the law has 0 .. {count}.",
    )
    up, down = (float(rate) for rate in law.flips(voltage))
    settled = -np.expm1(-(up + down) * interval)
    # Rates are never both zero: a sigmoid has no zero. Where both underflow nothing flips.
    share = up / (up + down) if up + down > 0 else 0.0
    uniform = cell_uniforms(seed, "switches", range(event, event + 1), (on.size, 1))[0, :, 0, :].astype(
        np.float64
    )
    # Draws are float32 and may round to 1, where a binomial would give every trial whatever its probability.
    uniform = np.clip(uniform, 0.0, 1.0 - 2.0**-25)
    kept = stats.binom.ppf(uniform[:, 0], on, 1.0 - (1.0 - share) * settled)
    turned = stats.binom.ppf(uniform[:, 1], count - on, share * settled)
    return (kept + turned).astype(np.int64)


def switch_probability(
    law: MetastableSwitch, voltage: Float[np.ndarray, " *point"], interval: float
) -> tuple[Float[np.ndarray, " *point"], Float[np.ndarray, " *point"]]:
    """Probability per step of `interval` (s) to turn ON and to turn OFF at `voltage` (V), by the rule of the source.

    Raises `PinchedError` for an interval longer than tau, for which it is no probability; `draw_switches` takes any.
    """
    require(
        type(law),
        0 < interval <= float(law.tau),
        f"a step of {interval:g} s against tau = {float(law.tau):g} s gives probabilities above 1. Take steps "
        "shorter than tau, or draw_switches, which is exact for any.",
    )
    on, off = law.flips(voltage)
    return np.asarray(on * interval), np.asarray(off * interval)
