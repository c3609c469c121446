"""marraccini2025fast: Ag/MoS2/Au memristors as binary memory for the weights of a network.

`reproduce` computes every number of the paper's section 3.2 and puts it beside the paper's (`pinched reproduce
marraccini2025`): word lengths, devices, turned pixels, MNIST. What differs and why stands in its table and in
docs/methods_marraccini2025.md.

The paper's measured files are not public in full; what it states are the distributions of 47 devices.
`write_simulated_sweeps` makes sweeps from them, labelled as simulated, for the demonstration.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pinched._files import check_output, output_folder, write_text
from pinched._progress import Progress, Silent
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.devices.simulated import draw_devices, simulate_sweep
from pinched.networks._threads import one_thread
from pinched.papers import marraccini2025_devices as through
from pinched.papers import marraccini2025_digits as digits
from pinched.papers import marraccini2025_mnist as images
from pinched.papers import marraccini2025_properties as properties
from pinched.papers.marraccini2025_table import as_text
from pinched.papers.parts import Job, Parts, begun
from pinched.report.numbers import to_json

MARK = "options.json"
"""A folder that holds this file was written by `reproduce` and may be continued."""

NOTE = "README_SIMULATED.md"
"""Name of the file that says that a folder of sweeps is simulated."""


def write_simulated_sweeps(folder: Path, *, devices: int = 47, seed: int = 0) -> Path:
    """Write one CSV file per device, drawn from the published distributions; returns `folder`.

    Every file says in its first line that it is simulated, and its name begins with "simulated".
    """
    drawn = draw_devices(marraccini2025(), devices, seed=seed)
    with output_folder(folder, mark=NOTE) as aside:
        write_text(
            aside / NOTE,
            "The sweeps in this folder are SIMULATED: no instrument measured them.\n"
            f"{devices} devices were drawn (seed {seed}) from the distributions of V_SET, V_RESET, LRS and HRS that\n"
            "Marraccini et al. published (doi 10.1039/d5nr02690c), by pinched.papers.marraccini2025.\n",
        )
        for k, device in enumerate(drawn, start=1):
            name = f"simulated_{k:03d}"
            sweep = simulate_sweep(device, name=name, seed=seed)
            write_text(aside / f"{name}.csv", sweep.to_csv())
    return folder


def reproduce(
    out: Path | None = None,
    *,
    data: Path | None = None,
    fast: bool = False,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Every number of section 3.2, ready for JSON; written to `out` with table and figures, if that is given.

    `data` is a folder with the MNIST files (in it or in `mnist/`) and with digits5x4/published_network.npz; without
    MNIST its numbers are None and `left_out` says why. `fast` takes fewer networks, arrays, seeds and epochs and
    lists them in `shortened`. With more than one of `workers` MNIST is computed by other processes meanwhile (a
    script needs the usual guard `if __name__ == "__main__"` then). A run that was stopped goes on from its parts in
    `out`/parts when it is started with the same options. Raises `PinchedError` for a folder that is not ours, or
    data that are damaged.
    """
    tracker = progress or Silent()
    with one_thread():
        return _reproduce(out, data, fast, seed, workers, tracker)


def _reproduce(
    out: Path | None, data: Path | None, fast: bool, seed: int, workers: int, tracker: Progress
) -> dict[str, Any]:
    if out is not None:
        check_output(out, mark=MARK)
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / MARK, to_json({"paper": "marraccini2025", "fast": fast, "seed": seed}))
    parts = Parts(None if out is None else out / "parts")
    folder = images.find_mnist(data)
    left_out: list[str] = []
    jobs = [] if folder is None else _mnist_jobs(folder, fast, seed)
    with begun(parts, jobs, workers) as found_elsewhere:
        digits_found = _digits(parts, data, fast, seed, tracker, left_out)
        mnist_found = [*tracker.track(found_elsewhere, "MNIST", len(jobs))] if jobs else []
    found = {
        "paper": "marraccini2025fast",
        "seed": seed,
        "fast": fast,
        "digits": digits_found,
        "mnist": _mnist(mnist_found, left_out),
        "shortened": _shortened(with_mnist=folder is not None) if fast else [],
        "left_out": left_out,
    }
    if out is not None:
        write_text(out / "numbers.json", to_json(found))
        write_text(out / "table.md", as_text(found))
        # Not above: matplotlib takes half a second that a caller without a folder need not wait.
        from pinched.papers.marraccini2025_figures import write_figures

        write_figures(found, out)
    return found


SEEDS = 5
"""Seeds behind every goal of a whole run; `fast` takes one."""


def _digits(
    parts: Parts, data: Path | None, fast: bool, seed: int, progress: Progress, left_out: list[str]
) -> dict[str, Any]:
    count, small, arrays = 200, 20 if fast else 200, 4000
    seeds = range(seed, seed + (1 if fast else SEEDS))
    common: dict[str, Any] = {"seed": seed, "fast": fast}
    small_table = parts.get(
        "digits_20-10-10",
        common | {"networks": small},
        lambda: digits.word_lengths(digits.SMALL, small, fast=fast, seed=seed, progress=progress),
    )
    tables = [
        parts.get(
            f"digits_20-20-20-10_{k}",
            {"seed": k, "fast": fast, "networks": count},
            lambda k=k: digits.word_lengths(
                digits.LAYERS, count, fast=fast, brief=k > seed, seed=k, progress=progress
            ),
        )
        for k in seeds
    ]
    net, which = digits.chosen_network(data, seed=seed, progress=progress)
    common |= {"network": which}
    if digits.published_network(data) is None:
        left_out.append(f"digits.devices: {which}; the paper's own needs --data.")
    devices = parts.get(
        "digits_devices",
        common | {"arrays": arrays},
        lambda: through.devices(net, arrays, fast=fast, seed=seed, progress=progress),
    )
    others = [
        parts.get(
            f"digits_devices_{k}",
            {"seed": k, "network": which, "arrays": arrays},
            lambda k=k: through.goals(net, arrays, seed=k, progress=progress),
        )
        for k in seeds[1:]
    ]
    flips = [
        parts.get(
            f"digits_flips_{k}",
            {"seed": k, "fast": fast, "network": which},
            lambda k=k: digits.turned_pixels(net, 5 if fast else 50, seed=k, progress=progress),
        )
        for k in seeds
    ]
    costs = parts.get(
        "digits_sensitivity",
        common,
        lambda: properties.cost_of_properties(net, 200 if fast else 1000, seed=seed, progress=progress),
    )
    needs = parts.get(
        "digits_required",
        common,
        lambda: properties.needs(net, 60 if fast else 400, fast=fast, seed=seed, progress=progress),
    )
    known = parts.get(
        "digits_known", common, lambda: properties.known(net, fast=fast, seed=seed, progress=progress)
    )
    aware = None
    if not fast:
        aware = parts.get("digits_aware", common, lambda: _aware(seed, progress))
    main = digits.over_seeds(tables)
    columns = {
        "qat3_perfect_fraction": digits.row(main, "quantization-aware", 3)["perfect_seeds"],
        "qat2_perfect_fraction": digits.row(main, "quantization-aware", 2)["perfect_seeds"],
        "paper3_perfect_fraction": digits.row(main, "paper", 3)["perfect_seeds"],
        "devices.fresh_mean": [one["fresh"]["mean"] for one in (devices, *others)],
        "devices.repaired_perfect_fraction": [
            one["verify_2_spares"]["perfect"] for one in (devices, *others)
        ],
        "flips_mean": [one["aware_mean"] for one in flips],
    }
    mean = {name: sum(values) / len(values) for name, values in columns.items()}
    return {
        "qat3_perfect_fraction": mean["qat3_perfect_fraction"],
        "qat2_perfect_fraction": mean["qat2_perfect_fraction"],
        "paper3_perfect_fraction": mean["paper3_perfect_fraction"],
        "devices": {
            "fresh_mean": mean["devices.fresh_mean"],
            "repaired_perfect_fraction": mean["devices.repaired_perfect_fraction"],
            "network": which,
            "trained_for_errors": aware,
            **devices,
        },
        "flips_mean": mean["flips_mean"],
        "flips_ceiling": flips[0]["ceiling"],
        "float_perfect_fraction": main["float_perfect"],
        "baseline": 0.1,
        "seeds": columns,
        "range": {name: [min(values), max(values)] for name, values in columns.items()},
        "flips": flips[0] | {"aware_worst": min(one["aware_worst"] for one in flips)},
        "sensitivity": costs,
        "required": needs,
        "known": known,
        "tables": {"20-10-10": small_table, "20-20-20-10": main},
    }


def _aware(seed: int, progress: Progress) -> dict[str, Any]:
    nets = digits.float_networks(digits.LAYERS, 50, seed=seed, epochs=600, progress=progress)
    return through.aware_in_devices(nets, 200, seed=seed, progress=progress)


def _mnist_jobs(folder: Path, fast: bool, seed: int) -> list[Job]:
    seeds, arrays = (1, 2) if fast else (SEEDS, 20)
    wide = [
        Job(
            name=f"mnist_wide_{k}",
            options={"fast": fast, "arrays": arrays, "seed": k},
            work=images.wide,
            arguments={"folder": folder, "seed": k, "fast": fast, "arrays": arrays},
        )
        for k in range(seed, seed + seeds)
    ]
    literal = Job(
        name="mnist_literal",
        options={"fast": fast, "seed": seed, "seeds": seeds},
        work=images.literal,
        arguments={"folder": folder, "seeds": seeds, "seed": seed, "fast": fast},
    )
    return [*wide, literal]


_MNIST_KEYS = (
    "float",
    "qat4",
    "qat3",
    "qat2",
    "literal_float",
    "literal_qat4",
    "literal_qat3",
    "devices_gap",
)


def _mnist(found: Sequence[dict[str, Any]], left_out: list[str]) -> dict[str, Any]:
    if not found:
        left_out.append("mnist: no MNIST files; give --data with the folder of the four IDX files.")
        return dict.fromkeys(_MNIST_KEYS) | {
            "seeds": {}, "range": {}, "flips": None, "wide": [], "literal": None,
        }  # fmt: skip
    *wide, literal = found
    columns = {name: [one[name] for one in wide] for name in ("float", "qat4", "qat3", "qat2")}
    columns |= {f"literal_{name}": literal[name] for name in ("float", "qat4", "qat3")}
    columns["devices_gap"] = [one["devices_clean"] - one["devices_repaired"] for one in wide]
    return {
        **{name: sum(values) / len(values) for name, values in columns.items()},
        "baseline": wide[0]["baseline"],
        "baseline_nearest_mean": wide[0]["baseline_nearest_mean"],
        "seeds": columns,
        "range": {name: [min(values), max(values)] for name, values in columns.items()},
        "flips": images.over_flips([one["flips"] for one in wide]),
        "wide": wide,
        "literal": literal,
    }


def _shortened(*, with_mnist: bool) -> list[str]:
    notes = [
        "digits.*: 1 seed instead of 5 (of 200 networks, and of 4000 arrays)",
        "digits.tables: without rounding alone and ranges per output; 20-10-10 with 20 networks instead of 200",
        "digits.flips: 5 networks instead of 50",
        "digits.devices: 4 of 12 ways of writing; 1000 arrays for overlap and one spare",
        "digits.devices.trained_for_errors: not computed",
        "digits.sensitivity: 200 arrays instead of 1000; at the batch yield 50 instead of 200",
        "digits.required: 60 arrays instead of 400, and coarser steps",
        "digits.known: 40 draws of 50 arrays instead of 200 of 100",
    ]
    if with_mnist:
        notes += [
            "mnist.*: 1 seed instead of 5; 3 and 2 epochs instead of 12 and 12 (784-128-64-32-10)",
            "mnist.literal_*: 5 and 4 epochs instead of 12 and 30 (784-10-10-10-10)",
            "mnist.devices_gap: 2 arrays instead of 20 per seed",
            "mnist.flips: 50 instead of 300 images for the ceiling",
        ]
    return notes
