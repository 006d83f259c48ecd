# timeout: 240
# scripts/torture in brief: kills in traffic, in checkpoints, in upgrades and in backups, with one thread and with three.
# MQTT_KILLS says how many, MQTT_SEED which.
set -eu
exec bash "$(dirname "$0")/../../scripts/torture" -k "${MQTT_KILLS:-12}" -l 6 -R 400 ${MQTT_SEED:+-s "$MQTT_SEED"}
