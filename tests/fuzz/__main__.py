"""Fuzz one decoder with coverage-guided libFuzzer (atheris), or all, one after the other.

    python -m tests.fuzz SECONDS [TARGET]

Starts from the corpus in the repository; what is found on the way is kept in the folder
`.fuzz`, the input that broke something under `.fuzz/TARGET-crash-...`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.fuzz import CORPUS

FOUND = Path(".fuzz")


def fuzz(name: str, seconds: int) -> None:
    """Fuzz a target in this process, which ends with the fuzzing."""
    import atheris

    with atheris.instrument_imports(include=["common", "client"]):
        from tests.fuzz.targets import TARGETS

    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024"]
    options += ["-verbosity=0", f"-artifact_prefix={FOUND / name}-"]
    atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


def main() -> int:
    """Fuzz the targets of the command line; return 1 if something was found."""
    seconds, *names = sys.argv[1:]
    if names:
        fuzz(names[0], int(seconds))
    broken = []
    for folder in sorted(CORPUS.iterdir()):
        sys.stdout.write(f"{folder.name}: {seconds} s\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "tests.fuzz", seconds, folder.name]
        if subprocess.run(command, check=False).returncode:
            broken.append(folder.name)
    found = f"found something in {', '.join(broken)}" if broken else "found nothing"
    sys.stdout.write(f"{found}\n")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
