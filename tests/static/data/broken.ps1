# SPDX-License-Identifier: GPL-3.0-or-later
# Not PowerShell. Expected: tests/static/test_pscheck.py.
Set-StrictMode -Version 3.0
if ($a -eq {
    1
