r"""`PulseSGD`: an optimizer whose weights live in pulsed devices; any torch training loop trains in place with it.

    optimizer = PulseSGD(model, rule=MixedPrecision(), device=law, noise=RangeNoise(sigma=0.02), lr=0.1)
    for images, labels in batches:
        optimizer.zero_grad()
        cross_entropy(model(images), labels).backward()
        optimizer.step()

The kernels of Linear and Conv layers (a convolution as the matrix channel x channel times kernel) are held by
devices of an update law: after each step the parameters of the model are what the conductances stand for,

$$ w = s\,(2y - 1) \quad\text{(one device and a middle reference)}, \qquad w = s\,(y^+ - y^-) \quad\text{(a pair)}, $$

y the place of a device in its window, s the weight at the end of it. Everything else (biases, normalisation) is
digital and descends by plain SGD. Weights of the start are written exactly; what training takes is counted from
there (`cost`). `into(chip)` puts the conductances into the arrays of a chip that `convert` made, with wires,
converters and noise of reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinched._errors import PinchedError
from pinched._params import require
from pinched.crossbar.cells import Endurance
from pinched.devices.updates.noise import DrawnUpdate, OwnChance, PulseNoise
from pinched.devices.updates.symmetry import step_at
from pinched.devices.updates.update import PulseUpdate
from pinched.devices.variability import Spread
from pinched.networks.array_network import hold_devices, matrices
from pinched.networks.pulse_rules import PulseRule
from pinched.networks.pulse_state import (
    DeviceBank,
    PulseLayout,
    PulseState,
    TrainingCost,
    WornOutError,
    WritePulse,
    cost_of,
    devices_of,
)

_HELD = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""Layers whose weights devices hold."""

_NOTHING: Mapping[str, Spread] = MappingProxyType({})


class PulseSGD(torch.optim.Optimizer):
    """SGD by pulses; `param_groups` hold the weights in devices first, digital parameters second."""

    def __init__(
        self,
        model: nn.Module,
        *,
        rule: PulseRule,
        device: PulseUpdate,
        lr: float = 0.1,
        noise: PulseNoise | None = None,
        spreads: Mapping[str, Spread] = _NOTHING,
        endurance: Endurance | None = None,
        write: WritePulse | None = None,
        span: float = 4.0,
        digital: Sequence[str] = (),
        checkpoint: Path | None = None,
        seed: int = 0,
    ) -> None:
        """Write the weights of `model` into devices and train them there by `rule`.

        `device` is the nominal update law or a measured table, `spreads` what its parameters scatter from device to
        device, `noise` what pulses scatter (a law of discrete levels draws by its own chance when None).
        `endurance` is how many pulses a device survives, `write` what time and energy are reckoned with. `span` is
        the weight at the end of the window as a multiple of the mean size of the layer's first weights.
        Layers named in `digital` stay digital. `checkpoint` is the file that model and optimizer are kept in when
        devices wear out. First weights beyond the span are held at its end. Raises `PinchedError` for a model without
        such layers, an unknown name, weights that are all zero or not finite, and a rule that needs a symmetric point
        which the device does not have.
        """
        require(type(self), lr > 0, f"lr is {lr}; it is above zero.")
        require(type(self), span > 0, f"span is {span}; a multiple of the mean weight, above zero.")
        held = _held_layers(model, digital)
        self.model, self.rule, self.checkpoint = model, rule, checkpoint
        self.layers = tuple(name for name, _ in held)
        weights = [layer.get_parameter("weight") for _, layer in held]
        own = {id(w) for w in weights}
        others = [p for p in model.parameters() if id(p) not in own and p.requires_grad]
        groups: list[dict[str, Any]] = [{"params": weights}]
        groups += [{"params": others}] if others else []
        super().__init__(groups, {"lr": lr})
        self.layout = PulseLayout(
            names=self.layers,
            shapes=tuple((w.shape[0], w.numel() // w.shape[0]) for w in weights),
        )
        flat = torch.cat([w.detach().flatten().float() for w in weights])
        if not bool(torch.isfinite(flat).all()):
            raise PinchedError("weights are not finite: did the training diverge? Use a lower rate.")
        scales = [span * float(w.detach().abs().mean()) for w in weights]
        for name, scale in zip(self.layers, scales, strict=True):
            if not scale > 0:
                raise PinchedError(
                    f"all weights of '{name}' are zero: the window of its devices would stand for nothing. "
                    "Initialise the model first."
                )
        self._scale = torch.cat([torch.full((w.numel(),), s) for w, s in zip(weights, scales, strict=True)])
        self._scales = tuple(scales)
        # The change of the weight when a device crosses its window.
        self._unit = self._scale if rule.paired else 2.0 * self._scale
        if noise is None and isinstance(device, DrawnUpdate):
            noise = OwnChance()
        copies, common = 2 if rule.paired else 1, (write or WritePulse(), seed)
        start = rule.mapping.shares((flat / self._scale).clamp(-1.0, 1.0)[None])[0].movedim(-1, 0).flatten()
        bank = self._bank("weights", device, spreads, start, copies, noise, endurance, *common)
        memory, fast = rule.memory(flat.numel()), None
        own_law = devices_of(device, spreads, self.layout, 1, seed, "fast")
        rest = rule.fast_start(own_law)
        if rest is not None:
            memory |= {"zero": rest.float().expand(flat.numel()).clone()}
            fast = self._bank("fast", device, spreads, memory["zero"], 1, noise, endurance, *common)
        self.devices = PulseState(bank, fast, memory, step=step_at(device, 0.5), seed=seed)
        self._show()

    def _bank(
        self,
        role: str,
        device: PulseUpdate,
        spreads: Mapping[str, Spread],
        start: Tensor,
        copies: int,
        noise: PulseNoise | None,
        endurance: Endurance | None,
        write: WritePulse,
        seed: int,
    ) -> DeviceBank:
        law = devices_of(device, spreads, self.layout, copies, seed, role)
        return DeviceBank(
            law, start, self.layout, copies=copies, noise=noise, endurance=endurance, write=write, seed=seed
        )

    # One step -------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Pulse the devices for the gradients that stand in the parameters, and show the model what they became.

        Raises `WornOutError` (a `PinchedError`) before the first pulse that a device would not survive.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        held, *rest = self.param_groups
        rate = float(held["lr"])
        parts = [
            (torch.zeros_like(p) if p.grad is None else p.grad).flatten().float() for p in held["params"]
        ]
        wanted = torch.cat(parts).mul_(-rate).div_(self._unit)
        try:
            self.rule.update(self.devices, wanted, rate)
        except WornOutError as error:
            self._give_up(error)
        self._show()
        for group in rest:
            for p in group["params"]:
                if p.grad is not None:
                    self._descend(p, p.grad, float(group["lr"]))
        self.devices.taken += 1
        return loss

    def _descend(self, p: Tensor, gradient: Tensor, rate: float) -> None:
        if self.rule.momentum:
            state = self.state[p]
            if "velocity" not in state:
                state["velocity"] = torch.zeros_like(p)
            gradient = state["velocity"].mul_(self.rule.momentum).add_(gradient)
        p.add_(gradient, alpha=-rate)

    def _give_up(self, error: WornOutError) -> NoReturn:
        self._show()
        if self.checkpoint is not None:
            self.save(self.checkpoint)
        raise WornOutError(error.worn, error.step, error.limit, self.checkpoint) from None

    def _show(self) -> None:
        """The parameters of the model become what the devices stand for."""
        start = 0
        values = self.weights()
        for p in self.param_groups[0]["params"]:
            p.data.copy_(values[start : start + p.numel()].view_as(p))
            start += p.numel()

    def weights(self) -> Float[Tensor, " weight"]:
        """What the devices stand for, all matrices in one row."""
        share = self.devices.bank.share()
        if self.rule.paired:
            size = self.layout.size
            return self._scale * (share[:size] - share[size:])
        return self._scale * (2.0 * share - 1.0)

    # What was taken, what is kept --------------------------------------------------------------------------

    @property
    def cost(self) -> TrainingCost:
        """Pulses, time and energy so far."""
        return cost_of(self.devices)

    def state_dict(self) -> dict[str, Any]:
        """Everything: what torch keeps, and every buffer of the devices."""
        return {**super().state_dict(), "devices": self.devices.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go back to what `state_dict` gave; the parameters of the model in devices follow."""
        if "devices" not in state_dict:
            raise PinchedError(
                f"this state has {', '.join(state_dict)} and no devices: it is not that of a PulseSGD."
            )
        rest = {name: value for name, value in state_dict.items() if name != "devices"}
        super().load_state_dict(rest)
        self.devices.restore(state_dict["devices"])
        with torch.no_grad():
            self._show()

    def save(self, path: Path) -> None:
        """Write model and optimizer to `path`, whole or not at all; `torch.load(path)` with "model", "optimizer"."""
        aside = path.with_name(f".{path.name}.part")
        torch.save({"model": self.model.state_dict(), "optimizer": self.state_dict()}, aside)
        aside.replace(path)

    @torch.no_grad()
    def into(self, chip: nn.Module) -> nn.Module:
        """Put the conductances into the arrays of `chip`, which `convert` made of the model; gives the chip.

        The chip reads the very devices that were trained; their window and mapping must be its own. Raises
        `PinchedError` where they are not, or the layers are others.
        """
        own = {matrix.name: matrix for matrix in matrices(chip)}
        bank, size = self.devices.bank, self.layout.size
        share = bank.share().double().view(-1, size)
        for k, name in enumerate(self.layers):
            matrix = own.get(name)
            if matrix is None or matrix.options.mapping != self.rule.mapping:
                raise PinchedError(
                    f"the chip has no layer '{name}' in arrays by the mapping {self.rule.mapping.name}. Convert the "
                    f"model that was trained, with mapping={type(self.rule.mapping).__name__}()."
                )
            start, end = self.layout.offsets[k : k + 2]
            cells = share[:, start:end].reshape(-1, *self.layout.shapes[k])
            hold_devices(matrix, cells.movedim(0, -1), self._scales[k])
        with torch.no_grad():
            _copy_digital(self.model, chip, self.layers)
        return chip


def _held_layers(model: nn.Module, digital: Sequence[str]) -> list[tuple[str, nn.Module]]:
    known = {name for name, _ in model.named_modules()}
    lost = [name for name in digital if name not in known]
    if lost:
        raise PinchedError(
            f"digital names {', '.join(lost)}, but the model has the layers {', '.join(n for n in known if n)}."
        )
    held = [
        (name or "layer", layer)
        for name, layer in model.named_modules()
        if type(layer) in _HELD and not any(name == d or name.startswith(f"{d}.") for d in digital)
    ]
    if not held:
        raise PinchedError(
            f"{type(model).__name__} has no Linear or Conv layer whose weights devices could hold."
        )
    grouped = [name for name, layer in held if getattr(layer, "groups", 1) != 1]
    if grouped:
        raise PinchedError(
            f"{', '.join(grouped)}: a convolution in groups is several matrices. Name it in `digital`."
        )
    return held


def _copy_digital(model: nn.Module, chip: nn.Module, layers: tuple[str, ...]) -> None:
    """Biases, normalisation and its buffers as they are now."""
    held = {f"{name}.weight" for name in layers}
    own, theirs = dict(model.state_dict()), dict(chip.state_dict())
    for name, value in own.items():
        if name not in held and name in theirs:
            theirs[name].copy_(value)
