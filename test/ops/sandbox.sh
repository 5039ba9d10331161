#!/bin/sh
# Runs the script on standard input as root of a machine whose writable places are its own:
#   unshare --mount sandbox.sh systemd|no-systemd
# With systemd, a stand-in for systemctl writes down what it was asked for and runs the unit's
# command line; everything else is real.
set -eu
for place in /usr/local/bin /var/lib /etc/default /etc/systemd/system /run; do
  mkdir -p "$place"
  mount -t tmpfs tmpfs "$place"
done

stand_ins=/run/stand-ins
mkdir "$stand_ins"
cat >"$stand_ins/useradd" <<'USERADD'
#!/bin/sh
echo "useradd $*" >>/run/asked
USERADD
cat >"$stand_ins/systemctl" <<'SYSTEMCTL'
#!/bin/sh
echo "systemctl $*" >>/run/asked
pid() { sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' /var/lib/tankd/node.json 2>/dev/null; }
stop() {
  [ ! -e /run/service-pid ] || kill -TERM "$(cat /run/service-pid)" 2>/dev/null || true
  while [ -e /run/service-pid ] && kill -0 "$(cat /run/service-pid)" 2>/dev/null; do
    sleep 0.05
  done
  rm -f /run/service-pid
}
start() {
  [ ! -e /run/service-pid ] || return 0
  TANKD_OPTIONS=
  [ ! -e /etc/default/tankd ] || . /etc/default/tankd
  eval "$(sed -n 's/^ExecStart=//p' /etc/systemd/system/tankd.service) -d" >/dev/null
  pid >/run/service-pid
}
case $1 in
  start) start ;;
  restart) stop; start ;;
  stop | disable) stop ;;
  is-active) [ -e /run/service-pid ] && echo active ;;
  show) cat /run/service-pid 2>/dev/null || echo 0 ;;
esac
SYSTEMCTL
chmod +x "$stand_ins"/*
PATH=$stand_ins:$PATH
export PATH
if [ "$1" = systemd ]; then mkdir -p /run/systemd/system; fi
sh -eu
