"""Surrogates in a folder: `save_surrogate` and `load_surrogate`; safetensors for weights, JSON for the rest, no
pickle.

The JSON holds architecture, parameters with units and ranges, provenance, and the hash of the weights: weights that
were changed are refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import torch

from pinched._errors import DataFileError
from pinched._files import output_folder, write_text
from pinched.physics.estimate import Common
from pinched.surrogate.architecture import Architecture, Scaling
from pinched.surrogate.conditioned import Conditioned
from pinched.surrogate.conformal import Difficulty
from pinched.surrogate.hdinn import HDiNN
from pinched.surrogate.model import Surrogate
from pinched.surrogate.residual import Direct

ARCHITECTURES: dict[str, type[Architecture]] = {kind.kind: kind for kind in (HDiNN, Direct, Conditioned)}
"""Name in a file -> architecture."""

MARK = "surrogate.json"
"""A folder that holds this file is a surrogate's and may be replaced."""

_WEIGHTS = "weights.safetensors"
_FORMAT = "pinched surrogate 3"
_DIFFICULTY = ("constant", "low", "high")
_CURE = "Give a folder that `save_surrogate` or `pinched surrogate train` wrote."


def save_surrogate(surrogate: Surrogate, folder: str | Path) -> Path:
    """Write `surrogate` to `folder`, whole or not at all."""
    from safetensors.torch import save

    tensors = {
        f"{k}.{name}": value.detach().contiguous()
        for k, network in enumerate(surrogate.networks)
        for name, value in network.state_dict().items()
    }
    tensors |= {f"scaling.{k}": torch.from_numpy(np.array(v)) for k, v in surrogate.scaling.arrays.items()}
    tensors |= {
        "scaling.low_end": torch.from_numpy(np.array(surrogate.scaling.low)),
        "scaling.high_end": torch.from_numpy(np.array(surrogate.scaling.high)),
        "seen": torch.from_numpy(np.array(surrogate.seen)),
    }
    hard = surrogate.difficulty
    if hard is not None:
        tensors["difficulty"] = torch.from_numpy(np.array(hard.weights))
    blob = save(tensors)
    about = {
        "format": _FORMAT,
        "kind": surrogate.architecture.kind,
        "architecture": _plain(surrogate.architecture),
        "parameters": dict(zip(surrogate.scaling.names, surrogate.scaling.units, strict=True)),
        "common": dataclasses.asdict(surrogate.scaling.common),
        "networks": len(surrogate.networks),
        "quantile": None if np.isnan(surrogate.quantile) else surrogate.quantile,
        "difficulty": None if hard is None else {k: getattr(hard, k) for k in _DIFFICULTY},
        "source": surrogate.source,
        "seed": surrogate.seed,
        "runs": surrogate.runs,
        "train_seconds": surrogate.train_seconds,
        "output": "current in A into the right contact; simulated, not measured",
        "sha256": hashlib.sha256(blob).hexdigest(),
    }
    with output_folder(Path(folder), mark=MARK) as aside:
        (aside / _WEIGHTS).write_bytes(blob)
        write_text(aside / MARK, json.dumps(about, indent=2) + "\n")
    return Path(folder)


def load_surrogate(folder: str | Path) -> Surrogate:
    """The surrogate in `folder`. Raises `DataFileError` for another version, damaged files and changed weights."""
    from safetensors.torch import load

    path = Path(folder) / MARK
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        blob = (Path(folder) / _WEIGHTS).read_bytes()
    except (OSError, ValueError) as error:
        raise DataFileError(str(folder), "", f"is no surrogate ({error})", _CURE) from error
    if not isinstance(about, dict) or about.get("format") != _FORMAT:
        found = about.get("format") if isinstance(about, dict) else about
        raise DataFileError(
            str(path), "", f"says that it is '{found}'", f"This version reads '{_FORMAT}': train it again."
        )
    if hashlib.sha256(blob).hexdigest() != about.get("sha256"):
        raise DataFileError(
            str(Path(folder) / _WEIGHTS),
            "",
            "the weights are not those that were saved (their hash differs)",
            _CURE,
        )
    if about.get("kind") not in ARCHITECTURES:
        raise DataFileError(
            str(path), "", f"holds a network of the kind '{about.get('kind')}'",
            f"This version knows {', '.join(ARCHITECTURES)}: train it again.",
        )  # fmt: skip
    try:
        kind = ARCHITECTURES[about["kind"]]
        architecture = _record(kind, about["architecture"])
        tensors = load(blob)
        arrays = {
            k.removeprefix("scaling."): v.numpy() for k, v in tensors.items() if k.startswith("scaling.")
        }
        low, high = arrays.pop("low_end"), arrays.pop("high_end")
        scaling = Scaling(
            common=Common(**about["common"]),
            names=tuple(about["parameters"]),
            units=tuple(about["parameters"].values()),
            low=low,
            high=high,
            arrays=arrays,
        )
        networks = []
        for k in range(int(about["networks"])):
            network = architecture.network(scaling)
            network.load_state_dict(
                {n.removeprefix(f"{k}."): v for n, v in tensors.items() if n.startswith(f"{k}.")}
            )
            networks.append(network.eval())
        return Surrogate(
            architecture=architecture, scaling=scaling, networks=tuple(networks),
            quantile=float("nan") if about["quantile"] is None else float(about["quantile"]),
            source=str(about["source"]), seed=int(about["seed"]), runs=int(about["runs"]),
            train_seconds=float(about["train_seconds"]), seen=tensors["seen"].numpy(),
            difficulty=None if about["difficulty"] is None else Difficulty(
                weights=tensors["difficulty"].numpy(), **{k: float(about["difficulty"][k]) for k in _DIFFICULTY}
            ),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataFileError(str(path), "", f"does not describe a surrogate ({error})", _CURE) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return list(value) if isinstance(value, tuple) else value


def _record(kind: Any, value: Any) -> Any:
    """What `_plain` made plain, again as `kind`."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind[value]
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        # A field that came after the file was written has its default: older models stay readable.
        known = [f for f in dataclasses.fields(kind) if f.name in value or f.default is dataclasses.MISSING]
        return kind(**{f.name: _record(hints[f.name], value[f.name]) for f in known})
    if get_origin(kind) is tuple:
        return tuple(_record(get_args(kind)[0], item) for item in value)
    if isinstance(kind, types.UnionType):
        return value
    return kind(value)
