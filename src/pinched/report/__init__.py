"""Stage 8: figures, numbers and one page that people can publish.

`write_report` makes one self-contained HTML file, `write_results` a folder with the page, `numbers.json`, the
tables and the figures. `gather_findings` runs every extraction that a set of measurements allows;
`pinched.report.numbers` alone gives the dictionary behind all of it, without matplotlib; the `plot_*` functions draw
one figure each on axes of yours (inside `paper_style` in the look of the report).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
