"""roy2025quantum: quantized conductance of graphene/BiFeO3 memristors, and networks of its levels.

`reproduce` (`pinched reproduce roy2025`) recomputes what can be recomputed without the paper's files: the surface
charge of Fig. 4 by tight binding, levels and pulse series of Figs. 5 and 6 by the filament law, the nonlinearity of
Fig. 7b, and the network of Fig. 7 on MNIST and CIFAR-10: in float, written onto levels, trained in devices. What the
paper leaves open (activation, optimizer, split, how a conductance enters the training) is chosen here and said;
docs/quantized_conductance.md has the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pinched._files import check_output, write_text
from pinched._progress import Progress, Silent
from pinched._random import generator
from pinched.constants import G_0
from pinched.devices.filament import FilamentCircuit, pulse_filaments
from pinched.devices.presets.roy2025 import ROY2025_SERIES, roy2025
from pinched.extraction.calibration.plateaus import NOISES, score_plateaus, score_smooth, smooth_curves
from pinched.extraction.calibration.synapses import LABELS, synapse_traces
from pinched.extraction.nonlinearity import Convention
from pinched.extraction.synapse import fit_synapse
from pinched.networks._threads import one_thread
from pinched.papers import roy2025_graphene as graphene
from pinched.papers import roy2025_images as images
from pinched.papers.marraccini2025_mnist import find_mnist
from pinched.papers.parts import Job, Parts, begun
from pinched.papers.roy2025_table import as_text
from pinched.report.numbers import to_json

MARK = "options.json"
"""A folder that holds this file was written by `reproduce` and may be continued."""

SEEDS = 5
"""Seeds of MNIST of a whole run; `fast` takes one, CIFAR-10 always one."""

Values = dict[str, Any]


def reproduce(
    out: Path | None = None,
    *,
    data: Path | None = None,
    fast: bool = False,
    epochs: int | None = None,
    seeds: int | None = None,
    larger: bool = False,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Values:
    """Every number of the paper that can be recomputed, ready for JSON; with `out` written there, figures and all.

    `data` is a folder with `mnist/` and `cifar10/`; what is not there is None, and `left_out` says so. `epochs` is
    that of every training (by default 5 on MNIST, 30 on CIFAR-10, 20 for the larger network), `seeds` how many
    networks for MNIST; `larger` trains a larger network on CIFAR-10 too, for hours. `fast` takes fewer of all and
    lists them in `shortened`.
    With more than one of `workers` networks are trained by other processes. A run that was stopped goes on from its
    parts, a training from its last whole epoch. Raises `PinchedError` for a folder that is not ours, and for data
    that are damaged.
    """
    with one_thread():
        return _reproduce(out, data, fast, epochs, seeds, larger, seed, workers, progress or Silent())


def _reproduce(
    out: Path | None,
    data: Path | None,
    fast: bool,
    epochs: int | None,
    seeds: int | None,
    larger: bool,
    seed: int,
    workers: int,
    tracker: Progress,
) -> Values:
    if out is not None:
        check_output(out, mark=MARK)
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / MARK, to_json({"paper": "roy2025", "fast": fast, "seed": seed}))
    parts = Parts(None if out is None else out / "parts")
    keep = None if out is None else str(out / "parts")
    count = seeds or (1 if fast else SEEDS)
    left_out: list[str] = []
    digits, colours = find_mnist(data), _find_cifar(data)
    jobs: list[Job] = []
    if digits is None:
        left_out.append("mnist: no MNIST files; give --data with the folder of the four IDX files.")
    else:
        jobs += _mnist_jobs(digits, fast, epochs, range(seed, seed + count), keep)
    if colours is None:
        left_out.append(
            "cifar: no cifar10_train_jpeg.npz; give --data with the folder of the CIFAR-10 files."
        )
    else:
        # The longest first: beside them the others fill the time of the other processes.
        jobs = _cifar_jobs(colours, fast, epochs, seed, keep, larger) + jobs
    with begun(parts, jobs, workers) as elsewhere:
        options: Values = {"fast": fast, "seed": seed}
        found: Values = {
            "paper": "roy2025quantum",
            "seed": seed,
            "seeds": count,
            "fast": fast,
            "levels": parts.get("levels", options, lambda: levels(fast=fast, seed=seed, progress=tracker)),
            "nonlinearity": parts.get(
                "nonlinearity", options, lambda: nonlinearity(20 if fast else 200, seed=seed)
            ),
            "graphene": parts.get("graphene", {"fast": fast}, lambda: _graphene(out, fast, tracker)),
        }
        done = [*tracker.track(elsewhere, "networks", len(jobs))] if jobs else []
    by_name = {job.name: result for job, result in zip(jobs, done, strict=True)}
    found["mnist"] = _mnist(by_name)
    found["cifar"] = _cifar(by_name)
    found["shortened"] = _shortened(digits is not None, colours is not None) if fast else []
    found["left_out"] = left_out
    if out is not None:
        write_text(out / "numbers.json", to_json(found))
        write_text(out / "table.md", as_text(found))
        # Not above: matplotlib takes half a second that a caller without a folder need not wait.
        from pinched.papers.roy2025_figures import write_figures

        write_figures(found, out)
    return found


def _find_cifar(data: Path | None) -> Path | None:
    if data is None:
        return None
    for folder in (data, data / "cifar10", data / "datasets" / "cifar10"):
        if all((folder / f"cifar10_{split}_jpeg.npz").is_file() for split in ("train", "test")):
            return folder
    return None


# The device -------------------------------------------------------------------------------------------------


def levels(*, fast: bool, seed: int, progress: Progress) -> Values:
    """Highest level of the simulated pulse series, plateaus recovered, and steps found where there are none."""
    devices = 50 if fast else 200
    series = []
    for k, one in enumerate(ROY2025_SERIES):
        traces = pulse_filaments(
            roy2025(), one.amplitudes, width=one.width, devices=devices, seed=seed + k,
            circuit=FilamentCircuit(compliance_set=one.compliance_current),
        )  # fmt: skip
        mean = np.mean([trace.conductance for trace in traces], axis=0) / G_0
        series.append(
            {
                "figure": one.figure,
                "stated": [list(pair) for pair in one.stated],
                "found": [float(mean[pulse]) for pulse, _ in one.stated],
                "mean": mean.tolist(),
            }
        )
    records, curves = (4, 8) if fast else (40, 100)
    plateaus = recovered = 0
    for noise in progress.track(NOISES, "plateaus", len(NOISES)):
        for swept in (False, True):
            score = score_plateaus(noise, records=records, swept=swept, seed=seed)
            plateaus, recovered = plateaus + score.plateaus, recovered + score.found
    smooth = [score_smooth(name, curves=curves, seed=seed) for name in smooth_curves()]
    return {
        # Half a quantum is a level.
        "max_g0": max(round(2.0 * max(one["mean"])) / 2.0 for one in series),
        "series": series,
        "devices": devices,
        "recovered": recovered / plateaus,
        "plateaus": plateaus,
        "false": sum(one.stepped for one in smooth) / sum(one.curves for one in smooth),
        "smooth_curves": sum(one.curves for one in smooth),
    }


def nonlinearity(trains: int, *, seed: int, read_noise: float = 0.01) -> Values:
    """Labels fitted to `trains` of 30 + 30 simulated pulses with `read_noise` of the window: medians and ends."""
    found = np.empty((trains, 2))
    for k in range(trains):
        fit = fit_synapse(*synapse_traces(generator(seed, "nonlinearity", k), read_noise, 0.0))
        found[k] = [abs(side.nonlinearity(Convention.NEUROSIM_LABEL)) for side in (fit.up, fit.down)]
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    return {
        "ltp": float(np.median(found[:, 0])),
        "ltd": float(np.median(found[:, 1])),
        "ltp_range": [float(low[0]), float(high[0])],
        "ltd_range": [float(low[1]), float(high[1])],
        "within_0.1": float((np.abs(found - np.array(LABELS)) <= 0.1).mean()),
        "trains": trains,
        "read_noise": read_noise,
    }


def _graphene(out: Path | None, fast: bool, progress: Progress) -> Values:
    figure = graphene.figure_4(fast=fast, progress=progress)
    if out is not None:
        from pinched.papers.roy2025_figures import write_figure_4

        write_figure_4(figure, out)
    values = {name.removeprefix("graphene."): value for name, value in figure.values().items()}
    rows = [
        {"where": c.where, "what": c.what, "paper": c.paper, "ours": c.ours, "why": c.why}
        for c in graphene.comparisons(figure)
    ]
    return values | {"comparisons": rows}


# The networks -----------------------------------------------------------------------------------------------


def _mnist_jobs(folder: Path, fast: bool, epochs: int | None, seeds: range, keep: str | None) -> list[Job]:
    whole, inside, chips = (2, 1, 2) if fast else (5, 5, 5)
    jobs = []
    for k in seeds:
        first = k == seeds.start
        common: Values = {"folder": folder, "seed": k, "keep": keep}
        float_options: Values = {"epochs": epochs or whole, "chips": chips, "fast": fast or not first}
        inner_options: Values = {"epochs": epochs or inside, "compare": first and not fast}
        jobs += [
            Job(
                name=f"mnist_in_situ_{k}",
                options={"seed": k, **inner_options},
                work=images.mnist_in_situ,
                arguments=common | inner_options,
            ),
            Job(
                name=f"mnist_float_{k}",
                options={"seed": k, **float_options},
                work=images.mnist_float,
                arguments=common | float_options,
            ),
        ]
    linear: Values = {"seed": seeds.start, "epochs": 2 if fast else 6}
    return [
        Job(
            name="mnist_linear",
            options=linear,
            work=images.mnist_linear,
            arguments=linear | {"folder": folder},
        ),
        *jobs,
    ]


def _cifar_jobs(
    folder: Path, fast: bool, epochs: int | None, seed: int, keep: str | None, larger: bool
) -> list[Job]:
    jobs = []
    for big in (False, True) if larger else (False,):
        # An epoch of the larger network takes ten to twenty times as long.
        whole, more = (20, 2) if big else (30, 8)
        options: Values = {
            "seed": seed, "epochs": epochs or (4 if fast else whole), "more": 1 if fast else more,
            "chips": 2 if fast else 5,
        }  # fmt: skip
        jobs.append(
            Job(
                name=f"{'larger' if big else 'cifar'}_{seed}",
                options=options,
                work=images.cifar,
                arguments=options | {"folder": folder, "keep": keep, "larger": big},
            )
        )
    return jobs


_MNIST_KEYS = ("float", "ex_situ_10", "in_situ", "sgd", "linear_baseline")
_CIFAR_KEYS = ("float_test", "float_train", "ex_situ_5", "ex_situ_10")


def over_seeds(values: Sequence[float]) -> Values:
    """Mean, worst and all."""
    return {"mean": sum(values) / len(values), "worst": min(values), "seeds": [*values]}


def _mnist(by_name: dict[str, Values]) -> Values:
    whole = [value for name, value in by_name.items() if name.startswith("mnist_float")]
    inside = [value for name, value in by_name.items() if name.startswith("mnist_in_situ")]
    if not whole:
        return dict.fromkeys(_MNIST_KEYS) | {"over_seeds": {}, "runs": [], "in_situ_runs": []}
    columns = {
        "float": [one["float"] for one in whole],
        "ex_situ_10": [one["ex_situ"]["pair_10"]["mean"] for one in whole],
        "in_situ": [one[images.MAIN]["accuracy"] for one in inside],
        "sgd": [one["sgd"] for one in inside],
        "linear_baseline": [by_name["mnist_linear"]["linear"]],
    }
    spread = {name: over_seeds(values) for name, values in columns.items()}
    worst = min(one["ex_situ"]["pair_10"]["worst"] for one in whole)
    spread["ex_situ_10"]["worst"] = worst
    return {name: one["mean"] for name, one in spread.items()} | {
        "over_seeds": spread, "runs": whole, "in_situ_runs": inside,
    }  # fmt: skip


def _cifar(by_name: dict[str, Values]) -> Values:
    found = [value for name, value in by_name.items() if name.startswith("cifar")]
    if not found:
        return dict.fromkeys(_CIFAR_KEYS) | {"run": None, "larger": None}
    (one,) = found
    big = [value for name, value in by_name.items() if name.startswith("larger")]
    return {
        "larger": big[0] if big else None,
        "float_test": one["float_test"],
        "float_train": one["float_train"],
        "ex_situ_5": one["ex_situ"]["settled_5"]["mean"],
        "ex_situ_10": one["ex_situ"]["settled_10"]["mean"],
        "run": one,
    }


def _shortened(with_mnist: bool, with_cifar: bool) -> list[str]:
    notes = [
        "levels.*: 4 records per noise and 8 curves of each kind instead of 40 and 100; 50 filaments instead of 200",
        "nonlinearity.*: 20 trains of pulses instead of 200",
        "graphene.*: a coarse mesh, and no other readings of the defects' names",
    ]
    if with_mnist:
        notes += [
            "mnist.*: 1 seed instead of 5; unless --epochs is given 2 in float instead of 5, 1 in the devices "
            "instead of 5",
            "mnist.ex_situ: 2 chips instead of 5; without the 31 levels of the pulse curve",
            "mnist.in_situ: one rule instead of four",
        ]
    if with_cifar:
        notes += [
            "cifar.*: unless --epochs is given 4 in float instead of 30; 1 in arrays instead of 8; 2 chips "
            "instead of 5"
        ]
    return notes
