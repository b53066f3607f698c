import { MOUNT_FUNCTIONS } from "../../isolation/mount-script.ts";
import { NETWORK_FUNCTIONS } from "./network-script.ts";

/**
 * The first process of new namespaces: gives files to the other user, mounts, reads the environment from standard input, and runs the
 * command without any privilege. All processes of the namespaces end with this script.
 *
 * Arguments: setpriv, env, the other user (`uid:gid`, empty for the same user), the number of variables, the working directory, the
 * number of files to give away, the number of words of the network's relay (0 for the machine's network), these files, these words, the
 * mounts, and the command. Without a command it reports whether everything works.
 */
export const NAMESPACE_SCRIPT = `${MOUNT_FUNCTIONS}${NETWORK_FUNCTIONS}
setpriv=$1 env=$2 user=$3 variables=$4 directory=$5 given=$6 relayed=$7
shift 7
[ "$given" = 0 ] || chown -R -h -P -- "$user" "\${@:1:given}" || fail "the files cannot be handed over"
shift "$given"
relay=("\${@:1:relayed}")
shift "$relayed"
apply_mounts "$@"
shift $((consumed + 1))
seal_machine some
identity=()
[ -z "$user" ] || identity=("--reuid=\${user%:*}" "--regid=\${user#*:}" --clear-groups)
identity+=(--no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all)
[ "$relayed" = 0 ] || open_relay
if [ $# = 0 ]; then
  "$setpriv" "\${identity[@]}" -- "$env" true && echo "ready \${sealed:-fully}"
  exit
fi
environment=()
for ((i = 0; i < variables; i++)); do
  IFS= read -r -d "" variable || fail "the environment is incomplete"
  environment+=("$variable")
done
cd -- "$directory" || exit 126
trap : INT TERM HUP
# The shell itself stays silent about a killed command.
exec 3>&2 2> /dev/null
"$setpriv" "\${identity[@]}" -- "$env" -i "\${environment[@]}" "$@" 2>&3 3>&-
exit $?
`;

/** Runs as root through sudo where no namespaces are allowed: becomes the other user and then the command. */
export const USER_SCRIPT = `
set -uf
setpriv=$1 env=$2 user=$3 variables=$4 directory=$5 given=$6
shift 6
[ "$given" = 0 ] || chown -R -h -P -- "$user" "\${@:1:given}" || exit 125
shift "$given"
environment=()
for ((i = 0; i < variables; i++)); do
  IFS= read -r -d "" variable || exit 125
  environment+=("$variable")
done
cd -- "$directory" || exit 126
exec "$setpriv" "--reuid=\${user%:*}" "--regid=\${user#*:}" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$env" -i "\${environment[@]}" "$@"
`;

/** Takes files back for their owner and removes the homes: the owner, the workspace, and the directory with the homes. */
export const RETURN_SCRIPT = `
rm -rf -- "$3"/home-*
exec chown -R -h -P -- "$1" "$2" "$3"
`;
