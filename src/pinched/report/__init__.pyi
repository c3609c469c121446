from .figures_cycles import plot_cycle_series as plot_cycle_series
from .figures_cycles import plot_resistance_scatter as plot_resistance_scatter
from .figures_device import plot_histogram as plot_histogram
from .figures_device import plot_probability as plot_probability
from .figures_network import plot_accuracy as plot_accuracy
from .figures_network import plot_confusion as plot_confusion
from .figures_sweeps import plot_sweeps as plot_sweeps
from .page import write_report as write_report
from .page import write_results as write_results
from .quantities import Quantity as Quantity
from .record import (
    FileRecord as FileRecord,
)
from .record import (
    RunRecord as RunRecord,
)
from .record import (
    collect_files as collect_files,
)
from .record import (
    collect_guesses as collect_guesses,
)
from .record import (
    describe_run as describe_run,
)
from .style import Colour as Colour
from .style import Width as Width
from .style import new_figure as new_figure
from .style import paper_style as paper_style
