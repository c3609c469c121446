"""What a set of measurements shows beside its table of cycles, ready for records, figures and the page.

`gather_findings` runs every extraction that the data allow and keeps what came out, with the reason where nothing
did; `sweeps`, `traces`, `levels` hold the parts. Scripts that want one number call `pinched.extraction` itself.
"""

from .everything import Findings as Findings
from .everything import gather_findings as gather_findings
