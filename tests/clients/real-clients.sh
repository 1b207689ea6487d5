#!/usr/bin/env bash
# Lets real MCP clients find the shim, with a daemon and without one (MCP Inspector, Gemini CLI, opencode), and lets two of them, as agents, call
# chat and debug and use the answers. Their model is scripted-model.mjs, EXAI's is `exai sim`.
#   tests/clients/real-clients.sh [PATH_OF_EXAI]
# Needs Node.js 20 and npm; the packages (some 600 MB) go to $REAL_CLIENTS, by default a temporary folder. No key and no network are needed
# to run it once they are there, and no home or setting of yours is touched. Takes some three minutes.
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
export OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1
mkdir -p "$HOME/.gemini" "$HOME/.config/opencode" "$EXAI_HOME" "$work/project"
cd "$work/project"
cleanup() {
  "$exai" stop >/dev/null 2>&1 || true
  kill ${servers[@]+"${servers[@]}"} 2>/dev/null || true
  rm -rf "$work"
}
servers=()
trap cleanup EXIT

# begin LOG COMMAND...: a server in the background, once it has said where it listens.
begin() {
  local log=$1
  shift
  "$@" > "$log" 2>&1 &
  servers+=($!)
  for _ in $(seq 200); do
    if grep -q http "$log"; then return; fi
    sleep 0.1
  done
  echo "$1 did not start:" >&2 && cat "$log" >&2
  exit 1
}
begin "$work/model" node "$root/tests/clients/scripted-model.mjs"
begin "$work/sim" "$exai" sim
model=$(cat "$work/model")
{ grep -E '^(GLM|KIMI)_API_URL=' "$work/sim"; echo GLM_API_KEY=any-key-works; } > "$EXAI_HOME/.env"

cat > "$HOME/.gemini/settings.json" <<JSON
{"mcpServers":{"exai":{"command":"$exai","args":["shim"],"env":{"EXAI_HOME":"$EXAI_HOME","EXAI_WS_PORT":"0","MONITORING_PORT":"0"}}},
 "security":{"folderTrust":{"enabled":false},"auth":{"selectedType":"gemini-api-key"}},
 "general":{"disableAutoUpdate":true},"privacy":{"usageStatisticsEnabled":false},"telemetry":{"enabled":false}}
JSON
cat > "$HOME/.config/opencode/opencode.json" <<JSON
{"mcp":{"exai":{"type":"local","command":["$exai","shim"],"enabled":true}},
 "model":"scripted/model","small_model":"scripted/model","autoupdate":false,"share":"disabled","permission":{"*":"allow"},
 "provider":{"scripted":{"npm":"@ai-sdk/openai-compatible","name":"Scripted","options":{"baseURL":"$model/v1","apiKey":"any"},
   "models":{"model":{"name":"Scripted","tool_call":true}}}}}
JSON

failed=0
expect() { # WHAT PATTERN COMMAND...
  local what=$1 pattern=$2 output
  shift 2
  if output=$(timeout 150 "$@" 2>&1) && grep -qE "$pattern" <<<"$output"; then
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

# What the agent says in the end quotes what both tools answered.
said='FINAL ANSWER.*Simulated answer to.*bounded channel.*debug said.*The total is one too high'
task="Ask EXAI twice and tell me what it said."
expect_all() { # WHAT COMMAND...: over all lines of the output
  local what=$1
  shift
  expect "$what" "$said" bash -c '"$@" 2>&1 | tr "\n" " "' _ "$@"
}
expect_all "Gemini CLI calls chat and debug and uses the answers" \
  env GEMINI_API_KEY=any GOOGLE_GEMINI_BASE_URL="$model" "$bin/gemini" -m gemini-2.5-flash --approval-mode yolo -p "$task"
expect_all "opencode calls chat and debug and uses the answers" "$bin/opencode" run "$task"

"$exai" stop >/dev/null
all "without a daemon"
exit $failed
