"""Stage 9: one module per paper that is reproduced."""
