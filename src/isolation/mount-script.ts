/**
 * Bash functions that apply a mount plan, passed as words of three: `cover <mode> <path>`, `ro <from> <to>` and `rw <from> <to>`.
 * Sources are opened before anything is covered, so that a source inside a covered directory is still found.
 */
export const MOUNT_FUNCTIONS = String.raw`
set -uf
fail() { echo "enki: $1" >&2; exit 125; }
is_read_only() { case $1 in ro | ro,*) true ;; *) false ;; esac; }

# Makes the topmost mount of a path read-only. Its other flags stay, because a namespace may not remove them.
seal() {
  local fields line at options= all
  mapfile -t all < /proc/self/mountinfo
  for line in "\${all[@]}"; do
    fields=($line)
    printf -v at %b "\${fields[4]//\\/\\0}"
    [ "$at" = "$1" ] && options=\${fields[5]}
  done
  [ -z "$options" ] || is_read_only "$options" || mount -n -c -o "remount,bind,ro\${options#rw}" "$1" 2> /dev/null
}

is_below() { case $1/ in "$2"/*) true ;; *) false ;; esac; }

# Makes every file system of the machine read-only, except kernel interfaces that only root may write to.
seal_machine() {
  local line fields at kind place i
  for line in "\${machine[@]}"; do
    fields=($line)
    is_read_only "\${fields[5]}" && continue
    for ((i = 6; i < \${#fields[@]}; i++)); do [ "\${fields[i]}" = - ] && break; done
    kind=\${fields[i + 1]}
    case $kind in proc | devpts | devtmpfs | mqueue | autofs | binfmt_misc | nsfs | fusectl) continue ;; esac
    [ "$1" = all ] || case $kind in sysfs | cgroup* | securityfs | debugfs | tracefs | bpf | pstore | configfs | hugetlbfs | efivarfs) continue ;; esac
    printf -v at %b "\${fields[4]//\\/\\0}"
    for place in "\${places[@]}"; do is_below "$at" "$place" && continue 2; done
    seal "$at" || sealed=partly
  done
}

# Leaves the number of its words in "consumed".
apply_mounts() {
  local count=$1 i fd kind from to
  local -A sources=()
  shift
  consumed=$((3 * count))
  local words=("\${@:1:consumed}")
  for ((i = 0; i < consumed; i += 3)); do
    [ "\${words[i]}" = cover ] && continue
    exec {fd}< "\${words[i + 1]}" || fail "\${words[i + 1]} cannot be opened"
    sources[$i]=$fd
  done
  mapfile -t machine < /proc/self/mountinfo
  places=()
  for ((i = 0; i < consumed; i += 3)); do
    kind=\${words[i]} from=\${words[i + 1]} to=\${words[i + 2]}
    places+=("$to")
    if [ "$kind" = cover ]; then
      [ -d "$to" ] || { [ "$from" = 1777 ] && mkdir -p "$to"; } || continue
      mount -n -c -t tmpfs -o "nosuid,nodev,mode=$from" none "$to" || fail "$to cannot be covered"
      continue
    fi
    fd=\${sources[$i]}
    if [ -d "/proc/self/fd/$fd" ]; then [ -d "$to" ] || mkdir -p "$to"; else [ -e "$to" ] || { mkdir -p "\${to%/*}" && : > "$to"; }; fi
    mount -n -c --bind "/proc/self/fd/$fd" "$to" || fail "$to cannot be shown"
    exec {fd}<&-
    [ "$kind" = rw ] || seal "$to" || fail "$to cannot be made read-only"
  done
}
`.replaceAll("\\${", "${");
