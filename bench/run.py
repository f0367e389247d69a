"""All benchmarks, one after the other."""

import subprocess
import sys
from pathlib import Path

for name in ("start", "throughput", "waiting"):
    print(f"== {name}", flush=True)
    subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py"))], check=True)
