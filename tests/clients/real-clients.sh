#!/usr/bin/env bash
# Lets real MCP clients find the shim, with a daemon and without one: MCP Inspector, Gemini CLI, opencode.
#   tests/clients/real-clients.sh [PATH_OF_EXAI]
# Needs Node.js 20 and npm; the packages (some 500 MB) go to $REAL_CLIENTS, by default a temporary folder. No key and no network are needed
# to run it once they are there, and no home or setting of yours is touched.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
exai=$(realpath "${1:-$root/src/Exai/bin/Release/net10.0/exai}")
[ -x "$exai" ] || { echo "There is no $exai: build it (./build.sh), or name another." >&2; exit 2; }

work=$(mktemp -d)
clients=${REAL_CLIENTS:-$work/clients}
mkdir -p "$clients" && echo '{"private":true}' > "$clients/package.json"
npm install --prefix "$clients" --silent --no-audit --no-fund \
  @modelcontextprotocol/inspector@0.15.0 @google/gemini-cli@0.61.0 opencode-ai@1.18.33
bin=$clients/node_modules/.bin

export HOME=$work/user EXAI_HOME=$work/home EXAI_WS_PORT=0 MONITORING_PORT=0
mkdir -p "$HOME/.gemini" "$HOME/.config/opencode" "$work/project"
cd "$work/project"
cleanup() { "$exai" stop >/dev/null 2>&1 || true; rm -rf "$work"; }
trap cleanup EXIT

cat > "$HOME/.gemini/settings.json" <<JSON
{"mcpServers":{"exai":{"command":"$exai","args":["shim"]}},"security":{"folderTrust":{"enabled":false}}}
JSON
cat > "$HOME/.config/opencode/opencode.json" <<JSON
{"mcp":{"exai":{"type":"local","command":["$exai","shim"],"enabled":true}}}
JSON

failed=0
expect() { # WHAT PATTERN COMMAND...
  local what=$1 pattern=$2 output
  shift 2
  if output=$(timeout 60 "$@" 2>&1) && grep -qE "$pattern" <<<"$output"; then
    echo "ok      $what"
  else
    echo "FAILED  $what: no '$pattern' in:" && echo "$output" | tail -20
    failed=1
  fi
}

all() {
  expect "Inspector lists the tools $1" '"name": "chat"' "$bin/mcp-inspector" --cli "$exai" shim --method tools/list
  expect "Gemini CLI is connected $1" 'exai.*Connected' "$bin/gemini" mcp list
  expect "opencode is connected $1" 'exai.*connected' "$bin/opencode" mcp list
}

"$exai" start >/dev/null
expect "Inspector calls a tool of the daemon" 'daemon' "$bin/mcp-inspector" --cli "$exai" shim --method tools/call --tool-name version
all "with a daemon"
"$exai" stop >/dev/null
all "without a daemon"
exit $failed
