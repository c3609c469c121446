"""`simulate_dataset`: many devices drawn from ranges, solved and kept in a store that can be gone on with.

Draws have addresses: run i is the i-th point of a scrambled Sobol sequence that its ranges accept, so it is the same
device whatever `n` is, on any machine. Runs are solved in blocks by all cores, or by a Dask cluster, and written
as they come. A run that fails, or that misses a gate of quality, stays in the store with the reason.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from pinched._cores import cores
from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched._progress import Progress, Silent
from pinched._random import generator
from pinched.data.waveforms import Waveform
from pinched.physics.accuracy import Accuracy
from pinched.physics.drawn_waveforms import FEWEST, KINDS, Waveforms, drawn_moments, drawn_waveform, kind_of
from pinched.physics.ranges import ParameterRanges
from pinched.physics.run import TransportRun
from pinched.physics.solve import solve_each
from pinched.physics.store import (
    Column,
    Layout,
    RunStore,
    Status,
    continue_store,
    create_store,
    locked,
    open_runs,
)

if TYPE_CHECKING:
    import xarray

ENGINE = 1
"""Raised whenever the numbers of a run change: runs of two engines never stand in one store."""

BLOCK = 32
"""Runs that are written together, and at most lost when a process is killed: about a second of work."""

_BATCH = 4096
"""Points of the Sobol sequence that are looked at together; a power of two keeps the sequence balanced."""

_FEWEST = 1e-5
"""Ranges that accept a smaller share of their draws than this are refused: their box is the wrong one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gates:
    """What a finished run must meet to be kept; see `Quality.passes`."""

    mismatch: float = quantity(1e-2, "1", r"\delta I", "largest difference of the two contacts' currents")
    balance: float = quantity(1e-3, "1", r"\delta N_x", "largest relative change of the number of vacancies")
    counted_above: float = quantity(
        1e14, "1/m^3", r"\bar n_x", "mean density of vacancies below which their balance is not looked at"
    )

    def __post_init__(self) -> None:
        require(
            self, min(self.mismatch, self.balance) > 0 and self.counted_above >= 0,
            f"mismatch {self.mismatch}, balance {self.balance}, counted_above {self.counted_above}: all are above 0.",
        )  # fmt: skip


_RESULTS = (
    Column(name="elapsed", unit="s", meaning="time since the start of the waveform", trace=True),
    Column(name="voltage", unit="V", meaning="voltage on the right contact", trace=True),
    Column(name="current", unit="A", meaning="current into the right contact", trace=True),
    Column(
        name="current_mismatch", unit="1", meaning="largest difference of the contacts' currents, relative"
    ),
    Column(name="vacancy_balance", unit="1", meaning="largest relative change of the number of vacancies"),
    Column(name="vacancy_density", unit="1/m^3", meaning="mean density of vacancies at the start"),
    Column(
        name="steepest_cell", unit="kT/q", meaning="largest drop of the equilibrium potential over one cell"
    ),
    Column(name="steps", unit="1", meaning="time steps", type="i4"),
    Column(name="newton_iterations", unit="1", meaning="Newton iterations of all steps", type="i4"),
    Column(name="reached", unit="s", meaning="time that the run reached"),
    Column(name="reason", unit="1", meaning="why the run failed or was rejected", type="str"),
)

_KIND = Column(
    name="waveform", unit="1", meaning="kind of the waveform that was drawn", type="i1",
    flags=tuple(kind.name.lower() for kind in KINDS),
)  # fmt: skip

Batch = tuple[int, Float[np.ndarray, "run parameter"]]
"""Number of the first run of a block, and the values of all of them."""


def _results(waveforms: Waveforms) -> tuple[Column, ...]:
    return _RESULTS if waveforms is Waveforms.TRIANGLE else (*_RESULTS, _KIND)


def draws(ranges: ParameterRanges, n: int, seed: int) -> Float[np.ndarray, "run parameter"]:
    """The first `n` accepted points of the Sobol sequence of `seed` in `ranges`; row i does not depend on `n`.

    Raises `PinchedError` for `n` below 1 and for ranges that accept next to nothing.
    """
    from scipy.stats.qmc import Sobol

    if n < 1:
        raise PinchedError(f"n is {n}; at least 1 run is needed.")
    scramble = int(generator(seed, "draws", ranges.name).integers(2**63))
    sequence = Sobol(len(ranges.parameters), scramble=True, rng=scramble)
    found: list[np.ndarray] = []
    kept = looked = 0
    while kept < n:
        values = ranges.at(sequence.random(_BATCH))
        good = values[ranges.kept(values)]
        found.append(good)
        kept, looked = kept + len(good), looked + _BATCH
        if kept < _FEWEST * looked - 1:
            raise PinchedError(
                f"{ranges.name}: {kept} of {looked} draws were accepted ({ranges.restriction or 'no restriction'}). "
                "Choose ranges whose box lies closer to what is wanted."
            )
    return np.concatenate(found)[:n]


def simulate_dataset(
    ranges: ParameterRanges,
    *,
    n: int,
    seed: int = 0,
    out: str | Path,
    accuracy: Accuracy = Accuracy.fast,
    samples: int = 200,
    waveforms: Waveforms = Waveforms.TRIANGLE,
    gates: Gates | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> xarray.Dataset:
    """`n` runs of devices drawn from `ranges`, in the Zarr store `out`; returns it open (see `open_runs`).

    Each run keeps `samples` values of its current at evenly spaced times, none of them an end of the waveform, by
    linear interpolation of the steps. Other `waveforms` than that of the ranges are drawn for each run, with its
    largest voltage and its duration, and kept at uneven times of their own; the devices stay the same. `workers`
    threads solve (all cores when None), or the Dask cluster at the address `scheduler`. With `resume` a store that is
    there is gone on with: whole runs are kept, `n` may have grown.

    Raises `PinchedError` for a store of something else, one that another process writes, and for packages that are
    not installed; `OSError` for a full disk, after which `resume` goes on.
    """
    if samples < 2:
        raise PinchedError(f"samples is {samples}; at least 2 per run are needed.")
    if waveforms is not Waveforms.TRIANGLE and samples < FEWEST:
        raise PinchedError(f"samples is {samples}; drawn waveforms need at least {FEWEST} per run.")
    gates, path = gates or Gates(), Path(out)
    values = draws(ranges, n, seed)
    layout = Layout(
        runs=n, samples=samples, block=BLOCK, columns=(*_parameters(ranges), *_results(waveforms)),
        origin=_origin(ranges, seed, accuracy, samples, gates, waveforms),
    )  # fmt: skip
    with locked(path):
        opened = continue_store if resume and path.exists() else create_store
        store = opened(path, layout, {name: values[:, k] for k, name in enumerate(ranges.names)})
        if store.layout.runs > n:
            values = draws(ranges, store.layout.runs, seed)
        work = functools.partial(_block, ranges, accuracy, samples, gates, waveforms, seed)
        missing = store.missing()
        batches = [(block.start, values[block.start : block.stop]) for block in missing]
        if scheduler is None:
            solved = _here(work, batches, cores() if workers is None else workers)
        else:
            solved = _on_cluster(work, batches, scheduler)
        _written(store, missing, solved, progress or Silent())
    return open_runs(path)


def _written(
    store: RunStore,
    missing: list[range],
    solved: Iterator[tuple[int, dict[str, np.ndarray]]],
    progress: Progress,
) -> None:
    def runs() -> Iterator[None]:
        for k, columns in solved:
            store.write(missing[k], columns)
            yield from [None] * len(missing[k])

    for _ in progress.track(runs(), "simulating", sum(map(len, missing))):
        pass


def _here(work: Any, batches: Sequence[Batch], workers: int) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    if workers < 1:
        raise PinchedError(f"workers is {workers}; at least 1 is needed, or None for all cores.")
    from concurrent.futures import ThreadPoolExecutor

    # The compiled loop lets other threads run. A block is one job, so that a slow device holds up its block alone.
    with ThreadPoolExecutor(workers) as pool:
        waiting: dict[Any, int] = {}
        rest = iter(enumerate(batches))
        try:
            while True:
                for k, batch in rest:
                    waiting[pool.submit(work, batch)] = k
                    if len(waiting) >= 2 * workers:
                        break
                if not waiting:
                    return
                done = _first(waiting)
                yield waiting.pop(done), done.result()
        finally:
            for job in waiting:
                job.cancel()


def _first(jobs: dict[Any, int]) -> Any:
    from concurrent.futures import FIRST_COMPLETED, wait

    return next(iter(wait(jobs, return_when=FIRST_COMPLETED).done))


def _on_cluster(
    work: Any, batches: Sequence[Batch], address: str
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise PinchedError(
            "Dask is not installed, so there is no cluster to send runs to. Run `pip install 'pinched[cluster]'`, or "
            "leave the scheduler out."
        ) from error
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise PinchedError(
            f"no Dask scheduler answers at {address} ({error}). Start one with `dask scheduler`, or leave it out."
        ) from error
    with client:
        jobs = {client.submit(work, batch, pure=False): k for k, batch in enumerate(batches)}
        for job in as_completed(list(jobs)):
            yield jobs[job], job.result()


def _block(
    ranges: ParameterRanges,
    accuracy: Accuracy,
    samples: int,
    gates: Gates,
    waveforms: Waveforms,
    seed: int,
    batch: Batch,
) -> dict[str, np.ndarray]:
    """Columns of one block of the store."""
    first, rows = batch
    made = [ranges.device(row) for row in rows]
    driven = [_driven(waveforms, w, samples, seed, first + k) for k, (_, w) in enumerate(made)]
    runs = solve_each([d for d, _ in made], [w for _, w, _ in driven], accuracy=accuracy, workers=1)
    found: list[dict[str, Any]] = []
    for run, (kind, wave, at) in zip(runs, driven, strict=True):
        status, reason = _judged(run, gates)
        found.append({
            "elapsed": at - wave.time[0],
            "voltage": wave.at(at),
            "current": _at(run, at),
            "current_mismatch": run.quality.current_mismatch,
            "vacancy_balance": run.quality.vacancy_balance,
            "vacancy_density": run.quality.vacancy_density,
            "steepest_cell": run.quality.steepest_cell,
            "steps": run.quality.steps,
            "newton_iterations": run.quality.newton_iterations,
            "reached": float(run.time[-1]) if run.time is not None and run.time.size else 0.0,
            "reason": reason,
            "status": int(status),
            _KIND.name: KINDS.index(kind) if kind in KINDS else -1,
        })  # fmt: skip
    types = {column.name: column.type for column in _results(waveforms)} | {"status": "i1"}
    return {
        name: np.array([row[name] for row in found], dtype=object if kind == "str" else kind)
        for name, kind in types.items()
    }


def _driven(
    waveforms: Waveforms, plain: Waveform, samples: int, seed: int, run: int
) -> tuple[Waveforms, Waveform, Float[np.ndarray, " sample"]]:
    """Kind, waveform and moments (s) of one run, `plain` the waveform of its ranges."""
    if waveforms is Waveforms.TRIANGLE:
        return waveforms, plain, plain.middles(samples)
    rng = generator(seed, "waveform", run)
    kind = kind_of(waveforms, rng)
    wave = drawn_waveform(kind, plain, rng)
    return kind, wave, drawn_moments(wave, samples, rng)


def _at(run: TransportRun, at: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " sample"]:
    if run.time is None or run.time.size < 2:
        return np.full(at.size, np.nan)
    return np.interp(at, run.time, run.current, right=np.nan)


def _judged(run: TransportRun, gates: Gates) -> tuple[Status, str]:
    if not run.finished:
        return Status.FAILED, run.why
    q = run.quality
    if not np.isfinite(run.current).all():
        return Status.FAILED, "a current is not finite"
    if q.passes(mismatch=gates.mismatch, balance=gates.balance, counted_above=gates.counted_above):
        return Status.KEPT, ""
    if q.current_mismatch >= gates.mismatch:
        return Status.REJECTED, f"the contacts' currents differ by {q.current_mismatch:.2g} of the current"
    return Status.REJECTED, f"the number of vacancies changes by {q.vacancy_balance:.2g}"


def _parameters(ranges: ParameterRanges) -> tuple[Column, ...]:
    return tuple(
        Column(name=p.name, unit=p.unit, meaning=f"from {p.low:g} to {p.high:g} {p.unit}", parameter=True)
        for p in ranges.parameters
    )


def _origin(
    ranges: ParameterRanges, seed: int, accuracy: Accuracy, samples: int, gates: Gates, waveforms: Waveforms
) -> dict[str, Any]:
    # A store of the plain waveform does not name it, as those that were begun before there were others.
    drawn = {} if waveforms is Waveforms.TRIANGLE else {"waveforms": waveforms.name.lower()}
    return drawn | {
        "engine": ENGINE,
        "ranges": ranges.name,
        "source": ranges.source,
        "restriction": ranges.restriction,
        "parameters": {
            p.name: [p.low, p.high, "log" if p.logarithmic else "linear"] for p in ranges.parameters
        },
        "common": dataclasses.asdict(ranges.common),
        "seed": seed,
        "samples": samples,
        "accuracy": dataclasses.asdict(accuracy) | {"steps_by": type(accuracy.steps).__name__},
        "gates": dataclasses.asdict(gates),
    }
