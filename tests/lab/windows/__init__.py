# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated Windows for the lab: WindowsLab (PowerShell and C#) and the states of its hosts."""
