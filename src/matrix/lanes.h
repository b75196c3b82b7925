/* lanes.h - how the kernels are told to the compiler.  Private to this folder.
 *
 * BOC__CLONES compiles a function once per width of vectors; which one runs is decided when the
 * program is loaded.  The arithmetic is the same in each: the build turns contraction off, and a
 * loop that sums says in its source which elements go to which partial sum.
 * BOC__INDEPENDENT before a loop: no iteration reads what another writes, though `out` may be an
 * operand.
 */
#ifndef BOC_MATRIX_LANES_H
#define BOC_MATRIX_LANES_H

#include <stddef.h>

#if defined(BOC_MATRIX_CLONES)
#define BOC__CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#define BOC__CLONES_FMA __attribute__((target_clones("avx512f", "fma", "default")))
#else
#define BOC__CLONES
#define BOC__CLONES_FMA
#endif

#if defined(__clang__)
#define BOC__INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define BOC__INDEPENDENT _Pragma("GCC ivdep")
#else
#define BOC__INDEPENDENT
#endif

#if defined(__GNUC__)
#define BOC__INLINE static inline __attribute__((always_inline))
#else
#define BOC__INLINE static inline
#endif

/* Before a loop of few, constant rounds: all of it at once. */
#if defined(__clang__)
#define BOC__UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define BOC__UNROLL _Pragma("GCC unroll 8")
#endif

/* Partial sums of a row: two of the widest vectors of today, so that one addition need not wait
 * for the one before. */
enum { BOC__LANES = 16, BOC__LANES_HALF = 8 };

#endif
