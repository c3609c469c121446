"""What a caller may say about files instead of letting the reader guess: `ReadOptions`, `Columns`, `DeviceNaming`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pinched._params import require
from pinched._units import parse_unit, to_si
from pinched.data.table import Dialect


class DeviceNaming(Enum):
    """What tells one device from another."""

    NAME = "name"
    """The file name without its suffix."""
    PATH = "path"
    """Folder and file name: for trees in which names repeat."""
    FOLDER = "folder"
    """The folder is the device; its files are successive cycles, in natural order of their names."""
    ONE = "one"
    """All files are cycles of one device."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """Which column is what, where the reader should not guess; each a head, or a number counted from 1.

    A head that stands over several columns (V, I, V, I, ...) means all of them.
    """

    voltage: str | int | None = None
    """Column of the voltage."""
    current: str | int | None = None
    """Column of the current."""
    time: str | int | None = None
    """Column of the time."""
    device: str | int | None = None
    """Column that names the device of each row."""
    cycle: str | int | None = None
    """Column that numbers the cycle of each row."""
    amplitude: str | int | None = None
    """Column of the pulse amplitude, in files of pulses."""
    width: str | int | None = None
    """Column of the pulse width, in files of pulses; its unit is the head's, else `ReadOptions.time_unit`."""
    state: str | int | None = None
    """Column of the resistance or conductance, in files of pulses, retention and levels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadOptions:
    """Everything that can be said about measurement files; the defaults leave it to the reader.

    Raises `PinchedError` for a unit, limit, separator or decimal mark that is none.
    """

    columns: Columns = Columns()
    """Columns that the caller names."""
    voltage_unit: str | None = None
    """Unit of the voltage column, such as "mV"; None takes the head's, else V."""
    current_unit: str | None = None
    """Unit of the current column, such as "uA"; None takes the head's, else A."""
    time_unit: str | None = None
    """Unit of the time column, such as "ms"; None takes the head's, else s."""
    decimal: str | None = None
    """Decimal mark, "." or ","; None finds out."""
    separator: str | None = None
    """Character between cells of text files (" " for any blanks); None finds out."""
    sheet: str | None = None
    """Name of the one sheet to read from workbooks; None reads every sheet that holds a table."""
    flip: bool = False
    """True turns voltage and current round, for data with the bottom electrode driven."""
    compliance_current: str | float | None = None
    """Current limit of the source (A, or text such as "100 uA"); None when unknown."""
    shunt: str | float | None = None
    """Resistor to ground over which the current was measured as a voltage (ohm, or "50 ohm"); None without one.

    The current column may then hold volts; its voltage is taken off the other, which stands over both."""
    series_resistor: str | float | None = None
    """Resistor between source and device (ohm, or "10 kohm") where two voltages were recorded and no current.

    The current is (V_source - V_device) / R; the device's voltage is the smaller one, unless `columns` says otherwise
    (voltage: the device's, current: the source's)."""
    state_unit: str | None = None
    """Unit of resistances or conductances whose head states none, such as "uS" or "kohm"; None guesses."""
    read_voltage: str | float | None = None
    """Voltage (V, or "0.1 V") at which the currents of a retention, endurance or pulse file without one were read."""
    drop_bad_rows: bool = False
    """True leaves out rows with missing, overflowing or unreadable cells, and counts them in the guesses."""
    device_from: DeviceNaming = DeviceNaming.NAME
    """What tells one device from another."""

    def __post_init__(self) -> None:
        for name, unit in (("voltage_unit", "V"), ("current_unit", "A"), ("time_unit", "s")):
            stated = getattr(self, name)
            parsed = None if stated is None else parse_unit(stated)
            require(
                self,
                stated is None or (parsed is not None and parsed[0] == unit),
                f"{name} is '{stated}', which is no unit in {unit}. Write {unit} with a prefix, such as m{unit}.",
            )
        if self.compliance_current is not None:
            limit = to_si(self.compliance_current, "A")
            require(self, limit > 0, f"compliance_current is {limit} A; it must be above zero.")
        if self.read_voltage is not None:
            require(self, to_si(self.read_voltage, "V") != 0, "read_voltage is 0 V: nothing is read there.")
        for name in ("shunt", "series_resistor"):
            stated = getattr(self, name)
            value = 1.0 if stated is None else to_si(stated, "ohm")
            require(self, value > 0, f"{name} is {value} ohm; it must be above zero.")
        require(
            self,
            self.shunt is None or self.series_resistor is None,
            "shunt and series_resistor are both given: the second voltage is over a shunt to ground, or the source's "
            "in front of a resistor. Keep the one that was there.",
        )
        parsed = None if self.state_unit is None else parse_unit(self.state_unit)
        require(
            self,
            self.state_unit is None or (parsed is not None and parsed[0] in ("ohm", "S")),
            f"state_unit is '{self.state_unit}', which is no unit of resistance or conductance. Write 'uS'.",
        )
        _ = self.dialect

    @property
    def dialect(self) -> Dialect:
        """The part that concerns how files are written."""
        return Dialect(separator=self.separator, decimal=self.decimal, sheet=self.sheet)
