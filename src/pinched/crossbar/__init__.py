"""Stage 6: arrays of memristors: `memory` for binary cells that hold words, `words` for their coding."""
