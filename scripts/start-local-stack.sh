#!/usr/bin/env bash
# Starts the local tier on this machine: Ollama (pre-filter) and llama-swap (GLM-4.7-Flash), both on loopback.
# Safe to run twice: what is up already is used. See docs/local-models.md.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: scripts/start-local-stack.sh [start|stop|status]

  start    (default) checks what is installed, starts Ollama and llama-swap on 127.0.0.1, pulls and warms the models
  stop     stops what start started, and nothing else
  status   what is up and which models are loaded

Environment:
  MODELS_DIR         where models are kept (default: each program's own folder; only for what this script starts)
  LLAMA_SWAP_CONFIG  llama-swap's configuration (default: llama-swap.yaml beside this folder)
  LLAMA_SWAP_PORT    default 8080; another one goes into LOCAL_ENDPOINT for Sluice
  OLLAMA_PORT        default 11434; another one goes into PREFILTER_ENDPOINT for Sluice
  LOCAL_MODEL        the model to warm (default glm-4.7-flash)
  PREFILTER_MODEL    the pre-filter's model (default qwen2.5-coder:7b-instruct-q8_0)
  PREFILTER_ENABLED  0: without Ollama
  START_TIMEOUT_S    limit for a program to answer (default 60)
  LOAD_TIMEOUT_S     limit for a model to be loaded, with its download (default 7200)

Exit code: 0 all is up, 1 something is not (said, with the next step), 2 wrong use.
HELP
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
config=${LLAMA_SWAP_CONFIG:-$here/../llama-swap.yaml}
swap_port=${LLAMA_SWAP_PORT:-8080}
ollama_port=${OLLAMA_PORT:-11434}
swap_url=http://127.0.0.1:$swap_port
ollama_url=http://127.0.0.1:$ollama_port
model=${LOCAL_MODEL:-glm-4.7-flash}
prefilter=${PREFILTER_MODEL:-qwen2.5-coder:7b-instruct-q8_0}
start_limit=${START_TIMEOUT_S:-60}
load_limit=${LOAD_TIMEOUT_S:-7200}
# The window that Sluice asks of Ollama: another one would load the model again.
prefilter_context=16384
state=${XDG_STATE_HOME:-$HOME/.local/state}/sluice/local-stack
request_pid=

say() { printf '%s\n' "$*"; }
problem() { printf 'error: %s\n' "$1" >&2; shift; [ $# -eq 0 ] || printf '  -> %s\n' "$@" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
# No proxy: one that is set for the outside would be asked for 127.0.0.1.
http() { curl --silent --noproxy '*' --connect-timeout 2 "$@"; }
is_up() { http --fail --max-time 5 --output /dev/null "$1"; }
prefilter_wanted() { case ${PREFILTER_ENABLED:-1} in 0 | false) return 1 ;; esac; }

# Text as a JSON string.
json() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# --- processes that we started ---

# A process's start, so that another one that got its number later is not taken for it. Nothing when it is gone.
identity() {
  local line
  if [ -d /proc/self ]; then
    line=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # The name, in parentheses, may hold spaces; state is the first field after it, start time the 20th.
    line=${line##*) }
    case $line in Z* | X*) return 0 ;; esac
    printf '%s\n' "$line" | cut -d ' ' -f 20
  else
    line=$(ps -o stat= -o lstart= -p "$1" 2>/dev/null) || return 0
    case $line in Z*) return 0 ;; esac
    printf '%s\n' "${line#* }"
  fi
}

# The process id that start noted for a program; nothing when that process is gone.
running() {
  local pid began
  [ -r "$state/$1.pid" ] || return 0
  { read -r pid && read -r began; } <"$state/$1.pid" || return 0
  case $pid in '' | *[!0-9]*) return 0 ;; esac
  if [ -n "$began" ] && [ "$(identity "$pid")" = "$began" ]; then printf '%s\n' "$pid"; fi
}

# launch NAME COMMAND...: in a process group of its own, so that Ctrl-C here does not reach it.
launch() {
  local name=$1 pid
  shift
  set -m
  nohup "$@" >"$state/$name.log" 2>&1 </dev/null &
  pid=$!
  set +m
  printf '%s\n%s\n' "$pid" "$(identity "$pid")" >"$state/$name.pid"
}

stop_one() {
  local name=$1 pid waited=0
  pid=$(running "$name")
  if [ -z "$pid" ]; then
    rm -f "$state/$name.pid"
    return 1
  fi
  kill -TERM "$pid" 2>/dev/null || true
  # llama-swap first ends its llama-servers, which may take it 10 s each.
  while [ -n "$(running "$name")" ]; do
    if [ "$waited" -ge 150 ]; then
      say "$name does not end by itself: killing it and what it started"
      kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
      break
    fi
    sleep 0.2
    waited=$((waited + 1))
  done
  rm -f "$state/$name.pid"
  say "stopped $name (process $pid)"
}

log_tail() {
  say "  the end of $state/$1.log:" >&2
  tail -n 8 "$state/$1.log" 2>/dev/null | sed 's/^/    /' >&2
}

# wait_up NAME URL: until the program that we started answers.
wait_up() {
  local name=$1 url=$2 began=$SECONDS
  until is_up "$url"; do
    if [ -z "$(running "$name")" ]; then
      problem "$name ended right after its start"
      log_tail "$name"
      rm -f "$state/$name.pid"
      return 1
    fi
    if [ $((SECONDS - began)) -ge "$start_limit" ]; then
      problem "$name did not answer on $url within $start_limit s" "Look into $state/$name.log, or allow more with START_TIMEOUT_S."
      stop_one "$name" >&2 || true
      return 1
    fi
    sleep 0.2
  done
}

# --- one run at a time ---

lock() {
  local owner
  mkdir -p "$state"
  chmod 700 "$state"
  if ! mkdir "$state/lock" 2>/dev/null; then
    owner=$(running lock/owner)
    if [ -n "$owner" ]; then
      problem "another run of this script is at work (process $owner)" "Wait for it, or end it: kill $owner"
      exit 1
    fi
    # Its owner was killed; or it has made the folder and not yet written who it is.
    sleep 0.5
    if [ -n "$(running lock/owner)" ]; then
      problem "another run of this script has just begun" "Wait for it."
      exit 1
    fi
  fi
  printf '%s\n%s\n' "$$" "$(identity "$$")" >"$state/lock/owner.pid"
  trap unlock EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

unlock() {
  if [ -n "$request_pid" ]; then kill "$request_pid" 2>/dev/null || true; fi
  rm -rf "$state/lock" "$state/answer" "$state/status"
}

# --- what has to be installed ---

how_to_get() {
  case $1 in
    curl) echo "your system's package manager has it: apt-get install curl, dnf install curl" ;;
    llama-swap)
      echo "brew install mostlygeek/llama-swap/llama-swap, or put a binary of https://github.com/mostlygeek/llama-swap/releases on PATH"
      ;;
    llama-server)
      echo "brew install llama.cpp, or put a build for your card from https://github.com/ggml-org/llama.cpp/releases on PATH"
      ;;
    ollama) echo "https://ollama.com/download (Linux and macOS), or brew install ollama" ;;
  esac
}

check_installed() {
  local missing=0 program
  local needed=(curl)
  if ! is_swap; then
    needed+=(llama-swap)
    if [ ! -r "$config" ]; then
      problem "there is no configuration $config" "Set LLAMA_SWAP_CONFIG to yours, or unset it."
      missing=1
    elif grep -q llama-server "$config"; then
      needed+=(llama-server)
    fi
  fi
  for program in "${needed[@]}"; do
    has "$program" && continue
    problem "$program is not on PATH" "Get it: $(how_to_get "$program")"
    missing=1
  done
  return "$missing"
}

# A first download is 18 GB; to run out of disk half way is no fun.
check_disk() {
  local folder=${MODELS_DIR:-$HOME} free
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  free=$(df -Pk "$folder" 2>/dev/null | awk 'NR == 2 { print int($4 / 1048576) }')
  if [ -n "$free" ] && [ "$free" -lt 30 ]; then
    say "note: $free GiB are free in $folder; GLM-4.7-Flash and the pre-filter take about 27 GB when they are not there yet"
  fi
}

# --- Ollama ---

is_ollama() { case $(http --max-time 5 "$ollama_url/api/version" || true) in *'"version"'*) ;; *) return 1 ;; esac; }

start_ollama() {
  if is_ollama; then
    say "Ollama is up on $ollama_url"
    return
  fi
  if ! has ollama; then
    problem "ollama is not on PATH: there is no pre-filter, every file goes to the large model" \
      "Get it: $(how_to_get ollama)" "Or say that you do without: PREFILTER_ENABLED=0"
    return 1
  fi
  if port_taken "$ollama_url"; then
    problem "something that is not Ollama answers on $ollama_url" "Choose another port with OLLAMA_PORT."
    return 1
  fi
  say "starting Ollama on $ollama_url"
  if [ -n "${MODELS_DIR:-}" ]; then export OLLAMA_MODELS=$MODELS_DIR/ollama; fi
  OLLAMA_HOST=127.0.0.1:$ollama_port launch ollama ollama serve
  wait_up ollama "$ollama_url/api/version"
}

prepare_prefilter() {
  case $(http --max-time 10 "$ollama_url/api/tags" || true) in
    *"$(json "$prefilter")"* | *"$(json "$prefilter:latest")"*) ;;
    *)
      say "pulling $prefilter"
      pull_prefilter || {
        problem "Ollama could not pull $prefilter$([ -s "$state/answer" ] && printf ': %s' "$(answer)")" "Run this script again: a pull goes on where it was."
        return 1
      }
      ;;
  esac
  load "$prefilter" "$ollama_url" /api/generate \
    "{\"model\":$(json "$prefilter"),\"stream\":false,\"keep_alive\":\"30m\",\"options\":{\"num_ctx\":$prefilter_context}}"
}

pull_prefilter() {
  rm -f "$state/answer"
  if has ollama; then
    bounded "$prefilter" env "OLLAMA_HOST=127.0.0.1:$ollama_port" ollama pull "$prefilter"
  else
    bounded "$prefilter" post "$ollama_url/api/pull" "{\"model\":$(json "$prefilter"),\"stream\":false}"
    grep -q success "$state/answer"
  fi
}

# --- llama-swap ---

is_swap() { case $(http --max-time 5 "$swap_url/running" || true) in *'"running"'*) ;; *) return 1 ;; esac; }
port_taken() { http --max-time 5 --output /dev/null "$1/"; }

start_swap() {
  if is_swap; then
    say "llama-swap is up on $swap_url"
    return
  fi
  if port_taken "$swap_url"; then
    problem "something that is not llama-swap answers on $swap_url" \
      "Stop it, or choose another port: LLAMA_SWAP_PORT=8081, and LOCAL_ENDPOINT=http://localhost:8081 for Sluice."
    return 1
  fi
  say "starting llama-swap on $swap_url with $config"
  if [ -n "${MODELS_DIR:-}" ]; then export LLAMA_CACHE=$MODELS_DIR/llama.cpp; fi
  # Without -listen it would listen on every interface, and it asks nobody for a key.
  launch llama-swap llama-swap -config "$config" -listen "127.0.0.1:$swap_port"
  wait_up llama-swap "$swap_url/running"
}

prepare_model() {
  load "$model" "$swap_url" /v1/chat/completions \
    "{\"model\":$(json "$model"),\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":1}"
}

# What the models' folder holds, in GB: moves while a download goes on.
downloaded() {
  local folder=${MODELS_DIR:-${LLAMA_CACHE:-}}
  if [ -n "$folder" ] && [ -d "$folder" ]; then
    du -sk "$folder" 2>/dev/null | awk '{ printf ", %.1f GB in %s", $1 / 1000000, $2 }'
  fi
}

# bounded NAME COMMAND...: runs it in the background with a line of progress now and then, and ends it at the limit.
bounded() {
  local name=$1 began=$SECONDS next=10 code=0
  shift
  "$@" &
  request_pid=$!
  while [ -n "$(identity "$request_pid")" ]; do
    if [ $((SECONDS - began)) -ge "$load_limit" ]; then kill "$request_pid" 2>/dev/null || true; fi
    if [ $((SECONDS - began)) -ge "$next" ]; then
      say "  still at $name: $((SECONDS - began)) s$(downloaded)"
      next=$((next < 60 ? next + 10 : next + 60))
    fi
    sleep 0.2
  done
  wait "$request_pid" || code=$?
  request_pid=
  return "$code"
}

# Only for bounded: it replaces the shell, so that ending it ends curl.
post() {
  exec curl --silent --noproxy '*' --connect-timeout 2 --max-time "$load_limit" --output "$state/answer" --write-out '%{http_code}' \
    -H 'Content-Type: application/json' --data "$2" "$1" >"$state/status"
}

# load NAME SERVER PATH BODY: the request that makes a server load a model.
load() {
  local name=$1 server=$2 began=$SECONDS status=
  say "loading $name (a first start downloads it)"
  while :; do
    rm -f "$state/answer" "$state/status"
    bounded "$name" post "$server$3" "$4" || true
    status=$(cat "$state/status" 2>/dev/null || true)
    if [ $((SECONDS - began)) -ge "$load_limit" ]; then break; fi
    # A server that is not ready yet; a download that is longer than llama-swap waits for a start: it goes on where it was.
    case $status:$(answer) in
      503:* | *'health check timed out'*) sleep 1 ;;
      *) break ;;
    esac
  done
  case $status in
    200) say "$name is loaded ($((SECONDS - began)) s)" && return 0 ;;
    429) say "$name is loaded, and busy" && return 0 ;;
    000 | '')
      problem "$server cut the connection, or $name was not loaded within $load_limit s" \
        "Run this script again: a download goes on where it was. LOAD_TIMEOUT_S allows more."
      ;;
    404) problem "$server knows no model $name" "What it has: $(listed "$server")" ;;
    *)
      problem "$name could not be loaded (HTTP $status): $(answer)" "What the server says of it: $(log_of "$server")" \
        "When memory is short: a smaller context (-c) or a smaller model, see docs/local-models.md."
      ;;
  esac
  return 1
}

answer() { head -c 400 "$state/answer" 2>/dev/null | tr '\r\n' '  ' || true; }
log_of() { if [ "$1" = "$swap_url" ]; then printf '%s' "$swap_url/logs"; else printf '%s' "$state/ollama.log"; fi; }

# The values of a key in JSON on stdin, on one line.
values() { tr '{,' '\n' | sed -n "s/^ *\"$1\": *\"\([^\"]*\)\".*/\1/p" | sort -u | tr '\n' ' '; }
listed() { http --max-time 10 "$1/v1/models" | values id || true; }

# --- commands ---

start() {
  local failed=0
  for number in "$swap_port" "$ollama_port" "$start_limit" "$load_limit"; do
    case $number in '' | *[!0-9]*)
      problem "$number is no number: look at LLAMA_SWAP_PORT, OLLAMA_PORT, START_TIMEOUT_S, LOAD_TIMEOUT_S"
      exit 2
      ;;
    esac
  done
  lock
  check_installed || exit 1
  if [ -n "${MODELS_DIR:-}" ]; then mkdir -p "$MODELS_DIR"; fi
  check_disk
  if prefilter_wanted; then
    { start_ollama && prepare_prefilter; } || failed=1
  fi
  { start_swap && prepare_model; } || failed=1
  if [ "$failed" -ne 0 ]; then
    say "not all of the local tier is up; what is, stays up (stop it with: $0 stop)" >&2
    exit 1
  fi
  say "the local tier is up. Look at it with: sluice doctor"
  if [ "$swap_port" != 8080 ]; then say "tell Sluice: LOCAL_ENDPOINT=$swap_url"; fi
  if prefilter_wanted && [ "$ollama_port" != 11434 ]; then say "tell Sluice: PREFILTER_ENDPOINT=$ollama_url"; fi
}

stop() {
  local stopped=0
  mkdir -p "$state"
  stop_one llama-swap && stopped=1
  stop_one ollama && stopped=1
  if [ "$stopped" -eq 0 ]; then say "nothing to stop: this script has started nothing that still runs"; fi
}

status() {
  local code=0
  if is_swap; then
    say "llama-swap  up on $swap_url$(pid_note llama-swap)"
    say "            loaded: $(http --max-time 5 "$swap_url/running" | values model)"
  else
    say "llama-swap  not up on $swap_url"
    code=1
  fi
  if prefilter_wanted; then
    if is_ollama; then
      say "Ollama      up on $ollama_url$(pid_note ollama)"
      say "            loaded: $(http --max-time 5 "$ollama_url/api/ps" | values model)"
    else
      say "Ollama      not up on $ollama_url"
      code=1
    fi
  fi
  return "$code"
}

pid_note() {
  local pid
  pid=$(running "$1")
  if [ -n "$pid" ]; then printf ' (started by this script, process %s)' "$pid"; fi
}

[ $# -le 1 ] || { usage >&2; exit 2; }
case ${1:-start} in
  start) start ;;
  stop) stop ;;
  status) status ;;
  -h | --help | help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
