# SPDX-License-Identifier: GPL-3.0-or-later
"""What a forger can do to the files of a site, and what the verifier finds of it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import (
    DAY,
    SiteWriter,
    checkpoint,
    key,
    key_id,
    public_line,
    signed,
    three_runs,
    trusted,
)

OURS, FOREIGN = key(1), key(9)


def copied(genuine: SiteWriter, root: Path) -> SiteWriter:
    """Return a copy of the site below *root*, which a test may harm."""
    shutil.copytree(genuine.path, root / genuine.site_id)
    site = SiteWriter(root)
    site.entries, site.heads = list(genuine.entries), list(genuine.heads)
    site.numbers, site.last_time = genuine.numbers.copy(), genuine.last_time
    return site


@dataclass(frozen=True)
class Found:
    """The exit code, and what the problems say."""

    code: int
    names: set[str]
    text: str


def found(path: Path, *, head: Path | None = None, signer=OURS) -> Found:
    verifier = verify.Verifier(trusted(signer))
    verifier.read_site(path, head)
    lines = "\n".join(map(str, verifier.problems))
    return Found(verifier.exit_code(), {item.name for item in verifier.problems}, lines)


def lines_of(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def put(file: Path, lines: list[bytes]) -> None:
    file.write_bytes(b"".join(lines))


def drop(run_id: str, *places: int) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        file = site.bundle_file(run_id)
        lines = lines_of(file)
        gone = {place % len(lines) for place in places}
        put(file, [line for place, line in enumerate(lines) if place not in gone])

    return act


def drop_host(run_id: str, host: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        file = site.bundle_file(run_id)
        put(file, [line for line in lines_of(file) if json.loads(line)["host_id"] != host])

    return act


def edit_lines(run_id: str, change: Callable[[list[bytes]], list[bytes]]):
    def act(site: SiteWriter) -> None:
        file = site.bundle_file(run_id)
        put(file, change(lines_of(file)))

    return act


def resigned(line: bytes, signer=OURS, **changes: object) -> bytes:
    """Return the line with other content, signed again."""
    bundle = json.loads(line) | changes
    del bundle["signature"]
    return signed(bundle, signer) + b"\n"


def forge_line(**changes: object):
    """Change a bundle and keep its signature."""

    def act(site: SiteWriter) -> None:
        file = site.bundle_file("run-1")
        lines = lines_of(file)
        text = json.dumps(json.loads(lines[1]) | changes, sort_keys=True, separators=(",", ":"))
        put(file, [lines[0], text.encode() + b"\n", *lines[2:]])

    return act


def swap_content(site: SiteWriter) -> None:
    file = site.bundle_file("run-1")
    first, second, *rest = lines_of(file)
    one, two = json.loads(first), json.loads(second)
    one["pre_state"], two["pre_state"] = two["pre_state"], one["pre_state"]
    texts = [
        json.dumps(item, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        for item in (one, two)
    ]
    put(file, [*texts, *rest])


def remove(*patterns: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        for pattern in patterns:
            for path in sorted(site.path.glob(pattern)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    return act


def swap_files(one: str, two: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        [first], [second] = site.path.glob(one), site.path.glob(two)
        a, b = first.read_bytes(), second.read_bytes()
        first.write_bytes(b)
        second.write_bytes(a)

    return act


def put_back(index: int) -> Callable[[SiteWriter], None]:
    """Put an older checkpoint back, and forget the newer ones."""

    def act(site: SiteWriter) -> None:
        (site.path / "log" / "checkpoint").write_bytes(site.heads[index])

    return act


def cut_log(runs: int, *, keep_files: bool) -> Callable[[SiteWriter], None]:
    """Make the log a valid older one, signed by the site's key."""

    def act(site: SiteWriter) -> None:
        older = int(site.heads[runs - 1].split(b"\n")[1])
        site.entries = site.entries[:older]
        shutil.rmtree(site.path / "log")
        site.publish()
        if not keep_files:
            for run in range(runs + 1, 4):
                remove(f"*/*/run-{run}.*")(site)

    return act


def forget_newer_heads(index: int) -> Callable[[SiteWriter], None]:
    """Put an older checkpoint back and remove the copies of newer ones, but leave the runs."""

    def act(site: SiteWriter) -> None:
        put_back(index)(site)
        for head in site.heads[index + 1 :]:
            size = int(head.split(b"\n")[1])
            remove(f"log/checkpoints/000/000/000/{size:03d}")(site)

    return act


def move(pattern: str, target: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        [file] = site.path.glob(pattern)
        (site.path / target).parent.mkdir(parents=True, exist_ok=True)
        file.rename(site.path / target)

    return act


def write_key(name: str, text: str) -> Callable[[SiteWriter], None]:
    """Put a public half beside the evidence."""

    def act(site: SiteWriter) -> None:
        (site.path / "keys").mkdir(exist_ok=True)
        (site.path / "keys" / name).write_text(text)

    return act


def cut_tile(pattern: str, length: int) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        for file in site.path.glob(pattern):
            data = file.read_bytes()
            file.write_bytes(data[:length] if length < 0 else data + bytes(length))

    return act


def edit_statement(signer, **changes: object) -> Callable[[SiteWriter], None]:
    """Change a statement and sign it again."""

    def act(site: SiteWriter) -> None:
        file = site.coverage_file("run-2")
        statement = json.loads(file.read_bytes()) | changes
        del statement["signature"]
        file.write_bytes(signed(statement, signer) + b"\n")

    return act


def copy_run(target: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        file = site.path / target
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(site.bundle_file("run-1"), file)

    return act


def copy_statement(target: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        file = site.path / target
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(site.coverage_file("run-1"), file)

    return act


def other_site(site: SiteWriter) -> None:
    """Put the bundles that the same key signed for another site in the place of ours."""
    other = three_runs(site.root / "elsewhere", site_id="clinic-002")
    shutil.copy(other.bundle_file("run-1"), site.bundle_file("run-1"))


def foreign_log(site: SiteWriter) -> None:
    """Sign the whole log again with a key that nobody trusts."""
    (site.path / "log" / "checkpoint").write_bytes(checkpoint(site.entries, [FOREIGN]))


def foreign_bundle(site: SiteWriter) -> None:
    file = site.bundle_file("run-1")
    first, second, *rest = lines_of(file)
    bundle = json.loads(second)
    bundle["pre_state"]["provenance"]["key_id"] = public_line(FOREIGN).split()[1]
    put(file, [first, resigned(second, FOREIGN, pre_state=bundle["pre_state"]), *rest])
    (site.path / "keys").mkdir()
    (site.path / "keys" / f"{key_id(FOREIGN)}.pub").write_text(public_line(FOREIGN))


def again_with_number(site: SiteWriter) -> None:
    """Seal a run whose numbers were given already."""
    site.numbers[DAY] = 0
    site.run("run-4", {"dc01": ["PASS"]}, at=f"{DAY}T20:00:00Z", behind=36000)


def drop_from_log(place: int, count: int) -> Callable[[SiteWriter], None]:
    """Take leaves out of the log and sign it again: the keyholder hides something."""

    def act(site: SiteWriter) -> None:
        del site.entries[place : place + count]
        shutil.rmtree(site.path / "log")
        site.publish()

    return act
