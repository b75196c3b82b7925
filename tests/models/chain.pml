/* The chain of src/core/cown/chain.c, behavior.c and batch.c, for the model checker spin.
 *
 * Three behaviors over three cowns; each asks for some of them, to write or to read.  Each, or
 * each batch, is scheduled by a thread of its own, and each is finished by another, so that all
 * schedulers and all workers overlap in every way.  Checked in every reachable state:
 *
 *   order      a body starts when every conflicting request that exchanged `tail` before
 *              has ended (which also means: nobody runs beside a writer)
 *   memory     no slot is touched once its behavior is freed
 *   grants     a behavior is dispatched once; a follower is linked once
 *   deadlock   spin's own check: no state without a next step but the end, and there every
 *              cown is free again
 *
 * One step of the model is one atomic operation of the code, under sequential consistency:
 * which order each operation needs is not checked here but by the thread sanitizer and the
 * rules in chain.h.  Names are those of the code.  A spin loop is a statement that blocks.
 *
 * PROGRAM in the environment says what each behavior asks for.  -DMUTANT_* puts a fault in.
 * check.sh runs them.
 */

#define BEHAVIORS 3
#define COWNS 3

/* Slots are numbered from 1; a behavior has one for each cown, in id order. */
#define NONE 0
#define SLOT(b, c) (1 + (b) * COWNS + (c))
#define BEHAVIOR(slot) (((slot) - 1) / COWNS)

/* A request. */
#define ABSENT 0
#define WRITE 1
#define READ 2

/* A status; what is above STATE_MAX is a pointer to a slot. */
#define WAIT 0
#define READY 1
#define ACTIVE 2
#define CLOSED 3
#define WAIT_ACTIVE 4
#define STATE_MAX 4
#define POINTER(slot) (STATE_MAX + (slot))
#define POINTEE(status) ((status) - STATE_MAX)

#ifdef MUTANT_ANY_ORDER
/* The second behavior enters from the last cown to the first. */
#define FIRST_COWN(b) (b == 1 -> COWNS - 1 : 0)
#define NEXT(b, c) (b != 1 -> c + 1 : (c == 0 -> COWNS : c - 1))
#else
#define FIRST_COWN(b) 0
#define NEXT(b, c) (c + 1)
#endif

#define ONE_READER 2
#define WRITER_WAITS 1

/* Cowns. */
byte tail[COWNS];
byte readers[COWNS];
byte next_writer[COWNS];

/* Slots; index 0 is not used. */
byte asks[10];
byte status[10];

/* Behaviors. */
byte requests[BEHAVIORS];
bool joined[BEHAVIORS]; /* scheduled in one batch with the one before */
bool needs_no_count[BEHAVIORS]; /* ONE_GRANT */
byte countdown[BEHAVIORS];
bool dispatched[BEHAVIORS];
bool ended[BEHAVIORS]; /* the body is over */
bool freed[BEHAVIORS];

/* For the check of the order: who has exchanged `tail` of a cown, and who had when a slot
 * did; one bit a behavior. */
byte entered[COWNS];
byte ahead[10];

inline touch(slot) {
    assert(slot != NONE && !freed[BEHAVIOR(slot)])
}

/* -- one atomic operation each -------------------------------------------------------- */

inline read_status(slot, into) {
    d_step { touch(slot); into = status[slot] }
}

inline write_status(slot, value) {
    d_step { touch(slot); status[slot] = value }
}

inline change_status(slot, expected, value) {
    d_step {
        touch(slot);
        if
        :: status[slot] == expected -> status[slot] = value; done = true
        :: else -> expected = status[slot]; done = false
        fi
    }
}

inline await_open(slot) {
    atomic { status[slot] != WAIT && status[slot] != WAIT_ACTIVE; touch(slot) }
}

inline swap_tail(slot) {
    d_step {
        prev = tail[c];
        tail[c] = slot;
        ahead[slot] = entered[c];
        entered[c] = entered[c] | (1 << b)
    }
}

inline add_reader() {
    readers[c] = readers[c] + ONE_READER
}

inline empty_queue(slot) {
    d_step {
        if
        :: tail[c] == slot -> tail[c] = NONE; done = true
        :: else -> done = false
        fi
    }
}

/* -- granting ------------------------------------------------------------------------- */

inline dispatch(which) {
    d_step { assert(!dispatched[which]); dispatched[which] = true }
}

inline resolve(which, grants) {
    if
    :: atomic { countdown[which] == grants; assert(!freed[which]) }; dispatch(which)
    :: atomic { countdown[which] != grants; assert(!freed[which]) };
        d_step {
            assert(!freed[which] && countdown[which] >= grants);
            done = (countdown[which] == grants);
            countdown[which] = countdown[which] - grants
        };
        if
        :: done -> dispatch(which)
        :: else
        fi
    fi
}

inline grant(slot) {
    if
    :: needs_no_count[BEHAVIOR(slot)] -> dispatch(BEHAVIOR(slot))
    :: else -> resolve(BEHAVIOR(slot), 1)
    fi
}

/* -- entering ------------------------------------------------------------------------- */

inline wait_for_readers(slot) {
#ifdef MUTANT_PARKS_LATE
    d_step { seen = readers[c]; readers[c] = seen | WRITER_WAITS };
    next_writer[c] = slot;
#else
    next_writer[c] = slot;
    d_step {
        assert((readers[c] & WRITER_WAITS) == 0);
        seen = readers[c];
        readers[c] = seen | WRITER_WAITS
    };
#endif
    if
    :: seen != 0 -> granted = false
    :: else -> readers[c] = 0; next_writer[c] = NONE; granted = true
    fi;
    seen = 0
}

inline enter_empty(slot) {
    if
    :: atomic { asks[slot] == READ -> add_reader(); granted = true }
    :: atomic { asks[slot] == WRITE && readers[c] == 0 -> granted = true }
    :: asks[slot] == WRITE && readers[c] != 0 -> wait_for_readers(slot)
    fi
}

inline follow(slot) {
    if
    :: atomic {
            asks[prev] == WRITE ->
            touch(prev);
            assert(status[prev] == READY);
            status[prev] = POINTER(slot);
            granted = false
        }
    :: atomic { asks[prev] == READ -> touch(prev); seen = status[prev] }
        do
        :: seen == ACTIVE ->
            change_status(prev, seen, CLOSED);
            if
            :: atomic { done && asks[slot] == READ -> add_reader(); granted = true }; break
            :: done && asks[slot] == WRITE -> wait_for_readers(slot); break
            :: else
            fi
        :: else ->
            assert(seen == READY);
#ifdef MUTANT_WALKER_PASSES
            write_status(prev, POINTER(slot));
            done = true;
#else
            change_status(prev, seen, POINTER(slot));
#endif
            if
            :: done -> granted = false; break
            :: else
            fi
        od;
        seen = 0
    fi;
    prev = NONE
}

inline enter(slot) {
    swap_tail(slot);
    if
    :: prev == NONE -> enter_empty(slot)
    :: else -> await_open(prev); follow(slot)
    fi;
    atomic {
        if
        :: granted && asks[slot] == READ -> write_status(slot, WAIT_ACTIVE)
        :: else
        fi
    }
}

inline open(slot) {
    atomic {
        touch(slot);
        status[slot] = (status[slot] == WAIT_ACTIVE -> ACTIVE : READY)
    }
}

inline enter_alone(slot) {
    swap_tail(slot);
    if
    :: atomic { prev == NONE && asks[slot] == READ -> add_reader(); granted = true };
        write_status(slot, ACTIVE)
    :: atomic { prev == NONE && asks[slot] == WRITE -> granted = (readers[c] == 0) };
        write_status(slot, READY);
        if
        :: granted
        :: else -> wait_for_readers(slot)
        fi
    :: else ->
#ifndef MUTANT_BORN_READY
        await_open(prev);
#endif
        if
        :: asks[slot] == READ ->
#ifdef MUTANT_BORN_READY
            await_open(prev);
#endif
            follow(slot);
            if
            :: granted -> write_status(slot, ACTIVE)
            :: else -> write_status(slot, READY)
            fi
        :: else ->
#ifdef MUTANT_OPENS_AFTER_LINK
            follow(slot);
            write_status(slot, READY)
#else
            write_status(slot, READY);
#ifdef MUTANT_BORN_READY
            await_open(prev);
#endif
            follow(slot)
#endif
        fi
    fi
}

/* -- entering as a segment ------------------------------------------------------------- */

/* The slots of the batch for cown c, from `first` to `last`; NONE if there are none. */
inline find_segment(is_linked) {
    d_step {
        first = NONE;
        last = NONE;
        m = b;
        do
        :: m < end && asks[SLOT(m, c)] != ABSENT ->
            if
            :: first == NONE -> first = SLOT(m, c)
            :: first != NONE && is_linked -> status[last] = POINTER(SLOT(m, c))
            :: else
            fi;
            last = SLOT(m, c);
            m++
        :: m < end && asks[SLOT(m, c)] == ABSENT -> m++
        :: m >= end -> break
        od;
        m = 0
    }
}

inline swap_tail_for_segment() {
    d_step {
        prev = tail[c];
        tail[c] = last;
        m = b;
        do
        :: m < end && asks[SLOT(m, c)] != ABSENT ->
            ahead[SLOT(m, c)] = entered[c];
            entered[c] = entered[c] | (1 << m);
            m++
        :: m < end && asks[SLOT(m, c)] == ABSENT -> m++
        :: m >= end -> break
        od;
        m = 0
    }
}

/* What nobody knows yet is written in one step. */
inline start_readers() {
    d_step {
        slot = first;
        count = 1;
        do
        :: slot != last && asks[POINTEE(status[slot])] == READ ->
            next = POINTEE(status[slot]);
            status[slot] = CLOSED;
            slot = next;
            count++
        :: else -> break
        od;
        next = (slot != last -> POINTEE(status[slot]) : NONE)
    };
    readers[c] = readers[c] + count * ONE_READER;
    if
    :: slot == last -> write_status(slot, WAIT_ACTIVE)
    :: else ->
        write_status(slot, CLOSED);
        wait_for_readers(next);
        assert(!granted)
    fi;
    slot = NONE;
    next = NONE
}

inline start_segment() {
    if
    :: asks[first] == READ -> start_readers()
    :: atomic { asks[first] == WRITE && readers[c] == 0 -> count = 1 }
    :: asks[first] == WRITE && readers[c] != 0 ->
        wait_for_readers(first);
        count = granted
    fi
}

/* `count` says how many are granted, from the first on. */
inline enter_segment() {
    swap_tail_for_segment();
    if
    :: prev == NONE -> start_segment()
    :: else ->
        await_open(prev);
        if
        :: atomic {
                asks[prev] == WRITE ->
                touch(prev);
                assert(status[prev] == READY);
                status[prev] = POINTER(first);
                count = 0
            }
        :: atomic { asks[prev] == READ -> touch(prev); seen = status[prev] }
            do
            :: seen == ACTIVE ->
                change_status(prev, seen, CLOSED);
                if
                :: done -> start_segment(); break
                :: else
                fi
            :: else ->
                assert(seen == READY);
                change_status(prev, seen, POINTER(first));
                if
                :: done -> count = 0; break
                :: else
                fi
            od;
            seen = 0
        fi;
        prev = NONE
    fi
}

proctype schedule_batch(byte b) {
    byte c, m, end, prev, seen, first, last, slot, next, count;
    byte sum[BEHAVIORS];
    bool granted, done;

    d_step {
        end = b + 1;
        do
        :: end < BEHAVIORS && joined[end] -> end++
        :: else -> break
        od;
        m = b;
        do
        :: m < end -> countdown[m] = requests[m] + 1; sum[m] = 1; m++
        :: else -> break
        od;
        m = 0
    };
    do
    :: c < COWNS ->
        find_segment(true);
        if
        :: first != NONE ->
            enter_segment();
#ifdef MUTANT_OPEN_SEGMENT
            open(last);
#endif
            d_step {
                m = b;
                do
                :: count > 0 && asks[SLOT(m, c)] != ABSENT -> sum[m] = sum[m] + 1; count--; m++
                :: count > 0 && asks[SLOT(m, c)] == ABSENT -> m++
                :: count == 0 -> break
                od;
                m = 0
            }
        :: else
        fi;
        c++
    :: else -> break
    od;
    c = 0;
#ifndef MUTANT_OPEN_SEGMENT
    do
    :: c < COWNS ->
        find_segment(false);
        if
        :: last != NONE -> open(last)
        :: else
        fi;
        c++
    :: else -> break
    od;
#endif
    m = b;
    do
    :: m < end -> resolve(m, sum[m]); m++
    :: else -> break
    od
}

proctype schedule(byte b) {
    byte c, prev, seen, sum;
    bool granted, done;

    if
    :: requests[b] == 1 ->
        d_step {
            needs_no_count[b] = true;
            do
            :: asks[SLOT(b, c)] == ABSENT -> c++
            :: else -> break
            od
        };
        enter_alone(SLOT(b, c));
        if
        :: granted -> dispatch(b)
        :: else
        fi
    :: else ->
#ifdef MUTANT_STARTS_EARLY
        countdown[b] = requests[b];
        sum = 0;
#else
        countdown[b] = requests[b] + 1;
        sum = 1;
#endif
        c = FIRST_COWN(b);
        do
        :: c < COWNS && asks[SLOT(b, c)] != ABSENT ->
            enter(SLOT(b, c));
            sum = sum + granted;
#ifdef MUTANT_ONE_PHASE
            open(SLOT(b, c));
#endif
            c = NEXT(b, c)
        :: c < COWNS && asks[SLOT(b, c)] == ABSENT -> c = NEXT(b, c)
        :: c >= COWNS -> break
        od;
        c = 0;
#ifndef MUTANT_ONE_PHASE
        do
        :: atomic { c < COWNS && asks[SLOT(b, c)] != ABSENT -> open(SLOT(b, c)); c++ }
        :: atomic { c < COWNS && asks[SLOT(b, c)] == ABSENT -> c++ }
        :: c >= COWNS -> break
        od;
#endif
        if
        :: sum > 0 -> resolve(b, sum)
        :: else
        fi
    fi
}

/* -- leaving -------------------------------------------------------------------------- */

/* The releasing writer walks the readers behind it, then grants them. */
inline grant_readers(first) {
    slot = first;
    do
    :: true ->
        count++;
#ifdef MUTANT_WALK_MEETS_WAIT
        read_status(slot, seen);
        if
        :: seen == WAIT -> break /* taken for the end of the readers */
        :: else
        fi;
#else
        await_open(slot);
        read_status(slot, seen);
#endif
        done = false;
        if
        :: seen == READY ->
            readers[c] = count * ONE_READER;
#ifdef MUTANT_WALKER_STORES
            write_status(slot, ACTIVE);
            done = true
#else
            change_status(slot, seen, ACTIVE)
#endif
        :: else
        fi;
        if
        :: done -> break
        :: else -> assert(seen > STATE_MAX)
        fi;
        if
        :: asks[POINTEE(seen)] == WRITE ->
            next_writer[c] = POINTEE(seen);
            readers[c] = count * ONE_READER + WRITER_WAITS;
            break
        :: else ->
#ifdef MUTANT_GRANTS_IN_THE_WALK
            grant(slot);
#endif
            slot = POINTEE(seen)
        fi
    od;
#ifdef MUTANT_GRANTS_IN_THE_WALK
    grant(slot);
#else
    slot = first;
    do
    :: count > 0 ->
        read_status(slot, seen);
        grant(slot);
        count--;
        slot = (count > 0 -> POINTEE(seen) : NONE)
    :: else -> break
    od;
#endif
    count = 0;
    slot = NONE
}

inline leave_writer(own) {
    read_status(own, seen);
    done = false;
    if
    :: seen == READY ->
        empty_queue(own);
        if
        :: !done -> atomic { status[own] != READY; seen = status[own] }
        :: else
        fi
    :: else
    fi;
    if
    :: done
    :: else ->
        assert(seen > STATE_MAX);
        next = POINTEE(seen);
        if
        :: asks[next] == READ -> grant_readers(next)
        :: else -> grant(next)
        fi;
        next = NONE
    fi;
    seen = 0
}

inline leave_reader(own) {
    read_status(own, seen);
    if
    :: seen == ACTIVE ->
        empty_queue(own);
#ifndef MUTANT_LEAVES_UNCLOSED
        if
        :: !done -> status[own] != ACTIVE
        :: else
        fi
#endif
    :: else
    fi;
    d_step {
        assert(readers[c] >= ONE_READER);
        seen = readers[c];
        readers[c] = seen - ONE_READER
    };
    if
    :: seen == ONE_READER + WRITER_WAITS ->
        next = next_writer[c];
        next_writer[c] = NONE;
        readers[c] = 0;
        assert(next != NONE);
        grant(next);
        next = NONE
    :: else
    fi;
    seen = 0
}

inline conflicts_have_ended(own) {
    other = 0;
    do
    :: other < BEHAVIORS ->
        assert((ahead[own] & (1 << other)) == 0 || ended[other] ||
               (asks[own] == READ && asks[SLOT(other, c)] == READ));
        other++
    :: else -> break
    od;
    other = 0
}

proctype finish(byte b) {
    byte c, seen, next, slot, count, other;
    bool done;

    dispatched[b];
    d_step { /* the body begins */
        c = 0;
        do
        :: c < COWNS -> conflicts_have_ended(SLOT(b, c)); ahead[SLOT(b, c)] = 0; c++
        :: else -> break
        od;
        c = 0
    };
    ended[b] = true;
    do
    :: c < COWNS && asks[SLOT(b, c)] == WRITE -> leave_writer(SLOT(b, c)); c++
    :: c < COWNS && asks[SLOT(b, c)] == READ -> leave_reader(SLOT(b, c)); c++
    :: c < COWNS && asks[SLOT(b, c)] == ABSENT -> c++
    :: c >= COWNS -> break
    od;
    c = 0;
    d_step {
        freed[b] = true;
        do
        :: c < COWNS -> status[SLOT(b, c)] = 0; c++
        :: else -> break
        od;
        countdown[b] = 0;
        done = false
    }
}

/* -- programs ------------------------------------------------------------------------- */

c_decl {
\#include <stdlib.h>
\#include <string.h>
}

/* PROGRAM=WW0,0RW+W00 in the environment: what each behavior asks for, cown by cown; a plus
 * puts it into one batch with the one before. */
inline read_program() {
    c_code {
        const char *program = getenv("PROGRAM");
        if (program == NULL || strlen(program) != BEHAVIORS * (COWNS + 1) - 1)
            abort();
        for (int b = 0; b < BEHAVIORS; b++) {
            now.joined[b] = b > 0 && program[b * (COWNS + 1) - 1] == '+';
            for (int c = 0; c < COWNS; c++) {
                char access = program[b * (COWNS + 1) + c];
                now.asks[SLOT(b, c)] = access == 'W' ? WRITE : access == 'R' ? READ : ABSENT;
                now.requests[b] += access != '0';
            }
        }
    }
}

init {
    byte c;
    read_program();
    atomic {
        do
        :: c < BEHAVIORS && joined[c] -> c++
        :: c < BEHAVIORS && !joined[c] ->
            if
            :: c + 1 < BEHAVIORS && joined[c + 1] -> run schedule_batch(c)
            :: else -> run schedule(c)
            fi;
            c++
        :: c >= BEHAVIORS -> break
        od;
        c = 0;
        run finish(0); run finish(1); run finish(2)
    };
    _nr_pr == 1;
    do
    :: c < COWNS -> assert(tail[c] == NONE && readers[c] == 0 && next_writer[c] == NONE); c++
    :: else -> break
    od
}
