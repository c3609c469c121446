"""The state of a training run, on disk: weights, optimiser, what was best; safetensors and JSON, no pickle."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from pinched._errors import DataFileError, PinchedError
from pinched._files import write_text

_HEAD, _WEIGHTS = "state.json", "state.safetensors"
_FORMAT = "pinched training 1"


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Where training stands after an epoch."""

    epoch: int
    """Epochs done."""
    average: dict[str, Tensor]
    """Running average of the weights."""
    best: dict[str, Tensor]
    """The average at the best validation loss; the last one without validation."""
    best_loss: float
    since_best: int
    """Epochs since the best one."""
    losses: tuple[float, ...]
    """Validation loss after each epoch, NaN without validation."""

    @classmethod
    def fresh(cls, network: nn.Module, seed: int) -> State:  # noqa: ARG003
        """Before the first epoch."""
        weights = _copied(network)
        return cls(0, weights, weights, math.inf, 0, ())

    def after(self, epoch: int, average: nn.Module, loss: float) -> State:
        """After `epoch` epochs with the averaged weights of `average` and validation `loss`."""
        weights = _copied(average)
        better = math.isnan(loss) or loss < self.best_loss
        return State(
            epoch, weights, weights if better else self.best, loss if better else self.best_loss,
            0 if better else self.since_best + 1, (*self.losses, loss),
        )  # fmt: skip


def save_state(
    folder: Path, state: State, network: nn.Module, optimizer: torch.optim.Optimizer, mark: str
) -> None:
    """Write `state` to `folder`; what was there stays until the new one is whole."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"network.{k}": v for k, v in _copied(network).items()}
    tensors |= {f"average.{k}": v for k, v in state.average.items()}
    tensors |= {f"best.{k}": v for k, v in state.best.items()}
    for number, slot in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{k}": torch.as_tensor(v).detach().clone() for k, v in slot.items()}
    # One file for all tensors, named by its epoch: the head names the one that belongs to it.
    name = f"{state.epoch:06d}.{_WEIGHTS}"
    aside = folder / f".{name}.part"
    aside.write_bytes(save({k: v.contiguous().clone() for k, v in tensors.items()}))
    aside.replace(folder / name)
    head = {
        "format": _FORMAT, "mark": mark, "epoch": state.epoch, "best_loss": state.best_loss,
        "since_best": state.since_best, "losses": list(state.losses), "weights": name,
    }  # fmt: skip
    write_text(folder / _HEAD, json.dumps(head) + "\n")
    for old in folder.glob(f"*.{_WEIGHTS}"):
        if old.name != name:
            old.unlink()


def load_state(folder: Path, network: nn.Module, optimizer: torch.optim.Optimizer, mark: str) -> State | None:
    """The state in `folder`, put into `network` and `optimizer`; None where there is none.

    Raises `PinchedError` for the state of another training run and `DataFileError` for a damaged one.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = folder / _HEAD
    if not path.is_file():
        return None
    cure = "Remove the folder to begin again."
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
        if head.get("format") != _FORMAT:
            raise DataFileError(
                str(path), "", f"says that it is '{head.get('format')}', not '{_FORMAT}'", cure
            )
        if head["mark"] != mark:
            raise PinchedError(
                f"{folder}: holds the state of another training run (other runs, sizes, schedule or seed). Choose "
                f"another folder, or give what it was begun with."
            )
        tensors = load((folder / head["weights"]).read_bytes())
        network.load_state_dict(_named(tensors, "network."))
        _restore(optimizer, _named(tensors, "optimizer."))
        return State(
            head["epoch"], _named(tensors, "average."), _named(tensors, "best."), head["best_loss"],
            head["since_best"], tuple(head["losses"]),
        )  # fmt: skip
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        if isinstance(error, PinchedError):
            raise
        raise DataFileError(str(path), "", f"is damaged ({error})", cure) from error


def _restore(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = value
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})


def _named(tensors: dict[str, Tensor], lead: str) -> dict[str, Tensor]:
    return {k.removeprefix(lead): v for k, v in tensors.items() if k.startswith(lead)}


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in network.state_dict().items()}


__all__ = ["State", "load_state", "save_state"]
