"""Compact laws, one per file; `registry` has them by name, `windows`, `thresholds` and `characteristics` parts."""
