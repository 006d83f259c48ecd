# Recipes of mqtt-tools(7): readings of a 3.1.1 client that logs in, into SQLite, each once.
. "$(dirname "$0")/readings.sh"
need sqlite3
rows() { sqlite3 -cmd '.timeout 5000' readings.db 'SELECT id, topic, value FROM reading ORDER BY id' 2>/dev/null; }
recipe sqlite
readings_arrive sqlite
