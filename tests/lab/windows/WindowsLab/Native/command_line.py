# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines as Windows splits them."""


def split_windows(line: str) -> list[str]:
    """CommandLineToArgvW, near enough: double quotes group, backslash-quote is a quote."""
    out, cur, q, i, any_ = [], "", False, 0, False
    while i < len(line):
        c = line[i]
        if c == "\\" and i + 1 < len(line) and line[i + 1] == '"':
            cur += '"'
            i += 2
            any_ = True
            continue
        if c == '"':
            q = not q
            any_ = True
        elif c in " \t" and not q:
            if any_:
                out.append(cur)
            cur, any_ = "", False
        else:
            cur += c
            any_ = True
        i += 1
    if any_:
        out.append(cur)
    return out
