# shellcheck shell=bash
# Finds Odoo 19: that of the caller, or Debian's package, which is unpacked here.
#
#   ODOO_HOME   an Odoo 19 source checkout (or a prefix with usr/lib/python3/...)
#   ODOO_DEB    Debian's odoo-19 package as a file, or a folder of .deb files with
#               this package and those of ASSET_PACKAGES
#
# The results are $STATE/odoo.path, the folder of the package `odoo`, and
# $STATE/odoo.key, which identifies this Odoo in the keys of caches.

ODOO_PACKAGE=odoo-19
ODOO_PACKAGE_VERSION=19.0.0+dfsg-1
# A rolling suite, but the only one of Debian with Odoo 19.
ODOO_SUITE=sid
# Odoo's package links to files of these packages. Without jQuery, the login form never
# shows; without the fonts, email icons, themes and barcodes fail.
ASSET_SUITE=bookworm
ASSET_PACKAGES=(
    libjs-jquery libjs-jquery-form libjs-underscore fonts-font-awesome
    fonts-inconsolata fonts-montserrat fonts-ocr-b fonts-roboto-unhinted
)
# Provides pip if Python does not have it and apt can't install it.
PIP_PACKAGE=python3-pip-whl

ODOO_ROOT=$STATE/root
ODOO_IN_PREFIX=usr/lib/python3/dist-packages

odoo_version_in() {
    # release.py is plain Python without imports.
    "$PYTHON_BIN" -c '
import runpy, sys
info = runpy.run_path(sys.argv[1])["version_info"]
print("%s.%s" % info[:2])' "$1/odoo/release.py" 2>/dev/null
}

find_odoo() {
    local found
    if [ -n "${ODOO_HOME:-}" ]; then
        found=$(odoo_of_home)
        use_odoo "$found" "$(source_key "$found")"
        step_kept "Odoo" "19.0 of ODOO_HOME"
    elif found=$(importable_odoo); then
        use_odoo "$found" "$(source_key "$found")"
        step_kept "Odoo" "19.0 that $PYTHON_BIN imports"
    else
        unpack_odoo
        use_odoo "$ODOO_ROOT/$ODOO_IN_PREFIX" "$(fingerprint <"$ODOO_ROOT/.packages")"
    fi
}

odoo_of_home() {
    local dir version
    for dir in "$ODOO_HOME" "$ODOO_HOME/$ODOO_IN_PREFIX"; do
        [ -e "$dir/odoo/release.py" ] || continue
        version=$(odoo_version_in "$dir") || version=unknown
        [ "$version" = 19.0 ] || fail \
            "ODOO_HOME holds Odoo $version; these addons are for 19.0." \
            "Give ODOO_HOME an Odoo 19.0 checkout, or unset it to use Debian's package."
        (cd "$dir" && pwd -P)
        return
    done
    fail "ODOO_HOME=$ODOO_HOME holds no Odoo (no odoo/release.py)." \
        "Give it the top folder of an Odoo 19.0 checkout, or unset it."
}

importable_odoo() {
    local dir
    dir=$("$PYTHON_BIN" -c '
import importlib.util, pathlib
spec = importlib.util.find_spec("odoo.release")
print(pathlib.Path(spec.origin).parent.parent)' 2>/dev/null) || return 1
    [ "$(odoo_version_in "$dir")" = 19.0 ] && printf '%s\n' "$dir"
}

source_key() {
    {
        printf '%s\n' "$1"
        git -C "$1" rev-parse HEAD 2>/dev/null || cat "$1/odoo/release.py"
    } | fingerprint
}

use_odoo() {
    printf '%s\n' "$1" >"$STATE/odoo.path"
    printf '%s\n' "$2" >"$STATE/odoo.key"
    [ -e "$(odoo_addons_dir)/mail/static/lib/selfie_segmentation/selfie_segmentation.js" ] ||
        note "this Odoo lacks mail/static/lib/selfie_segmentation: browser tours will fail"
}

# Prints the folder of Odoo's addons: next to the package in a checkout, in it for
# Debian.
odoo_addons_dir() {
    local dir
    dir=$(cat "$STATE/odoo.path")
    if [ -d "$dir/addons/crm" ]; then
        printf '%s\n' "$dir/addons"
    else
        printf '%s\n' "$dir/odoo/addons"
    fi
}

# --- Debian's package -------------------------------------------------------

unpack_odoo() {
    local wanted debs deb new
    wanted=$ODOO_PACKAGE
    [ -z "${ODOO_DEB:-}" ] || wanted=$ODOO_DEB
    if [ -e "$ODOO_ROOT/.packages" ] &&
        { [ -z "${ODOO_DEB:-}" ] || [ "$(head -n 1 "$ODOO_ROOT/.packages")" = "$wanted" ]; }; then
        step_kept "Odoo" "$(sed -n 's/_all\.deb$//; /^odoo-19_/p' "$ODOO_ROOT/.packages") unpacked"
        return
    fi
    have dpkg-deb || fail "Debian's package of Odoo can't be unpacked: dpkg-deb is missing." \
        "Install dpkg, or give an Odoo 19.0 checkout: ODOO_HOME=/path/to/odoo script/setup"
    check_disk
    debs=$(odoo_debs)
    step "Unpacking Odoo"
    new=$ODOO_ROOT.new
    rm -rf "$new" "$ODOO_ROOT"
    mkdir -p "$new"
    printf '%s\n' "$wanted" >"$new/.packages"
    for deb in $debs; do
        unpack_deb "$deb" "$new" || fail "$deb can't be unpacked." \
            "Delete it and run the script again: it is fetched anew."
        basename "$deb" >>"$new/.packages"
    done
    [ "$(odoo_version_in "$new/$ODOO_IN_PREFIX")" = 19.0 ] ||
        fail "the package holds no Odoo 19.0."
    repair_odoo "$new"
    mv "$new" "$ODOO_ROOT"
    step_done
}

# Unpacks a package without translations to other languages and copies of Python files
# that Odoo doesn't use, which are two thirds of it.
unpack_deb() {
    dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --no-same-owner \
        --exclude='*/i18n*/[!z]*.po' \
        --exclude='*/i18n*/z[!h]*.po' \
        --exclude='*/i18n*/zh_[!C]*.po' \
        --exclude='./usr/lib/python3/dist-packages/addons' \
        --exclude='./usr/share/doc'
}

repair_odoo() {
    local stub=$1/$ODOO_IN_PREFIX/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js
    # Debian leaves out this file (it blurs the background of video calls), but an asset
    # bundle of Odoo includes it. Without a stub, every page logs an error, which fails
    # tours.
    mkdir -p "$(dirname "$stub")"
    [ -e "$stub" ] || echo '/* not part of the Debian package */' >"$stub"
    local dangling
    dangling=$(find "$1" -xtype l | wc -l)
    [ "$dangling" = 0 ] || note "$dangling links of Odoo's package lead nowhere"
}

# Prints the package files to unpack.
odoo_debs() {
    if [ -n "${ODOO_DEB:-}" ]; then
        given_debs
    else
        fetch_debs "$ODOO_PACKAGE" "${ASSET_PACKAGES[@]}"
    fi
}

given_debs() {
    local dir=$ODOO_DEB name file missing=()
    if [ -f "$ODOO_DEB" ]; then
        dir=$(dirname "$ODOO_DEB")
        printf '%s\n' "$ODOO_DEB"
    elif [ -d "$ODOO_DEB" ]; then
        file=$(deb_in "$dir" "$ODOO_PACKAGE") || fail \
            "the folder ODOO_DEB=$ODOO_DEB holds no ${ODOO_PACKAGE}_*.deb." \
            "Put the package there, or unset ODOO_DEB to fetch it from the mirror."
        printf '%s\n' "$file"
    else
        fail "ODOO_DEB=$ODOO_DEB does not exist." \
            "Give it Debian's ${ODOO_PACKAGE}_*_all.deb, or a folder that holds it."
    fi
    for name in "${ASSET_PACKAGES[@]}"; do
        if file=$(deb_in "$dir" "$name") || file=$(deb_in "$(cache_dir)/debs" "$name"); then
            printf '%s\n' "$file"
        else
            missing+=("$name")
        fi
    done
    if [ ${#missing[@]} != 0 ]; then
        # In a subshell, so that this function prints the error.
        (fetch_debs "${missing[@]}") || fail \
            "these Debian packages are needed beside Odoo's and can't be fetched: ${missing[*]}" \
            "Put their .deb files (of the suites $ASSET_SUITE or $ODOO_SUITE) into one folder with" \
            "${ODOO_PACKAGE}_*.deb, and give that folder: ODOO_DEB=/path/to/folder script/setup"
    fi
}

# Prints the newest file of a package in a folder.
deb_in() {
    local file
    file=$(find "$1" -maxdepth 1 -name "${2}_*.deb" 2>/dev/null | sort -V | tail -n 1)
    [ -n "$file" ] && printf '%s\n' "$file"
}

# Prints the files of packages, from the cache or else from the Debian mirror of the
# machine. It doesn't change the package state of the system, so it needs no root.
fetch_debs() {
    local cache name missing=()
    cache=$(cache_dir)/debs
    mkdir -p "$cache"
    for name in "$@"; do
        deb_in "$cache" "$name" >/dev/null || missing+=("$name")
    done
    if [ ${#missing[@]} != 0 ]; then
        # Print to stderr, because stdout is the list of files.
        download_debs "$cache" "${missing[@]}" >&2 || return 1
    fi
    for name in "$@"; do deb_in "$cache" "$name"; done
}

download_debs() {
    local cache=$1 mirror work version name wanted=()
    shift
    have apt-get || fail "Debian's packages can't be fetched: this machine has no apt." \
        "Give an Odoo 19.0 checkout: ODOO_HOME=/path/to/odoo script/setup" \
        "or Debian's packages: ODOO_DEB=/folder/of/debs script/setup"
    mirror=$(debian_mirror) || fail "no Debian mirror is named in this machine's apt sources." \
        "Give an Odoo 19.0 checkout: ODOO_HOME=/path/to/odoo script/setup" \
        "or Debian's packages: ODOO_DEB=/folder/of/debs script/setup"
    work=$STATE/apt
    rm -rf "$work"
    private_apt "$work" "$mirror"
    step "Reading the package lists of the machine's Debian mirror"
    APT_CONFIG=$work/apt.conf quietly odoo-apt-update apt-get update || fail \
        "the machine's Debian mirror doesn't serve $ODOO_SUITE and $ASSET_SUITE." \
        "Give an Odoo 19.0 checkout: ODOO_HOME=/path/to/odoo script/setup" \
        "or Debian's packages: ODOO_DEB=/folder/of/debs script/setup"
    step_done
    for name in "$@"; do
        if [ "$name" = "$ODOO_PACKAGE" ]; then
            version=$(served_odoo "$work") || return 1
            wanted+=("$name=$version")
        elif APT_CONFIG=$work/apt.conf apt-cache madison "$name" | grep -q " $ASSET_SUITE/main "; then
            wanted+=("$name/$ASSET_SUITE")
        else
            wanted+=("$name")
        fi
    done
    step "Downloading ${*}"
    mkdir -p "$work/debs"
    if ! (cd "$work/debs" && APT_CONFIG=$work/apt.conf \
        quietly odoo-apt-download apt-get download "${wanted[@]}"); then
        fail "the mirror did not give the packages." \
            "Run the script again; if it stays so, give the packages' files: ODOO_DEB=/folder/of/debs"
    fi
    mv "$work"/debs/*.deb "$cache/"
    rm -rf "$work"
    step_done
}

# Prints the pinned version, or another 19.0 if the mirror no longer has it.
served_odoo() {
    local versions version
    versions=$(APT_CONFIG=$1/apt.conf apt-cache madison "$ODOO_PACKAGE" | awk -F'|' '{ print $2 }' | tr -d ' ')
    for version in "$ODOO_PACKAGE_VERSION" $versions; do
        case "
$versions
" in *"
$version
"*) ;; *) continue ;; esac
        case $version in 19.0.*) ;; *) continue ;; esac
        [ "$version" = "$ODOO_PACKAGE_VERSION" ] ||
            note "the mirror has $ODOO_PACKAGE $version instead of $ODOO_PACKAGE_VERSION, taking it"
        printf '%s\n' "$version"
        return
    done
    fail "the mirror no longer serves $ODOO_PACKAGE $ODOO_PACKAGE_VERSION (it has: ${versions:-none})." \
        "Give an Odoo 19.0 checkout: ODOO_HOME=/path/to/odoo script/setup" \
        "or the package's file: ODOO_DEB=/path/to/${ODOO_PACKAGE}_${ODOO_PACKAGE_VERSION}_all.deb script/setup"
}

# Prints the first archive in the sources of apt that isn't a security archive.
debian_mirror() {
    local mirror
    # With an empty folder of lists, apt prints all URIs to fetch.
    mkdir -p "$STATE/apt-empty"
    mirror=$(apt-get update --print-uris -o "Dir::State::lists=$STATE/apt-empty" 2>/dev/null |
        sed -n "s|^'\([^']*/debian\)/*/dists/.*|\1|p" | head -n 1)
    rm -rf "$STATE/apt-empty"
    [ -n "$mirror" ] && printf '%s\n' "$mirror"
}

# Creates an apt configuration with its own sources, lists and (empty) package state.
private_apt() {
    local dir=$1 mirror=$2 key=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -e "$key" ] || key=${key%.gpg}.pgp
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    : >"$dir/status"
    printf "deb [signed-by=$key] $mirror %s main\n" "$ODOO_SUITE" "$ASSET_SUITE" >"$dir/sources.list"
    cat >"$dir/apt.conf" <<CONF
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$dir";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
CONF
}
