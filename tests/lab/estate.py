# SPDX-License-Identifier: GPL-3.0-or-later
"""Which simulated hosts exist, where they listen and who may log on.

An estate file says how each host's Windows came to be: a state that the simulated Windows knows by
name, then edits one after another.

    accounts: {ansible: Lab-Passw0rd!}
    run_as: [login, system]                 # tokens whose answers `lab record` keeps
    hosts:
      - name: fs01
        address: 127.42.0.12
        windows: healthy-2019-member        # a baseline or a scenario: `lab states` lists them
        edits: [{rename: {computer_name: FS01}}, {scenario: {check: backup, id: U3}}]
        locale: de-DE
        time_zone: Europe/Berlin
        faults: [slow:2]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

ESTATES = Path(__file__).resolve().parent / "estates"

RunAs = Literal["login", "batch", "system"]


class EstateInvalid(ValueError):
    """An estate file that does not describe an estate; the text says where and why."""


@dataclass(frozen=True, slots=True)
class LabHost:
    """One simulated Windows host."""

    name: str
    address: str  # "127.42.0.11"
    state: Path | None = None  # state document of the simulated Windows (engine back end)
    recording: str | None = None  # name of its recording (replay back end)
    faults: tuple[str, ...] = ()  # "refused", "slow:2", ...: see lab.faults


@dataclass(frozen=True, slots=True)
class Estate:
    """The simulated hosts of one lab and its accounts: user -> password, plainly fictional."""

    hosts: tuple[LabHost, ...]
    accounts: Mapping[str, str]


class HostPlan(BaseModel):
    """One host of an estate file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    address: IPv4Address
    windows: str
    edits: tuple[str | dict[str, dict[str, Any]], ...] = ()
    locale: str = "en-US"
    time_zone: str = "UTC"
    faults: tuple[str, ...] = ()


class EstatePlan(BaseModel):
    """An estate file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: dict[str, str] = Field(min_length=1)
    run_as: tuple[RunAs, ...] = ("login",)
    hosts: tuple[HostPlan, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_host_twice(self) -> "EstatePlan":
        for what in ("name", "address"):
            values = [getattr(host, what) for host in self.hosts]
            if doubled := {str(value) for value in values if values.count(value) > 1}:
                raise ValueError(f"two hosts share the {what} {', '.join(sorted(doubled))}")
        return self

    def recorded(self) -> Estate:
        """Return the estate for the replay back end: each host's recording has its name."""
        return self._estate(recordings={host.name: host.name for host in self.hosts})

    def simulated(self, states: Mapping[str, Path]) -> Estate:
        """Return the estate for the engine; *states*: host name -> its state document."""
        return self._estate(states=states)

    def _estate(
        self,
        recordings: Mapping[str, str] | None = None,
        states: Mapping[str, Path] | None = None,
    ) -> Estate:
        hosts = tuple(
            LabHost(
                host.name,
                str(host.address),
                state=(states or {}).get(host.name),
                recording=(recordings or {}).get(host.name),
                faults=host.faults,
            )
            for host in self.hosts
        )
        return Estate(hosts, self.accounts)


def load_estate(file: Path) -> EstatePlan:
    """Read an estate file; raise EstateInvalid with the file, the place and what is wrong."""
    try:
        return EstatePlan.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        known = ", ".join(sorted(item.stem for item in ESTATES.glob("*.yml"))) or "none"
        raise EstateInvalid(f"no estate file {file}. Known estates: {known}.") from error
    except yaml.YAMLError as error:
        raise EstateInvalid(f"{file} is no YAML: {error}") from error
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}"
            for item in error.errors(include_url=False)
        )
        raise EstateInvalid(f"{file}: {'; '.join(problems)}") from error


def fleet(
    count: int,
    recordings: Sequence[str],
    accounts: Mapping[str, str],
    first_address: str = "127.43.0.1",
) -> Estate:
    """Return *count* hosts on neighbouring addresses that take turns with *recordings*."""
    if not recordings:
        raise EstateInvalid("a fleet needs a recording. Run make record first.")
    first = IPv4Address(first_address)
    hosts = tuple(
        LabHost(f"host{number + 1:04}", str(first + number), recording=recording)
        for number, recording in enumerate(islice(cycle(recordings), count))
    )
    return Estate(hosts, accounts)
