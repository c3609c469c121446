from .marraccini2025 import marraccini2025 as marraccini2025
