#!/bin/sh
# The one entry point: ./startup.sh start on any machine builds tankd if need be and starts a node,
# which finds the others and decides its role by itself. ./startup.sh help says the rest.
set -eu
cd "$(dirname "$0")"
. deploy/common.sh

# Seconds between two looks of `monitor`.
REFRESH_SECONDS=2

usage() {
  cat <<'USAGE'
usage: ./startup.sh COMMAND [--data-dir D] [--discovery-backend=B] [--serf-join=ADDRESS] [options]

  start     build tankd if it is not there, and start a node in the background;
            further options go to tankd start (tankd start --help lists them)
  stop      stop it; its tanks and fish stay
  status    the node, its role, its tanks and the other servers
  monitor   the same, again every 2 seconds
  logs      follow its log
  cleanup   stop it, and remove the development cluster and files of nodes that
            ended without cleaning up; never a tank
  help      this

  --discovery-backend=B   how to find the others: auto, none, mdns, tailscale, serf, hub …
                          or a hub's URL
  --serf-join=ADDRESS     find them by Serf: join the agent at this address, of any of them

Settings of the environment reach the node as well: DISCOVERY_BACKEND, DISCOVERY_SERVER_URL,
ROLE, TANK_SERVER_ID, TANK_API_PORT, LOG_LEVEL … (tankd config lists them all).
USAGE
}

ensure_built() {
  if [ -x dist/tankd ] || command -v tankd >/dev/null 2>&1; then return; fi
  command -v make >/dev/null 2>&1 ||
    fail "tankd is not built and make is missing:" \
      "install make and npm, then run ./startup.sh start again."
  make build
}

# nodes ACTION …: on the data directory that was given, if one was.
nodes() {
  action=$1
  shift
  if [ -n "$data" ]; then set -- --data-dir "$data" "$@"; fi
  deploy/nodes.sh "$action" "$@"
}

start() {
  ensure_built
  if [ -n "$backend" ]; then set -- --discovery "$backend" "$@"; fi
  if [ -n "${serf_join:-${SERF_JOIN:-}}" ]; then
    set -- --serf-join "${serf_join:-$SERF_JOIN}" "$@"
  fi
  nodes start "$@"
}

status() {
  nodes ask status
  nodes ask peers
}

monitor() {
  while :; do
    screen=$(status 2>&1) || true
    if [ -t 1 ]; then printf '\033[H\033[2J'; fi
    printf '%s\n\n%s\n' "$(date)" "$screen"
    sleep "$REFRESH_SECONDS"
  done
}

cleanup() {
  nodes stop
  data_directories "$data" | while IFS= read -r directory; do
    if [ -e "$directory/node.json" ] && ! node_pid "$directory" >/dev/null; then
      rm -f "$directory/node.json"
      say "Removed $directory/node.json of a node that had ended."
    fi
  done
  rm -rf "$DEV_CLUSTER"
  say "Cleaned up. Tanks and their fish were left alone."
}

command=${1:-help}
[ $# -eq 0 ] || shift
backend=
serf_join=
data=
rest=0
total=$#
# Ours are taken out; everything else stays, in order, for tankd start.
while [ "$rest" -lt "$total" ]; do
  argument=$1
  shift
  rest=$((rest + 1))
  case $argument in
    --discovery-backend=*) backend=${argument#*=} ;;
    --serf-join=*) serf_join=${argument#*=} ;;
    --data-dir=*) data=${argument#*=} ;;
    --discovery-backend | --serf-join | --data-dir)
      [ "$rest" -lt "$total" ] || fail "$argument needs a value."
      case $argument in
        --discovery-backend) backend=$1 ;;
        --serf-join) serf_join=$1 ;;
        *) data=$1 ;;
      esac
      shift
      rest=$((rest + 1))
      ;;
    *) set -- "$@" "$argument" ;;
  esac
done

case $command in
  start) start "$@" ;;
  stop | logs | status | monitor | cleanup)
    [ $# -eq 0 ] || fail "./startup.sh $command does not take $1."
    case $command in
      stop | logs) nodes "$command" ;;
      *) "$command" ;;
    esac
    ;;
  help | -h | --help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
