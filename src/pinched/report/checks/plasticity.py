"""Checks of pulses: levels that noise allows, pulses that are alike, repeats, conventions (P1), energies (P2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from pinched._units import show
from pinched.extraction.plasticity import Convention, UpdateFit, distinguishable_levels
from pinched.report.checks.record import Check, Guideline, Verdict
from pinched.report.findings.levels import LevelPair
from pinched.report.findings.traces import PulseFinding

REPEATS = 3
"""Traces of one direction of one device that show how repeats differ."""

MISFIT = 0.05
"""Root mean square residual over the window above which a nonlinearity describes nothing."""

ROUGH = 0.1
"""Share of an energy that its sampling error may be."""


def check_pulses(found: Sequence[PulseFinding]) -> list[Check]:
    """P1 and P2 of the guideline table for `found`; [] where there are no pulses.

    Trains that are neither potentiation nor depression are asked for their energies only.
    """
    if not found:
        return []
    fitted = [one for one in found if one.fit is not None]
    plastic = [_levels(fitted), _alike(fitted), _repeats(fitted), _convention(fitted)] if fitted else []
    return [*plastic, _energy(found)]


def check_levels(pairs: Sequence[LevelPair], reads: int) -> list[Check]:
    """Whether written levels stay apart, of `pairs` of reads; [] where no cells were read (`reads` is 0)."""
    if not reads:
        return []
    judged = [pair.confusion for pair in pairs if pair.confusion is not None]
    if not judged:
        verdict = Verdict.CANNOT_TELL
        words = f"{reads} read{'s' if reads > 1 else ''} of many cells "
        words += "(missing: the same cells before and after, and the ranges they were written to)"
    else:
        cells, changed = (sum(getattr(one, name) for one in judged) for name in ("cells", "changed"))
        verdict = Verdict.WARN if changed else Verdict.PASS
        widest = max(one.counts.shape[0] for one in judged)
        worst = max(judged, key=lambda one: one.changed_share)
        low, high = worst.changed_interval
        words = f"of up to {widest} levels {changed} of {cells} cells read as another one later; "
        words += f"at worst {worst.changed_share:.2%} [{low:.2%}, {high:.2%}]"
    return [_check("P1c", "Do the levels stay distinguishable?", verdict, words)]


def _levels(found: Sequence[PulseFinding]) -> Check:
    fits = [one.fit for one in found if one.fit is not None]
    allowed = [_allowed(fit) for fit in fits]
    known = [(n, fit) for n, fit in zip(allowed, fits, strict=True) if n is not None]
    question = "Does the number of levels come from the noise and not from the number of pulses?"
    if not known:
        return _check(
            "P1", question, Verdict.CANNOT_TELL, "no scatter of reads is seen (missing: read noise)"
        )
    levels = int(np.median([n for n, _ in known]))
    pulses = int(np.median([fit.pulses for _, fit in known]))
    noise = float(np.median([fit.read_noise for _, fit in known]))
    fewer = levels < pulses + 1
    return _check(
        "P1",
        question,
        Verdict.WARN if fewer else Verdict.PASS,
        f"{pulses} pulses; read noise of {noise:.2g} of the window tells {levels} levels apart at 3 sigma"
        + (": fewer than states that were written" if fewer else ""),
    )


def _allowed(fit: UpdateFit) -> int | None:
    """Levels on the fit's own scale, in units of its window; None where no noise was seen."""
    if not fit.read_noise > 0:
        return None
    return distinguishable_levels(np.array([0.0, 1.0]), np.full(2, fit.read_noise))


def _alike(found: Sequence[PulseFinding]) -> Check:
    missing = []
    varied = 0
    for one in found:
        trace = one.states
        # Index 0 is the state before the first pulse.
        shapes = {"pulse amplitude": trace.amplitude, "pulse width": trace.width}
        missing += [name for name, values in shapes.items() if values is None]
        varied += any(_varies(values[1:]) for values in shapes.values() if values is not None)
    if varied:
        verdict = Verdict.WARN
        words = f"amplitude or width varies in {varied} of {len(found)} trains: linear by the scheme, not the device"
    elif missing:
        verdict, words = Verdict.CANNOT_TELL, f"(missing: {', '.join(dict.fromkeys(missing))})"
    else:
        verdict, words = Verdict.PASS, f"amplitude and width are the same throughout in {len(found)} trains"
    return _check("P1i", "Are the pulses identical?", verdict, words)


def _varies(values: np.ndarray) -> bool:
    known = np.abs(values[np.isfinite(values)])
    return bool(known.size and np.ptp(known) > 0.02 * known.max())


def _repeats(found: Sequence[PulseFinding]) -> Check:
    counts = Counter((one.trace.device, one.fit.direction) for one in found if one.fit is not None)
    fewest = min(counts.values())
    devices = len({device for device, _ in counts})
    return _check(
        "P1r",
        "Are there three repeats of each direction?",
        Verdict.PASS if fewest >= REPEATS else Verdict.WARN,
        f"{len(found)} trains on {devices} device{'s' if devices > 1 else ''}, at least {fewest} per direction",
    )


def _convention(found: Sequence[PulseFinding]) -> Check:
    fits = [one.fit for one in found if one.fit is not None]
    misfit = float(np.median([fit.misfit for fit in fits]))
    convention = Convention.NEUROSIM_LABEL
    sides = {}
    for fit in fits:
        sides.setdefault(fit.direction.value, []).append(fit.nonlinearity(convention))
    told = ", ".join(f"{side} {np.median(values):.2f}" for side, values in sides.items())
    bad = misfit > MISFIT
    return _check(
        "P1n",
        "Is the convention of the nonlinearity named, and does its law hold?",
        Verdict.WARN if bad else Verdict.PASS,
        f"label of NeuroSim: {told}; the exponential misses by {misfit:.2g} of the window"
        + (": it is not the law" if bad else ""),
    )


def _energy(found: Sequence[PulseFinding]) -> Check:
    question = "Is the energy the integral of measured voltage and current?"
    events = [one.events for one in found if one.events is not None]
    if not events:
        return _check(
            "P2", question, Verdict.CANNOT_TELL, "(missing: voltage, current and time of each sample)"
        )
    energy, error = (
        np.concatenate([getattr(e, name) for e in events]) for name in ("energy", "energy_error")
    )
    seen = np.isfinite(energy)
    if not seen.any():
        fewest = int(min(e.samples.min() for e in events))
        return _check(
            "P2", question, Verdict.CANNOT_TELL,
            f"{energy.size} pulses hold as few as {fewest} samples (missing: sampling finer than the pulse)",
        )  # fmt: skip
    rough = float(np.median(error[seen] / np.maximum(np.abs(energy[seen]), 1e-300)))
    return _check(
        "P2",
        question,
        Verdict.PASS if seen.all() and rough <= ROUGH else Verdict.WARN,
        f"median {show(float(np.median(energy[seen])), 'J')} over {int(seen.sum())} of {energy.size} pulses, "
        f"sampling error {rough:.1%}",
    )


def _check(code: str, question: str, verdict: Verdict, finding: str) -> Check:
    return Check(
        code=code, guideline=Guideline.METHODS2019, question=question, verdict=verdict, finding=finding
    )
