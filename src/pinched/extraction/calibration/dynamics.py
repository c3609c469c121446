"""Data sets with a known truth for what happens in time: lives, drift, noise, pulses, temperatures, compliance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from scipy import signal

from pinched.data.traces import PulseTrace, Retention
from pinched.extraction.arrhenius import inverse_energy
from pinched.extraction.calibration.coverage import Case, Stated
from pinched.extraction.compliance import nonvolatile_threshold
from pinched.extraction.conduction import fit_conduction
from pinched.extraction.conduction_barriers import Hopping, PooleFrenkel, Schottky
from pinched.extraction.conduction_laws import Law, Ohmic, SpaceCharge
from pinched.extraction.endurance import DeviceLife, Failure, fit_survival
from pinched.extraction.lifetime import time_to_limit
from pinched.extraction.noise import extract_telegraph, fit_noise_law
from pinched.extraction.nonlinearity import progress
from pinched.extraction.plasticity import fit_update
from pinched.extraction.retention import fit_arrhenius, fit_retention
from pinched.extraction.retention_laws import Law as Drift
from pinched.extraction.series import fit_spectrum

Rng = np.random.Generator


def cases() -> tuple[Case, ...]:
    """Everything that is tried here."""
    found = [_survival(n, cut) for n, cut in ((10, 0.0), (20, 0.3), (50, 0.3))]
    found += [_retention(n, memory) for n, memory in ((100, 0.0), (600, 0.0), (600, 0.8))]
    found += [_offset(300), _stretched(400), _arrhenius(4, 3)]
    found += [_update(*one) for one in ((50, 3.0, 0.0), (50, 0.5, 0.01), (100, 3.0, 0.003), (100, 3.0, 0.01))]
    found += [_telegraph(n) for n in (600, 2000)]
    found += [_spectrum(n, alpha) for n, alpha in ((1024, 0.0), (2048, 1.0), (2048, 2.0))]
    found += [_noise_law(12), _threshold(30)]
    found += [_conduction(law) for law in _LAWS]
    return tuple(found)


_LAWS: tuple[Law, ...] = (
    Ohmic(conductance=1e-4),
    SpaceCharge(coefficient=1e-6, crossover=0.3),
    Schottky(intercept=float(np.log(1e-9)), slope=6.0),
    PooleFrenkel(intercept=float(np.log(1e-9)), slope=5.0),
    Hopping(conductance=1e-9, scale=0.4),
)


def _ar(rng: Rng, n: int, memory: float) -> Float[np.ndarray, " value"]:
    shocks = rng.standard_normal(n + 100) * np.sqrt(1.0 - memory**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -memory], shocks))[100:]


def _life(cycles: float, failed: bool) -> DeviceLife:
    # A life is the first failed cycle; one that was stopped is the last verified one.
    verified = max(int(cycles) - int(failed), 0)
    return DeviceLife(
        device="", cycles_applied=verified, cycles_verified=verified, last_verified=float(verified),
        first_failed=verified + 1.0 if failed else float("inf"),
        failure=Failure.STUCK_AT_LRS if failed else Failure.NONE,
    )  # fmt: skip


def _survival(n: int, cut: float) -> Case:
    """Weibull lives (shape 2) of which a share `cut` is stopped before, at a time that does not depend on them."""
    scale = 1e5
    median, at = scale * np.sqrt(np.log(2.0)), 0.6 * scale

    def draw(rng: Rng) -> Mapping[str, Stated]:
        lives = scale * rng.weibull(2.0, n)
        stop = np.where(rng.random(n) < 2.0 * cut, scale * rng.weibull(2.0, n), np.inf)
        found = fit_survival([_life(min(a, b), a <= b) for a, b in zip(lives, stop, strict=True)])
        k = int(np.searchsorted(found.cycle, at, side="right")) - 1
        low, high = found.median_interval
        return {
            "median life": (low, float(median), high),
            "share at 60 kcycles": (float(found.low[k]), float(np.exp(-0.36)), float(found.high[k])),
        }

    return Case(
        name="Kaplan-Meier",
        n=f"{n} devices, {100 * cut:.0f} % stopped before they failed",
        draw=draw,
        exact=False,
    )


def _retention(n: int, memory: float) -> Case:
    time = 10.0 * np.arange(n)

    def draw(rng: Rng) -> Mapping[str, Stated]:
        ohms = 1e4 * (time + 5.0) ** 0.05 * np.exp(0.003 * _ar(rng, n, memory))
        fit = fit_retention(
            Retention(time=time, resistance=ohms), since_programming=5.0, laws=(Drift.POWER,), resamples=200,
            target=100.0 * float(time[-1]), seed=int(rng.integers(2**31)),
        )  # fmt: skip
        _, low, high = fit.extrapolated
        life = time_to_limit(fit, 0.0, 1e4 * (10.0 * float(time[-1])) ** 0.05)
        least, most = fit.best.interval["b"]
        return {
            "drift exponent": (least, 0.05, most),
            "R at 100 spans": (low, 1e4 * (100.0 * float(time[-1])) ** 0.05, high),
            "time to limit at 10 spans": (life.interval[0], 10.0 * float(time[-1]), life.interval[1]),
        }

    return Case(name="retention, power law", n=f"{n} reads, memory {memory}", draw=draw)


def _offset(n: int) -> Case:
    """The first read came 30 s after programming, and nobody wrote that down."""
    time = np.geomspace(1.0, 1e5, n) - 1.0

    def draw(rng: Rng) -> Mapping[str, Stated]:
        ohms = 1e5 * (time + 30.0) ** 0.05 * np.exp(0.003 * rng.standard_normal(n))
        fit = fit_retention(
            Retention(time=time, resistance=ohms), laws=(Drift.POWER,), resamples=200, target=1e7,
            seed=int(rng.integers(2**31)),
        )  # fmt: skip
        _, low, high = fit.extrapolated
        least, most = fit.best.interval["b"]
        return {"drift exponent": (least, 0.05, most), "R at 100 spans": (low, 1e5 * 1e7**0.05, high)}

    return Case(name="retention, power law", n=f"{n} reads, time of programming unknown", draw=draw)


def _stretched(n: int) -> Case:
    time = 10.0 * np.arange(n)

    def draw(rng: Rng) -> Mapping[str, Stated]:
        ohms = (2e4 - 1e4 * np.exp(-(((time + 10.0) / 800.0) ** 0.7))) * np.exp(
            0.003 * rng.standard_normal(n)
        )
        fit = fit_retention(
            Retention(time=time, resistance=ohms), since_programming=10.0, laws=(Drift.STRETCHED,), resamples=200,
            seed=int(rng.integers(2**31)),
        )  # fmt: skip
        ends = fit.best.interval
        truths = {"a": 2e4, "tau": 800.0, "beta": 0.7}
        return {name: (ends[name][0], truth, ends[name][1]) for name, truth in truths.items()}

    return Case(name="retention, stretched", n=f"{n} reads", draw=draw)


def _arrhenius(temperatures: int, devices: int) -> Case:
    kelvin = np.repeat(np.linspace(398.0, 473.0, temperatures), devices)
    use = 358.15

    def draw(rng: Rng) -> Mapping[str, Stated]:
        lives = -20.0 + 1.1 * inverse_energy(kelvin) + 0.3 * rng.standard_normal(kelvin.size)
        found = fit_arrhenius(kelvin, np.exp(lives))
        _, low, high = found.time_at(use)
        truth = float(np.exp(-20.0 + 1.1 * inverse_energy(use)))
        return {"energy": (found.interval[0], 1.1, found.interval[1]), "life at 85 C": (low, truth, high)}

    return Case(name="Arrhenius", n=f"{temperatures} temperatures x {devices} devices", draw=draw)


def _update(n: int, curvature: float, walk: float) -> Case:
    share = progress(np.arange(n + 1) / n, curvature)

    def draw(rng: Rng) -> Mapping[str, Stated]:
        noise = 0.01 * rng.standard_normal(n + 1) + np.cumsum(walk * rng.standard_normal(n + 1))
        fit = fit_update(PulseTrace(conductance=1e-6 + 9e-6 * (share + noise)))
        low, high = fit.curvature_interval
        return {"curvature N / A": (low, curvature, high)}

    words = f"{n} pulses, N / A = {curvature:g}, read noise 1 %, write noise {100 * walk:.1g} %"
    # A train without write noise cannot prove that it has none: its intervals are too wide.
    return Case(name="nonlinearity", n=words, draw=draw, exact=walk > 0)


def telegraph(
    rng: Rng, n: int, dwell: tuple[float, float], amplitude: float, sigma: float
) -> Float[np.ndarray, " read"]:
    """Two levels with mean stays `dwell` (reads): a Markov process in continuous time with exact jump chances."""
    out, back = 1.0 / dwell[0], 1.0 / dwell[1]
    left = np.exp(-(out + back))
    up = (out - out * left) / (out + back), (out + back * left) / (out + back)
    state, chance, on = np.zeros(n), rng.random(n), 0
    for k in range(1, n):
        on = int(chance[k] < up[on])
        state[k] = on
    return amplitude * state + sigma * rng.standard_normal(n)


def _telegraph(n: int) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        found = extract_telegraph(telegraph(rng, n, (30.0, 15.0), 1.0, 0.25), 1.0, surrogates=19, most=2)
        if not found.found:
            return {}
        (a, b), (c, d) = (level.dwell_interval for level in found.levels)
        low, high = found.amplitude_interval
        return {"dwell low": (a, 30.0, b), "dwell high": (c, 15.0, d), "amplitude": (low, 1.0, high)}

    return Case(name="telegraph noise", n=f"{n} reads", draw=draw)


def _spectrum(n: int, alpha: float) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        # Cut from a longer series, so that its ends do not meet.
        f = np.fft.rfftfreq(4 * n)
        size = np.zeros(f.size)
        size[1:] = f[1:] ** (-alpha / 2.0)
        x = np.fft.irfft(size * (rng.standard_normal(f.size) + 1j * rng.standard_normal(f.size)))[:n]
        low, high = fit_spectrum(x, 0.01).interval
        return {"exponent": (low, alpha, high)}

    return Case(name="spectrum", n=f"{n} reads, 1/f^{alpha:g}", draw=draw)


def _noise_law(n: int) -> Case:
    g = np.geomspace(1e-6, 1e-4, n)

    def draw(rng: Rng) -> Mapping[str, Stated]:
        low, high = fit_noise_law(g, 1e-4 * g**-0.5 * np.exp(0.2 * rng.standard_normal(n))).interval
        return {"exponent": (low, -0.5, high)}

    return Case(name="noise against G", n=f"{n} states", draw=draw)


def _threshold(n: int) -> Case:
    limits = np.geomspace(1e-6, 1e-3, n)

    def draw(rng: Rng) -> Mapping[str, Stated]:
        kept = rng.random(n) < 1.0 / (1.0 + np.exp(-np.log(limits / 2e-5) / 0.5))
        low, high = nonvolatile_threshold(limits, kept).interval
        return {"compliance": (low, 2e-5, high)}

    return Case(name="threshold of retention", n=f"{n} states", draw=draw)


def _conduction(law: Law) -> Case:
    v = np.linspace(0.02, 2.0, 80)

    def draw(rng: Rng) -> Mapping[str, Stated]:
        fit = fit_conduction(
            v, np.exp(law.log_current(v) + 0.03 * rng.standard_normal(80)), laws=(type(law),)
        )
        return {
            name: (fit.best.interval[name][0], truth, fit.best.interval[name][1])
            for name, truth in law.parameters.items()
        }

    return Case(name=f"{law.name} law", n="80 samples, 3 % noise", draw=draw)
