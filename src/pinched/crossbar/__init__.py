"""Stage 6: arrays of memristors.

`memory` for binary cells that hold words, `words` for their coding, `repair` for writing them so that they survive
bad cells, `sensing` for reading words by current, `saved` for files.
"""
