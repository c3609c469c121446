"""`train_surrogate`: any architecture on any runs, with early stopping and checkpoints to go on from."""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

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
    validation: float = 0.1,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> Surrogate:
    """A trained surrogate of `runs` (or of the kept runs of a store). The same seed gives the same weights.

    Give the training runs of a split (`split_runs`), not all of them: what judges must not be seen. A share
    `validation` of their devices is held back to choose the best epoch and to calibrate intervals; 0 keeps the last
    epoch and gives no intervals. `checkpoint` is a folder in which the state after every epoch is kept: a run that
    was killed goes on there with the same numbers.

    Raises `PinchedError` for fewer runs than a batch, a loss that is no longer finite, and a checkpoint of other
    runs, another architecture or another schedule.
    """
    data = runs if isinstance(runs, Runs) else load_runs(runs)
    plan = schedule or architecture.schedule
    if len(data) < plan.batch:
        raise PinchedError(
            f"{len(data)} runs are fewer than a batch of {plan.batch}. Simulate more, or give a Schedule with a "
            f"smaller batch."
        )
    held = split_runs(data, test=validation, seed=seed) if validation > 0 else None
    learn = architecture.thinned(data if held is None else data.take(held.training), seed)
    judge = None if held is None else architecture.thinned(data.take(held.test), seed)
    scaling = architecture.scaling(learn)
    start = time.process_time()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = architecture.network(scaling)
        network = _descend(
            architecture, network, scaling, learn, judge, plan, seed, checkpoint, progress or Silent()
        )
    trained = Surrogate(
        architecture=architecture, scaling=scaling, networks=(network,), source=data.source, seed=seed,
        train_seconds=time.process_time() - start, runs=len(learn),
    )  # fmt: skip
    return trained if judge is None else trained.calibrated(judge)


def _descend(
    architecture: Architecture, network: nn.Module, scaling: Scaling, learn: Runs, judge: Runs | None, plan: Schedule,
    seed: int, checkpoint: str | Path | None, progress: Progress,
) -> nn.Module:  # fmt: skip
    inputs, targets = _told(architecture, scaling, learn)
    judged = None if judge is None else _told(architecture, scaling, judge)
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
    per_epoch = math.ceil(len(learn) / plan.batch)
    total = plan.epochs * per_epoch
    state = State.fresh(network, seed)
    mark = _mark(architecture, plan, learn, seed)
    if checkpoint is not None:
        state = load_state(Path(checkpoint), network, optimizer, mark) or state
    average = copy.deepcopy(network)
    average.load_state_dict(state.average)
    epochs = range(state.epoch, plan.epochs)
    for epoch in progress.track(epochs, "training", len(epochs)):
        if plan.patience and state.since_best >= plan.patience:
            continue
        order = torch.from_numpy(generator(seed, "surrogate", "epoch", epoch).permutation(len(learn)))
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
            save_state(Path(checkpoint), state, network, optimizer, mark)
    network.load_state_dict(state.best)
    return network.eval()


def _told(
    architecture: Architecture, scaling: Scaling, runs: Runs
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Inputs and targets of `runs`."""
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


def _mark(architecture: Architecture, plan: Schedule, learn: Runs, seed: int) -> str:
    """What a checkpoint belongs to."""
    import hashlib

    digest = hashlib.sha256(learn.parameters.tobytes() + learn.current.tobytes()).hexdigest()[:16]
    return f"{architecture!r} {plan!r} seed {seed} runs {digest}"
