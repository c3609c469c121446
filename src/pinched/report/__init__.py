"""Stage 8: figures, numbers and one page that people can publish.

`write_report` makes one self-contained HTML file, `write_results` a folder with the page, `numbers.json`,
`cycles.csv` and the figures as SVG and PNG. `pinched.report.numbers` alone gives the dictionary
behind both, without matplotlib; the `plot_*` functions draw one figure each on axes of yours.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
