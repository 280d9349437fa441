# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listen to the run, keep what it says about compliance, seal it as evidence at the end."""

DOCUMENTATION = r"""
name: evidence
type: notification
short_description: Sign what the checks of a run saw
version_added: 0.1.0
description:
  - Keeps the verdicts and facts that the check modules of this collection return in a journal, and
    seals them at the end of the run as one signed bundle for each host and check.
  - A host that could not be reached and a check that was not evaluated get a bundle too.
  - Task arguments, variables and results of other modules are never kept.
  - The run ends with exit code 70 when its evidence could not be written, signed and read back, and
    with 71 when a play that should check matched no host.
  - Name it last in C(callbacks_enabled), since those after it do not hear the end of such a run.
    Use M(hipaa.compliance_agent.evidence_guard) to notice a run without it.
author: Compliance Agent team (@hipaa)
requirements:
  - pydantic
  - pynacl
  - rfc8785
options:
  site_id:
    description:
      - The site that the evidence is of. Must be the one that the guard names, if it is set.
    type: str
    default: ""
    env: [{name: HIPAA_SITE_ID}]
    ini: [{section: callback_evidence, key: site_id}]
  evidence_dir:
    description:
      - The directory that holds one directory for each site.
    type: path
    default: evidence
    env: [{name: HIPAA_EVIDENCE_DIR}]
    ini: [{section: callback_evidence, key: evidence_dir}]
  signing_key:
    description:
      - File of the private key, mode 0600. The guard makes one for a site without evidence.
      - C(~/.config/hipaa-compliance-agent/<site_id>.key) if it is not set.
    type: path
    env: [{name: HIPAA_SIGNING_KEY_FILE}]
    ini: [{section: callback_evidence, key: signing_key}]
  pseudonym_key:
    description:
      - File of the secret that replaces what may be PHI by pseudonyms, mode 0600. The guard makes
        one; with another one, the same value gets another pseudonym.
      - C(<site_id>.pseudonyms) beside the signing key's default place if it is not set.
    type: path
    env: [{name: HIPAA_PSEUDONYM_KEY_FILE}]
    ini: [{section: callback_evidence, key: pseudonym_key}]
    version_added: 0.2.0
"""

import codecs
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.playbook.block import Block
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__ as ansible_version

from ..plugin_utils.bytecode import loading_bytecode
from ..plugin_utils.clock import utc_now
from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.evidence import runstate

try:
    # Here, before Ansible forks, so that its workers share what this loads. The verifier comes
    # first: to compile it, where no bytecode is kept, takes 7 MB for a moment, and what is loaded
    # later uses them again.
    with loading_bytecode():
        from ..plugin_utils.evidence import verify  # noqa: F401, I001  # pylint: disable=unused-import
        from ..plugin_utils.collectors import collectors_digest
        from ..plugin_utils.evidence.provenance import run_provenance
        from ..plugin_utils.evidence.recorder import CHECK_PREFIX, GUARD, Hook, Recorder
        from ..plugin_utils.evidence.sealer import pseudonym_file
        from ..plugin_utils.evidence.shown import share_scrubber
        from ..plugin_utils.healer.watching import Watch, note_run
        from ..plugin_utils.judges import forget_rules_and_facts, load_policies, prepare_facts
        from ..plugin_utils.models import CheckId, ComplianceCheck, Finding
        from ..plugin_utils.phi.pseudonyms import load_or_create_pseudonym_key
        from ..plugin_utils.report import coverage_line, render_table
except ImportError as error:
    # Raising would only make Ansible warn and go on without evidence; the guard reports it.
    IMPORT_ERROR = str(error)
else:
    IMPORT_ERROR = ""

# As Ansible names the module of the role's only task.
MODULE = "ansible_collections.hipaa.compliance_agent.plugins.modules.check_all"
HEAL_ATTEMPT = runstate.COLLECTION + "heal_attempt"
EXIT_EVIDENCE = 70
EXIT_NO_HOSTS = 71


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "hipaa.compliance_agent.evidence"
    CALLBACK_NEEDS_ENABLED = True

    def set_options(
        self, task_keys: Any = None, var_options: Any = None, direct: Any = None
    ) -> None:
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        self._state = runstate.RunState(
            run_id=f"{utc_now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
            # Plain texts: those of Ansible carry tags, and are none to who asks for the exact type.
            site_id=str(self.get_option("site_id")),
            evidence_dir=str(self.get_option("evidence_dir")),
            signing_key=str(self.get_option("signing_key") or ""),
            pseudonym_key=str(self.get_option("pseudonym_key") or ""),
            import_error=IMPORT_ERROR,
        )
        runstate.announce(self._state)
        self._play: Any = None
        self._empty_plays: list[str] = []
        self._has_missed = False
        self._recorder: Recorder | None = None
        if not IMPORT_ERROR:
            provenance = run_provenance(ansible_version, os.environ)
            self._recorder = Recorder(self._state, provenance, utc_now)
            self._watch = Watch()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play
        if self._recorder:
            self._recorder.sync()

    def v2_playbook_on_no_hosts_matched(self) -> None:
        if self._recorder and _checks_something(self._play):
            self._empty_plays.append(str(self._play.get_name()))

    def v2_runner_on_ok(self, result: Any) -> None:
        self._hear("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - of the hook
        self._hear("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._hear("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._hear("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002 - of the hook
        # The one hook whose SystemExit Ansible honours when everything else is over.
        if IMPORT_ERROR and self._has_missed:
            self._give_up(f"The evidence callback could not load: {IMPORT_ERROR}.", EXIT_EVIDENCE)
        if self._recorder:
            self._close_healer(self._recorder)
            self._seal(self._recorder)
        if self._empty_plays:
            plays = ", ".join(self._empty_plays)
            message = f"No host matched the play: {plays}. Look at the inventory and at its groups."
            self._give_up(message, EXIT_NO_HOSTS)

    def _hear(self, hook: str, result: Any) -> None:
        action = str(result.task.resolved_action)
        if self._recorder is None:
            self._has_missed |= action.startswith(runstate.COLLECTION)
            return
        try:
            self._take(self._recorder, Hook(hook), action, result)
        except Exception as error:  # noqa: BLE001 - Ansible would warn, and the run would end green
            self._recorder.fail(error)

    def _take(self, recorder: "Recorder", hook: "Hook", action: str, result: Any) -> None:
        started = time.thread_time()
        heard, scope = result.result, None
        host = str(result.host.get_name())
        self._watch.hear(host, heard, is_unreachable=hook is Hook.UNREACHABLE)
        if action == GUARD and "evidence_scope" in heard:
            # The guard runs in a worker, which knows the hosts within the limit only.
            scope = {**heard["evidence_scope"], "inventory_hosts": _hosts_without_limit(self._play)}
            heard = {**heard, "evidence_scope": scope}
        recorder.hear(hook, host, action, heard)
        self._state.cost.add(time.thread_time() - started)
        if scope is not None:
            self._share(scope)
            _read_rules(scope["rules_dir"])
            scan_collectors()

    def _share(self, scope: dict[str, Any]) -> None:
        """Make here, once, what each worker would have to make for itself."""
        collectors_digest()
        for model in (Finding, ComplianceCheck):
            model.prepare()
        prepare_facts()
        secret = load_or_create_pseudonym_key(pseudonym_file(self._state, scope["site_id"]))
        share_scrubber(self._state, secret, scope["inventory_hosts"], utc_now().date())

    def _close_healer(self, recorder: "Recorder") -> None:
        """Keep what the healer left undone; the evidence is not whole without it."""
        try:
            left = self._watch.left_undone(self._state, utc_now)
        except Exception as error:  # noqa: BLE001 - Ansible would warn, and nothing would be sealed
            recorder.fail(error)
        else:
            recorder.hear(Hook.OK, "localhost", HEAL_ATTEMPT, left)

    def _seal(self, recorder: "Recorder") -> None:
        # The workers are gone, and sealing takes the most memory of all.
        forget_rules_and_facts()
        try:
            sealed = recorder.finish()
        except Exception as error:  # noqa: BLE001 - Ansible would warn, and the run would end green
            self._give_up(f"This run has no evidence: {error}", EXIT_EVIDENCE)
        else:
            if sealed is not None:
                self._report(sealed)
                self._note(sealed)

    def _report(self, sealed: Any) -> None:
        cost = self._state.cost
        self._display.display(render_table(sealed.outline))
        self._display.display(
            f"Evidence: {len(sealed.outline)} bundles signed by key {sealed.key_id} and verified, "
            f"in {sealed.file}"
        )
        self._display.display(coverage_line(sealed.statement))
        self._display.v(
            f"Evidence callback: {cost.results} results, {cost.spent_seconds * 1000:.1f} ms of "
            f"CPU, {cost.max_seconds * 1000:.2f} ms at most"
        )

    def _note(self, sealed: Any) -> None:
        """Tell the memory of the healer which bundles prove what it did."""
        try:
            note_run(self._state, sealed.healed, utc_now())
        except ComplianceError as error:
            # The evidence is whole and says all of it.
            message = f"The memory of the healer does not know its bundles: {error}"
            self._display.warning(message)

    def _give_up(self, message: str, code: int) -> None:
        self._display.display(f"[EVIDENCE] {message}", color=constants.COLOR_ERROR, stderr=True)
        raise SystemExit(code)


def _hosts_without_limit(play: Any) -> list[str]:
    """Return the hosts that *play* is for in the whole inventory, whatever --limit says."""
    inventory = play.get_variable_manager()._inventory  # noqa: SLF001 - there is no public way
    found = inventory.get_hosts(pattern=play.hosts, ignore_limits=True, ignore_restrictions=True)
    return [str(host.get_name()) for host in found]


def _read_rules(rules_dir: str) -> None:
    """Read the rules here, once: the workers that judge are forked later and inherit them."""
    # A broken rule is for the check to report, as the failed task that it is.
    with suppress(ComplianceError):
        load_policies(Path(rules_dir), list(CheckId))


def scan_collectors() -> int:
    """Let Ansible look through the module here, once; return how many scripts it found.

    Each worker does it again. What Python and Ansible keep of it, patterns and paths and imports,
    is a third of that work, and workers inherit it.
    """
    # Ansible's own affair: without it, or with another one, workers start from nothing.
    with suppress(ImportError, AttributeError, TypeError, OSError, AnsibleError):
        from ansible.executor.powershell.module_manifest import PSModuleDepFinder
        from ansible.module_utils.common import json as profiles

        # What a module is asked and answers in, and the encoding of a PowerShell command line.
        profiles.get_module_encoder("legacy", profiles.Direction.CONTROLLER_TO_MODULE)
        profiles.get_module_decoder("legacy", profiles.Direction.MODULE_TO_CONTROLLER)
        codecs.lookup("utf-16-le")
        finder = PSModuleDepFinder()
        finder.scan_exec_script("module_wrapper.ps1")
        module = Path(__file__).parents[1] / "modules" / "check_all.ps1"
        finder.scan_module(module.read_bytes(), fqn=MODULE)
        return len(finder.scripts)
    return 0


def _checks_something(play: Any) -> bool:
    """Return whether *play* has the guard or a check, in itself or in its static roles."""
    pending = list(play.compile())
    while pending:
        item = pending.pop()
        if isinstance(item, Block):
            pending += [*item.block, *item.rescue, *item.always]
        elif str(item.resolved_action).startswith((GUARD, CHECK_PREFIX)):
            return True
    return False
