/* compiler.h - hints that change no meaning. */
#ifndef BOC_PLATFORM_COMPILER_H
#define BOC_PLATFORM_COMPILER_H

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

#endif
