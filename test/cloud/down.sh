#!/bin/bash
# Stops the cloud that up.sh started; --purge forgets its state as well.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$HERE/stop.sh"
[ $# -eq 0 ] || [ "$*" = --purge ] || { echo "usage: $0 [--purge]" >&2; exit 2; }
take_lock
stop_cloud
[ "${1:-}" != --purge ] || rm -rf "$S" "$S.last-log"
