/* bocpy_msvc.c - the four atomics of <bocpy/bocpy.h> where MSVC has no C11 atomics.
 *
 * Compile it into the extension: bocpy.get_sources() names it where it is needed.
 * Elsewhere it is empty.  Full barriers on x86, x64 and ARM64.
 */
#if defined(_MSC_VER) && !defined(__cplusplus) && defined(__STDC_NO_ATOMICS__)

#include <bocpy/bocpy.h>

#include <intrin.h>

/* x86 has no other 64 bit primitive than this one; it is there on every target. */
static int_least64_t exchange_if(atomic_int_least64_t *ptr, int_least64_t desired,
                                 int_least64_t expected) {
    return _InterlockedCompareExchange64((volatile __int64 *)ptr, desired, expected);
}

int_least64_t atomic_load(atomic_int_least64_t *ptr) { return exchange_if(ptr, 0, 0); }

void atomic_store(atomic_int_least64_t *ptr, int_least64_t value) {
    int_least64_t seen = *ptr, found;
    while ((found = exchange_if(ptr, value, seen)) != seen)
        seen = found;
}

int_least64_t atomic_fetch_add(atomic_int_least64_t *ptr, int_least64_t value) {
    int_least64_t seen = *ptr, found;
    while ((found = exchange_if(ptr, seen + value, seen)) != seen)
        seen = found;
    return seen;
}

bool atomic_compare_exchange_strong(atomic_int_least64_t *ptr, atomic_int_least64_t *expected,
                                    int_least64_t desired) {
    int_least64_t wanted = *expected;
    int_least64_t found = exchange_if(ptr, desired, wanted);
    if (found != wanted)
        *expected = found;
    return found == wanted;
}

#else

typedef int bocpy_msvc_is_empty; /* ISO C wants a declaration in every file */

#endif
