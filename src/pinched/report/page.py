"""The page: one HTML file that opens offline, on a phone and on paper, and the folder of results around it.

`write_report` writes the page alone, `write_results` the page with `numbers.json`, `cycles.csv` and the
figures as SVG and PNG into a folder that exists.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pinched._errors import PinchedError
from pinched._files import write_text
from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit
from pinched.extraction.table import SwitchingTable
from pinched.networks.score import Score
from pinched.report import view
from pinched.report.gallery import Picture, draw_gallery
from pinched.report.numbers import numbers, to_json
from pinched.report.record import RunRecord, describe_run
from pinched.report.references import bibliography
from pinched.report.style import data_uri

PAGE = "report.html"
"""Name of the page in a folder of results."""

FIGURES = "figures"
"""Folder of the figures in a folder of results."""


def write_report(
    path: str | Path,
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    fit: SpreadFit | None,
    score: Score | None = None,
    *,
    run: RunRecord | None = None,
) -> Path:
    """Write the page to `path` (a file ending in .html, or a folder that exists) and return where it is.

    `fit` is None where no spread could be fitted, `score` where no network was evaluated; `run` says where
    the data came from, and is made from `sweeps` when None. Raises `PinchedError` for a path that is neither.
    """
    path = Path(path)
    if path.is_dir():
        path = path / PAGE
    if path.suffix.lower() not in {".html", ".htm"}:
        raise PinchedError(
            f"{path}: a report is an .html file or goes into a folder that exists. Name one of the two."
        )
    if not path.parent.is_dir():
        raise PinchedError(f"{path}: the folder {path.parent} does not exist. Make it first.")
    found, pictures = _gather(sweeps, table, fit, score, run, files=False)
    write_text(path, render_page(found, table, pictures))
    return path


def write_results(
    folder: str | Path,
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    fit: SpreadFit | None,
    score: Score | None = None,
    *,
    run: RunRecord | None = None,
    records: bool = False,
) -> Path:
    """Write report.html, numbers.json, cycles.csv and figures/*.svg, *.png into `folder`; return the page.

    With `records` numbers.json also holds every cycle (key "records") and, where pyarrow is installed (extra
    `parquet`), the table is written as cycles.parquet too. The other arguments are those of `write_report`.
    Raises `PinchedError` when `folder` does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PinchedError(f"{folder}: is no folder. Make it first, or use pinched._files.output_folder.")
    found, pictures = _gather(sweeps, table, fit, score, run, files=True)
    (folder / FIGURES).mkdir(exist_ok=True)
    for picture in pictures:
        write_text(folder / FIGURES / f"{picture.name}.svg", picture.file_svg)
        (folder / FIGURES / f"{picture.name}.png").write_bytes(picture.png)
    write_text(folder / "cycles.csv", table.to_csv())
    write_text(folder / PAGE, render_page(found, table, pictures))
    if records:
        found["records"] = list(table.rows())
        _write_parquet(table, folder / "cycles.parquet")
    # Last: its presence says that the folder is complete.
    write_text(folder / "numbers.json", to_json(found))
    return folder / PAGE


def _write_parquet(table: SwitchingTable, path: Path) -> None:
    # A convenience for those who have it; the CSV holds the same table.
    if find_spec("pyarrow") is None:
        return
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(list(table.rows())), path)


def _gather(
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    fit: SpreadFit | None,
    score: Score | None,
    run: RunRecord | None,
    *,
    files: bool,
) -> tuple[dict[str, Any], list[Picture]]:
    if run is None:
        run = describe_run(sweeps, read_voltage=table.read_voltage, seed=score.seed if score else 0)
    found = numbers(sweeps, table, fit, score, run)
    simulated = found["provenance"]["simulated"]
    return found, draw_gallery(sweeps, table, fit, score, simulated=simulated, files=files)


def render_page(found: Mapping[str, Any], table: SwitchingTable, pictures: Sequence[Picture]) -> str:
    """The page as HTML text, from the dictionary of `numbers`, the table behind it and the finished `pictures`."""
    # Escaping is on for every template, whatever its ending: file names are text of strangers.
    environment = Environment(
        loader=PackageLoader("pinched.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    network = found["network"]
    by_name = {picture.name: picture for picture in pictures}
    return environment.get_template("report.html.j2").render(
        found=found,
        source=found["provenance"],
        headline=view.headline(found),
        cautions=view.cautions(found),
        device_rows=view.device_rows(found),
        yield_text=view.yield_text(found),
        accuracy_rows=[] if network is None else view.accuracy_rows(network),
        network_facts=[] if network is None else view.network_facts(network),
        exclusions=view.exclusions(found),
        run_rows=view.run_rows(found),
        pictures=by_name,
        image=data_uri,
        numbers_uri=_download("application/json", to_json(found)),
        cycles_uri=_download("text/csv", table.to_csv()),
        method=bibliography()["marraccini2025fast"],
        version=found["provenance"]["versions"].get("pinched", ""),
    )


def _download(kind: str, text: str) -> str:
    return f"data:{kind};base64," + base64.b64encode(text.encode("utf-8")).decode("ascii")
