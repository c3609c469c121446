"""Writes docs/api.md: every public name with the first line of its docstring. Run it when a name changes."""

from pathlib import Path

import pinched

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def page() -> str:
    """The text of docs/api.md, in alphabetical order."""
    lines = [
        "# Public names",
        "",
        "`import pinched as pi`, then `pi.<name>`.",
        "",
        "| name | what |",
        "|---|---|",
    ]
    for name in pinched.__all__:
        first = (getattr(pinched, name).__doc__ or "").strip().splitlines()[0].replace("|", "\\|")
        lines.append(f"| `{name}` | {first} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
