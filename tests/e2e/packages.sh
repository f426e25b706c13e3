#!/usr/bin/env bash
# The packages install, upgrade and go, and what they are to keep they keep.
#
# The packages are built by deploy/release, twice, as two versions. The .deb is installed on this
# machine by dpkg, which is refused where shirwatch is installed already; the .msi under Wine, by
# its msiexec. The state that an older version wrote is read by the newer one.

SHIRWATCH=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")/release/shirwatch
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/errors.sh
source "$(dirname "${BASH_SOURCE[0]}")/errors.sh"
# shellcheck source=tests/e2e/wine.sh
source "$(dirname "${BASH_SOURCE[0]}")/wine.sh"

OLD=0.0.1
NEW=0.0.2

main() {
    build
    units_hold
    manifests_hold
    debian
    prepare_wine
    windows
}

# The release of two versions; the second is only packed anew.
build() {
    export WINDOWS_PROFILE=windows
    for version in $OLD $NEW; do
        VERSION=$version "$ROOT/deploy/release" "$WORK/$version" >"$WORK/release.log" 2>&1 \
            || fail 'a package could not be built'
        (cd "$WORK/$version" && sha256sum --check --quiet SHA256SUMS) || fail 'a checksum is wrong'
    done
    jq --exit-status '.bomFormat == "CycloneDX" and (.components | length) > 100' \
        "$WORK/$NEW"/*.cdx.json >/dev/null || fail 'the bill of materials is not whole'
    tar --extract --gzip --file "$WORK/$NEW/shirwatch-$NEW-x86_64-linux.tar.gz" --directory "$WORK"
    "$WORK/shirwatch-$NEW-x86_64-linux/shirwatch" --version >/dev/null || fail 'the archive holds no program'
    say "$(cd "$WORK/$NEW" && wc --lines <SHA256SUMS) files of a release, each with its checksum"
}

# systemd is not the first process here, so that its own judgement is asked for.
units_hold() {
    local exposure
    sed "s#/usr/bin/shirwatch#$SHIRWATCH#" "$ROOT/deploy/systemd/shirwatch.service" >"$WORK/shirwatch.service"
    systemd-analyze verify "$WORK/shirwatch.service" || fail 'the unit is faulty'
    exposure=$(systemd-analyze security --offline=true "$WORK/shirwatch.service" \
        | sed --quiet 's/.*exposure level for shirwatch.service: \([0-9.]*\).*/\1/p')
    awk -v it="$exposure" 'BEGIN { exit !(it != "" && it <= 2.0) }' \
        || fail "the unit is exposed by \`$exposure\` of 10; at most 2.0 is wanted"
    say "the unit is exposed by $exposure of 10"
}

# The manifests are what their schemas say, and hold a configuration that is accepted.
manifests_hold() {
    local python=$ROOT/target/kubernetes-validate/bin manifest=$ROOT/deploy/kubernetes/shirwatch.yaml
    "$python/kubernetes-validate" --strict "$manifest" >"$WORK/manifest.log" 2>&1 \
        || fail 'a manifest is faulty'
    "$python/python" - "$manifest" >"$WORK/configuration.yaml" <<'PY'
import sys, yaml
for it in yaml.safe_load_all(open(sys.argv[1])):
    if it["kind"] == "ConfigMap":
        print(it["data"]["shirwatch.yaml"])
PY
    "$SHIRWATCH" config check "$WORK/configuration.yaml" >/dev/null \
        || fail 'the configuration in the manifests is refused'
    say 'the manifests hold'
}

debian() {
    ! dpkg --status shirwatch >/dev/null 2>&1 || fail 'shirwatch is installed here; it is not touched'
    PURGE=1
    put_aside
    install_deb "$OLD"
    [[ $(/usr/bin/shirwatch --version) == shirwatch* ]] || fail 'the package holds no program'
    /usr/bin/shirwatch config check /etc/shirwatch/shirwatch.yaml >/dev/null || fail 'its configuration is refused'
    echo '# ours' >>/etc/shirwatch/shirwatch.yaml
    count_one /var/lib/shirwatch
    install_deb "$NEW"
    dpkg --status shirwatch | grep --quiet "^Version: $NEW-1" || fail 'it was not upgraded'
    grep --quiet '# ours' /etc/shirwatch/shirwatch.yaml || fail 'an upgrade lost the configuration'
    count_one /var/lib/shirwatch
    dpkg --remove shirwatch >"$WORK/dpkg.log" 2>&1 || fail 'it cannot be removed'
    [[ -f /var/lib/shirwatch/shirwatch.db ]] || fail 'the state went with the program'
    dpkg --purge shirwatch >"$WORK/dpkg.log" 2>&1 || fail 'it cannot be purged'
    for left in /etc/shirwatch /var/lib/shirwatch /usr/bin/shirwatch /usr/lib/systemd/system/shirwatch.service; do
        [[ ! -e $left ]] || fail "\`$left\` is left behind"
    done
    PURGE=
    say 'the .deb installs, upgrades, keeps and purges'
}

# What a program that was never installed has left here is kept, and is not what is tested.
KEPT=(/etc/shirwatch /var/lib/shirwatch)
put_aside() {
    local kept
    for kept in "${KEPT[@]}"; do
        [[ ! -e $kept ]] || mv --no-target-directory "$kept" "$kept.aside"
    done
}

put_back() {
    local kept
    for kept in "${KEPT[@]}"; do
        [[ ! -e $kept.aside ]] || mv --no-target-directory "$kept.aside" "$kept"
    done
}

install_deb() {
    DEBIAN_FRONTEND=noninteractive dpkg --install "$WORK/$1/shirwatch_$1-1_amd64.deb" >"$WORK/dpkg.log" 2>&1 \
        || fail "version $1 cannot be installed"
}

# The installed program counts the same error; once, whichever version asks.
count_one() {
    local counts
    mkdir --parents "$WORK/counted"
    [[ -f $WORK/counted/a.log ]] || plain_error 1 >"$WORK/counted/a.log"
    /usr/bin/shirwatch run --once --state-dir "$1" "$WORK/counted" >/dev/null 2>&1 || fail 'it does not run'
    counts=$(/usr/bin/shirwatch incidents --state-dir "$1" --format json | jq --compact-output '[.incidents[].count]')
    [[ $counts == '[1]' ]] || fail "the state holds incidents with the counts $counts; expected [1]"
}

windows() {
    local program="$WINEPREFIX/drive_c/Program Files/shirwatch/shirwatch.exe"
    wine msiexec /i "$WORK/$OLD/shirwatch-$OLD-x64.msi" /qn || fail 'the .msi cannot be installed'
    state=$(find "$WINEPREFIX/drive_c" -name shirwatch.db -printf '%h')
    await 30 'the installed service does not run' answers http://127.0.0.1:10918/livez
    echo 'kept' >"$state/kept"
    wine msiexec /i "$WORK/$NEW/shirwatch-$NEW-x64.msi" /qn || fail 'the .msi cannot be upgraded'
    await 30 'the service does not run after an upgrade' answers http://127.0.0.1:10918/livez
    wine reg query 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall' /s >"$WORK/uninstall.log"
    grep --quiet "DisplayVersion.*$NEW" "$WORK/uninstall.log" || fail 'the newer version is not there'
    ! grep --quiet "DisplayVersion.*$OLD" "$WORK/uninstall.log" || fail 'the older version is still there'
    wine msiexec /x "$WORK/$NEW/shirwatch-$NEW-x64.msi" /qn || fail 'the .msi cannot be removed'
    [[ ! -e $program ]] || fail 'the program is left behind'
    ! wine reg query 'HKLM\SYSTEM\CurrentControlSet\Services\shirwatch' >/dev/null 2>&1 \
        || fail 'the service is left behind'
    [[ -f $state/kept && -f $state/shirwatch.db ]] || fail 'the state went with the program'
    say 'the .msi installs, upgrades, keeps and goes'
}

quit() {
    if [[ ${PURGE-} ]]; then
        dpkg --purge --force-all shirwatch >/dev/null 2>&1 || true
    fi
    put_back
    end_wine
}
BEFORE_END=quit

main
