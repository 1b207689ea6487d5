#!/usr/bin/env bash
# Builds and checks EXAI.
#   ./build.sh         restore, build with warnings as errors and analyzers, check the format
#   ./build.sh test    the same, then all tests
#   ./build.sh pack    the same, then what users install, in artifacts/ (deploy/pack.sh; systems as further arguments)
# Needs the .NET 10 SDK and nothing else. With Node.js, the tests also meet clients and servers that other people wrote.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

dotnet restore Exai.slnx --verbosity quiet
dotnet build Exai.slnx --configuration Release --no-restore --verbosity quiet
dotnet format whitespace Exai.slnx --no-restore --verify-no-changes

if [ "${1:-}" = pack ]; then
  exec deploy/pack.sh "${@:2}"
fi
[ "${1:-}" = test ] || exit 0
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for witness in tests/Exai.Witness.Tests/node tests/Exai.Witness.Tests/conformance tests/Exai.Packaging.Tests/mcpb; do
  if ! command -v npm >/dev/null || ! timeout 120 npm ci --prefix "$witness" --silent; then
    echo "Without the npm packages of $witness its tests skip." >&2
  fi
done
# What users install, for this system: the tests of packages install it. Other systems' packages are made by './build.sh pack'.
system=linux-$(uname -m | sed -e s/x86_64/x64/ -e s/aarch64/arm64/)
if ! deploy/pack.sh "$system" >/dev/null; then
  echo "Without the packages for $system their tests skip." >&2
  # On a developer's machine the feed may lack .NET's runtime packs; continuous integration has to see that packing broke.
  [ -z "${CI:-}" ] || touch "$results/failed"
fi
# Tests one project after the other; prints each one's results in one piece. "Project?filter" tests a part of one.
run() {
  local part project filter log
  for part; do
    project=${part%%\?*}
    filter=${part#"$project"}
    log=$(mktemp "$results/XXXXXX")
    touch "$log.report"
    EXAI_TEST_REPORT=$log.report dotnet test "tests/$project" --configuration Release --no-build --nologo ${filter:+--filter "${filter#\?}"} >"$log" 2>&1 \
      || touch "$results/failed"
    # The tests that a broken test process did not come to are in no count.
    if grep -q 'FATAL ERROR' "$log"; then
      echo "The test process of $project broke off before its end." >>"$log"
      touch "$results/failed"
    fi
    # What tests found out beside passing, such as scores.
    cat "$log" "$log.report"
  done
}

# Those that mostly wait for other programs run beside those that mostly compute. The end-to-end tests measure answer times: they run by themselves.
beside=(Exai.Browser.Tests Exai.Packaging.Tests Exai.Witness.Tests)
alone=Exai.EndToEnd.Tests
rest=()
for project in tests/*.Tests; do
  case " ${beside[*]} $alone " in
    *" ${project#tests/} "*) ;;
    *) rest+=("${project#tests/}") ;;
  esac
done
run "${beside[@]}" &
run "${rest[@]}"
wait

# Most of their time is waiting for processes, so two halves of about the same length run beside each other: a class not named here is in the second.
half=(Cluster Doctor Document Drain Neighbour Restart RollingUpgrade SharedLimit SharedStore Store Tls Token Torture Upgrade)
run "$alone?$(printf "|FullyQualifiedName~$alone.%sTests." "${half[@]}" | cut -c2-)" &
run "$alone?$(printf "&FullyQualifiedName!~$alone.%sTests." "${half[@]}" | cut -c2-)"
wait
[ ! -e "$results/failed" ]
