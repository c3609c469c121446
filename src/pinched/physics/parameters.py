"""Parameters of a device by name, for tables, studies and the command line.

A device of one layer has `band_gap`, `barrier_left`, `length`, `traps.density` and so on; of several, those of a
layer have its number before them: `layer2.band_gap`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

from pinched._errors import PinchedError
from pinched.physics.device import OhmicContact, TransportDevice


class Place(NamedTuple):
    """A parameter of a device: its value, SI unit (eV for energies, m_e for masses), symbol and meaning."""

    value: float
    unit: str
    symbol: str
    meaning: str


def parameters(device: TransportDevice) -> dict[str, Place]:
    """Every number of `device`, by name."""
    found: dict[str, Place] = {}
    many = bool(device.layers)
    for k, layer in enumerate(device.stack):
        lead = f"layer{k + 1}." if many else ""
        _numbers(layer.material, lead, found)
        if layer.material.traps is not None:
            _numbers(layer.material.traps, f"{lead}traps.", found)
        if many:
            _numbers(layer, lead, found)
    _numbers(device.geometry, "", found)
    if many:
        found.pop("length")
    for side, contact in (("left", device.left), ("right", device.right)):
        if not isinstance(contact, OhmicContact):
            item = next(f for f in dataclasses.fields(contact) if f.name == "barrier")
            found[f"barrier_{side}"] = _place(contact.barrier, item, f"{side} ")
    _numbers(device, "", found)
    if device.heating is not None:
        _numbers(device.heating, "heating.", found)
    return found


def with_parameters(device: TransportDevice, values: Mapping[str, float]) -> TransportDevice:
    """`device` with the named numbers replaced. Raises `PinchedError` for a name that it does not have."""
    known = parameters(device)
    unknown = [name for name in values if name not in known]
    if unknown:
        raise PinchedError(f"the device has no parameter '{unknown[0]}'; it has {', '.join(known)}.")
    left = dict(values)

    def taken(record: Any, lead: str) -> Any:
        mine = {
            item.name: left.pop(lead + item.name)
            for item in dataclasses.fields(record)
            if "unit" in item.metadata and lead + item.name in left
        }
        return dataclasses.replace(record, **mine) if mine else record

    def with_material(material: Any, lead: str) -> Any:
        traps = None if material.traps is None else taken(material.traps, f"{lead}traps.")
        return dataclasses.replace(taken(material, lead), traps=traps)

    changes: dict[str, Any] = {}
    if device.layers:
        changes["layers"] = tuple(
            dataclasses.replace(
                taken(layer, f"layer{k + 1}."), material=with_material(layer.material, f"layer{k + 1}.")
            )
            for k, layer in enumerate(device.layers)
        )
    else:
        changes["material"] = with_material(device.material, "")
    changes["geometry"] = taken(device.geometry, "")
    for side in ("left", "right"):
        if f"barrier_{side}" in left:
            contact = getattr(device, side)
            changes[side] = dataclasses.replace(contact, barrier=left.pop(f"barrier_{side}"))
    if device.heating is not None:
        changes["heating"] = taken(device.heating, "heating.")
    changes.update(left)
    return dataclasses.replace(device, **changes)


def _numbers(record: object, lead: str, found: dict[str, Place]) -> None:
    for item in dataclasses.fields(record):  # pyright: ignore[reportArgumentType]
        if "unit" in item.metadata:
            found[lead + item.name] = _place(getattr(record, item.name), item, "")


def _place(value: float, item: dataclasses.Field[Any], lead: str) -> Place:
    return Place(
        float(value), item.metadata["unit"], item.metadata["symbol"], lead + item.metadata["meaning"]
    )
