"""Coverage-guided fuzzing of any text as policy variables and what they stand for.

python tests/proofs/fuzz_variables.py -max_total_time=60 [corpus folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.policy.fuzz.guided import fuzz

if __name__ == "__main__":
    fuzz("variables")
