/**
 * Bash functions that apply a mount plan, passed as words of three: `cover <mode> <path>`, `ro <from> <to>` and `rw <from> <to>`.
 * Sources are opened before anything is covered, so that a source inside a covered directory is still found. Mounts are made in few
 * processes, counted, and made one by one if the count is wrong.
 */
export const MOUNT_FUNCTIONS = String.raw`
set -uf
declare -A flags=() sources=()
planned= guarded=()
fail() { echo "enki: $1" >&2; exit 125; }
is_read_only() { case $1 in ro | ro,*) true ;; *) false ;; esac; }
is_below() { case $1/ in "$2"/*) true ;; *) false ;; esac; }

# Reads the mounts. "flags" has the options of the topmost mount of each path.
read_mounts() {
  local line fields at
  mapfile -t mounts < /proc/self/mountinfo
  mounted=\${#mounts[@]} flags=()
  for line in "\${mounts[@]}"; do
    fields=($line)
    printf -v at %b "\${fields[4]//\\/\\0}"
    flags[$at]=\${fields[5]}
  done
}

# Plans a mount: source, path, type and options.
plan_mount() {
  local word
  for word in "$@"; do
    word=\${word//\\/\\134}
    word=\${word// /\\040}
    word=\${word//$'\t'/\\011}
    planned+="\${word//$'\n'/\\012} "
  done
  planned+=$'\n'
}

# The shell passes a text of this length as a file, while mount refuses to read a pipe.
printf -v padding '%65536s' ''

# Makes the planned mounts in their order, in one process.
mount_planned() {
  local lines=$planned
  planned=
  [ -z "$lines" ] || mount -n -c -a -T /proc/self/fd/3 3<<< "$lines#$padding" 2> /dev/null
}

# Plans what covers kernel interfaces below /proc: pairs of a source and a path. The next call of "seal" makes the mounts.
guard() {
  local i
  guarded=("$@")
  for ((i = 0; i < \${#guarded[@]}; i += 2)); do plan_mount "\${guarded[i]}" "\${guarded[i + 1]}" none bind; done
}

guard_one_by_one() {
  local i
  for ((i = 0; i < \${#guarded[@]}; i += 2)); do
    mount -n -c --bind "\${guarded[i]}" "\${guarded[i + 1]}" || fail "\${guarded[i + 1]} cannot be guarded"
  done
  read_mounts
}

# Makes paths read-only. Their other flags stay, because a namespace may not remove them.
seal() {
  local at place i expected
  read_mounts
  expected=$((mounted + \${#guarded[@]} / 2))
  # A guard gets the flags of the file system that it is in.
  for ((i = 1; i < \${#guarded[@]}; i += 2)); do flags[\${guarded[i]}]=\${flags[/proc]-}; done
  for at in "$@"; do
    [ -z "\${flags[$at]-}" ] || is_read_only "\${flags[$at]}" && continue
    # "mount -a" skips "/", but not "/.".
    place=$at
    [ "$at" != / ] || place=/.
    plan_mount none "$place" none "remount,bind,ro\${flags[$at]#rw}"
  done
  mount_planned
  read_mounts
  [ "$mounted" = "$expected" ] || guard_one_by_one
  for at in "$@"; do
    [ -z "\${flags[$at]-}" ] || is_read_only "\${flags[$at]}" || mount -n -c -o "remount,bind,ro\${flags[$at]#rw}" "$at" 2> /dev/null
  done
  read_mounts
}

# Makes the read-only paths of the plan, and every file system of the machine, read-only, except kernel interfaces that only root may write to.
seal_machine() {
  local line fields at kind place i owned=()
  for line in "\${machine[@]}"; do
    fields=($line)
    is_read_only "\${fields[5]}" && continue
    for ((i = 6; i < \${#fields[@]}; i++)); do [ "\${fields[i]}" = - ] && break; done
    kind=\${fields[i + 1]}
    case $kind in proc | devpts | devtmpfs | mqueue | autofs | binfmt_misc | nsfs | fusectl) continue ;; esac
    [ "$1" = all ] || case $kind in sysfs | cgroup* | securityfs | debugfs | tracefs | bpf | pstore | configfs | hugetlbfs | efivarfs) continue ;; esac
    printf -v at %b "\${fields[4]//\\/\\0}"
    for place in "\${places[@]}"; do is_below "$at" "$place" && continue 2; done
    owned+=("$at")
  done
  seal "\${sealing[@]}" "\${owned[@]}"
  for at in "\${sealing[@]}"; do is_read_only "\${flags[$at]-}" || fail "$at cannot be made read-only"; done
  for at in "\${owned[@]}"; do is_read_only "\${flags[$at]-ro}" || sealed=partly; done
}

# Whether the nearest earlier entry around the path of an entry is a cover, so that the path no longer exists.
is_hidden() {
  local i hidden=1
  for ((i = 0; i < $1; i += 3)); do
    is_below "\${words[$1 + 2]}" "\${words[i + 2]}" || continue
    [ "\${words[i]}" = cover ]
    hidden=$?
  done
  return $hidden
}

# Whether the path of an entry for a file exists once the directories are mounted.
is_there() {
  local i at=\${words[$1 + 2]} place
  place=$at
  for ((i = 0; i < $1; i += 3)); do
    is_below "$at" "\${words[i + 2]}" || continue
    [ "\${words[i]}" = cover ] && place= || place=/proc/self/fd/\${sources[$i]}\${at#"\${words[i + 2]}"}
  done
  [ -n "$place" ] && [ -e "$place" ]
}

# Directories first, with files that replace others; then other files, for which empty files are created. No entry lies below a file.
apply_at_once() {
  local i mode to file files=() folders=() expected=$mounted
  for ((i = 0; i < consumed; i += 3)); do
    mode=\${words[i + 1]} to=\${words[i + 2]} file=/proc/self/fd/\${sources[$i]-}
    if [ "\${words[i]}" = cover ]; then
      [ "$mode" = 1777 ] || { [ -d "$to" ] && ! is_hidden "$i"; } || continue
      plan_mount "enki$RANDOM$RANDOM" "$to" tmpfs "nosuid,nodev,mode=$mode,X-mount.mkdir"
    elif [ -d "$file" ]; then plan_mount "$file" "$to" none bind,X-mount.mkdir
    elif is_there "$i"; then plan_mount "$file" "$to" none bind
    else files+=("$i"); fi
    expected=$((expected + 1))
  done
  mount_planned || return 1
  for i in "\${files[@]}"; do [ -d "\${words[i + 2]%/*}" ] || folders+=("\${words[i + 2]%/*}"); done
  [ \${#folders[@]} = 0 ] || mkdir -p -- "\${folders[@]}" || return 1
  for i in "\${files[@]}"; do
    to=\${words[i + 2]}
    [ -e "$to" ] || : > "$to" || return 1
    plan_mount "/proc/self/fd/\${sources[$i]}" "$to" none bind
  done
  mount_planned || return 1
  read_mounts
  [ "$mounted" = "$expected" ]
}

apply_one_by_one() {
  local i kind from to fd
  planned=
  for ((i = 0; i < consumed; i += 3)); do
    kind=\${words[i]} from=\${words[i + 1]} to=\${words[i + 2]}
    if [ "$kind" = cover ]; then
      [ -d "$to" ] || { [ "$from" = 1777 ] && mkdir -p "$to"; } || continue
      mount -n -c -t tmpfs -o "nosuid,nodev,mode=$from" none "$to" || fail "$to cannot be covered"
      continue
    fi
    fd=\${sources[$i]}
    if [ -d "/proc/self/fd/$fd" ]; then [ -d "$to" ] || mkdir -p "$to"; else [ -e "$to" ] || { mkdir -p "\${to%/*}" && : > "$to"; }; fi
    mount -n -c --bind "/proc/self/fd/$fd" "$to" || fail "$to cannot be shown"
  done
}

# Leaves the number of its words in "consumed". What becomes read-only waits for seal_machine.
apply_mounts() {
  local count=$1 i fd
  shift
  consumed=$((3 * count))
  words=("\${@:1:consumed}")
  places=() sealing=()
  for ((i = 0; i < consumed; i += 3)); do
    places+=("\${words[i + 2]}")
    [ "\${words[i]}" = cover ] && continue
    [ "\${words[i]}" = rw ] || sealing+=("\${words[i + 2]}")
    exec {fd}< "\${words[i + 1]}" || fail "\${words[i + 1]} cannot be opened"
    sources[$i]=$fd
  done
  read_mounts
  machine=("\${mounts[@]}")
  apply_at_once || apply_one_by_one
  for fd in "\${sources[@]}"; do exec {fd}<&-; done
}
`.replaceAll("\\${", "${");
