#!/usr/bin/env bash
# Takes the README's pictures anew, of the real program at work: docs/pictures. Needs Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
EXAI_UPDATE_DOCS=1 dotnet run --project tests/Exai.Browser.Tests -- -class '*PictureTests'
ls -l docs/pictures
