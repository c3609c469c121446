"""Long reproductions in parts that survive an interruption.

Every part of a run (a training, a set of arrays) is a function of its options. Its result stands in a file of the
output folder with those options beside it; when the run is started again with the same options, the part is read
instead of computed. Another option, another version of pinched: it is computed anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinched import __version__
from pinched._errors import PinchedError
from pinched._files import write_text

Values = dict[str, Any]
"""Names to numbers, texts, lists and dictionaries: what JSON holds."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one run; with `folder` None nothing is kept."""

    folder: Path | None
    """Where the part files lie; made when the first one is written."""

    def get(self, name: str, options: Values, compute: Callable[[], Values]) -> Values:
        """The result of part `name` for `options`: from its file, or from `compute` and then written there.

        Both ways give what JSON gives back (lists for tuples), so that a resumed run prints what a whole one does.
        A damaged part file is computed anew. Raises `PinchedError` where a result holds what JSON cannot.
        """
        stated = json.loads(json.dumps(options | {"pinched": __version__}))
        path = None if self.folder is None else self.folder / f"{name}.json"
        if path is not None and path.is_file():
            found = _read(path)
            if found is not None and found.get("options") == stated and isinstance(found.get("result"), dict):
                return found["result"]
        try:
            text = json.dumps({"options": stated, "result": compute()}, indent=1, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            if isinstance(error, PinchedError):
                raise
            raise PinchedError(
                f"the part {name} cannot be kept ({error}): give numbers, texts and lists."
            ) from error
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, text)
        return json.loads(text)["result"]


def _read(path: Path) -> Values | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
