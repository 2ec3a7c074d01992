# shellcheck shell=bash
# Requirements of the machine: disk space, Python, and (only as root) apt packages.

check_disk() {
    local free_kb
    free_kb=$(df -Pk "$ROOT" | awk 'NR == 2 { print $4 }')
    [ "$free_kb" -ge $((4 * 1024 * 1024)) ] || fail \
        "only $((free_kb / 1024)) MB free where the checkout is; set-up and the demo need 4096 MB." \
        "Free some room, or move the checkout to a bigger disk, then run the script again."
}

python_ok() {
    "$1" -c "import sys; sys.exit(sys.version_info < (${PYTHON_MIN/./, }))" 2>/dev/null
}

# Prints the Python for the environments: $PYTHON, python3, or a newer one that is
# installed in addition to an old python3.
find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10}; do
        if have "$name" && python_ok "$name"; then
            command -v "$name"
            return
        fi
    done
    fail "Odoo 19 needs Python $PYTHON_MIN or newer; found: $("${PYTHON:-python3}" --version 2>/dev/null || echo none)." \
        "Install a newer Python (Debian 12 and Ubuntu 22.04 have one: apt install python3 python3-venv)," \
        "or name it: PYTHON=/path/to/python3.11 script/setup"
}

find_browser() {
    local name
    for name in google-chrome chromium chromium-browser google-chrome-stable; do
        command -v "$name" && return
    done
    return 1
}

# Installs system packages that Odoo and the tests use. If the user is not root, prints
# the missing ones.
install_system_packages() {
    local missing=()
    find_browser >/dev/null || missing+=(chromium)
    have wkhtmltopdf || missing+=(wkhtmltopdf)
    have pdftotext || missing+=(poppler-utils)
    # Without a Chinese font, PDF files lack Chinese text.
    have_chinese_font || missing+=(fonts-wqy-microhei)
    if can_apt; then
        python_has_venv "$(find_python)" || missing+=(python3-venv)
        # pip uses the certificates of the system.
        [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
        [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
    fi
    if [ ${#missing[@]} = 0 ]; then
        step_kept "System packages" "all there"
    elif can_apt; then
        apt_install "${missing[@]}"
    else
        step_kept "System packages" "not there, and only root can install them: ${missing[*]}"
        note "without chromium browser tours are skipped, without wkhtmltopdf there is no PDF"
    fi
}

apt_install() {
    step "Installing $* by apt"
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-update apt-get update ||
        note "apt-get update failed, trying with the lists that are there"
    quietly apt-install apt-get install -y --no-install-recommends "$@" ||
        fail "apt could not install: $*" \
            "See above; install them by hand, then run the script again."
    step_done
}

have_chinese_font() {
    if have fc-list; then
        fc-list :lang=zh 2>/dev/null | grep -q .
    else
        [ -d /usr/share/fonts/truetype/wqy ]
    fi
}

# Fails if another program listens on the port.
check_port() {
    local port=$1
    "$VENV/bin/python" - "$port" <<'PY' || fail \
        "port $port is taken by another program." \
        "Stop that program, or choose another port: ODOO_PORT=8070 script/server"
import socket
import sys

with socket.socket() as server:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("", int(sys.argv[1])))
    except OSError:
        sys.exit(1)
PY
}
