# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a virtual environment and install a hash-pinned lock into it, by the standard library alone.

    python3 tests/tools/make_venv.py .venv requirements.lock

Kept in a spelling that Python 3.6 can read: telling people that theirs is too old is half its job.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
TAIL_LINES = 15  # of pip's own words when it fails; the rest is in the log


def explain(problem: str, *remedies: str) -> SystemExit:
    """Return the error that ends this program: what is wrong, and what to do about it."""
    return SystemExit("\n".join(["", f"setup: {problem}", *[f"  - {item}" for item in remedies]]))


def check_interpreter() -> None:
    """Refuse an interpreter that is too old."""
    if sys.version_info[:2] < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise explain(
            f"Python 3.11 or newer is needed; {sys.executable} is {found}",
            "name a newer one: make demo PYTHON=python3.13",
            "Debian 12, Ubuntu 24.04 and newer have one: apt-get install python3",
        )


def succeeds(*command: str) -> bool:
    """Return whether *command* ends with 0; what it says does not matter."""
    code = subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return code == 0


def pip_command(directory: Path) -> "list[str]":
    """Create the environment if it is missing, and return the command that runs pip for it.

    Debian keeps ensurepip in a package of its own. Without it the system's pip does as well: it can
    install into another environment.
    """
    python = str(directory / "bin" / "python")
    if Path(python).exists() and succeeds(python, "-m", "pip", "--version"):
        return [python, "-m", "pip"]
    shutil.rmtree(str(directory), ignore_errors=True)
    if succeeds(sys.executable, "-c", "import ensurepip, venv"):
        subprocess.check_call([sys.executable, "-m", "venv", str(directory)])
        return [python, "-m", "pip"]
    has_pip = succeeds(sys.executable, "-m", "pip", "--version")
    if has_pip and succeeds(sys.executable, "-m", "venv", "--without-pip", str(directory)):
        return [sys.executable, "-m", "pip", "--python", python]
    raise explain(
        f"{sys.executable} cannot make a virtual environment: ensurepip and pip are both missing",
        "Debian, Ubuntu: apt-get install python3-venv",
        f"no root? uv needs none: uv venv --seed {directory}, then this command again",
    )


def install(pip: "list[str]", lock: str, log: Path) -> None:
    """Install *lock*; every file must have the hash that the lock names."""
    options = ["--disable-pip-version-check", "--no-input", "--require-hashes"]
    command = [*pip, "install", *options, "--only-binary=:all:", "--requirement", lock]
    with log.open("w") as out:
        code = subprocess.call(command, stdout=out, stderr=subprocess.STDOUT)
    if code != 0:
        print("\n".join(log.read_text().splitlines()[-TAIL_LINES:]), file=sys.stderr)
        raise explain(
            f"pip could not install {lock} (exit code {code}); all it said is in {log}",
            "no network? pip needs its index once: HTTPS_PROXY for a proxy, PIP_INDEX_URL for a"
            " mirror",
            "hashes do not match? The index offers other files than were locked: ask why first",
        )


def main() -> None:
    """Make the environment and say how long it took."""
    directory, lock = Path(sys.argv[1]), sys.argv[2]
    check_interpreter()
    started = time.monotonic()
    packages = Path(lock).read_text().count("==")
    print(f"setup: {packages} packages of {lock} into {directory} (once)", flush=True)
    pip = pip_command(directory)
    install(pip, lock, directory / "install.log")
    print(f"setup: done in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
