# shellcheck shell=bash
# Throwaway PostgreSQL clusters, for whatever needs one: the tests, a benchmark, a developer. To be sourced.
#
#   pg_start DIR OPTION…   makes a cluster in DIR (new or empty), with options of initdb's, and starts it on a free port
#   pg_env DIR     prints the variables that tell programs where it is, as shell code
#   pg_restart DIR MODE   ends it and starts it again on the same port: MODE `fast` as an operator does, `immediate` as
#                  a crash does, after which it recovers from its log
#   pg_run DIR PROGRAM ARGUMENT…   runs a program of PostgreSQL's as its superuser
#   pg_stop DIR    ends it, and removes DIR
#
# It is a cluster like a real one: it flushes to disk (tests about durability rely on it), and the two roles, made by
# the same file as in production, are no superusers. On loopback both need their random passwords. The superuser
# `postgres` has none, but comes in only by the unix socket, which lies in the data directory, closed to other users.

pg_lib_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pg_roles_sql=$pg_lib_dir/../../deploy/postgres/10-roles.sql

# What stops us is told in one line; status 2 says that the machine lacks something, not that a test failed.
pg_die() {
    printf 'postgres: %s\n' "$*" >&2
    exit 2
}

pg_is_complete() {
    local program
    for program in initdb pg_ctl postgres psql; do
        [[ -x $1/$program ]] || return 1
    done
}

# The directory of PostgreSQL's programs: $PG_BIN, else pg_config's, else the newest of Debian's. pg_config also comes
# with the client's headers alone, so each place is looked into.
pg_find() {
    local dir
    if [[ -n ${PG_BIN:-} ]]; then
        pg_is_complete "$PG_BIN" || pg_die "PG_BIN=$PG_BIN lacks one of initdb, pg_ctl, postgres, psql"
        printf '%s\n' "$PG_BIN"
        return
    fi
    while IFS= read -r dir; do
        if pg_is_complete "$dir"; then
            printf '%s\n' "$dir"
            return
        fi
    done < <({
        pg_config --bindir || true
        printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV
    } 2>/dev/null)
    return 1
}

# Installs Debian's package where that needs nobody's password.
pg_install() {
    local -a root=()
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || return 1
        root=(sudo -n)
    fi
    echo "postgres: not found; installing Debian's package postgresql" >&2
    root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    "${root[@]}" update >&2 && "${root[@]}" install --no-install-recommends postgresql >&2
}

pg_require() {
    pg_find && return
    if pg_install; then
        pg_find && return
    fi
    pg_die 'no server programs (initdb, pg_ctl, postgres, psql) found. Install PostgreSQL 14 or later' \
        '(Debian, Ubuntu: apt-get install postgresql), or set PG_BIN to the directory that has them.'
}

# PostgreSQL refuses to run as root: its server then runs as another user, whom this names; else nobody needs naming.
pg_user() {
    local user
    ((EUID == 0)) || return 0
    for user in postgres nobody; do
        if id -u "$user" >/dev/null 2>&1; then
            printf '%s\n' "$user"
            return
        fi
    done
    useradd --system --no-create-home --shell /usr/sbin/nologin nam-needs-postgres >&2
    printf 'nam-needs-postgres\n'
}

# pg_as USER COMMAND…: runs it as USER ('' is who we are), in a directory that any user may enter.
pg_as() (
    local user=$1
    shift
    cd /
    if [[ -z $user ]]; then
        exec "$@"
    elif command -v setpriv >/dev/null; then
        exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups -- "$@"
    else
        # shellcheck disable=SC2016 # expanded by the shell that su starts
        exec su "$user" -s /bin/sh -c 'exec "$0" "$@"' -- "$@"
    fi
)

pg_random() { od -An -N 24 -t x1 /dev/urandom | tr -d ' \n'; }

pg_start() {
    local dir bin user data port try owner_password server_password
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    [[ -z $(ls -A "$dir") ]] || pg_die "$dir is not empty"
    bin=$(pg_require) || exit
    user=$(pg_user)
    data=$dir/data

    # The data are the server's, all else is ours; of ours others see only the way through. This file is what pg_stop
    # knows a cluster of ours by.
    chmod 711 "$dir"
    printf '%s\n' "$bin" >"$dir/bin"
    mkdir -m 700 "$data"
    [[ -z $user ]] || chown "$user" "$data"
    pg_as "$user" test -w "$data" || pg_die "user $user can't reach $dir: name a place that it can (TMPDIR)"

    LC_ALL=C pg_as "$user" "$bin/initdb" --pgdata="$data" --username=postgres --encoding=UTF8 --locale=C \
        --auth-local=trust --auth-host=scram-sha-256 "${@:2}" >"$dir/initdb.log" 2>&1 || {
        cat "$dir/initdb.log" >&2
        pg_die 'initdb failed'
    }
    cat >>"$data/postgresql.conf" <<'CONF'
listen_addresses = '127.0.0.1'
unix_socket_directories = '.'
shared_buffers = 128MB
max_connections = 300
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
CONF

    # Only the server itself can take a port without a race, so it tries until one is free. They lie below those that
    # Linux gives to outgoing connections.
    for try in {1..20}; do
        port=$((20000 + RANDOM % 12000))
        : >"$dir/start.log"
        if LC_ALL=C pg_as "$user" "$bin/pg_ctl" --pgdata="$data" --log="$data/server.log" --options="-p $port" \
            --silent --wait --timeout=120 start >"$dir/start.log" 2>&1; then
            break
        fi
        if ((try == 20)) || ! grep -q 'Address already in use' "$data/server.log"; then
            cat "$dir/start.log" "$data/server.log" >&2
            pg_die 'the server did not start'
        fi
        rm -f "$data/server.log"
    done

    owner_password=$(pg_random)
    server_password=$(pg_random)
    local -a psql=("$bin/psql" -X -q -h "$data" -p "$port" -U postgres -d postgres -v ON_ERROR_STOP=1)
    NAM_OWNER_PASSWORD=$owner_password NAM_SERVER_PASSWORD=$server_password "${psql[@]}" -f "$pg_roles_sql"
    # Tests make databases of their own.
    "${psql[@]}" -c 'ALTER ROLE nam_owner CREATEDB'
    # Before PostgreSQL 15 everybody may make tables in a new database.
    "${psql[@]}" -d template1 -c 'REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO nam_owner'

    (
        umask 077
        {
            printf 'export TEST_POSTGRES_URL=postgres://nam_owner:%s@127.0.0.1:%d/postgres\n' "$owner_password" "$port"
            printf 'export TEST_POSTGRES_SERVER_URL=postgres://nam_server:%s@127.0.0.1:%d/postgres\n' "$server_password" "$port"
            printf 'export TEST_PG_BIN=%q\n' "$bin"
        } >"$dir/env"
    )
}

pg_env() {
    [[ -r $1/env ]] || pg_die "no cluster in $1"
    cat "$1/env"
}

pg_restart() {
    local dir
    dir=$(cd "$1" 2>/dev/null && pwd) || pg_die "no cluster in $1"
    [[ -f $dir/bin ]] || pg_die "$dir was not made by pg_start"
    LC_ALL=C pg_as "$(pg_user)" "$(<"$dir/bin")/pg_ctl" --pgdata="$dir/data" --log="$dir/data/server.log" --mode="$2" \
        --silent --wait --timeout=120 restart >&2 || pg_die "could not restart the server in $dir"
}

pg_run() {
    local dir port
    dir=$(cd "$1" 2>/dev/null && pwd) || pg_die "no cluster in $1"
    [[ -f $dir/bin ]] || pg_die "$dir was not made by pg_start"
    port=$(sed -n 's/^export TEST_POSTGRES_URL=.*:\([0-9]*\)\/.*/\1/p' "$dir/env")
    LC_ALL=C PGHOST=$dir/data PGPORT=$port PGUSER=postgres pg_as "$(pg_user)" "$(<"$dir/bin")/$2" "${@:3}"
}

pg_stop() {
    local dir bin
    dir=$(cd "$1" 2>/dev/null && pwd) || pg_die "no cluster in $1"
    [[ -f $dir/bin ]] || pg_die "$dir was not made by pg_start: it stays"
    bin=$(<"$dir/bin")
    # Nothing in it is wanted any more, so it need not be closed in order.
    if [[ -f $dir/data/postmaster.pid ]]; then
        pg_as "$(pg_user)" "$bin/pg_ctl" --pgdata="$dir/data" --mode=immediate --silent --wait stop >&2 ||
            pg_die "could not stop the server in $dir"
    fi
    rm -rf "$dir"
}
