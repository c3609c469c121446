"""Trained weights from files of other programs: `read_weights` and `chain_of`, without pickle.

NPZ, safetensors, and what `torch.save(model.state_dict())` writes (read as weights only, nothing in it is run). A
file holds tensors and no architecture: a chain of linear layers is told from their shapes, everything else needs
its own module and `convert` in Python.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from enum import Enum
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pinched._errors import DataFileError, PinchedError


class Activation(Enum):
    """What stands between the layers of a chain."""

    RELU = nn.ReLU
    TANH = nn.Tanh
    SIGMOID = nn.Sigmoid


def read_weights(path: Path | str) -> dict[str, Tensor]:
    """Tensors of a file by their names, in its order.

    Raises `DataFileError` for a file that cannot be read so, and `PinchedError` where safetensors is not installed.
    """
    where = Path(path)
    cure = "Give NPZ, safetensors or a state_dict saved by torch (.pt)."
    try:
        if where.suffix == ".npz":
            with np.load(io.BytesIO(where.read_bytes()), allow_pickle=False) as stored:
                return {name: torch.from_numpy(stored[name]) for name in stored.files}
        if where.suffix == ".safetensors":
            return _safetensors(where)
        if where.suffix in {".pt", ".pth"}:
            found = torch.load(where, map_location="cpu", weights_only=True)
            if isinstance(found, dict) and all(isinstance(v, Tensor) for v in found.values()):
                return found
            raise DataFileError(where, "", "this is no state_dict (names and tensors)", cure)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError) as error:
        if isinstance(error, PinchedError):
            raise
        raise DataFileError(where, "", f"the file cannot be read ({error})", cure) from error
    raise DataFileError(where, "", f"files ending in '{where.suffix}' are not known here", cure)


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load
    except ImportError as error:
        raise PinchedError(
            "safetensors is not installed. Run `pip install 'pinched[safetensors]'`, or save the weights as NPZ."
        ) from error
    try:
        return load(path.read_bytes())
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def chain_of(state: dict[str, Tensor], activation: Activation = Activation.RELU) -> nn.Sequential:
    """Linear layers with `activation` between them, from weights (out, in) and biases in the order of their names.

    Raises `PinchedError` for tensors that are no such chain.
    """
    heads = sorted({name.rpartition(".")[0] for name in state}, key=_natural)
    steps: list[nn.Module] = []
    before: int | None = None
    for head in heads:
        prefix = f"{head}." if head else ""
        own = {
            name.removeprefix(prefix): value
            for name, value in state.items()
            if name.rpartition(".")[0] == head
        }
        weight, bias = own.get("weight"), own.get("bias")
        if weight is None or weight.ndim != 2 or set(own) - {"weight", "bias"}:
            shapes = {name: tuple(value.shape) for name, value in own.items()}
            raise PinchedError(
                f"the layer '{head}' holds {shapes}, which is no linear layer: a file does not say what it computes. "
                "Build the module in Python, load the file into it, and call `convert(model, ...)`."
            )
        outputs, inputs = weight.shape
        if before is not None and inputs != before:
            raise PinchedError(
                f"the layer '{head}' takes {inputs} inputs, but the one before gives {before}: these layers are no "
                "chain. Build the module in Python and call `convert(model, ...)`."
            )
        if bias is not None and tuple(bias.shape) != (outputs,):
            raise PinchedError(
                f"the bias of '{head}' has the shape {tuple(bias.shape)} for {outputs} outputs."
            )
        layer = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=bias is not None)
        layer.load_state_dict(own)
        steps += [layer, activation.value()]
        before = outputs
    if not steps:
        raise PinchedError("the file holds no weights. Save a state_dict.")
    return nn.Sequential(*steps[:-1]).eval()


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split(".")]
