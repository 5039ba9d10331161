#!/bin/sh
# A cluster of several nodes on this machine, for development: each with its own data directory
# under .dev-cluster/, on the next free port from 8000 on.
#   deploy/dev-cluster.sh start [N] | stop | logs | show-discovery
set -eu
cd "$(dirname "$0")/.."
. deploy/common.sh

# Its own name: it joins neither the real cluster of this network nor that of another checkout.
cluster="dev-$( (hostname && pwd) | cksum | cut -d ' ' -f 1)"

directories() {
  for directory in "$DEV_CLUSTER"/*/; do
    [ -d "$directory" ] && say "${directory%/}"
  done
  return 0
}

# Where a node of the cluster answers already; the next one joins there.
running_url() {
  for directory in "$DEV_CLUSTER"/*/; do
    if node_pid "${directory%/}" >/dev/null; then
      node_field "${directory%/}" url
      return
    fi
  done
}

# start_node DIRECTORY [options]
start_node() {
  directory=$1
  shift
  if pid=$(node_pid "$directory"); then
    say "$(basename "$directory") runs already (pid $pid, $(node_field "$directory" url))."
    return
  fi
  hub=$(running_url)
  if [ -n "$hub" ]; then set -- --hub "$hub" "$@"; fi
  mkdir -p "$directory"
  name=$(basename "$directory")
  "$tankd" start -d --data-dir "$directory" --cluster "$cluster" --name "$name" "$@" >/dev/null
  say "$name started (pid $(node_pid "$directory"), $(node_field "$directory" url))."
}

# wait_for_members COUNT DIRECTORY: until that many servers are online, one of them hub.
wait_for_members() {
  tenths=300
  until list=$("$tankd" peers --json --data-dir "$2" 2>/dev/null | json_lines) &&
    [ "$(printf '%s\n' "$list" | grep -c '"status" *: *"online"')" -ge "$1" ] &&
    [ "$(printf '%s\n' "$list" | grep -c '"role" *: *"hub"')" -eq 1 ]; do
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || return 1
    sleep 0.1
  done
}

# All at once, so that they need not wait for each other's last snapshots.
stop_all() {
  asked=$(mktemp)
  directories | while IFS= read -r directory; do
    pid=$(node_pid "$directory") || continue
    kill -TERM "$pid" 2>/dev/null && printf '%s %s\n' "$pid" "$directory" >>"$asked"
  done
  while read -r pid directory; do expect_end "$pid" "$directory"; done <"$asked"
  rm -f "$asked"
}

start() {
  count=$1
  case $count in
    '' | *[!0-9]* | 0) fail "How many nodes? N must be a number from 1 on: make dev-cluster N=3" ;;
  esac
  number=1
  while [ "$number" -le "$count" ]; do
    start_node "$DEV_CLUSTER/node-$number"
    number=$((number + 1))
  done
  wait_for_members "$count" "$DEV_CLUSTER/node-1" ||
    fail "The nodes run, but not all $count have found each other within 30 s:" \
      "make logs-all shows why."
  "$tankd" peers --data-dir "$DEV_CLUSTER/node-1"
  say "Follow them with make logs-all, end them with make stop."
}

logs() {
  [ -n "$(directories)" ] || fail "There is no dev-cluster here: make dev-cluster starts one."
  followers=
  # The followers end with this script, however it ends.
  trap 'kill $followers 2>/dev/null || true' EXIT
  trap 'exit 0' INT TERM
  for directory in "$DEV_CLUSTER"/*/; do
    # The shell would report each follower that it ends.
    follow "${directory%/}" 2>/dev/null &
    followers="$followers $!"
  done
  wait
}

follow() {
  # A named pipe rather than `|`, so that the pid of the follower is known and can be ended.
  pipe=$(mktemp -d)
  mkfifo "$pipe/log"
  "$tankd" logs -f --data-dir "$1" >"$pipe/log" 2>&1 &
  reader=$!
  trap 'kill $reader 2>/dev/null; rm -rf "$pipe"; exit 0' INT TERM EXIT
  awk -v name="$(basename "$1")" '{ print name " | " $0; fflush() }' <"$pipe/log"
}

show_discovery() {
  DEV_CLUSTER=$(mktemp -d)
  cluster="$cluster-$$"
  trap 'stop_all; rm -rf "$DEV_CLUSTER"' EXIT
  trap 'exit 1' INT TERM
  start_node "$DEV_CLUSTER/hub" --role hub
  start_node "$DEV_CLUSTER/worker-1" --role worker
  start_node "$DEV_CLUSTER/worker-2" --role worker
  wait_for_members 3 "$DEV_CLUSTER/worker-2" || {
    "$tankd" peers --data-dir "$DEV_CLUSTER/worker-2" >&2
    fail "The three have not found each other within 30 s."
  }
  "$tankd" peers --data-dir "$DEV_CLUSTER/worker-2"
}

case ${1:-} in
  stop) stop_all ;;
  start) tankd=$(tankd_program) && start "${2:-3}" ;;
  logs) tankd=$(tankd_program) && logs ;;
  show-discovery) tankd=$(tankd_program) && show_discovery ;;
  *) fail "usage: deploy/dev-cluster.sh start [N] | stop | logs | show-discovery" ;;
esac
