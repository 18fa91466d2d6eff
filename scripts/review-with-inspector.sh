#!/usr/bin/env bash
# Reviews the change in a repository over MCP from a script: MCP Inspector's --cli makes every tool a shell command, jq
# reads what it gives. Prints the verdict and the blockers; the exit code is 0 for SHIP, 1 for work to do, 3 for no
# verdict. Uses `npx --no-install`, so nothing is downloaded: `npm i -g @modelcontextprotocol/inspector@0.14.3` first.
#
#   scripts/review-with-inspector.sh [REPOSITORY]     INSPECTOR="node …/cli.js" names another one
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
repository=${1:-.}
read -ra inspector <<<"${INSPECTOR:-npx --no-install @modelcontextprotocol/inspector}"
command -v jq >/dev/null || { echo "jq is needed: see your package manager" >&2; exit 2; }

call() {
  (cd "$repository" && "${inspector[@]}" --cli node "$here/dist/src/cli/main.js" serve \
    --method tools/call --tool-name review_change "$@") | jq '.structuredContent'
}

# Every call of the inspector starts a server of its own, and a job lives with its server: so one long call, which
# ends before the inspector's own limit.
answer=$(call --tool-arg wait_s=55)
if [ "$(jq -r '.state // "done"' <<<"$answer")" = running ]; then
  echo "still $(jq -r .doing <<<"$answer") after 55 s: use \`sluice review\` for a change this large" >&2
  exit 3
fi
if [ "$(jq -r '.error // ""' <<<"$answer")" != "" ]; then
  jq -r '.error, .hint' <<<"$answer" >&2
  exit 2
fi
jq -r '"verdict: \(.verdict // "none yet")  by: \(.decided_by // "nobody")",
  (.stages[] | "  \(.state)\t\(.name)\t\(.summary)"),
  (.blockers[] | "● \(.file // "-"):\(.line // "-")  \(.message)"),
  .next' <<<"$answer"
case $(jq -r '.verdict // ""' <<<"$answer") in
  SHIP) exit 0 ;;
  "") exit 3 ;;
  *) exit 1 ;;
esac
