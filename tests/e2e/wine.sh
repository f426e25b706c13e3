# shellcheck shell=bash
#
# A Wine of its own, in the work folder: made by `prepare_wine`, and ended with the script.
# Sourced, not run.

export WINEPREFIX=$WORK/prefix WINEDEBUG=-all
# No question whether .NET and a browser are to be installed.
export WINEDLLOVERRIDES='mscoree,mshtml='
BEFORE_END=end_wine

trap 'end_all $?' EXIT

end_all() {
    "$BEFORE_END"
    end "$1"
}

prepare_wine() {
    wineboot --init >/dev/null 2>&1 || fail 'Wine made no prefix'
    x86_64-w64-mingw32-gcc -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" \
        "$ROOT/tests/e2e/windows/bcryptprimitives.c" -ladvapi32
    # The service manager that made the prefix forgets what is told it while it ends.
    wineserver --wait
    # A server that is ended writes down what it still held.
    wineserver --persistent >/dev/null 2>&1
}

# Every process of the prefix ends with its server.
end_wine() {
    [[ ! -d $WINEPREFIX ]] || wineserver --kill || true
}
