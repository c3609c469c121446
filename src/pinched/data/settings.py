"""Settings of a measurement and where each is known from: the compliance, the date, the temperature, the sample.

A `Setting` carries its `Origin`, because a compliance that a file states and one that a person remembered are
not worth the same. `find` looks one up, `merged` decides between several sources, `SettingName` lists the names
that the package itself uses; a laboratory may add any other name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

from pinched._params import require


class Origin(Enum):
    """Where a setting is known from."""

    FILE = "file"
    """The measurement file states it."""
    NAME = "name"
    """It stands in the name of the file or of a folder."""
    USER = "user"
    """The person who ran the program said it."""
    UNKNOWN = "unknown"
    """Nobody said it."""


class SettingName(StrEnum):
    """Names of the settings that the package understands, with their SI unit in the comment beside."""

    COMPLIANCE_CURRENT = "compliance_current"  # A
    SWEEP_RATE = "sweep_rate"  # V/s
    START = "start"  # V
    STOP = "stop"  # V
    STEP = "step"  # V
    DELAY = "delay"  # s
    HOLD = "hold"  # s
    SPEED = "speed"  # text: how the instrument calls its integration
    PULSE_WIDTH = "pulse_width"  # s
    PULSE_AMPLITUDE = "pulse_amplitude"  # V
    READ_VOLTAGE = "read_voltage"  # V
    SERIES_RESISTANCE = "series_resistance"  # ohm
    TEMPERATURE = "temperature"  # K
    AREA = "area"  # m2
    DATE = "date"  # text as written: 03/04 is March in one country and April in the next
    SITE = "site"  # text: place on the wafer
    SAMPLE = "sample"  # text
    DEVICE = "device"  # text
    STATE = "state"  # text: "lrs", "hrs", "level 3"
    LABEL = "label"  # text: what a file calls a trace
    CYCLE = "cycle"  # 1
    AMBIENT = "ambient"  # text
    STACK = "stack"  # text: layers of the device
    LIMITER = "limiter"  # text: what limits the current, such as "analyser" or "transistor"
    FORMING = "forming"  # text: how the device was formed
    INSTRUMENT = "instrument"  # text
    TEST = "test"  # text: title of the measurement
    OPERATOR = "operator"  # text


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that is known about a measurement beside its samples."""

    name: str
    """A `SettingName`, or a laboratory's own name in lower case."""
    value: float | str | None
    """Number in SI, or text as written; None when unknown."""
    unit: str = ""
    """SI unit of a number ("1" for none); "" for text."""
    origin: Origin = Origin.FILE
    """Where it is known from."""
    place: str = ""
    """Key or cell that states it, such as "Measurement.Primary.Compliance"; "" when there is none."""

    def __post_init__(self) -> None:
        known = self.value is not None
        require(
            self,
            known == (self.origin is not Origin.UNKNOWN),
            f"{self.name} has the value {self.value} and the origin {self.origin.value}: "
            "a value has an origin, and what is unknown has no value.",
        )

    @property
    def number(self) -> float | None:
        """The value as a number in SI; None for text and for what is unknown."""
        return None if isinstance(self.value, str) else self.value

    def line(self) -> str:
        """The setting as a line "name: value unit", which `stated_settings` reads back."""
        shown = (
            repr(float(self.value))
            if isinstance(self.value, (int, float))
            else " ".join(str(self.value).split())
        )
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        return f"{self.name}: {shown}{unit}"


def find(settings: Iterable[Setting], name: str) -> Setting:
    """The setting called `name`; one of origin UNKNOWN when it is not among `settings`."""
    return next((item for item in settings if item.name == name), Setting(name, None, "", Origin.UNKNOWN))


def merged(*groups: Iterable[Setting]) -> tuple[Setting, ...]:
    """All settings of `groups`, one per name: of two with the same name the one in the earlier group stays."""
    chosen: dict[str, Setting] = {}
    for group in groups:
        for item in group:
            chosen.setdefault(item.name, item)
    return tuple(chosen.values())
