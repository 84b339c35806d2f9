"""An account as a folder of JSON: exported, compared, rehearsed and applied (CAP-E7, M4)."""
