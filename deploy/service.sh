#!/bin/sh
# Installs the program of this checkout and keeps it running: as a service where systemd runs,
# otherwise detached. As root for the machine, as anybody else for oneself. May be repeated.
#   deploy/service.sh deploy [options of tankd start] | pull | update | undeploy
set -eu
cd "$(dirname "$0")/.."
. deploy/common.sh

if [ "$(id -u)" -eq 0 ]; then
  program=/usr/local/bin/tankd
  data=/var/lib/tankd
  options_file=/etc/default/tankd
  unit_source=deploy/systemd/tankd.service
  unit=/etc/systemd/system/tankd.service
  sudo=
else
  : "${HOME:?HOME is not set: where should the program go?}"
  program=$HOME/.local/bin/tankd
  data=${XDG_STATE_HOME:-$HOME/.local/state}/tankd
  options_file=$HOME/.config/tankd/service.env
  unit_source=deploy/systemd/tankd-user.service
  unit=$HOME/.config/systemd/user/tankd.service
  sudo=' --user'
fi
# Seconds until a started node must answer: it may have to replay the log of its tanks.
READY_SECONDS=30
# Variables that are settings (docs: CLI and environment reference) and no secrets.
SETTINGS='ROLE|DISCOVERY_(BACKEND|SERVER_URL)|TANK_(SERVER_ID|API_PORT)|LOG_[A-Z_]+|TANKD_[A-Z_]+'
NOT_KEPT='TANKD_(DATA_DIR|TOKEN|TOKEN_FILE|URL|OPTIONS)'

# Replaces the installed program in one step, so that a running one is not disturbed, and keeps the
# one before. Leaves it alone when it is the same.
install_program() {
  if cmp -s dist/tankd "$program"; then
    say "$program is up to date."
    return
  fi
  mkdir -p "$(dirname "$program")" || fail "Cannot make $(dirname "$program")."
  [ -w "$(dirname "$program")" ] || fail "Cannot write to $(dirname "$program")."
  cp dist/tankd "$program.new"
  chmod 0755 "$program.new"
  if [ -e "$program" ]; then
    ln -f "$program" "$program.previous" 2>/dev/null || cp -p "$program" "$program.previous"
  fi
  mv -f "$program.new" "$program"
  changed=yes
  say "Installed $program."
  case ":$PATH:" in
    *":$(dirname "$program"):"*) ;;
    *) say "$(dirname "$program") is not in your PATH: add it to call tankd by its name." ;;
  esac
}

# Options and settings of this call become those of the service; a call without any keeps the last
# ones.
keep_options() {
  wanted=$(
    env | grep -E "^($SETTINGS)=." | grep -Ev "^$NOT_KEPT=" | sort |
      sed 's/[\\"$`]/\\&/g; s/=\(.*\)/="\1"/'
    if [ $# -gt 0 ]; then say "TANKD_OPTIONS=\"$*\""; fi
  )
  if [ -z "$wanted" ] || [ "$wanted" = "$(cat "$options_file" 2>/dev/null)" ]; then return; fi
  mkdir -p "$(dirname "$options_file")"
  say "$wanted" >"$options_file"
  changed=yes
  say "Wrote the options to $options_file."
}

systemd_is_usable() {
  has_systemd || {
    why="systemd does not run here"
    return 1
  }
  service_manager show-environment >/dev/null 2>&1 || {
    why="your own systemd cannot be reached (no login session)"
    return 1
  }
}

make_user() {
  [ "$(id -u)" -eq 0 ] && ! id tankd >/dev/null 2>&1 || return 0
  useradd --system --home-dir "$data" --shell /usr/sbin/nologin --user-group tankd
}

# The user's systemd need not know the XDG_STATE_HOME of the user's shell.
render_unit() { sed "s|%h/.local/state/tankd|$data|" "$unit_source"; }

# A node that was started by hand would keep the data directory from the service.
stop_detached() {
  pid=$(node_pid "$data") || return 0
  is_service "$pid" || stop_node "$data"
}

run_service() {
  make_user
  if ! render_unit | cmp -s - "$unit"; then
    mkdir -p "$(dirname "$unit")"
    render_unit >"$unit"
    service_manager daemon-reload
    changed=yes
  fi
  stop_detached
  service_manager enable --quiet tankd.service
  if [ -n "$changed" ]; then
    service_manager restart tankd.service
  else
    service_manager start tankd.service
  fi
  if [ "$(id -u)" -ne 0 ] && ! loginctl enable-linger 2>/dev/null; then
    say "It runs while you are logged in; sudo loginctl enable-linger $(id -un) lets it run always."
  fi
  wait_until_ready || {
    service_manager status --no-pager --lines=20 tankd.service >&2 || true
    return 1
  }
  say "tankd runs as a service: systemctl$sudo status tankd, journalctl$sudo -u tankd."
}

run_detached() {
  if [ -n "$changed" ]; then stop_node "$data"; fi
  if pid=$(node_pid "$data"); then
    say "tankd runs already (pid $pid)."
  else
    start_detached
  fi
  wait_until_ready
  say "tankd runs detached, because $why;" \
    "it does not start again by itself after a reboot or a crash."
}

start_detached() {
  (
    if [ -r "$options_file" ]; then
      set -a
      # shellcheck source=/dev/null
      . "$options_file"
      set +a
    fi
    # Words of TANKD_OPTIONS are options of their own, as in the unit.
    # shellcheck disable=SC2086
    exec "$program" start -d --data-dir "$data" ${TANKD_OPTIONS:-}
  )
}

wait_until_ready() {
  tenths=$((READY_SECONDS * 10))
  until "$program" status --data-dir "$data" >/dev/null 2>&1; do
    tenths=$((tenths - 1))
    if [ "$tenths" -le 0 ]; then
      say "tankd does not answer after $READY_SECONDS s." >&2
      return 1
    fi
    sleep 0.1
  done
}

run() {
  if systemd_is_usable; then run_service; else run_detached; fi
}

deploy() {
  install_program
  keep_options "$@"
  run
  "$program" status --data-dir "$data"
}

pull() {
  if git rev-parse --abbrev-ref '@{upstream}' >/dev/null 2>&1; then
    git pull --ff-only
  else
    say "This checkout follows no upstream branch: building what is here."
  fi
}

update() {
  install_program
  trap 'say "The new program does not come up. To go back: $(way_back)" >&2' EXIT
  run
  trap - EXIT
  "$program" version
  say "To go back to the program before: $(way_back)"
}

way_back() {
  [ -e "$program.previous" ] || {
    say "there is no program before this one."
    return
  }
  if systemd_is_usable; then
    say "mv $program.previous $program && systemctl$sudo restart tankd"
  else
    say "$program stop --data-dir $data;" \
      "mv $program.previous $program && $program start -d --data-dir $data"
  fi
}

undeploy() {
  if [ -e "$unit" ] && systemd_is_usable; then
    service_manager disable --quiet --now tankd.service
    rm -f "$unit"
    service_manager daemon-reload
  fi
  stop_node "$data"
  if [ -e "$program" ]; then
    rm -f "$program" "$program.previous"
    say "Removed $program."
  else
    say "$program is not there."
  fi
  if [ -e "$data" ]; then say "The tanks are still in $data."; fi
}

changed=
why=
action=${1:-}
[ $# -eq 0 ] || shift
case $action in
  deploy) deploy "$@" ;;
  pull) pull ;;
  update) update ;;
  undeploy) undeploy ;;
  *) fail "usage: deploy/service.sh deploy [options of tankd start] | pull | update | undeploy" ;;
esac
