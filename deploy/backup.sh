#!/bin/sh
# sh deploy/backup.sh DATA BACKUPS KEEP: a backup of the platform on DATA as a new folder in BACKUPS, named by the time in
# UTC; the newest KEEP stay. Run from the software's folder as the platform's user. Fails without removing any backup.
set -eu
data=$1 backups=$2 keep=$3
[ "$keep" -ge 1 ]
# What a backup that was cut short has left is none.
rm -rf "$backups"/20??-??-??T??????Z.partial
node --import tsx server/src/backup/backup-command.ts --data "$data" --to "$backups/$(date -u +%Y-%m-%dT%H%M%SZ)"
# The names sort by time, and other names are left alone.
ls -1d "$backups"/20??-??-??T??????Z | head -n "-$keep" | xargs -r rm -rf --
