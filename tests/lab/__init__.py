# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: simulated Windows hosts that unmodified Ansible reaches over WinRM and PSRP."""
