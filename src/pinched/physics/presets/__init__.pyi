from .spetzler2023 import spetzler2023 as spetzler2023
from .spetzler2023 import spetzler2023_traps as spetzler2023_traps
from .zamankhani2024 import zamankhani2024_ranges as zamankhani2024_ranges
