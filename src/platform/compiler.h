/* compiler.h - hints that change no meaning. */
#ifndef BOC_PLATFORM_COMPILER_H
#define BOC_PLATFORM_COMPILER_H

#include <stdint.h> /* and with it __GLIBC__ */

/* A function that is seldom called, and must not weigh on those that call it. */
#if defined(__GNUC__)
#define BOC_COLD __attribute__((cold, noinline))
#else
#define BOC_COLD
#endif

/* The same for one that is called now and then. */
#if defined(__GNUC__)
#define BOC_OUTLINE __attribute__((noinline))
#else
#define BOC_OUTLINE
#endif

/* A thread-local of a few words that is read often.  Those of a shared object are reached
 * through a call otherwise.  Only glibc keeps room for such objects of libraries that are
 * loaded late. */
#if defined(__GLIBC__) && defined(__GNUC__)
#define BOC_TLS_STATIC __attribute__((tls_model("initial-exec")))
#else
#define BOC_TLS_STATIC
#endif

#endif
