# shellcheck shell=bash
# The Python environments: one for Odoo and the tests, one for linters.

# Other addons depend on a package of Odoo that pip can't find here. So this file lists
# all their other dependencies, and pip resolves none.
ADDON_REQUIREMENTS=$ROOT/config/requirements-addons.txt

python_has_venv() { "$1" -c 'import venv; from ensurepip import bootstrap' 2>/dev/null; }

install_python_packages() {
    make_environment "$VENV" "Python packages of Odoo and the tests" \
        "$ROOT/config/requirements.txt" "$ROOT/config/requirements-test.txt" \
        "$ADDON_REQUIREMENTS"
    link_odoo
}

install_linters() {
    make_environment "$LINT_VENV" "Linters" "$ROOT/config/requirements-lint.txt"
}

# make_environment DIR TITLE REQUIREMENTS...: creates an environment with the pinned
# packages; updates it if a requirements file changed, recreates it for another Python.
make_environment() {
    local dir=$1 title=$2 python key file pip_args=()
    shift 2
    python=$("$PYTHON_BIN" -c 'import sys; print(sys.version, sys.base_prefix)')
    key=$({ printf '%s\n' "$python"; cat "$@"; } | fingerprint)
    if [ "$(cat "$dir/.key" 2>/dev/null)" = "$key" ]; then
        step_kept "$title" "all there"
        return
    fi
    # Fetch pip first if necessary, so that it is a separate step.
    python_has_venv "$PYTHON_BIN" || pip_wheel >/dev/null || true
    step "$title, installing"
    if [ "$(cat "$dir/.python" 2>/dev/null)" != "$python" ]; then
        rm -rf "$dir"
        create_venv "$dir"
        printf '%s\n' "$python" >"$dir/.python"
    fi
    for file in "$@"; do
        [ "$file" = "$ADDON_REQUIREMENTS" ] || pip_args+=(-r "$file")
    done
    pip_install "$dir" "${pip_args[@]}"
    for file in "$@"; do
        [ "$file" != "$ADDON_REQUIREMENTS" ] || pip_install "$dir" --no-deps -r "$file"
    done
    printf '%s\n' "$key" >"$dir/.key"
    step_done
}

pip_install() {
    local dir=$1
    shift
    quietly "pip-$(basename "$dir")" "$dir/bin/python" -m pip install --no-input "$@" ||
        fail "pip could not install the Python packages (see above)." \
            "Check that this machine reaches its package index (pip config list), then run the script again."
}

# Creates an environment with ensurepip, or else with pip from Debian's package.
create_venv() {
    local dir=$1 wheel
    if python_has_venv "$PYTHON_BIN"; then
        quietly venv "$PYTHON_BIN" -m venv "$dir" || fail "python3 -m venv failed (see above)."
    elif "$PYTHON_BIN" -c 'import venv' 2>/dev/null && wheel=$(pip_wheel); then
        quietly venv "$PYTHON_BIN" -m venv --without-pip "$dir" ||
            fail "python3 -m venv failed (see above)."
        quietly venv-pip "$dir/bin/python" "$wheel/pip" install --no-input "$wheel" ||
            fail "pip could not be put into the Python environment (see above)."
    else
        fail "$PYTHON_BIN can't make virtual environments." \
            "Install Debian's python3-venv (as root: apt install python3-venv), then run the script again."
    fi
}

# Prints the path of a pip wheel from Debian's package, which Python can run.
pip_wheel() {
    local dir=$STATE/pip deb
    deb=$(deb_in "${ODOO_DEB:-}" "$PIP_PACKAGE") || deb=$(fetch_debs "$PIP_PACKAGE") || return 1
    mkdir -p "$dir"
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir" --no-same-owner
    find "$dir" -name 'pip-*.whl' | head -n 1 | grep .
}

# Adds Odoo at the end of the environment's path, so that pinned packages take
# precedence over those next to Odoo, and `python -m odoo` works.
link_odoo() {
    local site
    site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cp "$STATE/odoo.path" "$site/odoo-source.pth"
}
