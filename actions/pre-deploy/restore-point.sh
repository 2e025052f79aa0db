#!/usr/bin/env bash
# What pre-deploy hands on: one string for all that its steps saved, and the words that bring it back. Needs bash alone.
# MANIFESTS: artifact:RUN/NAME of each step; KINDS, METHODS and IDS of the restore points, in the same order.
set -euo pipefail

read -r -d '' -a manifests <<< "$MANIFESTS" || true
read -r -d '' -a kinds <<< "$KINDS" || true
read -r -d '' -a methods <<< "$METHODS" || true
read -r -d '' -a ids <<< "$IDS" || true
if [ "${#manifests[@]}" -eq 0 ] || [ "${#ids[@]}" -eq 0 ]; then
  echo "::error title=pre-deploy::nothing was saved: give \`volumes\`, \`servers\` or \`images\`"
  exit 1
fi

# All are artifacts of this run: artifact:RUN/NAME,NAME.
restore_point=${manifests[0]}
for manifest in "${manifests[@]:1}"; do
  restore_point+=",${manifest#*/}"
done

# The file of the running workflow, out of OWNER/NAME/.github/workflows/FILE@REF.
workflow=${GITHUB_WORKFLOW_REF%%@*}
workflow=${workflow##*/}

way_back=''
for at in "${!ids[@]}"; do
  id=${ids[at]}
  inputs="-f manifest=$restore_point -f workflow=$workflow -f ${kinds[at]}=$id"
  case ${kinds[at]}/${methods[at]} in
    volume/*)
      way_back+="gh workflow run $RESTORE_VOLUME $inputs -f name=before-$GITHUB_RUN_ID # to a new volume"$'\n'
      # Cinder writes only its own backups over a volume.
      [ "${methods[at]}" = cinder-backup ] || continue
      way_back+="gh workflow run $RESTORE_VOLUME $inputs -f to=$id -f overwrite=true # over it, if it is detached: what is on it now is lost"$'\n'
      ;;
    server/*)
      way_back+="gh workflow run $RESTORE_SERVER $inputs -f name=before-$GITHUB_RUN_ID # to a new server"$'\n'
      ;;
    image/download)
      way_back+="# image $id: actions/restore-image with image: $id, workflow: $workflow, manifest: $restore_point"$'\n'
      ;;
  esac
done

echo "restore point: $restore_point"
echo 'If the deployment fails, the way back is one of these lines:'
printf '%s' "$way_back"

{
  echo "restore-point=$restore_point"
  echo 'way-back<<END-OF-WAY-BACK'
  printf '%s' "$way_back"
  echo 'END-OF-WAY-BACK'
} >> "$GITHUB_OUTPUT"
{
  echo '### Restore point before the deployment'
  echo
  echo "\`$restore_point\`"
  echo
  echo 'If the deployment fails, the way back is one of these lines:'
  echo
  echo '```sh'
  printf '%s' "$way_back"
  echo '```'
} >> "$GITHUB_STEP_SUMMARY"
