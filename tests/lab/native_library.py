# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows libraries that the lab plays for P/Invoke: compiled once, where there is a C compiler.

python -m lab.native_library        prints the folder for LD_LIBRARY_PATH, or an empty line
"""

import shutil
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

MISSING = "no C compiler: cc is not on PATH, so nothing plays advapi32.dll"
SOURCE = Path(__file__).resolve().parent / "native" / "advapi32.c"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "lab-native"
LIBRARY = "advapi32.dll"
# One library under all names that P/Invoke uses, for they share the token of the process.
_OTHER_NAMES = ("kernel32.dll", "kernel32")
_COMPILE = "-std=gnu11 -O1 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden".split()


@cache
def native_folder() -> Path | None:
    """Return the folder of the libraries, compiled if need be; None where nothing can compile."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    return compile_library(Path(compiler), CACHE)


def compile_library(compiler: Path, cache_folder: Path) -> Path:
    """Compile the library below *cache_folder*, once for each text of it, and return its folder.

    Raises subprocess.CalledProcessError when the compiler refuses: that is a defect of the lab.
    """
    tag = sha256(SOURCE.read_bytes() + " ".join(_COMPILE).encode()).hexdigest()[:16]
    folder = cache_folder / tag
    if folder.exists():
        return folder
    cache_folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache_folder) as place:
        draft = Path(place) / tag
        draft.mkdir()
        subprocess.run(
            [compiler, *_COMPILE, "-o", draft / LIBRARY, SOURCE],
            check=True,
            capture_output=True,
            text=True,
        )
        for name in _OTHER_NAMES:
            (draft / name).symlink_to(LIBRARY)
        try:
            draft.rename(folder)
        except OSError:
            # Another process was faster; what it made is the same.
            if not (folder / LIBRARY).exists():
                raise
    return folder
