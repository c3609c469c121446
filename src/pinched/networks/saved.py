"""Quantized networks in files: `save_network` and `load_network`, as NPZ without pickle.

A file holds the words, their steps, the float parameters behind them, the buffers of the module and the quantizer; it
does not hold code, so the architecture is given again when it is loaded, `load_network(path, mlp((20, 20, 20, 10)))`,
and checked. Between processes `state_of` and `from_state` do the same with a dictionary of tensors, as `state_dict`
has it.
"""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pinched._errors import DataFileError, PinchedError
from pinched._files import write_bytes
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer, Quantizer, RoundQuantizer
from pinched.networks.quantized import QuantizedNetwork, check_storable

_KINDS: dict[str, type[PaperQuantizer | RoundQuantizer | ClipQuantizer]] = {
    "paper": PaperQuantizer,
    "round": RoundQuantizer,
    "clip": ClipQuantizer,
}
"""Name in a file -> quantizer; a name is never given to another one."""

_FORMAT = "pinched network 1"
_CURE = "Give a file that `save_network` wrote."


def state_of(network: QuantizedNetwork) -> dict[str, Tensor]:
    """Words, steps, float parameters and buffers as tensors by name; `from_state` makes the network again."""
    state = {f"float.{name}": p.detach().clone() for name, p in network.module.named_parameters()}
    # A normalisation without parameters of its own is no layer to be stored, but its means and variances count.
    state |= {f"buffer.{name}": p.detach().clone() for name, p in network.module.named_buffers()}
    steps = {f"step.{name}": torch.as_tensor(s) for name, s in zip(network.names, network.steps, strict=True)}
    return {"words": network.words.clone()} | steps | state


def from_state(state: Mapping[str, Tensor], module: nn.Module, quantizer: Quantizer) -> QuantizedNetwork:
    """The network of `state` on a copy of `module`, whose parameters and buffers need the same names and shapes.

    Raises `PinchedError` for a module that cannot be stored or is of another architecture.
    """
    check_storable(module)
    twin = copy.deepcopy(module).eval().requires_grad_(False)
    shapes = {name: tuple(p.shape) for name, p in twin.named_parameters()}
    wanted = shapes | {name: tuple(b.shape) for name, b in twin.named_buffers()}
    own = {k.partition(".")[2]: v for k, v in state.items() if k.startswith(("float.", "buffer."))}
    found = {name: tuple(tensor.shape) for name, tensor in own.items()}
    if found != wanted or "words" not in state or any(f"step.{name}" not in state for name in shapes):
        raise PinchedError(
            f"the saved network has the parameters and buffers {found}, the module given has {wanted}. "
            "Give a module of the architecture that was saved."
        )
    # Not by load_state_dict, which passes over buffers that their module does not call persistent.
    with torch.no_grad():
        for name, tensor in (*twin.named_parameters(), *twin.named_buffers()):
            tensor.copy_(own[name])
    steps = [state[f"step.{name}"] for name in shapes]
    return QuantizedNetwork(
        module=twin,
        quantizer=quantizer,
        names=tuple(shapes),
        shapes=tuple(shapes.values()),
        steps=tuple(float(step) if step.ndim == 0 else step for step in steps),
        words=state["words"],
    )


def save_network(network: QuantizedNetwork, path: Path | str) -> None:
    """Write `network` to `path` (NPZ), whole or not at all.

    Raises `PinchedError` for a quantizer that this module does not know by name.
    """
    quantizer = network.quantizer
    names = [name for name, kind in _KINDS.items() if type(quantizer) is kind]
    if not names or not dataclasses.is_dataclass(quantizer):
        raise PinchedError(
            f"the quantizer {type(quantizer).__name__} has no name in files; known are "
            f"{', '.join(kind.__name__ for kind in _KINDS.values())}. Keep `state_of(network)` instead."
        )
    head = json.dumps({"format": _FORMAT, "quantizer": names[0], "options": dataclasses.asdict(quantizer)})
    arrays = {name: tensor.numpy() for name, tensor in state_of(network).items()}
    # float64 steps: a step is a Python float, and its words have to stand for the same values after loading.
    steps = {f"step.{n}": np.asarray(s, dtype=np.float64) for n, s in zip(network.names, network.steps, strict=True)
             if isinstance(s, float)}  # fmt: skip
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, head=np.array(head), **(arrays | steps))
    write_bytes(Path(path), buffer.getvalue())


def load_network(path: Path | str, module: nn.Module) -> QuantizedNetwork:
    """The network that `save_network` wrote to `path`, on the architecture of `module`.

    Raises `DataFileError` for a file that is no such network, `PinchedError` for another architecture.
    """
    where = Path(path)
    try:
        # From memory: numpy leaves a file open that turns out to be damaged.
        with np.load(io.BytesIO(where.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        head = json.loads(str(arrays.pop("head")))
        kind, options = _KINDS[head["quantizer"]], head["options"]
        quantizer = kind(**options)
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataFileError(where, "", f"the file cannot be read ({error})", _CURE) from error
    except (KeyError, ValueError, TypeError) as error:
        raise DataFileError(where, "head", f"this is no saved network ({error!r})", _CURE) from error
    if head.get("format") != _FORMAT:
        raise DataFileError(where, "head", f"the format is {head.get('format')!r}, not {_FORMAT!r}", _CURE)
    return from_state({name: torch.from_numpy(a) for name, a in arrays.items()}, module, quantizer)
