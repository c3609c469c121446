"""LabVIEW .tdms files: groups of channels with properties; the time is rebuilt from the waveform properties."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from pinched._errors import DataFileError
from pinched.data.labels import label_of
from pinched.data.readers._arrays import check_size
from pinched.data.readers._optional import needed
from pinched.data.readers._reader import Reader
from pinched.data.stated import stated_settings
from pinched.data.table import Dialect, RawTable

_CURE = "Copy it again with its .tdms_index left out; or export it as text in LabVIEW."
_RAW_TO_FLOAT = 8
"""Bytes of a number after scaling; a sample may take one byte in the file."""


@contextmanager
def _warnings_kept() -> Iterator[list[str]]:
    """What npTDMS warns of in the block, kept instead of printed: it quotes the damaged bytes."""
    from nptdms.log import log_manager

    said: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        said.append(record.getMessage())
        return False

    # Every module of npTDMS logs by this handler.
    handler = log_manager.console_handler
    handler.addFilter(keep)
    try:
        yield said
    finally:
        handler.removeFilter(keep)


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.97 if head.startswith(b"TDSm") else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    needed("nptdms", "LabVIEW TDMS files", path)
    from nptdms import TdmsFile

    try:
        with _warnings_kept() as said:
            # The metadata first: the sizes they claim must fit the file before anything is allocated.
            plan = TdmsFile.read_metadata(io.BytesIO(content))
            total = sum(len(channel) for group in plan.groups() for channel in group.channels())
            check_size(total * _RAW_TO_FLOAT, content, path, "channels", compressed=False)
            file = TdmsFile.read(io.BytesIO(content))
            found = [table for group in file.groups() for table in _group(file, group)]
    except DataFileError:
        raise
    except Exception as error:
        # npTDMS raises whatever the damaged bytes lead to.
        reason = str(error).strip().splitlines()[0][:100] if str(error).strip() else type(error).__name__
        raise DataFileError(path, "", f"not a readable TDMS file ({reason})", _CURE) from None
    if said:
        found = [
            replace(table, notes=(*table.notes, "the file is damaged or was cut off")) for table in found
        ]
    if not found:
        raise DataFileError(path, "", "no channel holds numbers", "Give the file with the measurement.")
    labels = [label_of(table.device) for table in found]
    if all(label is not None and label.cycle is not None for label in labels):
        # A group per cycle: "Cycle 1", "Cycle 2" are no devices.
        return [
            replace(table, device=label.device, cycle=label.cycle)
            for table, label in zip(found, labels, strict=True)
            if label is not None
        ]
    names = {table.device for table in found}
    if len(names) == 1:
        found = [replace(table, device="") for table in found]
    return found


def _group(file: Any, group: Any) -> list[RawTable]:
    """One table per length of the channels of `group`."""
    lines = [f"{key}: {value}" for node in (group, file) for key, value in node.properties.items()]
    settings = stated_settings(lines).settings
    lengths: dict[int, list[Any]] = {}
    for channel in group.channels():
        if len(channel) > 1 and channel.dtype is not None and np.dtype(channel.dtype).kind in "fiub":
            lengths.setdefault(len(channel), []).append(channel)
    found: list[RawTable] = []
    for rows, channels in lengths.items():
        heads = [channel.name for channel in channels]
        # NI's own programs write the second, DAQmx and most others the first.
        units = [
            str(channel.properties.get("unit_string", "") or channel.properties.get("NI_UnitDescription", ""))
            for channel in channels
        ]
        columns = [np.asarray(channel[:], dtype=np.float64) for channel in channels]
        step = channels[0].properties.get("wf_increment")
        if isinstance(step, (int, float)) and step > 0:
            start = channels[0].properties.get("wf_start_offset", 0.0)
            offset = float(start) if isinstance(start, (int, float)) else 0.0
            heads, units = ["Time", *heads], ["s", *units]
            columns = [offset + float(step) * np.arange(rows), *columns]
        found.append(
            RawTable(
                heads=tuple(heads),
                numbers=np.column_stack(columns),
                texts={},
                lines=np.arange(1, rows + 1),
                units=tuple(units),
                settings=settings,
                device=str(group.name),
            )
        )
    return found


TDMS = Reader("LabVIEW TDMS", _sniff, _read)
"""Reads .tdms files with npTDMS, which comes with `pip install pinched[formats]`."""
