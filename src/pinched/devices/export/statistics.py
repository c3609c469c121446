r"""`ParameterSpread`: how the parameters of a law differ from device to device, for a netlist to draw from.

Each parameter is a correlated normal number, or the exponential of one (`Shape.LOGNORMAL`, for what cannot be
negative: resistances, speeds). With $L L^T$ = covariance, device d has $p_k + (L z_d)_k$ or $p_k \exp (L z_d)_k$.
Make one from fitted devices with `of_devices`, from what `vary` draws with `of_spreads`, from a covariance with
`of_covariance`, or from stated deviations with `independent`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.devices.copula import require_correlation
from pinched.devices.law import Law, parameters, structure, with_parameters
from pinched.devices.variability import Factor, Spread
from pinched.extraction.distributions import Lognormal, Normal

L = TypeVar("L", bound=Law)


class Shape(Enum):
    """How a parameter is distributed."""

    NORMAL = "normal"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ParameterSpread:
    """Covariance of some parameters between devices; the law has their centres.

    Raises `PinchedError` for a matrix that is no covariance of `names`.
    """

    names: tuple[str, ...]
    """Parameters, by the names of `pinched.devices.law.parameters`."""
    shapes: tuple[Shape, ...]
    """Distribution of each."""
    covariance: Float[np.ndarray, "parameter parameter"] = quantity(
        dataclasses.MISSING,
        "1",
        r"\Sigma",
        "covariance, in the units of the parameters; of the natural logarithm for lognormal ones",
    )

    def __post_init__(self) -> None:
        matrix = np.array(self.covariance, dtype=np.float64)
        count = len(self.names)
        require(
            self,
            len(set(self.names)) == count and len(self.shapes) == count and matrix.shape == (count, count),
            f"{count} names, {len(self.shapes)} shapes and a covariance of shape {matrix.shape} do not fit together; "
            "give each parameter once, with a shape and a row.",
        )
        require(
            self,
            bool(np.isfinite(matrix).all()),
            "the covariance is not finite; leave out what a fit cannot tell.",
        )
        deviations = np.sqrt(np.clip(np.diag(matrix), 0.0, None))
        scaled = matrix / np.outer(*[np.where(deviations > 0, deviations, 1.0)] * 2)
        require(
            self,
            bool(np.allclose(scaled, scaled.T, atol=1e-9))
            and bool((np.diag(matrix) >= 0).all())
            and (count == 0 or bool(np.linalg.eigvalsh(scaled)[0] > -1e-9)),
            "the covariance is not symmetric and positive: no devices can vary like that.",
        )
        matrix.setflags(write=False)
        object.__setattr__(self, "covariance", matrix)

    @classmethod
    def independent(
        cls, deviations: Mapping[str, float], *, shape: Shape = Shape.LOGNORMAL
    ) -> ParameterSpread:
        """Parameters that vary on their own, with a standard deviation each (of the logarithm where lognormal)."""
        for name, value in deviations.items():
            require(cls, value >= 0, f"the deviation of {name} is {value}; it must not be negative.")
        return cls(
            names=tuple(deviations),
            shapes=(shape,) * len(deviations),
            covariance=np.diag(np.square(np.array(list(deviations.values()), dtype=np.float64))),
        )

    @classmethod
    def of_covariance(
        cls, names: Sequence[str], covariance: Float[np.ndarray, "parameter parameter"], *, shape: Shape
    ) -> ParameterSpread:
        """The spread with `covariance` between `names`, all of one shape, as a fit over devices gives it."""
        return cls(names=tuple(names), shapes=(shape,) * len(names), covariance=covariance)

    @classmethod
    def of_spreads(
        cls,
        law: L,
        spreads: Mapping[str, Spread],
        *,
        correlation: Float[np.ndarray, "parameter parameter"] | None = None,
    ) -> tuple[L, ParameterSpread]:
        """`law` at the medians of `spreads`, and the spread around it: what `vary` draws from, for a netlist.

        `correlation` is that of the normal scores. Raises `PinchedError` for distributions that are neither normal
        nor lognormal.
        """
        shapes, deviations, centres = [], [], {}
        for name, spread in spreads.items():
            inner = spread.distribution if isinstance(spread, Factor) else spread
            nominal = parameters(law).get(name)
            require(cls, nominal is not None, f"{type(law).__name__} has no parameter {name} to vary.")
            own = float(nominal) if isinstance(spread, Factor) else 1.0  # type: ignore[arg-type]
            if isinstance(inner, Lognormal):
                centres[name] = own * math.exp(inner.mu)
                shapes.append(Shape.LOGNORMAL)
                deviations.append(inner.sigma)
            elif isinstance(inner, Normal):
                centres[name] = own * inner.mean
                shapes.append(Shape.NORMAL)
                deviations.append(abs(own) * inner.std)
            else:
                raise PinchedError(
                    f"the spread of {name} is a {type(inner).__name__}; a netlist draws Normal and Lognormal. "
                    "Fit one of these, or draw devices with `vary` and export them one by one."
                )
        scores = require_correlation(cls, correlation, len(shapes))
        size = np.array(deviations)
        spread = cls(names=tuple(spreads), shapes=tuple(shapes), covariance=scores * np.outer(size, size))
        return with_parameters(law, centres), spread

    @classmethod
    def of_devices(cls, laws: Sequence[L]) -> tuple[L, ParameterSpread]:
        """The middle of fitted devices `laws`, all of one structure, and how they spread around it.

        Parameters of one sign in all devices are lognormal, others normal; what is the same in all of them does not
        vary. Raises `PinchedError` for fewer than two devices.
        """
        require(cls, len(laws) >= 2, f"{len(laws)} device is no population; give at least two.")
        require(
            cls,
            all(structure(law) == structure(laws[0]) for law in laws),
            "the devices are of different laws, or of different parts; give one kind.",
        )
        table = {
            name: np.array([float(parameters(law)[name]) for law in laws]) for name in parameters(laws[0])
        }
        varied = {name: values for name, values in table.items() if np.ptp(values) > 0}
        shapes, columns, centres = [], [], {}
        for name, values in varied.items():
            one_sign = bool((values > 0).all() or (values < 0).all())
            shapes.append(Shape.LOGNORMAL if one_sign else Shape.NORMAL)
            columns.append(np.log(np.abs(values)) if one_sign else values)
            centre = float(columns[-1].mean())
            centres[name] = math.copysign(math.exp(centre), values[0]) if one_sign else centre
        covariance = np.atleast_2d(np.cov(np.array(columns))) if columns else np.zeros((0, 0))
        return with_parameters(laws[0], centres), cls(
            names=tuple(varied), shapes=tuple(shapes), covariance=covariance
        )

    def factor(self) -> Float[np.ndarray, "parameter parameter"]:
        """Lower triangular L with L L^T = covariance: a netlist multiplies independent numbers by it."""
        deviations = np.sqrt(np.diag(self.covariance))
        scale = np.where(deviations > 0, deviations, 1.0)
        values, vectors = np.linalg.eigh(self.covariance / np.outer(scale, scale))
        # QR of the root makes it triangular also where the matrix is singular and Cholesky would fail.
        lower = np.linalg.qr((vectors * np.sqrt(np.clip(values, 0.0, None))).T)[1].T
        lower = lower * np.where(np.diag(lower) < 0, -1.0, 1.0)
        return np.where(np.abs(lower) < 1e-15, 0.0, lower) * scale[:, None]

    def check(self, law: str, values: Mapping[str, float]) -> None:
        """Raise `PinchedError` for a name that is no parameter of `law`, and a lognormal one that is zero."""
        for name, shape in zip(self.names, self.shapes, strict=True):
            if name not in values:
                raise PinchedError(f"{law} has no parameter {name} to vary. It has {', '.join(values)}.")
            if shape is Shape.LOGNORMAL and values[name] == 0:
                raise PinchedError(f"{law}: {name} is 0, a lognormal spread of it stays 0; use Shape.NORMAL.")
