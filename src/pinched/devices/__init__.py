"""Stage 3: devices: their spread (`spread`), published ones (`presets`), simulated sweeps (`simulated`)."""
