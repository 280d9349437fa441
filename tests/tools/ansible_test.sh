#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs `ansible-test sanity` without Docker, PowerShell or downloads other than pip's:
#   tests/tools/ansible_test.sh sanity [--test NAME ...]
# ansible-test insists on a path .../ansible_collections/NAMESPACE/NAME that is no symlink, so it gets a
# copy; it clears the environment, so pip's settings go through a file in a home of its own, where its
# environments stay for the next run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=${ANSIBLE_TEST_WORK:-$root/.cache/ansible-test}
copy=$work/ansible_collections/hipaa/compliance_agent
python=$(command -v python3)
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

export HOME=$work/home
mkdir -p "$HOME/.ansible/test/cache" "$HOME/.config/pip" "$work/bin"

# The names of the two releases of get-pip that ansible-core 2.19 to 2.21 look for.
for release in 24_2 25_2 25_3; do
    cp "$root/tests/tools/get_pip.py" "$HOME/.ansible/test/cache/get_pip_$release.py"
done
cp "$root/collections/compliance_agent/requirements.txt" "$HOME/requirements.txt"

{
    echo '[global]'
    for key in cert index-url extra-index-url find-links; do
        name=PIP_$(tr 'a-z-' 'A-Z_' <<<"$key")
        if [ -n "${!name:-}" ]; then echo "$key = ${!name}"; fi
    done
} >"$HOME/.config/pip/pip.conf"

# validate-modules asks PowerShell for the argument spec; ours are literals that Python can read.
printf '#!/bin/sh\nexec "%s" "%s/tests/tools/psspec.py" "$@"\n' "$python" "$root" >"$work/bin/pwsh"
chmod +x "$work/bin/pwsh"
export PATH=$work/bin:$PATH

rm -rf "$copy"
mkdir -p "$copy"
tar -C "$root/collections/compliance_agent" --exclude=__pycache__ --exclude='*.tar.gz' -cf - . |
    tar -C "$copy" -xf -
cd "$copy"
git init --quiet .

# pslint needs PSScriptAnalyzer, which needs PowerShell: tests/static checks what can be checked without.
exec ansible-test "$@" --python "$version" --color no --skip-test pslint
