"""The page: one HTML file that opens offline, on a phone and on paper, and the folder of results around it.

`write_report` writes the page alone, `write_results` the page with `numbers.json`, the tables and the figures in
both widths of a journal into a folder that exists.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pinched._errors import PinchedError
from pinched._files import write_text
from pinched._progress import Progress
from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit
from pinched.extraction.table import SwitchingTable
from pinched.networks.score import Score
from pinched.report import view
from pinched.report.findings import Findings
from pinched.report.gallery import Picture, Section, draw_gallery
from pinched.report.numbers import numbers, to_json
from pinched.report.plans import plan_gallery
from pinched.report.record import RunRecord, describe_run
from pinched.report.references import bibliography
from pinched.report.rows import records_of
from pinched.report.style import Width, data_uri
from pinched.report.tables import write_tables
from pinched.report.view_network import required_rows, sensitivity_rows
from pinched.report.view_parts import parts

PAGE = "report.html"
"""Name of the page in a folder of results."""

FIGURES = "figures"
"""Folder of the figures in a folder of results."""

_GRAVITY = ("fail", "warn", "cannot tell", "pass")

_WIDTHS = {width: f"{10 * width.value:.0f}mm" for width in Width}


def write_report(
    path: str | Path,
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    fit: SpreadFit | None,
    score: Score | None = None,
    *,
    run: RunRecord | None = None,
    findings: Findings | None = None,
) -> Path:
    """Write the page to `path` (a file ending in .html, or a folder that exists) and return where it is.

    `fit` is None where no spread could be fitted, `score` where no network was evaluated; `run` says where
    the data came from, and is made from `sweeps` when None. `findings` adds what `gather_findings` found beside the
    cycles. Raises `PinchedError` for a path that is neither.
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
    found = _numbers(sweeps, table, fit, score, run, findings)
    plans = plan_gallery(sweeps, table, fit, score, findings)
    pictures = draw_gallery(plans, simulated=found["provenance"]["simulated"], files=False)
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
    findings: Findings | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Write report.html, numbers.json, tables and figures into `folder`; return the page.

    Figures are SVG and PDF in the widths of one and of two columns, and PNG for a quick look.

    With `findings` numbers.json also holds every cycle (key "records") and everything else that was measured, and
    each kind has a table of its own. Tables are CSV and, where pyarrow is installed (extra `parquet`), Parquet.
    `workers` processes share the drawing. The other arguments are those of `write_report`. Raises `PinchedError`
    when `folder` does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PinchedError(f"{folder}: is no folder. Make it first, or use pinched._files.output_folder.")
    found = _numbers(sweeps, table, fit, score, run, findings)
    plans = plan_gallery(sweeps, table, fit, score, findings)
    pictures = draw_gallery(
        plans, simulated=found["provenance"]["simulated"], files=True, workers=workers, progress=progress
    )
    (folder / FIGURES).mkdir(exist_ok=True)
    for picture in pictures:
        (folder / FIGURES / f"{picture.name}.png").write_bytes(picture.png)
        for file in picture.files:
            stem = folder / FIGURES / f"{picture.name}_{_WIDTHS[file.width]}"
            write_text(stem.with_suffix(".svg"), file.svg)
            stem.with_suffix(".pdf").write_bytes(file.pdf)
    write_tables(folder, table, {} if findings is None else records_of(findings))
    write_text(folder / PAGE, render_page(found, table, pictures))
    # Last: its presence says that the folder is complete.
    write_text(folder / "numbers.json", to_json(found))
    return folder / PAGE


def _numbers(
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    fit: SpreadFit | None,
    score: Score | None,
    run: RunRecord | None,
    findings: Findings | None,
) -> dict[str, Any]:
    if run is None:
        measured = [*sweeps, *(() if findings is None else findings.records)]
        run = describe_run(measured, read_voltage=table.read_voltage, seed=score.seed if score else 0)
    return numbers(sweeps, table, fit, score, run, findings)


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
    # Cycles travel as a table already.
    light = {key: value for key, value in found.items() if key != "records"}
    shown = {
        section.value: [picture for picture in pictures if picture.section is section] for section in Section
    }
    return environment.get_template("report.html.j2").render(
        found=found,
        source=found["provenance"],
        headline=view.headline(found),
        cautions=view.cautions(found),
        device_rows=view.device_rows(found),
        yield_text=view.yield_text(found),
        accuracy_rows=[] if network is None else view.accuracy_rows(network),
        network_facts=[] if network is None else view.network_facts(network),
        sensitivity_rows=[] if network is None else sensitivity_rows(network),
        required_rows=[] if network is None else required_rows(network),
        exclusions=view.exclusions(found),
        run_rows=view.run_rows(found),
        pictures=shown,
        parts=parts(found),
        checks=sorted(found["checks"], key=lambda check: _GRAVITY.index(check["verdict"])),
        check_counts=view.check_counts(found),
        image=data_uri,
        numbers_uri=_download("application/json", to_json(light)),
        cycles_uri=_download("text/csv", table.to_csv()) if len(table) else "",
        method=bibliography()["marraccini2025fast"],
        version=found["provenance"]["versions"].get("pinched", ""),
    )


def _download(kind: str, text: str) -> str:
    return f"data:{kind};base64," + base64.b64encode(text.encode("utf-8")).decode("ascii")
