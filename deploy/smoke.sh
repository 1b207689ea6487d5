#!/usr/bin/env bash
# Tries a packed program on the system that it is for: unpacks it and runs its demo, which needs neither key nor network.
#   deploy/smoke.sh SYSTEM        such as linux-x64
set -euo pipefail
cd "$(dirname "$0")/.."
archive=$(ls artifacts/exai-*-"$1".tar.gz artifacts/exai-*-"$1".zip 2>/dev/null || true)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

case $archive in
  *.tar.gz) tar -xzf "$archive" -C "$folder" --strip-components 1 ;;
  *.zip) unzip -q "$archive" -d "$folder" ;;
  *) echo "There is no archive for '$1' in artifacts; './build.sh pack $1' makes it." >&2; exit 1 ;;
esac
"$folder/exai" --version
"$folder/exai" demo
