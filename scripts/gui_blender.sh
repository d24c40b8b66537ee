#!/bin/sh
# Put Blender 5.2 with a window (Debian sid, software OpenGL, Xvfb, xdotool) into a folder, for the gui tests.
# The folder is $RELIGHT_STAGE_GUI_ROOT, default ~/.cache/relight-stage/blender-gui. A second run only checks it.
# Needs root (chroot, mount) and a Debian mirror; exits 1 with one line on stderr where it can't. Prints the folder.
set -eu

root=${RELIGHT_STAGE_GUI_ROOT:-$HOME/.cache/relight-stage/blender-gui}
fail() { echo "gui_blender.sh: $1" >&2; exit 1; }
run_quiet() { "$@" >>"$log" 2>&1 || fail "'$*' failed; see $log."; }

[ "$(id -u)" = 0 ] || fail "putting Blender into a folder needs root (chroot and mount)."
mkdir -p "$root" || fail "$root can't be written; set RELIGHT_STAGE_GUI_ROOT to another folder."
root=$(cd "$root" && pwd)
log=$(dirname "$root")/gui_blender.log

mount_system() {
    mountpoint -q "$root/proc" || mount -t proc proc "$root/proc" || fail "mount is not allowed here."
    mountpoint -q "$root/dev" || { mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"; } ||
        fail "mount is not allowed here."
    ln -sf /proc/self/mounts "$root/etc/mtab"
}

if [ -e "$root/relight-stage.complete" ] && [ -x "$root/usr/bin/wish" ]; then
    mount_system
    echo "$root"
    exit 0
fi

: >"$log"
if ! command -v debootstrap >/dev/null; then
    command -v apt-get >/dev/null || fail "debootstrap is missing and there is no apt-get to install it with."
    run_quiet apt-get update
    run_quiet apt-get install -y --no-install-recommends debootstrap debian-archive-keyring
fi
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -nE 's,^(URIs:|deb) +(https?://[^ ]*/debian/?)( .*)?$,\2,p' | head -n 1)
# A folder left by an interrupted run isn't trusted: debootstrap resumes, apt-get completes.
[ -x "$root/usr/bin/apt-get" ] && [ ! -d "$root/debootstrap" ] ||
    run_quiet debootstrap --variant=minbase --include=ca-certificates sid "$root" ${mirror:+"$mirror"}

# The host's way to the network: proxies and retries of apt, name servers, extra certificates.
cp /etc/apt/apt.conf.d/99* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
cp /etc/resolv.conf "$root/etc/"
mkdir -p "$root/usr/local/share/ca-certificates"
cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
# No package may start a service inside the folder.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
mount_system
run_quiet chroot "$root" update-ca-certificates
run_quiet chroot "$root" apt-get update
# python3-cattr and python3-requests: without them Debian's Blender registers no extension system.
run_quiet chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    blender xvfb xauth libgl1-mesa-dri libegl1 libgl1 mesa-vulkan-drivers \
    python3-numpy python3-cattr python3-requests xdotool imagemagick tk tkdnd
run_quiet chroot "$root" apt-get clean
chroot "$root" blender --version | head -n 1 >"$root/relight-stage.complete"
echo "$root"
