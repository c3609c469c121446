"""zamankhani2024hysteresis: a network (HDiNN) that learns the hysteresis of simulated ReRAM devices.

`reproduce` makes the data, trains the published network and the one that corrects formulas, and puts the paper's
numbers beside ours (`pinched reproduce zamankhani2024`). The paper states MSE 0.002 and MAE 0.0029 without a unit:
here every figure says its normalisation and stands beside a constant. What the text leaves open is listed in
`pinched.surrogate.hdinn`; the table of `reproduce` says what follows from it.

The paper compares two curves with measurements that are not public; figure 3 shows simulated devices only.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pinched._files import check_output, write_text
from pinched._progress import Progress, Silent
from pinched.networks._threads import one_thread
from pinched.papers import zamankhani2024_parts as computed
from pinched.papers.parts import Parts
from pinched.papers.zamankhani2024_parts import FAST, WHOLE, Data, Plan
from pinched.papers.zamankhani2024_table import as_text
from pinched.report.numbers import to_json
from pinched.surrogate.conditioned import Conditioned
from pinched.surrogate.metrics import Normalisation
from pinched.surrogate.residual import Direct

MARK = "options.json"
"""A folder that holds this file was written by `reproduce` and may be continued."""

PAPER = {"mse": 0.002, "mae": 0.0029, "runs": 1000, "hours_per_run": 4.0, "hours_of_training": 1.0}
"""What the paper states."""


def reproduce(
    out: Path | None = None,
    *,
    fast: bool = False,
    plan: Plan | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The paper's numbers and figures beside ours, ready for JSON; written to `out` with a page, if that is given.

    `fast` takes fewer runs, seeds and epochs and lists them in `shortened`; `plan` says how much of everything.
    `workers` threads simulate; networks are trained on one. A run that was stopped goes on from `out`. Raises
    `PinchedError` for a folder that is not ours.
    """
    tracker = progress or Silent()
    chosen = plan or (FAST if fast else WHOLE)
    with one_thread():
        if out is not None:
            check_output(out, mark=MARK)
            out.mkdir(parents=True, exist_ok=True)
            write_text(out / MARK, to_json({"paper": "zamankhani2024", "fast": fast, "seed": seed}))
            data, seconds = computed.make_data(out / "runs", chosen, seed, workers, tracker)
            return measured(data, chosen, out, seed=seed, seconds=seconds, progress=tracker)
        with tempfile.TemporaryDirectory() as aside:
            data, seconds = computed.make_data(Path(aside), chosen, seed, workers, tracker)
            return measured(data, chosen, None, seed=seed, seconds=seconds, progress=tracker)


def measured(
    data: Data, plan: Plan, out: Path | None, *, seed: int = 0, seconds: float | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """All numbers of `reproduce` on `data` that is there; `seconds` is what its simulation took (None: unknown)."""
    tracker = progress or Silent()
    parts = Parts(None if out is None else out / "parts")
    base: dict[str, Any] = {
        "uniform": len(data.uniform), "memristive": len(data.memristive), "tested": len(data.memristive_test)
    }  # fmt: skip
    published = [
        parts.get(
            f"hdinn_{k}", base | {"epochs": plan.hdinn_epochs, "seed": k},
            lambda k=k: computed.finite(computed.hdinn(data, plan, k, out, tracker)),
        )
        for k in range(seed, seed + plan.hdinn_seeds)
    ]  # fmt: skip
    best = [
        parts.get(
            f"best_{k}", base | {"epochs": plan.best_epochs, "members": plan.members, "seed": k},
            lambda k=k: computed.finite(computed.best(data, plan, Direct(), k, out, tracker)),
        )
        for k in range(seed, seed + plan.seeds)
    ]  # fmt: skip
    walks = {"kind": Conditioned.kind, "core": Conditioned().core.name}
    any_waveform = parts.get(
        f"any_{seed}",
        base | walks | {"others": len(data.others), "triangles": plan.any_triangles, "epochs": plan.any_epochs,
                        "seed": seed},
        lambda: computed.finite(computed.best(data, plan, Conditioned(), seed, out, tracker)),
    )  # fmt: skip
    curve = parts.get(
        "learning_curve", base | {"sizes": list(plan.sizes), "epochs": plan.curve_epochs, "seed": seed},
        lambda: computed.learning_curve(data, plan, seed, tracker),
    )  # fmt: skip
    speed = parts.get(
        "speed", base | walks | {"runs": plan.timed_runs, "batch": plan.timed_batch, "members": plan.members},
        lambda: computed.speeds(data, plan, seed, out, tracker),
    )  # fmt: skip
    found = _gathered(data, published, best, any_waveform, curve, speed, seconds)
    found |= {"seed": seed, "fast": plan == FAST, "shortened": _shortened(plan), "left_out": list(_LEFT_OUT)}
    if out is not None:
        write_text(out / "numbers.json", to_json(found))
        write_text(out / "table.md", as_text(found))
        # Not above: matplotlib takes half a second that a caller without a folder need not wait.
        from pinched.papers.zamankhani2024_figures import write_figures

        write_figures(found, out)
    return found


def _gathered(
    data: Data, published: list[dict[str, Any]], best: list[dict[str, Any]], any_waveform: dict[str, Any],
    curve: dict[str, Any], speed: dict[str, Any], seconds: float | None,
) -> dict[str, Any]:  # fmt: skip
    seeds: dict[str, list[float]] = {}

    def over(name: str, values: list[float]) -> float:
        seeds[name] = values
        return sum(values) / len(values)

    worse_u = [_error(one["u"], "r2") for one in published]
    worse_e = [_error(one["e"], "r2") for one in published]
    hdinn = {
        "mse_global": over("hdinn.mse_global", [_error(one["u"], "mse", _LINEAR) for one in published]),
        "mae_global": over("hdinn.mae_global", [_error(one["u"], "mae", _LINEAR) for one in published]),
        "mse_own": over(
            "hdinn.mse_own", [_error(one["u"], "mse") / one["u"]["decades"] ** 2 for one in published]
        ),
        "mae_own": over(
            "hdinn.mae_own", [_error(one["u"], "mae") / one["u"]["decades"] for one in published]
        ),
        "r2_log": over("hdinn.r2_log", worse_u),
        "r2_log_e": over("hdinn.r2_log_e", worse_e),
        "train_seconds": over("hdinn.train_seconds", [one["u"]["train_seconds"] for one in published]),
        "refused": published[0]["u"]["refused"],
    }
    constant = published[0]["u"]["baselines"]["constant median"]["errors"]
    scores = {}
    for name in ("u", "e"):
        every = [one[name]["scores"] for one in best]
        scores[name] = {
            "r2_log": over(f"{name}.r2_log", [_error(one[name], "r2") for one in best]),
            "mae_median": over(f"{name}.mae_median", [s["decades_conducting"]["median"] for s in every]),
            "nrmse_median": over(f"{name}.nrmse_median", [s["nrmse"]["median"] for s in every]),
            "nrmse_mean": over(f"{name}.nrmse_mean", [s["nrmse"]["mean"] for s in every]),
            "nrmse_p90": over(f"{name}.nrmse_p90", [s["nrmse"]["p90"] for s in every]),
        }
    every = [one["e"]["scores"] for one in best]
    scores["e"] |= {
        "loop_nrmse_median": over("e.loop_nrmse_median", [s["nrmse_loops"]["median"] for s in every]),
        "loop_r2": over("e.loop_r2", [s["loop_width"]["r2"] for s in every]),
        "loop_error_median": over("e.loop_error_median", [s["loop_width"]["relative_error"] for s in every]),
        "loops": every[0]["nrmse_loops"]["runs"],
    }
    # The published network of each seed beside the mean of the best: equally many of both are not needed.
    left = {
        name: sum(1.0 - one[name]["r2_on_the_samples_of_hdinn"] for one in best) / len(best)
        for name in ("u", "e")
    }
    return {
        "paper": {"key": "zamankhani2024hysteresis", **PAPER},
        "hdinn": hdinn,
        "constant": {"mse_global": constant[_LINEAR]["mse"], "mae_global": constant[_LINEAR]["mae"]},
        **scores,
        "ratio_u": over("ratio_u", [(1.0 - r2) / left["u"] for r2 in worse_u]),
        "ratio_e": over("ratio_e", [(1.0 - r2) / left["e"] for r2 in worse_e]),
        "any": {
            "e_nrmse_median": any_waveform["e"]["scores"]["nrmse"]["median"],
            "others_nrmse_median": any_waveform["others"]["scores"]["nrmse"]["median"],
            "others_nrmse_p90": any_waveform["others"]["scores"]["nrmse"]["p90"],
            "others_r2_log": _error(any_waveform["others"], "r2"),
            "others_coverage90": any_waveform["others"]["coverage90"],
        },
        "speedup_fixed": speed["engine"] / speed["best_batch"],
        "speedup_any": speed["engine"] / speed["any_batch"],
        "speedup_paper": 3600.0 * PAPER["hours_per_run"] / speed["best_batch"],
        "coverage90": over("coverage90", [one["e"]["coverage90"] for one in best]),
        "coverage90_u": over("coverage90_u", [one["u"]["coverage90"] for one in best]),
        "runs": sum(len(getattr(data, field.name)) for field in dataclasses.fields(data)),
        "train_seconds": over("train_seconds", [one["train_seconds"] for one in best]),
        "data_seconds": seconds,
        "seeds": seeds,
        "detail": {
            "sets": {
                name: {"training": len(learn), "held_back": len(judge)}
                for name, learn, judge in (
                    ("u", data.uniform, data.uniform_test), ("e", data.memristive, data.memristive_test),
                    ("others", data.others, data.others_test),
                )
            },
            "hdinn": published, "best": best, "any_waveform": any_waveform, "learning_curve": curve, "speed": speed,
        },
    }  # fmt: skip


_LINEAR = Normalisation.GLOBAL_LINEAR.value
_DECADES = Normalisation.LOG_CONDUCTANCE.value


def _error(one: Mapping[str, Any], figure: str, kind: str = _DECADES) -> float:
    return one["scores"]["errors"][kind][figure]


_LEFT_OUT = (
    "Figure 3 of the paper compares with measurements that are not public; ours shows simulated devices only.",
)


def _shortened(plan: Plan) -> list[str]:
    """Where `plan` takes less than the whole reproduction."""
    texts = {
        "uniform": "{} runs of the resolved table instead of {}",
        "memristive": "{} runs of the memristive window instead of {}",
        "others": "{} runs under other waveforms instead of {}",
        "judged": "at most {} devices of each set held back instead of {}",
        "hdinn_seeds": "{} seeds of the published network instead of {}",
        "seeds": "{} ensembles of the best network instead of {}",
        "members": "{} networks per ensemble instead of {}",
        "hdinn_epochs": "{} epochs of the published network instead of {}",
        "best_epochs": "{} epochs of the best network instead of {}",
        "any_epochs": "{} epochs of the network for any waveform instead of {}",
        "any_triangles": "at most {} triangles for the network for any waveform instead of {}",
        "curve_epochs": "{} epochs of the learning curve instead of {}",
        "timed_runs": "{} runs of the engine timed instead of {}",
        "timed_batch": "surrogates timed on {} devices instead of {}",
    }
    said = [
        text.format(getattr(plan, name), getattr(WHOLE, name))
        for name, text in texts.items()
        if getattr(plan, name) < getattr(WHOLE, name)
    ]
    if plan.sizes != WHOLE.sizes:
        said.append(f"learning curve at {', '.join(map(str, plan.sizes))} runs and all")
    return said
