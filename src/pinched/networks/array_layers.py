"""Layers whose matrices lie in arrays: linear, convolutions, recurrent; each takes what its torch original takes.

`in_arrays` turns one layer into its twin. A convolution is the product of its unfolded input with its kernel matrix;
a recurrent layer has one matrix for the input and one for the state, read at every time step. Biases, activations and
gates stay digital.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as nnf

from pinched._errors import PinchedError
from pinched.crossbar.array_options import ArrayOptions
from pinched.networks.array_matrix import ArrayMatrix

M = TypeVar("M", bound=nn.Module)

Conv = nn.Conv1d | nn.Conv2d | nn.Conv3d
Recurrent = nn.RNN | nn.LSTM | nn.GRU
Cell = nn.RNNCell | nn.LSTMCell | nn.GRUCell

MAPPED = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell,
)  # fmt: skip
"""Layers that have a twin in arrays; not their subclasses, which may compute something else."""


def _copied(bias: Tensor | None) -> nn.Parameter | None:
    return None if bias is None else nn.Parameter(bias.detach().clone())


class ArrayLinear(nn.Module):
    """`nn.Linear` in tiles."""

    def __init__(self, layer: nn.Linear, options: ArrayOptions, *, name: str) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.matrix = ArrayMatrix(layer.weight, options, name=name)
        self.bias = _copied(layer.bias)

    @property
    def weight(self) -> nn.Parameter:
        """The float master."""
        return self.matrix.weight

    def original(self) -> nn.Module:
        """The float layer with the weights of now."""
        layer = nn.utils.skip_init(
            nn.Linear,
            self.in_features,
            self.out_features,
            bias=self.bias is not None,
            dtype=self.weight.dtype,
        )
        return _filled(layer, {"weight": self.weight, "bias": self.bias})

    def forward(self, x: Float[Tensor, "*batch in_features"]) -> Float[Tensor, "*batch out_features"]:
        """x W^T + b."""
        out = self.matrix(x)
        return out if self.bias is None else out + self.bias


class ArrayConv(nn.Module):
    """`nn.Conv1d`, `nn.Conv2d` or `nn.Conv3d` in tiles; groups have matrices of their own."""

    def __init__(self, layer: Conv, options: ArrayOptions, *, name: str) -> None:
        super().__init__()
        self.kind = type(layer)
        self.in_channels, self.out_channels, self.groups = layer.in_channels, layer.out_channels, layer.groups
        self.kernel_size, self.stride, self.dilation = layer.kernel_size, layer.stride, layer.dilation
        self.padding, self.padding_mode = layer.padding, layer.padding_mode
        self.margins = list(layer._reversed_padding_repeated_twice)
        parts = layer.weight.flatten(1).chunk(self.groups)
        suffix = [""] if self.groups == 1 else [f", group {k}" for k in range(self.groups)]
        self.matrices = nn.ModuleList(
            ArrayMatrix(part, options, name=name + tail) for part, tail in zip(parts, suffix, strict=True)
        )
        self.bias = _copied(layer.bias)

    @property
    def weight(self) -> Tensor:
        """The float kernel (out, in / groups, *kernel)."""
        joined = torch.cat([m.weight for m in self.matrices])  # type: ignore[misc]
        return joined.reshape(self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def original(self) -> nn.Module:
        """The float layer with the weights of now."""
        layer = nn.utils.skip_init(
            self.kind, self.in_channels, self.out_channels, self.kernel_size, stride=self.stride,
            padding=self.padding, dilation=self.dilation, groups=self.groups, bias=self.bias is not None,
            padding_mode=self.padding_mode, dtype=self.weight.dtype,
        )  # fmt: skip
        return _filled(layer, {"weight": self.weight, "bias": self.bias})

    def forward(self, x: Tensor) -> Tensor:
        """The convolution; a batch axis may be missing, as in torch."""
        axes = len(self.kernel_size)
        single = x.ndim == axes + 1
        x = x[None] if single else x
        if any(self.margins):
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            x = nnf.pad(x, self.margins, mode=mode)
        kernels = [m.plain() for m in self.matrices]  # type: ignore[operator]
        known = [k for k in kernels if k is not None]
        if len(known) == len(kernels):
            # One product per place with one matrix is a convolution, which torch computes without unfolding.
            weight = torch.cat(known).reshape(self.out_channels, -1, *self.kernel_size)
            convolve = (nnf.conv1d, nnf.conv2d, nnf.conv3d)[axes - 1]
            bias = None if self.bias is None else self.bias.to(x.dtype)
            out = convolve(x, weight.to(x.dtype), bias, self.stride, 0, self.dilation, self.groups)
            return out[0] if single else out
        for k in range(axes):
            width = (self.kernel_size[k] - 1) * self.dilation[k] + 1
            x = x.unfold(2 + k, width, self.stride[k])[..., :: self.dilation[k]]
        # (batch, channel, *place, *kernel) -> (batch, *place, channel, *kernel), the order of the kernel's rows.
        x = x.movedim(1, 1 + axes)
        places = x.shape[1 : 1 + axes]
        parts = x.flatten(1 + axes).chunk(self.groups, dim=-1)
        out = torch.cat([m(part) for m, part in zip(self.matrices, parts, strict=True)], dim=-1)
        out = out if self.bias is None else out + self.bias
        out = out.movedim(-1, 1).reshape(x.shape[0], self.out_channels, *places)
        return out[0] if single else out


class ArrayRecurrent(nn.Module):
    """`nn.RNN`, `nn.LSTM` or `nn.GRU` in tiles; dropout between layers works as in torch."""

    def __init__(self, layer: Recurrent, options: ArrayOptions, *, name: str) -> None:
        super().__init__()
        if getattr(layer, "proj_size", 0):
            raise PinchedError(
                f"the layer '{name}' projects its state (proj_size {layer.proj_size}), which has no mapping. Use a "
                "Linear layer after an LSTM without projection."
            )
        self.kind = type(layer)
        self.input_size, self.hidden_size, self.num_layers = (
            layer.input_size,
            layer.hidden_size,
            layer.num_layers,
        )
        self.batch_first, self.dropout, self.bidirectional = (
            layer.batch_first,
            layer.dropout,
            layer.bidirectional,
        )
        self.nonlinearity = getattr(layer, "nonlinearity", "tanh")
        self.has_bias = layer.bias
        self.tags = [
            f"l{k}{tail}"
            for k in range(layer.num_layers)
            for tail in (("", "_reverse") if layer.bidirectional else ("",))
        ]
        self.matrices, self.biases = nn.ModuleDict(), nn.ParameterDict()
        for tag in self.tags:
            for side in ("ih", "hh"):
                weight = getattr(layer, f"weight_{side}_{tag}")
                self.matrices[f"{side}_{tag}"] = ArrayMatrix(weight, options, name=f"{name}, {side} {tag}")
                if layer.bias:
                    self.biases[f"{side}_{tag}"] = _copied(getattr(layer, f"bias_{side}_{tag}"))

    def original(self) -> Recurrent:
        """The float layer with the weights of now."""
        extra = {"nonlinearity": self.nonlinearity} if self.kind is nn.RNN else {}
        first = next(iter(self.matrices.values()))
        layer = self.kind(
            self.input_size, self.hidden_size, self.num_layers, bias=self.has_bias, batch_first=self.batch_first,
            dropout=self.dropout, bidirectional=self.bidirectional, dtype=first.weight.dtype, **extra,
        )  # fmt: skip
        values: dict[str, Tensor | None] = {
            f"weight_{tag}": matrix.get_parameter("weight") for tag, matrix in self.matrices.items()
        }
        return _filled(layer, values | {f"bias_{tag}": bias for tag, bias in self.biases.items()})

    def forward(self, x: Tensor, hx: Tensor | tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, object]:
        """Output of every step and the last state, as torch has them; packed sequences are refused."""
        if not isinstance(x, Tensor):
            raise PinchedError(
                f"{self.kind.__name__} in arrays takes a tensor and not {type(x).__name__}. Pad the sequences "
                "(`torch.nn.utils.rnn.pad_packed_sequence`)."
            )
        single = x.ndim == 2
        if single:
            x = x[:, None]
        elif self.batch_first:
            x = x.transpose(0, 1)
        directions = 2 if self.bidirectional else 1
        first, memory = self._start(x, hx, single, directions)
        ends, memories = [], []
        for k in range(self.num_layers):
            sides = []
            for d in range(directions):
                at = k * directions + d
                steps, last, kept = self._run(self.tags[at], x.flip(0) if d else x, first[at], memory[at])
                sides.append(steps.flip(0) if d else steps)
                ends.append(last)
                memories.append(kept)
            x = torch.cat(sides, dim=-1)
            if self.dropout and k < self.num_layers - 1:
                x = nnf.dropout(x, self.dropout, self.training)
        out = x[:, 0] if single else x.transpose(0, 1) if self.batch_first else x
        state, cells = torch.stack(ends), torch.stack(memories)
        if single:
            state, cells = state[:, 0], cells[:, 0]
        return out, (state, cells) if self.kind is nn.LSTM else state

    def _start(
        self, x: Tensor, hx: Tensor | tuple[Tensor, Tensor] | None, single: bool, directions: int
    ) -> tuple[Tensor, Tensor]:
        zero = x.new_zeros(self.num_layers * directions, x.shape[1], self.hidden_size)
        if hx is None:
            return zero, zero
        state, cells = hx if isinstance(hx, tuple) else (hx, zero[:, 0] if single else zero)
        return (state[:, None], cells[:, None]) if single else (state, cells)

    def _run(self, tag: str, x: Tensor, state: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        known = self._with_bias(f"ih_{tag}", self.matrices[f"ih_{tag}"](x))
        out = []
        for now in known:
            held = self._with_bias(f"hh_{tag}", self.matrices[f"hh_{tag}"](state))
            state, memory = advance(self.kind, self.nonlinearity, now, held, state, memory)
            out.append(state)
        return torch.stack(out), state, memory

    def _with_bias(self, tag: str, value: Tensor) -> Tensor:
        return value + self.biases[tag] if self.has_bias else value


class ArrayCell(nn.Module):
    """`nn.RNNCell`, `nn.LSTMCell` or `nn.GRUCell` in tiles."""

    def __init__(self, layer: Cell, options: ArrayOptions, *, name: str) -> None:
        super().__init__()
        self.kind = type(layer)
        self.input_size, self.hidden_size = layer.input_size, layer.hidden_size
        self.nonlinearity = getattr(layer, "nonlinearity", "tanh")
        self.matrix_ih = ArrayMatrix(layer.weight_ih, options, name=f"{name}, ih")
        self.matrix_hh = ArrayMatrix(layer.weight_hh, options, name=f"{name}, hh")
        self.bias_ih = _copied(layer.bias_ih if layer.bias else None)
        self.bias_hh = _copied(layer.bias_hh if layer.bias else None)

    def original(self) -> Cell:
        """The float layer with the weights of now."""
        extra = {"nonlinearity": self.nonlinearity} if self.kind is nn.RNNCell else {}
        layer = self.kind(
            self.input_size,
            self.hidden_size,
            bias=self.bias_ih is not None,
            dtype=self.matrix_ih.weight.dtype,
            **extra,
        )
        return _filled(
            layer,
            {
                "weight_ih": self.matrix_ih.weight, "weight_hh": self.matrix_hh.weight, "bias_ih": self.bias_ih,
                "bias_hh": self.bias_hh,
            },
        )  # fmt: skip

    def forward(
        self, x: Tensor, hx: Tensor | tuple[Tensor, Tensor] | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """The next state (and memory), as torch has it."""
        zero = x.new_zeros(*x.shape[:-1], self.hidden_size)
        state, memory = hx if isinstance(hx, tuple) else (zero if hx is None else hx, zero)
        now, held = self.matrix_ih(x), self.matrix_hh(state)
        if self.bias_ih is not None and self.bias_hh is not None:
            now, held = now + self.bias_ih, held + self.bias_hh
        kind = {nn.RNNCell: nn.RNN, nn.LSTMCell: nn.LSTM, nn.GRUCell: nn.GRU}[self.kind]
        state, memory = advance(kind, self.nonlinearity, now, held, state, memory)
        return (state, memory) if self.kind is nn.LSTMCell else state


def advance(
    kind: type, nonlinearity: str, now: Tensor, held: Tensor, state: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    """State and memory after one step, from what the input matrix (`now`) and the state matrix (`held`) gave."""
    if kind is nn.RNN:
        total = now + held
        return (total.relu() if nonlinearity == "relu" else total.tanh()), memory
    if kind is nn.LSTM:
        enter, forget, value, leave = (now + held).chunk(4, dim=-1)
        memory = forget.sigmoid() * memory + enter.sigmoid() * value.tanh()
        return leave.sigmoid() * memory.tanh(), memory
    reset, update, value = now.chunk(3, dim=-1)
    reset_held, update_held, value_held = held.chunk(3, dim=-1)
    gate = (update + update_held).sigmoid()
    fresh = (value + (reset + reset_held).sigmoid() * value_held).tanh()
    return (1.0 - gate) * fresh + gate * state, memory


def _filled(layer: M, values: Mapping[str, Tensor | None]) -> M:
    """`layer` with `values` in its parameters, on their device."""
    with torch.no_grad():
        for name, value in values.items():
            if value is not None:
                getattr(layer, name).copy_(value)
    return layer.to(next(v for v in values.values() if v is not None).device)


ArrayLayer = ArrayLinear | ArrayConv | ArrayRecurrent | ArrayCell


def in_arrays(layer: nn.Module, options: ArrayOptions, *, name: str) -> ArrayLayer | None:
    """The twin of `layer` in arrays, in its mode; None for a layer that has none."""
    makers: dict[type, Callable[..., ArrayLayer]] = {
        nn.Linear: ArrayLinear, nn.Conv1d: ArrayConv, nn.Conv2d: ArrayConv, nn.Conv3d: ArrayConv,
        nn.RNN: ArrayRecurrent, nn.LSTM: ArrayRecurrent, nn.GRU: ArrayRecurrent,
        nn.RNNCell: ArrayCell, nn.LSTMCell: ArrayCell, nn.GRUCell: ArrayCell,
    }  # fmt: skip
    maker = makers.get(type(layer))
    return None if maker is None else maker(layer, options, name=name)
