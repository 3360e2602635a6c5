#!/bin/sh
# Chromium and a CJK font for the tests that look at reports in a browser, from Debian's own packages.
# Never fails: what cannot be installed is named, and the tests that need it skip with their reason.
missing=""
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
  missing="chromium"
test -n "$(fc-list :lang=zh-cn 2>/dev/null | head -n 1)" || missing="$missing fontconfig fonts-noto-cjk"
test -n "$missing" || exit 0

log=$(mktemp)
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing for the browser tests:" $missing
  # $missing is a list of words on purpose
  if apt-get update >"$log" 2>&1 &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >>"$log" 2>&1; then
    rm -f "$log"
    exit 0
  fi
  tail -n 3 "$log"
fi
rm -f "$log"
echo "not installed:" $missing "- the tests that need a browser will skip"
