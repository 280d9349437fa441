# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that an auditor reads first: what an export proves, what not, and how to verify it."""

from collections.abc import Sequence

README = """\
Technical evidence of the site {site_id}, {period} (days in UTC, both included)

This archive holds what {runs} saw of six technical safeguards on Windows hosts (45 CFR Part 164,
Subpart C), as signed bundles. It is evidence for named implementation specifications of the HIPAA
Security Rule. It is no statement that anybody complies with the law.


HOW TO VERIFY IT

You need Python 3.9 or newer, and the public key of the site from somewhere else than this archive:
whoever could forge the evidence could forge a key beside it.

    python3 verify.py . --key PUBLIC_KEY

If you or the site kept a checkpoint elsewhere, add  --checkpoint FILE . The exit code is 0 only if
everything verified; each problem is one line that names file, bundle, host, check and reason. The
program is in this archive for convenience. If you do not trust who gave it to you, take it from a
release of the project, or write your own: the format is public (RFC 8785, RFC 8032, RFC 6962, and
C2SP tlog-checkpoint and tlog-proof).


WHAT IT PROVES

- Each bundle was signed with the key of the site and is unchanged since, to the byte.
- Each bundle and each statement was entered in the site's append-only log, at the place that its
  proof names, under the one checkpoint in this archive.
- Each run in here is whole: its statement of coverage was signed too. It says for how many hosts
  and checks the inventory called, which of them have a verdict, and why the others have none.
- Between two runs in here nothing that the log holds was left out.


WHAT IT DOES NOT PROVE

- That a host told the truth about itself. An administrator of a host can make it lie.
- That hosts which are in no inventory are safe. Compare the number of hosts with a list of assets.
- That the clock of the machine that signed was right. Where it was set back, the statement says so.
- That runs before the first one and after the last one in here are good, or that they exist.
- That this checkpoint is the newest one. Only a checkpoint that was kept elsewhere shows that.


WHAT IS IN IT

bundles/    one file a run, one signed bundle a line (JSON)
coverage/   one signed statement of coverage a run
proofs/     one inclusion proof for each bundle and statement
keys/       public keys that signed, and statements about their rotation and revocation
checkpoint  the signed head of the log that all proofs lead to
export.json what was exported; not signed, and checked against the rest
verify.py   the verifier

Host names stand in the evidence as the inventory has them. Other text was scrubbed before it was
signed: what looks like <NAME:1a2b3c4d> is a pseudonym that only the site can match.
"""


def render_readme(site_id: str, period: str, run_ids: Sequence[str]) -> str:
    """Return the text for an export of these runs."""
    runs = "one run" if len(run_ids) == 1 else f"{len(run_ids)} runs"
    return README.format(site_id=site_id, period=period, runs=runs)
