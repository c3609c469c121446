from .figures_conduction import plot_compliance_series as plot_compliance_series
from .figures_conduction import plot_conduction as plot_conduction
from .figures_conduction import plot_lrs_series as plot_lrs_series
from .figures_conduction import plot_reset_series as plot_reset_series
from .figures_conduction import plot_slope as plot_slope
from .figures_crossbar import applied_voltage as applied_voltage
from .figures_crossbar import plot_currents as plot_currents
from .figures_crossbar import plot_ir_drop as plot_ir_drop
from .figures_crossbar import plot_node_voltages as plot_node_voltages
from .figures_cycles import plot_cycle_series as plot_cycle_series
from .figures_cycles import plot_resistance_scatter as plot_resistance_scatter
from .figures_device import plot_histogram as plot_histogram
from .figures_device import plot_probability as plot_probability
from .figures_endurance import plot_endurance as plot_endurance
from .figures_endurance import plot_survival as plot_survival
from .figures_graphene import plot_density_of_states as plot_density_of_states
from .figures_graphene import plot_local_density as plot_local_density
from .figures_graphene import plot_surface_charge as plot_surface_charge
from .figures_graphene import plot_unfolded_bands as plot_unfolded_bands
from .figures_levels import plot_levels as plot_levels
from .figures_levels import plot_writes as plot_writes
from .figures_map import plot_device_map as plot_device_map
from .figures_network import plot_accuracy as plot_accuracy
from .figures_network import plot_confusion as plot_confusion
from .figures_noise import plot_noise_law as plot_noise_law
from .figures_noise import plot_spectrum as plot_spectrum
from .figures_noise import plot_telegraph as plot_telegraph
from .figures_pulse_states import plot_normalised_staircase as plot_normalised_staircase
from .figures_pulse_states import plot_polar_states as plot_polar_states
from .figures_pulse_states import plot_pulse_means as plot_pulse_means
from .figures_pulse_states import plot_time_lag as plot_time_lag
from .figures_pulses import plot_pulse_trace as plot_pulse_trace
from .figures_pulses import plot_read_write as plot_read_write
from .figures_pulses import plot_update_series as plot_update_series
from .figures_pulses import plot_updates as plot_updates
from .figures_quantum import plot_highest_levels as plot_highest_levels
from .figures_quantum import plot_plateaus as plot_plateaus
from .figures_quantum import plot_pulse_levels as plot_pulse_levels
from .figures_quantum import plot_quantum_histogram as plot_quantum_histogram
from .figures_retention import plot_arrhenius as plot_arrhenius
from .figures_retention import plot_level_confusion as plot_level_confusion
from .figures_retention import plot_retention as plot_retention
from .figures_series import plot_autocorrelation as plot_autocorrelation
from .figures_sweeps import plot_sweeps as plot_sweeps
from .figures_transport import plot_bands as plot_bands
from .figures_transport import plot_densities as plot_densities
from .figures_transport import plot_iv as plot_iv
from .figures_transport import plot_profiles as plot_profiles
from .figures_transport import plot_vacancies as plot_vacancies
from .figures_transport import transport_figure as transport_figure
from .figures_transport import vacancy_animation as vacancy_animation
from .findings import Findings as Findings
from .findings import gather_findings as gather_findings
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
from .sites import Sites as Sites
from .sites import sites_of as sites_of
from .style import Colour as Colour
from .style import Width as Width
from .style import new_figure as new_figure
from .style import paper_style as paper_style
