#!/bin/sh
# check.sh BUILD [ALL] - check the models of this folder with spin.
#
# chain.pml must hold for every program below, and each of its mutants must be rejected for
# the program and the reason that its line says.  With ALL the model is checked for every
# program of three single behaviors over three cowns, which takes an hour.
#
#   SPIN=, CC=   the tools to use;  JOBS=n   models at a time
set -eu
mkdir -p "$1"
build=$(cd "$1" && pwd)
what=${2:-}
here=$(cd "$(dirname "$0")" && pwd)

# What each behavior asks for: cown by cown, to write (W), to read (R), not at all (0).  A plus
# puts it into one batch with the one before.
programs='WW0,W00,WW0 WWW,WWW,WWW WW0,0WW,W0W RR0,R00,WW0 W00,R00,R00 R00,R00,W00
  RW0,WR0,RR0 R00,RRR,WW0 WW0+W00,WW0 R00+RR0,WR0 W00+R00,RW0 WR0+0RW,RWR
  R00+R00+W00 WW0+WW0+WW0'

deadlock='invalid end state'
freed='assertion violated .*freed'
count='assertion violated .readers'
lost='assertion violated .*STATE_MAX|assertion violated .seen>4'

mutant() { # NAME: the program and what spin must say
    case $1 in
    BORN_READY) echo "WW0,W00,WW0|$deadlock" ;;           # "Born ready"
    ONE_PHASE) echo "WW0,W00,WW0|$deadlock" ;;            # each slot opened as soon as it entered
    ANY_ORDER) echo "WWW,WWW,WWW|$deadlock" ;;            # one behavior enters backwards
    WALKER_PASSES) echo "W00,R00,R00|$deadlock" ;;        # the follower links with a store
    WALKER_STORES) echo "W00,R00,R00|$deadlock" ;;        # the walker opens with a store
    WALK_MEETS_WAIT) echo "RR0,R00,WW0|$count" ;;         # WAIT taken for the end of the readers
    GRANTS_IN_THE_WALK) echo "W00,R00,R00|$count" ;;      # granted before `readers` is written
    LEAVES_UNCLOSED) echo "R00,W00,R00|$freed" ;;         # a reader ends before its follower acted
    OPENS_AFTER_LINK) echo "W00,R00,R00|$lost" ;;         # "Freed by its own grant"
    STARTS_EARLY) echo "WW0,W00,WW0|$lost" ;;             # the scheduler holds no grant of its own
    OPEN_SEGMENT) echo "WW0+W00,WW0|$deadlock" ;;         # a segment opened as soon as it entered
    PARKS_LATE) echo "R00,W00,R00|assertion violated .next" ;; # the bit before `next_writer`
    *) return 1 ;;
    esac
}

compile() { # NAME: the checker, in its own folder
    mkdir -p "$build/$1"
    cd "$build/$1"
    option= level=-O1
    [ "$1" = CHAIN ] || option=-DMUTANT_$1 level=-O0 # a mutant falls soon
    "$SPIN" -a $option "$here/chain.pml" >spin.log 2>&1 || { cat spin.log >&2; exit 1; }
    "$CC" $level -w -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -o pan pan.c
}

run() { # PROGRAM: the report of the checker
    PROGRAM=$1 ./pan -m100000 >pan.log 2>&1 || true
}

complete() { # the search saw every state and no error
    grep -q 'errors: 0$' pan.log && ! grep -qE 'Search not completed|too small|truncated' pan.log
}

check_chain() { # PROGRAM...
    compile CHAIN
    for program; do
        run "$program"
        complete || { echo "chain: $program is not correct" >&2; cat pan.log >&2; exit 1; }
        printf 'chain %-28s holds: %s states\n' "$program" \
            "$(sed -n 's/^ *\([0-9]*\) states, stored$/\1/p' pan.log)"
    done
}

check_mutant() { # NAME
    line=$(mutant "$1")
    compile "$1"
    run "${line%%|*}"
    reason=$(sed -n 's/^pan:1: \(.*\) (at depth.*/\1/p' pan.log)
    if ! printf '%s\n' "$reason" | grep -qE "${line#*|}"; then
        echo "mutant $1: expected '${line#*|}', spin says '$reason'" >&2
        cat pan.log >&2
        exit 1
    fi
    printf 'mutant %-20s rejected: %s\n' "$1" "$reason"
}

all_programs() {
    requests=$(for a in 0 W R; do for b in 0 W R; do for c in 0 W R; do echo $a$b$c; done; done; done)
    printf '%s\n' "$requests" | sed 1d | awk '{ r[NR] = $1 }
        END { for (i = 1; i <= NR; i++) for (j = i; j <= NR; j++) for (k = j; k <= NR; k++)
                  print r[i] "," r[j] "," r[k] }'
}

case $what in
'')
    SPIN=${SPIN:-$(sh "$here/../../tools/find_spin.sh")}
    CC=${CC:-cc}
    export SPIN CC
    names=$(sed -n 's/^    \([A-Z_]*\)) echo .*/\1/p' "$0")
    for name in $(grep -oE 'MUTANT_[A-Z_]+' "$here/chain.pml" | sort -u | sed 's/MUTANT_//'); do
        mutant "$name" >"$build/expected" || { echo "no line for mutant $name" >&2; exit 1; }
    done
    printf '%s\n' CHAIN $names | xargs -n 1 -P "${JOBS:-1}" sh "$0" "$build"
    echo "models: chain holds for $(echo $programs | wc -w) programs," \
        "$(echo $names | wc -w) mutants are rejected"
    ;;
ALL)
    SPIN=${SPIN:-$(sh "$here/../../tools/find_spin.sh")} CC=${CC:-cc}
    check_chain $(all_programs)
    ;;
CHAIN) check_chain $programs ;;
*) check_mutant "$what" ;;
esac
