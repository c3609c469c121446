"""Tables in files: CSV for people, Parquet for programs, both with units in the heads.

`write_tables` writes the cycles and every other kind of record that there is. Parquet needs pyarrow (extra
`parquet`); without it the CSV holds the same table, and the answer says that Parquet is missing.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pinched._files import write_text
from pinched.extraction.table import SwitchingTable
from pinched.report.rows import UNITS, Row


def head(name: str) -> str:
    """`name` with the SI unit that the field has: "v_set" -> "v_set (V)"."""
    unit = UNITS.get(name)
    return f"{name} ({unit})" if unit else name


def csv_of(rows: Sequence[Row]) -> str:
    """`rows` (all with the same fields) as CSV text, units in the heads, what is not known empty; "" for none."""
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([head(name) for name in rows[0]])
    for row in rows:
        writer.writerow(["" if _missing(value) else value for value in row.values()])
    return out.getvalue()


def write_tables(
    folder: Path, table: SwitchingTable, records: Mapping[str, Sequence[Row]]
) -> tuple[str, ...]:
    """Write cycles and `records` into `folder` as NAME.csv and NAME.parquet; return the names of the files."""
    written = []
    parquet = find_spec("pyarrow") is not None
    if len(table):
        text = table.to_csv()
        heads = next(csv.reader(io.StringIO(text)))
        write_text(folder / "cycles.csv", text)
        written.append("cycles.csv")
        if parquet:
            _write_parquet(heads, list(table.rows()), folder / "cycles.parquet")
            written.append("cycles.parquet")
    for name, rows in records.items():
        if not rows:
            continue
        write_text(folder / f"{name}.csv", csv_of(rows))
        written.append(f"{name}.csv")
        if parquet:
            _write_parquet([head(field) for field in rows[0]], rows, folder / f"{name}.parquet")
            written.append(f"{name}.parquet")
    return tuple(written)


def _write_parquet(heads: Sequence[str], rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = {
        named: pyarrow.array([row[field] for row in rows])
        for named, field in zip(heads, rows[0], strict=True)
    }
    parquet.write_table(pyarrow.table(columns), path)


def _missing(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
