/**
 * Bash functions for a network namespace. A new one has only loopback, and loopback is down: any of these programs, with permission to
 * administer this network only, sets it up. Then the relay runs without any privilege.
 */
export const NETWORK_FUNCTIONS = String.raw`
lift_loopback() {
  local PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  ip link set lo up || ifconfig lo 127.0.0.1 up ||
    perl -e 'socket(my $s, 2, 2, 0) && ioctl($s, 0x8914, pack("a16s", "lo", 0x49)) or exit 1' ||
    python3 -c 'import fcntl, socket, struct; fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, struct.pack("16sh14x", b"lo", 0x49))'
} > /dev/null 2>&1

open_relay() {
  local reading line=
  lift_loopback || fail "loopback cannot be set up"
  exec {reading}< <(exec "$setpriv" "\${identity[@]}" -- "$env" -i "\${relay[@]}" 2> /dev/null < /dev/null)
  IFS= read -r line <&"$reading"
  exec {reading}<&-
  [ "$line" = ready ] || fail "the relay to the network cannot be opened"
}
`.replaceAll("\\${", "${");

/**
 * The first process of a network namespace where no other namespaces are allowed. It already is the other user, and starts the command with
 * its own environment and without any privilege. Arguments: setpriv, env, the number of words of the relay, these words, and the command;
 * without a command it reports whether the network works.
 */
export const NETWORK_SCRIPT = String.raw`
set -uf
fail() { echo "enki: $1" >&2; exit 125; }
${NETWORK_FUNCTIONS}
setpriv=$1 env=$2 relayed=$3
shift 3
relay=("\${@:1:relayed}")
shift "$relayed"
identity=(--no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all)
open_relay
if [ $# = 0 ]; then
  echo ready
  exit
fi
exec "$setpriv" "\${identity[@]}" -- "$@"
`.replaceAll("\\${", "${");
