#!/usr/bin/env bash
# Brings a bitcoind for the tests and prints the path of its launcher, the last line of stdout.
#
# One on the PATH is used as it is. Otherwise Debian's own packages are unpacked, not installed,
# into .cache/bitcoind of this project: Debian's stable has no bitcoind, but its sid has
# bitcoin-knots, which runs with the C library that is unpacked beside it. The mirror is the one
# that this machine's apt already uses. Needs Debian with apt and dpkg, about 250 MB; no root.
#
#   scripts/bitcoind.sh            bring it if it is missing
#   scripts/bitcoind.sh --force    bring it anew
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
home="$root/.cache/bitcoind"
say() { echo "bitcoind.sh: $*" >&2; }
die() { say "$*"; exit 1; }

if [[ "${1:-}" != --force ]]; then
  if found="$(command -v bitcoind)"; then
    say "using the one on the PATH"
    echo "$found"
    exit 0
  fi
  if [[ -x "$home/bitcoind" ]] && "$home/bitcoind" --version >/dev/null 2>&1; then
    echo "$home/bitcoind"
    exit 0
  fi
fi

for tool in apt-get dpkg dpkg-deb; do
  command -v "$tool" >/dev/null ||
    die "no bitcoind on the PATH, and without $tool (Debian) none can be unpacked: install bitcoind by hand"
done

mkdir -p "$home"
# Two runs at a time take turns; the second finds the work done.
exec 9>"$home/lock"
if command -v flock >/dev/null; then flock 9; fi
if [[ "${1:-}" != --force && -x "$home/bitcoind" ]] && "$home/bitcoind" --version >/dev/null 2>&1; then
  echo "$home/bitcoind"
  exit 0
fi

work="$(mktemp -d "${TMPDIR:-/tmp}/bitcoind.XXXXXX")"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial,parts,machine/partial,root}

# The mirror that carries Debian's own suites, not the security one and no third party's.
mirror_of() {
  apt-get indextargets "$@" --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
    sed -n 's/^Debian|//p' | sed -n 1p
}
mirror="$(mirror_of)"
if [[ -z "$mirror" ]]; then
  say "reading this machine's package lists, for they were never fetched"
  own=(-o "Dir::State::lists=$work/machine" -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
  apt-get -q "${own[@]}" update >"$work/log" 2>&1 || { cat "$work/log" >&2; die "apt-get update failed"; }
  mirror="$(mirror_of "${own[@]}")"
fi
[[ -n "$mirror" ]] || die "apt-get indextargets names no Debian mirror"

keys=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -r "$keys" ]] || die "$keys is missing: install debian-archive-keyring"

: >"$work/status"
for suite in trixie sid; do
  echo "deb [signed-by=$keys] $mirror $suite main"
done >"$work/sources.list"
printf 'Package: *\nPin: release n=sid\nPin-Priority: 100\n' >"$work/preferences"

# Lists, cache and status of its own: the machine's packages are neither read nor changed.
apt=(
  apt-get -q -y
  -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=$work/parts"
  -o "Dir::Etc::preferences=$work/preferences" -o "Dir::Etc::preferencesparts=$work/parts"
  -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
  -o "Dir::State::extended_states=$work/extended_states"
  -o "Dir::Cache=$work" -o "Dir::Cache::archives=$work/archives"
  -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
  -o "Dir::Log=$work" -o Debug::NoLocking=1 -o APT::Sandbox::User=root
  -o APT::Update::Post-Invoke-Success= -o APT::Update::Post-Invoke=
  -o Acquire::Languages=none -o Acquire::Retries=3
)
say "reading the package lists of Debian trixie and sid"
"${apt[@]}" update >"$work/log" 2>&1 || { cat "$work/log" >&2; die "apt-get update failed"; }
say "fetching bitcoin-knots and what it needs"
"${apt[@]}" install --download-only --no-install-recommends \
  bitcoin-knots/sid systemd-standalone-sysusers >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; die "apt-get could not fetch bitcoin-knots"; }

say "unpacking into .cache/bitcoind"
for package in "$work"/archives/*.deb; do dpkg-deb -x "$package" "$work/root"; done
loader="$(cd "$work/root" && find usr/lib -name 'ld-linux*.so.*' | sort | sed -n 1p)"
[[ -n "$loader" ]] || die "the packages hold no dynamic loader"
libraries="$(dirname "$loader")"
# What a daemon needs: programs and libraries, no documentation.
rm -rf "$work/root/usr/share" "$home/root.new"
mkdir -p "$home/root.new"
cp -a "$work/root/." "$home/root.new/"
rm -rf "$home/root"
mv "$home/root.new" "$home/root"

for program in bitcoind bitcoin-cli; do
  [[ -e "$home/root/usr/bin/$program" ]] || continue
  cat >"$home/$program.new" <<LAUNCHER
#!/bin/sh
# Written by scripts/bitcoind.sh: runs the unpacked program with the C library unpacked beside it.
root="\$(dirname "\$(readlink -f "\$0")")/root"
exec "\$root/$loader" --library-path "\$root/$libraries" "\$root/usr/bin/$program" "\$@"
LAUNCHER
  chmod +x "$home/$program.new"
  mv "$home/$program.new" "$home/$program"
done

version="$("$home/bitcoind" --version)" || die "the unpacked bitcoind does not start"
say "${version%%$'\n'*}"
echo "$home/bitcoind"
