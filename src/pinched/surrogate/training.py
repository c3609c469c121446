"""`train_surrogate`: any architecture on any runs, with early stopping and checkpoints to go on from."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from pinched._errors import PinchedError
from pinched._progress import Progress, Silent
from pinched._random import generator
from pinched.surrogate.architecture import Architecture, Scaling, Schedule
from pinched.surrogate.checkpoint import State, load_state, save_state
from pinched.surrogate.model import Surrogate
from pinched.surrogate.runs import Runs, load_runs, split_runs

if TYPE_CHECKING:
    import xarray


def train_surrogate(
    runs: Runs | xarray.Dataset | str | Path,
    architecture: Architecture,
    *,
    schedule: Schedule | None = None,
    members: int = 1,
    validation: float = 0.1,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> Surrogate:
    """A trained surrogate of `runs` (or of the kept runs of a store). The same seed gives the same weights.

    Give the training runs of a split (`split_runs`), not all of them: what judges must not be seen. A share
    `validation` of their devices is held back to choose the best epoch and to calibrate intervals; 0 keeps the last
    epoch and gives no intervals. `members` above 1 trains an ensemble: seeds `seed`, `seed` + 1, ... on one split.
    `checkpoint` is a folder in which the state after every epoch is kept: a run that was killed goes on there with
    the same numbers.

    Raises `PinchedError` for fewer runs than a batch, a loss that is no longer finite, and a checkpoint of other
    runs, another architecture or another schedule.
    """
    data = runs if isinstance(runs, Runs) else load_runs(runs)
    plan = schedule or architecture.schedule
    if members < 1:
        raise PinchedError(f"members is {members}; an ensemble has at least 1.")
    if len(data) < plan.batch:
        raise PinchedError(
            f"{len(data)} runs are fewer than a batch of {plan.batch}. Simulate more, or give a Schedule with a "
            f"smaller batch."
        )
    held = split_runs(data, test=validation, seed=seed) if validation > 0 else None
    learn = architecture.thinned(data if held is None else data.take(held.training), seed)
    judge = None if held is None else architecture.thinned(data.take(held.test), seed)
    scaling = architecture.scaling(learn)
    told = _told(architecture, scaling, learn)
    judged = None if judge is None else _told(architecture, scaling, judge)
    digest = hashlib.sha256(learn.parameters.tobytes() + learn.current.tobytes()).hexdigest()[:16]
    networks, start = [], time.process_time()
    for number in range(seed, seed + members):
        place = None if checkpoint is None else Path(checkpoint)
        if place is not None and members > 1:
            place = place / f"member_{number}"
        mark = f"{architecture!r} {plan!r} seed {number} split {seed} runs {digest}"
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(number)
            fresh = architecture.network(scaling)
            what = "training" if members == 1 else f"member {number - seed + 1} of {members}"
            networks.append(
                _descend(
                    architecture, fresh, told, judged, plan, number, place, mark, what, progress or Silent()
                )
            )
    trained = Surrogate(
        architecture=architecture, scaling=scaling, networks=tuple(networks), source=data.source, seed=seed,
        train_seconds=time.process_time() - start, runs=len(learn), seen=np.unique(data.marks()),
    )  # fmt: skip
    return trained if judge is None else trained.calibrated(judge)


Told = tuple[tuple[Tensor, ...], tuple[Tensor, ...]]
"""Inputs and targets of runs."""


def _descend(
    architecture: Architecture, network: nn.Module, told: Told, judged: Told | None, plan: Schedule, seed: int,
    checkpoint: Path | None, mark: str, what: str, progress: Progress,
) -> nn.Module:  # fmt: skip
    inputs, targets = told
    count = inputs[0].shape[0]
    # One pass over the weights instead of one per number that the rule keeps: a twelfth of a step less.
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay, fused=True)
    per_epoch = math.ceil(count / plan.batch)
    total = plan.epochs * per_epoch
    state = State.fresh(network, seed)
    if checkpoint is not None:
        state = load_state(checkpoint, network, optimizer, mark) or state
    average = copy.deepcopy(network)
    average.load_state_dict(state.average)
    epochs = range(state.epoch, plan.epochs)
    for epoch in progress.track(epochs, what, len(epochs)):
        if plan.patience and state.since_best >= plan.patience:
            continue
        order = torch.from_numpy(generator(seed, "surrogate", "epoch", epoch).permutation(count))
        network.train()
        last = math.nan
        for k, rows in enumerate(order.split(plan.batch)):
            step = epoch * per_epoch + k
            for group in optimizer.param_groups:
                group["lr"] = plan.rate * 0.5 * (1.0 + math.cos(math.pi * step / total))
            loss = architecture.loss(network(*(x[rows] for x in inputs)), tuple(t[rows] for t in targets))
            optimizer.zero_grad()
            loss.backward()
            if plan.clip:
                nn.utils.clip_grad_norm_(network.parameters(), plan.clip)
            optimizer.step()
            last = float(loss.detach())
            _follow(average, network, plan.average, step)
        if not math.isfinite(last):
            raise PinchedError(
                f"the loss is no longer finite after epoch {epoch + 1}. Use a lower rate than {plan.rate}."
            )
        found = math.nan if judged is None else _mean_loss(architecture, average, *judged, plan.batch)
        state = state.after(epoch + 1, average, found)
        if checkpoint is not None:
            save_state(checkpoint, state, network, optimizer, mark)
    network.load_state_dict(state.best)
    return network.eval()


def _told(architecture: Architecture, scaling: Scaling, runs: Runs) -> Told:
    guess = architecture.estimates(runs)
    return architecture.inputs(scaling, runs, guess), architecture.targets(scaling, runs, guess)


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    # The average of few steps is short: it would else remember the fresh weights for long.
    keep = min(decay, (1.0 + step) / (10.0 + step)) if decay else 0.0
    for a, p in zip(average.parameters(), network.parameters(), strict=True):
        a.lerp_(p, 1.0 - keep)


@torch.no_grad()
def _mean_loss(
    architecture: Architecture,
    network: nn.Module,
    inputs: tuple[Tensor, ...],
    targets: tuple[Tensor, ...],
    batch: int,
) -> float:
    network.eval()
    count, total = inputs[0].shape[0], 0.0
    for rows in torch.arange(count).split(max(batch, 256)):
        total += rows.numel() * float(
            architecture.loss(network(*(x[rows] for x in inputs)), tuple(t[rows] for t in targets))
        )
    return total / count
