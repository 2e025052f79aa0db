#!/bin/bash
# Runs the tests of the real cloud on older releases, one after another, each apart from what runs here (apart.sh):
#   releases.sh [RELEASE...]      2024.1 and 2023.1, unless named
# With IN_PLACE=1 not apart, which needs no namespaces, but the place of the cloud that runs here otherwise.
# SHORT=1 takes the short set (test/release), else all of test/cloud but what compares the newest release with the
# embedded cloud, asks the newest openstacksdk or needs Neutron. OUT keeps jest's reports (release-RELEASE.json) and what the tests ran
# on (worlds-RELEASE.jsonl), from which `npm run support -- --release RELEASE` makes a column of docs/support.md.
set -uo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- 2024.1 2023.1
out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
[ -n "${OUT:-}" ] || trap 'rm -rf "$out"' EXIT
CI_RUN=${CI_RUN:-$(cat /proc/sys/kernel/random/uuid)}
export CI_RUN
failed=0

on() {
  export CLOUD_RELEASE=$1 WORLDS_SEEN=$out/worlds-$1.jsonl
  local report=$out/release-$1.json project=cloud files=$(ls test/cloud/*.test.ts | grep -vE 'compare|configurations|networks')
  [ -z "${SHORT:-}" ] || project=release files=
  rm -f "$WORLDS_SEEN" "$report"
  # What is not there yet comes from the package registries, which are out of reach from apart.
  local place=(test/cloud/apart.sh "$1")
  [ -z "${IN_PLACE:-}" ] || place=(env)
  test/cloud/install.sh &&
    "${place[@]}" test/cloud/up.sh &&
    "${place[@]}" npm run -s jest -- --selectProjects $project --maxWorkers 3 --json --outputFile="$report" $files
  local rc=$?
  "${place[@]}" test/cloud/down.sh
  [ -n "${IN_PLACE:-}" ] || test/cloud/apart.sh "$1" --end
  return $rc
}

for release in "$@"; do
  echo "== release $release"
  on "$release" || { echo "== release $release: FAILED"; failed=1; }
done
exit $failed
