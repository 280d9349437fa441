# SPDX-License-Identifier: GPL-3.0-or-later
"""Estate files (*.yml) and the edits that they name."""
