r"""Active learning: runs are added where an ensemble disagrees, and not wherever a draw falls.

`disagreement` says how far the members of an ensemble are apart on each device, which takes no run of the engine;
`choose_runs` takes a batch of a pool by it; `learn_actively` trains, chooses, asks an oracle for the currents and
trains again. `grow_surrogate` is that loop with draws of ranges as the pool and the engine as the oracle.

A batch of the devices with the largest disagreement is full of near twins: each of them would teach what the others
do. `choose_runs` therefore draws in proportion to a power of the disagreement (kirsch2023stochastic), which costs
nothing and leaves a chance to devices that the ensemble is wrongly sure of. The noise belongs to the address of a
candidate: a device gets the same draw whatever else is still in the pool.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched._progress import Progress
from pinched._random import generator
from pinched.extraction.loops import loop_width
from pinched.physics.accuracy import Accuracy
from pinched.physics.dataset import draws, simulate_dataset
from pinched.physics.ranges import ParameterRanges
from pinched.surrogate.architecture import Architecture, Schedule
from pinched.surrogate.model import Surrogate
from pinched.surrogate.runs import Runs, joined, load_runs
from pinched.surrogate.training import train_surrogate

Oracle = Callable[[Int[np.ndarray, " chosen"]], Runs]
"""Runs of the candidates at these addresses; those that the engine cannot finish are left out."""


class Disagreement(Enum):
    """In what the members of an ensemble are compared."""

    DECADES = "root mean square over the samples of the spread of log10 |I| (decades)"
    CURRENT = "root mean square of the spread of I over the span of the mean loop, at most 1"
    LOOPS = "decades, times the width of the mean loop (and a twentieth, so that diodes count too)"


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveOptions:
    """How runs are chosen."""

    source: ClassVar[str] = "kirsch2023stochastic"

    start: int = 400
    """Runs that are drawn at random before the first ensemble."""
    rounds: tuple[int, ...] = (400, 800)
    """Runs that each round adds."""
    measure: Disagreement = Disagreement.DECADES
    power: float = quantity(
        4.0,
        "1",
        r"\beta",
        "power of the disagreement that a draw is proportional to: 0 random, inf the largest",
    )
    members: int = 3

    def __post_init__(self) -> None:
        require(
            self, self.start >= 1 and min(self.rounds, default=1) >= 1 and self.power >= 0 and self.members >= 2,
            f"start {self.start}, rounds {self.rounds}, power {self.power}, members {self.members}: counts start at "
            "1, an ensemble that can disagree at 2, the power at 0.",
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """What the loop stands at after a training."""

    surrogate: Surrogate
    runs: Runs
    """All runs that trained it."""
    chosen: Int[np.ndarray, " chosen"]
    """Addresses of the candidates that the last round asked for, rising."""


def disagreement(
    surrogate: Surrogate, candidates: Runs, measure: Disagreement = Disagreement.DECADES
) -> Float[np.ndarray, " run"]:
    """How far the members of `surrogate` are apart on each of `candidates`; their currents are not looked at.

    Raises `PinchedError` for a single network, which cannot disagree.
    """
    if len(surrogate.networks) < 2:
        raise PinchedError("one network cannot disagree with itself. Train an ensemble (members=3).")
    spread = surrogate.spread(candidates)
    decades = np.sqrt((spread**2).mean(axis=1))
    if measure is Disagreement.DECADES:
        return decades
    mean = surrogate.predict(candidates, warn=False)
    if measure is Disagreement.LOOPS:
        return decades * (0.05 + loop_width(candidates.voltage, mean))
    # A spread of s decades is one of ln(10) s of the current; members that differ by more say no more.
    off = np.sqrt(((mean * np.log(10.0) * spread) ** 2).mean(axis=1))
    return np.minimum(off / np.maximum(np.ptp(mean, axis=1), 1e-300), 1.0)


def choose_runs(
    surrogate: Surrogate,
    pool: Runs,
    count: int,
    *,
    taken: Int[np.ndarray, " taken"],
    options: ActiveOptions | None = None,
    seed: int = 0,
) -> Int[np.ndarray, " chosen"]:
    """Addresses (indices into `pool`, rising) of the `count` candidates to be run next; none of `taken`.

    Raises `PinchedError` where fewer are left.
    """
    chosen = options or ActiveOptions()
    free = np.setdiff1d(np.arange(len(pool)), taken)
    if count > free.size:
        raise PinchedError(
            f"{count} candidates are wanted, {free.size} of the {len(pool)} are not taken yet. Take a larger pool."
        )
    apart = np.log(np.maximum(disagreement(surrogate, pool.take(free), chosen.measure), 1e-300))
    # The largest of Gumbel noise plus logarithms are a draw without replacement in proportion.
    noise = generator(seed, "active", len(taken)).gumbel(size=len(pool))[free]
    key = apart + noise / chosen.power if chosen.power > 0 else noise
    return np.sort(free[np.argsort(-key, kind="stable")[:count]])


def learn_actively(
    pool: Runs,
    oracle: Oracle,
    architecture: Architecture,
    *,
    options: ActiveOptions | None = None,
    schedule: Schedule | None = None,
    validation: float = 0.0,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Round]:
    """Train on the first runs of `pool`, then again and again with what `oracle` answers on the candidates chosen.

    The currents of `pool` are not looked at. The first runs are those of the lowest addresses: a pool of draws is in
    no order. Batches are at most an eighth of the runs. Returns what each training gave, one more than there are
    rounds. In the folder `checkpoint` every training is kept as `train_surrogate` keeps it, and not done again.

    Raises `PinchedError` for a pool that is too small and for what the training refuses.
    """
    chosen = options or ActiveOptions()
    if sum(chosen.rounds) + chosen.start > len(pool):
        raise PinchedError(
            f"{chosen.start} runs to begin with and rounds of {chosen.rounds} need more than {len(pool)} candidates."
        )
    asked = np.arange(chosen.start)
    taken, runs, found = asked, oracle(asked), list[Round]()
    given = schedule or architecture.schedule
    for turn, count in enumerate((*chosen.rounds, 0)):
        # Few runs in large batches would be few steps, and what disagrees would be networks that have hardly begun.
        plan = dataclasses.replace(given, batch=min(given.batch, max(16, len(runs) // 8)))
        net = train_surrogate(
            runs, architecture, schedule=plan, members=chosen.members, validation=validation, seed=seed,
            checkpoint=None if checkpoint is None else Path(checkpoint) / f"round_{turn}", progress=progress,
        )  # fmt: skip
        found.append(Round(net, runs, asked))
        if count:
            asked = choose_runs(net, pool, count, taken=taken, options=chosen, seed=seed)
            taken, runs = np.concatenate([taken, asked]), joined(runs, oracle(asked))
    return found


def grow_surrogate(
    ranges: ParameterRanges,
    architecture: Architecture,
    *,
    out: str | Path,
    candidates: int = 10_000,
    options: ActiveOptions | None = None,
    schedule: Schedule | None = None,
    accuracy: Accuracy = Accuracy.fast,
    samples: int = 200,
    validation: float = 0.1,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Round]:
    """An ensemble on devices of `ranges` that it chooses itself: `learn_actively` with the engine as the oracle.

    The pool is the first `candidates` draws of the sequence of `seed`, as `simulate_dataset` draws them. The runs of
    each round are a store of their own in the folder `out` (`round_0.zarr`, ...), beside the states of the trainings
    (`state`): a stopped growth goes on there when it is called again.

    Raises `PinchedError` for a folder of another growth, and for what simulation and training refuse.
    """
    chosen, folder = options or ActiveOptions(), Path(out)
    values = draws(ranges, candidates, seed)
    pool = _candidates(ranges, values, samples)
    number = iter(range(len(chosen.rounds) + 1))

    def oracle(at: Int[np.ndarray, " chosen"]) -> Runs:
        some = chosen_draws(ranges, values[at])
        return load_runs(
            simulate_dataset(
                some, n=at.size, seed=seed, out=folder / f"round_{next(number)}.zarr", accuracy=accuracy,
                samples=samples, workers=workers, resume=True, progress=progress,
            )
        )  # fmt: skip

    return learn_actively(
        pool, oracle, architecture, options=chosen, schedule=schedule, validation=validation, seed=seed,
        checkpoint=folder / "state", progress=progress,
    )  # fmt: skip


def chosen_draws(ranges: ParameterRanges, values: Float[np.ndarray, "chosen parameter"]) -> ParameterRanges:
    """`ranges` that accept the draws `values` alone, for `simulate_dataset` to make them with all that it does.

    What was chosen is named in the restriction, so that a store of another choice is not gone on with.
    """
    first = np.unique(values[:, 0])
    known = {row.tobytes() for row in np.ascontiguousarray(values)}

    def accepts(columns: dict[str, Float[np.ndarray, " draw"]]) -> np.ndarray:
        found = np.isin(columns[ranges.names[0]], first)
        for k in np.flatnonzero(found):
            found[k] = np.array([columns[name][k] for name in ranges.names]).tobytes() in known
        return found

    mark = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]
    said = f"{ranges.restriction}; {len(values)} draws that were chosen ({mark})"
    return dataclasses.replace(ranges, accepts=accepts, restriction=said)


def _candidates(ranges: ParameterRanges, values: Float[np.ndarray, "draw parameter"], samples: int) -> Runs:
    """Draws as runs whose current is not known."""
    waves = [ranges.device(row)[1] for row in values]
    at = np.stack([w.middles(samples) for w in waves])
    order = np.argsort(ranges.names)
    units = [item.unit for item in ranges.parameters]
    return Runs(
        parameters=values[:, order], names=tuple(ranges.names[k] for k in order),
        units=tuple(units[k] for k in order), elapsed=at - np.array([[w.time[0]] for w in waves]),
        voltage=np.stack([w.at(t) for w, t in zip(waves, at, strict=True)]), current=np.zeros(at.shape),
        common=ranges.common, source=ranges.name,
    )  # fmt: skip
