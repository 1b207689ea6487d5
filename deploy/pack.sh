#!/usr/bin/env bash
# Makes what users install, in artifacts/:
#   Exai.VERSION.nupkg                   a .NET tool (command exai) that is an MCP server; runs wherever .NET 10 does
#   exai-VERSION-SYSTEM.tar.gz or .zip   the program with .NET inside, for each SYSTEM given (default: linux-x64 win-x64)
#   exai-VERSION-SYSTEM.mcpb             the same as a bundle that clients install with one click
#   SHA256SUMS
# Expects a Release build ('./build.sh pack' makes one). A SYSTEM needs its runtime packs from the package feed.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- linux-x64 win-x64

# Relative, since MSBuild on Windows does not read the paths of a Unix shell.
out=artifacts
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
work=$out/work
rm -rf "$work" "$out"/*.nupkg "$out"/exai-* "$out/SHA256SUMS"

dotnet pack src/Exai --configuration Release --no-build --output "$out" --verbosity quiet

for system; do
  program=exai platform=linux
  case $system in
    win-*) program=exai.exe platform=win32 ;;
    osx-*) platform=darwin ;;
  esac
  name=exai-$version-$system
  folder=$work/$name
  dotnet publish src/Exai --configuration Release --runtime "$system" --self-contained --output "$folder" --verbosity quiet
  # IIS is no place for a daemon.
  rm -f "$folder/aspnetcorev2_inprocess.dll"
  cp LICENSE README.md .env.example "$folder"

  bundle=$work/$name.mcpb
  mkdir -p "$bundle/server"
  cp "$folder/$program" "$folder"/*e_sqlite3* "$bundle/server"
  cp LICENSE "$bundle"
  sed -e "s/@VERSION@/$version/" -e "s/@PROGRAM@/$program/" -e "s/@PLATFORM@/$platform/" deploy/mcpb/manifest.json > "$bundle/manifest.json"

  dotnet msbuild deploy/zip.proj -p:Folder="../$bundle" -p:File="../$out/$name.mcpb" -verbosity:quiet -nologo
  case $system in
    win-*) dotnet msbuild deploy/zip.proj -p:Folder="../$folder" -p:File="../$out/$name.zip" -verbosity:quiet -nologo ;;
    *) tar -czf "$out/$name.tar.gz" -C "$work" "$name" ;;
  esac
done

rm -rf "$work"
cd "$out"
{ sha256sum -- *.nupkg exai-* 2>/dev/null || shasum -a 256 -- *.nupkg exai-*; } | tee SHA256SUMS
