"""`extract_conduction`: the conduction law of every state that sweeps show, branch by branch.

Each branch is cut where the state changes: before SET it is the HRS, behind the compliance nothing, before
RESET the LRS. Where no event is seen the branch is fitted as it stands and its state is `UNKNOWN`: a gradual
device drifts along its branch, and a law fitted to that says less.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pinched._errors import PinchedError
from pinched.data.settings import SettingName, find
from pinched.data.sweep import IVSweep
from pinched.extraction.conduction import FEWEST, LAWS, ConductionFit, fit_conduction
from pinched.extraction.conduction_laws import Law
from pinched.extraction.conduction_sanity import Film
from pinched.extraction.cycles import Branch, Excursion, split_cycles
from pinched.extraction.limits import compliance_plateau, noise_floor
from pinched.extraction.transitions import NEIGHBOURS, Change, Event, find_event


class State(StrEnum):
    """The state in which a branch was measured."""

    LRS = "lrs"
    HRS = "hrs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StateConduction:
    """The law of one branch of one excursion."""

    file: str
    device: str
    cycle: int
    """Number of the cycle, from 1."""
    sign: int
    """+1 or -1: the polarity."""
    outgoing: bool
    """True where |V| rose along the branch."""
    state: State
    fit: ConductionFit | None
    """None where too few samples are left; `reason` says why."""
    reason: str
    """The reason of the fit's verdict, or why there is no fit."""


def extract_conduction(
    sweeps: Sequence[IVSweep] | IVSweep, *, film: Film | None = None, laws: tuple[type[Law], ...] = LAWS
) -> list[StateConduction]:
    """Fit `laws` to every branch of every cycle of `sweeps`, on `film`.

    A temperature or an area that is stated with a sweep (by its file, its name or its user) stands before that of
    `film`. Raises `PinchedError` for no sweeps; a branch that cannot be fitted is returned with its reason.
    """
    given = [sweeps] if isinstance(sweeps, IVSweep) else list(sweeps)
    if not given:
        raise PinchedError("there are no sweeps to fit a conduction law to. Give at least one.")
    found: list[StateConduction] = []
    for sweep in given:
        stack = film_of(sweep, film)
        for cycle in split_cycles(sweep):
            for excursion in cycle.excursions:
                limit = compliance_plateau(excursion) or sweep.compliance_current
                event = find_event(excursion, limit)
                floor = noise_floor(excursion)
                for branch in (excursion.outgoing, excursion.returning):
                    if branch is None:
                        continue
                    state, kept = _state(excursion, branch, event)
                    fit, reason = _try(kept, stack, floor, limit, laws)
                    found.append(
                        StateConduction(
                            file=sweep.provenance.file, device=sweep.device, cycle=cycle.number,
                            sign=excursion.sign, outgoing=branch is excursion.outgoing, state=state, fit=fit,
                            reason=reason,
                        )
                    )  # fmt: skip
    return found


def film_of(sweep: IVSweep, film: Film | None = None) -> Film:
    """`film` (None: nothing is known) with the temperature (K) and the area (m^2) that `sweep` states."""
    known = {
        name: value
        for name in (SettingName.TEMPERATURE, SettingName.AREA)
        if (value := find(sweep.settings, name).number) is not None and value > 0
    }
    return dataclasses.replace(Film() if film is None else film, **{str(k): v for k, v in known.items()})


def _state(excursion: Excursion, branch: Branch, event: Event) -> tuple[State, Branch]:
    out = branch is excursion.outgoing
    if event.change is Change.NOTHING:
        return State.UNKNOWN, branch
    before = State.HRS if event.change is Change.SET else State.LRS
    after = State.LRS if event.change is Change.SET else State.HRS
    if not out:
        return after, branch
    if not np.isfinite(event.voltage):
        return State.UNKNOWN, branch
    # The samples next to the event already show a part of it.
    step = float(np.median(np.abs(np.diff(branch.voltage))))
    keep = branch.voltage < abs(event.voltage) - (NEIGHBOURS - 1) * step
    return before, Branch(voltage=branch.voltage[keep], current=branch.current[keep])


def _try(
    branch: Branch, film: Film | None, floor: float, limit: float | None, laws: tuple[type[Law], ...]
) -> tuple[ConductionFit | None, str]:
    if branch.voltage.size < FEWEST:
        return None, f"{branch.voltage.size} samples belong to this state; at least {FEWEST} are needed"
    try:
        fit = fit_conduction(
            branch.voltage,
            branch.current,
            film=film,
            noise_current=floor,
            compliance_current=limit,
            laws=laws,
        )
    except PinchedError as error:
        return None, str(error)
    return fit, fit.reason
