"""What `zamankhani2024.reproduce` computes, part by part: data, trainings, figures, speed."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from pinched._progress import Progress, Silent
from pinched._random import generator
from pinched.extraction.loops import loop_width
from pinched.physics.accuracy import Accuracy
from pinched.physics.dataset import simulate_dataset
from pinched.physics.drawn_waveforms import Waveforms
from pinched.physics.presets.zamankhani2024 import Restriction, zamankhani2024_ranges
from pinched.physics.solve import solve_each
from pinched.physics.summary import CONDUCTING
from pinched.surrogate.architecture import Architecture, Schedule
from pinched.surrogate.conditioned import Conditioned
from pinched.surrogate.evaluation import evaluate_surrogate
from pinched.surrogate.hdinn import HDiNN
from pinched.surrogate.metrics import Normalisation, log_current, score
from pinched.surrogate.model import Surrogate
from pinched.surrogate.residual import Direct
from pinched.surrogate.runs import Runs, joined, load_runs, split_runs
from pinched.surrogate.saved import load_surrogate, save_surrogate
from pinched.surrogate.training import train_surrogate

PAPER_RUNS = 1000
"""Runs of the paper, 70 % of which trained."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much is computed."""

    uniform: int = 40_000
    """Runs of the published table where it is resolved (set U)."""
    memristive: int = 60_000
    """Runs of the memristive window (set E)."""
    others: int = 6_000
    """Runs of the memristive window under waveforms of other kinds."""
    judged: int = 1000
    """Devices of each set that no training sees; at most 30 % of them."""
    hdinn_seeds: int = 5
    seeds: int = 5
    """Ensembles of the best architecture, each with its own seeds."""
    members: int = 2
    hdinn_epochs: int = 120
    best_epochs: int = 50
    any_epochs: int = 12
    any_triangles: int = 40_000
    """Triangles, a third of set U, that the network for any waveform learns beside the other waveforms."""
    sizes: tuple[int, ...] = (100, 300, 1000, 3000, 10_000)
    """Training runs of set E of the learning curves."""
    curve_epochs: int = 100
    timed_runs: int = 40
    """Runs of the engine that are timed."""
    timed_batch: int = 10_000
    """Devices that the surrogates are timed on."""


WHOLE = Plan()
FAST = Plan(
    uniform=PAPER_RUNS, memristive=1500, others=300, judged=300, hdinn_seeds=1, seeds=1, members=2, best_epochs=200,
    any_epochs=12, sizes=(100, 300, 1000), curve_epochs=40, timed_runs=12, timed_batch=2000,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """All sets, divided by device."""

    uniform: Runs
    uniform_test: Runs
    memristive: Runs
    memristive_test: Runs
    others: Runs
    """Of the memristive window too, other devices, under waveforms of other kinds."""
    others_test: Runs

    @property
    def training(self) -> Runs:
        """What the best network learns: both sets of triangles."""
        return joined(self.uniform, self.memristive)

    def mixed(self, triangles: int) -> Runs:
        """What the network for any waveform learns: the other waveforms, and at most `triangles` beside them."""
        few, many = round(triangles / 3), triangles - round(triangles / 3)
        return joined(
            self.uniform.take(np.arange(min(few, len(self.uniform)))),
            self.memristive.take(np.arange(min(many, len(self.memristive)))),
            self.others,
        )


def make_data(folder: Path, plan: Plan, seed: int, workers: int, progress: Progress) -> tuple[Data, float]:
    """All sets, simulated to `folder` (what is there is gone on with), and the wall time (s) that it took.

    The sets have seeds of their own and are divided by the seed 0, so that more seeds of networks judge on the same
    devices.
    """
    start = time.perf_counter()
    found = []
    for name, restriction, n, own, waveforms in (
        ("uniform", Restriction.RESOLVED, plan.uniform, 1, Waveforms.TRIANGLE),
        ("memristive", Restriction.MEMRISTIVE, plan.memristive, 2, Waveforms.TRIANGLE),
        ("others", Restriction.MEMRISTIVE, plan.others, 12, Waveforms.MIXED),
    ):
        store = simulate_dataset(
            zamankhani2024_ranges(restriction), n=n, seed=seed + own, out=folder / f"{name}.zarr",
            accuracy=Accuracy.fast, waveforms=waveforms, workers=workers, resume=True, progress=progress,
        )  # fmt: skip
        found.append(load_runs(store))
    seconds = time.perf_counter() - start
    return divided(found[0], found[1], found[2], plan), seconds


def divided(uniform: Runs, memristive: Runs, others: Runs, plan: Plan) -> Data:
    """All sets divided by device."""
    parts = []
    for runs in (uniform, memristive, others):
        split = split_runs(runs, test=min(0.3, plan.judged / len(runs)), seed=0)
        parts += [runs.take(split.training), runs.take(split.test)]
    return Data(*parts)


def trained(
    name: str, runs: Runs, architecture: Architecture, schedule: Schedule, *, members: int = 1, seed: int,
    folder: Path | None, progress: Progress,
) -> Surrogate:  # fmt: skip
    """The surrogate `name`: from `folder`/models, or trained and kept there. Early stopping needs held-back runs,
    which the published network does not have: it trains to the end."""
    place = None if folder is None else folder / "models" / name
    if place is not None and place.is_dir():
        return load_surrogate(place)
    plain = isinstance(architecture, HDiNN)
    found = train_surrogate(
        runs, architecture, schedule=schedule.suited(len(runs)), members=members,
        validation=0.0 if plain else 0.06, seed=seed,
        checkpoint=None if place is None else place.with_name(f"{name}.state"), progress=progress,
    )  # fmt: skip
    if place is not None:
        save_surrogate(found, place)
    return found


def hdinn(data: Data, plan: Plan, seed: int, folder: Path | None, progress: Progress) -> dict[str, Any]:
    """The published network on 700 runs of each set, as the paper trains it; figures on the held-back devices."""
    out: dict[str, Any] = {}
    for name, learn, judge in (
        ("u", data.uniform, data.uniform_test),
        ("e", data.memristive, data.memristive_test),
    ):
        few = learn.take(np.arange(min(len(learn), round(0.7 * PAPER_RUNS))))
        plain = HDiNN()
        schedule = dataclasses.replace(plain.schedule, epochs=plan.hdinn_epochs)
        net = trained(
            f"hdinn_{name}_{seed}", few, plain, schedule, seed=seed, folder=folder, progress=progress
        )
        found = evaluate_surrogate(net, judge, few)
        low, high = net.scaling.arrays["output"]
        seen = net.architecture.thinned(judge, seed)
        predicted = net.predict(seen, warn=False)
        out[name] = found.record() | {
            "train_seconds": net.train_seconds, "training_runs": len(few), "decades": float(high - low),
            "per_run": _per_run(predicted, seen, high - low),
            "by_length": by_length(predicted, seen, high - low), "curves": curves(net, judge),
        }  # fmt: skip
    return out


def best(
    data: Data, plan: Plan, architecture: Direct | Conditioned, seed: int, folder: Path | None, progress: Progress
) -> dict[str, Any]:  # fmt: skip
    """The networks that correct formulas, on runs of both sets; figures on the same devices, and for `Conditioned`
    on the other waveforms too."""
    judges = {"u": data.uniform_test, "e": data.memristive_test}
    if isinstance(architecture, Direct):
        epochs, learn, members = plan.best_epochs, data.training, plan.members
    else:
        epochs, learn, members = plan.any_epochs, data.mixed(plan.any_triangles), 1
        judges["others"] = data.others_test
    schedule = dataclasses.replace(architecture.schedule, epochs=epochs)
    # Members take consecutive seeds: no two ensembles share one.
    net = trained(
        f"{architecture.kind}_{seed}", learn, architecture, schedule, members=members, seed=seed * members,
        folder=folder, progress=progress,
    )  # fmt: skip
    out: dict[str, Any] = {"train_seconds": net.train_seconds, "training_runs": len(learn)}
    for name, judge in judges.items():
        found = evaluate_surrogate(net, judge, learn)
        predicted = net.predict(judge, warn=False)
        # The published network sees a fifth of the samples: the comparison is on those.
        shared = HDiNN().thinned(judge, seed)
        own = HDiNN().thinned(dataclasses.replace(judge, current=predicted), seed)
        there = score(architecture.kind, own.current, shared, learn)
        scale = float(np.ptp(_log_conductance(learn)))
        out[name] = found.record() | {
            "r2_on_the_samples_of_hdinn": there.errors[Normalisation.LOG_CONDUCTANCE].r2,
            "per_run": _per_run(predicted, judge, scale), "by_length": by_length(predicted, judge, scale),
            "curves": curves(net, judge),
        }  # fmt: skip
    return out


def _log_conductance(runs: Runs) -> Float[np.ndarray, "run time"]:
    return log_current(runs.current) - np.log10(np.maximum(np.abs(runs.voltage), 1e-12))


def _per_run(predicted: np.ndarray, truth: Runs, scale: float) -> list[float]:
    """MSE of each run in log conductance over `scale` (decades): what figure 2 shows."""
    off = (log_current(predicted) - log_current(truth.current)) / scale
    return [float(v) for v in (off**2).mean(axis=1)]


def by_length(predicted: np.ndarray, truth: Runs, scale: float) -> dict[str, list[float]]:
    """MSE over the first tenth, two tenths, ... of the samples of every run: figure 4a."""
    off = ((log_current(predicted) - log_current(truth.current)) / scale) ** 2
    shares = np.arange(1, 11) / 10
    ends = [max(1, round(s * off.shape[1])) for s in shares]
    return {"share": shares.tolist(), "mse": [float(off[:, :end].mean()) for end in ends]}


def chosen_devices(judge: Runs) -> list[int]:
    """The conducting runs whose loop width is the widest, the median and the 90th percentile of loops above 5 %."""
    width = loop_width(judge.voltage, judge.current)
    width = np.where(np.abs(judge.current).max(axis=1) > CONDUCTING, width, 0.0)
    loops = np.flatnonzero(width > 0.05)
    order = loops if loops.size >= 3 else np.arange(len(judge))
    order = order[np.argsort(width[order])]
    return [int(order[k]) for k in (order.size // 2, round(0.9 * (order.size - 1)), order.size - 1)]


def curves(net: Surrogate, judge: Runs) -> list[dict[str, Any]]:
    """Voltage, true and predicted current of the chosen devices: figure 3."""
    runs = net.architecture.thinned(judge.take(np.array(chosen_devices(judge))), net.seed)
    predicted = net.predict(runs, warn=False)
    return [
        {"voltage": v.tolist(), "current": i.tolist(), "predicted": p.tolist()}
        for v, i, p in zip(runs.voltage, runs.current, predicted, strict=True)
    ]


def learning_curve(data: Data, plan: Plan, seed: int, progress: Progress) -> dict[str, Any]:
    """MSE (in log conductance, both on one scale) against the number of training runs of set E: figure 4b."""
    sizes = [n for n in plan.sizes if n < len(data.memristive)] + [len(data.memristive)]
    order = generator(seed, "learning curve").permutation(len(data.memristive))
    scale = float(np.ptp(_log_conductance(data.memristive)))
    rows: dict[str, Any] = {"runs": sizes, "hdinn": [], "best": [], "best_nrmse": []}
    for n in progress.track(sizes, "learning curve", len(sizes)):
        few = data.memristive.take(np.sort(order[:n]))
        for name, architecture in (("hdinn", HDiNN()), ("best", Direct())):
            # Equal numbers of steps would starve the large sets, equal epochs the small ones: between the two.
            epochs = max(4, round(plan.curve_epochs * min(1.0, (1000 / n) ** 0.5)))
            plain = architecture.schedule
            schedule = dataclasses.replace(plain, epochs=epochs)
            net = trained("", few, architecture, schedule, seed=seed, folder=None, progress=Silent())
            seen = architecture.thinned(data.memristive_test, seed)
            predicted = net.predict(seen, warn=False)
            rows[name].append(float(np.mean(_per_run(predicted, seen, scale))))
            if name == "best":
                rows["best_nrmse"].append(score(name, predicted, seen, few).nrmse.median)
    return rows


def speeds(data: Data, plan: Plan, seed: int, folder: Path | None, progress: Progress) -> dict[str, float]:
    """CPU time (s) per device: of the engine, and of surrogates in a batch and alone; one thread, one machine.

    Without a folder networks are trained for one epoch: how fast they answer does not hang on what they know.
    """
    ranges = zamankhani2024_ranges(Restriction.MEMRISTIVE)
    judge = data.memristive_test
    rows = np.stack([judge.column(name) for name in ranges.names], axis=1)
    made = [ranges.device(row) for row in rows[: plan.timed_runs + 1]]
    engine = solve_each([d for d, _ in made], [w for _, w in made], accuracy=Accuracy.fast, workers=1)
    next(engine)  # compiles, or reads what was compiled
    start = time.process_time()
    count = sum(1 for _ in engine)
    found = {"engine": (time.process_time() - start) / count}
    draw = generator(seed, "speed").integers(len(judge), size=plan.timed_batch)
    many, one = judge.take(draw), judge.take(draw[:1])
    for name, architecture in (("best", Direct()), ("any", Conditioned())):
        kept = None if folder is None else folder / "models" / f"{architecture.kind}_{seed}"
        if kept is not None and kept.is_dir():
            net = load_surrogate(kept)
        else:
            once = dataclasses.replace(architecture.schedule, epochs=1, batch=min(32, len(judge)))
            members = plan.members if name == "best" else 1
            net = train_surrogate(judge, architecture, schedule=once, members=members, progress=progress)
        # One network of an ensemble and all of them: a mean of three takes three times one.
        single = dataclasses.replace(net, networks=net.networks[:1])
        for label, which in ((name, net), (f"{name}_single", single)):
            which.predict(one, warn=False)
            for what, runs, times in (("batch", many, 1), ("alone", one, 10)):
                start = time.process_time()
                for _ in range(times):
                    which.predict(runs, warn=False)
                found[f"{label}_{what}"] = (time.process_time() - start) / times / len(runs)
    return found


def finite(values: Any) -> Any:
    """`values` with None for what is not finite: a set without loops has no error of loops, and JSON has no NaN."""
    if isinstance(values, dict):
        return {str(key): finite(item) for key, item in values.items()}
    if isinstance(values, list | tuple):
        return [finite(item) for item in values]
    if isinstance(values, np.generic):
        return finite(values.item())
    if isinstance(values, float):
        return values if np.isfinite(values) else None
    return values
