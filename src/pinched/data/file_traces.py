"""The traces of one file, before devices and cycles have been named, and the joining of files that hold one record.

What `read` and `read_other` share: `traces_of` for the tables of a file, `join_files` for channels that an instrument
saved apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from pinched._errors import DataFileError
from pinched.data.channels import Channel, join_channels
from pinched.data.load import Loaded
from pinched.data.options import ReadOptions
from pinched.data.pairing import NoSweepError
from pinched.data.segments import Trace, cut_traces
from pinched.data.settings import Setting, SettingName, find, merged
from pinched.data.stated import stated_settings
from pinched.data.table import RawTable

# Sheet names that programs give by themselves: they name no device.
_DEFAULT_SHEET = re.compile(
    r"^(run|sheet|data|append|tabelle|feuil\w*|hoja|foglio|cycle|sweep|loop|calc|iv|i-v)?[\s_-]*\d*$",
    re.IGNORECASE,
)


class Found(NamedTuple):
    """One trace and what the file says around it."""

    trace: Trace
    sheet: str
    device: str
    """Device within the file; "" when the file is of one device."""
    simulated_by: str
    settings: tuple[Setting, ...]


class FileTraces(NamedTuple):
    """The traces of one file, before devices and cycles have been named."""

    loaded: Loaded
    """The file; its tables are left out."""
    traces: tuple[Found, ...]
    """Its traces, in file order."""
    notes: tuple[str, ...]
    """What was passed over in it."""
    channel: Channel | None = None
    """Its one signal, when it holds one channel of a record and no more."""


def join_files(
    parts: Mapping[int, FileTraces], options: ReadOptions
) -> tuple[dict[int, FileTraces], dict[int, DataFileError]]:
    """`parts` (by place) with the channels of one record joined, and an error for every channel left alone."""
    lone = {k: part.channel for k, part in parts.items() if part.channel is not None}
    if not lone:
        return dict(parts), {}
    whole = {k: part for k, part in parts.items() if k not in lone}
    places = sorted(lone)
    joined, alone = join_channels([lone[k] for k in places], options)
    refused: dict[int, DataFileError] = {places[place]: error for place, error in alone.items()}
    for record in joined:
        first = parts[places[record.first]]
        file = replace(first.loaded.file, shared=record.name)
        try:
            traces, notes = traces_of((record.table,), options, str(file.path))
        except DataFileError as error:
            refused[places[record.first]] = error
            continue
        whole[places[record.first]] = FileTraces(
            first.loaded._replace(file=file), tuple(traces), tuple(notes)
        )
    return whole, refused


def traces_of(tables: tuple[RawTable, ...], options: ReadOptions, path: str) -> tuple[list[Found], list[str]]:
    """Traces of all tables of a file; a sheet without any is passed over when another sheet has some."""
    found: list[Found] = []
    notes: list[str] = []
    refused: list[tuple[str, NoSweepError]] = []
    for table in tables:
        try:
            traces = cut_traces(table, options, path)
        except NoSweepError as error:
            if not table.sheet and len(tables) == 1:
                raise
            refused.append((table.sheet, error))
            continue
        named = "" if _DEFAULT_SHEET.match(table.sheet.strip()) else table.sheet.strip()
        stated = stated_settings(table.preamble)
        settings = merged(table.settings, stated.settings)
        simulated_by = stated.simulated_by or str(find(settings, "simulated_by").value or "")
        # What the block is called is told by its device and cycle already.
        told = {"simulated_by"} | ({SettingName.DEVICE} if table.device else set())
        told |= {SettingName.CYCLE} if table.cycle is not None else set()
        settings = tuple(item for item in settings if item.name not in told)
        traces = [
            replace(
                trace,
                device="/".join(part for part in (table.device, trace.device) if part),
                cycle=table.cycle if trace.cycle is None else trace.cycle,
            )
            for trace in traces
        ]
        found.extend(
            Found(trace, table.sheet, named, simulated_by, merged(trace.settings, settings))
            for trace in traces
        )
    if not found:
        raise refused[0][1]
    # A sheet of settings falls into many small blocks: one note for it is enough.
    with_data = {item.sheet for item in found}
    silent = {sheet: error for sheet, error in reversed(refused) if sheet not in with_data or not sheet}
    notes.extend(
        f"{path}{f', sheet {sheet}' if sheet else ''}: {error.found}" for sheet, error in silent.items()
    )
    sheets = {item.device for item in found}
    # One sheet of one's own naming is a title, several are devices.
    if len(sheets) == 1:
        found = [item._replace(device="") for item in found]
    return found, notes
