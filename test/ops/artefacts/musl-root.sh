#!/bin/sh
# Makes a root in which musl builds run: musl-root.sh x86_64|aarch64 ROOT
# It has Debian's musl, and libstdc++ and libgcc_s as wheels for musllinux bring them (Alpine's own
# builds). Those are linked with DT_RELR, which musl knows since 1.2.4, and Debian since trixie.
# Needs Debian's apt and a Python with pip; changes nothing outside of ROOT.
set -eu
machine=$1
root=$2
case $machine in
  x86_64) debian=amd64 ;;
  aarch64) debian=arm64 ;;
esac

mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial" "$root/packages"
cd "$root/packages"
# The mirror that this machine uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' |
  head -n 1)
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$key] $mirror trixie main" >"$root/apt/sources.list"
: >"$root/apt/status"
apt() {
  apt-get -qq -o Dir::State="$root/apt" -o Dir::State::status="$root/apt/status" \
    -o Dir::Cache="$root/apt/cache" -o Dir::Etc::sourcelist="$root/apt/sources.list" \
    -o Dir::Etc::sourceparts=/nonexistent -o APT::Architecture="$debian" \
    -o APT::Architectures="$debian" -o APT::Sandbox::User=root "$@"
}
apt update
apt download musl
dpkg-deb -x musl_*.deb musl
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
  --platform "musllinux_1_2_$machine" --python-version 3.12 contourpy==1.4.0
python3 -m zipfile -e contourpy-*.whl wheel

mkdir -p "$root/lib" "$root/usr/lib" "$root/usr/bin" "$root/proc" "$root/dev" "$root/tmp"
cp "musl/usr/lib/$machine-linux-musl/libc.so" "$root/lib/ld-musl-$machine.so.1"
ln -s "ld-musl-$machine.so.1" "$root/lib/libc.musl-$machine.so.1"
cp wheel/contourpy.libs/libgcc_s-* "$root/usr/lib"
cp wheel/contourpy.libs/libstdc++-* "$root/usr/lib/libstdc++.so.6"
rm -rf "$root/apt" "$root/packages"
